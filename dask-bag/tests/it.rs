//! Integration tests, one binary.

mod it {
    mod expression;
    mod golden;
    mod laws;
    mod pipelines;
    mod reading;
    mod reducing;
    mod runners;
    mod writing;
}
