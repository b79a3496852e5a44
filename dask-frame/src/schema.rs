//! The names and types of the columns of a frame.

pub(crate) mod names;
mod zone;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

pub use crate::column::Categories;
use crate::error::FrameError;
pub use zone::Zone;

/// The type of a column. Every type may hold missing values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DataType {
    /// 64-bit integers.
    Int64,
    /// 64-bit floats; NaN counts as missing.
    Float64,
    /// 8-bit integers.
    Int8,
    /// 16-bit integers.
    Int16,
    /// 32-bit integers.
    Int32,
    /// 8-bit integers without sign.
    UInt8,
    /// 16-bit integers without sign.
    UInt16,
    /// 32-bit integers without sign.
    UInt32,
    /// 64-bit integers without sign.
    UInt64,
    /// 32-bit floats; NaN counts as missing.
    Float32,
    /// Truth values.
    Bool,
    /// Texts.
    Utf8,
    /// Microseconds since 1970-01-01 00:00, without time zone.
    Timestamp,
    /// Microseconds since 1970-01-01 00:00 UTC, taken apart and shown in a time zone.
    Zoned(Zone),
    /// Days since 1970-01-01.
    Date,
    /// Microseconds between two times.
    Duration,
    /// Texts of which there are few, each kept once: the categories, in an order of their own. Of those that are not
    /// known before, a column that is put together of others has the categories of all.
    Categorical(Categories),
    /// Lists of values of a type, any number a row. They have no order, and are no keys.
    List(Arc<DataType>),
}

impl DataType {
    /// Texts of few categories, which are not known before.
    pub const CATEGORICAL: DataType = DataType::Categorical(Categories::UNKNOWN);

    /// Returns whether the type can be added up and averaged as it stands.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        self.is_integer() || self.is_float()
    }

    /// Returns whether the values are integers, of any width, with a sign or without.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.is_unsigned()
            || matches!(self, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64)
    }

    /// Returns whether the values are integers without sign.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        matches!(self, DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64)
    }

    /// Returns whether the values are floats, of 32 or 64 bits.
    #[must_use]
    pub fn is_float(&self) -> bool {
        matches!(self, DataType::Float32 | DataType::Float64)
    }

    /// Returns the type that numbers of this type are computed in: integers in 64 bits with a sign if they fit, floats
    /// in 64 bits. Other types stay as they are.
    pub(crate) fn wide(&self) -> DataType {
        match self {
            DataType::UInt64 => DataType::UInt64,
            dtype if dtype.is_integer() => DataType::Int64,
            dtype if dtype.is_float() => DataType::Float64,
            dtype => dtype.clone(),
        }
    }

    /// Returns whether the values are points in time: timestamps, with a zone or without, and dates.
    #[must_use]
    pub fn is_temporal(&self) -> bool {
        matches!(self, DataType::Timestamp | DataType::Zoned(_) | DataType::Date)
    }

    /// Returns whether the values are texts, however they are kept.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, DataType::Utf8 | DataType::Categorical(_))
    }

    /// Returns what is known of the categories, or `None` if the type has none.
    #[must_use]
    pub fn categories(&self) -> Option<&Categories> {
        match self {
            DataType::Categorical(categories) => Some(categories),
            _ => None,
        }
    }

    /// Returns the type of lists of the values of a type; texts have no categories in lists.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::DataType;
    ///
    /// let lists = DataType::list_of(&DataType::CATEGORICAL);
    /// assert_eq!(lists.item(), Some(&DataType::Utf8));
    /// assert_eq!(lists.to_string(), "List[Utf8]");
    /// ```
    #[must_use]
    pub fn list_of(item: &DataType) -> Self {
        DataType::List(Arc::new(match item {
            DataType::Categorical(_) => DataType::Utf8,
            DataType::List(item) => Self::list_of(item),
            item => item.clone(),
        }))
    }

    /// Returns the type of the values in lists, or `None` if the type is no list.
    #[must_use]
    pub fn item(&self) -> Option<&DataType> {
        match self {
            DataType::List(item) => Some(item),
            _ => None,
        }
    }

    /// Returns whether the values have an order: all but lists, and categories that have none.
    #[must_use]
    pub fn has_order(&self) -> bool {
        self.is_key() && self.categories().is_none_or(Categories::is_ordered)
    }

    /// Returns whether the values tell groups and partners apart: all but lists.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.item().is_none()
    }

    /// Checks that the values of an expression can be keys.
    pub(crate) fn expect_key(
        &self,
        operation: &'static str,
        expr: impl fmt::Display,
    ) -> Result<(), FrameError> {
        match self.is_key() {
            true => Ok(()),
            false => {
                let (expr, got, expected) = (expr.to_string(), self.clone(), "values that can be compared");
                Err(FrameError::WrongType { operation, expr, got, expected })
            }
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            DataType::Int64 => "Int64",
            DataType::Float64 => "Float64",
            DataType::Int8 => "Int8",
            DataType::Int16 => "Int16",
            DataType::Int32 => "Int32",
            DataType::UInt8 => "UInt8",
            DataType::UInt16 => "UInt16",
            DataType::UInt32 => "UInt32",
            DataType::UInt64 => "UInt64",
            DataType::Float32 => "Float32",
            DataType::Bool => "Bool",
            DataType::Utf8 => "Utf8",
            DataType::Timestamp => "Timestamp",
            DataType::Zoned(zone) => return f.pad(&format!("Timestamp[{zone}]")),
            DataType::Date => "Date",
            DataType::Duration => "Duration",
            DataType::Categorical(of) if of.is_known() => return f.pad(&format!("Categorical[{of}]")),
            DataType::Categorical(_) => "Categorical",
            DataType::List(item) => return f.pad(&format!("List[{item}]")),
        })
    }
}

