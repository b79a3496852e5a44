//! Numbers that are written otherwise than with a point and without groups of digits.

use std::borrow::Cow;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use super::cells::guess;
use crate::parse;
use crate::schema::DataType;

/// How the numbers of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbers {
    /// What stands between whole and part.
    pub(crate) decimal: u8,
    /// What stands between groups of digits, and means nothing.
    pub(crate) thousands: Option<u8>,
}

impl Numbers {
    /// With a point, and no groups.
    pub(crate) const USUAL: Self = Self { decimal: b'.', thousands: None };

    pub(crate) fn int(self, cell: &[u8]) -> Option<i64> {
        parse::int(&self.usual(cell)?)
    }

    pub(crate) fn float(self, cell: &[u8]) -> Option<f64> {
        parse::float(&self.usual(cell)?)
    }

    /// Reads an integer of a type, by its bits.
    pub(crate) fn int_of(self, cell: &[u8], dtype: &DataType) -> Option<i64> {
        parse::int_of(&self.usual(cell)?, dtype)
    }

    pub(crate) fn float32(self, cell: &[u8]) -> Option<f64> {
        parse::float32(&self.usual(cell)?)
    }

    /// Returns the narrowest type that can hold a cell.
    pub(crate) fn guess(self, cell: &[u8]) -> DataType {
        self.usual(cell).map_or(DataType::Utf8, |cell| guess(&cell))
    }

    /// Returns a cell as it would be written with a point and no groups; `None` if it has a point that is none.
    fn usual(self, cell: &[u8]) -> Option<Cow<'_, [u8]>> {
        let begins = |byte: &u8| byte.is_ascii_digit() || [b'-', b'+', self.decimal].contains(byte);
        if self == Self::USUAL || !cell.trim_ascii_start().first().is_some_and(begins) {
            return Some(Cow::Borrowed(cell));
        }
        let digits = cell.iter().copied().filter(|&byte| Some(byte) != self.thousands);
        let usual = digits.map(|byte| match byte {
            _ if byte == self.decimal => Some(b'.'),
            b'.' => None,
            _ => Some(byte),
        });
        usual.collect::<Option<Vec<_>>>().map(Cow::Owned)
    }
}

impl Tokenize for Numbers {
    fn tokenize(&self, t: &mut Tokenizer) {
        (self.decimal, self.thousands).tokenize(t);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_others_write_them() {
        let german = Numbers { decimal: b',', thousands: Some(b'.') };
        assert_eq!(german.float(b"-1.234.567,25"), Some(-1_234_567.25));
        assert_eq!(german.int(b" 1.234"), Some(1234));
        assert_eq!(german.guess(b"0,5"), DataType::Float64);
        assert_eq!(german.guess(b"1.234"), DataType::Int64);
        assert_eq!(german.guess(b"e.g."), DataType::Utf8);
        let comma = Numbers { decimal: b',', thousands: None };
        assert_eq!(comma.float(b"1.5"), None);
        assert_eq!(comma.guess(b"1.5"), DataType::Utf8);
        assert_eq!(comma.float(b",5"), Some(0.5));
        let groups = Numbers { decimal: b'.', thousands: Some(b',') };
        assert_eq!(groups.float(b"1,234.5"), Some(1234.5));
        assert_eq!(groups.guess(b"True"), DataType::Bool);
    }
}
