//! Elementwise expressions of uncounted arrays.
//!
//! An expression is written on arrays as long as the blocks can be. Whether all that was done is elementwise along the
//! uncounted axis, and nothing counted lies along it, is seen from the layers that it has made.

use std::any::Any;
use std::collections::HashSet;
use std::sync::Arc;

use dask_graph::{BlockArg, Blockwise, Collection, Graph, Name, Op};

use super::Uncounted;
use crate::array::Array;
use crate::element::Element;
use crate::error::ArrayError;
use crate::program::op::ProgramOp;
use crate::program::{ArgSpec, Program};
use crate::reduce::op::FoldOp;
use crate::reduce::tree::JoinLayer;

impl<A: Element> Uncounted<A> {
    /// Applies an expression that is elementwise along the uncounted axis; over other axes it may reduce. It may take
    /// in arrays that have no such axis and are cut as this one along the others.
    ///
    /// ```
    /// # use dask_array::{Array, ndarray::{arr1, arr2}};
    /// # use dask_graph::Collection;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), 2)?;
    /// let centre = x.mean(0)?;
    /// let some = x.filter(&x.sum(1)?.gt(5.0)?)?.map(|rows| rows - &centre)?;
    /// assert_eq!(some.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[0.0, 0.0], [2.0, 2.0]]).into_dyn());
    ///
    /// let sums = some.map(|rows| rows.sum(1).unwrap())?;
    /// assert_eq!(sums.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[0.0, 4.0]).into_dyn());
    ///
    /// // The mean of the rows that are selected is another thing.
    /// assert!(some.map(|rows| rows - &rows.mean(0).unwrap()).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When what `expression` does is not elementwise along the uncounted axis, or takes in an array that runs along
    ///   it.
    pub fn map<B: Element>(
        &self,
        expression: impl FnOnce(&Array<A>) -> Array<B>,
    ) -> Result<Uncounted<B>, ArrayError> {
        self.try_map(|x| Ok(expression(x)))
    }

    /// [`map`](Uncounted::map) for an expression that can fail, such as a comparison.
    ///
    /// # Errors
    ///
    /// - When `expression` does, and as [`map`](Uncounted::map).
    pub fn try_map<B: Element>(
        &self,
        expression: impl FnOnce(&Array<A>) -> Result<Array<B>, ArrayError>,
    ) -> Result<Uncounted<B>, ArrayError> {
        let result = expression(&self.bounds)?;
        self.checked(&result, &[(self.name(), self.axis)])
    }

    /// Applies an elementwise expression of two arrays of the same selection.
    ///
    /// ```
    /// # use dask_array::{Array, ndarray::arr1};
    /// # use dask_graph::Collection;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 2, 3, 4]), 2)?;
    /// let (even, y) = ((&x.remainder(2)?).eq(0)?, &x * &x);
    /// let sum = x.filter(&even)?.zip_with(&y.filter(&even)?, |x, y| x + y)?;
    /// assert_eq!(sum.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[6, 20]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When the arrays do not come of one selection, cut in the same way.
    /// - As [`map`](Uncounted::map).
    pub fn zip_with<B: Element, C: Element>(
        &self,
        other: &Uncounted<B>,
        expression: impl FnOnce(&Array<A>, &Array<B>) -> Array<C>,
    ) -> Result<Uncounted<C>, ArrayError> {
        self.try_zip_with(other, |x, y| Ok(expression(x, y)))
    }

    /// [`zip_with`](Uncounted::zip_with) for an expression that can fail.
    ///
    /// # Errors
    ///
    /// - When `expression` does, and as [`zip_with`](Uncounted::zip_with).
    pub fn try_zip_with<B: Element, C: Element>(
        &self,
        other: &Uncounted<B>,
        expression: impl FnOnce(&Array<A>, &Array<B>) -> Result<Array<C>, ArrayError>,
    ) -> Result<Uncounted<C>, ArrayError> {
        if self.origin != other.origin {
            return Err(ArrayError::UncountedLengths);
        }
        let result = expression(&self.bounds, &other.bounds)?;
        self.checked(&result, &[(self.name(), self.axis), (other.name(), other.axis)])
    }

