//! `.npy` files: read and written by block, and everything that can be wrong with them.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use dask_array::ndarray::{Array2, ArrayD, arr1};
use dask_array::{Array, Block, BlockSource, Element, FileError, NpyError, Region, StorageError, c64, c128};
use dask_graph::testing::Travelling;
use dask_graph::{Collection, ComputeError, Scheduler, Token};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use tempfile::TempDir;

use super::configurations::schedulers;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn numbers() -> Array2<f64> {
    Array2::from_shape_fn((23, 9), |(i, j)| (i * 10 + j) as f64)
}

fn written(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("x.npy");
    Array::from_ndarray(numbers(), [5, 4]).unwrap().to_npy_with(&path, &Sync::new()).unwrap();
    path
}

pub(super) fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The messages of an error and of what caused it.
pub(super) fn messages(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[test]
fn what_is_written_by_block_is_read_by_block() {
    for (name, scheduler) in schedulers() {
        let folder = folder();
        for chunks in [[5, 4], [23, 9], [1, 1], [7, -1], [-1, 2]] {
            let path = folder.path().join("x.npy");
            let x = Array::from_ndarray(numbers(), chunks).unwrap();
            (&x * 2.0).to_npy_with(&path, &*scheduler).unwrap();
            assert_eq!(files(folder.path()), ["x.npy"], "{name}");
            for again in [[4, 5], [-1, -1], [23, 1]] {
                let y = Array::<f64>::from_npy(&path, again).unwrap();
                assert_eq!(y.compute_with(&*scheduler).unwrap(), (numbers() * 2.0).into_dyn(), "{name}");
            }
        }
    }
}

#[test]
fn every_type_and_number_of_axes_round_trips() {
    fn check<A: Element>(shape: &[usize], element: impl Fn(usize) -> A) {
        let folder = folder();
        let path = folder.path().join("x.npy");
        let n: usize = shape.iter().product();
        let array = ArrayD::from_shape_vec(shape, (0..n).map(element).collect()).unwrap();
        let x = Array::from_ndarray(array.clone(), 2).unwrap();
        x.to_npy_with(&path, &Sync::new()).unwrap();
        let back = Array::<A>::from_npy(&path, 3).unwrap().compute_with(&Sync::new()).unwrap();
        assert_eq!(back, array);
        // The header is padded as numpy pads it.
        let bytes = fs::read(&path).unwrap();
        assert_eq!((bytes.len() - n * size_of::<A>()) % 64, 0);
    }
    for shape in [&[][..], &[0], &[7], &[3, 0, 2], &[2, 3, 5], &[1, 1, 2, 1, 3]] {
        check(shape, |i| i as f64 - 0.5);
        check(shape, |i| i as f32);
        check(shape, |i| i as i64 - 3);
        check(shape, |i| i as i8 - 3);
        check(shape, |i| i as u16);
        check(shape, |i| i % 3 == 0);
        check(shape, |i| c64::new(i as f32, -0.5));
        check(shape, |i| c128::new(0.25, i as f64));
    }
}

/// A `.npy` file with this header and these bytes.
fn raw(folder: &TempDir, header: &str, data: &[u8]) -> PathBuf {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    let path = folder.path().join("raw.npy");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn column_major_and_big_endian_files_are_read() {
    let folder = folder();
    let data: Vec<u8> = (0..4_u8).flat_map(|part| f32::from(part).to_be_bytes()).collect();
    let path = raw(&folder, "{'descr': '>c8', 'fortran_order': False, 'shape': (2,)}\n", &data);
    let x = Array::<c64>::from_npy(&path, 1).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(x, arr1(&[c64::new(0.0, 1.0), c64::new(2.0, 3.0)]).into_dyn());
    let data: Vec<u8> = (0..6_i16).flat_map(i16::to_be_bytes).collect();
    let path = raw(&folder, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3)}\n", &data);
    let x = Array::<i16>::from_npy(&path, [1, 2]).unwrap();
    let expected = dask_array::ndarray::arr2(&[[0_i16, 2, 4], [1, 3, 5]]).into_dyn();
    assert_eq!(x.compute_with(&Sync::new()).unwrap(), expected);
    let part = x.slice((1, 1..)).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(part.as_slice().unwrap(), [3, 5]);
}

#[test]
fn steps_over_small_and_large_rows_are_read() {
    let folder = folder();
    let x = Array2::from_shape_fn((50, 1200), |(i, j)| (i * 10_000 + j) as f64);
    let path = folder.path().join("x.npy");
    Array::from_ndarray(x.clone(), -1).unwrap().to_npy_with(&path, &Sync::new()).unwrap();
    let stored = Array::<f64>::from_npy(&path, -1).unwrap();
    let step = |n| dask_array::ndarray::Slice::new(1, None, n);
    for (rows, columns) in [(7, 1), (1, 7), (3, 5), (-4, -9)] {
        let got = stored.slice((step(rows), step(columns))).unwrap().compute_with(&Sync::new()).unwrap();
        let expected = x.slice_each_axis(|axis| step(if axis.axis.index() == 0 { rows } else { columns }));
        assert_eq!(got, expected.into_dyn(), "{rows}, {columns}");
    }
}

#[test]
fn files_that_are_not_what_they_should_be_are_refused() {
    let folder = folder();
    let open = |path: &Path| Array::<f64>::from_npy(path, 4).map(|_| ()).unwrap_err();
    let missing = open(&folder.path().join("nowhere.npy"));
    assert!(messages(&missing).contains("nowhere.npy"), "{missing}");

    let path = folder.path().join("empty.npy");
    fs::write(&path, b"").unwrap();
    assert!(matches!(open(&path), NpyError::Magic { .. }));
    fs::write(&path, b"PK\x03\x04 this is a zip file").unwrap();
    assert!(matches!(open(&path), NpyError::Magic { .. }));
    fs::write(&path, b"\x93NUMPY\x09\x00\x10\x00                  ").unwrap();
    assert!(matches!(open(&path), NpyError::Version { major: 9, .. }));
    fs::write(&path, b"\x93NUMPY\x01\x00\xff\x00{'descr'").unwrap();
    assert!(matches!(open(&path), NpyError::File(FileError::Length { .. })));
    fs::write(&path, b"\x93NUMPY\x02\x00\xff\xff\xff\xff").unwrap();
    assert!(matches!(open(&path), NpyError::Header { .. }));

    let path = raw(&folder, "{'descr': '<f8', 'shape': (2,)}", &[0; 16]);
    assert!(messages(&open(&path)).contains("'fortran_order' is missing"));
    let path = raw(&folder, "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", &[0; 16]);
    assert!(messages(&open(&path)).contains("holds elements of type '|O', expected f64"));
    let path = raw(&folder, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", &[0; 8]);
    assert!(messages(&open(&path)).contains("'<f4', expected f64"));
    let huge = "{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551615, 9)}";
    assert!(matches!(open(&raw(&folder, huge, &[])), NpyError::File(FileError::Length { .. })));
    let bools = raw(&folder, "{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", &[1, 7]);
    let error = Array::<bool>::from_npy(&bools, 4).unwrap().compute_with(&Sync::new()).unwrap_err();
    assert!(messages(&error).contains("byte 7"), "{error}");

    let chunks = Array::<f64>::from_npy(written(&folder), [3]).unwrap_err();
    assert!(messages(&chunks).contains("chunks for 1 axes"), "{chunks}");
}

#[test]
fn a_truncated_file_is_refused_with_both_sizes() {
    let folder = folder();
    let path = written(&folder);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
    let error = Array::<f64>::from_npy(&path, 4).unwrap_err().to_string();
    let (found, expected) = (bytes.len() - 100, bytes.len());
    assert!(error.contains(&format!("has {found} bytes, expected {expected}")), "{error}");
    assert!(error.contains("truncated"), "{error}");
}

#[test]
fn a_file_that_changes_before_the_run_is_an_error() {
    let folder = folder();
    let path = written(&folder);
    let x = Array::<f64>::from_npy(&path, 4).unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 8]).unwrap();
    let error = messages(&x.compute_with(&Sync::new()).unwrap_err());
    assert!(error.contains("changed since the array was made"), "{error}");

    // The same length at another time.
    fs::write(&path, &bytes).unwrap();
    let x = Array::<f64>::from_npy(&path, 4).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let error = messages(&x.compute_with(&Sync::new()).unwrap_err());
    assert!(error.contains("changed since"), "{error}");
    assert_ne!(x.name(), Array::<f64>::from_npy(&path, 4).unwrap().name());

    fs::remove_file(&path).unwrap();
    let error = messages(&x.compute_with(&Sync::new()).unwrap_err());
    assert!(error.contains("could not open"), "{error}");
}

