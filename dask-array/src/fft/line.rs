//! The transform of a block, line by line.

use std::marker::PhantomData;

use dask_graph::{Arg, Args, OpError, Value};
use ndarray::{ArrayD, ArrayView1, ArrayViewD, ArrayViewMut1, Axis, IxDyn};
use serde::{Deserialize, Serialize};

use super::transform::Transform;
use crate::block::Block;
use crate::element::Element;
use crate::kernel::{Kernel, encoded_payload};
use crate::product::MisfitError;

/// What is done with each line along an axis.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) axis: usize,
    /// The length of the transform.
    pub(super) n: usize,
    /// The length of a line of the result.
    pub(super) out: usize,
    pub(super) scale: f64,
    /// The size of the largest block of the result.
    pub(super) nbytes: u64,
}

encoded_payload!(Line, |it| size_of_val(it));

/// From what to what.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Complex to complex.
    Complex { inverse: bool },
    /// Real to complex, the second half left out or not.
    OfReal { conjugate: bool, half: bool },
    /// The first half of a complex line, or its conjugate, to a real line.
    ToReal { conjugate: bool },
}

impl Kind {
    /// A number for each.
    pub(super) fn number(self) -> u32 {
        match self {
            Kind::Complex { inverse } => u32::from(inverse),
            Kind::OfReal { conjugate, half } => 2 + u32::from(conjugate) + 2 * u32::from(half),
            Kind::ToReal { conjugate } => 6 + u32::from(conjugate),
        }
    }
}

/// Transforms the lines of a block.
pub(super) struct Lines<T>(PhantomData<fn() -> T>);

impl<T: Transform> Kernel for Lines<T> {
    const NAME: &'static str = "fft";

    fn output_nbytes(args: &[Arg]) -> Option<u64> {
        let Arg::Value(line) = args.get(1)? else { return None };
        Some(line.downcast_ref::<Line>()?.nbytes)
    }

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let line = args.get::<Line>(1)?;
        match line.kind {
            Kind::Complex { inverse } => {
                let mut memory = vec![T::Complex::default(); line.n];
                each(args.get::<Block<T::Complex>>(0)?.view(), line, |from, mut to| {
                    match to.as_slice_mut() {
                        // In the place where the result belongs.
                        Some(slice) => {
                            fill(slice, from);
                            T::transform(slice, inverse);
                            slice.iter_mut().for_each(|z| *z = scaled::<T>(*z, line.scale));
                        }
                        None => {
                            fill(&mut memory, from);
                            T::transform(&mut memory, inverse);
                            write(&mut to, memory.iter().map(|&z| scaled::<T>(z, line.scale)));
                        }
                    }
                })
            }
            Kind::OfReal { conjugate, half } => {
                let mut real = vec![T::default(); line.n];
                let mut spectrum = vec![T::Complex::default(); line.n / 2 + 1];
                each(args.get::<Block<T>>(0)?.view(), line, |from, mut to| {
                    fill(&mut real, from);
                    T::transform_real(&mut real, &mut spectrum);
                    let value = |z: T::Complex, turned: bool| {
                        let (re, im) = T::parts(scaled::<T>(z, line.scale));
                        T::complex(re, if turned { T::scaled(im, -1.0) } else { im })
                    };
                    let first = spectrum.iter().map(|&z| value(z, conjugate));
                    if half {
                        return write(&mut to, first);
                    }
                    let rest = (1..line.n.div_ceil(2)).rev().map(|at| value(spectrum[at], !conjugate));
                    write(&mut to, first.chain(rest));
                })
            }
            Kind::ToReal { conjugate } => {
                let mut spectrum = vec![T::Complex::default(); line.n / 2 + 1];
                let mut real = vec![T::default(); line.n];
                each(args.get::<Block<T::Complex>>(0)?.view(), line, |from, mut to| {
                    fill(&mut spectrum, from);
                    let last = if line.n.is_multiple_of(2) { line.n / 2 } else { 0 };
                    for (at, z) in spectrum.iter_mut().enumerate() {
                        let (re, im) = T::parts(*z);
                        // Those are real in the transform of a real line; numpy takes them for it, too.
                        let im = if at == 0 || at == last { T::default() } else { im };
                        *z = T::complex(re, if conjugate { T::scaled(im, -1.0) } else { im });
                    }
                    T::transform_to_real(&mut spectrum, &mut real);
                    write(&mut to, real.iter().map(|&x| T::scaled(x, line.scale)));
                })
            }
        }
    }
}

fn scaled<T: Transform>(z: T::Complex, factor: f64) -> T::Complex {
    if factor == 1.0 {
        return z;
    }
    let (re, im) = T::parts(z);
    T::complex(T::scaled(re, factor), T::scaled(im, factor))
}

/// Takes the first elements of a line, and zeros behind its end.
fn fill<A: Element>(to: &mut [A], from: ArrayView1<'_, A>) {
    let n = to.len().min(from.len());
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from;
    }
    to[n..].fill(A::default());
}

fn write<A: Element>(to: &mut ArrayViewMut1<'_, A>, from: impl Iterator<Item = A>) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from;
    }
}

/// Makes a block of another, line by line.
fn each<A: Element, B: Element>(
    from: ArrayViewD<'_, A>,
    line: &Line,
    mut transform: impl FnMut(ArrayView1<'_, A>, ArrayViewMut1<'_, B>),
) -> Result<Value, OpError> {
    let mut shape = from.shape().to_vec();
    let left = shape.clone();
    *shape
        .get_mut(line.axis)
        .ok_or_else(|| OpError::failed(MisfitError { left, right: vec![line.axis] }))? = line.out;
    let mut out = ArrayD::from_elem(IxDyn(&shape), B::default());
    let axis = Axis(line.axis);
    if from.len_of(axis) == 0 {
        // Nothing but zeros, whose transform they are.
        return Ok(Block::new(out).into());
    }
    for (from, to) in from.lanes(axis).into_iter().zip(out.lanes_mut(axis)) {
        transform(from, to);
    }
    Ok(Block::new(out).into())
}
