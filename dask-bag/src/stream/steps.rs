//! The steps that there are.

use std::error::Error;

use dask_graph::{Packer, Refused, UnpackError, Unpacker};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::step::Step;
use super::step_with::StepWith;
use super::{Flow, NEXT, Of, Run};

/// What the closure makes of an item.
pub(crate) struct Map<F>(pub(crate) F);

impl<A, B, F: Fn(A) -> B + Send + Sync + 'static> Step<A> for Map<F> {
    type Out = B;
    type State = ();

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("map");
    }

    #[inline]
    fn push(&self, _: &Run, (): &mut (), item: A, out: &mut (impl FnMut(B) -> Flow + ?Sized)) -> Flow {
        out((self.0)(item))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(A) -> B, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(A) -> B, F>().map(Self)
    }
}

/// What the closure makes of an item, if it does not fail.
pub(crate) struct TryMap<F>(pub(crate) F);

impl<A, B, E, F> Step<A> for TryMap<F>
where
    E: Into<Box<dyn Error + Send + Sync>>,
    F: Fn(A) -> Result<B, E> + Send + Sync + 'static,
{
    type Out = B;
    /// Number of items seen.
    type State = u64;

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("try_map");
    }

    #[inline]
    fn push(&self, run: &Run, seen: &mut u64, item: A, out: &mut (impl FnMut(B) -> Flow + ?Sized)) -> Flow {
        match (self.0)(item) {
            Ok(item) => {
                *seen += 1;
                out(item)
            }
            Err(e) => run.fail("try_map", *seen, e.into()),
        }
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(A) -> Result<B, E>, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(A) -> Result<B, E>, F>().map(Self)
    }
}

/// Passes on the items for which the closure says `KEEP`.
pub(crate) struct Filter<F, const KEEP: bool>(pub(crate) F);

impl<A: 'static, F: Fn(&A) -> bool + Send + Sync + 'static, const KEEP: bool> Step<A> for Filter<F, KEEP> {
    type Out = A;
    type State = ();

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push(if KEEP { "filter" } else { "remove" });
    }

    #[inline]
    fn push(&self, _: &Run, (): &mut (), item: A, out: &mut (impl FnMut(A) -> Flow + ?Sized)) -> Flow {
        if (self.0)(&item) == KEEP { out(item) } else { NEXT }
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(&'static A) -> bool, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(&'static A) -> bool, F>().map(Self)
    }
}

/// What the closure returns in a `Some`.
pub(crate) struct FilterMap<F>(pub(crate) F);

impl<A, B, F: Fn(A) -> Option<B> + Send + Sync + 'static> Step<A> for FilterMap<F> {
    type Out = B;
    type State = ();

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("filter_map");
    }

    #[inline]
    fn push(&self, _: &Run, (): &mut (), item: A, out: &mut (impl FnMut(B) -> Flow + ?Sized)) -> Flow {
        (self.0)(item).map_or(NEXT, out)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(A) -> Option<B>, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(A) -> Option<B>, F>().map(Self)
    }
}

/// All that the iterator gives which the closure makes of an item.
pub(crate) struct FlatMap<F>(pub(crate) F);

impl<A, I, F> Step<A> for FlatMap<F>
where
    I: IntoIterator,
    F: Fn(A) -> I + Send + Sync + 'static,
{
    type Out = I::Item;
    type State = ();

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("flat_map");
    }

    #[inline]
    fn push(&self, _: &Run, (): &mut (), item: A, out: &mut (impl FnMut(I::Item) -> Flow + ?Sized)) -> Flow {
        (self.0)(item).into_iter().try_for_each(out)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(A) -> I, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(A) -> I, F>().map(Self)
    }
}

/// The items of an item.
pub(crate) struct Flatten;

impl<A: IntoIterator> Step<A> for Flatten {
    type Out = A::Item;
    type State = ();

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("flatten");
    }

    #[inline]
    fn push(&self, _: &Run, (): &mut (), item: A, out: &mut (impl FnMut(A::Item) -> Flow + ?Sized)) -> Flow {
        item.into_iter().try_for_each(out)
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self)
    }
}

/// What the function makes of an item and the state that came with it: a closure without captures, so that it
/// can run in other processes.
pub(crate) struct MapWith<S, F> {
    pub(crate) state: S,
    pub(crate) f: F,
}

