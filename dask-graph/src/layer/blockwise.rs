//! The layer in which every output block is one op over corresponding input blocks.

use std::fmt;
use std::sync::Arc;

use crate::key::{Key, Name};
use crate::layer::{Layer, LayerInfo};
use crate::op::Op;
use crate::task::{Arg, Node, Task};
use crate::value::Value;

/// A label that ties axes of inputs to axes of the output, as the letters of `einsum` do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Axis(pub u16);

/// One argument of a [`Blockwise`] layer.
#[derive(Clone)]
pub enum BlockArg {
    /// The blocks of another layer, found by their axes. An axis with one block is broadcast; an axis that
    /// the output does not have is contracted: its blocks arrive as a list.
    Blocks {
        /// The layer.
        name: Name,
        /// The layer's axes and numbers of blocks.
        axes: Vec<(Axis, u32)>,
    },
    /// A value for every block, made from the block's index along these axes.
    PerBlock {
        /// The axes and numbers of blocks, as for `Blocks`.
        axes: Vec<(Axis, u32)>,
        /// Makes the value.
        value: Arc<dyn Fn(&[u32]) -> Value + Send + Sync>,
    },
    /// The same result for every block.
    Whole(Key),
    /// The same value for every block.
    Literal(Value),
}

impl BlockArg {
    fn axes(&self) -> &[(Axis, u32)] {
        match self {
            Self::Blocks { axes, .. } | Self::PerBlock { axes, .. } => axes,
            Self::Whole(_) | Self::Literal(_) => &[],
        }
    }
}

impl fmt::Debug for BlockArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocks { name, axes } => write!(f, "{name}{axes:?}"),
            Self::PerBlock { axes, .. } => write!(f, "per block{axes:?}"),
            Self::Whole(key) => write!(f, "{key}"),
            Self::Literal(value) => value.fmt(f),
        }
    }
}

/// A layer in which every output block is one op over corresponding input blocks.
///
/// It holds nothing per block: building, fusing and asking for one task cost the same for ten blocks and for
/// ten million.
///
/// ```
/// use dask_graph::{Axis, Blockwise, Key, Layer, op};
///
/// // z[i, j] = x[i, j] + row[j]: `row` is broadcast along the first axis.
/// let (i, j) = (Axis(0), Axis(1));
/// let z = Blockwise::builder("z", op(|x: f64, row: f64| x + row), &[(i, 4), (j, 3)])
///     .blocks("x", &[(i, 4), (j, 3)])
///     .blocks("row", &[(j, 3)])
///     .build()
///     .unwrap();
/// let node = z.node(&Key::new("z", &[3, 2])).unwrap();
/// assert_eq!(node.dependencies(), [Key::new("x", &[3, 2]), Key::new("row", &[2])]);
/// ```
#[derive(Clone)]
pub struct Blockwise {
    name: Name,
    op: Arc<dyn Op>,
    output: Vec<(Axis, u32)>,
    contracted: Vec<(Axis, u32)>,
    args: Vec<BlockArg>,
    /// Per argument and axis: where the block number comes from.
    sources: Vec<Vec<Source>>,
    info: LayerInfo,
}

/// Where the block number along one axis of an argument comes from.
#[derive(Clone, Copy)]
enum Source {
    /// There is one block.
    Zero,
    /// The output's index at this position.
    Output(usize),
    /// A contracted axis: all of its so many blocks. `broadcast` axes give block 0 so many times.
    Contracted { n_blocks: u32, broadcast: bool },
}

impl Blockwise {
    /// Begins a layer with these output axes and numbers of blocks, written at the caller's place.
    #[track_caller]
    pub fn builder(name: impl Into<Name>, op: Arc<dyn Op>, output: &[(Axis, u32)]) -> BlockwiseBuilder {
        BlockwiseBuilder {
            name: name.into(),
            op,
            output: output.to_vec(),
            contracted: Vec::new(),
            args: Vec::new(),
            info: LayerInfo::here(),
        }
    }

    /// What is done for each block.
    pub fn op(&self) -> &Arc<dyn Op> {
        &self.op
    }

    /// The output's axes and numbers of blocks.
    pub fn output(&self) -> &[(Axis, u32)] {
        &self.output
    }

    /// The axes that inputs have and the output has not, and their numbers of blocks.
    pub fn contracted(&self) -> &[(Axis, u32)] {
        &self.contracted
    }

    /// The arguments.
    pub fn args(&self) -> &[BlockArg] {
        &self.args
    }

    /// The same layer with other information; it stays a `Blockwise`, so it can still be fused.
    pub(crate) fn with_info(&self, info: LayerInfo) -> Self {
        Self { info, ..self.clone() }
    }

    fn arg_of(&self, at: usize, index: &[u32]) -> Arg {
        let sources = &self.sources[at];
        match &self.args[at] {
            BlockArg::Whole(key) => Arg::Key(key.clone()),
            BlockArg::Literal(value) => Arg::Value(value.clone()),
            BlockArg::Blocks { name, .. } => {
                blocks_of(sources, index, &mut |at| Arg::Key(Key::new(name, at)))
            }
            BlockArg::PerBlock { value, .. } => blocks_of(sources, index, &mut |at| Arg::Value(value(at))),
        }
    }
}

