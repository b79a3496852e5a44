//! The values that a worker has at hand, by handle.

use std::collections::{HashMap, VecDeque};

use dask_graph::Value;

/// Values that could be read again, kept in memory up to a number of bytes: what came first goes first.
#[derive(Debug)]
pub struct Store {
    values: HashMap<u32, (Value, u64)>,
    /// Handles in the order in which they came; some have gone since.
    order: VecDeque<u32>,
    nbytes: u64,
    limit: u64,
}

impl Store {
    /// A store for so many bytes.
    pub fn new(limit: u64) -> Self {
        Self { values: HashMap::new(), order: VecDeque::new(), nbytes: 0, limit }
    }

    /// Keeps a value, unless it is too large, and lets go of others if it has to.
    pub fn put(&mut self, handle: u32, value: Value) {
        let nbytes = value.nbytes();
        if nbytes > self.limit {
            return;
        }
        self.forget(handle);
        self.values.insert(handle, (value, nbytes));
        self.order.push_back(handle);
        self.nbytes += nbytes;
        while self.nbytes > self.limit {
            let Some(oldest) = self.order.pop_front() else { break };
            self.remove(oldest);
        }
    }

    /// A share of a value.
    pub fn get(&self, handle: u32) -> Option<Value> {
        self.values.get(&handle).map(|(value, _)| value.clone())
    }

    /// The value itself.
    pub fn take(&mut self, handle: u32) -> Option<Value> {
        let value = self.remove(handle)?;
        self.order.retain(|&other| other != handle);
        Some(value)
    }

    /// Lets go of a value.
    pub fn forget(&mut self, handle: u32) {
        drop(self.take(handle));
    }

    /// Lets go of all values.
    pub fn clear(&mut self) {
        *self = Self::new(self.limit);
    }

    fn remove(&mut self, handle: u32) -> Option<Value> {
        let (value, nbytes) = self.values.remove(&handle)?;
        self.nbytes -= nbytes;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kilobyte() -> Value {
        Value::new(vec![0_u8; 1000 - size_of::<Vec<u8>>()])
    }

    #[test]
    fn what_came_first_goes_first() {
        let mut store = Store::new(2500);
        (0..3).for_each(|handle| store.put(handle, kilobyte()));
        assert!(store.get(0).is_none() && store.get(1).is_some() && store.get(2).is_some());
        store.put(3, Value::new(vec![0_u8; 5000]));
        assert!(store.get(3).is_none() && store.get(1).is_some());
    }

    #[test]
    fn what_is_taken_has_no_other_owner() {
        let mut store = Store::new(2500);
        store.put(0, kilobyte());
        assert!(!store.take(0).unwrap().is_shared());
        assert!(store.take(0).is_none());
    }

    proptest! {
        #[test]
        fn the_account_is_right(steps in proptest::collection::vec((0..5_u32, 0..4), 0..50)) {
            let mut store = Store::new(3500);
            for (handle, step) in steps {
                match step {
                    0 => store.forget(handle),
                    1 => drop(store.take(handle)),
                    _ => store.put(handle, kilobyte()),
                }
                let mut handles: Vec<u32> = store.values.keys().copied().collect();
                let mut order: Vec<u32> = store.order.iter().copied().collect();
                handles.sort();
                order.sort();
                prop_assert_eq!(&handles, &order);
                prop_assert!(store.nbytes == 1000 * handles.len() as u64 && store.nbytes <= store.limit);
            }
        }
    }
}
