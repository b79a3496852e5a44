//! How columns leave the process: names and kinds ahead, then the vectors as they lie.

use std::borrow::Cow;
use std::error::Error;
use std::io;

use super::{ColumnData, ColumnField, ColumnKind, ColumnValues, Columns, Texts};
use crate::portable::{Blob, BlobError, BlobReader};
use crate::value::Payload;

impl Payload for Columns {
    fn nbytes(&self) -> u64 {
        self.columns.iter().map(|(name, data)| name.len() as u64 + data.nbytes()).sum()
    }

    /// Header: the number of rows, and of each column its field and whether there is a validity.
    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let of = |(name, data): &(String, ColumnData)| {
            (ColumnField::new(name, data.values.kind()), data.valid.is_some())
        };
        let header = (self.n_rows, self.columns.iter().map(of).collect::<Vec<_>>());
        let buffers = self.columns.iter().flat_map(|(_, data)| data.buffers()).collect();
        Some(Blob::encoded(&header).map(|front| Blob { buffers, ..front }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        let (n_rows, fields): (usize, Vec<(ColumnField, bool)>) = reader.read_encoded()?;
        let mut read = || -> Result<Self, Box<dyn Error + Send + Sync>> {
            let column = |(field, validity): (ColumnField, bool)| {
                let values = read_values(field.kind, reader)?;
                let valid = if validity { Some(bools(reader)?) } else { None };
                Ok((field.name, ColumnData { values, valid }))
            };
            let columns = fields.iter().cloned().map(column).collect::<io::Result<Vec<_>>>()?;
            let columns = Self::new(columns)?;
            // Without columns nothing else tells how many rows there are.
            Ok(if columns.columns.is_empty() { Self::without_columns(n_rows) } else { columns })
        };
        read().map_err(BlobError::of::<Self>)
    }
}

impl ColumnData {
    fn nbytes(&self) -> u64 {
        self.buffers().iter().map(|buffer| buffer.len() as u64).sum()
    }

    /// The vectors, as they lie.
    fn buffers(&self) -> Vec<Cow<'_, [u8]>> {
        let mut buffers: Vec<Cow<'_, [u8]>> = match &self.values {
            ColumnValues::Int64(values) | ColumnValues::Timestamp(values) => {
                vec![bytemuck::cast_slice(values).into()]
            }
            ColumnValues::UInt64(values) => vec![bytemuck::cast_slice(values).into()],
            ColumnValues::Float64(values) => vec![bytemuck::cast_slice(values).into()],
            ColumnValues::Bool(values) => vec![bytemuck::cast_slice(values).into()],
            ColumnValues::Text(texts) => {
                let (offsets, letters) = texts.parts();
                vec![bytemuck::cast_slice(offsets).into(), letters.as_bytes().into()]
            }
        };
        buffers.extend(self.valid.as_ref().map(|valid| bytemuck::cast_slice(valid).into()));
        buffers
    }
}

fn read_values(kind: ColumnKind, reader: &mut BlobReader<'_>) -> io::Result<ColumnValues> {
    Ok(match kind {
        ColumnKind::Int64 => ColumnValues::Int64(reader.next_buffer()?),
        ColumnKind::UInt64 => ColumnValues::UInt64(reader.next_buffer()?),
        ColumnKind::Float64 => ColumnValues::Float64(reader.next_buffer()?),
        ColumnKind::Bool => ColumnValues::Bool(bools(reader)?),
        ColumnKind::Timestamp => ColumnValues::Timestamp(reader.next_buffer()?),
        ColumnKind::Text => {
            let offsets = reader.next_buffer()?;
            let letters = String::from_utf8(reader.next_buffer()?).map_err(io::Error::other)?;
            ColumnValues::Text(Texts::from_parts(offsets, letters).map_err(io::Error::other)?)
        }
    })
}

fn bools(reader: &mut BlobReader<'_>) -> io::Result<Vec<bool>> {
    Ok(reader.next_buffer::<u8>()?.into_iter().map(|byte| byte == 1).collect())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::value::Value;

    type Row = (Option<i64>, f64, bool, Option<String>, Option<i64>, u64);

    fn columns(rows: &[Row]) -> Columns {
        let column = |values, valid: Option<Vec<bool>>| ColumnData { values, valid };
        let there = |some: fn(&Row) -> bool| Some(rows.iter().map(some).collect());
        Columns::new([
            (
                "i",
                column(
                    ColumnValues::Int64(rows.iter().map(|row| row.0.unwrap_or(0)).collect()),
                    there(|row| row.0.is_some()),
                ),
            ),
            ("f", column(ColumnValues::Float64(rows.iter().map(|row| row.1).collect()), None)),
            ("u", column(ColumnValues::UInt64(rows.iter().map(|row| row.5).collect()), None)),
            ("b", column(ColumnValues::Bool(rows.iter().map(|row| row.2).collect()), None)),
            (
                "s",
                column(
                    ColumnValues::Text(rows.iter().map(|row| row.3.as_deref().unwrap_or("")).collect()),
                    there(|row| row.3.is_some()),
                ),
            ),
            (
                "é",
                column(
                    ColumnValues::Timestamp(rows.iter().map(|row| row.4.unwrap_or(0)).collect()),
                    there(|row| row.4.is_some()),
                ),
            ),
        ])
        .unwrap()
    }

    fn bytes_of(columns: Columns) -> Vec<u8> {
        let value = Value::sized(columns);
        let mut bytes = Vec::new();
        value.to_blob().unwrap().unwrap().0.write_to(&mut bytes).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Columns, BlobError> {
        let mut rest = bytes;
        Columns::from_blob(&mut BlobReader::new(&mut rest).map_err(BlobError::of::<Columns>)?)
    }

    proptest! {
        #[test]
        fn columns_come_back(rows in vec(any::<Row>(), 0..30)) {
            let columns = columns(&rows);
            let nbytes = columns.nbytes();
            let back = read(&bytes_of(columns.clone())).unwrap();
            prop_assert_eq!(back.nbytes(), nbytes);
            prop_assert_eq!(back, columns);
        }

        /// Whatever byte is changed, the end is columns or an error.
        #[test]
        fn any_bytes_are_read_or_refused(rows in vec(any::<Row>(), 0..4), at in any::<usize>(), byte in any::<u8>()) {
            let mut bytes = bytes_of(columns(&rows));
            let at = at % bytes.len();
            bytes[at] = byte;
            drop(read(&bytes));
        }
    }

    #[test]
    fn rows_without_columns_come_back() {
        let none = Columns::without_columns(3);
        assert_eq!(read(&bytes_of(none.clone())).unwrap(), none);
    }
}
