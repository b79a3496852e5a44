//! Partitioned sequences of any Rust type.
//!
//! A [`Bag`] is a sequence cut into partitions: the lines of many files, a range of numbers, whatever an
//! iterator gives. Operations on it describe work and do nothing; a scheduler does the work, partition by
//! partition, on as many threads as there are. Within a partition a chain of operations is one pass: an
//! item goes through all steps before the next is read, and only what a reduction keeps stays in memory.
//!
//! - make one: [`read_text`] and [`ReadText`], [`Bag::from_sequence`], [`Bag::range`]
//! - item by item: [`map`](Bag::map), [`filter`](Bag::filter), [`flat_map`](Bag::flat_map), …;
//!   [`try_map`](Bag::try_map), whose errors tell the item's place; [`pipe`](Bag::pipe) for tiny steps
//! - by partition, and several bags: [`map_partitions`](Bag::map_partitions), [`zip`](Bag::zip),
//!   [`concat`](Bag::concat)
//! - to a single value, an [`Item`]: [`fold`](Bag::fold), [`count`](Bag::count), [`sum`](Bag::sum), …
//! - to a small bag: [`frequencies`](Bag::frequencies), [`foldby`](Bag::foldby),
//!   [`distinct`](Bag::distinct), [`topk`](Bag::topk)
//! - to the first few items, from as few partitions as will do: [`take`](Bag::take)
//! - to files: [`to_textfiles`](Bag::to_textfiles)
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

#![forbid(unsafe_code)]

mod bag;
mod codec;
mod error;
mod item;
mod partition;
mod stream;
mod text;

pub use bag::{Bag, Number, PartitionSize, Side, Steps};
pub use error::{BagError, ItemError, Place, ReadError, WriteError};
pub use item::Item;
pub use partition::{Partition, Partitions};
pub use text::{ReadText, read_text};
