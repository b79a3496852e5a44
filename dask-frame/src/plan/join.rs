//! What a join is: its kind, its keys, its columns, and how it is done.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Token, Tokenizer};
use serde::{Deserialize, Serialize};

use super::tokenized;
use crate::error::FrameError;
use crate::expr::common_exact;
use crate::schema::{DataType, Schema};

/// A column of each side, and the type in which their values are compared.
pub(crate) type KeyPair = (Arc<str>, Arc<str>, DataType);

/// Pairs two columns whose values are to be compared.
///
/// # Errors
///
/// `UnknownColumn` or `TypeMismatch`.
pub(crate) fn key_pair(
    operation: &'static str,
    (left, left_name): (&Schema, &Arc<str>),
    (right, right_name): (&Schema, &Arc<str>),
) -> Result<KeyPair, FrameError> {
    let (left_dtype, right_dtype) = (left.field(left_name)?.dtype(), right.field(right_name)?.dtype());
    let dtype = common_exact(&left_dtype, &right_dtype).ok_or_else(|| FrameError::TypeMismatch {
        operation,
        left: left_name.to_string(),
        left_dtype,
        right: right_name.to_string(),
        right_dtype,
    })?;
    dtype.expect_key(operation, left_name)?;
    Ok((Arc::clone(left_name), Arc::clone(right_name), dtype))
}

/// Which rows a join gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// Pairs of rows with equal keys.
    #[default]
    Inner,
    /// These, and the rows of the left side without partner.
    Left,
    /// These, and the rows of the right side without partner.
    Right,
    /// These, and the rows of both sides without partner.
    Outer,
    /// The rows of the left side that have a partner, each once.
    Semi,
    /// The rows of the left side that have no partner.
    Anti,
    /// Every pair of rows; there are no keys.
    Cross,
}

impl How {
    /// Whether rows of the left side without partner are kept, with missing values for the other.
    pub(crate) fn keeps_left(self) -> bool {
        matches!(self, How::Left | How::Outer)
    }

    /// Whether rows of the right side without partner are kept, with missing values for the other.
    pub(crate) fn keeps_right(self) -> bool {
        matches!(self, How::Right | How::Outer)
    }

    /// Whether the result has the columns of the left side alone.
    pub(crate) fn is_filter(self) -> bool {
        matches!(self, How::Semi | How::Anti)
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            How::Inner => "inner",
            How::Left => "left",
            How::Right => "right",
            How::Outer => "outer",
            How::Semi => "semi",
            How::Anti => "anti",
            How::Cross => "cross",
        })
    }
}

/// How partitions meet. Chosen when the join is written: it decides in which partition a row is, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    /// The right side is gathered, indexed once, and joined with each partition of the left.
    BroadcastRight,
    /// The left side is gathered, indexed once, and joined with each partition of the right.
    BroadcastLeft,
    /// Both sides are exchanged by key into so many partitions, which are joined pair by pair.
    Shuffle(u32),
    /// The sides have rows of equal keys in partitions of one number.
    Aligned,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JoinSpec {
    /// The key columns of the first and the second input, and the type in which they are compared.
    pub(crate) on: Vec<KeyPair>,
    pub(crate) how: How,
    pub(crate) columns: Vec<JoinColumn>,
    pub(crate) algorithm: Algorithm,
    /// The column of the result that is its index.
    pub(crate) index: Option<Arc<str>>,
}

/// Where a column of a join's result comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JoinColumn {
    pub(crate) name: Arc<str>,
    pub(crate) from: Side,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Side {
    Left(Arc<str>),
    Right(Arc<str>),
    /// The key of this number: from the left, or from the right where there is no left row.
    Key(usize),
    /// Which sides the row is from, as text.
    Indicator,
}

impl JoinSpec {
    /// The columns by which the left side (0) or the right side (1) is joined, and the types in which they are
    /// compared.
    pub(crate) fn keys(&self, side: usize) -> Vec<(Arc<str>, DataType)> {
        let key = |(left, right, dtype): &KeyPair| {
            (Arc::clone(if side == 0 { left } else { right }), dtype.clone())
        };
        self.on.iter().map(key).collect()
    }

    pub(super) fn token(&self) -> Token {
        let on = tokenized("on", self.on.iter().map(|(left, right, dtype)| (left, right, dtype.clone())));
        let columns = self.columns.iter().map(|column| {
            let (side, from) = match &column.from {
                Side::Left(name) => (0, name.to_string()),
                Side::Right(name) => (1, name.to_string()),
                Side::Key(at) => (2, at.to_string()),
                Side::Indicator => (3, String::new()),
            };
            (column.name.to_string(), side, from)
        });
        let columns = tokenized("columns", columns);
        Tokenizer::new("join").feed(&on).feed(&columns).feed(&self.how.to_string()).finish()
    }
}

impl fmt::Display for JoinSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} join", self.how)?;
        let on = self.on.iter().map(|(left, right, _)| format!("{left} = {right}")).collect::<Vec<_>>();
        if !on.is_empty() {
            write!(f, " on {}", on.join(", "))?;
        }
        match self.algorithm {
            Algorithm::BroadcastRight => {}
            Algorithm::BroadcastLeft => write!(f, " (left side in memory)")?,
            Algorithm::Shuffle(n) => write!(f, " (by hash in {n} partitions)")?,
            Algorithm::Aligned => write!(f, " (by divisions)")?,
        }
        let columns = self.columns.iter().map(|column| match &column.from {
            Side::Left(_) | Side::Key(_) | Side::Indicator => column.name.to_string(),
            Side::Right(_) => format!("{} (right)", column.name),
        });
        write!(f, ": {}", columns.collect::<Vec<_>>().join(", "))
    }
}
