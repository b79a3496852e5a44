//! Integration tests, one binary.

mod it {
    mod damage;
    mod exchange;
}
