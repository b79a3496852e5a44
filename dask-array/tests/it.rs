//! Integration tests of dask-array, in one binary.

mod it {
    mod configurations;
    mod golden;
    mod laws;
    mod memory;
    mod recompute;
    mod slices;
    mod storage;
}
