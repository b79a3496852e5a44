//! Running nodes under a memory limit: what differs from running them without.
//!
//! Apart from the rest so that who sets no limit pays for none.

use super::{Failure, Hands, Run};
use crate::gate::Admitted;
use dask_graph::{RunError, WorkerId};
use dask_sched_spill::Results;

impl Run<'_> {
    /// Runs one node and puts its result where it belongs; returns false if the run is to stop.
    pub(super) fn perform_limited(
        &self,
        results: &Results<'_>,
        next: Admitted,
        hands: &mut Hands<'_>,
    ) -> bool {
        let done = self.try_perform(results, next, hands);
        let is_done = done.is_ok();
        match done {
            Ok(()) => hands.finished += usize::from(self.plan.is_task(next.node)),
            Err(error) => self.fail(Failure::Task(next.node, error)),
        }
        is_done
    }

    fn try_perform(
        &self,
        results: &Results<'_>,
        next: Admitted,
        hands: &mut Hands<'_>,
    ) -> Result<(), RunError> {
        let node = next.node;
        results.begin(node, &self.watch)?;
        let start = self.watch.task_started(node, WorkerId(hands.me as u32));
        let mut released = 0;
        let value = self.plan.execute(node, &mut hands.scratch, |of, is_last_place| {
            let (value, is_last) = results.take(of, is_last_place);
            released += if is_last { self.watch.nbytes(of, &value) } else { 0 };
            value
        });
        let made = value.as_ref().map_or(0, |value| self.watch.nbytes(node, value));
        let kept = value.map(|value| {
            // Nobody asks for what comes back: it is dropped.
            if results.put(node, value).is_some() {
                released += made;
            }
        });
        self.watch.task_finished(start, made, released, kept.is_err());
        self.supply.settle(self.plan, next, made);
        kept.map_err(|error| RunError::of_task(self.plan, node, error))?;
        results.end(node, &self.watch)
    }

    /// Makes room for a producer that was let through although it does not fit, since nothing else can run.
    ///
    /// For one like it on each worker: then the others can go on, too.
    pub(super) fn make_room_for(&self, next: &Admitted) {
        let Some(results) = &self.limited else { return };
        let needed = next.reserved.saturating_mul(self.queues.len() as u64);
        if let Err(error) = results.make_room(needed, &self.watch) {
            self.fail(Failure::Task(next.node, error));
        }
    }
}