impl<A, B, S, F> Step<A> for MapWith<S, F>
where
    S: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Fn(&S, A) -> B + Send + Sync + 'static,
{
    type Out = B;
    type State = ();

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("map_with");
    }

    #[inline]
    fn push(&self, _: &Run, (): &mut (), item: A, out: &mut (impl FnMut(B) -> Flow + ?Sized)) -> Flow {
        out((self.f)(&self.state, item))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.state)?;
        to.function::<fn(&'static S, A) -> B, F>(&self.f)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { state: from.state()?, f: from.function::<fn(&'static S, A) -> B, F>()? })
    }
}

/// Passes on the items for which the function, given the state that came with it, says so.
pub(crate) struct FilterWith<S, F> {
    pub(crate) state: S,
    pub(crate) keep: F,
}

impl<A: 'static, S, F> Step<A> for FilterWith<S, F>
where
    S: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Fn(&S, &A) -> bool + Send + Sync + 'static,
{
    type Out = A;
    type State = ();

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("filter_with");
    }

    #[inline]
    fn push(&self, _: &Run, (): &mut (), item: A, out: &mut (impl FnMut(A) -> Flow + ?Sized)) -> Flow {
        if (self.keep)(&self.state, &item) { out(item) } else { NEXT }
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.state)?;
        to.function::<fn(&'static S, &'static A) -> bool, F>(&self.keep)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { state: from.state()?, keep: from.function::<fn(&'static S, &'static A) -> bool, F>()? })
    }
}

/// What the function makes of an item and the state that came with it, if it does not fail.
pub(crate) struct TryMapWith<S, F> {
    pub(crate) state: S,
    pub(crate) f: F,
}

impl<A, B, E, S, F> Step<A> for TryMapWith<S, F>
where
    E: Into<Box<dyn Error + Send + Sync>>,
    S: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Fn(&S, A) -> Result<B, E> + Send + Sync + 'static,
{
    type Out = B;
    /// Number of items seen.
    type State = u64;

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("try_map_with");
    }

    #[inline]
    fn push(&self, run: &Run, seen: &mut u64, item: A, out: &mut (impl FnMut(B) -> Flow + ?Sized)) -> Flow {
        match (self.f)(&self.state, item) {
            Ok(item) => {
                *seen += 1;
                out(item)
            }
            Err(e) => run.fail("try_map_with", *seen, e.into()),
        }
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.state)?;
        to.function::<fn(&'static S, A) -> Result<B, E>, F>(&self.f)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { state: from.state()?, f: from.function::<fn(&'static S, A) -> Result<B, E>, F>()? })
    }
}

/// All that the iterator gives which the function makes of an item and the state that came with it.
pub(crate) struct FlatMapWith<S, F> {
    pub(crate) state: S,
    pub(crate) f: F,
}

impl<A, I, S, F> Step<A> for FlatMapWith<S, F>
where
    I: IntoIterator,
    S: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Fn(&S, A) -> I + Send + Sync + 'static,
{
    type Out = I::Item;
    type State = ();

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("flat_map_with");
    }

    #[inline]
    fn push(&self, _: &Run, (): &mut (), item: A, out: &mut (impl FnMut(I::Item) -> Flow + ?Sized)) -> Flow {
        (self.f)(&self.state, item).into_iter().try_for_each(out)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.state)?;
        to.function::<fn(&'static S, A) -> I, F>(&self.f)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { state: from.state()?, f: from.function::<fn(&'static S, A) -> I, F>()? })
    }
}

/// What the function makes of an item and a value that the graph computes.
pub(crate) struct MapWithItem<S, F> {
    pub(crate) f: F,
    pub(crate) item: Of<S>,
}

impl<A, B, S, F> StepWith<A> for MapWithItem<S, F>
where
    A: 'static,
    S: Send + Sync + 'static,
    F: Fn(&S, A) -> B + Send + Sync + 'static,
{
    type Out = B;
    type Given = S;
    type State = ();
    const LABEL: &'static str = "map_with_item";

    fn start(&self, _: &S) {}

    fn push(&self, item: &S, (): &mut (), of: A, out: &mut dyn FnMut(B) -> Flow) -> Flow {
        out((self.f)(item, of))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(&'static S, A) -> B, F>(&self.f)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { f: from.function::<fn(&'static S, A) -> B, F>()?, item: Of::default() })
    }
}
