//! One value of a column.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use super::Column;
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
    /// An 8-bit integer.
    Int8(i8),
    /// A 16-bit integer.
    Int16(i16),
    /// A 32-bit integer.
    Int32(i32),
    /// An 8-bit integer without sign.
    UInt8(u8),
    /// A 16-bit integer without sign.
    UInt16(u16),
    /// A 32-bit integer without sign.
    UInt32(u32),
    /// A 64-bit integer without sign.
    UInt64(u64),
    /// A 32-bit float; NaN counts as missing.
    Float32(f32),
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
    /// The values of a list.
    List(#[serde(with = "sent")] Arc<Column>),
}

impl Scalar {
    /// Returns the type of the value.
    #[must_use]
    pub fn dtype(&self) -> DataType {
        match self {
            Scalar::Null(dtype) => dtype.clone(),
            Scalar::Int64(_) => DataType::Int64,
            Scalar::Float64(_) => DataType::Float64,
            Scalar::Int8(_) => DataType::Int8,
            Scalar::Int16(_) => DataType::Int16,
            Scalar::Int32(_) => DataType::Int32,
            Scalar::UInt8(_) => DataType::UInt8,
            Scalar::UInt16(_) => DataType::UInt16,
            Scalar::UInt32(_) => DataType::UInt32,
            Scalar::UInt64(_) => DataType::UInt64,
            Scalar::Float32(_) => DataType::Float32,
            Scalar::Bool(_) => DataType::Bool,
            Scalar::Utf8(_) => DataType::Utf8,
            Scalar::Timestamp(_) => DataType::Timestamp,
            Scalar::Zoned(_, zone) => DataType::Zoned(*zone),
            Scalar::Date(_) => DataType::Date,
            Scalar::Duration(_) => DataType::Duration,
            Scalar::List(values) => DataType::List(Arc::new(values.dtype())),
        }
    }

    /// Returns whether the value is missing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        match self {
            Scalar::Null(_) => true,
            Scalar::Float64(x) => x.is_nan(),
            Scalar::Float32(x) => x.is_nan(),
            _ => false,
        }
    }

    /// Returns a number in one of the types that are computed in, as [`Column::wide`](super::Column) does for columns.
    pub(crate) fn wide(self) -> Self {
        match self {
            Scalar::Int8(x) => Scalar::Int64(x.into()),
            Scalar::Int16(x) => Scalar::Int64(x.into()),
            Scalar::Int32(x) => Scalar::Int64(x.into()),
            Scalar::UInt8(x) => Scalar::Int64(x.into()),
            Scalar::UInt16(x) => Scalar::Int64(x.into()),
            Scalar::UInt32(x) => Scalar::Int64(x.into()),
            Scalar::Float32(x) => Scalar::Float64(x.into()),
            other => other,
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
            Scalar::Float32(x) => f.write_str(zmij::Buffer::new().format(*x)),
            Scalar::Int8(x) => write!(f, "{x}"),
            Scalar::Int16(x) => write!(f, "{x}"),
            Scalar::Int32(x) => write!(f, "{x}"),
            Scalar::UInt8(x) => write!(f, "{x}"),
            Scalar::UInt16(x) => write!(f, "{x}"),
            Scalar::UInt32(x) => write!(f, "{x}"),
            Scalar::UInt64(x) => write!(f, "{x}"),
            Scalar::Bool(x) => write!(f, "{x}"),
            Scalar::Utf8(x) => f.write_str(x),
            Scalar::Timestamp(x) | Scalar::Zoned(x, _) | Scalar::Date(x) | Scalar::Duration(x) => {
                write!(f, "{}", time::Ticks(*x, self.dtype()))
            }
            Scalar::List(values) => {
                f.write_str("[")?;
                for row in 0..values.len() {
                    write!(f, "{}{}", if row > 0 { ", " } else { "" }, values.get(row))?;
                }
                f.write_str("]")
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
            Scalar::Float32(x) => f64::from(*x).tokenize(t),
            Scalar::UInt64(x) => x.tokenize(t),
            Scalar::Int8(x) => i64::from(*x).tokenize(t),
            Scalar::Int16(x) => i64::from(*x).tokenize(t),
            Scalar::Int32(x) => i64::from(*x).tokenize(t),
            Scalar::UInt8(x) => i64::from(*x).tokenize(t),
            Scalar::UInt16(x) => i64::from(*x).tokenize(t),
            Scalar::UInt32(x) => i64::from(*x).tokenize(t),
            Scalar::Bool(x) => x.tokenize(t),
            Scalar::Utf8(x) => (**x).tokenize(t),
            Scalar::List(values) => {
                values.len().tokenize(t);
                (0..values.len()).for_each(|row| values.get(row).tokenize(t));
            }
        }
    }
}

/// The values of a list on their way to another process, one by one.
mod sent {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Arc, Column, DataType, Scalar};

    pub(super) fn serialize<S: Serializer>(values: &Column, serializer: S) -> Result<S::Ok, S::Error> {
        let each = (0..values.len()).map(|row| values.get(row)).collect::<Vec<_>>();
        (values.dtype(), each).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Column>, D::Error> {
        let (dtype, each) = <(DataType, Vec<Scalar>)>::deserialize(from)?;
        let values = Column::of_scalars(&dtype, &each);
        values.map(Arc::new).ok_or_else(|| D::Error::custom("a list has values of another type than it says"))
    }
}
