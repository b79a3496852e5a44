//! Cells read into columns.

use std::borrow::Cow;

use super::dialect::NaValues;
use super::numbers::Numbers;
use super::record::Splitter;
use crate::column::{BoolBuilder, Categories, Column, Utf8Builder, ValueBuilder};
use crate::schema::DataType;
use crate::{parse, time};

/// A column being read.
pub(crate) enum CellBuilder {
    Int64(ValueBuilder<i64>),
    Float64(ValueBuilder<f64>),
    /// Integers of another type, by their bits.
    Integers(ValueBuilder<i64>, DataType),
    Float32(ValueBuilder<f64>),
    Bool(BoolBuilder),
    Utf8(Utf8Builder),
    Ticks(ValueBuilder<i64>, DataType),
    Categorical(Utf8Builder, Categories),
    /// The values of all lists, and how many each has.
    List(Box<CellBuilder>, Vec<Option<usize>>),
}

/// What is wrong with a cell, and in which of the records.
#[derive(Debug)]
pub(crate) enum Misfit {
    /// It does not fit the type of the column.
    Type { record: usize },
    /// It is not UTF-8.
    Encoding { record: usize },
}

impl CellBuilder {
    pub(crate) fn new(dtype: &DataType) -> Self {
        match dtype {
            DataType::Int64 => CellBuilder::Int64(ValueBuilder::with_capacity(0)),
            DataType::Float64 => CellBuilder::Float64(ValueBuilder::with_capacity(0)),
            DataType::Float32 => CellBuilder::Float32(ValueBuilder::with_capacity(0)),
            dtype if dtype.is_integer() => {
                CellBuilder::Integers(ValueBuilder::with_capacity(0), dtype.clone())
            }
            DataType::Bool => CellBuilder::Bool(BoolBuilder::default()),
            DataType::Utf8 => CellBuilder::Utf8(Utf8Builder::with_capacity(0)),
            DataType::Categorical(categories) => {
                CellBuilder::Categorical(Utf8Builder::with_capacity(0), categories.clone())
            }
            DataType::List(item) => CellBuilder::List(Box::new(Self::new(item)), Vec::new()),
            _ => CellBuilder::Ticks(ValueBuilder::with_capacity(0), dtype.clone()),
        }
    }

    /// Reads the cells of one column of the records that `splitter` keeps.
    ///
    /// Texts are checked to be UTF-8 here only if `check_utf8`, else by [`finish`](CellBuilder::finish), which
    /// is faster and cannot tell the place.
    pub(crate) fn extend(
        &mut self,
        splitter: &Splitter,
        buffer: &[u8],
        slot: usize,
        na: &NaValues,
        numbers: Numbers,
        check_utf8: bool,
    ) -> Result<(), Misfit> {
        let cells = (0..splitter.n_kept()).map(|record| (record, splitter.cell(buffer, record, slot)));
        let usual = numbers == Numbers::USUAL;
        match self {
            CellBuilder::Int64(values) if !usual => {
                each(cells, na, |cell| numbers.int(cell), |value| values.push_option(value))
            }
            CellBuilder::Float64(values) if !usual => {
                each(cells, na, |cell| numbers.float(cell), |value| values.push_option(value))
            }
            CellBuilder::Int64(values) => each(cells, na, parse::int, |value| values.push_option(value)),
            CellBuilder::Float64(values) => each(cells, na, parse::float, |value| values.push_option(value)),
            CellBuilder::Integers(values, dtype) => {
                each(cells, na, |cell| numbers.int_of(cell, dtype), |value| values.push_option(value))
            }
            CellBuilder::Float32(values) => {
                each(cells, na, |cell| numbers.float32(cell), |value| values.push_option(value))
            }
            CellBuilder::Bool(values) => each(cells, na, parse::boolean, |value| values.push_option(value)),
            CellBuilder::Ticks(values, dtype) => {
                each(cells, na, |cell| time::parse_as(cell, dtype), |value| values.push_option(value))
            }
            CellBuilder::Categorical(values, known) if known.is_known() => {
                let known = |cell: &[u8]| known.place(std::str::from_utf8(cell).ok()?).map(|_| cell.to_vec());
                each(cells, na, known, |text| match text {
                    Some(text) => values.push(&text),
                    None => values.push_null(),
                })
            }
            CellBuilder::List(..) => unreachable!("cells were not asked for as lists"),
            CellBuilder::Utf8(values) | CellBuilder::Categorical(values, _) => {
                for (record, cell) in cells {
                    match cell {
                        Some(cell) if !na.contains(&cell) => {
                            if check_utf8 && std::str::from_utf8(&cell).is_err() {
                                return Err(Misfit::Encoding { record });
                            }
                            values.push(&cell);
                        }
                        _ => values.push_null(),
                    }
                }
                Ok(())
            }
        }
    }

    /// Makes room for so many times as many cells as there are, of the same lengths: a list that grows step by step is
    /// copied again and again, and leaves memory behind that was touched for nothing.
    pub(crate) fn reserve_times(&mut self, times: f64) {
        match self {
            CellBuilder::Int64(values) | CellBuilder::Integers(values, _) | CellBuilder::Ticks(values, _) => {
                values.reserve_times(times)
            }
            CellBuilder::Float64(values) | CellBuilder::Float32(values) => values.reserve_times(times),
            CellBuilder::Bool(values) => values.reserve_times(times),
            CellBuilder::Utf8(values) | CellBuilder::Categorical(values, _) => values.reserve_times(times),
            CellBuilder::List(values, lengths) => {
                values.reserve_times(times);
                lengths.reserve((lengths.len() as f64 * times) as usize);
            }
        }
    }

