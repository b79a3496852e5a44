//! Integration tests of dask-array, in one binary.

mod it {
    mod configurations;
    mod estimates;
    mod golden;
    mod laws;
    mod memory;
    mod numpy;
    mod push_down;
    mod recompute;
    mod recording;
    mod slices;
    mod storage;
}
