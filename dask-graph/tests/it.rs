//! Integration tests of the graph specification, in one binary.

mod it {
    mod golden;
    mod order;
}
