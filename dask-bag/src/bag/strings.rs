//! Operations on texts: the methods of Python's strings, which dask has as `bag.str`.

use dask_graph::{Tokenize, Tokenizer, make_list_portable};
use dask_graph_files::FileError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Bag;
use crate::error::ReadError;
use crate::stream::step::{Step, Stepped};
use crate::stream::steps::{FilterWith, MapWith};
use crate::stream::stored::Stored;
use crate::stream::{Collect, Pipeline};

/// The operations on the items of a bag of texts; [`Bag::str`] gives them.
#[derive(Debug)]
#[must_use = "it only has methods, which make bags"]
pub struct Strings<'b, T> {
    pub(super) bag: &'b Bag<T>,
}

/// # Texts
impl<T: AsRef<str> + Clone + Send + Sync + 'static> Bag<T> {
    /// Operations on the items as texts, each of which makes a bag.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let lines = Bag::from_sequence([" to be ", "or not"], Partitions::count(2));
    /// let words = lines.str().upper().str().split().flatten();
    /// assert_eq!(words.compute_with(&dask_sched_sync::Sync::new()).unwrap(), ["TO", "BE", "OR", "NOT"]);
    /// ```
    pub fn str(&self) -> Strings<'_, T> {
        Strings { bag: self }
    }
}

impl<T: AsRef<str> + Clone + Send + Sync + 'static> Strings<'_, T> {
    /// In upper case.
    #[track_caller]
    pub fn upper(&self) -> Bag<String> {
        self.each("upper", (), |(), s| s.to_uppercase())
    }

    /// In lower case.
    #[track_caller]
    pub fn lower(&self) -> Bag<String> {
        self.each("lower", (), |(), s| s.to_lowercase())
    }

    /// The first character in upper case and the others in lower case.
    #[track_caller]
    pub fn capitalize(&self) -> Bag<String> {
        self.each("capitalize", (), |(), s| {
            let mut chars = s.chars();
            let first = chars.next().into_iter().flat_map(char::to_uppercase);
            first.collect::<String>() + &chars.as_str().to_lowercase()
        })
    }

    /// Without white space at both ends.
    #[track_caller]
    pub fn strip(&self) -> Bag<String> {
        self.each("strip", (), |(), s| s.trim().to_owned())
    }

    /// Without white space at the beginning.
    #[track_caller]
    pub fn lstrip(&self) -> Bag<String> {
        self.each("lstrip", (), |(), s| s.trim_start().to_owned())
    }

    /// Without white space at the end.
    #[track_caller]
    pub fn rstrip(&self) -> Bag<String> {
        self.each("rstrip", (), |(), s| s.trim_end().to_owned())
    }

    /// Without any of these characters at both ends.
    #[track_caller]
    pub fn strip_chars(&self, chars: &str) -> Bag<String> {
        self.each("strip_chars", chars.to_owned(), |chars, s| {
            s.trim_matches(|c| chars.contains(c)).to_owned()
        })
    }

    /// Without `prefix` at the beginning, where it is there.
    #[track_caller]
    pub fn remove_prefix(&self, prefix: &str) -> Bag<String> {
        self.each("remove_prefix", prefix.to_owned(), |prefix, s| {
            s.strip_prefix(prefix.as_str()).unwrap_or(s).to_owned()
        })
    }

    /// Without `suffix` at the end, where it is there.
    #[track_caller]
    pub fn remove_suffix(&self, suffix: &str) -> Bag<String> {
        self.each("remove_suffix", suffix.to_owned(), |suffix, s| {
            s.strip_suffix(suffix.as_str()).unwrap_or(s).to_owned()
        })
    }

    /// The words between white space.
    #[track_caller]
    pub fn split(&self) -> Bag<Vec<String>> {
        self.each("split", (), |(), s| s.split_whitespace().map(str::to_owned).collect())
    }

    /// The parts between separators, some of which may be empty.
    #[track_caller]
    pub fn split_by(&self, separator: &str) -> Bag<Vec<String>> {
        self.each("split_by", separator.to_owned(), |separator, s| {
            s.split(separator.as_str()).map(str::to_owned).collect()
        })
    }

