//! Frames written by their partitions, each where it is computed.

#[cfg(any(feature = "ipc", feature = "parquet"))]
mod directory;
mod files;
mod staging;

use std::sync::Arc;

use dask_graph::{
    Arg, Collection, ComputeError, Graph, Key, Materialized, Name, Op, RunOptions, Scheduler, Task, Token,
};

#[cfg(any(feature = "ipc", feature = "parquet"))]
pub(crate) use directory::{PartDirectory, StagedDirectory};
#[cfg(feature = "ipc")]
pub(crate) use files::NextPart;
pub(crate) use files::{Parts, StagedFiles, compression, concatenate};

/// Has `op` write every partition (its first argument) as part of its number (its second); returns how many there are.
pub(crate) fn write_parts(
    label: &str,
    op: Arc<dyn Op>,
    partitions: &impl Collection,
    scheduler: &dyn Scheduler,
    options: &RunOptions,
) -> Result<usize, ComputeError> {
    // Writing is an effect: two calls are never one task, whatever they write.
    let name = Name::from_token(label, Token::unique());
    let mut layer = Materialized::new(name.clone());
    let keys = partitions.keys().into_iter().enumerate().map(|(at, part)| {
        let key = Key::new(&name, &[at as u32]);
        layer.insert(key.clone(), Task::new(Arc::clone(&op), [Arg::key(part), Arg::value(at)]));
        key
    });
    let keys = keys.collect::<Vec<_>>();
    Graph::with_inputs(layer, [partitions.graph()]).values(&keys, scheduler, options)?;
    Ok(keys.len())
}

/// Returns letters that no other run of this program or another will use.
#[cfg(any(feature = "ipc", feature = "parquet"))]
fn run_id() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", now.as_nanos(), std::process::id())
}