impl Tokenize for DataType {
    fn tokenize(&self, t: &mut Tokenizer) {
        match self {
            // What is shown of categories is not all of them.
            DataType::Categorical(categories) => ("Categorical", categories).tokenize(t),
            DataType::List(item) => {
                "List".tokenize(t);
                item.tokenize(t);
            }
            other => other.to_string().tokenize(t),
        }
    }
}

/// The name and type of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    name: Arc<str>,
    dtype: DataType,
}

impl Field {
    /// Makes a field.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, dtype: DataType) -> Self {
        Self { name: name.into(), dtype }
    }

    /// Returns the name of the column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the type of the column.
    #[must_use]
    pub fn dtype(&self) -> DataType {
        self.dtype.clone()
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

/// The columns of a frame: names, all different, with their types, in order.
///
/// Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Field>")]
pub struct Schema(Arc<[Field]>);

impl Schema {
    /// Makes a schema.
    ///
    /// # Errors
    ///
    /// `DuplicateColumn` if two fields have one name.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Result<Self, FrameError> {
        let fields: Arc<[Field]> = fields.into_iter().collect();
        let mut seen = HashSet::with_capacity(fields.len());
        let twice = fields.iter().map(Field::name).find(|name| !seen.insert(*name));
        match twice.map(String::from) {
            Some(name) => Err(FrameError::DuplicateColumn { name }),
            None => Ok(Self(fields)),
        }
    }

    /// Returns the fields in order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.0
    }

    /// Returns the number of columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no column.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the names in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(Field::name)
    }

    /// Returns the position of a column, if there is one of that name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|field| field.name() == name)
    }

    /// Returns the column of a name.
    ///
    /// # Errors
    ///
    /// `UnknownColumn`, with the nearest name, if there is none.
    pub fn field(&self, name: &str) -> Result<&Field, FrameError> {
        match self.position(name) {
            Some(at) => Ok(&self.0[at]),
            None => Err(self.unknown(name)),
        }
    }

    /// Returns the positions of the named columns, or of all.
    pub(crate) fn positions(&self, names: Option<&[String]>) -> Result<Vec<usize>, FrameError> {
        let Some(names) = names else { return Ok((0..self.len()).collect()) };
        let position = |name: &String| self.position(name).ok_or_else(|| self.unknown(name));
        names.iter().map(position).collect()
    }

    /// Returns the schema of some columns of this one, in the given order.
    pub(crate) fn select<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Self, FrameError> {
        let fields =
            names.into_iter().map(|name| self.field(name).cloned()).collect::<Result<Vec<_>, _>>()?;
        Self::new(fields)
    }

    fn unknown(&self, name: &str) -> FrameError {
        FrameError::UnknownColumn {
            name: name.into(),
            nearest: nearest(name, self.names()).map(Into::into),
            columns: self.names().map(Into::into).collect(),
        }
    }
}

impl TryFrom<Vec<Field>> for Schema {
    type Error = FrameError;

    fn try_from(fields: Vec<Field>) -> Result<Self, FrameError> {
        Self::new(fields)
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, field) in self.0.iter().enumerate() {
            let separator = if i > 0 { ", " } else { "" };
            write!(f, "{separator}{}: {}", field.name, field.dtype)?;
        }
        Ok(())
    }
}

impl Tokenize for Schema {
    fn tokenize(&self, t: &mut Tokenizer) {
        for field in &self.0[..] {
            field.name.as_ref().tokenize(t);
            field.dtype.tokenize(t);
        }
    }
}

/// Returns the name that `wanted` was probably meant to be: at most a third of it mistyped.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = 1 + wanted.chars().count() / 3;
    let distances = names.map(|name| (edit_distance(&wanted.to_lowercase(), &name.to_lowercase()), name));
    distances
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Counts the insertions, deletions and replacements that turn `a` into `b` (Levenshtein).
fn edit_distance(a: &str, b: &str) -> usize {
    let b = b.chars().collect::<Vec<_>>();
    let mut row = (0..=b.len()).collect::<Vec<_>>();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        Schema::new(["carrier", "arr_delay", "dep_delay"].map(|name| Field::new(name, DataType::Int64)))
            .unwrap()
    }

    #[test]
    fn an_unknown_column_names_the_nearest() {
        let error = schema().field("carier").unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown column `carier`; did you mean `carrier`?; columns are carrier, arr_delay, dep_delay"
        );
        let error = schema().field("weather").unwrap_err().to_string();
        assert_eq!(error, "unknown column `weather`; columns are carrier, arr_delay, dep_delay");
        assert_eq!(nearest("ARR_delay", schema().names()), Some("arr_delay"));
    }

    #[test]
    fn two_columns_of_one_name_are_refused() {
        let error = Schema::new(["a", "b", "a"].map(|name| Field::new(name, DataType::Bool))).unwrap_err();
        assert!(matches!(error, FrameError::DuplicateColumn { name } if name == "a"));
    }

    #[test]
    fn edit_distances() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("abc", "abc"), 0);
    }
}
