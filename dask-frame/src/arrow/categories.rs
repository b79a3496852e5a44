//! Known categories in the metadata of fields, since Arrow's types do not list them.

use std::collections::HashMap;

use arrow_schema::{ArrowError as Fault, Field as ArrowField};

use crate::column::{Categories, Column};
use crate::error::ArrowError;

/// Under which name a field tells the categories: whether their order has a meaning, and the texts, as JSON.
const KEY: &str = "dask_frame.categories";

/// Has a field tell the categories that are known.
pub(super) fn tell(field: ArrowField, categories: &Categories) -> ArrowField {
    if !categories.is_known() {
        return field;
    }
    let told = serde_json::to_string(categories).expect("texts and a truth value are JSON");
    let metadata = HashMap::from([(KEY.to_owned(), told)]);
    field.with_metadata(metadata).with_dict_is_ordered(categories.is_ordered())
}

/// Returns the categories that a field tells: unknown ones if it tells none.
pub(super) fn told(field: &ArrowField) -> Categories {
    let told = field.metadata().get(KEY).and_then(|told| serde_json::from_str(told).ok());
    told.unwrap_or(Categories::UNKNOWN)
}

/// Gives a column of categories those that were told.
///
/// # Errors
///
/// `Value` if it has others.
pub(super) fn among(column: Column, told: &Categories) -> Result<Column, ArrowError> {
    if !told.is_known() {
        return Ok(column);
    }
    let among = column.to_categories(told);
    if among.null_count() == column.null_count() {
        return Ok(among);
    }
    let problem = format!("a value is none of the categories {told}");
    Err(ArrowError::Value { source: Box::new(Fault::CastError(problem)) })
}
