//! One runnable file a feature, on real data.
