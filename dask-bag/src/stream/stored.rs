//! The stream that reads a stored partition: where every unfused pipeline starts.

use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack};

use super::{BATCH, Flow, Of, Run, Stream, stream_of, unpacked};
use crate::partition::Partition;

/// The items of the partition that is the task's first argument.
///
/// They are moved out when this task is the last to use the partition, and cloned as they are needed otherwise.
pub(crate) struct Stored<T>(Of<T>);

impl<T> Stored<T> {
    pub(crate) fn new() -> Self {
        Self(Of::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Stored<T> {
    /// The stream to put a step on.
    pub(crate) fn shared() -> Arc<dyn Stream<T>> {
        Arc::new(Self::new())
    }
}

impl<T: Clone + Send + Sync + 'static> Stream<T> for Stored<T> {
    fn drive(&self, _run: &Run, args: &mut Args<'_>, sink: &mut dyn FnMut(T) -> Flow) -> Result<(), OpError> {
        self.drive_batches(args, &mut |batch| batch.into_iter().try_for_each(&mut *sink)).map(drop)
    }

    fn drive_batches(
        &self,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut(Vec<T>) -> Flow,
    ) -> Result<bool, OpError> {
        match args.take_unique::<Partition<T>>(0)? {
            Ok(partition) => {
                let _ = sink(partition.into_items());
            }
            Err(shared) => {
                let partition =
                    shared.get::<Partition<T>>().map_err(|source| OpError::Argument { at: 0, source })?;
                let _ = partition.items().chunks(BATCH).try_for_each(|batch| sink(batch.to_vec()));
            }
        }
        Ok(true)
    }

    fn absorb(&self, producer: &Arc<dyn Op>, steps: usize) -> Option<Arc<dyn Stream<T>>> {
        stream_of(producer, steps)
    }

    fn steps(&self) -> usize {
        0
    }

    fn label(&self, _names: &mut Vec<&'static str>) {}

    fn is_producer(&self) -> bool {
        false
    }

    fn len(&self, args: &Args<'_>) -> Result<Option<u64>, OpError> {
        Ok(Some(args.get::<Partition<T>>(0)?.items().len() as u64))
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(unpacked(Stored::<T>::new())))
    }

    fn nbytes(&self, args: &[Arg]) -> Option<u64> {
        match args.first() {
            Some(Arg::Value(partition)) => Some(partition.nbytes()),
            _ => None,
        }
    }
}
