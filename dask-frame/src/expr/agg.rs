//! Aggregates: expressions brought down to one value a group.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use super::Expr;
use crate::error::FrameError;
use crate::schema::{DataType, Schema};

/// An aggregate of an expression, made by [`Expr::sum`] and its neighbours or by [`size`].
///
/// Its result is named `column_kind`, like `delay_mean`, unless [`alias`](Aggregate::alias) says otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Aggregate {
    kind: AggregateKind,
    /// What is aggregated; nothing for `size`, which counts rows.
    expr: Option<Expr>,
    alias: Option<Arc<str>>,
}

/// How values are aggregated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AggregateKind {
    /// The sum of the values.
    Sum,
    /// The product of the values.
    Product,
    /// The sum over the count.
    Mean,
    /// The number of values that are there.
    Count,
    /// The number of rows.
    Size,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The first value that is there.
    First,
    /// The last value that is there.
    Last,
    /// The variance.
    Var {
        /// What is taken from the count in the denominator.
        ddof: u8,
    },
    /// The standard deviation.
    Std {
        /// What is taken from the count in the denominator.
        ddof: u8,
    },
}

/// Counts the rows of each group, missing values or not.
#[must_use]
pub fn size() -> Aggregate {
    Aggregate::new(AggregateKind::Size, None)
}

impl Aggregate {
    pub(super) fn new(kind: AggregateKind, expr: Option<Expr>) -> Self {
        Self { kind, expr, alias: None }
    }

    /// Names the result.
    #[must_use]
    pub fn alias(mut self, name: impl Into<Arc<str>>) -> Self {
        self.alias = Some(name.into());
        self
    }

    pub(crate) fn kind(&self) -> AggregateKind {
        self.kind
    }

    pub(crate) fn expr(&self) -> Option<&Expr> {
        self.expr.as_ref()
    }

    pub(crate) fn output_name(&self) -> Result<Arc<str>, FrameError> {
        match (&self.alias, &self.expr) {
            (Some(alias), _) => Ok(Arc::clone(alias)),
            (None, Some(expr)) => Ok(format!("{}_{}", expr.output_name()?, self.kind).into()),
            (None, None) => Ok(self.kind.to_string().into()),
        }
    }

    /// Returns the type of the result over columns of `schema`.
    pub(crate) fn dtype(&self, schema: &Schema) -> Result<DataType, FrameError> {
        let Some(expr) = &self.expr else { return Ok(DataType::Int64) };
        let input = expr.dtype(schema)?;
        let numbers = |output| match input {
            DataType::Int64 | DataType::Float64 | DataType::Bool => Ok(output),
            DataType::Utf8 | DataType::Timestamp => Err(FrameError::WrongType {
                operation: self.kind.word(),
                expr: expr.to_string(),
                got: input,
                expected: "Int64, Float64 or Bool",
            }),
        };
        match self.kind {
            AggregateKind::Sum | AggregateKind::Product => {
                numbers(if input == DataType::Float64 { DataType::Float64 } else { DataType::Int64 })
            }
            AggregateKind::Mean | AggregateKind::Var { .. } | AggregateKind::Std { .. } => {
                numbers(DataType::Float64)
            }
            AggregateKind::Count | AggregateKind::Size => Ok(DataType::Int64),
            AggregateKind::Min | AggregateKind::Max | AggregateKind::First | AggregateKind::Last => Ok(input),
        }
    }
}

impl AggregateKind {
    fn word(self) -> &'static str {
        match self {
            AggregateKind::Sum => "sum",
            AggregateKind::Product => "prod",
            AggregateKind::Mean => "mean",
            AggregateKind::Count => "count",
            AggregateKind::Size => "size",
            AggregateKind::Min => "min",
            AggregateKind::Max => "max",
            AggregateKind::First => "first",
            AggregateKind::Last => "last",
            AggregateKind::Var { .. } => "var",
            AggregateKind::Std { .. } => "std",
        }
    }
}

impl fmt::Display for AggregateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expr {
            Some(expr) => write!(f, "{}({expr})", self.kind)?,
            None => write!(f, "{}()", self.kind)?,
        }
        match &self.alias {
            Some(alias) => write!(f, " as {alias}"),
            None => Ok(()),
        }
    }
}

impl Tokenize for Aggregate {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.kind.word().tokenize(t);
        if let AggregateKind::Var { ddof } | AggregateKind::Std { ddof } = self.kind {
            ddof.tokenize(t);
        }
        self.expr.tokenize(t);
        self.alias.as_deref().tokenize(t);
    }
}
