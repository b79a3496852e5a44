//! Steps: what happens to one item on its way.

use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, UnpackError, Unpacker};

use super::{Flow, Run, Stream, for_each, unpacked};

/// What is done with one item: passed on, dropped, changed, made many.
///
/// Steps are generic over what comes next, so that two of them compose without an indirect call.
///
/// Public because [`Steps`](crate::Steps) shows it, but without a name outside of this crate.
pub trait Step<A>: Send + Sync + 'static {
    /// What it passes on.
    type Out;

    /// What it remembers within one partition.
    type State: Default;

    /// Writes the name of the operation, or names, first one first.
    fn label(&self, names: &mut Vec<&'static str>);

    /// Takes `item` and gives `out` whatever becomes of it.
    fn push(
        &self,
        run: &Run,
        state: &mut Self::State,
        item: A,
        out: &mut (impl FnMut(Self::Out) -> Flow + ?Sized),
    ) -> Flow;

    /// Packs the functions of the user, for another process.
    fn pack(&self, to: &mut Packer) -> Result<(), Refused>;

    /// Makes again what was packed.
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError>
    where
        Self: Sized;
}

/// One step after another, composed when the program is compiled.
pub(crate) struct Then<S, N>(pub(crate) S, pub(crate) N);

impl<A, S: Step<A>, N: Step<S::Out>> Step<A> for Then<S, N> {
    type Out = N::Out;
    type State = (S::State, N::State);

    fn label(&self, names: &mut Vec<&'static str>) {
        self.0.label(names);
        self.1.label(names);
    }

    #[inline]
    fn push(
        &self,
        run: &Run,
        (first, next): &mut Self::State,
        item: A,
        out: &mut (impl FnMut(N::Out) -> Flow + ?Sized),
    ) -> Flow {
        self.0.push(run, first, item, &mut |item| self.1.push(run, next, item, out))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        self.0.pack(to)?;
        self.1.pack(to)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self(S::unpack(from)?, N::unpack(from)?))
    }
}

/// No step: passes every item on.
pub struct Pass;

impl<A> Step<A> for Pass {
    type Out = A;
    type State = ();

    fn label(&self, _names: &mut Vec<&'static str>) {}

    #[inline]
    fn push(&self, _: &Run, (): &mut (), item: A, out: &mut (impl FnMut(A) -> Flow + ?Sized)) -> Flow {
        out(item)
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self)
    }
}

/// A stream whose items go through one more step.
pub(crate) struct Stepped<A, S> {
    inner: Arc<dyn Stream<A>>,
    step: Arc<S>,
    /// Of this step and those before it.
    steps: usize,
}

impl<A, S: Step<A>> Stepped<A, S> {
    pub(crate) fn new(inner: Arc<dyn Stream<A>>, step: Arc<S>) -> Self {
        Self { steps: inner.steps() + 1, inner, step }
    }
}

impl<A: Send + Sync + 'static, S: Step<A>> Stream<S::Out> for Stepped<A, S>
where
    S::Out: 'static,
{
    fn drive(
        &self,
        run: &Run,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut(S::Out) -> Flow,
    ) -> Result<(), OpError> {
        let mut state = S::State::default();
        for_each(&*self.inner, run, args, |item| self.step.push(run, &mut state, item, sink))
    }

    fn absorb(&self, producer: &Arc<dyn Op>, steps: usize) -> Option<Arc<dyn Stream<S::Out>>> {
        let inner = self.inner.absorb(producer, steps)?;
        Some(Arc::new(Self::new(inner, Arc::clone(&self.step))))
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn n_args(&self) -> usize {
        self.inner.n_args()
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        self.inner.label(names);
        self.step.label(names);
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
            Ok(unpacked(Stepped::new(inner, step)))
        })
    }

    fn nbytes(&self, args: &[Arg]) -> Option<u64> {
        // What a step makes of its items cannot be known; as many bytes as came in is the best guess.
        self.inner.nbytes(args)
    }
}
