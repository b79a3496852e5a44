//! Columns: the form in which collections give each other the partitions of a table.
//!
//! A bag of records and a frame know nothing of each other. What they have in common is this: a graph whose tasks
//! give [`Columns`], named vectors of a few plain types, and the [`ColumnField`]s that are known before anything
//! runs. Whoever makes such a graph and whoever takes it, each convert to and from what they hold themselves.

mod blob;
mod texts;

use std::collections::HashSet;
use std::fmt;

pub use texts::{TextPartsError, Texts};

use crate::collection::{Collection, ComputeError};
use crate::graph::Graph;
use crate::key::{Key, Name};
use crate::value::Value;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum ColumnKind {
    /// 64-bit integers.
    Int64,
    /// 64-bit integers without sign.
    UInt64,
    /// 64-bit floats.
    Float64,
    /// Truth values.
    Bool,
    /// Texts.
    Text,
    /// Microseconds since 1970-01-01 00:00, without time zone.
    Timestamp,
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Int64 => "Int64",
            Self::UInt64 => "UInt64",
            Self::Float64 => "Float64",
            Self::Bool => "Bool",
            Self::Text => "Text",
            Self::Timestamp => "Timestamp",
        })
    }
}

/// The name of a column, and what its values are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct ColumnField {
    /// The name.
    pub name: String,
    /// What the values are.
    pub kind: ColumnKind,
}

impl ColumnField {
    /// A field of this name and kind.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        Self { name: name.into(), kind }
    }
}

impl<N: Into<String>> From<(N, ColumnKind)> for ColumnField {
    fn from((name, kind): (N, ColumnKind)) -> Self {
        Self::new(name, kind)
    }
}

/// The values of one column, in order. What stands in the place of a missing one means nothing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ColumnValues {
    /// 64-bit integers.
    Int64(Vec<i64>),
    /// 64-bit integers without sign.
    UInt64(Vec<u64>),
    /// 64-bit floats.
    Float64(Vec<f64>),
    /// Truth values.
    Bool(Vec<bool>),
    /// Texts.
    Text(Texts),
    /// Microseconds since 1970-01-01 00:00, without time zone.
    Timestamp(Vec<i64>),
}

