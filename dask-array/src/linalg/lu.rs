//! The LU factorisation with partial pivoting.
//!
//! The matrix is taken by blocks of columns, *panels*, each of all rows. A panel is factored with the rows that it
//! chooses; then every panel behind it swaps its rows likewise and subtracts its part. Panels behind are independent
//! of each other, and each is worked on in place.
//!
//! ```text
//! state 0 of panel j ─ update by panel 0 ─ … ─ update by panel j-1 ─ factor: state j+1
//! ```
//!
//! All rows of a panel are together since any of them may hold the pivot. Choosing among those of a block only would
//! be cheaper and not stable.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Name, Node, OpError, Task, Token, Tokenizer, Value};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_unit_lower_triangular_in_place;
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, MatMut, Par};
use ndarray::{Array2, ArrayViewMut2, Axis, Slice};

use super::dense::{Field, columns, faer_mut, faer_ref, subtract_product, zeros};
use super::matrix;
use super::parts::Parts;
use super::triangular::{diagonal_blocks, misfit};
use crate::array::creation::extents;
use crate::array::layer::BlockLayer;
use crate::array::{Array, Lazy, name_of};
use crate::block::{Block, Extent};
use crate::chunks::Chunks;
use crate::error::ArrayError;
use crate::kernel::{Kernel, kernel_op};

/// Factors a matrix into `p · l · u` (scipy's `lu`): a permutation, a lower triangular matrix with ones on its
/// diagonal and no element larger than 1, and an upper triangular one. For a matrix of shape (m, n) and
/// k = min(m, n) they have shapes (m, m), (m, k) and (k, n).
///
/// The pivot of each column is the largest element of all rows (dask's is the largest of a block, which is not
/// stable). All rows of a block of columns are together in memory; tasks are about n²/2 for n blocks of columns.
/// A singular matrix has zeros on the diagonal of `u`.
///
/// # Errors
///
/// - When the array is no matrix.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, linalg, ndarray::arr2};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let a = Array::from_ndarray(arr2(&[[1.0, 2.0], [4.0, 6.0]]), 1)?;
/// let (p, l, u) = linalg::lu(&a)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// assert_eq!(p.compute_with(&scheduler)?, arr2(&[[0.0, 1.0], [1.0, 0.0]]).into_dyn());
/// assert_eq!(l.compute_with(&scheduler)?, arr2(&[[1.0, 0.0], [0.25, 1.0]]).into_dyn());
/// assert_eq!(u.compute_with(&scheduler)?, arr2(&[[4.0, 6.0], [0.0, 0.5]]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn lu<A: Field>(a: &Array<A>) -> Result<(Array<A>, Array<A>, Array<A>), ArrayError> {
    let info = LayerInfo::here();
    matrix("lu", a)?;
    let panels = Panels::new(a, &info);
    let rows = a.chunks().lengths(0).to_vec();
    let (l, u) = (panels.l(&info), panels.u(&info));
    let l = l.rechunked(&Chunks::from_lengths(vec![rows.clone(), l.chunks().lengths(1).to_vec()]), &info);
    let u = u.rechunked(
        &Chunks::from_lengths(vec![l.chunks().lengths(1).to_vec(), u.chunks().lengths(1).to_vec()]),
        &info,
    );
    Ok((panels.p(rows, &info), l, u))
}

/// A matrix by blocks of columns.
pub(super) struct Panels<A> {
    states: Name,
    token: Token,
    rows: usize,
    /// Where the panels begin, and where the last ends.
    starts: Arc<[usize]>,
    graph: Graph,
    element: PhantomData<fn() -> A>,
}

