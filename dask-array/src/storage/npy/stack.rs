//! Stacks of `.npy` files: a directory with one file for each block along an axis, as `dask.array.to_npy_stack` makes
//! them.
//!
//! The files are `0.npy`, `1.npy`, … Beside them dask writes `info`, a pickle: a program for Python, which is not run
//! here. The headers of the files say everything that it says but the axis, so reading asks for that. Writing makes the
//! pickle, so that dask reads what is written here.

mod read;
mod write;

use std::path::{Path, PathBuf};

use super::NpyError;
use crate::storage::file::FileError;

pub use self::read::NpyStackSource;
pub use self::write::NpyStackSink;

/// The name of dask's description.
const INFO: &str = "info";

fn file_name(i: usize) -> String {
    format!("{i}.npy")
}

/// The numbers of the files in a stack, of which there are others in the directory or not.
fn numbers(directory: &Path) -> Result<(Vec<usize>, Vec<PathBuf>), NpyError> {
    let failed = || FileError::io("list", directory);
    let (mut numbers, mut others) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(directory).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match name.strip_suffix(".npy").map(str::parse::<usize>) {
            Some(Ok(i)) if name == file_name(i) => numbers.push(i),
            _ if name == INFO => {}
            _ => others.push(path),
        }
    }
    numbers.sort_unstable();
    Ok((numbers, others))
}
