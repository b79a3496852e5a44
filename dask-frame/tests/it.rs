//! Frames against pandas' answers and against naive versions of themselves.

mod it {
    mod bad_input;
    mod csv;
    mod golden;
    mod laws;
    mod planner;
    mod run;
}
