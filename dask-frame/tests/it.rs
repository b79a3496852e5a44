//! Frames against pandas' answers and against naive versions of themselves.

mod it {
    mod asof;
    mod bad_input;
    mod computed;
    mod concat;
    mod csv;
    mod golden;
    mod joins;
    mod laws;
    mod layout;
    mod memory;
    mod pandas;
    mod planner;
    mod resample;
    mod rowwise;
    mod run;
    mod texts;
    mod types;
    mod windows;
}
