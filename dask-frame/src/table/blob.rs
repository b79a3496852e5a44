//! How a table leaves the process and comes back: column by column, a name and Arrow's buffers.

use std::error::Error;

use dask_graph::{Blob, BlobReader};

use super::Table;
use crate::column::{Column, ColumnHeader};
use crate::schema::{Field, Schema};

/// Header: the number of rows, and what is to be known of each column.
pub(crate) fn to_blob(table: &Table) -> Blob<'_> {
    let mut header = (table.n_rows() as u64).to_ne_bytes().to_vec();
    let mut buffers = Vec::new();
    for (field, column) in table.schema().fields().iter().zip(table.columns()) {
        buffers.push(field.name().as_bytes().into());
        header.extend_from_slice(bytemuck::bytes_of(&column.to_blob(&mut buffers)));
    }
    Blob { header, buffers }
}

pub(crate) fn from_blob(
    header: &[u8],
    reader: &mut BlobReader<'_>,
) -> Result<Table, Box<dyn Error + Send + Sync>> {
    let (n_rows, headers) = header.split_first_chunk().ok_or("the number of rows is missing")?;
    let n_rows = usize::try_from(u64::from_ne_bytes(*n_rows))?;
    let headers: Vec<ColumnHeader> = bytemuck::pod_collect_to_vec(headers);
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for header in &headers {
        let name = String::from_utf8(reader.next_buffer()?)?;
        let column = Column::from_blob(header, n_rows, reader)?;
        fields.push(Field::new(name, column.dtype()));
        columns.push(column);
    }
    Ok(Table::with_rows(Schema::new(fields)?, columns, n_rows)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::DataType;
    use dask_graph::{Payload, Value};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn there_and_back(table: &Table) -> Table {
        let value = Value::sized(table.clone());
        let (blob, read) = value.to_blob().unwrap().unwrap();
        let mut bytes = Vec::new();
        blob.write_to(&mut bytes).unwrap();
        read(&mut BlobReader::new(&mut &bytes[..]).unwrap()).unwrap().into_inner().unwrap()
    }

    type Row = (Option<i64>, Option<u64>, Option<bool>, Option<String>, Option<i64>);

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        vec(any::<Row>(), 0..40)
    }

    /// A column of each type; floats have any bits, of which NaNs become missing values.
    fn table(rows: &[Row]) -> Table {
        let floats = rows.iter().map(|row| row.1.map(f64::from_bits)).collect::<Vec<_>>();
        Table::new([
            ("i", Column::from(rows.iter().map(|row| row.0).collect::<Vec<_>>())),
            ("f", Column::from(floats)),
            ("b", Column::from(rows.iter().map(|row| row.2).collect::<Vec<_>>())),
            ("s", Column::from(rows.iter().map(|row| row.3.clone()).collect::<Vec<_>>())),
            ("t", Column::timestamps(rows.iter().map(|row| row.4))),
            ("l", lists(rows)),
        ])
        .unwrap()
    }

    /// Up to three integers a row, one of which is missing.
    fn lists(rows: &[Row]) -> Column {
        let of = |row: &Row| {
            row.4.map(|x| {
                [row.0, None, Some(x)].into_iter().take(x.rem_euclid(4) as usize).collect::<Vec<_>>()
            })
        };
        Column::from(rows.iter().map(of).collect::<Vec<_>>())
    }

    fn float_bits(table: &Table) -> Vec<Option<u64>> {
        table.column("f").unwrap().f64s().unwrap().map(|x| x.map(f64::to_bits)).collect()
    }

    proptest! {
        /// Whole tables and slices of them, whose bits and texts begin in the middle of their buffers.
        #[test]
        fn tables_come_back(rows in rows(), start in 0_usize..40, len in 0_usize..40) {
            let table = table(&rows);
            for table in [table.slice(start, len), table] {
                let back = there_and_back(&table);
                prop_assert_eq!(&back, &table);
                prop_assert_eq!(float_bits(&back), float_bits(&table));
                prop_assert_eq!(back.nbytes(), table.nbytes());
            }
        }

        /// Whatever the numbers of the header are, the end is a table or an error.
        #[test]
        fn any_header_is_read_or_refused(rows in rows(), at in 0_usize..25, number in 0_u64..70) {
            let table = table(&rows);
            let mut blob = to_blob(&table);
            blob.header[8 * at..8 * (at + 1)].copy_from_slice(&number.to_ne_bytes());
            let mut bytes = Vec::new();
            blob.write_to(&mut bytes).unwrap();
            let _ = Table::from_blob(&mut BlobReader::new(&mut &bytes[..]).unwrap());
        }
    }

    /// Whatever is in the buffers of lists of lists, the end is a table or an error.
    #[test]
    fn any_lists_are_read_or_refused() {
        let inner = Column::from(vec![Some(vec!["a", "bc"]), None, Some(vec![])]);
        let table = Table::new([("l", Column::lists(inner, [Some(2), None, Some(1)]).unwrap())]).unwrap();
        assert_eq!(there_and_back(&table), table);
        for buffer in 0..to_blob(&table).buffers.len() {
            for word in 0..to_blob(&table).buffers[buffer].len() / 8 {
                for number in [0, 1, 2, 3, 7, 11, 100, u64::MAX] {
                    let mut blob = to_blob(&table);
                    blob.buffers[buffer].to_mut()[8 * word..8 * (word + 1)]
                        .copy_from_slice(&number.to_ne_bytes());
                    let mut bytes = Vec::new();
                    blob.write_to(&mut bytes).unwrap();
                    let _ = Table::from_blob(&mut BlobReader::new(&mut &bytes[..]).unwrap());
                }
            }
        }
    }

    #[test]
    fn rows_without_columns_and_columns_without_rows_come_back() {
        let no_columns = Table::with_rows(Schema::new([]).unwrap(), vec![], 7).unwrap();
        assert_eq!(there_and_back(&no_columns).n_rows(), 7);
        let fields = ["a", "é"].map(|name| Field::new(name, DataType::Utf8));
        let no_rows = Table::empty(Schema::new(fields).unwrap());
        assert_eq!(there_and_back(&no_rows).schema(), no_rows.schema());
        let nulls = Table::new([("n", Column::nulls(&DataType::Bool, 9))]).unwrap();
        assert_eq!(there_and_back(&nulls), nulls);
    }
}
