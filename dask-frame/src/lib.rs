//! Partitioned columnar tables on Arrow memory.
