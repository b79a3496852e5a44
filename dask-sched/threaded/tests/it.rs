//! Integration tests of the threaded scheduler, in one binary.

mod it {
    mod conformance;
    mod graphs;
    mod nested_rayon;
    mod oracle;
    mod order;
    mod pool;
    mod spilling;
}
