//! Rows made to several, and rows chosen at random.

use std::sync::Arc;

use crate::column::{Column, Mask, NO_ROW, Utf8Builder, View};
use crate::error::EvalError;
use crate::hash;
use crate::schema::Schema;
use crate::table::Table;

/// Makes a row for each part of a text between separators.
pub(super) fn explode(
    table: &Table,
    column: &Arc<str>,
    separator: &str,
    schema: &Schema,
) -> Result<Table, EvalError> {
    let texts = table.column(column)?;
    let View::Utf8(values) = texts.view() else { unreachable!("what is cut was checked to be texts") };
    let mut parts = Utf8Builder::with_capacity(texts.len());
    let mut rows = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        if texts.is_null(row) {
            parts.push_null();
            rows.push(row as u32);
            continue;
        }
        for part in values.get(row).split(separator) {
            parts.push(part.as_bytes());
            rows.push(row as u32);
        }
    }
    debug_assert!(!rows.contains(&NO_ROW));
    let mut parts = Some(parts.finish().expect("a part of a text between texts is a text"));
    let columns = table.schema().names().zip(table.columns()).map(|(name, values)| match *name == **column {
        true => parts.take().expect("a name is there once"),
        false => values.take(&rows),
    });
    Ok(Table::with_rows(schema.clone(), columns.collect::<Vec<Column>>(), rows.len())?)
}

/// Keeps the rows whose random number, made of their number and the seed, is in a range.
pub(super) fn sample(
    table: &Table,
    number: &Arc<str>,
    [from, to]: [f64; 2],
    seed: u64,
) -> Result<Table, EvalError> {
    let View::Int64(numbers) = table.column(number)?.view() else { unreachable!("rows are numbered") };
    let seed = hash::word(seed);
    let random = |row: usize| {
        // Twice, since a hash of words that differ by one is less than random.
        let bits = hash::word(hash::combine(seed, hash::word(numbers[row] as u64)));
        (bits >> 11) as f64 / (1u64 << 53) as f64
    };
    Ok(table.filter(&Mask::from_fn(table.n_rows(), |row| (from..to).contains(&random(row)))))
}
