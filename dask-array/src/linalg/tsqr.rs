//! The QR factorisation of matrices in blocks.
//!
//! ```text
//! block ─ reflectors ─┐                              ┌─ coefficients ─ × reflectors ─ block of Q
//! block ─ reflectors ─┼─ reflectors of the stacked ──┤
//! block ─ reflectors ─┘  triangles ─ R               └─ coefficients ─ …
//! ```
//!
//! Up the tree go triangles, eight at a time; down go the coefficients with which the reflectors of each block are
//! multiplied. Who asks for R only goes up only.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Name, Node, OpError, Task, Token, Tokenizer, Value};
use ndarray::{Array2, Axis, Slice};

use super::dense::{Field, adjoint, matrix_of, zeros};
use super::matrix;
use super::parts::Parts;
use super::reflectors::{factor, stacked, times, triangle};
use crate::array::layer::BlockLayer;
use crate::array::{Array, Lazy, concatenate, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::error::ArrayError;
use crate::kernel::{Kernel, kernel_op};
use crate::product::MisfitError;

/// Factors a matrix into `q`, whose columns are orthonormal, and `r`, which is upper triangular (numpy's `qr`, mode
/// `reduced`): for a matrix of shape (m, n) and k = min(m, n) they have shapes (m, k) and (k, n).
///
/// A tall matrix is factored by blocks of rows, with all columns in one block, along a tree of triangles; a
/// wide one by its first m columns, and the rest is multiplied with what came out.
///
/// # Errors
///
/// - When the array is no matrix.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, linalg};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(ndarray::Array2::from_shape_fn((90, 3), |(i, j)| (i * j + i) as f64), [20, 3])?;
/// let (q, r) = linalg::qr(&x)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// let distance = (q.matmul(&r)? - &x).abs().max(..)?.item_with(&scheduler)?;
/// assert!(distance < 1e-12);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn qr<A: Field>(a: &Array<A>) -> Result<(Array<A>, Array<A>), ArrayError> {
    let info = LayerInfo::here();
    let [m, n] = matrix("qr", a)?;
    if m >= n {
        let tall = Tall::new(a, &info);
        return Ok((tall.q(&info), tall.r(&info)));
    }
    let first = a.sliced(&[(..).into(), (..m).into()], &info)?;
    let rest = a.sliced(&[(..).into(), (m..).into()], &info)?;
    let tall = Tall::new(&first, &info);
    let q = tall.q(&info);
    let right = adjoint(&q).matmul(&rest)?;
    // Of m columns in one block, as the triangle is.
    Ok((q, concatenate([tall.r(&info), right], 1)?))
}

/// Blocks whose triangles are stacked at a time.
const GROUP: usize = 8;

/// A matrix that is factored by blocks of rows.
pub(super) struct Tall<A: Field> {
    chunks: Chunks,
    token: Token,
    /// The levels of the tree: what its layer is called, and how many rows the triangles have.
    levels: Vec<(Name, Vec<usize>)>,
    graph: Graph,
    element: PhantomData<fn() -> A>,
}

impl<A: Field> Tall<A> {
    pub(super) fn new(a: &Array<A>, info: &LayerInfo) -> Self {
        let n = a.shape()[1];
        let chunks = Chunks::from_lengths(vec![a.chunks().lengths(0).to_vec(), vec![n]]);
        let a = a.rechunked(&chunks, info);
        let token = Tokenizer::new("qr").feed(a.name()).finish();
        let name =
            |level: usize| name_of("qr-level", Tokenizer::new("qr").feed(&token).feed(&level).finish());

        let triangles = |rows: usize| rows.min(n);
        let mut rows: Vec<usize> = chunks.lengths(0).iter().copied().map(triangles).collect();
        let (op, input) = (kernel_op::<Factoring<A>>(), a.name().clone());
        let node = move |index: &[u32]| {
            Node::Task(Task::new(op.clone(), [Arg::Key(Key::new(&input, &[index[0], 0]))]))
        };
        let layer = BlockLayer::grid(&name(0), vec![rows.len() as u32], &[a.name()], info, node);
        let mut graph = Graph::with_inputs(layer, [&a.lazy().graph]);
        let mut levels = vec![(name(0), rows.clone())];
        while rows.len() > 1 {
            let (own, below) = (name(levels.len()), name(levels.len() - 1));
            let (op, input, count) = (kernel_op::<Stacking<A>>(), below.clone(), rows.len());
            let node = move |index: &[u32]| {
                let from = index[0] as usize * GROUP;
                let keys =
                    (from..(from + GROUP).min(count)).map(|at| Arg::Key(Key::new(&input, &[at as u32])));
                Node::Task(Task::new(op.clone(), [Arg::List(keys.collect())]))
            };
            rows = rows.chunks(GROUP).map(|rows| triangles(rows.iter().sum())).collect();
            let layer = BlockLayer::grid(&own, vec![rows.len() as u32], &[&below], info, node);
            graph = Graph::with_inputs(layer, [&graph]);
            levels.push((own, rows.clone()));
        }
        Self { chunks, token, levels, graph, element: PhantomData }
    }

    /// Rows of the triangle, columns of the orthogonal factor.
    pub(super) fn rank(&self) -> usize {
        self.chunks.shape()[0].min(self.chunks.shape()[1])
    }

    fn top(&self) -> (&Name, usize) {
        let level = self.levels.len() - 1;
        (&self.levels[level].0, level)
    }