/// The block at the place that `index` names, or nested lists of blocks over contracted axes.
fn blocks_of(sources: &[Source], index: &[u32], leaf: &mut dyn FnMut(&[u32]) -> Arg) -> Arg {
    /// Recursion is over the contracted axes of one argument, of which there are a few.
    fn fill(
        sources: &[Source],
        index: &[u32],
        block: &mut [u32],
        from: usize,
        leaf: &mut dyn FnMut(&[u32]) -> Arg,
    ) -> Arg {
        for at in from..sources.len() {
            match sources[at] {
                Source::Zero => block[at] = 0,
                Source::Output(position) => block[at] = index[position],
                Source::Contracted { n_blocks, broadcast } => {
                    let items = (0..n_blocks).map(|n| {
                        block[at] = if broadcast { 0 } else { n };
                        fill(sources, index, block, at + 1, leaf)
                    });
                    return Arg::List(items.collect());
                }
            }
        }
        leaf(block)
    }
    let mut inline = [0; 8];
    match inline.get_mut(..sources.len()) {
        Some(block) => fill(sources, index, block, 0, leaf),
        None => fill(sources, index, &mut vec![0; sources.len()], 0, leaf),
    }
}

impl Layer for Blockwise {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.output.iter().map(|&(_, n)| n as usize).product()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let index = key.index();
        let inside =
            index.len() == self.output.len() && index.iter().zip(&self.output).all(|(i, (_, n))| i < n);
        if !inside || key.name() != &self.name {
            return None;
        }
        let args = (0..self.args.len()).map(|at| self.arg_of(at, index));
        Some(Node::Task(Task::new(self.op.clone(), args)))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        let (n, mut next) = (self.len(), vec![0_u32; self.output.len()]);
        Box::new((0..n).map(move |_| {
            let key = Key::new(&self.name, &next);
            // Counts up, last axis fastest.
            for (i, (_, n)) in next.iter_mut().zip(&self.output).rev() {
                *i += 1;
                if *i < *n {
                    break;
                }
                *i = 0;
            }
            key
        }))
    }

    fn inputs(&self) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        for arg in &self.args {
            let name = match arg {
                BlockArg::Blocks { name, .. } => name,
                BlockArg::Whole(key) => key.name(),
                BlockArg::PerBlock { .. } | BlockArg::Literal(_) => continue,
            };
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }
}

impl fmt::Debug for Blockwise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?} = {}{:?}", self.name, self.output, self.op.name(), self.args)
    }
}

/// Collects the arguments of a [`Blockwise`] layer.
#[derive(Clone)]
#[must_use]
pub struct BlockwiseBuilder {
    name: Name,
    op: Arc<dyn Op>,
    output: Vec<(Axis, u32)>,
    contracted: Vec<(Axis, u32)>,
    args: Vec<BlockArg>,
    info: LayerInfo,
}

impl BlockwiseBuilder {
    /// Declares an axis that inputs have and the output has not: their blocks along it arrive as a list.
    pub fn contract(mut self, axis: Axis, n_blocks: u32) -> Self {
        self.contracted.push((axis, n_blocks));
        self
    }

    /// Adds the blocks of a layer as the next argument, with the layer's axes and numbers of blocks.
    pub fn blocks(self, name: impl Into<Name>, axes: &[(Axis, u32)]) -> Self {
        self.arg(BlockArg::Blocks { name: name.into(), axes: axes.to_vec() })
    }

    /// Adds a value that depends on the block's index along these axes as the next argument.
    pub fn per_block(
        self,
        axes: &[(Axis, u32)],
        value: impl Fn(&[u32]) -> Value + Send + Sync + 'static,
    ) -> Self {
        self.arg(BlockArg::PerBlock { axes: axes.to_vec(), value: Arc::new(value) })
    }

    /// Adds the same result for every block as the next argument.
    pub fn whole(self, key: impl Into<Key>) -> Self {
        self.arg(BlockArg::Whole(key.into()))
    }

