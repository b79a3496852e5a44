//! Partition-wise stages: what is done to each partition on its way, in one task.

use std::sync::Arc;

use dask_graph::{Blockwise, Graph, Key, LayerInfo, Name, Token, Tokenizer, Value};

use super::read::quote_states;
use super::{Partitions, ROWS};
use crate::plan::ops::{From, StageOp, Step};
use crate::source::{Piece, Source};

/// A partition-wise stage that may still grow.
#[derive(Clone)]
pub(super) struct Pending {
    pub(super) base: Base,
    pub(super) steps: Vec<Arc<Step>>,
    /// What every task takes besides its partition.
    pub(super) whole: Vec<(Key, Graph)>,
    pub(super) token: Token,
    pub(super) label: &'static str,
    pub(super) info: LayerInfo,
    pub(super) stands_for: Vec<Name>,
}

#[derive(Clone)]
pub(super) enum Base {
    Read { source: Arc<Source>, columns: Vec<usize>, pieces: Arc<[Piece]> },
    Layer(Partitions),
}

impl Pending {
    pub(super) fn new(base: Base, token: Token, label: &'static str, info: &LayerInfo) -> Self {
        let info = info.clone();
        Self { base, steps: Vec::new(), whole: Vec::new(), token, label, info, stands_for: Vec::new() }
    }

    /// A stage over partitions that are tasks already, with nothing to do yet.
    pub(super) fn after(partitions: Partitions) -> Self {
        let token = Tokenizer::new("partitions").feed(&partitions.name).feed(&partitions.n).finish();
        Self::new(Base::Layer(partitions), token, "partitions", &LayerInfo::default())
    }

    /// Adds a step.
    pub(super) fn then(mut self, step: Step, token: Token, label: &'static str, info: &LayerInfo) -> Self {
        if !self.is_empty() {
            self.stands_for.push(Name::from_token(self.label, self.token));
        }
        self.steps.push(Arc::new(step));
        self.token = Tokenizer::new(label).feed(&self.token).feed(&token).finish();
        self.label = label;
        self.info = info.clone();
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty() && matches!(self.base, Base::Layer(_))
    }

    pub(super) fn n(&self) -> u32 {
        match &self.base {
            Base::Read { pieces, .. } => pieces.len() as u32,
            Base::Layer(partitions) => partitions.n,
        }
    }

    /// Returns what the tasks take first.
    pub(super) fn from(&self) -> From {
        match &self.base {
            Base::Read { source, columns, .. } => {
                let states = source.needs_states();
                From::Source { source: Arc::clone(source), columns: columns.clone(), states }
            }
            Base::Layer(_) => From::Table,
        }
    }

    /// Makes the stage a layer.
    pub(super) fn lowered(self) -> Partitions {
        if let (true, Base::Layer(partitions)) = (self.is_empty(), &self.base) {
            return partitions.clone();
        }
        let n = self.n();
        let name = Name::from_token(self.label, self.token);
        let from = self.from();
        let states = match &self.base {
            Base::Read { source, .. } if from.n_args() == 2 => Some(quote_states(source, &self.info)),
            _ => None,
        };
        let op = StageOp { from, steps: self.steps };
        let mut layer = Blockwise::builder(name.clone(), Arc::new(op), &[(ROWS, n)]);
        let mut graphs = Vec::new();
        match &self.base {
            Base::Read { pieces, .. } => {
                let pieces = Arc::clone(pieces);
                layer = layer.per_block(&[(ROWS, n)], move |index| Value::new(pieces[index[0] as usize]));
            }
            Base::Layer(partitions) => {
                layer = layer.blocks(partitions.name.clone(), &[(ROWS, n)]);
                graphs.push(&partitions.graph);
            }
        }
        if let Some(states) = &states {
            layer = layer.blocks(states.name.clone(), &[(ROWS, n)]);
            graphs.push(&states.graph);
        }
        for (key, graph) in &self.whole {
            layer = layer.whole(key.clone());
            graphs.push(graph);
        }
        let mut info = self.info.clone();
        if !self.stands_for.is_empty() {
            info.stands_for = self.stands_for.iter().cloned().chain([name.clone()]).collect();
        }
        let layer =
            layer.info(info).build().expect("a stage has one axis, and all its arguments have it or none");
        Partitions { graph: Graph::with_inputs(layer, graphs), name, n }
    }
}
