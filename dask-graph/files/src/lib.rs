//! Where the bytes of collections come from and go to: files of this machine, and objects of stores.
//!
//! Collections differ in what they make of bytes. What they share is here, and knows bytes only:
//!
//! - [`find`] looks up the files of a pattern, [`find_table`] also those below a directory. An [`InputFile`] is a file
//!   as it was then: reading one that changed since is an error, in this process or another.
//! - [`InputFile::open`] reads on from a place, [`InputFile::read_ranges`] reads just some stretches.
//! - A [`NewFile`] has its name when it is complete, and never before: written beside and renamed, or uploaded in parts
//!   that a store shows when the last is there.
//! - [`Compression`] packs and unpacks, known by the end of a name or by the first bytes.
//!
//! A name is a path, or an URL: `file://`, and with the feature `object-store` `s3://`, `gs://`, `az://`, `http://` and
//! `https://`. [`StorageOptions`] say how stores are reached. What speaks to stores is asynchronous, and hidden: all
//! functions here wait.
//!
//! ```
//! use dask_graph_files::{Destination, NewFile, StorageOptions, find};
//! use std::io::{Read, Write};
//!
//! let dir = tempfile::tempdir()?;
//! let (name, options) = (dir.path().join("words.txt"), StorageOptions::default());
//!
//! let mut new = NewFile::create(&Destination::new(&name, &options)?)?;
//! new.write_all(b"to be or not")?;
//! assert!(!name.exists());
//! new.finish()?;
//!
//! let words = find(&format!("{}/*.txt", dir.path().display()), &options)?.remove(0);
//! assert_eq!(words.nbytes(), 12);
//! assert_eq!(words.read_ranges(&[9..12, 0..2])?, ["not", "to"]);
//! let mut rest = String::new();
//! words.open(3..5)?.read_to_string(&mut rest)?;
//! assert_eq!(rest, "be or not");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod compression;
mod error;
mod input;
mod local;
mod options;
mod output;
#[cfg(feature = "object-store")]
mod remote;
#[cfg(feature = "s3-server")]
pub mod testing;

pub use compression::Compression;
pub use error::{CompressionError, FileError};
pub use input::{InputFile, find, find_listed, find_table, is_of_system};
pub use options::StorageOptions;
pub use output::{Destination, NewFile};
