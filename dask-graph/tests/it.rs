//! Integration tests of the graph specification, in one binary.

mod it {
    mod collections;
    mod golden;
    mod order;
    mod plans;
    #[cfg(feature = "testing")]
    mod suite;
    mod task_graphs;
}
