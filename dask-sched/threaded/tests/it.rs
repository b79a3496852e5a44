//! Integration tests of the threaded scheduler, in one binary.

mod it {
    mod conformance;
}