    fn checked<B: Element>(
        &self,
        result: &Array<B>,
        operands: &[(&Name, usize)],
    ) -> Result<Uncounted<B>, ArrayError> {
        let is_along = |&axis: &usize| is_elementwise(result.graph(), result.name(), axis, operands);
        let axis = (0..result.ndim()).find(is_along).ok_or(ArrayError::UncountedExpression)?;
        Ok(self.alike(result.clone(), axis))
    }
}

/// Whether an array is an expression of operands that is elementwise along this axis, and of nothing else along it.
fn is_elementwise(graph: &Graph, name: &Name, axis: usize, operands: &[(&Name, usize)]) -> bool {
    let mut open = vec![(name.clone(), axis)];
    let mut seen = HashSet::new();
    while let Some((name, axis)) = open.pop() {
        if operands.contains(&(&name, axis)) || !seen.insert((name.clone(), axis)) {
            continue;
        }
        let Some(arguments) = along(graph, &name, axis) else { return false };
        for argument in arguments {
            match argument {
                Argument::Along(name, axis) => open.push((name, axis)),
                Argument::Across(name) if depends(graph, &name, operands) => return false,
                Argument::Across(_) => {}
            }
        }
    }
    true
}

/// An argument of such an operation.
enum Argument {
    /// Runs along the axis that is looked at, which is this one of its own.
    Along(Name, usize),
    /// Is the same all along it.
    Across(Name),
}

/// The arguments of an operation that is elementwise along an axis of its result, which one of them at least has;
/// `None` if it is no such operation.
fn along(graph: &Graph, name: &Name, axis: usize) -> Option<Vec<Argument>> {
    let layer = graph.layer(name)?;
    if let Some(join) = layer.downcast_ref::<JoinLayer>() {
        return join.kept(axis).map(|own| vec![Argument::Along(join.input.clone(), own)]);
    }
    let layer = layer.downcast_ref::<Blockwise>()?;
    let program = program_along(layer.op(), axis)?;
    let argument = |(arg, spec): (&BlockArg, &ArgSpec)| {
        let own = spec.axes.iter().position(|&of| of == axis).filter(|&own| !spec.broadcast[own]);
        match (arg, own) {
            (BlockArg::Blocks { name, .. }, Some(own)) => Some(Argument::Along(name.clone(), own)),
            (BlockArg::Blocks { name, .. }, None) => Some(Argument::Across(name.clone())),
            // Made out of nothing, in the length that it is said to have.
            _ => None,
        }
    };
    let arguments: Vec<_> = layer.args().iter().zip(&program.args).map(argument).collect::<Option<_>>()?;
    arguments.iter().any(|argument| matches!(argument, Argument::Along(..))).then_some(arguments)
}

/// The program of an elementwise operation, or of the first step of a reduction that keeps the axis.
fn program_along(op: &Arc<dyn Op>, axis: usize) -> Option<&Program> {
    let op: &dyn Any = &**op;
    match op.downcast_ref::<FoldOp>() {
        Some(fold) => (fold.reduced.get(axis) == Some(&false)).then_some(&fold.compiled.program),
        None => Some(&op.downcast_ref::<ProgramOp>()?.compiled.program),
    }
}

/// Whether an array is made of one of these.
fn depends(graph: &Graph, name: &Name, on: &[(&Name, usize)]) -> bool {
    let mut open = vec![name.clone()];
    let mut seen = HashSet::new();
    while let Some(name) = open.pop() {
        if on.iter().any(|(operand, _)| **operand == name) {
            return true;
        }
        if seen.insert(name.clone()) {
            open.extend(graph.layer(&name).into_iter().flat_map(|layer| layer.inputs()));
        }
    }
    false
}
