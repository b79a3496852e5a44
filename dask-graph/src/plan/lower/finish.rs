//! From nodes numbered as they were met to nodes numbered by the order.

use std::mem::take;

use crate::code;
use crate::plan::csr::Csr;
use crate::plan::order::{Shape, order};
use crate::plan::size::known_nbytes;
use crate::plan::{NodeId, Plan, PlanError, PlanLayer};
use crate::task_graph::TaskGraph;
use crate::tasks::{Draw, Keys, Place, StandsFor, Tasks};

use super::{Draft, Home};

/// Orders the nodes of a draft and renumbers everything by the order.
pub(super) fn finish(mut draft: Draft<'_>) -> Result<Plan, PlanError> {
    let n = draft.homes.len();
    let mut wanted = vec![false; n];
    draft.outputs.iter().for_each(|&id| wanted[id as usize] = true);
    let layers = plan_layers(&draft);
    let sequence = {
        let dependents = Csr::turned(n, |id| draft.dependencies.row(id).iter().copied());
        let priority = |id: usize| layers[draft.homes[id].layer as usize].info.annotations.priority;
        let nbytes = |id: usize| {
            // In the order of their numbers, as they were added.
            let read = || draft.producers.binary_search_by_key(&(id as u32), |(id, _)| *id);
            let known = known_nbytes(draft.code.row(id), &draft.ops, &draft.literals, |at| draft.key(at));
            known.or_else(|| read().ok().map(|at| draft.producers[at].1).filter(|&nbytes| nbytes > 0))
        };
        let shape = Shape {
            dependencies: &draft.dependencies,
            dependents: &dependents,
            outputs: &draft.outputs,
            wanted: &wanted,
            known_nbytes: draft.producers.iter().any(|(_, nbytes)| *nbytes > 0).then_some(&nbytes),
            priority: layers.iter().any(|layer| layer.info.annotations.priority != 0).then_some(&priority),
        };
        order(&shape).map_err(|cycle| PlanError::Cycle {
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
    let mut wanted = vec![false; n];
    draft.outputs.iter().for_each(|&id| wanted[place[id as usize] as usize] = true);
    let producers = (!draft.producers.is_empty()).then(|| {
        let mut producers: Vec<Option<u64>> = vec![None; n];
        for &(id, nbytes) in &draft.producers {
            producers[place[id as usize] as usize] = Some(nbytes);
        }
        producers
    });
    draft.homes = sequence.iter().map(|&id| draft.homes[id as usize]).collect();
    draft.fused.iter_mut().for_each(|(id, _)| *id = place[*id as usize]);
    let layer_of = draft.homes.iter().map(|home| home.layer).collect();
    let (keys, stands_for) = keys(&mut draft);
    Ok(Plan {
        keys,
        layer_of,
        wanted,
        outputs: draft.outputs.iter().map(|&id| NodeId(place[id as usize])).collect(),
        code,
        dependents: dependents.map(NodeId),
        ops: draft.ops,
        literals: draft.literals,
        has_retries: layers.iter().any(|layer: &PlanLayer| layer.info.annotations.retries > 0),
        layers,
        producers,
        stands_for,
        n_tasks,
    })
}

/// The nodes of a draft as they were met.
pub(super) fn into_tasks(mut draft: Draft<'_>) -> Result<TaskGraph, PlanError> {
    let layers = plan_layers(&draft);
    let layer_of = match layers.len() {
        1 => Vec::new(),
        _ => draft.homes.iter().map(|home| home.layer).collect(),
    };
    let foreign = draft.index.layers.iter().map(|layer| layer.has_foreign_names()).collect();
    let (keys, stands_for) = keys(&mut draft);
    let tasks = Tasks::from_rows(keys, draft.code, draft.ops, draft.literals, stands_for);
    Ok(TaskGraph::new(tasks, layer_of, layers, foreign, draft.outputs))
}

/// The keys of the nodes of a draft, whose homes become the places from which they are drawn; and of what its fused
/// nodes stand for.
fn keys(draft: &mut Draft<'_>) -> (Keys, StandsFor) {
    // Drawn from the keys of all layers, and after them from those that their fused nodes stand for.
    let index = draft.index;
    let tables = || (0..index.layers.len() as u32).map(|layer| index.table(layer));
    let own = tables().map(|table| table.map(Tasks::keys));
    let of_fused = tables().map(|table| table.map(|tasks| tasks.stands_for().keys()));
    let mut draw = Draw::new(own.chain(of_fused), take(&mut draft.asked_keys));
    let places_of_fused = draw.places(places_of_fused(draft));
    let homes = take(&mut draft.homes).into_iter();
    let places = draw.places(homes.map(|home| Place { pool: home.layer, at: home.number }));
    let [keys, of_fused] = draw.keys([places, places_of_fused]);
    (keys, StandsFor::new(draft.fused.iter().copied(), of_fused))
}

/// The places of what the fused nodes of a draft stand for.
fn places_of_fused(draft: &Draft<'_>) -> impl Iterator<Item = Place> {
    draft.fused.iter().flat_map(|&(id, _)| {
        let Home { layer, number } = draft.homes[id as usize];
        let range = draft.index.table(layer).and_then(|tasks| tasks.stands_for().range(number));
        let pool = draft.index.layers.len() as u32 + layer;
        range.into_iter().flatten().map(move |at| Place { pool, at })
    })
}

fn plan_layers(draft: &Draft<'_>) -> Vec<PlanLayer> {
    let layers = draft.index.layers.iter();
    layers.map(|layer| PlanLayer { name: layer.name().clone(), info: layer.info().clone() }).collect()
}
