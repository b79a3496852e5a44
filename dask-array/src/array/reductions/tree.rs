//! Writing a reduction down: its first step over each block, and the tree that joins the results.

use std::sync::Arc;

use dask_graph::{Graph, LayerInfo, Name, Op, Token, Tokenize, Tokenizer};

use super::super::{Array, Lazy, blockwise, built, extents, name_of};
use crate::array::Over;
use crate::array::over::SPLIT_EVERY;
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

impl Reduction {
    /// Sums or products of elements of type `B`, in that type. Those of `f16` are made in `f32` and rounded once, as
    /// numpy's are along lines that lie in memory in one piece; its others round every step.
    pub(super) fn total<B: Element>(operation: &'static str, fold: Fold) -> Self {
        match B::DTYPE {
            DType::F16 => Self { operation, fold, within: DType::F32, finish: Finish::Round },
            within => Self { operation, fold, within, finish: Finish::Keep },
        }
    }
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
        let dropped: Vec<bool> = reduced.iter().map(|&reduced| reduced && !over.keepdims).collect();
        let vanishing: Arc<[usize]> = (0..dropped.len()).filter(|&axis| dropped[axis]).collect();
        let tree = Tree { label: reduction.operation, token: shared, joined: reduced, groups, dropped };
        let Reduction { operation, fold, within, finish } = reduction;
        let graph = tree.written(first, graph, self.chunks().n_blocks(), &name, info, |is_last| {
            let last = is_last.then(|| Last { finish, dtype: B::DTYPE, dropped: vanishing.clone() });
            Arc::new(JoinOp { label: operation.into(), fold, dtype: within, last })
        });
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

/// A tree that joins what the blocks of a layer give, along some of its axes.
pub(in crate::array) struct Tree {
    /// What its layers are called.
    pub(in crate::array) label: &'static str,
    /// What tells the levels of this tree from those of others.
    pub(in crate::array) token: Token,
    /// For each axis, whether blocks are joined along it.
    pub(in crate::array) joined: Vec<bool>,
    /// How many blocks are joined along each axis at a time; 1 along axes that stay.
    pub(in crate::array) groups: Vec<u32>,
    /// For each axis, whether the keys of the result lack it.
    pub(in crate::array) dropped: Vec<bool>,
}

impl Tree {
    /// A tree along one axis, which stays with one block.
    pub(in crate::array) fn along(axis: usize, ndim: usize, label: &'static str, token: Token) -> Self {
        let joined: Vec<bool> = (0..ndim).map(|at| at == axis).collect();
        let groups = joined.iter().map(|&joined| if joined { SPLIT_EVERY } else { 1 }).collect();
        Self { label, token, joined, groups, dropped: vec![false; ndim] }
    }

    /// Adds the levels of the tree: at least the last, called `name`, whose op may be another.
    pub(in crate::array) fn written(
        &self,
        mut input: Name,
        mut graph: Graph,
        mut n_blocks: Vec<u32>,
        name: &Name,
        info: &LayerInfo,
        op: impl Fn(bool) -> Arc<dyn Op>,
    ) -> Graph {
        let kept = vec![false; n_blocks.len()];
        for level in 0_u32.. {
            let is_last = n_blocks
                .iter()
                .zip(&self.groups)
                .zip(&self.joined)
                .all(|((&n, &group), &joined)| !joined || n <= group);
            let own = if is_last {
                name.clone()
            } else {
                let token = Tokenizer::new("level").feed(&self.token).feed(&level).finish();
                name_of(&format!("{}-join", self.label), token)
            };
            let dropped = if is_last { self.dropped.clone() } else { kept.clone() };
            let (group, op, info) = (self.groups.clone(), op(is_last), info.clone());
            let layer = JoinLayer { name: own.clone(), input, n_blocks, group, dropped, op, info };
            n_blocks = layer.n_joined();
            graph = Graph::with_inputs(layer, [&graph]);
            input = own;
            if is_last {
                break;
            }
        }
        graph
    }
}
