//! Where elements come from and where they go.
//!
//! [`BlockSource`] and [`BlockSink`] are the doors to a storage of one's own: the files and in-memory arrays of
//! this crate use the same two.

mod memory;
pub(crate) mod npy;
pub(crate) mod origin;
mod region;
mod sink;
mod source;
#[cfg(feature = "zarr")]
mod zarr;

pub(crate) use self::memory::MemorySource;
pub use self::npy::{NpyError, NpySink, NpySource};
pub use self::region::{Region, Span};
pub use self::sink::{BlockSink, BlockWriter, Store};
pub(crate) use self::source::ReadOp;
pub use self::source::{BlockSource, SourceShapeError, StorageError};
#[cfg(feature = "zarr")]
pub use self::zarr::{Compression, ZarrError, ZarrSink, ZarrSource};
