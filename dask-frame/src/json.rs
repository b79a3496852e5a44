//! JSON lines, an object a line, read into frames and written from them.

mod guess;
mod read;
mod rows;
mod source;
mod write;

pub use read::{ReadJson, read_json};
pub(crate) use source::JsonSource;
pub use write::WriteJson;
