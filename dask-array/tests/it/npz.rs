//! `.npz` archives: those that numpy made, ours, and what is none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use dask_array::ndarray::{Array2, ArrayD, s};
use dask_array::{Array, NpyError, Npz, NpzError, c128, npz_names};
use dask_graph::Collection;
use dask_sched_sync::Sync;

use super::configurations::schedulers;
use super::storage::{files, messages};

fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/numpy").join(name)
}

/// What `make.py` writes.
fn numbers() -> ArrayD<f64> {
    Array2::from_shape_fn((7, 5), |(i, j)| (i * 5 + j) as f64 / 4.0).into_dyn()
}

#[test]
fn what_numpy_made_is_read() {
    assert_eq!(npz_names(made("stored.npz")).unwrap(), ["x", "columns", "positive"]);
    assert_eq!(npz_names(made("compressed.npz")).unwrap(), ["complex", "arr_0"]);
    let part = s![1..;2, ..;-2];
    for (name, scheduler) in schedulers() {
        for (archive, array) in [("stored.npz", "x"), ("compressed.npz", "arr_0")] {
            let x = Array::<f64>::from_npz(made(archive), array, [3, 2]).unwrap();
            assert_eq!(x.compute_with(&*scheduler).unwrap(), numbers(), "{archive}, {name}");
            let got = x.slice(part).unwrap().compute_with(&*scheduler).unwrap();
            assert_eq!(got, numbers().slice(part).into_dyn(), "{archive}, {name}");
        }
        let columns = Array::<i32>::from_npz(made("stored.npz"), "columns", 2).unwrap();
        assert_eq!(columns.compute_with(&*scheduler).unwrap(), numbers().mapv(|x| x as i32), "{name}");
        let positive = Array::<bool>::from_npz(made("stored.npz"), "positive", 2).unwrap();
        assert_eq!(positive.compute_with(&*scheduler).unwrap(), numbers().mapv(|x| x > 0.0), "{name}");
        let complex = Array::<c128>::from_npz(made("compressed.npz"), "complex", 2).unwrap();
        let expected = numbers().mapv(|x| c128::new(0.0, x));
        assert_eq!(complex.compute_with(&*scheduler).unwrap(), expected, "{name}");
    }
}

#[test]
fn what_is_written_is_read() {
    for (name, scheduler) in schedulers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npz");
        let x = Array::from_ndarray(numbers(), [3, 2]).unwrap();
        let whole = Npz::new(&path)
            .array("x", &x)
            .array("more/large", &x.gt(4.0).unwrap())
            .array("none", &x.slice(s![..0, ..]).unwrap());
        for (archive, is_smaller) in
            [(whole, false), (Npz::new(&path).array("x", &(&x * 0.0)).compressed(), true)]
        {
            archive.write_with(&*scheduler).unwrap();
            assert_eq!(files(folder.path()), ["x.npz"], "{name}");
            let back = Array::<f64>::from_npz(&path, "x", 4).unwrap().compute_with(&*scheduler).unwrap();
            assert_eq!(back, if is_smaller { numbers() * 0.0 } else { numbers() }, "{name}");
            assert_eq!(fs::metadata(&path).unwrap().len() < 35 * 8, is_smaller);
            if !is_smaller {
                let large = Array::<bool>::from_npz(&path, "more/large", 4).unwrap();
                assert_eq!(large.compute_with(&*scheduler).unwrap(), numbers().mapv(|x| x > 4.0), "{name}");
                assert_eq!(Array::<f64>::from_npz(&path, "none", 4).unwrap().shape(), [0, 5]);
            }
        }
    }
}

#[test]
fn what_is_written_is_read_by_numpy() {
    let python = Command::new("python3").args(["-c", "import numpy"]).output();
    if !python.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(std::io::stderr(), "not tested: there is no python3 with numpy here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let x = Array::from_ndarray(numbers(), [3, 2]).unwrap();
    for archive in [Npz::new(&path), Npz::new(&path).compressed()] {
        archive.array("x", &x).array("large", &x.gt(4.0).unwrap()).write_with(&Sync::new()).unwrap();
        let script = "import sys, numpy as np\n\
                      both, x = np.load(sys.argv[1]), np.arange(35).reshape(7, 5) / 4\n\
                      assert both.files == ['x', 'large'], both.files\n\
                      assert (both['x'] == x).all() and (both['large'] == (x > 4)).all()";
        let output = Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn archives_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let open = |path: &Path, name: &str| Array::<f64>::from_npz(path, name, 4).map(|_| ()).unwrap_err();
    assert!(messages(&open(&at("missing"), "x")).contains("could not open"));
    fs::write(at("text"), "no archive").unwrap();
    assert!(matches!(open(&at("text"), "x"), NpyError::Archive { .. }));
    assert!(matches!(npz_names(at("text")).unwrap_err(), NpyError::Archive { .. }));
    let error = open(&made("stored.npz"), "y").to_string();
    assert!(error.contains("no array \"y\"") && error.contains("\"positive\""), "{error}");
    assert!(matches!(open(&made("stored.npz"), "positive"), NpyError::DType { .. }));
    assert!(Array::<f64>::from_npz(made("stored.npz"), "x", [1, 1, 1]).is_err());

    // A byte of what is compressed: the checksum tells.
    let mut bytes = fs::read(made("compressed.npz")).unwrap();
    let mut refused = 0;
    for at_byte in 80..140 {
        bytes[at_byte] ^= 0x10;
        fs::write(at("damaged"), &bytes).unwrap();
        bytes[at_byte] ^= 0x10;
        let read = Array::<c128>::from_npz(at("damaged"), "complex", 4)
            .or_else(|_| Array::<c128>::from_npz(at("damaged"), "arr_0", 4));
        match read.map(|x| x.compute_with(&Sync::new())) {
            Ok(Ok(_)) => {}
            _ => refused += 1,
        }
    }
    assert!(refused > 50, "{refused} of 60");

    let x = Array::<f64>::ones(&[4, 4], 2).unwrap();
    let twice = Npz::new(at("twice")).array("x", &x).array("x", &x).write_with(&Sync::new());
    assert!(matches!(twice.unwrap_err(), NpzError::Npy(NpyError::SameName { .. })));
    // A run that fails leaves nothing.
    let failing = x.try_map_blocks(|_| "?".parse::<f64>().map(|x| ArrayD::from_elem(vec![2, 2], x)));
    let failed = Npz::new(at("failed")).array("x", &x).array("y", &failing).write_with(&Sync::new());
    assert!(matches!(failed.unwrap_err(), NpzError::Compute { name, .. } if name == "y"));
    let failed = Npz::new(at("no/such/folder")).array("x", &x).write_with(&Sync::new());
    assert!(messages(&failed.unwrap_err()).contains("could not create"));
    assert_eq!(files(folder.path()), ["damaged", "text"]);
}
