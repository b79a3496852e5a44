//! Partitioned sequences of any Rust type.
//!
//! A [`Bag`] is a sequence cut into partitions: the lines of many files, a range of numbers, whatever an
//! iterator gives. Operations on it describe work and do nothing; a scheduler does the work, partition by
//! partition, on as many threads as there are. Within a partition a chain of operations is one pass: an
//! item goes through all steps before the next is read, and only what a reduction keeps stays in memory.
//!
//! - make one: [`read_text`] and [`ReadText`], [`read_json`], [`read_avro`], [`Bag::from_sequence`], [`Bag::range`]
//! - item by item: [`map`](Bag::map), [`filter`](Bag::filter), [`flat_map`](Bag::flat_map), …;
//!   [`try_map`](Bag::try_map), whose errors tell the item's place; [`pipe`](Bag::pipe) for tiny steps
//! - texts and JSON values: [`str`](Bag::str), [`pluck`](Bag::pluck) (feature `json`)
//! - by partition: [`map_partitions`](Bag::map_partitions), [`repartition`](Bag::repartition),
//!   [`accumulate`](Bag::accumulate), [`random_sample`](Bag::random_sample)
//! - several bags: [`zip`](Bag::zip), [`concat`](Bag::concat), [`product`](Bag::product), [`join`](Bag::join)
//! - to a single value, an [`Item`]: [`fold`](Bag::fold), [`count`](Bag::count), [`sum`](Bag::sum), …
//! - to a small bag: [`frequencies`](Bag::frequencies), [`word_frequencies`](Strings::word_frequencies),
//!   [`foldby`](Bag::foldby), [`distinct`](Bag::distinct), [`topk`](Bag::topk); to a large one with
//!   [`split_out`](Bag::split_out)
//! - exchanged by key, through files and in bounded memory: [`groupby`](Bag::groupby),
//!   [`partition_by`](Bag::partition_by), [`join_shuffled`](Bag::join_shuffled)
//! - to the first few items, from as few partitions as will do: [`take`](Bag::take)
//! - to files: [`to_textfiles`](Bag::to_textfiles) and [`WriteText`], [`to_jsonl`](Bag::to_jsonl),
//!   [`to_avro`](Bag::to_avro)
//! - to frames and from them: [`to_columns`](Bag::to_columns), [`from_columns`](Bag::from_columns)
//!
//! Files may be compressed ([`Compression`]), in any encoding ([`ReadText::encoding`]), and objects of a store, named
//! by URL ([`ReadText::new`]). What takes long to build is a feature of the crate: `json` and `bz2` are on by default,
//! `avro`, `object-store`, `xz` and `zstd` are not.
//!
//! ```
//! use dask_bag::ReadText;
//! use dask_graph::Collection;
//! use dask_sched_sync::Sync;
//!
//! let dir = tempfile::tempdir()?;
//! std::fs::write(dir.path().join("2024.csv"), "JFK,LAX\nJFK,SFO\n")?;
//! std::fs::write(dir.path().join("2025.csv"), "JFK,LAX\n")?;
//!
//! let flights = ReadText::new(format!("{}/*.csv", dir.path().display()));
//! let routes = flights.lines()?.filter(|line| line.starts_with("JFK")).frequencies();
//! let busiest = routes.topk_by_key(1, |(_, flights)| *flights);
//! assert_eq!(busiest.compute_with(&Sync::new())?, [("JFK,LAX".to_string(), 2)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In worker processes
//!
//! Closures that capture nothing run in other processes as they stand. One that captures something is refused
//! before anything runs:
//!
//! ```text
//! task ('map-…', 0) cannot be run in another process in `map` of layer map-…, written at src/main.rs:9:22: `map`
//! cannot leave the process: the closure captures state, which cannot be taken out of it: give that state to the task as
//! an argument, use a method with state such as `map_with`, or run it on threads
//! ```
//!
//! [`map_with`](Bag::map_with), [`filter_with`](Bag::filter_with), [`try_map_with`](Bag::try_map_with) and
//! [`flat_map_with`](Bag::flat_map_with) take the state beside the closure, and
//! [`map_with_item`](Bag::map_with_item) one that the graph computes. Items are sent if their type is one of the
//! usual ones or was told by [`make_portable`](dask_graph::make_portable).
//!
//! # Errors and panics
//!
//! The error of a step that may fail is an [`ItemError`]: the step, the number of the item among those that it got,
//! and the line of the file where one pass goes that far back. A panic in a closure ends the run with its message
//! and the number of the item among those that the task was given. The key in the run's error tells the partition.

#![forbid(unsafe_code)]

#[cfg(feature = "avro")]
mod avro;
mod bag;
mod codec;
mod error;
mod input;
mod item;
mod output;
mod partition;
mod stream;
mod text;

#[cfg(feature = "avro")]
pub use avro::{AvroCodec, ReadAvro, read_avro};
#[cfg(feature = "json")]
pub use bag::Field;
pub use bag::{Bag, Countable, Number, PartitionSize, Side, Steps, Strings};
pub use dask_graph_files::{Compression, FileError};
#[cfg(feature = "avro")]
pub use error::AvroError;
pub use error::{
    BagError, CompressionError, EncodingError, FieldError, FieldsError, ItemError, Place, ReadError,
    RecordError, RowError, WriteError,
};
pub use item::Item;
pub use partition::{Partition, Partitions};
#[cfg(feature = "json")]
pub use text::{BadLine, JsonError, read_json};
pub use text::{ReadText, WriteText, read_text};
