//! A stranger's layer that moves down: parts of other layers in a row.

use std::sync::Arc;

use dask_graph::{Axis, BlockArg, Blockwise, Key, Layer, LayerInfo, Name, Node, Tokenizer};

const I: Axis = Axis(0);

/// Blocks of other layers one after the other: parts of layers, as a stranger's collection would take and join
/// them.
pub(crate) struct Row {
    pub(crate) name: Name,
    /// A layer, its first block that is taken, and how many are.
    pub(crate) parts: Vec<(Name, u32, u32)>,
    pub(crate) info: LayerInfo,
}

impl Row {
    fn n_blocks(&self) -> u32 {
        self.parts.iter().map(|&(_, _, n)| n).sum()
    }

    /// The parts that blocks `start..start + n` of the row are made of.
    fn range(&self, start: u32, n: u32) -> Vec<(Name, u32, u32)> {
        let mut before = 0;
        let mut parts = Vec::new();
        for (name, first, len) in &self.parts {
            let (from, to) = (start.max(before), (start + n).min(before + len));
            if from < to {
                parts.push((name.clone(), first + from - before, to - from));
            }
            before += len;
        }
        parts
    }

    /// Parts of the row `other` instead of parts of its result.
    fn over_row(&self, other: &Row) -> Vec<(Name, u32, u32)> {
        let parts = self.parts.iter().cloned().flat_map(|(name, start, n)| {
            if name == other.name { other.range(start, n) } else { vec![(name, start, n)] }
        });
        parts.collect()
    }

    /// The operation over a part of each of its arguments.
    fn under_op(&self, producer: &Blockwise) -> Option<Vec<Arc<dyn Layer>>> {
        let [(_, start, n)] = self.parts[..] else { return None };
        // Of what is added up, all is needed; and what is not there must not come into being.
        if !producer.contracted().is_empty() || (start + n) as usize > producer.len() {
            return None;
        }
        let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
        let mut layer = Blockwise::builder(&self.name, producer.op().clone(), &[(I, n)])
            .info((self as &dyn Layer).info_with(producer));
        for (at, arg) in producer.args().iter().enumerate() {
            layer = match arg {
                BlockArg::Blocks { name: input, axes } if axes[0].1 > 1 => {
                    let token = Tokenizer::new("row").feed(&self.name).feed(input).feed(&at).finish();
                    let name = Name::from_token("row", token);
                    let info = LayerInfo { stands_for: Arc::new([self.name.clone()]), ..self.info.clone() };
                    layers.push(Arc::new(Row {
                        name: name.clone(),
                        parts: vec![(input.clone(), start, n)],
                        info,
                    }));
                    layer.blocks(name, &[(I, n)])
                }
                BlockArg::PerBlock { axes, value } if axes[0].1 > 1 => {
                    let value = value.clone();
                    layer.per_block(&[(I, n)], move |index| value(&[index[0] + start]))
                }
                same => layer.arg(same.clone()),
            };
        }
        layers.push(Arc::new(layer.build().ok()?));
        Some(layers)
    }
}

impl Layer for Row {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.n_blocks() as usize
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let &[i] = key.index() else { return None };
        let (name, at, _) = self.range(i, 1).pop()?;
        (key.name() == &self.name).then(|| Node::Alias(Key::new(name, &[at])))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        Box::new((0..self.n_blocks()).map(|i| Key::new(&self.name, &[i])))
    }

    fn inputs(&self) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        for (name, _, _) in &self.parts {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }

    fn push_into(&self, producer: &dyn Layer) -> Option<Vec<Arc<dyn Layer>>> {
        if let Some(row) = producer.downcast_ref::<Row>() {
            let info = (self as &dyn Layer).info_with(producer);
            return Some(vec![Arc::new(Row { name: self.name.clone(), parts: self.over_row(row), info })]);
        }
        self.under_op(producer.downcast_ref::<Blockwise>()?)
    }
}
