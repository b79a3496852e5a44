//! Rows made to several, and rows chosen at random.

use std::sync::Arc;

use crate::column::{Column, Lists, Mask, NO_ROW, Strs, Utf8Builder, View};
use crate::error::{EvalError, FrameError};
use crate::hash;
use crate::schema::Schema;
use crate::table::Table;

/// Makes a row for each value of a list, or for each part of a text between separators.
pub(super) fn explode(
    table: &Table,
    column: &Arc<str>,
    separator: Option<&str>,
    schema: &Schema,
) -> Result<Table, EvalError> {
    let of = table.column(column)?;
    let (parts, rows) = match (of.view(), separator) {
        (View::List(lists), _) => values_of(lists)?,
        (View::Utf8(texts), Some(separator)) => parts_of(of, texts, separator),
        _ => unreachable!("what has several rows was checked to be lists or texts"),
    };
    let mut parts = Some(parts);
    let columns = table.schema().names().zip(table.columns()).map(|(name, values)| match *name == **column {
        true => parts.take().expect("a name is there once"),
        false => values.take(&rows),
    });
    Ok(Table::with_rows(schema.clone(), columns.collect::<Vec<Column>>(), rows.len())?)
}

/// Returns the values of lists, and the row of each. A list without values has one that is missing, as a missing one has.
fn values_of(lists: &Lists) -> Result<(Column, Vec<u32>), EvalError> {
    let (mut values, mut rows) = (Vec::new(), Vec::new());
    for row in 0..lists.len() {
        let range = lists.range(row);
        if range.end >= NO_ROW as usize {
            return Err(FrameError::TooManyRows { rows: lists.values().len() }.into());
        }
        let before = values.len();
        values.extend(range.map(|value| value as u32));
        if values.len() == before {
            values.push(NO_ROW);
        }
        rows.resize(values.len(), row as u32);
    }
    Ok((lists.values().take(&values), rows))
}

/// Returns the parts of texts between separators, and the row of each.
fn parts_of(texts: &Column, values: Strs<'_>, separator: &str) -> (Column, Vec<u32>) {
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
    (parts.finish().expect("a part of a text between texts is a text"), rows)
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
