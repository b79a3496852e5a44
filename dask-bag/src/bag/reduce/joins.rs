//! How partial results are joined, and what is made of the last: functions that can be packed.

use dask_graph::{OpError, Packer, Refused, UnpackError, Unpacker, Value};

/// Makes one partial result of several, never of none.
pub(in crate::bag) trait Join<A>: Sized + Send + Sync + 'static {
    fn join(&self, group: Vec<A>) -> A;

    /// Packs it for another process.
    fn pack(&self, to: &mut Packer) -> Result<(), Refused>;

    /// Makes again what was packed.
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError>;
}

/// Joins partial results two by two, from the first on.
pub(super) struct Pairwise<F>(pub(super) F);

impl<A, F: Fn(A, A) -> A + Send + Sync + 'static> Join<A> for Pairwise<F> {
    fn join(&self, group: Vec<A>) -> A {
        pairwise(group, &self.0)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(A, A) -> A, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(A, A) -> A, F>().map(Self)
    }
}

pub(in crate::bag) fn pairwise<A>(group: Vec<A>, join: impl FnMut(A, A) -> A) -> A {
    match group.into_iter().reduce(join) {
        Some(joined) => joined,
        None => unreachable!("a bag has at least one partition"),
    }
}

/// Joins a group of partial results at once.
pub(super) struct Together<F>(pub(super) F);

impl<A, F: Fn(Vec<A>) -> A + Send + Sync + 'static> Join<A> for Together<F> {
    fn join(&self, group: Vec<A>) -> A {
        (self.0)(group)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(Vec<A>) -> A, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(Vec<A>) -> A, F>().map(Self)
    }
}

/// Makes the end result of all partial results joined.
pub(super) trait Finish<A>: Sized + Send + Sync + 'static {
    fn finish(&self, acc: A) -> Result<Value, OpError>;

    /// Packs it for another process.
    fn pack(&self, to: &mut Packer) -> Result<(), Refused>;

    /// Makes again what was packed.
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError>;
}

/// A function as it stands.
pub(super) struct Ending<F>(pub(super) F);

impl<A, F: Fn(A) -> Result<Value, OpError> + Send + Sync + 'static> Finish<A> for Ending<F> {
    fn finish(&self, acc: A) -> Result<Value, OpError> {
        (self.0)(acc)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(A) -> Result<Value, OpError>, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(A) -> Result<Value, OpError>, F>().map(Self)
    }
}