impl<A: Field> Panels<A> {
    pub(super) fn new(a: &Array<A>, info: &LayerInfo) -> Self {
        let rows = a.shape()[0];
        let cuts = diagonal_blocks(&[a.chunks().lengths(1)]);
        let chunks = Chunks::from_lengths(vec![vec![rows], cuts]);
        let a = a.rechunked(&chunks, info);
        let token = Tokenizer::new("lu").feed(a.name()).finish();
        let states = name_of("lu-panel", token);
        let starts: Arc<[usize]> = chunks.starts(1).into();
        let n = chunks.n_blocks()[1];

        let ops = [kernel_op::<Taking<A>>(), kernel_op::<Updating<A>>(), kernel_op::<Pivoting<A>>()];
        let (own, input, from) = (states.clone(), a.name().clone(), starts.clone());
        let node = move |index: &[u32]| {
            let (panel, state) = (index[0], index[1]);
            let before = || Arg::Key(Key::new(&own, &[panel, state - 1]));
            let pivots = |panel: u32| {
                let start = from[panel as usize].min(rows);
                Arg::Value(Value::new(vec![start, from[panel as usize + 1].min(rows)]))
            };
            match state {
                0 => Node::Task(Task::new(ops[0].clone(), [Arg::Key(Key::new(&input, &[0, panel]))])),
                // A panel beyond the last row chooses nothing, and a matrix that is wide ends there.
                _ if from[state.min(panel + 1) as usize - 1] >= rows => {
                    Node::Alias(Key::new(&own, &[panel, state - 1]))
                }
                _ if state <= panel => {
                    let other = state - 1;
                    let factored = Arg::Key(Key::new(&own, &[other, other + 1]));
                    Node::Task(Task::new(ops[1].clone(), [before(), factored, pivots(other)]))
                }
                // States beyond the last are the last.
                _ if state > panel + 1 => Node::Alias(Key::new(&own, &[panel, panel + 1])),
                _ => Node::Task(Task::new(ops[2].clone(), [before(), pivots(panel)])),
            }
        };
        let layer = BlockLayer::grid(&states, vec![n, n + 1], &[a.name()], info, node);
        let graph = Graph::with_inputs(layer, [&a.lazy().graph]);
        Self { states, token, rows, starts, graph, element: PhantomData }
    }

    fn n_panels(&self) -> u32 {
        self.starts.len() as u32 - 1
    }

    /// The panels that choose pivots.
    fn n_factored(&self) -> u32 {
        (0..self.n_panels()).filter(|&panel| self.starts[panel as usize] < self.rows || panel == 0).count()
            as u32
    }

    fn last_state(panel: u32) -> [u32; 2] {
        [panel, panel + 1]
    }

    fn lengths(&self, most: usize) -> Vec<usize> {
        let bounded = self.starts.windows(2).map(|ends| ends[1].min(most) - ends[0].min(most));
        bounded.collect()
    }

    fn size(&self) -> usize {
        self.rows.min(self.starts.last().copied().unwrap_or(0))
    }

    /// The lower factor, by panels.
    fn l(&self, info: &LayerInfo) -> Array<A> {
        let n = self.n_factored();
        let lengths = self.lengths(self.rows)[..n as usize].to_vec();
        let (op, states, starts) = (kernel_op::<Lower<A>>(), self.states.clone(), self.starts.clone());
        let node = move |index: &[u32]| {
            let panel = index[1];
            let key = |panel| Arg::Key(Key::new(&states, &Self::last_state(panel)));
            let start = Arg::Value(Value::new(starts[panel as usize]));
            Node::Task(Task::new(
                op.clone(),
                [key(panel), Arg::List((panel + 1..n).map(key).collect()), start],
            ))
        };
        self.result("lu-l", vec![vec![self.rows], lengths], node, info)
    }

    /// The upper factor, by panels.
    pub(super) fn u(&self, info: &LayerInfo) -> Array<A> {
        let (op, states, starts) = (kernel_op::<Upper<A>>(), self.states.clone(), self.starts.clone());
        let size = self.size();
        let node = move |index: &[u32]| {
            let state = Arg::Key(Key::new(&states, &Self::last_state(index[1])));
            let place = Arg::Value(Value::new(vec![starts[index[1] as usize], size]));
            Node::Task(Task::new(op.clone(), [state, place]))
        };
        self.result("lu-u", vec![vec![size], self.lengths(usize::MAX)], node, info)
    }

