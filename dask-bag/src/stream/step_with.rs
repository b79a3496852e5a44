//! Steps that have one more argument of the task at hand: a table, a single value, a seed.

use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, UnpackError, Unpacker};

use super::{Flow, Run, Stream, for_each, unpacked};

/// What is done with one item, given something that is the same for all items of a partition.
pub(crate) trait StepWith<A>: Send + Sync + 'static {
    /// What it passes on.
    type Out;

    /// The type of the argument.
    type Given: 'static;

    /// What it remembers within one partition.
    type State;

    /// The name of the operation.
    const LABEL: &'static str;

    fn start(&self, given: &Self::Given) -> Self::State;

    /// Takes `item` and gives `out` whatever becomes of it.
    fn push(
        &self,
        given: &Self::Given,
        state: &mut Self::State,
        item: A,
        out: &mut dyn FnMut(Self::Out) -> Flow,
    ) -> Flow;

    /// Packs the functions of the user, for another process.
    fn pack(&self, to: &mut Packer) -> Result<(), Refused>;

    /// Makes again what was packed.
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError>
    where
        Self: Sized;
}

/// A stream whose items go through one more step, which takes the argument after those of the stream.
pub(crate) struct SteppedWith<A, S> {
    inner: Arc<dyn Stream<A>>,
    step: Arc<S>,
}

impl<A, S: StepWith<A>> SteppedWith<A, S> {
    pub(crate) fn new(inner: Arc<dyn Stream<A>>, step: Arc<S>) -> Self {
        Self { inner, step }
    }
}

impl<A: Send + Sync + 'static, S: StepWith<A>> Stream<S::Out> for SteppedWith<A, S>
where
    S::Out: 'static,
{
    fn drive(
        &self,
        run: &Run,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut(S::Out) -> Flow,
    ) -> Result<(), OpError> {
        let at = self.inner.n_args();
        let given = args.take_value(at)?;
        let given = given.get::<S::Given>().map_err(|source| OpError::Argument { at, source })?;
        let mut state = self.step.start(given);
        for_each(&*self.inner, run, args, |item| self.step.push(given, &mut state, item, sink))
    }

    fn absorb(&self, producer: &Arc<dyn Op>, steps: usize) -> Option<Arc<dyn Stream<S::Out>>> {
        let inner = self.inner.absorb(producer, steps)?;
        Some(Arc::new(Self::new(inner, Arc::clone(&self.step))))
    }

    fn steps(&self) -> usize {
        self.inner.steps() + 1
    }

    fn n_args(&self) -> usize {
        self.inner.n_args() + 1
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        self.inner.label(names);
        names.push(S::LABEL);
    }

    fn is_producer(&self) -> bool {
        self.inner.is_producer()
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.part(|to| self.inner.pack(to))?;
        self.step.pack(to)?;
        Ok(|from| {
            let inner: Arc<dyn Stream<A>> = from.part()?;
            let step = Arc::new(S::unpack(from)?);
            Ok(unpacked(SteppedWith::new(inner, step)))
        })
    }

    fn nbytes(&self, args: &[Arg]) -> Option<u64> {
        // As with other steps: what it makes of its items cannot be known.
        self.inner.nbytes(args)
    }
}
