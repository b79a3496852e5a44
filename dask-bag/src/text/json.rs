//! JSON lines: one value a line, straight into any type.

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use dask_graph::{Packer, Refused, UnpackError, Unpacker, make_portable};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::format::Line;
use super::item::FromLine;
use super::write::ToLine;
use super::{ReadText, WriteText};
use crate::bag::Bag;
use crate::error::{Place, ReadError, WriteError};
use crate::stream::{Flow, NEXT, Of, Run};

/// A bag of the values in the lines of the files that match `pattern`, one partition a file.
///
/// Short for [`ReadText::json`] with nothing set.
///
/// # Errors
///
/// - When no file matches, or one cannot be looked up.
#[track_caller]
pub fn read_json<T: DeserializeOwned + Send + Sync + 'static>(pattern: &str) -> Result<Bag<T>, ReadError> {
    ReadText::new(pattern).json()
}

impl ReadText {
    /// A bag of the values in the lines, each a `T` in JSON. Blank lines are passed over.
    ///
    /// A `T` is made of the bytes of its line, with nothing in between; fields that it does not have are
    /// passed over. The first line that is no `T` ends the run; its error is an
    /// [`ItemError`](crate::ItemError) with file and line around a [`JsonError`] with the column.
    ///
    /// # Errors
    ///
    /// - As [`lines`](Self::lines).
    ///
    /// ```
    /// use dask_bag::ReadText;
    /// use dask_graph::Collection;
    /// use serde::Deserialize;
    ///
    /// #[derive(Clone, Deserialize)]
    /// struct Visit {
    ///     page: String,
    ///     seconds: f64,
    /// }
    ///
    /// let dir = tempfile::tempdir()?;
    /// std::fs::write(dir.path().join("a.jsonl"), "{\"page\": \"/\", \"seconds\": 2.5, \"from\": null}\n")?;
    ///
    /// let visits = ReadText::new(format!("{}/*.jsonl", dir.path().display())).json::<Visit>()?;
    /// let seconds = visits.filter(|visit| visit.page == "/").map(|visit| visit.seconds).sum();
    /// assert_eq!(seconds.compute_with(&dask_sched_sync::Sync::new())?, 2.5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn json<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Bag<T>, ReadError> {
        self.build(None, Json(Of::default()))
    }

    /// A bag of the values in the lines as [`json`](Self::json) gives it, and a bag of the lines that are no
    /// `T`, which are no error.
    ///
    /// The files are read once for both where both are computed together; what was read is then stored between.
    /// For that to leave the process, `dask_graph::make_portable` has to be called for `Result<T, BadLine>`.
    ///
    /// # Errors
    ///
    /// - As [`lines`](Self::lines).
    ///
    /// ```
    /// use dask_bag::ReadText;
    /// use dask_graph::{RunOptions, compute_with};
    ///
    /// let dir = tempfile::tempdir()?;
    /// std::fs::write(dir.path().join("a.jsonl"), "[1, 2]\n[3, 4\n[5, 6]\n")?;
    ///
    /// let text = ReadText::new(format!("{}/*.jsonl", dir.path().display()));
    /// let (pairs, bad) = text.json_or_aside::<(i64, i64)>()?;
    /// let (pairs, bad) = compute_with((pairs, bad), &dask_sched_sync::Sync::new(), &RunOptions::default())?;
    /// assert_eq!(pairs, [(1, 2), (5, 6)]);
    /// assert_eq!((bad[0].place.line, &*bad[0].text), (Some(2), "[3, 4"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn json_or_aside<T>(&self) -> Result<(Bag<T>, Bag<BadLine>), ReadError>
    where
        T: DeserializeOwned + Clone + Send + Sync + 'static,
    {
        make_portable::<BadLine>();
        let all = self.build(None, JsonOrAside(Of::default()))?;
        Ok((all.filter_map(Result::<T, BadLine>::ok), all.filter_map(Result::<T, BadLine>::err)))
    }
}

impl<T: Serialize + Clone + Send + Sync + 'static> Bag<T> {
    /// Describes writing each partition to a file of JSON lines; computing the result writes, and gives the
    /// paths.
    ///
    /// Short for [`write_json`](Self::write_json) with nothing set: see [`WriteText::new`] for the pattern.
    ///
    /// # Errors
    ///
    /// - As [`write_text`](Bag::write_text).
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions, read_json};
    /// use dask_graph::Collection;
    ///
    /// let sync = dask_sched_sync::Sync::new();
    /// let dir = tempfile::tempdir()?;
    /// let pattern = format!("{}/*.jsonl.gz", dir.path().display());
    ///
    /// Bag::range(4, Partitions::count(2)).map(|n| (n, n * n)).to_jsonl(&pattern)?.compute_with(&sync)?;
    /// let squares = read_json::<(u64, u64)>(&pattern)?;
    /// assert_eq!(squares.compute_with(&sync)?, [(0, 0), (1, 1), (2, 4), (3, 9)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn to_jsonl(&self, pattern: &str) -> Result<Bag<PathBuf>, WriteError> {
        self.write_json(&WriteText::new(pattern))
    }

    /// Describes writing each partition to a file of JSON lines; computing the result writes, and gives the
    /// paths.
    ///
    /// JSON has no floats but the finite ones: others become `null`. All else is as for
    /// [`write_text`](Bag::write_text).
    ///
    /// # Errors
    ///
    /// - As [`write_text`](Bag::write_text).
    #[track_caller]
    pub fn write_json(&self, to: &WriteText) -> Result<Bag<PathBuf>, WriteError> {
        to.write::<T, AsJson>(self)
    }
}

