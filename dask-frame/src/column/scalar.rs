//! One value of a column.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::schema::{DataType, Zone};
use crate::time;

/// One value, or a missing one that still knows its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Scalar {
    /// A missing value of a type.
    Null(DataType),
    /// A 64-bit integer.
    Int64(i64),
    /// A 64-bit float; NaN counts as missing.
    Float64(f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Utf8(Arc<str>),
    /// Microseconds since 1970-01-01 00:00, without time zone.
    Timestamp(i64),
    /// Microseconds since 1970-01-01 00:00 UTC, in a time zone.
    Zoned(i64, Zone),
    /// Days since 1970-01-01.
    Date(i64),
    /// Microseconds between two times.
    Duration(i64),
}

impl Scalar {
    /// Returns the type of the value.
    #[must_use]
    pub fn dtype(&self) -> DataType {
        match self {
            Scalar::Null(dtype) => dtype.clone(),
            Scalar::Int64(_) => DataType::Int64,
            Scalar::Float64(_) => DataType::Float64,
            Scalar::Bool(_) => DataType::Bool,
            Scalar::Utf8(_) => DataType::Utf8,
            Scalar::Timestamp(_) => DataType::Timestamp,
            Scalar::Zoned(_, zone) => DataType::Zoned(*zone),
            Scalar::Date(_) => DataType::Date,
            Scalar::Duration(_) => DataType::Duration,
        }
    }

    /// Returns whether the value is missing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        match self {
            Scalar::Null(_) => true,
            Scalar::Float64(x) => x.is_nan(),
            _ => false,
        }
    }

    /// Makes a value of a type that counts days or microseconds.
    pub(crate) fn from_ticks(ticks: i64, dtype: &DataType) -> Self {
        match dtype {
            DataType::Date => Scalar::Date(ticks),
            DataType::Duration => Scalar::Duration(ticks),
            DataType::Zoned(zone) => Scalar::Zoned(ticks, *zone),
            _ => Scalar::Timestamp(ticks),
        }
    }

    /// Returns the days or microseconds of such a value.
    pub(crate) fn ticks(&self) -> Option<i64> {
        match self {
            Scalar::Timestamp(x) | Scalar::Zoned(x, _) | Scalar::Date(x) | Scalar::Duration(x) => Some(*x),
            _ => None,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Null(_) => f.write_str("null"),
            Scalar::Int64(x) => write!(f, "{x}"),
            Scalar::Float64(x) => f.write_str(zmij::Buffer::new().format(*x)),
            Scalar::Bool(x) => write!(f, "{x}"),
            Scalar::Utf8(x) => f.write_str(x),
            Scalar::Timestamp(x) | Scalar::Zoned(x, _) | Scalar::Date(x) | Scalar::Duration(x) => {
                write!(f, "{}", time::Ticks(*x, self.dtype()))
            }
        }
    }
}

macro_rules! from {
    ($($t:ty => |$x:ident| $scalar:expr;)*) => {$(
        impl From<$t> for Scalar {
            fn from($x: $t) -> Self {
                $scalar
            }
        }
    )*};
}

from! {
    i64 => |x| Scalar::Int64(x);
    i32 => |x| Scalar::Int64(x.into());
    f64 => |x| Scalar::Float64(x);
    bool => |x| Scalar::Bool(x);
    &str => |x| Scalar::Utf8(x.into());
    String => |x| Scalar::Utf8(x.into());
}

impl Tokenize for Scalar {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.dtype().tokenize(t);
        match self {
            Scalar::Null(_) => "null".tokenize(t),
            Scalar::Int64(x)
            | Scalar::Timestamp(x)
            | Scalar::Zoned(x, _)
            | Scalar::Date(x)
            | Scalar::Duration(x) => x.tokenize(t),
            Scalar::Float64(x) => x.tokenize(t),
            Scalar::Bool(x) => x.tokenize(t),
            Scalar::Utf8(x) => (**x).tokenize(t),
        }
    }
}