    /// With `to` in every place of `from`.
    #[track_caller]
    pub fn replace(&self, from: &str, to: &str) -> Bag<String> {
        let both = (from.to_owned(), to.to_owned());
        self.each("replace", both, |(from, to), s| s.replace(from.as_str(), to))
    }

    /// Filled with zeros, behind a sign, to so many characters.
    #[track_caller]
    pub fn zfill(&self, width: usize) -> Bag<String> {
        self.each("zfill", width, |width, s| {
            let (sign, digits) = s.split_at(usize::from(s.starts_with(['+', '-'])));
            format!("{sign}{}{digits}", "0".repeat(width.saturating_sub(s.chars().count())))
        })
    }

    /// Whether `part` occurs.
    #[track_caller]
    pub fn contains(&self, part: &str) -> Bag<bool> {
        self.each("contains", part.to_owned(), |part, s| s.contains(part.as_str()))
    }

    /// Whether the text begins with `prefix`.
    #[track_caller]
    pub fn starts_with(&self, prefix: &str) -> Bag<bool> {
        self.each("starts_with", prefix.to_owned(), |prefix, s| s.starts_with(prefix.as_str()))
    }

    /// Whether the text ends with `suffix`.
    #[track_caller]
    pub fn ends_with(&self, suffix: &str) -> Bag<bool> {
        self.each("ends_with", suffix.to_owned(), |suffix, s| s.ends_with(suffix.as_str()))
    }

    /// How often `part` occurs, overlaps not counted.
    #[track_caller]
    pub fn count(&self, part: &str) -> Bag<usize> {
        self.each("count", part.to_owned(), |part, s| s.matches(part.as_str()).count())
    }

    /// The number of characters.
    #[track_caller]
    pub fn length(&self) -> Bag<usize> {
        self.each("length", (), |(), s| s.chars().count())
    }

    /// The items that match a shell pattern as a whole: `*` stands for any characters, `?` for one, `[a-z]` for one of
    /// these and `[!a-z]` for one that is none of these.
    ///
    /// # Errors
    ///
    /// - When the pattern does not follow these rules.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let names = Bag::from_sequence(["a.csv", "b.txt", "c.csv"], Partitions::count(1));
    /// let tables = names.str().matching("*.csv")?;
    /// assert_eq!(tables.compute_with(&dask_sched_sync::Sync::new())?, ["a.csv", "c.csv"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn matching(&self, pattern: &str) -> Result<Bag<T>, ReadError> {
        let shell = Shell::try_from(pattern.to_owned())?;
        let keep = |shell: &Shell, item: &T| shell.0.matches(item.as_ref());
        Ok(self.step("matching", &pattern, FilterWith { state: shell, keep }))
    }

    #[track_caller]
    fn each<S, U>(&self, method: &str, state: S, f: impl Fn(&S, &str) -> U + Send + Sync + 'static) -> Bag<U>
    where
        S: Tokenize + Serialize + DeserializeOwned + Send + Sync + 'static,
        U: Send + Sync + 'static,
    {
        make_list_portable::<U>();
        let meaning = Tokenizer::new("state").feed(&state).finish();
        self.step(method, &meaning, MapWith { state, f: move |state: &S, item: T| f(state, item.as_ref()) })
    }

    /// The bag with one more step, which means what the method's name and arguments say: the same each time.
    #[track_caller]
    fn step<S: Step<T>>(&self, method: &str, meaning: &impl Tokenize, step: S) -> Bag<S::Out>
    where
        S::Out: Send + Sync + 'static,
    {
        let token = Tokenizer::new(method).feed(self.bag.name()).feed(meaning).finish();
        let stream = Stepped::new(Stored::shared(), step.into());
        self.bag.blockwise(method, token, Pipeline::op(stream, Collect))
    }
}

/// A shell pattern, which is sent as its text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Shell(glob::Pattern);

impl TryFrom<String> for Shell {
    type Error = ReadError;

    fn try_from(pattern: String) -> Result<Self, ReadError> {
        match glob::Pattern::new(&pattern) {
            Ok(compiled) => Ok(Self(compiled)),
            Err(source) => Err(FileError::Pattern { pattern, source }.into()),
        }
    }
}

impl From<Shell> for String {
    fn from(Shell(pattern): Shell) -> Self {
        pattern.as_str().to_owned()
    }
}
