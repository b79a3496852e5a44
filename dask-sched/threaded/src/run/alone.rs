//! The beginning of a run: one worker alone, and the calling thread, which waits anyway, watching it.

use super::{Hands, Run, Source};
use crate::gate::Admitted;
use crate::handover::Taken;
use crate::lone::{Lone, Turn};
use dask_graph::{NodeId, Value};
use rayon::Scope;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Slow tasks are left to the lone worker for one part in so many of the time that has passed ...
const PATIENCE: u32 = 16;
/// ... and for as long as sharing takes, for each node that is left: that is not begun on a single pause.
const PREPARING: Duration = Duration::from_nanos(10);

/// So long who waits for the lone worker stays awake: it costs tens of microseconds to be woken, the time of hundreds of
/// short tasks, and the worker's thread, which is asleep by the next run if that comes late, costs as much.
pub(super) const AWAKE: Duration = Duration::from_micros(200);

/// Of a plan of more nodes the lone worker's table is made in two parts, if somebody watches: for that takes a thirtieth
/// of the time that empty tasks take.
pub(super) const LAID_OUT: usize = 1 << 18;

/// After so many nodes a lone worker steps aside, as others do: some milliseconds, since its tasks are short.
const STEP_ASIDE: usize = 1 << 16;

/// What the lone worker tells who waits for it.
#[derive(Default)]
pub(super) struct Over {
    /// Changes under the lock.
    is_over: AtomicBool,
    sleep: Mutex<()>,
    told: Condvar,
}

impl Over {
    /// The last that the worker does but leave.
    pub(super) fn tell(&self) {
        let asleep = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_over.store(true, Ordering::Relaxed);
        drop(asleep);
        self.told.notify_one();
    }

    /// Waits so long; returns whether the worker has told.
    fn wait(&self, time: Duration) -> bool {
        let sleep = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.told.wait_timeout_while(sleep, time, |()| !self.is_told()));
        self.is_told()
    }

    /// Waits so long without sleeping, but not in the way of others; returns whether the worker has told.
    ///
    /// Nothing is looked at that the worker writes meanwhile: to fetch that from its cache would hold it up.
    pub(super) fn wait_awake(&self, time: Duration) -> bool {
        let since = Instant::now();
        while !self.is_told() && since.elapsed() < time {
            std::thread::yield_now();
        }
        // Once more: so long the worker takes to leave, after which nobody has to be woken.
        std::thread::yield_now();
        self.is_told()
    }

    fn is_told(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
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
    ///
    /// It is the order in which the fewest results are alive, and the one in which the plan lies in memory: on a
    /// random graph of a hundred thousand empty tasks this takes half the time of going by what is ready.
    pub(super) fn run_alone<'s>(
        &'s self,
        lone: &Lone<Value>,
        hands: &mut Hands<'_>,
        scope: &Scope<'s>,
    ) -> Next {
        let first = lone.begun();
        // Where there is one worker only, nobody waits for its thread.
        let aside = if self.queues.len() > 1 { first.saturating_add(STEP_ASIDE) } else { usize::MAX };
        let mut made = None;
        for node in first..self.plan.len() {
            if node == aside {
                return match lone.step_aside(node, made) {
                    Ok(()) => Next::Aside,
                    Err(made) => self.share_after(node, made, hands, scope),
                };
            }
            if node == self.n_laid_out {
                self.lay_out(lone);
            }
            let turn = match lone.begin(node, made.take()) {
                Ok(turn) => turn,
                Err(made) => return self.share_after(node, made, hands, scope),
            };
            let (id, source) = (NodeId(node as u32), Alone { run: self, turn });
            let keep = |value| if self.plan.uses(id) == 0 { Some(value) } else { made.replace(value) };
            let is_done = !self.is_to_stop()
                && self.perform_with(Admitted { node: id, reserved: 0 }, hands, source, keep);
            if !is_done {
                return Next::End;
            }
        }
        match lone.step_aside(self.plan.len(), made) {
            Ok(()) => Next::End,
            Err(made) => self.share_after(self.plan.len(), made, hands, scope),
        }
    }

    /// Goes on as one of several, where this node is not the lone worker's any more: the result of the one before is
    /// put in, and its dependents are told.
    fn share_after<'s>(
        &'s self,
        node: usize,
        made: Option<Value>,
        hands: &mut Hands<'_>,
        scope: &Scope<'s>,
    ) -> Next {
        let next = made.and_then(|made| {
            let last = NodeId(node as u32 - 1);
            // Nobody asks for what comes back: it is dropped.
            drop(self.cells()[last.index()].put(made));
            self.tell_dependents(last, hands.queue, scope)
        });
        Next::Share(next)
    }

    /// Adds the rest to the lone worker's table, or waits until that is done.
    fn lay_out(&self, lone: &Lone<Value>) {
        let rest = self.plan.nodes().skip(self.n_laid_out);
        self.is_laid_out.get_or_init(|| lone.add(rest.map(|node| self.plan.uses(node))));
    }

    /// Watches the lone worker, and shares what is left when its tasks take long.
    pub(super) fn watch<'s>(&'s self, lone: &Lone<Value>, scope: &Scope<'s>) {
        let n_uses = self.plan.n_dependencies() + self.plan.outputs().len();
        let worth = SHARING + FETCHING * (n_uses / self.plan.len().max(1)) as u32;
        if self.n_laid_out < self.plan.len() {
            self.lay_out(lone);
        }
        let since = Instant::now();
        while lone.begun() == 0 && since.elapsed() < BEGINNING {
            std::thread::yield_now();
        }
        let (mut seen, mut slow, mut look) = (0, Duration::ZERO, FIRST_LOOK);
        loop {
            let looking = Instant::now();
            let wait = if since.elapsed() < AWAKE { Over::wait_awake } else { Over::wait };
            if wait(&self.over, look.min(LAST_LOOK)) {
                return;
            }
            let (time, begun) = (looking.elapsed(), lone.begun());
            if begun == self.plan.len() {
                self.over.wait_awake(AWAKE.saturating_sub(since.elapsed()));
                return;
            }
            let is_slow = worth * ((begun - seen) as u32) < time;
            let was_slow = !slow.is_zero();
            slow = if is_slow { slow + time } else { Duration::ZERO };
            // Once may be by chance: the first nodes have to be fetched from memory. And the longer all went well, the
            // longer it may take: the machine has other things to do, too.
            let left = (self.plan.len() - begun) as u32;
            let patience = since.elapsed() / PATIENCE + PREPARING * left;
            if was_slow && slow > patience {
                self.cells();
                return self.call_another(scope);
            }
            seen = begun;
            look = if is_slow { FIRST_LOOK.max(patience) } else { 2 * time };
        }
    }
}

/// Where the lone worker takes results: from its table, or, when that was taken in the middle of a node, like everyone.
struct Alone<'r, 'p> {
    run: &'r Run<'p>,
    turn: Turn<'r, Value>,
}

impl Source for Alone<'_, '_> {
    #[inline]
    fn take(&mut self, of: NodeId, is_last_place: bool) -> Option<Taken<Value>> {
        match self.turn.take(of.index(), is_last_place) {
            None => self.run.cells().take(of, is_last_place),
            taken => taken,
        }
    }

    #[inline]
    fn calling(&mut self) {
        self.turn.pause();
    }
}
