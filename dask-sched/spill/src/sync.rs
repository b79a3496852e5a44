//! The primitives under [`slots`](crate::slots), by name: its loom test puts loom's in their place.

pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
