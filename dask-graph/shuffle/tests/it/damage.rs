//! What happens to files between writing and reading is told, and never a smaller result.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use dask_graph_shuffle::{Directory, Exchange, ShuffleError};

use super::exchange::{read, written};

/// A directory with one file of records for two targets.
fn exchanged() -> (Directory, Exchange, PathBuf) {
    let directory = Directory::new(None).unwrap();
    let records: Vec<(u32, Vec<u8>)> = (0..200).map(|i| (i % 2, i.to_string().into_bytes())).collect();
    let exchange = Exchange::of([written(&directory, &records, 2, 1000)], 2).unwrap();
    let files = directory.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let file = files.into_iter().find(|path| !path.ends_with("lock")).unwrap();
    (directory, exchange, file)
}

#[test]
fn a_file_that_is_gone_is_named() {
    let (directory, exchange, file) = exchanged();
    fs::remove_file(&file).unwrap();
    let error = read(&exchange, &directory, 0).unwrap_err();
    assert!(matches!(&error, ShuffleError::Read { path, .. } if *path == file), "{error}");
}

#[test]
fn a_file_of_any_shorter_length_is_an_error() {
    let (directory, exchange, file) = exchanged();
    let length = file.metadata().unwrap().len();
    for length in (0..length).rev() {
        OpenOptions::new().write(true).open(&file).unwrap().set_len(length).unwrap();
        // The index lies at the end, and one target after the other in it.
        let errors: Vec<ShuffleError> = (0..2).filter_map(|t| read(&exchange, &directory, t).err()).collect();
        assert!(!errors.is_empty(), "{length}");
        for error in errors {
            assert!(matches!(&error, ShuffleError::Truncated { path } if *path == file), "{length}: {error}");
        }
    }
}

#[test]
fn every_changed_byte_is_found() {
    let (directory, exchange, file) = exchanged();
    let whole = fs::read(&file).unwrap();
    let right: Vec<_> = (0..2).map(|target| read(&exchange, &directory, target).unwrap()).collect();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&file, &bytes).unwrap();
        let is_error = (0..2).any(|target| match read(&exchange, &directory, target) {
            Ok(records) => {
                assert_eq!(records, right[target as usize], "byte {at}");
                false
            }
            Err(_) => true,
        });
        assert!(is_error, "byte {at}");
    }
}
