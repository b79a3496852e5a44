//! The primitives under [`handover`](crate::handover), by name: its loom test puts loom's in their place.

pub(crate) use parking_lot::{Mutex, MutexGuard};
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