    #[cfg(feature = "json")]
    pub(crate) fn push_null(&mut self) {
        match self {
            CellBuilder::Int64(values) | CellBuilder::Integers(values, _) | CellBuilder::Ticks(values, _) => {
                values.push_null()
            }
            CellBuilder::Float64(values) | CellBuilder::Float32(values) => values.push_null(),
            CellBuilder::Bool(values) => values.push_null(),
            CellBuilder::Utf8(values) | CellBuilder::Categorical(values, _) => values.push_null(),
            CellBuilder::List(_, lengths) => lengths.push(None),
        }
    }

    /// Finishes the column; the error is the row of the first text that is not UTF-8.
    pub(crate) fn finish(self) -> Result<Column, usize> {
        Ok(match self {
            CellBuilder::Int64(values) => values.finish_i64(),
            CellBuilder::Float64(values) => values.finish_f64(),
            CellBuilder::Integers(values, dtype) => values.finish_bits(&dtype),
            CellBuilder::Float32(values) => values.finish_f64().rounded_to(&DataType::Float32),
            CellBuilder::Bool(values) => values.finish(),
            CellBuilder::Ticks(values, dtype) => values.finish_ticks(dtype),
            CellBuilder::Categorical(values, known) if known.is_known() => {
                values.finish()?.to_categories(&known)
            }
            CellBuilder::Categorical(values, _) => values.finish()?.to_categorical(),
            CellBuilder::Utf8(values) => values.finish()?,
            CellBuilder::List(values, lengths) => Column::of_lists(&lengths, values.finish()?),
        })
    }
}

/// Reads cells that are not texts.
#[inline]
fn each<'b, T>(
    cells: impl Iterator<Item = (usize, Option<Cow<'b, [u8]>>)>,
    na: &NaValues,
    read: impl Fn(&[u8]) -> Option<T>,
    mut push: impl FnMut(Option<T>),
) -> Result<(), Misfit> {
    for (record, cell) in cells {
        let Some(cell) = cell else {
            push(None);
            continue;
        };
        // Whether it counts as missing is asked only of what cannot be read, unless numbers may count so.
        if (cell.is_empty() || na.come_first()) && na.contains(&cell) {
            push(None);
            continue;
        }
        match read(&cell) {
            Some(value) => push(Some(value)),
            None if na.contains(&cell) => push(None),
            None => return Err(Misfit::Type { record }),
        }
    }
    Ok(())
}

/// Returns the narrowest type that can hold a cell. Timestamps are never guessed, as in pandas.
pub(crate) fn guess(cell: &[u8]) -> DataType {
    if parse::int(cell).is_some() {
        return DataType::Int64;
    }
    if parse::boolean(cell).is_some() {
        return DataType::Bool;
    }
    // Digits that do not fit 64 bits are an identifier sooner than a measurement: a float would round it.
    let digits = cell.trim_ascii().strip_prefix(b"-").unwrap_or(cell.trim_ascii());
    match parse::float(cell) {
        Some(_) if !digits.iter().all(u8::is_ascii_digit) => DataType::Float64,
        _ => DataType::Utf8,
    }
}

/// Returns the narrowest type that can hold cells of two types.
pub(crate) fn widen(a: &DataType, b: &DataType) -> DataType {
    match (a, b) {
        _ if a == b => a.clone(),
        // Only the usual numbers are guessed: of a narrower type, the guess is what does not fit it.
        _ if a.is_integer() && b.is_integer() => DataType::Int64,
        _ if a.is_numeric() && b.is_numeric() => DataType::Float64,
        _ => DataType::Utf8,
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::Dialect;
    use super::super::record::{Cursor, Found};
    use super::*;

    #[test]
    fn types_are_guessed() {
        for (cell, dtype) in [
            ("1", DataType::Int64),
            ("-7", DataType::Int64),
            ("1.5", DataType::Float64),
            ("1e9", DataType::Float64),
            ("inf", DataType::Float64),
            ("True", DataType::Bool),
            ("x", DataType::Utf8),
            ("2021-03-15", DataType::Utf8),
            ("18446744073709551616", DataType::Utf8),
        ] {
            assert_eq!(guess(cell.as_bytes()), dtype, "{cell}");
        }
        assert_eq!(widen(&DataType::Int64, &DataType::Float64), DataType::Float64);
        assert_eq!(widen(&DataType::Int64, &DataType::Bool), DataType::Utf8);
    }

    #[test]
    fn what_reads_as_a_number_may_be_named_missing() {
        let mut builder = CellBuilder::new(&DataType::Int64);
        let na = NaValues::new(true, &["-99".into()]);
        let text = b"1,\n-99,\nNA,\n,\n";
        let dialect = Dialect { separator: b',', quote: None, comment: None };
        let (mut splitter, mut cursor) = (Splitter::new(dialect, 2, &[0]), Cursor::new(text, dialect));
        let mut at = 0;
        while let Found::Record { next, .. } = splitter.record(&mut cursor, at, true) {
            splitter.keep();
            at = next;
        }
        builder.extend(&splitter, text, 0, &na, Numbers::USUAL, false).unwrap();
        assert_eq!(builder.finish().unwrap(), Column::from(vec![Some(1), None, None, None]));
    }
}
