//! Directories of files appear whole or not at all, whatever is in the files.

use std::fs;
use std::path::Path;

use dask_frame::{Column, DataFrame, FrameError, WriteError, col};
use dask_graph::Collection;
use dask_sched_sync::Sync;

use super::computed::chain;

/// `write` writes a frame to a path, over what is there if that is said; `open` reads it.
#[track_caller]
pub(crate) fn appear_whole_or_not_at_all(
    write: impl Fn(&DataFrame, &Path, bool) -> Result<(), WriteError>,
    open: impl Fn(&str) -> Result<DataFrame, FrameError>,
) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let entries = || fs::read_dir(dir.path()).unwrap().count();
    let open = || open(path.to_str().expect("a plain path")).unwrap();
    let frame = DataFrame::from_columns([("n", Column::from(vec![i64::MAX, 1]))], 2).unwrap();
    let failing = frame.with_column("m", col("n") + 1).unwrap();
    let error = write(&failing, &path, false).unwrap_err();
    assert!(chain(&error).contains("integer overflow"), "{error}");
    assert_eq!(entries(), 0);
    write(&frame, &path, false).unwrap();
    let error = write(&frame, &path, false).unwrap_err();
    assert!(matches!(&error, WriteError::Exists { path: there } if *there == path), "{error}");
    // What is there stays until the new is complete, and goes then.
    assert!(write(&failing, &path, true).is_err());
    assert_eq!(open().compute_with(&Sync::new()).unwrap(), frame.compute_with(&Sync::new()).unwrap());
    assert_eq!(open().n_partitions(), 2);
    let one = DataFrame::from_columns([("other", Column::from(vec![true]))], 1).unwrap();
    write(&one, &path, true).unwrap();
    assert_eq!(open().schema().to_string(), "other: Bool");
    assert_eq!(entries(), 1);
}
