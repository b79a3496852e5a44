//! Integration tests of dask-array, in one binary.

mod it {
    mod configurations;
    mod creation;
    mod elementwise;
    mod estimates;
    #[cfg(feature = "fft")]
    mod fft;
    mod functions;
    mod golden;
    mod half;
    #[cfg(feature = "hdf5")]
    mod hdf5;
    #[cfg(feature = "images")]
    mod images;
    mod indexing;
    mod laws;
    #[cfg(feature = "linalg")]
    mod linalg;
    mod masked;
    mod memory;
    #[cfg(feature = "npz")]
    mod npz;
    mod numpy;
    mod overlap;
    mod products;
    mod push_down;
    mod random;
    #[cfg(feature = "random")]
    mod random_arrays;
    mod recompute;
    mod recording;
    mod reductions;
    mod resuming;
    mod shapes;
    mod slices;
    mod stacks;
    mod statistics;
    mod stats;
    mod storage;
    mod uncounted;
}