    /// The permutation, cut along both axes like this.
    fn p(&self, cuts: Vec<usize>, info: &LayerInfo) -> Array<A> {
        let order = name_of("lu-order", Tokenizer::new("order").feed(&self.token).finish());
        let (op, states, n, rows) =
            (kernel_op::<Ordering<A>>(), self.states.clone(), self.n_factored(), self.rows);
        let node = move |_: &[u32]| {
            let keys = (0..n).map(|panel| Arg::Key(Key::new(&states, &Self::last_state(panel))));
            Node::Task(Task::new(op.clone(), [Arg::List(keys.collect()), Arg::Value(Value::new(rows))]))
        };
        let layer = BlockLayer::grid(&order, vec![1], &[&self.states], info, node);
        let graph = Graph::with_inputs(layer, [&self.graph]);

        let chunks = Chunks::from_lengths(vec![cuts.clone(), cuts]);
        let name = name_of("lu-p", Tokenizer::new("p").feed(&self.token).feed(&chunks).finish());
        let (op, place, of) = (kernel_op::<Permutation<A>>(), extents(&chunks), order.clone());
        let node = move |index: &[u32]| {
            Node::Task(Task::new(op.clone(), [Arg::Key(Key::new(&of, &[0])), Arg::Value(place(index))]))
        };
        let layer = BlockLayer::new(&name, &chunks, &[&order], info, node);
        let graph = Graph::with_inputs(layer, [&graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
    }

    fn result(
        &self,
        label: &str,
        lengths: Vec<Vec<usize>>,
        node: impl Fn(&[u32]) -> Node + Send + Sync + 'static,
        info: &LayerInfo,
    ) -> Array<A> {
        let chunks = Chunks::from_lengths(lengths);
        let name = name_of(label, Tokenizer::new(label).feed(&self.token).finish());
        let layer = BlockLayer::new(&name, &chunks, &[&self.states], info, node);
        let graph = Graph::with_inputs(layer, [&self.graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
    }
}

/// Takes a panel to be worked on. Its marks will be the rows that its pivots came from.
struct Taking<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Taking<A> {
    const NAME: &'static str = "lu-panel";

    fn call(mut args: Args<'_>) -> Result<Value, OpError> {
        let block = args.take::<Block<A>>(0)?;
        let panel = block.into_array().into_dimensionality().map_err(OpError::failed)?;
        Ok(Value::sized(Parts::of(panel, Vec::new())))
    }
}

fn range(bounds: &[usize]) -> Result<Range<usize>, OpError> {
    match bounds {
        &[from, to] => Ok(from..to),
        _ => Err(OpError::MissingArgument { at: 0, given: bounds.len() }),
    }
}

/// Swaps rows as pivots were chosen, from row `start` on.
fn swap<A>(matrix: &mut ArrayViewMut2<'_, A>, start: usize, chosen: &[usize]) {
    for mut column in matrix.columns_mut() {
        for (at, &row) in chosen.iter().enumerate() {
            column.swap(start + at, row);
        }
    }
}

/// Swaps rows of a panel as one before it did, and subtracts that one's part.
struct Updating<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Updating<A> {
    const NAME: &'static str = "lu-update";

    fn call(mut args: Args<'_>) -> Result<Value, OpError> {
        let mut own = args.take::<Parts<A>>(0)?;
        let (other, pivots) = (args.get::<Parts<A>>(1)?, range(args.get::<Vec<usize>>(2)?)?);
        let l = other.get(0)?;
        let mut panel = own.first_mut()?;
        if panel.nrows() != l.nrows() {
            return Err(misfit(panel.view(), l));
        }
        swap(&mut panel, pivots.start, &other.marks);
        let l = l.slice_axis(Axis(1), Slice::from(..pivots.len()));
        let (_, below) = panel.view_mut().split_at(Axis(0), pivots.start);
        let (mut top, mut below) = below.split_at(Axis(0), pivots.len());
        // What is solved is copied, so that it lies densely.
        let diagonal = columns(l.slice_axis(Axis(0), Slice::from(pivots.clone())));
        let mut solved = columns(top.view());
        if !solved.is_empty() {
            solve_unit_lower_triangular_in_place(faer_ref(&diagonal), faer_mut(&mut solved), Par::Seq);
        }
        top.assign(&solved);
        subtract_product(l.slice_axis(Axis(0), Slice::from(pivots.end..)), solved.view(), &mut below);
        Ok(Value::sized(own))
    }
}

/// Factors a panel from the row on that its first pivot goes to.
struct Pivoting<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Pivoting<A> {
    const NAME: &'static str = "lu-pivot";

    fn call(mut args: Args<'_>) -> Result<Value, OpError> {
        let mut own = args.take::<Parts<A>>(0)?;
        let pivots = range(args.get::<Vec<usize>>(1)?)?;
        let [m, n] = *own.shapes.first().ok_or(OpError::MissingArgument { at: 0, given: 0 })?;
        let mut chosen = vec![0; pivots.len()];
        if m > 0 && n > 0 {
            let whole = MatMut::from_column_major_slice_mut(&mut own.data[..m * n], m, n);
            let (_, below) = whole.split_at_row_mut(pivots.start.min(m));
            eliminate(below, &mut chosen);
        }
        own.marks = chosen.iter().map(|row| row + pivots.start).collect();
        Ok(Value::sized(own))
    }
}

/// Columns that are eliminated one by one.
const NARROW: usize = 16;

/// Factors a matrix in place, by halves of columns; `chosen` becomes the rows that pivots were swapped with, one for
/// each column that has one. A column without a pivot stays as it is.
fn eliminate<A: Field>(mut matrix: MatMut<'_, A>, chosen: &mut [usize]) {
    let n = chosen.len();
    if n <= NARROW {
        return eliminate_by_columns(matrix, chosen);
    }
    let half = n / 2;
    let (left, right) = chosen.split_at_mut(half);
    eliminate(matrix.rb_mut().get_mut(.., ..half), left);
    swap_rows(matrix.rb_mut().get_mut(.., half..), left);
    let (diagonal, mut top, lower, mut below) = matrix.rb_mut().split_at_mut(half, half);
    solve_unit_lower_triangular_in_place(diagonal.rb(), top.rb_mut(), Par::Seq);
    let minus = -<A as num_traits::One>::one();
    matmul(below.rb_mut(), Accum::Add, lower.rb(), top.rb(), minus, Par::Seq);
    eliminate(below, right);
    swap_rows(lower, right);
    right.iter_mut().for_each(|row| *row += half);
}

fn eliminate_by_columns<A: Field>(mut matrix: MatMut<'_, A>, chosen: &mut [usize]) {
    let (m, n) = (matrix.nrows(), matrix.ncols());
    for at in 0..chosen.len() {
        let mut pivot = at;
        for row in at + 1..m {
            if matrix[(row, at)].magnitude() > matrix[(pivot, at)].magnitude() {
                pivot = row;
            }
        }
        chosen[at] = pivot;
        for column in 0..n {
            let x = matrix[(at, column)];
            matrix[(at, column)] = matrix[(pivot, column)];
            matrix[(pivot, column)] = x;
        }
        let divisor = matrix[(at, at)];
        if divisor.magnitude() == 0.0 {
            continue;
        }
        for row in at + 1..m {
            let quotient = matrix[(row, at)] / divisor;
            matrix[(row, at)] = quotient;
        }
        for column in at + 1..n {
            let factor = matrix[(at, column)];
            for row in at + 1..m {
                let part = matrix[(row, at)] * factor;
                matrix[(row, column)] -= part;
            }
        }
    }
}

fn swap_rows<A: Field>(mut matrix: MatMut<'_, A>, chosen: &[usize]) {
    for column in 0..matrix.ncols() {
        for (at, &row) in chosen.iter().enumerate() {
            let x = matrix[(at, column)];
            matrix[(at, column)] = matrix[(row, column)];
            matrix[(row, column)] = x;
        }
    }
}

/// Takes the lower factor out of a panel, with the rows swapped as those behind did.
struct Lower<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Lower<A> {
    const NAME: &'static str = "lu-l";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (own, &start) = (args.get::<Parts<A>>(0)?, args.get::<usize>(2)?);
        let mut l = own.get(0)?.slice_axis(Axis(1), Slice::from(..own.marks.len())).to_owned();
        let mut start_of_next = start + own.marks.len();
        for later in args.list(1)? {
            let later = later.get::<Parts<A>>().map_err(|source| OpError::Argument { at: 1, source })?;
            swap(&mut l.view_mut(), start_of_next, &later.marks);
            start_of_next += later.marks.len();
        }
        for ((row, column), x) in l.indexed_iter_mut() {
            if row <= start + column {
                *x = if row == start + column { <A as num_traits::One>::one() } else { A::default() };
            }
        }
        Ok(Block::new(l.into_dyn()).into())
    }
}

/// Takes the upper factor out of a panel.
struct Upper<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Upper<A> {
    const NAME: &'static str = "lu-u";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (own, place) = (args.get::<Parts<A>>(0)?, range(args.get::<Vec<usize>>(1)?)?);
        let (start, size) = (place.start, place.end);
        let mut u = own.get(0)?.slice_axis(Axis(0), Slice::from(..size)).to_owned();
        for ((row, column), x) in u.indexed_iter_mut() {
            if row > start + column {
                *x = A::default();
            }
        }
        Ok(Block::new(u.into_dyn()).into())
    }
}

/// The order in which rows of the matrix stand in the product of the factors.
struct Ordering<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Ordering<A> {
    const NAME: &'static str = "lu-order";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let &rows = args.get::<usize>(1)?;
        let mut order: Vec<usize> = (0..rows).collect();
        let mut at = 0;
        for panel in args.list(0)? {
            let panel = panel.get::<Parts<A>>().map_err(|source| OpError::Argument { at: 0, source })?;
            for &row in &panel.marks {
                order.swap(at, row);
                at += 1;
            }
        }
        Ok(Value::new(order))
    }
}

/// A block of a permutation: row `order[i]` has its one in column `i`.
struct Permutation<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Permutation<A> {
    const NAME: &'static str = "lu-p";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (order, extent) = (args.get::<Vec<usize>>(0)?, args.get::<Extent>(1)?);
        let (&[top, left], &[m, n]) = (&extent.offset[..], &extent.shape[..]) else {
            return Err(OpError::MissingArgument { at: 1, given: extent.shape.len() });
        };
        let mut p: Array2<A> = zeros(m, n);
        for (column, row) in order.iter().skip(left).take(n).enumerate() {
            if let Some(row) = row.checked_sub(top).filter(|&row| row < m) {
                p[[row, column]] = <A as num_traits::One>::one();
            }
        }
        Ok(Block::new(p.into_dyn()).into())
    }
}
