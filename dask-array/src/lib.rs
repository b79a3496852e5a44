//! Blocked n-dimensional arrays over data larger than memory.
