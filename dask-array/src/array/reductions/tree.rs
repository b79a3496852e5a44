//! Writing a reduction down: its first step over each block, and the tree that joins the results.

use std::sync::Arc;

use dask_graph::{Graph, LayerInfo, Name, Token, Tokenize, Tokenizer};

use super::super::{Array, Lazy, blockwise, built, extents, name_of};
use crate::array::Over;
use crate::chunks::Chunks;
use crate::element::{DType, Element};
use crate::error::ArrayError;
use crate::program::builder::ProgramBuilder;
use crate::program::op::Compiled;
use crate::program::{ArgKind, ArgSpec, Operand};
use crate::reduce::join::{JoinOp, Last};
use crate::reduce::op::FoldOp;
use crate::reduce::tree::JoinLayer;
use crate::reduce::{Finish, Fold};

/// A reduction: what is done to elements, partial results and the last of them.
#[derive(Debug, Clone, Copy)]
pub(in crate::array) struct Reduction {
    /// What it is called. With the rest of this it says all that the reduction means.
    pub(in crate::array) operation: &'static str,
    pub(in crate::array) fold: Fold,
    /// The type that elements are folded in.
    pub(in crate::array) within: DType,
    pub(in crate::array) finish: Finish,
}

impl Tokenize for Reduction {
    fn tokenize(&self, t: &mut Tokenizer) {
        let Self { operation, fold, within, finish } = self;
        operation.tokenize(t);
        within.tokenize(t);
        format!("{fold:?} {finish:?}").tokenize(t);
    }
}

/// The partial results of all blocks, which nothing has joined yet.
pub(in crate::array) struct Partials {
    pub(in crate::array) name: Name,
    pub(in crate::array) graph: Graph,
    /// One element a block along the reduced axis.
    pub(in crate::array) chunks: Chunks,
}

/// The tree of a reduction while it is written.
struct Joins {
    reduction: Reduction,
    reduced: Vec<bool>,
    groups: Vec<u32>,
    keepdims: bool,
    /// The type of the result.
    dtype: DType,
}

impl<A: Element> Array<A> {
    /// Folds the elements in another type.
    pub(super) fn fold<B: Element>(
        &self,
        reduction: Reduction,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        self.fold_with(reduction, over, info, |program, x| program.cast(A::DTYPE, reduction.within, x))
    }

    /// Folds what `write` makes of the elements, which has the type that the reduction folds in.
    pub(super) fn fold_with<B: Element>(
        &self,
        reduction: Reduction,
        over: &Over,
        info: &LayerInfo,
        write: impl FnOnce(&mut ProgramBuilder, Operand) -> Operand,
    ) -> Result<Array<B>, ArrayError> {
        let reduced = over.reduced(self.shape())?;
        let groups = over.groups(self.shape())?;
        let token =
            Tokenizer::new("reduction").feed(&reduction).feed(self.name()).feed(&reduced).feed(&groups);
        // Whether axes are kept changes only the last step; what comes before is shared.
        let shared = token.finish();
        let name = name_of(reduction.operation, token.feed(&over.keepdims).finish());

        let (first, graph) = self.first_step(reduction, &reduced, shared, info, write);
        let kept = self.chunks().axes().iter().zip(&reduced);
        let kept = kept.filter_map(|(lengths, &reduced)| match (reduced, over.keepdims) {
            (false, _) => Some(lengths.clone()),
            (true, true) => Some(vec![1]),
            (true, false) => None,
        });
        let chunks = Arc::new(Chunks::from_lengths(kept.collect()));
        let joins = Joins { reduction, reduced, groups, keepdims: over.keepdims, dtype: B::DTYPE };
        let graph = joins.written(first, graph, self.chunks().n_blocks(), &name, shared, info);
        Ok(Array::new(Lazy { name, graph, chunks }))
    }

