//! The front of the schedulers: feature flags choose, `init()` installs.

pub mod settings;
