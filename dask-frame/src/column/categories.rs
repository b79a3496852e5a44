//! What a type knows of its categories.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use arrow2::array::Utf8Array;
use dask_graph::{Tokenize, Tokenizer};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::FrameError;

/// How many categories an error or a plan shows.
const MOST_SHOWN: usize = 5;

/// The categories of a type: known, which are listed in an order that may have a meaning, or not known, and then each
/// partition has its own.
///
/// Cloning shares the list. Known categories are equal if their texts are, in the same order, and both orders have a
/// meaning or both none.
///
/// # Examples
///
/// ```
/// use dask_frame::Categories;
///
/// let sizes = Categories::new(["small", "large", "huge"])?.ordered();
/// assert!(sizes.is_known() && sizes.is_ordered());
/// assert_eq!(sizes.place("large"), Some(1));
/// assert_eq!(sizes.to_string(), "small < large < huge");
/// assert!(!Categories::UNKNOWN.is_known());
/// assert!(Categories::new(["a", "a"]).is_err());
/// # Ok::<(), dask_frame::FrameError>(())
/// ```
#[derive(Clone)]
pub struct Categories(Option<Arc<Known>>);

/// A list of categories.
struct Known {
    /// All different, and none missing.
    texts: Arc<Utf8Array<i64>>,
    ordered: bool,
    /// Where each text is in the list, once somebody has asked.
    places: OnceLock<HashMap<Box<str>, u32>>,
}

impl Categories {
    /// Categories that are not known before the columns are there.
    pub const UNKNOWN: Categories = Categories(None);

    /// Lists categories, in an order without meaning.
    ///
    /// # Errors
    ///
    /// `BadArgument` if one is listed twice.
    pub fn new<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, FrameError> {
        let texts = Utf8Array::from_iter_values(texts.into_iter());
        match twice(&texts) {
            None => Ok(Self::of(Arc::new(texts), false)),
            Some(twice) => {
                let problem = format!("the category {twice:?} is listed twice");
                Err(FrameError::BadArgument { operation: "categories", problem })
            }
        }
    }

    /// Lists texts that are all different.
    pub(super) fn of(texts: Arc<Utf8Array<i64>>, ordered: bool) -> Self {
        Self(Some(Arc::new(Known { texts, ordered, places: OnceLock::new() })))
    }

    /// Returns the same categories with a meaning in their order; those that are not known stay so.
    #[must_use]
    pub fn ordered(&self) -> Self {
        self.with_order(true)
    }

    /// Returns the same categories with no meaning in their order; those that are not known stay so.
    #[must_use]
    pub fn unordered(&self) -> Self {
        self.with_order(false)
    }

    pub(crate) fn with_order(&self, ordered: bool) -> Self {
        match &self.0 {
            Some(known) if known.ordered != ordered => Self::of(Arc::clone(&known.texts), ordered),
            _ => self.clone(),
        }
    }

    /// Returns whether the categories are listed.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Returns whether the order of the categories has a meaning, by which they are compared.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.0.as_ref().is_some_and(|known| known.ordered)
    }

    /// Returns the categories in order, or `None` if they are not known.
    #[must_use]
    pub fn texts(&self) -> Option<impl ExactSizeIterator<Item = &str>> {
        self.0.as_ref().map(|known| known.texts.values_iter())
    }

    /// Returns where a text is in the list, or `None` if it is not there or nothing is known.
    #[must_use]
    pub fn place(&self, text: &str) -> Option<u32> {
        self.0.as_ref()?.places().get(text).copied()
    }

    /// Returns the list as it is kept.
    pub(super) fn array(&self) -> Option<&Arc<Utf8Array<i64>>> {
        self.0.as_ref().map(|known| &known.texts)
    }

    /// Returns whether both list the same texts, in the same order if it has a meaning, or both are not known.
    pub(crate) fn same_texts(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) if !a.ordered && !b.ordered && a.texts.len() == b.texts.len() => {
                a.texts.values_iter().all(|text| b.places().contains_key(text))
            }
            _ => self == other,
        }
    }
}

impl Known {
    fn places(&self) -> &HashMap<Box<str>, u32> {
        self.places.get_or_init(|| self.texts.values_iter().map(Box::from).zip(0..).collect())
    }
}

/// Returns a text that comes twice.
pub(super) fn twice(texts: &Utf8Array<i64>) -> Option<&str> {
    let mut different = HashSet::with_capacity(texts.len());
    texts.values_iter().find(|text| !different.insert(*text))
}

impl PartialEq for Categories {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => {
                Arc::ptr_eq(a, b)
                    || a.ordered == b.ordered && (Arc::ptr_eq(&a.texts, &b.texts) || a.texts == b.texts)
            }
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}

impl Eq for Categories {}

impl Hash for Categories {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is_ordered().hash(state);
        if let Some(texts) = self.texts() {
            texts.for_each(|text| text.hash(state));
        }
    }
}

/// The first few, separated by `<` if their order has a meaning.
impl fmt::Display for Categories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(texts) = self.texts() else { return f.write_str("unknown") };
        let n = texts.len();
        let separator = if self.is_ordered() { " < " } else { ", " };
        for (at, text) in texts.take(MOST_SHOWN).enumerate() {
            write!(f, "{}{text}", if at > 0 { separator } else { "" })?;
        }
        match n.checked_sub(MOST_SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "{separator}… {more} more"),
        }
    }
}

impl fmt::Debug for Categories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Categories({self})")
    }
}

impl Tokenize for Categories {
    fn tokenize(&self, t: &mut Tokenizer) {
        (self.is_known(), self.is_ordered()).tokenize(t);
        if let Some(texts) = self.texts() {
            texts.for_each(|text| text.tokenize(t));
        }
    }
}

impl Serialize for Categories {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.texts().map(|texts| (self.is_ordered(), texts.collect::<Vec<_>>())).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Categories {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Option::<(bool, Vec<String>)>::deserialize(from)? {
            None => Ok(Self::UNKNOWN),
            Some((ordered, texts)) => {
                Self::new(texts).map(|known| known.with_order(ordered)).map_err(D::Error::custom)
            }
        }
    }
}