    /// The triangular factor, in one block.
    pub(super) fn r(&self, info: &LayerInfo) -> Array<A> {
        let name = name_of("qr-r", Tokenizer::new("r").feed(&self.token).finish());
        let chunks = Chunks::from_lengths(vec![vec![self.rank()], vec![self.chunks.shape()[1]]]);
        let (top, _) = self.top();
        let (op, key) = (kernel_op::<Triangle<A>>(), Arg::Key(Key::new(top, &[0])));
        let node = move |_: &[u32]| Node::Task(Task::new(op.clone(), [key.clone()]));
        let layer = BlockLayer::new(&name, &chunks, &[top], info, node);
        let graph = Graph::with_inputs(layer, [&self.graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
    }

    /// The orthogonal factor.
    pub(super) fn q(&self, info: &LayerInfo) -> Array<A> {
        self.down(None, info)
    }

    /// The orthogonal factor times a matrix of one block.
    pub(super) fn q_times(&self, matrix: &Array<A>, info: &LayerInfo) -> Array<A> {
        self.down(Some(matrix), info)
    }

    fn down(&self, matrix: Option<&Array<A>>, info: &LayerInfo) -> Array<A> {
        let columns = matrix.map_or(self.rank(), |matrix| matrix.shape()[1]);
        let mut token = Tokenizer::new("q").feed(&self.token);
        if let Some(matrix) = matrix {
            token.add(matrix.name());
        }
        let token = token.finish();
        let name = |level: usize| match level {
            0 => name_of("qr-q", token),
            level => name_of("qr-down", Tokenizer::new("down").feed(&token).feed(&level).finish()),
        };
        let mut graph = self.graph.clone();
        let (_, top) = self.top();
        for (level, (factors, rows)) in self.levels.iter().enumerate().rev() {
            let above =
                if level < top { Some(name(level + 1)) } else { matrix.map(|matrix| matrix.name().clone()) };
            let starts = starts(rows);
            let (op, own, up) = (kernel_op::<Applying<A>>(), factors.clone(), above.clone());
            let node = move |index: &[u32]| {
                let at = index[0] as usize;
                let mut args = vec![Arg::Key(Key::new(&own, &[index[0]]))];
                if let Some(up) = &up {
                    let group = at / GROUP;
                    let key =
                        if level < top { Key::new(up, &[group as u32, 0]) } else { Key::new(up, &[0, 0]) };
                    let from = starts[at] - starts[group * GROUP];
                    let range = vec![from, starts[at + 1] - starts[at]];
                    args.extend([Arg::Key(key), Arg::Value(Value::new(range))]);
                }
                Node::Task(Task::new(op.clone(), args))
            };
            let mut inputs = vec![factors];
            inputs.extend(above.as_ref());
            let layer = BlockLayer::grid(&name(level), vec![rows.len() as u32, 1], &inputs, info, node);
            let given = matrix.filter(|_| level == top).map(|matrix| &matrix.lazy().graph);
            graph = Graph::with_inputs(layer, [&graph, &self.graph].into_iter().chain(given));
        }
        let chunks = Chunks::from_lengths(vec![self.chunks.lengths(0).to_vec(), vec![columns]]);
        Array::new(Lazy { name: name(0), graph, chunks: Arc::new(chunks) })
    }
}

fn starts(lengths: &[usize]) -> Vec<usize> {
    let ends = lengths.iter().scan(0, |end, n| {
        *end += n;
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

/// Factors a block.
struct Factoring<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Factoring<A> {
    const NAME: &'static str = "qr";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        factor(matrix_of(args.get::<Block<A>>(0)?)?).map(Value::sized)
    }
}

/// Factors the stacked triangles of others.
struct Stacking<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Stacking<A> {
    const NAME: &'static str = "qr-stack";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let of = |value: &Value| -> Result<Array2<A>, OpError> {
            triangle(value.get::<Parts<A>>().map_err(|source| OpError::Argument { at: 0, source })?)
        };
        let triangles = args.list(0)?.iter().map(of).collect::<Result<Vec<_>, _>>()?;
        let n = triangles.first().map_or(0, Array2::ncols);
        factor(stacked(&triangles, n).view()).map(Value::sized)
    }
}

/// Takes the triangle out.
struct Triangle<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Triangle<A> {
    const NAME: &'static str = "qr-r";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        Ok(Block::new(triangle(args.get::<Parts<A>>(0)?)?.into_dyn()).into())
    }
}

/// Multiplies the orthogonal factor of a block with rows of a matrix; without one, with the unit matrix.
struct Applying<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Applying<A> {
    const NAME: &'static str = "qr-q";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let parts = args.get::<Parts<A>>(0)?;
        if args.len() < 2 {
            let [m, n] = parts.shapes.len().checked_sub(2).map_or([0, 0], |last| parts.shapes[last]);
            return block(times(parts, unit(m.min(n)).view())?);
        }
        let (matrix, range) = (matrix_of(args.get::<Block<A>>(1)?)?, args.get::<Vec<usize>>(2)?);
        let &[from, n] = &range[..] else {
            return Err(OpError::MissingArgument { at: 2, given: range.len() });
        };
        if from + n > matrix.nrows() {
            let (left, right) = (matrix.shape().to_vec(), range.clone());
            return Err(OpError::failed(MisfitError { left, right }));
        }
        block(times(parts, matrix.slice_axis(Axis(0), Slice::from(from..from + n)))?)
    }
}

fn block<A: Field>(matrix: Array2<A>) -> Result<Value, OpError> {
    Ok(Block::new(matrix.into_dyn()).into())
}

/// The unit matrix.
pub(super) fn unit<A: Field>(n: usize) -> Array2<A> {
    let mut unit = zeros(n, n);
    unit.diag_mut().fill(<A as num_traits::One>::one());
    unit
}
