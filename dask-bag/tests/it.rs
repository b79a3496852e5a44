//! Integration tests, one binary.

mod it {
    mod combining;
    mod errors;
    mod expression;
    mod golden;
    mod grouping;
    mod laws;
    mod pipelines;
    mod python;
    mod reading;
    mod reducing;
    mod runners;
    mod texts;
    mod writing;
}
