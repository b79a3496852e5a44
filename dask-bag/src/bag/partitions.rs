//! Operations on whole partitions.

use std::error::Error;
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Token, Unpack};

use super::Bag;
use crate::stream::stored::Stored;
use crate::stream::{Collect, Flow, Pipeline, Run, Stream, collect, unpacked};

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of what `f` makes of each partition.
    ///
    /// The items of a partition are collected for it, so all of them are in memory at once.
    ///
    /// ```
    /// use dask_bag::Bag;
    /// use dask_graph::Collection;
    ///
    /// let bag = Bag::from_partitions([vec![3, 1], vec![2]]);
    /// let sorted = bag.map_partitions(|mut items| {
    ///     items.sort();
    ///     items
    /// });
    /// assert_eq!(sorted.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [1, 3, 2]);
    /// ```
    #[track_caller]
    pub fn map_partitions<I>(&self, f: impl Fn(Vec<T>) -> I + Send + Sync + 'static) -> Bag<I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Send + Sync + 'static,
    {
        let whole =
            Whole { inner: Stored::shared(), f: Arc::new(move |items| Ok(f(items))), may_fail: false };
        self.blockwise("map_partitions", Token::unique(), Pipeline::op(whole, Collect))
    }

    /// A bag of what `f` makes of each partition, where `f` may fail.
    ///
    /// The first failure ends the run; the error names the partition by its key.
    #[track_caller]
    pub fn try_map_partitions<I, E>(
        &self,
        f: impl Fn(Vec<T>) -> Result<I, E> + Send + Sync + 'static,
    ) -> Bag<I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        let f = Arc::new(move |items| f(items).map_err(OpError::failed));
        let whole = Whole { inner: Stored::shared(), f, may_fail: true };
        self.blockwise("try_map_partitions", Token::unique(), Pipeline::op(whole, Collect))
    }
}

/// The items of what a function makes of all items of another stream.
struct Whole<A, F> {
    inner: Arc<dyn Stream<A>>,
    f: Arc<F>,
    /// Whether the user's function may: it is called otherwise then.
    may_fail: bool,
}

impl<A, I, F> Stream<I::Item> for Whole<A, F>
where
    A: Send + Sync + 'static,
    I: IntoIterator + 'static,
    F: Fn(Vec<A>) -> Result<I, OpError> + Send + Sync + 'static,
{
    fn drive(
        &self,
        run: &Run,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut(I::Item) -> Flow,
    ) -> Result<(), OpError> {
        let items = collect(&*self.inner, run, args)?;
        run.at_no_item();
        if !run.failed() {
            let _ = (self.f)(items)?.into_iter().try_for_each(sink);
        }
        Ok(())
    }

    fn absorb(&self, producer: &Arc<dyn Op>, steps: usize) -> Option<Arc<dyn Stream<I::Item>>> {
        let inner = self.inner.absorb(producer, steps)?;
        Some(Arc::new(Self { inner, f: Arc::clone(&self.f), may_fail: self.may_fail }))
    }

    fn steps(&self) -> usize {
        self.inner.steps() + 1
    }

    fn n_args(&self) -> usize {
        self.inner.n_args()
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        self.inner.label(names);
        names.push(if self.may_fail { "try_map_partitions" } else { "map_partitions" });
    }

    fn is_producer(&self) -> bool {
        self.inner.is_producer()
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.part(|to| self.inner.pack(to))?;
        to.state(&self.may_fail)?;
        to.function::<fn(Vec<A>) -> Result<I, OpError>, F>(&self.f)?;
        Ok(|from| {
            let (inner, may_fail) = (from.part()?, from.state()?);
            let f = Arc::new(from.function::<fn(Vec<A>) -> Result<I, OpError>, F>()?);
            Ok(unpacked(Whole::<A, F> { inner, f, may_fail }))
        })
    }

    fn nbytes(&self, args: &[Arg]) -> Option<u64> {
        self.inner.nbytes(args)
    }
}
