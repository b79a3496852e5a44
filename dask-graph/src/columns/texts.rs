//! Many texts as one, with the places at which each ends: Arrow's layout.

use std::fmt;

/// A vector of texts in two pieces of memory: the letters of all, and where each begins.
///
/// ```
/// use dask_graph::Texts;
///
/// let mut texts: Texts = ["UA", ""].into_iter().collect();
/// texts.push("DL");
/// assert_eq!(texts.iter().collect::<Vec<_>>(), ["UA", "", "DL"]);
/// assert_eq!(texts.into_parts(), (vec![0, 2, 2, 4], "UADL".to_owned()));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Texts {
    /// Where each text begins, and the end of the last; never less than the one before, none inside a letter.
    offsets: Vec<i64>,
    letters: String,
}

impl Texts {
    /// Texts in these letters.
    ///
    /// # Errors
    ///
    /// - When the offsets do not begin with 0, decrease, point inside a letter, or do not end where the letters do.
    pub fn from_parts(offsets: Vec<i64>, letters: String) -> Result<Self, TextPartsError> {
        let fits = |&at: &i64| usize::try_from(at).is_ok_and(|at| letters.is_char_boundary(at));
        let whole =
            offsets.first() == Some(&0) && offsets.last() == i64::try_from(letters.len()).ok().as_ref();
        match whole && offsets.is_sorted() && offsets.iter().all(fits) {
            true => Ok(Self { offsets, letters }),
            false => Err(TextPartsError),
        }
    }

    /// The offsets, one more than there are texts, and the letters.
    pub fn into_parts(self) -> (Vec<i64>, String) {
        (self.offsets, self.letters)
    }

    /// The offsets and the letters, as they lie.
    pub fn parts(&self) -> (&[i64], &str) {
        (&self.offsets, &self.letters)
    }

    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.letters.push_str(text);
        self.offsets.push(self.letters.len() as i64);
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no texts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of this number, if there are as many.
    pub fn get(&self, at: usize) -> Option<&str> {
        let (start, end) = (*self.offsets.get(at)?, *self.offsets.get(at.checked_add(1)?)?);
        self.letters.get(start as usize..end as usize)
    }

    /// The texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.offsets.windows(2).map(|ends| &self.letters[ends[0] as usize..ends[1] as usize])
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self { offsets: vec![0], letters: String::new() }
    }
}

impl<S: AsRef<str>> FromIterator<S> for Texts {
    fn from_iter<I: IntoIterator<Item = S>>(texts: I) -> Self {
        let mut all = Self::default();
        texts.into_iter().for_each(|text| all.push(text.as_ref()));
        all
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Offsets that do not cut the letters into texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the offsets do not cut the letters into texts: they go from 0 to the end, and never back or inside a letter"
)]
pub struct TextPartsError;
