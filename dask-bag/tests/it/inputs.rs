//! Files to read, made by each test.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::{TempDir, tempdir};

/// A directory with these files.
pub(crate) fn files(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempdir().unwrap();
    for (name, content) in files {
        fs::write(dir.path().join(name), content).unwrap();
    }
    dir
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// A pattern of files in `dir`.
pub(crate) fn pattern(dir: &TempDir, pattern: &str) -> String {
    dir.path().join(pattern).to_str().unwrap().to_owned()
}
