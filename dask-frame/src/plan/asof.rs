//! What a join with the nearest row is.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Token, Tokenizer};
use serde::{Deserialize, Serialize};

use super::join::{JoinColumn, KeyPair, Side};
use super::tokenized;
use crate::column::Scalar;
use crate::schema::DataType;

/// Which row of the right side is the nearest to a row of the left side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// The last whose key is no larger.
    #[default]
    Backward,
    /// The first whose key is no smaller.
    Forward,
    /// The one of these two whose key is nearer; the last that is no larger, if both are as near.
    Nearest,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AsOfSpec {
    /// The columns of both sides that are near each other, and the type in which they are compared.
    pub(crate) on: KeyPair,
    /// The columns of both sides that are equal, and the types in which they are compared.
    pub(crate) by: Vec<KeyPair>,
    pub(crate) direction: Direction,
    /// The largest distance: of the type of the keys, or a duration if these are times.
    pub(crate) tolerance: Option<Scalar>,
    /// Whether an equal key counts as near.
    pub(crate) exact: bool,
    pub(crate) columns: Vec<JoinColumn>,
}

impl AsOfSpec {
    pub(crate) fn by(&self, side: usize) -> Vec<(Arc<str>, DataType)> {
        self.by
            .iter()
            .map(|(left, right, dtype)| (Arc::clone(if side == 0 { left } else { right }), dtype.clone()))
            .collect()
    }

    /// What a side is joined by.
    pub(super) fn keys(&self, side: usize) -> impl Iterator<Item = &Arc<str>> {
        let all = std::iter::once(&self.on).chain(&self.by);
        all.map(move |(left, right, _)| if side == 0 { left } else { right })
    }

    pub(super) fn token(&self) -> Token {
        let on = |(left, right, dtype): &KeyPair| (left.to_string(), right.to_string(), dtype.clone());
        let by = tokenized("by", std::iter::once(&self.on).chain(&self.by).map(on));
        let columns = self.columns.iter().map(|column| {
            let (is_left, from) = match &column.from {
                Side::Left(name) => (true, name.to_string()),
                Side::Right(name) => (false, name.to_string()),
                Side::Key(_) | Side::Indicator => (true, String::new()),
            };
            (column.name.to_string(), is_left, from)
        });
        let columns = tokenized("columns", columns);
        let tolerance = tokenized("tolerance", self.tolerance.iter().cloned());
        let direction = format!("{:?}", self.direction);
        Tokenizer::new("asof")
            .feed(&by)
            .feed(&columns)
            .feed(&tolerance)
            .feed(&direction)
            .feed(&self.exact)
            .finish()
    }
}

impl fmt::Display for AsOfSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            Direction::Backward => "backward",
            Direction::Forward => "forward",
            Direction::Nearest => "nearest",
        };
        write!(f, "{direction} asof join on {} ~ {}", self.on.0, self.on.1)?;
        let by = self.by.iter().map(|(left, right, _)| format!("{left} = {right}")).collect::<Vec<_>>();
        if by.is_empty() { Ok(()) } else { write!(f, " by {}", by.join(", ")) }
    }
}
