//! Integration tests, one binary.

mod it {
    mod files;
}
