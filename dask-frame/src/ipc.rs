//! Files of Arrow's own format read into frames and written from them.

mod read;
mod source;
mod write;

pub use read::{ReadIpc, read_ipc};
pub(crate) use source::IpcSource;
pub use write::{IpcCompression, WriteIpc};

/// What the format is called in errors.
const FORMAT: &str = "Arrow IPC";
