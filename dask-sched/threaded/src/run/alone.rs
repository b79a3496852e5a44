//! The beginning of a run: one worker alone, and the calling thread, which waits anyway, watching it.

use super::{Hands, Run, Supply};
use crate::gate::Admitted;
use dask_graph::NodeId;
use rayon::Scope;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Tasks that take longer are worth sharing: about what two workers more spend on each than one ...
const SHARING: Duration = Duration::from_nanos(200);
/// ... and on fetching each of its inputs from the other's cache.
const FETCHING: Duration = Duration::from_nanos(150);

/// For so long the worker is watched closely, from when it has begun ...
const FIRST_LOOK: Duration = Duration::from_micros(20);
/// ... and so long it may take to begin.
const BEGINNING: Duration = Duration::from_micros(100);
/// Then it is looked at less and less often, down to this.
const LAST_LOOK: Duration = Duration::from_millis(1);

/// After so many nodes a lone worker steps aside, as others do: some milliseconds, since its tasks are short.
const STEP_ASIDE: usize = 1 << 14;

/// What the lone worker tells who watches it.
#[derive(Default)]
pub(super) struct Over {
    is_over: Mutex<bool>,
    told: Condvar,
}

impl Over {
    fn tell(&self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_one();
    }

    /// Waits so long; returns whether the worker has told.
    fn wait(&self, time: Duration) -> bool {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.told.wait_timeout_while(is_over, time, |is_over| !*is_over);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// How a lone worker goes on.
pub(super) enum Next {
    /// The run is over.
    End,
    /// A new job is to take its place.
    Aside,
    /// As one of several, first with this node.
    Share(Option<NodeId>),
}

impl Run<'_> {
    /// Goes through the static order, until that is shared.
    pub(super) fn run_alone<'s>(&'s self, hands: &mut Hands<'_>, scope: &Scope<'s>) -> Next {
        let first = self.lone.begun();
        let aside = first.saturating_add(STEP_ASIDE);
        for node in first..self.plan.len() {
            if node == aside && self.lone.step_aside(node) {
                return Next::Aside;
            }
            if !self.lone.begin(node, node == first) {
                self.skip_to(node);
                // Of the node before nobody knows yet.
                let last = (node > first).then(|| NodeId(node as u32 - 1));
                return Next::Share(last.and_then(|last| self.tell_dependents(last, hands.queue, scope)));
            }
            if !self.perform(Admitted { node: NodeId(node as u32), reserved: 0 }, hands) {
                break;
            }
        }
        self.over.tell();
        Next::End
    }

    /// Watches the lone worker, and shares what is left when its tasks take long.
    pub(super) fn watch<'s>(&'s self, scope: &Scope<'s>) {
        let worth = SHARING + FETCHING * (self.n_inputs / self.plan.len().max(1)) as u32;
        let (mut seen, mut time, mut was_slow) = (0, self.look_closely(), false);
        loop {
            let begun = self.lone.begun();
            if begun == self.plan.len() {
                return;
            }
            let is_slow = worth * ((begun - seen) as u32) < time;
            // Once may be by chance: the first nodes have to be fetched from memory.
            if is_slow && was_slow {
                self.share();
                return self.call_another(scope);
            }
            (seen, was_slow) = (begun, is_slow);
            let since = Instant::now();
            if self.over.wait(if is_slow { FIRST_LOOK } else { (2 * time).min(LAST_LOOK) }) {
                return;
            }
            time = since.elapsed();
        }
    }

    /// Shares what the lone worker has not begun.
    pub(super) fn share(&self) {
        let begun = self.lone.share();
        self.skip_to(begun);
    }

    /// The sweep begins where the lone worker ends; whoever knows says so.
    fn skip_to(&self, node: usize) {
        if let Supply::Free(sweep) = &self.supply {
            sweep.skip_to(node);
        }
    }

    /// Looks at the worker without sleeping, which would take too long, but not in the way of others; returns how long,
    /// from its first node.
    fn look_closely(&self) -> Duration {
        let since = Instant::now();
        while self.lone.begun() == 0 && since.elapsed() < BEGINNING {
            std::thread::yield_now();
        }
        let since = Instant::now();
        while since.elapsed() < FIRST_LOOK && self.lone.begun() < self.plan.len() {
            std::thread::yield_now();
        }
        since.elapsed()
    }
}
