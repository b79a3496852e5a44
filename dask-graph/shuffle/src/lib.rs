//! Records from many tasks to many others: the exchange behind group-by, joins and sorts of every collection.
//!
//! What is exchanged is bytes; what they mean, and which target a record has, only the collection knows. A shuffle
//! of `n` tasks to `m` targets is this graph:
//!
//! ```text
//!            ┌─ split 0 ─┐             ┌─ gather 0
//!   open ────┼─   ...    ┼── exchange ─┼─   ...
//!            └─ split n ─┘             └─ gather m
//! ```
//!
//! - `open` ([`open_task`]) makes a directory, in the process that started the run. It is removed when the last task
//!   that takes it has ended, however the run ends.
//! - a split has a [`Writer`], which keeps records in memory until they are too many, then appends them to its one
//!   file, sorted by target. The file ends with an index; the [`Written`] that stands for it says where, and counts.
//! - `exchange` ([`exchange_task`]) puts these together. So there are n + m edges in the graph, not n·m.
//! - a gather takes the directory and the [`Exchange`] and reads the records of one target out of all files
//!   ([`Exchange::read`]), in the order of the splits and of their writing.
//!
//! Where a collection can keep what is exchanged as it is, and hand it over without making bytes of it, it asks for
//! [`Room`] first, and writes what finds none.
//!
//! Records that are read are counted against those that were written, always, and each stretch of a file has a
//! checksum: what went missing on the way is an error and never a smaller result.
//!
//! The directory alone belongs to somebody. Splits that run in worker processes, and those that are run again since
//! their worker died, write files of new names into it; what nobody stands for goes with the directory. A directory
//! that a killed program has left is removed by the next that makes one beside it.
//!
//! ```
//! use dask_graph_shuffle::{Directory, Exchange, Writer};
//!
//! let directory = Directory::new(None)?;
//! let mut written = Vec::new();
//! for words in [["to", "be"], ["or", "not"]] {
//!     let mut writer = Writer::new(&directory, 4, Writer::MEMORY);
//!     for word in words {
//!         writer.push(word.len() as u32, word.as_bytes())?;
//!     }
//!     written.push(writer.finish()?);
//! }
//! let exchange = Exchange::of(written, 4)?;
//! let mut two_letters = exchange.read(&directory, 2);
//! let mut read = Vec::new();
//! while let Some(word) = two_letters.next_record()? {
//!     read.push(String::from_utf8(word.to_vec())?);
//! }
//! assert_eq!(read, ["to", "be", "or"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod directory;
mod error;
mod exchange;
mod file;
mod reader;
mod room;
mod tasks;
mod writer;

pub use directory::Directory;
pub use error::ShuffleError;
pub use exchange::{Exchange, Written};
pub use reader::Records;
pub use room::Room;
pub use tasks::{exchange_task, open_task};
pub use writer::Writer;