#[test]
fn a_failed_run_leaves_the_old_file_and_nothing_else() {
    for (name, scheduler) in schedulers() {
        let folder = folder();
        let path = written(&folder);
        let before = fs::read(&path).unwrap();
        let x = Array::<f64>::from_npy(&path, 4).unwrap();
        let gone = folder.path().join("gone.npy");
        fs::copy(&path, &gone).unwrap();
        let y = Array::<f64>::from_npy(&gone, 4).unwrap();
        fs::remove_file(&gone).unwrap();
        (&x + &y).to_npy_with(&path, &*scheduler).unwrap_err();
        assert_eq!(files(folder.path()), ["x.npy"], "{name}");
        assert_eq!(fs::read(&path).unwrap(), before, "{name}");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_an_error() {
    let folder = folder();
    let x = Array::<f64>::ones(&[4], 2).unwrap();
    let write = |path: &Path| -> ComputeError { x.to_npy_with(path, &Sync::new()).unwrap_err() };
    let error = messages(&write(&folder.path().join("no/such/folder/x.npy")));
    assert!(error.contains("could not create") && error.contains("no/such/folder"), "{error}");
    let error = messages(&write(Path::new("/")));
    assert!(error.contains("does not name a file"), "{error}");
    // A folder stands where the file should go: found when everything is written, and nothing is left.
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    let error = messages(&write(&taken));
    assert!(error.contains("could not put in place"), "{error}");
    assert_eq!(files(folder.path()), ["taken"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    // Every write to this device fails as on a full disk; a file beside it cannot be made, so the sink is
    // given one of its own.
    use dask_array::{BlockSink, NpySink};
    let folder = folder();
    let path = folder.path().join("x.npy");
    let sink: Box<dyn BlockSink<f64>> = Box::new(NpySink::new(&path));
    // More than any file system holds: setting the length fails.
    let error = sink.open(&[1 << 40, 1 << 18]).map(|_| ()).unwrap_err();
    let error = messages(&*error);
    assert!(error.contains("could not make room for"), "{error}");
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn a_file_can_be_replaced_by_what_is_computed_from_it() {
    for (name, scheduler) in schedulers() {
        let folder = folder();
        let path = written(&folder);
        let x = Array::<f64>::from_npy(&path, [6, -1]).unwrap();
        (&x - &x.mean(0).unwrap()).to_npy_with(&path, &*scheduler).unwrap();
        let y = Array::<f64>::from_npy(&path, -1).unwrap();
        let means = y.mean(0).unwrap().compute_with(&*scheduler).unwrap();
        assert!(means.iter().all(|mean| mean.abs() < 1e-12), "{name}");
    }
}

/// Blocks are written by ticket when the writer was opened in another process.
#[test]
fn files_are_written_from_other_processes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    let x = Array::from_ndarray(numbers(), [2, 3]).unwrap();
    let y = &x + 1.0;
    for scheduler in [&Travelling as &dyn Scheduler, &Optimized::new(Travelling)] {
        y.to_npy_with(&path, scheduler).unwrap();
        let back = Array::<f64>::from_npy(&path, 3).unwrap().compute_with(scheduler).unwrap();
        assert_eq!(back, (numbers() + 1.0).into_dyn());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "temporary files are left");
    }
}

#[test]
fn sources_that_say_nothing_of_other_processes_are_refused_before_anything_runs() {
    struct Nowhere([usize; 1]);

    impl BlockSource<f64> for Nowhere {
        fn shape(&self) -> &[usize] {
            &self.0
        }
        fn token(&self) -> Token {
            Token::unique()
        }
        fn read(&self, _: &Region) -> Result<Block<f64>, StorageError> {
            panic!("nothing is read")
        }
    }
    let x = Array::from_source(Nowhere([4]), 2).unwrap();
    let error = messages(&x.compute_with(&Travelling).unwrap_err());
    assert!(error.contains("implement `BlockSource::pack`") && error.contains("storage.rs"), "{error}");
}