    /// Adds the same value for every block as the next argument.
    pub fn literal<T: Send + Sync + 'static>(self, data: T) -> Self {
        self.arg(BlockArg::Literal(Value::new(data)))
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: BlockArg) -> Self {
        self.args.push(arg);
        self
    }

    /// Sets where the layer was written and how it is to be run.
    pub fn info(mut self, info: LayerInfo) -> Self {
        self.info = info;
        self
    }

    /// Checks that the axes fit together and makes the layer.
    ///
    /// # Errors
    ///
    /// - When an argument has an axis that neither the output nor [`contract`](Self::contract) declares.
    /// - When an argument's number of blocks along an axis is neither 1 nor the declared one.
    /// - When an axis is declared twice.
    pub fn build(self) -> Result<Blockwise, BlockwiseError> {
        let declared = || self.output.iter().chain(&self.contracted);
        for (n, (axis, _)) in declared().enumerate() {
            if declared().take(n).any(|(other, _)| other == axis) {
                return Err(BlockwiseError::DeclaredTwice { name: self.name.clone(), axis: *axis });
            }
        }
        let source = |arg: usize, axis: Axis, got: u32| {
            let fits = |declared: u32| {
                if got == 1 || got == declared {
                    return Ok(());
                }
                Err(BlockwiseError::BlockCount { name: self.name.clone(), arg, axis, got, declared })
            };
            if let Some(position) = self.output.iter().position(|&(a, _)| a == axis) {
                fits(self.output[position].1)?;
                Ok(if got == 1 { Source::Zero } else { Source::Output(position) })
            } else if let Some(&(_, n_blocks)) = self.contracted.iter().find(|&&(a, _)| a == axis) {
                fits(n_blocks)?;
                Ok(Source::Contracted { n_blocks, broadcast: got == 1 })
            } else {
                Err(BlockwiseError::UnknownAxis { name: self.name.clone(), arg, axis })
            }
        };
        let sources = self.args.iter().enumerate().map(|(arg, blocks)| {
            blocks.axes().iter().map(|&(axis, n)| source(arg, axis, n)).collect::<Result<Vec<_>, _>>()
        });
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let Self { name, op, output, contracted, args, info } = self;
        Ok(Blockwise { name, op, output, contracted, args, sources, info })
    }
}

/// Axes of a [`Blockwise`] layer that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockwiseError {
    /// An argument has an axis that nobody declared.
    #[error(
        "layer {name}: argument {arg} has axis {axis:?}, which is neither an output axis nor contracted; \
         declare it with `contract`"
    )]
    UnknownAxis {
        /// The layer.
        name: Name,
        /// The argument's position.
        arg: usize,
        /// The axis.
        axis: Axis,
    },
    /// An argument has another number of blocks along an axis than declared.
    #[error(
        "layer {name}: argument {arg} has {got} blocks along axis {axis:?}, where {declared} or 1 are expected"
    )]
    BlockCount {
        /// The layer.
        name: Name,
        /// The argument's position.
        arg: usize,
        /// The axis.
        axis: Axis,
        /// The argument's number of blocks.
        got: u32,
        /// The declared number of blocks.
        declared: u32,
    },
    /// An axis is declared twice.
    #[error("layer {name}: axis {axis:?} is declared twice")]
    DeclaredTwice {
        /// The layer.
        name: Name,
        /// The axis.
        axis: Axis,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::op;

    const I: Axis = Axis(0);
    const J: Axis = Axis(1);
    const K: Axis = Axis(2);

    fn noop() -> Arc<dyn Op> {
        op(|| 0_i64)
    }

    #[track_caller]
    fn check(layer: &Blockwise, index: &[u32], expected: &str) {
        let Some(Node::Task(task)) = layer.node(&Key::new(layer.name(), index)) else {
            panic!("no task at {index:?}")
        };
        assert_eq!(format!("{:?}", task.args()), expected);
    }

    #[test]
    fn broadcast_contraction_and_block_arguments() {
        let layer = Blockwise::builder("c", noop(), &[(I, 2), (J, 3)])
            .contract(K, 2)
            .blocks("a", &[(I, 2), (K, 2)])
            .blocks("b", &[(K, 1), (J, 3)])
            .blocks("t", &[(J, 3), (I, 2)])
            .per_block(&[(J, 3)], |at| Value::new(at.to_vec()))
            .whole("w")
            .literal(1.5_f64)
            .build()
            .unwrap();
        check(
            &layer,
            &[1, 2],
            "[[('a', 1, 0), ('a', 1, 1)], [('b', 0, 2), ('b', 0, 2)], ('t', 2, 1), \
             Value(alloc::vec::Vec<u32>), w, Value(f64)]",
        );
        assert_eq!(layer.len(), 6);
        assert_eq!(layer.keys().count(), 6);
        assert_eq!(layer.keys().last(), Some(Key::new("c", &[1, 2])));
        assert_eq!(layer.inputs(), ["a", "b", "t", "w"].map(Name::from));
        assert!(layer.node(&Key::new("c", &[2, 0])).is_none());
        assert!(layer.node(&Key::new("c", &[0])).is_none());
        assert!(layer.node(&Key::new("d", &[0, 0])).is_none());
    }

    #[test]
    fn axes_that_do_not_fit_are_refused() {
        let build = |axes: &[(Axis, u32)]| {
            Blockwise::builder("c", noop(), &[(I, 2)]).blocks("a", axes).build().unwrap_err().to_string()
        };
        assert_eq!(
            build(&[(I, 3)]),
            "layer c: argument 0 has 3 blocks along axis Axis(0), where 2 or 1 are expected"
        );
        assert!(build(&[(K, 1)]).contains("neither an output axis nor contracted"));
        let twice = Blockwise::builder("c", noop(), &[(I, 2), (I, 2)]).build().unwrap_err();
        assert_eq!(twice, BlockwiseError::DeclaredTwice { name: "c".into(), axis: I });
    }
}
