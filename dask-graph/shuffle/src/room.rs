//! How much of what is exchanged may stay in memory.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use dask_graph::machine_memory;

/// Bytes in memory, of all exchanges of this process together: a quarter of what it may use, nothing where that is not
/// known. A memory limit of a run is the business of its scheduler, which knows the size of values that hold something.
static PROCESS: LazyLock<Hall> = LazyLock::new(|| Hall::new(machine_memory().unwrap_or(0) / 4));

/// Leave to keep so many bytes of what is exchanged in memory; given back when it is dropped.
///
/// ```
/// use dask_graph_shuffle::Room;
///
/// let rows = vec![7_u8; 1000];
/// match Room::take(rows.len() as u64) {
///     Some(room) => assert_eq!(room.nbytes(), 1000), // To be kept beside the rows.
///     None => { /* They have to be written. */ }
/// }
/// ```
#[derive(Debug)]
pub struct Room {
    nbytes: u64,
    hall: &'static Hall,
}

/// Bytes that there are, and those that were taken.
#[derive(Debug)]
struct Hall {
    all: u64,
    taken: AtomicU64,
}

impl Room {
    /// Takes room for so many bytes; `None` if all exchanges of this process together have too much in memory then.
    pub fn take(nbytes: u64) -> Option<Self> {
        PROCESS.take(nbytes)
    }

    /// How many bytes it is for.
    pub fn nbytes(&self) -> u64 {
        self.nbytes
    }
}

impl Hall {
    const fn new(all: u64) -> Self {
        Self { all, taken: AtomicU64::new(0) }
    }

    fn take(&'static self, nbytes: u64) -> Option<Room> {
        let more = |taken: u64| taken.checked_add(nbytes).filter(|&taken| taken <= self.all);
        // A count alone: what is in memory is handed on by other means.
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Room { nbytes, hall: self })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.hall.taken.fetch_sub(self.nbytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_until_all_is_taken_and_again_when_some_is_back() {
        static HALL: Hall = Hall::new(100);
        let first = HALL.take(60).unwrap();
        assert!(HALL.take(41).is_none() && HALL.take(u64::MAX).is_none());
        let second = HALL.take(40).unwrap();
        assert!(HALL.take(1).is_none() && HALL.take(0).is_some());
        drop(first);
        assert_eq!(HALL.take(60).unwrap().nbytes(), 60);
        drop(second);
        assert_eq!(HALL.taken.load(Ordering::Relaxed), 0);
    }
}