impl ColumnValues {
    /// No values of this kind.
    pub fn empty(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Int64 => Self::Int64(Vec::new()),
            ColumnKind::UInt64 => Self::UInt64(Vec::new()),
            ColumnKind::Float64 => Self::Float64(Vec::new()),
            ColumnKind::Bool => Self::Bool(Vec::new()),
            ColumnKind::Text => Self::Text(Texts::default()),
            ColumnKind::Timestamp => Self::Timestamp(Vec::new()),
        }
    }

    /// What the values are.
    pub fn kind(&self) -> ColumnKind {
        match self {
            Self::Int64(_) => ColumnKind::Int64,
            Self::UInt64(_) => ColumnKind::UInt64,
            Self::Float64(_) => ColumnKind::Float64,
            Self::Bool(_) => ColumnKind::Bool,
            Self::Text(_) => ColumnKind::Text,
            Self::Timestamp(_) => ColumnKind::Timestamp,
        }
    }

    /// Number of values, missing ones included.
    pub fn len(&self) -> usize {
        match self {
            Self::Int64(values) | Self::Timestamp(values) => values.len(),
            Self::UInt64(values) => values.len(),
            Self::Float64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One column of a partition: its values, and which of them are there.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnData {
    /// The values.
    pub values: ColumnValues,
    /// For each value whether it is there; `None` if all are.
    pub valid: Option<Vec<bool>>,
}

impl From<ColumnValues> for ColumnData {
    fn from(values: ColumnValues) -> Self {
        Self { values, valid: None }
    }
}

/// One partition of a table: named columns of one length.
///
/// ```
/// use dask_graph::{ColumnData, ColumnValues, Columns};
///
/// let delays = ColumnData { values: ColumnValues::Int64(vec![7, 0]), valid: Some(vec![true, false]) };
/// let carriers = ColumnData::from(ColumnValues::Text(["UA", "AA"].into_iter().collect()));
/// let columns = Columns::new([("carrier", carriers), ("delay", delays)])?;
/// assert_eq!(columns.n_rows(), 2);
/// assert!(Columns::new([("a", ColumnValues::Bool(vec![true]).into()), ("a", ColumnValues::Bool(vec![]).into())]).is_err());
/// # Ok::<(), dask_graph::ColumnsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    columns: Vec<(String, ColumnData)>,
    n_rows: usize,
}

impl Columns {
    /// A partition of these columns.
    ///
    /// # Errors
    ///
    /// - When two columns have one name.
    /// - When columns, or a column and its validity, differ in length.
    pub fn new<N: Into<String>>(
        columns: impl IntoIterator<Item = (N, ColumnData)>,
    ) -> Result<Self, ColumnsError> {
        let columns: Vec<_> = columns.into_iter().map(|(name, data)| (name.into(), data)).collect();
        let n_rows = columns.first().map_or(0, |(_, data)| data.values.len());
        let mut names = HashSet::new();
        for (name, data) in &columns {
            if !names.insert(name) {
                return Err(ColumnsError::Duplicate { name: name.clone() });
            }
            let lengths = [Some(data.values.len()), data.valid.as_ref().map(Vec::len)];
            if let Some(got) = lengths.into_iter().flatten().find(|&len| len != n_rows) {
                return Err(ColumnsError::Length { name: name.clone(), got, expected: n_rows });
            }
        }
        Ok(Self { columns, n_rows })
    }

    /// A partition that has rows and no columns.
    pub fn without_columns(n_rows: usize) -> Self {
        Self { columns: Vec::new(), n_rows }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The columns with their names, in order.
    pub fn columns(&self) -> &[(String, ColumnData)] {
        &self.columns
    }

    /// The columns themselves.
    pub fn into_columns(self) -> Vec<(String, ColumnData)> {
        self.columns
    }

    /// Names and kinds of the columns, in order.
    pub fn fields(&self) -> Vec<ColumnField> {
        self.columns.iter().map(|(name, data)| ColumnField::new(name, data.values.kind())).collect()
    }
}

/// Why columns are no partition of a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnsError {
    /// Two columns of one name.
    #[error("two columns are named `{name}`; give one another name")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A column, or its validity, of another length than the first column.
    #[error("column `{name}` has {got} values, the first column has {expected}")]
    Length {
        /// The column.
        name: String,
        /// Its length, or that of its validity.
        got: usize,
        /// The length of the first column.
        expected: usize,
    },
}

/// A table in partitions, described and not yet computed: tasks that give [`Columns`].
///
/// As a collection it computes to the partitions, in order.
#[derive(Debug, Clone)]
#[must_use = "a description of partitions does nothing by itself"]
pub struct ColumnPartitions {
    graph: Graph,
    keys: Vec<Key>,
    fields: Vec<ColumnField>,
}

impl ColumnPartitions {
    /// The partitions that `graph` has under `keys`, each a [`Columns`] with these fields. Who takes them reports one
    /// that is not.
    pub fn from_graph(graph: Graph, keys: impl IntoIterator<Item = Key>, fields: Vec<ColumnField>) -> Self {
        Self { graph, keys: keys.into_iter().collect(), fields }
    }

    /// Names and kinds of the columns, in order.
    pub fn fields(&self) -> &[ColumnField] {
        &self.fields
    }
}

impl Collection for ColumnPartitions {
    type Output = Vec<Columns>;

    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn keys(&self) -> Vec<Key> {
        self.keys.clone()
    }

    fn finish(&self, values: Vec<Value>) -> Result<Vec<Columns>, ComputeError> {
        let columns = values.into_iter().map(Value::into_inner);
        columns.collect::<Result<_, _>>().map_err(ComputeError::finish)
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        let keys = self.keys.iter().map(|key| Key::new(rename(key.name()), key.index()));
        Self::from_graph(graph, keys, self.fields.clone())
    }
}
