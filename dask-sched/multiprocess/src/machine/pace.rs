//! How many tasks a worker is sent ahead.

/// How much work a worker has before it, at most: enough to be busy while an answer and the next task travel.
const AHEAD_NANOS: u64 = 1_000_000;

/// The longest queue of a worker.
const MOST: u64 = 64;

/// The mean duration of tasks, the last of which weigh most.
#[derive(Debug)]
pub(crate) struct Pace {
    /// In nanoseconds; `None` until a task is done.
    mean: Option<u64>,
    most: u64,
}

impl Pace {
    /// Under a memory limit nothing is sent ahead: what a task will make is known only of producers, so what has been
    /// sent may go beyond the limit before anybody knows.
    pub(crate) fn new(is_limited: bool) -> Self {
        Self { mean: None, most: if is_limited { 1 } else { MOST } }
    }

    /// Learns how long a task took: it weighs an eighth.
    pub(crate) fn learn(&mut self, nanos: u64) {
        self.mean = Some(self.mean.map_or(nanos, |mean| mean - mean / 8 + nanos / 8));
    }

    /// Whether tasks are known to take less than this.
    pub(crate) fn is_below(&self, nanos: u64) -> bool {
        self.mean.is_some_and(|mean| mean < nanos)
    }

    /// How many tasks may be in a worker's queue: more than one only when tasks are short.
    ///
    /// What is in a queue can be run by nobody else, so long tasks wait where all workers find them.
    pub(crate) fn room(&self) -> usize {
        self.mean.map_or(1, |mean| (AHEAD_NANOS / mean.max(1)).clamp(1, self.most)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(nanos: &[u64], room: usize) {
        let mut pace = Pace::new(false);
        nanos.iter().for_each(|&nanos| pace.learn(nanos));
        assert_eq!(pace.room(), room);
    }

    #[test]
    fn short_tasks_are_sent_ahead() {
        check(&[], 1);
        check(&[u64::MAX, u64::MAX], 1);
        check(&[600_000], 1);
        check(&[100_000], 10);
        assert!(!Pace::new(false).is_below(u64::MAX));
        check(&[0], 64);
        // One long task among short ones: an eighth of 8 ms is a millisecond.
        check(&[10_000, 8_000_000], 1);
        check(&[[8_000_000].as_slice(), &[10_000; 30]].concat(), 6);
    }

    #[test]
    fn nothing_is_sent_ahead_under_a_limit() {
        let mut pace = Pace::new(true);
        pace.learn(10_000);
        assert_eq!(pace.room(), 1);
    }
}
