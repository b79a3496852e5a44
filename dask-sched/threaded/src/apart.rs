//! Keeps counters that many threads write on cache lines of their own.

use std::ops::Deref;

/// A value on a cache line of its own (two, since processors fetch them in pairs).
#[repr(align(128))]
pub(crate) struct Apart<T>(pub(crate) T);

impl<T> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
