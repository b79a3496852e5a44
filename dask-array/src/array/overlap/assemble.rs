//! Putting an enlarged block together.

use std::marker::PhantomData;
use std::ops::Range;

use dask_graph::{Arg, Args, List, OpError, Value};
use ndarray::{CowArray, IxDyn, Slice, arr0};
use serde::{Deserialize, Serialize};

use super::depth::Boundary;
use crate::block::Block;
use crate::block::grid::assemble;
use crate::chunks::{indices, overlaps};
use crate::element::{Element, Scalar};
use crate::kernel::{Kernel, encoded_payload};

/// Cells of an enlarged block before and behind the block itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Reach {
    pub(super) before: usize,
    pub(super) behind: usize,
}

/// Cells that lie next to each other along one axis, and come from one place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    len: usize,
    from: Fill,
}

/// Where cells come from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Fill {
    /// Elements of a block, from `start` on: forwards, backwards (-1), or the same one again and again (0).
    Block { block: u32, start: usize, step: i8 },
    /// A number.
    Number(Scalar),
}

impl Run {
    /// The cells of enlarged block `at` along an axis with these bounds of blocks, first to last.
    pub(super) fn all<A: Element>(
        starts: &[usize],
        at: usize,
        reach: Reach,
        boundary: Boundary<A>,
    ) -> Vec<Run> {
        let n = starts[starts.len() - 1];
        let (from, to) = (starts[at].saturating_sub(reach.before), starts[at + 1] + reach.behind);
        let (before, behind) = (reach.before.saturating_sub(starts[at]), to.saturating_sub(n));
        let mut runs = Vec::new();
        match boundary {
            Boundary::Reflect => {
                runs.extend(forwards(starts, 0..before).into_iter().rev().map(Run::backwards))
            }
            Boundary::Periodic => runs.extend(forwards(starts, n - before..n)),
            Boundary::Nearest => runs.extend(Run::repeated(starts, 0, before)),
            Boundary::Constant(number) => runs.extend(Run::number(number, before)),
            Boundary::None => {}
        }
        runs.extend(forwards(starts, from..to.min(n)));
        match boundary {
            Boundary::Reflect => {
                runs.extend(forwards(starts, n - behind..n).into_iter().rev().map(Run::backwards));
            }
            Boundary::Periodic => runs.extend(forwards(starts, 0..behind)),
            Boundary::Nearest => runs.extend(Run::repeated(starts, n.saturating_sub(1), behind)),
            Boundary::Constant(number) => runs.extend(Run::number(number, behind)),
            Boundary::None => {}
        }
        runs
    }

    /// The same elements, last to first.
    fn backwards(self) -> Run {
        let from = match self.from {
            Fill::Block { block, start, .. } => Fill::Block { block, start: start + self.len - 1, step: -1 },
            number @ Fill::Number(_) => number,
        };
        Run { from, ..self }
    }

    fn repeated(starts: &[usize], position: usize, len: usize) -> Option<Run> {
        let one = forwards(starts, position..position + 1).pop().filter(|_| len > 0)?;
        let Fill::Block { block, start, .. } = one.from else { return None };
        Some(Run { len, from: Fill::Block { block, start, step: 0 } })
    }

    fn number<A: Element>(number: A, len: usize) -> Option<Run> {
        (len > 0).then(|| Run { len, from: Fill::Number(number.to_scalar()) })
    }

    fn block(&self) -> Option<u32> {
        match self.from {
            Fill::Block { block, .. } => Some(block),
            Fill::Number(_) => None,
        }
    }
}

fn forwards(starts: &[usize], range: Range<usize>) -> Vec<Run> {
    let piece = |(block, range): (u32, Range<usize>)| Run {
        len: range.len(),
        from: Fill::Block { block, start: range.start, step: 1 },
    };
    overlaps(starts, range).into_iter().map(piece).collect()
}

/// How an enlarged block is put together: runs along each axis, whose products are boxes. Numbers of blocks are
/// places among those that the task is given.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Assembly {
    axes: Vec<Vec<Run>>,
    /// Numbers of given blocks along the axes.
    counts: Vec<u32>,
}

encoded_payload!(Assembly, |it| it.axes.iter().map(|runs| size_of_val(&**runs)).sum::<usize>());

