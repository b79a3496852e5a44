//! Putting tasks in the place of references to them: what inlining and fusing have in common.
//!
//! ```text
//! x                                         x
//! y   [again x, call inc]             ⇒
//! z   [again y, again x, call add]          z   [again x, call inc, again x, call add]
//! ```

use dask_graph::{PlanError, Put, TaskGraph};

use crate::uses::Uses;

/// Work that is needed in several places is repeated there only if it takes at most so many steps, one for
/// each key, literal, list and call; otherwise references to it stay.
///
/// Without a bound, graphs in which everything is needed twice would grow exponentially with their depth.
pub const MAX_REPEATED_STEPS: usize = 256;

/// Puts the nodes for which `goes_in` holds in the place of all references to them, and removes those to which no
/// reference is left. `uses` are those of the nodes as they are.
///
/// Whether a node goes in may depend on whether something goes into it, which is the last argument of `goes_in`.
///
/// References stay where annotations differ, unless to data, and where there is too much work to
/// repeat. Wanted nodes stay too, but references to them do not.
pub(crate) fn splice(
    tasks: &mut TaskGraph,
    uses: &Uses,
    goes_in: impl Fn(&TaskGraph, u32, bool) -> bool,
) -> Result<(), PlanError> {
    // Nothing goes into the first node that goes in. Often there is none, and then nothing else is to be done.
    if !uses.sequence().iter().any(|&number| goes_in(tasks, number, false)) {
        return Ok(());
    }
    let mut splice = Splice::new(tasks.bound());
    uses.sequence().iter().for_each(|&number| splice.decide(tasks, number, uses, &goes_in));
    let Splice { mut parts, takers, may_go, .. } = splice;
    if takers.is_empty() {
        return Ok(());
    }
    for number in takers {
        let Part { goes_in, stays, .. } = parts[number as usize];
        // What goes into one place only is written out there.
        if !goes_in || stays || !uses.is_used_once(number) {
            tasks.put_in(number, |tasks, to, into| {
                let part = parts[to as usize];
                match part.goes_into(tasks, to, into) {
                    false => Put::Reference,
                    true if part.takes => Put::Whole,
                    true => Put::Code,
                }
            })?;
            // It goes into others as it stands.
            parts[number as usize].takes = false;
        }
    }
    let replaced = may_go.into_iter().filter(|&number| !parts[number as usize].stays);
    replaced.for_each(|number| tasks.remove(number));
    Ok(())
}

/// What becomes of the nodes, by number.
struct Splice {
    parts: Vec<Part>,
    /// Of nodes that go into others: how many steps they have with what goes into them.
    sizes: Vec<u32>,
    /// The nodes into which something goes.
    takers: Vec<u32>,
    /// The nodes to which no reference may be left.
    may_go: Vec<u32>,
}

#[derive(Clone, Copy, Default)]
struct Part {
    /// Whether it goes into its consumers.
    goes_in: bool,
    /// Whether it does more than fetching, with what goes into it.
    works: bool,
    /// Whether something goes into it that is not written there yet.
    takes: bool,
    /// Of a node that may go: whether a use of it is left.
    stays: bool,
}

impl Part {
    #[inline]
    fn goes_into(self, tasks: &TaskGraph, number: u32, consumer: u32) -> bool {
        self.goes_in && (!self.works || tasks.same_annotations(number, consumer))
    }
}

impl Splice {
    fn new(bound: usize) -> Self {
        Self {
            parts: vec![Part::default(); bound],
            sizes: vec![0; bound],
            takers: Vec::new(),
            may_go: Vec::new(),
        }
    }

    /// Decides about a node when everything that it needs has been decided.
    #[inline]
    fn decide(
        &mut self,
        tasks: &TaskGraph,
        number: u32,
        uses: &Uses,
        goes_in: &impl Fn(&TaskGraph, u32, bool) -> bool,
    ) {
        let mut part = Part::default();
        let mut n_taken = 0_u32;
        for to in tasks.references(number) {
            let taken = self.parts[to as usize];
            if taken.goes_into(tasks, to, number) {
                part.takes = true;
                part.works |= taken.works;
                n_taken = n_taken.saturating_add(self.sizes[to as usize] - 1);
            } else if taken.goes_in {
                self.parts[to as usize].stays = true;
            }
        }
        if goes_in(tasks, number, part.takes) {
            let size = n_taken.saturating_add(tasks.steps(number).count() as u32);
            part.goes_in = uses.is_used_once(number) || size as usize <= MAX_REPEATED_STEPS;
            part.works |= tasks.does_work(number);
            self.sizes[number as usize] = size;
        }
        if part.takes {
            self.takers.push(number);
        }
        if part.goes_in || uses.is_unused(number) {
            self.may_go.push(number);
        }
        part.stays = uses.is_wanted(number);
        self.parts[number as usize] = part;
    }
}
