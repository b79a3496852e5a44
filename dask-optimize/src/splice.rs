//! Putting tasks in the place of references to them: what inlining and fusing have in common.
//!
//! ```text
//! x                                         x
//! y   [again x, call inc]             ⇒
//! z   [again y, again x, call add]          z   [again x, call inc, again x, call add]
//! ```

use dask_graph::{Key, PlanError, Step, TaskGraph};

use crate::uses::{Uses, does_work};

/// Work that is needed in several places is repeated there only if it takes at most so many steps, one for
/// each key, literal, list and call; otherwise references to it stay.
///
/// Without a bound, graphs in which everything is needed twice would grow exponentially with their depth.
pub const MAX_REPEATED_STEPS: usize = 256;

/// Puts the nodes for which `goes_in` holds in the place of all references to them, and removes those to which no
/// reference is left. `sequence` is a topological order, and `uses` are those of the nodes as they are.
///
/// Whether a node goes in may depend on whether something goes into it, which is the last argument of `goes_in`.
///
/// References stay where annotations differ, unless to data, and where there is too much work to
/// repeat. Wanted nodes stay too, but references to them do not.
pub(crate) fn splice(
    tasks: &mut TaskGraph,
    sequence: &[u32],
    uses: &Uses,
    goes_in: impl Fn(&TaskGraph, u32, bool) -> bool,
) -> Result<(), PlanError> {
    let mut splice = Splice { parts: vec![Part::default(); tasks.bound()] };
    let mut changes = false;
    for &number in sequence {
        changes |= splice.decide(tasks, number, uses, &goes_in);
    }
    if !changes {
        return Ok(());
    }
    let (mut steps, mut names) = (Vec::new(), Vec::new());
    for &number in sequence {
        let part = splice.parts[number as usize];
        // What goes into one place only is written out there.
        if part.takes && (part.stays || !uses.is_used_once(number)) {
            splice.write(tasks, number, &mut steps, &mut names);
            tasks.set_steps(number, steps.drain(..))?;
            match &names[..] {
                [] => {}
                [own] if own == tasks.key(number) => {}
                names => tasks.set_stands_for(number, names),
            }
            names.clear();
            // It goes into others as it stands.
            splice.parts[number as usize].takes = false;
        }
    }
    let replaced = sequence.iter().filter(|&&number| !splice.parts[number as usize].stays);
    replaced.for_each(|&number| tasks.remove(number));
    Ok(())
}

/// What becomes of the nodes, by number.
struct Splice {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Default)]
struct Part {
    /// How many steps it has with what goes into it.
    size: u32,
    /// Whether it goes into its consumers.
    goes_in: bool,
    /// Whether it does more than fetching, with what goes into it.
    works: bool,
    /// Whether something goes into it that is not written there yet.
    takes: bool,
    /// Whether a use of it is left.
    stays: bool,
}

impl Splice {
    /// Decides about a node when everything that it needs has been decided. Returns whether something goes into
    /// it.
    fn decide(
        &mut self,
        tasks: &TaskGraph,
        number: u32,
        uses: &Uses,
        goes_in: &impl Fn(&TaskGraph, u32, bool) -> bool,
    ) -> bool {
        let mut part = Part { works: does_work(tasks, number), ..Part::default() };
        for step in tasks.steps(number) {
            part.size = part.size.saturating_add(1);
            let Step::Again(to) = step else { continue };
            if self.goes_into(tasks, to, number) {
                let taken = self.parts[to as usize];
                part.takes = true;
                part.works |= taken.works;
                part.size = part.size.saturating_add(taken.size - 1);
            } else {
                self.parts[to as usize].stays = true;
            }
        }
        part.goes_in = goes_in(tasks, number, part.takes)
            && (uses.is_used_once(number) || part.size as usize <= MAX_REPEATED_STEPS);
        part.stays = uses.is_wanted(number);
        self.parts[number as usize] = part;
        part.takes
    }

    fn goes_into(&self, tasks: &TaskGraph, number: u32, consumer: u32) -> bool {
        let part = self.parts[number as usize];
        part.goes_in && (!part.works || tasks.same_annotations(number, consumer))
    }

    /// Writes the steps of a node with all that goes into it, and the keys that it then stands for.
    fn write(&self, tasks: &TaskGraph, number: u32, steps: &mut Vec<Step>, names: &mut Vec<Key>) {
        let mut path = vec![(number, tasks.steps(number))];
        while let Some((number, rest)) = path.last_mut() {
            let number = *number;
            match rest.next() {
                Some(Step::Again(to)) if self.goes_into(tasks, to, number) => {
                    let part = self.parts[to as usize];
                    if part.takes {
                        path.push((to, tasks.steps(to)));
                        continue;
                    }
                    steps.extend(tasks.steps(to));
                    if part.works {
                        names.extend_from_slice(tasks.stands_for(to));
                    }
                }
                Some(step) => steps.push(step),
                None => {
                    if does_work(tasks, number) {
                        names.extend_from_slice(tasks.stands_for(number));
                    }
                    path.pop();
                }
            }
        }
    }
}
