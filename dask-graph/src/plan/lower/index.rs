//! Where the node of a key is.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::graph::Graph;
use crate::key::{Key, Name};
use crate::layer::Layer;
use crate::plan::PlanError;
use crate::tasks::Tasks;

/// The layers of a graph, to be found by key.
pub(super) struct LayerIndex<'a> {
    pub(super) layers: Vec<&'a Arc<dyn Layer>>,
    /// Per layer: its tasks, if it holds them in a map.
    tables: Vec<Option<&'a Tasks>>,
    by_name: FxHashMap<&'a Name, u32>,
    /// Layers that hold keys of other names than their own.
    hand_written: Vec<u32>,
    /// The keys of hand-written layers and the first and last layer that holds each, when there are too many
    /// layers to ask each of them.
    by_key: Option<FxHashMap<Key, [u32; 2]>>,
}

/// The node of a key.
#[derive(Clone, Copy)]
pub(super) enum Site {
    /// The layer's map holds it under this number.
    Held { layer: u32, number: u32 },
    /// The layer has to be asked for it, and may yet say that there is none.
    Asked { layer: u32 },
}

impl Site {
    fn layer(self) -> u32 {
        match self {
            Self::Held { layer, .. } | Self::Asked { layer } => layer,
        }
    }
}

/// Above so many hand-written layers an index of their keys is cheaper than asking each.
const ASK_EACH: usize = 8;

impl<'a> LayerIndex<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        let layers = graph.layers();
        let tables = layers.iter().map(|layer| layer.as_materialized().map(|map| map.tasks())).collect();
        let mut by_name = FxHashMap::default();
        let mut hand_written = Vec::new();
        for (n, layer) in layers.iter().enumerate() {
            let n = n as u32;
            if layer.has_foreign_names() {
                hand_written.push(n);
            } else {
                // Equal names mean equal work: any of them will do.
                by_name.insert(layer.name(), n);
            }
        }
        let by_key = (hand_written.len() > ASK_EACH).then(|| {
            let mut by_key = FxHashMap::default();
            for &n in &hand_written {
                for key in layers[n as usize].keys() {
                    by_key.entry(key).or_insert([n, n])[1] = n;
                }
            }
            by_key
        });
        Self { layers, tables, by_name, hand_written, by_key }
    }

    pub(super) fn table(&self, layer: u32) -> Option<&'a Tasks> {
        self.tables[layer as usize]
    }

    /// Whether no other layer can hold a key that a layer holds.
    pub(super) fn keys_are_apart(&self) -> bool {
        self.hand_written.is_empty() || self.layers.len() == 1
    }

    #[inline]
    pub(super) fn find(&self, key: &Key) -> Result<Option<Site>, PlanError> {
        let mut found = self.by_name.get(key.name()).and_then(|&n| self.find_in(n, key));
        let candidates = match &self.by_key {
            Some(by_key) => match by_key.get(key) {
                Some(both @ [first, last]) if first != last => &both[..],
                Some(only) => &only[..1],
                None => &[],
            },
            None => &self.hand_written[..],
        };
        for &n in candidates {
            let Some(site) = self.find_in(n, key) else { continue };
            if let Some(other) = found {
                let layers = [other.layer(), n].map(|n| self.layers[n as usize].name().clone());
                return Err(PlanError::Ambiguous { key: key.clone(), layers });
            }
            found = Some(site);
        }
        Ok(found)
    }

    #[inline]
    fn find_in(&self, layer: u32, key: &Key) -> Option<Site> {
        if let Some(tasks) = self.table(layer) {
            let number = tasks.number(key).filter(|&number| tasks.has_node(number))?;
            return Some(Site::Held { layer, number });
        }
        // Only among hand-written layers it matters at once whether this one has the key.
        let may_have = self.hand_written.is_empty() || self.layers[layer as usize].node(key).is_some();
        may_have.then_some(Site::Asked { layer })
    }
}
