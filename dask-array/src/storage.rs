//! Where elements come from and where they go.
//!
//! [`BlockSource`] and [`BlockSink`] are the doors to a storage of one's own: the files and in-memory arrays of
//! this crate use the same two.

#[cfg(any(feature = "hdf5", feature = "zarr"))]
mod alike;
mod file;
mod flat;
#[cfg(feature = "hdf5")]
mod hdf5;
#[cfg(feature = "images")]
mod images;
mod memory;
pub(crate) mod npy;
pub(crate) mod origin;
mod pending;
mod positioned;
mod raw;
mod region;
mod sink;
mod source;
mod store;
#[cfg(feature = "zarr")]
mod zarr;

pub use self::file::{FileError, FileState};
#[cfg(feature = "hdf5")]
pub use self::hdf5::{Hdf5Error, Hdf5Sink, Hdf5Source};
#[cfg(feature = "images")]
pub use self::images::ImreadError;
pub(crate) use self::memory::MemorySource;
pub use self::npy::{NpyError, NpySink, NpySource, NpyStackSink, NpyStackSource};
#[cfg(feature = "npz")]
pub use self::npy::{Npz, NpzError, NpzSource, npz_names};
pub use self::pending::ResumeError;
pub use self::raw::{ByteOrder, RawSource};
pub use self::region::{Region, Span};
pub use self::sink::{BlockSink, BlockWriter};
pub(crate) use self::source::ReadOp;
pub use self::source::{BlockSource, SourceShapeError, StorageError};
pub use self::store::Store;
#[cfg(feature = "zarr")]
pub use self::zarr::{Compression, ZarrError, ZarrSink, ZarrSource};
