//! Frames against pandas' answers and against naive versions of themselves.

mod it {
    #[cfg(feature = "arrow")]
    mod arrow;
    mod asof;
    mod bad_input;
    mod categories;
    mod computed;
    mod concat;
    mod csv;
    mod csv_dialects;
    mod csv_quoting;
    #[cfg(any(feature = "ipc", feature = "parquet"))]
    mod directories;
    #[cfg(any(feature = "arrow", feature = "json"))]
    mod every_type;
    mod exchange;
    mod golden;
    mod groups;
    mod groups_of_the_user;
    #[cfg(feature = "ipc")]
    mod ipc;
    mod joins;
    #[cfg(feature = "json")]
    mod json;
    mod laws;
    mod layout;
    mod lists;
    #[cfg(feature = "ndarray")]
    mod matrix;
    mod memory;
    mod narrow;
    mod pandas;
    #[cfg(feature = "parquet")]
    mod parquet;
    #[cfg(feature = "parquet")]
    mod parquet_filters;
    mod planner;
    mod records;
    mod resample;
    mod rowwise;
    mod run;
    mod texts;
    mod types;
    mod whole;
    mod windows;
}
