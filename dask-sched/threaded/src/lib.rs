//! The threaded scheduler: work stealing on all cores.