impl Assembly {
    /// The assembly out of these runs, and the blocks that it needs along each axis.
    pub(super) fn new(mut axes: Vec<Vec<Run>>) -> (Self, Vec<Vec<u32>>) {
        let mut all = Vec::with_capacity(axes.len());
        for runs in &mut axes {
            let mut blocks: Vec<u32> = runs.iter().filter_map(Run::block).collect();
            blocks.sort_unstable();
            blocks.dedup();
            for run in runs {
                if let Fill::Block { block, .. } = &mut run.from {
                    *block = blocks.partition_point(|known| known < block) as u32;
                }
            }
            all.push(blocks);
        }
        let counts = all.iter().map(|blocks| blocks.len() as u32).collect();
        (Self { axes, counts }, all)
    }

    fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|runs| runs.iter().map(|run| run.len).sum()).collect()
    }

    /// The place of a block in row-major order among those that are given.
    fn place(&self, block: impl Iterator<Item = u32>) -> usize {
        block.zip(&self.counts).fold(0, |place, (at, &n)| place * n as usize + at as usize)
    }
}

/// Puts an enlarged block together out of the blocks around it.
pub(super) struct Assembling<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Assembling<A> {
    const NAME: &'static str = "overlap";

    fn output_nbytes(args: &[Arg]) -> Option<u64> {
        let Arg::Value(assembly) = args.get(1)? else { return None };
        let n: usize = assembly.downcast_ref::<Assembly>()?.shape().iter().product();
        Some((n as u64).saturating_mul(size_of::<A>() as u64))
    }

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (blocks, assembly) = (args.list(0)?, args.get::<Assembly>(1)?);
        let n_runs: Vec<u32> = assembly.axes.iter().map(|runs| runs.len() as u32).collect();
        let boxes = indices(&n_runs).map(|at| -> Vec<&Run> {
            at.iter().zip(&assembly.axes).map(|(&i, runs)| &runs[i as usize]).collect()
        });
        let boxes: Vec<Vec<&Run>> = boxes.collect();
        let sources = boxes.iter().map(|runs| source::<A>(runs, blocks, assembly));
        let sources: Vec<CowArray<'_, A, IxDyn>> = sources.collect::<Result<_, _>>()?;
        let pieces = boxes.iter().zip(&sources).map(|(runs, source)| {
            let shape: Vec<usize> = runs.iter().map(|run| run.len).collect();
            source
                .broadcast(shape)
                .ok_or_else(|| OpError::failed(GhostError { got: source.shape().to_vec() }))
        });
        let lengths = assembly.axes.iter().map(|runs| runs.iter().map(|run| run.len).collect());
        let lengths: Vec<Vec<usize>> = lengths.collect();
        Ok(Block::new(assemble(&lengths, &pieces.collect::<Result<Vec<_>, _>>()?)?).into())
    }
}

/// What fills the box of these runs: a part of a block, or a number, which goes for all of its cells.
fn source<'b, A: Element>(
    runs: &[&Run],
    blocks: &'b List,
    assembly: &Assembly,
) -> Result<CowArray<'b, A, IxDyn>, OpError> {
    // Axes are continued one after the other, so the last number covers what the others put there.
    let mut numbers = runs.iter().rev().filter_map(|run| match run.from {
        Fill::Number(number) => Some(number),
        Fill::Block { .. } => None,
    });
    if let Some(number) = numbers.next() {
        return Ok(arr0(A::from_scalar(number)).into_dyn().into());
    }
    let block = assembly.place(runs.iter().filter_map(|run| run.block()));
    let block = blocks.0.get(block).ok_or(OpError::MissingArgument { at: block, given: blocks.len() })?;
    let block: &Block<A> = block.get().map_err(|source| OpError::Argument { at: 0, source })?;
    let bounds: Vec<Slice> = runs.iter().map(|run| run.slice()).collect();
    let fits = |(bounds, &n): (&Slice, &usize)| bounds.end.is_some_and(|end| end.unsigned_abs() <= n);
    if block.shape().len() != bounds.len() || !bounds.iter().zip(block.shape()).all(fits) {
        return Err(OpError::failed(GhostError { got: block.shape().to_vec() }));
    }
    let mut part = block.view();
    part.slice_each_axis_inplace(|axis| bounds[axis.axis.index()]);
    Ok(part.into())
}

impl Run {
    /// The run in its block.
    fn slice(&self) -> Slice {
        let Fill::Block { start, step, .. } = self.from else { return Slice::from(0..0) };
        let (start, len) = (start as isize, self.len as isize);
        match step {
            0 => Slice::new(start, Some(start + 1), 1),
            1 => Slice::new(start, Some(start + len), 1),
            _ => Slice::new(start + 1 - len, Some(start + 1), -1),
        }
    }
}

/// A block that is smaller than its array says.
#[derive(Debug, thiserror::Error)]
#[error("a block of shape {got:?} is smaller than the array's chunks say")]
struct GhostError {
    got: Vec<usize>,
}