/// The JSON of an item.
struct AsJson;

impl<T: Serialize> ToLine<T> for AsJson {
    const LABEL: &'static str = "to_jsonl";

    fn line<'a>(item: &'a T, buffer: &'a mut String) -> Result<&'a str, Box<dyn Error + Send + Sync>> {
        *buffer = serde_json::to_string(item)?;
        Ok(buffer)
    }
}

/// A line that could not be made an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BadLine {
    /// Where it stands.
    pub place: Place,
    /// The line, with `�` for bytes that are no text.
    pub text: String,
    /// What is wrong with it.
    pub error: JsonError,
}

/// Why a line is not the JSON of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JsonError {
    /// Number of the byte of the line at which reading stopped, from 1; 0 where no one byte is to blame.
    pub column: usize,
    /// What was expected.
    pub message: String,
    /// The type that was to be made, in Rust's words.
    pub type_name: String,
}

impl JsonError {
    #[cold]
    fn new<T>(error: &serde_json::Error) -> Self {
        let message = error.to_string();
        // The line is the only one that the parser saw.
        let place = format!(" at line 1 column {}", error.column());
        let message = message.strip_suffix(&place).map(str::to_owned).unwrap_or(message);
        Self { column: error.column(), message, type_name: type_name::<T>().to_owned() }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} is not JSON of {}: {}", self.column, self.type_name, self.message)
    }
}

impl Error for JsonError {}

/// Gives the value in a line to `take`, or what is wrong with it to `fail`, if the line is not blank.
///
/// Given rather than returned, since a value is moved as a whole each time that something is wrapped around it.
#[inline]
fn with_value<T: DeserializeOwned>(
    line: &Line<'_>,
    take: impl FnOnce(T) -> Flow,
    fail: impl FnOnce(JsonError) -> Flow,
) -> Result<Flow, ReadError> {
    let bytes = line.utf8()?;
    if bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
        return Ok(NEXT);
    }
    // Checked once for many lines rather than once a text in each. The parser tells where a line is none.
    Ok(match line.text_as_it_lies() {
        Some(text) => with_only_value(serde_json::Deserializer::from_str(text), take, fail),
        None => with_only_value(serde_json::Deserializer::from_slice(&bytes), take, fail),
    })
}

/// Gives the value that is all that there is to `take`, or what is wrong with it to `fail`.
#[inline]
fn with_only_value<'de, T: DeserializeOwned>(
    mut json: serde_json::Deserializer<impl serde_json::de::Read<'de>>,
    take: impl FnOnce(T) -> Flow,
    fail: impl FnOnce(JsonError) -> Flow,
) -> Flow {
    match T::deserialize(&mut json) {
        Ok(value) => match json.end() {
            Ok(()) => take(value),
            Err(error) => fail(JsonError::new::<T>(&error)),
        },
        Err(error) => fail(JsonError::new::<T>(&error)),
    }
}

/// The value in a line.
struct Json<T>(Of<T>);

impl<T: DeserializeOwned + Send + Sync + 'static> FromLine<T> for Json<T> {
    const LABEL: &'static str = "read_json";

    fn give(&self, line: &Line<'_>, run: &Run, sink: &mut dyn FnMut(T) -> Flow) -> Result<Flow, ReadError> {
        with_value(line, sink, |error| run.fail_here("json", error.into()))
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self(Of::default()))
    }
}

/// The value in a line, or the line.
struct JsonOrAside<T>(Of<T>);

impl<T> FromLine<Result<T, BadLine>> for JsonOrAside<T>
where
    T: DeserializeOwned + Send + Sync + 'static,
{
    const LABEL: &'static str = "read_json";

    fn give(
        &self,
        line: &Line<'_>,
        _run: &Run,
        sink: &mut dyn FnMut(Result<T, BadLine>) -> Flow,
    ) -> Result<Flow, ReadError> {
        let mut bad = None;
        let flow = with_value(
            line,
            |item| sink(Ok(item)),
            |error| {
                bad = Some(error);
                NEXT
            },
        )?;
        let Some(error) = bad else { return Ok(flow) };
        let text = String::from_utf8_lossy(&line.utf8()?).into_owned();
        Ok(sink(Err(BadLine { place: line.place(), text, error })))
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self(Of::default()))
    }
}
