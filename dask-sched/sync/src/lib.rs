//! The synchronous scheduler: one thread, in order.
