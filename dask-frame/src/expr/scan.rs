//! Scans: values of rows from the rows before or after them in their group.

use std::fmt;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use super::Expr;
use crate::error::FrameError;
use crate::schema::{DataType, Schema};

/// A value for each row, from its own and the rows of its group before it: what [`GroupBy::scan`] takes.
///
/// [`GroupBy::scan`]: crate::GroupBy::scan
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "a scan says what `GroupBy::scan` is to compute"]
pub struct Scan {
    pub(crate) kind: ScanKind,
    pub(crate) expr: Expr,
    /// Whether rows are taken from the last to the first.
    pub(crate) backward: bool,
}

/// What is computed along the rows of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ScanKind {
    /// The sum up to the row.
    Sum,
    /// The product up to the row.
    Product,
    /// The smallest value up to the row.
    Min,
    /// The largest value up to the row.
    Max,
    /// The last value up to the row that is there.
    Fill,
    /// The value so many rows before.
    Shift(u32),
}

impl Scan {
    fn new(kind: ScanKind, expr: impl Into<Expr>) -> Self {
        Self { kind, expr: expr.into(), backward: false }
    }

    /// Adds up to each row; missing where the row's value is, which is skipped.
    pub fn cumsum(expr: impl Into<Expr>) -> Self {
        Self::new(ScanKind::Sum, expr)
    }

    /// Multiplies up to each row; missing where the row's value is, which is skipped.
    pub fn cumprod(expr: impl Into<Expr>) -> Self {
        Self::new(ScanKind::Product, expr)
    }

    /// Finds the smallest value up to each row; missing where the row's value is.
    pub fn cummin(expr: impl Into<Expr>) -> Self {
        Self::new(ScanKind::Min, expr)
    }

    /// Finds the largest value up to each row; missing where the row's value is.
    pub fn cummax(expr: impl Into<Expr>) -> Self {
        Self::new(ScanKind::Max, expr)
    }

    /// Numbers the rows of each group from 0, as pandas' `cumcount`.
    pub fn cumcount() -> Self {
        // Each row has as many as there are ones before it.
        Self::new(ScanKind::Sum, super::lit(1_i64))
    }

    /// Takes the value `by` rows before in the group, or after it if `by` is negative; missing where there is none.
    pub fn shift(expr: impl Into<Expr>, by: i32) -> Self {
        Self { backward: by < 0, ..Self::new(ScanKind::Shift(by.unsigned_abs()), expr) }
    }

    /// Puts the last value of the group that is there in the place of missing ones.
    pub fn ffill(expr: impl Into<Expr>) -> Self {
        Self::new(ScanKind::Fill, expr)
    }

    /// Puts the next value of the group that is there in the place of missing ones.
    pub fn bfill(expr: impl Into<Expr>) -> Self {
        Self::new(ScanKind::Fill, expr).reversed()
    }

    /// Goes through the rows of each group from the last to the first.
    pub fn reversed(self) -> Self {
        Self { backward: !self.backward, ..self }
    }

    /// Returns whether rows are numbered from 0, and not from 1.
    pub(crate) fn counts(&self) -> bool {
        self.kind == ScanKind::Sum && matches!(self.expr.node(), super::Node::Literal(_))
    }

    /// Returns whether values are added up or multiplied.
    pub(crate) fn adds(&self) -> bool {
        matches!(self.kind, ScanKind::Sum | ScanKind::Product)
    }

    /// Returns the type of the values.
    pub(crate) fn dtype(&self, schema: &Schema) -> Result<DataType, FrameError> {
        let got = self.expr.dtype(schema)?;
        if matches!(self.kind, ScanKind::Min | ScanKind::Max) {
            got.expect_key(self.kind.word(), &self.expr)?;
        }
        match got {
            got if got.is_numeric() || !self.adds() => Ok(got),
            got => Err(FrameError::WrongType {
                operation: self.kind.word(),
                expr: self.expr.to_string(),
                got,
                expected: "a number",
            }),
        }
    }
}

impl ScanKind {
    fn word(self) -> &'static str {
        match self {
            ScanKind::Sum => "cumsum",
            ScanKind::Product => "cumprod",
            ScanKind::Min => "cummin",
            ScanKind::Max => "cummax",
            ScanKind::Fill => "fill",
            ScanKind::Shift(_) => "shift",
        }
    }
}

impl fmt::Display for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}", self.kind.word(), self.expr)?;
        if let ScanKind::Shift(by) = self.kind {
            write!(f, ", {by}")?;
        }
        f.write_str(if self.backward { ", backward)" } else { ")" })
    }
}

impl Tokenize for Scan {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.kind.word().tokenize(t);
        if let ScanKind::Shift(by) = self.kind {
            by.tokenize(t);
        }
        self.expr.tokenize(t);
        self.backward.tokenize(t);
    }
}
