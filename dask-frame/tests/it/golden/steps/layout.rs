//! Steps that say where rows are.

use dask_frame::{DataFrame, FrameError};
use serde_json::Value as Json;

pub(super) fn set_index(args: &Json, frame: &DataFrame) -> Result<DataFrame, FrameError> {
    let column = args["column"].as_str().expect("a column");
    if args["sorted"] == true { frame.set_index_sorted(column) } else { frame.set_index(column) }
}
