//! Aggregates: expressions brought down to one value a group.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use super::Expr;
use crate::error::FrameError;
use crate::schema::{DataType, Schema};

mod kind;

pub use kind::AggregateKind;
pub(super) use kind::added_up;

/// An aggregate of an expression, made by [`Expr::sum`] and its neighbours or by [`size`].
///
/// Its result is named `column_kind`, like `delay_mean`, unless [`alias`](Aggregate::alias) says otherwise.
///
/// Missing values are skipped, unless [`skip_nulls`](Aggregate::skip_nulls) says otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Aggregate {
    kind: AggregateKind,
    /// What is aggregated; nothing for `size`, which counts rows.
    expr: Option<Expr>,
    /// What it is aggregated with: the other side of a correlation, the labels of an extreme.
    other: Option<Expr>,
    alias: Option<Arc<str>>,
    skip_nulls: bool,
    min_count: u32,
}

/// Counts the rows of each group, missing values or not.
#[must_use]
pub fn size() -> Aggregate {
    Aggregate::new(AggregateKind::Size, None)
}

impl Aggregate {
    pub(super) fn new(kind: AggregateKind, expr: Option<Expr>) -> Self {
        Self { kind, expr, other: None, alias: None, skip_nulls: true, min_count: 0 }
    }

    /// Aggregates with another expression.
    pub(crate) fn with(mut self, other: Expr) -> Self {
        self.other = Some(other);
        self
    }

    /// Names the result.
    #[must_use]
    pub fn alias(mut self, name: impl Into<Arc<str>>) -> Self {
        self.alias = Some(name.into());
        self
    }

    /// Sets whether missing values are skipped, as they are unless set. If not, one of them makes the result
    /// missing; `first` and `last` then take the first and last row, whatever is in it. `count`, `size`, lists and
    /// counts of distinct values are the same either way.
    #[must_use]
    pub fn skip_nulls(mut self, skip: bool) -> Self {
        self.skip_nulls = skip;
        self
    }

    /// Makes the result missing where there are fewer values than this: 0, unless set, so that the sum of
    /// nothing is 0.
    #[must_use]
    pub fn min_count(mut self, count: u32) -> Self {
        self.min_count = count;
        self
    }

    /// Puts other expressions in the place of those that are aggregated.
    pub(crate) fn map(self, f: impl Fn(Expr) -> Expr) -> Self {
        Self { expr: self.expr.map(&f), other: self.other.map(&f), ..self }
    }

    pub(crate) fn kind(&self) -> AggregateKind {
        self.kind
    }

    /// Returns the expressions that are aggregated, none for `size`.
    pub(crate) fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.expr.iter().chain(&self.other)
    }

    /// Returns whether the labels of an extreme are to be row numbers, which nobody has given yet.
    pub(crate) fn wants_labels(&self) -> bool {
        self.kind.is_labelled() && self.other.is_none()
    }

    /// Returns whether a missing value makes the result missing.
    pub(crate) fn spoilt_by_nulls(&self) -> bool {
        use AggregateKind::{Count, First, Last, List, NUnique, NUniqueApprox, Size, Unique};
        let same_either_way = matches!(self.kind, Count | Size | List | Unique | NUnique | NUniqueApprox);
        !self.skip_nulls && !same_either_way && !matches!(self.kind, First | Last)
    }

    /// Returns whether rows count that have no value: they can be first and last.
    pub(crate) fn takes_nulls(&self) -> bool {
        !self.skip_nulls && matches!(self.kind, AggregateKind::First | AggregateKind::Last)
    }

    pub(crate) fn least_count(&self) -> u32 {
        self.min_count
    }

    pub(crate) fn output_name(&self) -> Result<Arc<str>, FrameError> {
        match (&self.alias, &self.expr) {
            (Some(alias), _) => Ok(Arc::clone(alias)),
            (None, Some(expr)) => Ok(format!("{}_{}", expr.output_name()?, self.kind).into()),
            (None, None) => Ok(self.kind.to_string().into()),
        }
    }

    /// Returns the types of what is aggregated and of the result over columns of `schema`.
    pub(crate) fn dtypes(&self, schema: &Schema) -> Result<(Vec<DataType>, DataType), FrameError> {
        self.kind.check()?;
        let inputs = self.exprs().map(|expr| expr.dtype(schema)).collect::<Result<Vec<_>, _>>()?;
        let wrong = |at: usize, expected| FrameError::WrongType {
            operation: self.kind.word(),
            expr: self.exprs().nth(at).map(ToString::to_string).unwrap_or_default(),
            got: inputs[at].clone(),
            expected,
        };
        let output = self.kind.output(&inputs).map_err(|(at, expected)| wrong(at, expected))?;
        Ok((inputs, output))
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.kind)?;
        for (at, expr) in self.exprs().enumerate() {
            write!(f, "{}{expr}", if at > 0 { ", " } else { "" })?;
        }
        if let AggregateKind::Quantile(q) | AggregateKind::QuantileApprox(q) = self.kind {
            write!(f, ", {q}")?;
        }
        if !self.skip_nulls {
            f.write_str(", with nulls")?;
        }
        if self.min_count > 0 {
            write!(f, ", at least {}", self.min_count)?;
        }
        f.write_str(")")?;
        match &self.alias {
            Some(alias) => write!(f, " as {alias}"),
            None => Ok(()),
        }
    }
}

impl Tokenize for Aggregate {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.kind.tokenize(t);
        self.expr.tokenize(t);
        self.other.tokenize(t);
        self.alias.as_deref().tokenize(t);
        (self.skip_nulls, self.min_count).tokenize(t);
    }
}
