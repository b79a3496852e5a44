//! What computing would do, before it is done.

use std::fmt;

use crate::collection::ComputeError;
use crate::graph::Graph;
use crate::key::{Key, Name};
use crate::scheduler::PassReport;

/// What computing a collection would do.
///
/// ```
/// use dask_graph::{Collection, Delayed};
///
/// let explanation = Delayed::value(1_i64).map(|x: &i64| x + 1).explain().unwrap();
/// assert_eq!((explanation.n_tasks, explanation.max_live), (1, 2));
/// println!("{explanation}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// Layers as written: name and number of keys, inputs first.
    pub written: Vec<(Name, usize)>,
    /// What each pass of the scheduler's front did.
    pub passes: Vec<PassReport>,
    /// Layers as prepared for the run.
    pub prepared: Vec<(Name, usize)>,
    /// Nodes of the plan.
    pub n_nodes: usize,
    /// Nodes that do work.
    pub n_tasks: usize,
    /// The most results alive at once when one worker runs the plan.
    pub max_live: u64,
    /// The bytes that will be read or created, as far as known.
    pub read_nbytes: u64,
    /// Reading or creating tasks whose size is not known before the run.
    pub n_unknown: usize,
    /// An estimate of the most bytes of results alive at once when one worker runs the plan: a result is
    /// taken to be as large as its largest input where its op does not know better. How many groups a table has,
    /// for one, is not known before the run, so that what is added up of its parts is taken to be too large.
    pub peak_nbytes: u64,
}

impl Explanation {
    pub(crate) fn new(
        written: &Graph,
        prepared: &Graph,
        passes: Vec<PassReport>,
        keys: &[Key],
    ) -> Result<Self, ComputeError> {
        let names = |graph: &Graph| {
            graph.layers().iter().map(|layer| (layer.name().clone(), layer.len())).collect::<Vec<_>>()
        };
        let plan = prepared.lower(keys)?;
        let sizes = plan.estimated_nbytes();
        let known = |node| plan.producer_nbytes(node);
        Ok(Self {
            written: names(written),
            passes,
            prepared: names(prepared),
            n_nodes: plan.len(),
            n_tasks: plan.n_tasks(),
            max_live: plan.pressure().max_live(),
            read_nbytes: plan.nodes().filter_map(known).sum(),
            n_unknown: plan.nodes().filter(|&node| known(node) == Some(0)).count(),
            peak_nbytes: plan.peak_nbytes(&sizes),
        })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layers = |f: &mut fmt::Formatter<'_>, layers: &[(Name, usize)]| {
            layers.iter().try_for_each(|(name, n)| writeln!(f, "  {:<40} {n:>12} keys", name.label()))
        };
        writeln!(f, "layers as written:")?;
        layers(f, &self.written)?;
        if !self.passes.is_empty() {
            writeln!(f, "passes:")?;
            self.passes.iter().try_for_each(|pass| writeln!(f, "  {pass}"))?;
        }
        if self.prepared != self.written {
            writeln!(f, "layers as run:")?;
            layers(f, &self.prepared)?;
        }
        writeln!(f, "plan: {} tasks, {} nodes", self.n_tasks, self.n_nodes)?;
        write!(f, "reads {} bytes", self.read_nbytes)?;
        if self.n_unknown > 0 {
            write!(f, " and {} sources of unknown size", self.n_unknown)?;
        }
        writeln!(f)?;
        writeln!(f, "peak on one worker: {} results alive, about {} bytes", self.max_live, self.peak_nbytes)
    }
}
