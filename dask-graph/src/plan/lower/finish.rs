//! From nodes numbered as they were met to nodes numbered by the order.

use crate::code;
use crate::plan::csr::Csr;
use crate::plan::order::{Shape, order};
use crate::plan::size::known_nbytes;
use crate::plan::{NodeId, Plan, PlanError, PlanLayer};
use crate::task_graph::TaskGraph;
use crate::tasks::{Draw, Place, Tasks};

use super::Draft;

/// Orders the nodes of a draft and renumbers everything by the order.
pub(super) fn finish(draft: Draft<'_>, outputs: &[u32]) -> Result<Plan, PlanError> {
    let n = draft.homes.len();
    let mut wanted = vec![false; n];
    outputs.iter().for_each(|&id| wanted[id as usize] = true);
    let layers = plan_layers(&draft);
    let layer_of = |id: u32| draft.homes[id as usize].layer;
    let sequence = {
        let dependents = Csr::turned(n, |id| draft.dependencies.row(id).iter().copied());
        let priority = |id: usize| layers[layer_of(id as u32) as usize].info.annotations.priority;
        let nbytes = |id: usize| {
            // In the order of their numbers, as they were added.
            let read = || draft.producers.binary_search_by_key(&(id as u32), |(id, _)| *id);
            let known = known_nbytes(draft.code.row(id), &draft.ops, &draft.literals, |at| draft.key(at));
            known.or_else(|| read().ok().map(|at| draft.producers[at].1).filter(|&nbytes| nbytes > 0))
        };
        let shape = Shape {
            dependencies: &draft.dependencies,
            dependents: &dependents,
            outputs,
            wanted: &wanted,
            known_nbytes: draft.producers.iter().any(|(_, nbytes)| *nbytes > 0).then_some(&nbytes),
        };
        order(&shape, &priority).map_err(|cycle| PlanError::Cycle {
            keys: cycle.iter().map(|&id| draft.key(id).clone()).collect(),
        })?
    };

    let mut place = vec![0_u32; n];
    for (at, &id) in sequence.iter().enumerate() {
        place[id as usize] = at as u32;
    }
    let mut code = Csr::with_capacity(n, draft.code.n_items());
    let mut n_tasks = 0;
    for &id in &sequence {
        let row = draft.code.row(id as usize);
        n_tasks += usize::from(code::does_work(row));
        code.items_mut().extend(row.iter().map(|&word| code::renumbered(word, |id| place[id as usize])));
        code.end_row().ok_or(PlanError::TooLarge)?;
    }
    // Rows in static order are what schedulers want.
    let dependents = Csr::turned(n, |at| code::dependencies(code.row(at)));
    let producers = (!draft.producers.is_empty()).then(|| {
        let mut producers: Vec<Option<u64>> = vec![None; n];
        for &(id, nbytes) in &draft.producers {
            producers[place[id as usize] as usize] = Some(nbytes);
        }
        producers
    });
    Ok(Plan {
        keys: sequence.iter().map(|&id| draft.key(id).clone()).collect(),
        layer_of: sequence.iter().map(|&id| layer_of(id)).collect(),
        wanted: sequence.iter().map(|&id| wanted[id as usize]).collect(),
        outputs: outputs.iter().map(|&id| NodeId(place[id as usize])).collect(),
        code,
        dependents: dependents.map(NodeId),
        ops: draft.ops,
        literals: draft.literals,
        has_retries: layers.iter().any(|layer: &PlanLayer| layer.info.annotations.retries > 0),
        layers,
        producers,
        stands_for: draft
            .stands_for
            .into_iter()
            .map(|(id, keys)| (NodeId(place[id as usize]), keys))
            .collect(),
        n_tasks,
    })
}

/// The nodes of a draft as they were met.
pub(super) fn into_tasks(draft: Draft<'_>, outputs: Vec<u32>) -> Result<TaskGraph, PlanError> {
    let layers = plan_layers(&draft);
    let layer_of = draft.homes.iter().map(|home| home.layer).collect();
    let maps = (0..layers.len() as u32).map(|layer| draft.index.table(layer).map(Tasks::keys));
    let places = draft.homes.iter().map(|home| Place { pool: home.layer, at: home.number });
    let keys = Draw::new(maps, draft.asked_keys).keys(places);
    let mut tasks = Tasks::from_rows(keys, draft.code, draft.ops, draft.literals);
    draft.stands_for.into_iter().for_each(|(id, keys)| tasks.set_stands_for(id, keys));
    let foreign = draft.index.layers.iter().map(|layer| layer.has_foreign_names()).collect();
    Ok(TaskGraph::new(tasks, layer_of, layers, foreign, outputs))
}

fn plan_layers(draft: &Draft<'_>) -> Vec<PlanLayer> {
    let layers = draft.index.layers.iter();
    layers.map(|layer| PlanLayer { name: layer.name().clone(), info: layer.info().clone() }).collect()
}