    /// The first step of a reduction over one axis alone.
    pub(in crate::array) fn partials(
        &self,
        reduction: Reduction,
        axis: usize,
        info: &LayerInfo,
        write: impl FnOnce(&mut ProgramBuilder, Operand) -> Operand,
    ) -> Partials {
        let reduced: Vec<bool> = (0..self.ndim()).map(|at| at == axis).collect();
        let token = Tokenizer::new("partials").feed(&reduction).feed(self.name()).feed(&reduced).finish();
        let (name, graph) = self.first_step(reduction, &reduced, token, info, write);
        let mut axes = self.chunks().axes().to_vec();
        axes[axis] = vec![1; axes[axis].len()];
        Partials { name, graph, chunks: Chunks::from_lengths(axes) }
    }

    /// One partial result a block, of length one along the reduced axes.
    fn first_step(
        &self,
        reduction: Reduction,
        reduced: &[bool],
        token: Token,
        info: &LayerInfo,
        write: impl FnOnce(&mut ProgramBuilder, Operand) -> Operand,
    ) -> (Name, Graph) {
        let Reduction { operation, fold, within, .. } = reduction;
        let is_choice = matches!(fold, Fold::Choice { .. });
        let mut program = ProgramBuilder::new(self.ndim());
        let x = program.arg(ArgSpec::once(ArgKind::Block(A::DTYPE), (0..self.ndim()).collect()));
        if is_choice {
            program.extent();
        }
        let x = write(&mut program, x);
        let compiled = Compiled::new(operation, program.finish(x, within));

        let longest = |axis: usize| self.chunks().lengths(axis).iter().copied().max().unwrap_or(0);
        let slots: usize = (0..self.ndim()).filter(|&axis| !reduced[axis]).map(longest).product();
        let extra = match fold {
            Fold::Moments { order, .. } => order as usize * size_of::<f64>(),
            Fold::Choice { .. } | Fold::Counted => size_of::<i64>(),
            _ => 0,
        };
        let nbytes = slots.saturating_mul(within.itemsize() + extra) as u64;
        let whole: Vec<usize> = if is_choice { self.shape().to_vec() } else { Vec::new() };
        let op = FoldOp { compiled, fold, reduced: reduced.into(), whole: whole.into(), nbytes };

        let name = name_of(&format!("{operation}-fold"), token);
        let axes = self.lazy().block_axes(0..self.ndim());
        let mut layer = blockwise(&name, Arc::new(op), self.chunks(), info).blocks(self.name(), &axes);
        if is_choice {
            layer = layer.per_block(&axes, extents(self.chunks()));
        }
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph]);
        (name, graph)
    }
}

impl Joins {
    /// Adds the levels of the tree: at least the last, which finishes.
    fn written(
        &self,
        mut input: Name,
        mut graph: Graph,
        mut n_blocks: Vec<u32>,
        name: &Name,
        token: Token,
        info: &LayerInfo,
    ) -> Graph {
        for level in 0_u32.. {
            let is_last = n_blocks
                .iter()
                .zip(&self.groups)
                .zip(&self.reduced)
                .all(|((&n, &group), &reduced)| !reduced || n <= group);
            let own = if is_last {
                name.clone()
            } else {
                let token = Tokenizer::new("level").feed(&token).feed(&level).finish();
                name_of(&format!("{}-join", self.reduction.operation), token)
            };
            let layer = self.level(own.clone(), input, n_blocks, is_last, info);
            n_blocks = layer.n_joined();
            graph = Graph::with_inputs(layer, [&graph]);
            input = own;
            if is_last {
                break;
            }
        }
        graph
    }

    fn level(
        &self,
        name: Name,
        input: Name,
        n_blocks: Vec<u32>,
        is_last: bool,
        info: &LayerInfo,
    ) -> JoinLayer {
        let Reduction { operation, fold, within, finish } = self.reduction;
        let dropped: Vec<bool> =
            self.reduced.iter().map(|&reduced| is_last && reduced && !self.keepdims).collect();
        let last = is_last.then(|| Last {
            finish,
            dtype: self.dtype,
            dropped: (0..dropped.len()).filter(|&axis| dropped[axis]).collect(),
        });
        let op = Arc::new(JoinOp { label: operation.into(), fold, dtype: within, last });
        JoinLayer { name, input, n_blocks, group: self.groups.clone(), dropped, op, info: info.clone() }
    }
}
