//! Integration tests, one binary.

mod it {
    #[cfg(feature = "avro")]
    mod avro;
    mod columns;
    mod combining;
    mod compressions;
    mod encodings;
    mod errors;
    mod expression;
    mod golden;
    mod grouping;
    mod inputs;
    mod json;
    mod laws;
    mod pipelines;
    mod python;
    mod reading;
    mod reducing;
    mod runners;
    mod texts;
    #[cfg(feature = "object-store")]
    mod urls;
    mod writing;
}
