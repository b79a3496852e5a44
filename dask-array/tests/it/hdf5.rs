//! HDF5 files: those that h5py made, ours, and what is none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use dask_array::ndarray::{Array2, ArrayD, s};
use dask_array::{Array, Element, Hdf5Error, Hdf5Sink, Hdf5Source, c64, c128, f16};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::configurations::schedulers;
use super::storage::{files, messages};

fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hdf5").join(name)
}

/// What `make.py` writes.
fn numbers() -> ArrayD<f64> {
    Array2::from_shape_fn((7, 5), |(i, j)| (i * 5 + j) as f64 / 4.0).into_dyn()
}

#[track_caller]
fn check<A: Element>(file: &str, dataset: &str, expected: &ArrayD<A>) {
    let x = Array::<A>::from_hdf5(made(file), dataset).unwrap();
    for (name, scheduler) in schedulers() {
        assert_eq!(x.compute_with(&*scheduler).unwrap(), *expected, "{file} {dataset}, {name}");
        for chunks in [1, 2, 4] {
            let x = x.rechunk(chunks).unwrap().compute_with(&*scheduler).unwrap();
            assert_eq!(x, *expected, "{file} {dataset} in chunks of {chunks}, {name}");
        }
        if expected.ndim() == 2 && expected.len() > 6 {
            for slice in [s![1..;2, ..;-2], s![2..5, 3..], s![..;-3, 1..;3], s![6..;4, 4..;4]] {
                let part = x.slice(slice).unwrap().compute_with(&*scheduler).unwrap();
                assert_eq!(part, expected.slice(slice).into_dyn(), "{file} {dataset}, {name}");
            }
        }
    }
}

#[test]
fn what_h5py_made_is_read() {
    let x = numbers();
    check("old.h5", "contiguous", &x);
    check("old.h5", "/contiguous", &x);
    check("old.h5", "scalar", &ArrayD::from_elem(vec![], 2.5_f32));
    check("old.h5", "chunked", &x.mapv(|x| x as i32));
    check("old.h5", "gzip", &x);
    check("old.h5", "checked", &x);
    check("old.h5", "lzf", &x.mapv(|x| x as u16));
    check("old.h5", "scaled", &x.mapv(|x| x as i64));
    check("old.h5", "extended", &x);
    check("old.h5", "group/inner/big-endian", &x.mapv(|x| x as i16));
    check("old.h5", "group/complex", &x.mapv(|x| c128::new(x, x)));
    check("old.h5", "group/complex-chunked", &x.mapv(|x| c64::new(0.0, x as f32)));
    check("old.h5", "group/bools", &x.mapv(|x| x > 4.0));
    check("old.h5", "empty", &ArrayD::<f32>::zeros(vec![0, 3]));
    check("old.h5", "unwritten", &ArrayD::from_elem(vec![2, 3], -1.0));
    let mut holes = ArrayD::from_elem(vec![7, 5], -1.0);
    holes.slice_mut(s![3..6, 2..4]).assign(&x.slice(s![3..6, 2..4]));
    check("old.h5", "holes", &holes);
    check("new.h5", "contiguous", &x);
    check("new.h5", "fixed", &x);
    check("new.h5", "single", &x);
    check("new.h5", "extensible", &x);
}

#[test]
fn blocks_are_made_of_whole_chunks() {
    assert_eq!(Hdf5Source::<f64>::open(made("old.h5"), "gzip").unwrap().chunk_shape(), Some(&[3, 2][..]));
    assert_eq!(Hdf5Source::<f64>::open(made("old.h5"), "contiguous").unwrap().chunk_shape(), None);
    let x = Array::<f64>::from_hdf5(made("old.h5"), "gzip").unwrap();
    assert_eq!(x.chunks().n_blocks(), [1, 1]);
}

/// Bytes that a slice does not need may be anything: they are not read.
#[test]
fn a_slice_reads_only_its_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    Array::from_ndarray(numbers(), [3, 2]).unwrap().to_hdf5_with(&path, "x", &Sync::new()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // Bools are checked byte by byte: damage is found where it is read.
    let bools = Array::from_ndarray(numbers().mapv(|x| x > 4.0), [3, 2]).unwrap();
    bools.to_hdf5_with(&path, "x", &Sync::new()).unwrap();
    assert_ne!(bytes, fs::read(&path).unwrap());
    bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    // In the last chunk, outside of the array; then in the chunk before it, of the columns 2 and 3.
    for (at, rows, columns) in [(last, 0..7, 0..4), (last - 9, 0..6, 0..5), (last - 9, 0..7, 0..2)] {
        let mut damaged = bytes.clone();
        damaged[at] = 7;
        fs::write(&path, &damaged).unwrap();
        let x = Array::<bool>::from_hdf5(&path, "x").unwrap();
        let part = x.slice(s![rows.clone(), columns.clone()]).unwrap().compute_with(&Sync::new()).unwrap();
        let expected = numbers().mapv(|x| x > 4.0);
        assert_eq!(part, expected.slice(s![rows, columns]).into_dyn());
        assert!(messages(&x.compute_with(&Sync::new()).unwrap_err()).contains("7 is no bool"));
    }
}

#[test]
fn what_is_written_is_read() {
    fn check<A: Element>(x: ArrayD<A>, dataset: &str, chunks: impl dask_array::IntoChunks + Clone) {
        for (name, scheduler) in schedulers() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.h5");
            let lazy = Array::from_ndarray(x.clone(), chunks.clone()).unwrap();
            // Once more, in place of the file before.
            for _ in 0..2 {
                lazy.to_hdf5_with(&path, dataset, &*scheduler).unwrap();
                let back = Array::<A>::from_hdf5(&path, dataset).unwrap();
                assert_eq!(back.compute_with(&*scheduler).unwrap(), x, "{name}");
                assert_eq!(files(folder.path()), ["x.h5"], "{name}");
            }
            // The crate's own reading of the whole, by the addresses that it makes of the format.
            let hdf5 = hdf5_pure::File::open(&path).unwrap();
            let raw = hdf5.dataset(dataset).unwrap().read_raw().unwrap();
            assert_eq!(raw.len(), x.len() * size_of::<A>());
        }
    }
    let x = numbers();
    check(x.clone(), "x", [3, 2]);
    check(x.clone(), "a/b/c", [7, 5]);
    check(x.mapv(|x| x as f32), "x", [1, 5]);
    check(x.mapv(f16::from_f64), "x", [3, 5]);
    check(x.mapv(|x| x as i8), "x", 2);
    check(x.mapv(|x| x as i16), "x", 2);
    check(x.mapv(|x| x as i32), "x", 2);
    check(x.mapv(|x| x as i64), "x", 2);
    check(x.mapv(|x| x as u8), "x", 2);
    check(x.mapv(|x| x as u16), "x", 2);
    check(x.mapv(|x| x as u32), "x", 2);
    check(x.mapv(|x| x as u64), "ünïcode", 2);
    check(x.mapv(|x| x > 4.0), "x", [3, 2]);
    check(x.mapv(|x| c64::new(x as f32, 1.0)), "x", [3, 2]);
    check(x.mapv(|x| c128::new(x, -x)), "x", vec![vec![1, 4, 2], vec![0, 3, 2]]);
    check(ArrayD::from_elem(vec![], 3_i64), "x", -1);
    check(ArrayD::<f64>::zeros(vec![0, 3]), "x", -1);
    check(
        ArrayD::from_shape_fn(vec![5, 4, 3], |at| at[0] * 100 + at[1] * 10 + at[2]).mapv(|x| x as u16),
        "x",
        [2, 3, 1],
    );
}

#[test]
fn what_is_written_is_read_by_h5py() {
    let python = Command::new("python3").args(["-c", "import h5py"]).output();
    if !python.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(std::io::stderr(), "not tested: there is no python3 with h5py here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let x = Array::from_ndarray(numbers(), [3, 2]).unwrap();
    x.to_hdf5_with(path("x"), "group/x", &Sync::new()).unwrap();
    x.gt(4.0).unwrap().to_hdf5_with(path("bools"), "x", &Sync::new()).unwrap();
    x.astype::<c64>().to_hdf5_with(path("complex"), "x", &Sync::new()).unwrap();
    x.astype::<f16>().to_hdf5_with(path("half"), "x", &Sync::new()).unwrap();
    x.astype::<u16>().to_hdf5_with(path("u16"), "x", &Sync::new()).unwrap();
    // A chunk whose length takes two bytes.
    let long = Array::<i32>::arange(0, 1000, 1, 300).unwrap();
    long.to_hdf5_with(path("long"), "x", &Sync::new()).unwrap();
    x.sum(..).unwrap().to_hdf5_with(path("scalar"), "x", &Sync::new()).unwrap();
    Array::<f32>::ones(&[0, 3], -1).unwrap().to_hdf5_with(path("empty"), "x", &Sync::new()).unwrap();
    let script = "import sys, h5py, numpy as np\n\
                  from pathlib import Path\n\
                  x = np.arange(35).reshape(7, 5) / 4\n\
                  def read(name, key='x'):\n    with h5py.File(Path(sys.argv[1]) / name) as f: return f[key].chunks, f[key][()]\n\
                  for name, expected in [('bools', x > 4), ('complex', x.astype('c8')), ('half', x.astype('f2')), ('u16', x.astype('u2'))]:\n    chunks, got = read(name)\n    assert chunks == (3, 2) and got.dtype == expected.dtype and (got == expected).all(), (name, got)\n\
                  chunks, got = read('x', 'group/x')\n\
                  assert chunks == (3, 2) and (got == x).all(), got\n\
                  chunks, got = read('long')\n\
                  assert chunks == (300,) and (got == np.arange(1000)).all(), got\n\
                  assert read('scalar')[1] == x.sum() and read('empty')[1].shape == (0, 3)";
    let output = Command::new("python3").args(["-c", script]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn mistakes_are_named_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let open = |path: &Path, dataset: &str| Array::<f64>::from_hdf5(path, dataset).map(|_| ()).unwrap_err();
    assert!(messages(&open(&at("missing"), "x")).contains("could not open"));
    fs::write(at("empty"), "").unwrap();
    assert!(matches!(open(&at("empty"), "x"), Hdf5Error::Open { .. }));
    fs::write(at("text"), "PK\x03\x04 this is something else").unwrap();
    assert!(matches!(open(&at("text"), "x"), Hdf5Error::Open { .. }));
    let error = open(&made("old.h5"), "contigous").to_string();
    assert!(error.contains("\"contigous\"") && error.contains("\"group/inner/big-endian\""), "{error}");
    assert!(matches!(open(&made("old.h5"), "group"), Hdf5Error::NoDataset { .. }));
    let error = open(&made("old.h5"), "chunked").to_string();
    assert!(error.contains("type i32, expected f64"), "{error}");
    assert!(matches!(open(&made("old.h5"), "text"), Hdf5Error::DType { .. }));
    assert!(matches!(open(&made("old.h5"), "group/bools"), Hdf5Error::DType { .. }));
    assert!(Array::<u8>::from_hdf5(made("old.h5"), "group/bools").is_err());

    assert!(matches!(open(&made("newest.h5"), "chunked"), Hdf5Error::Open { .. }));

    // An index that is not known, and files that end too early.
    let tree = Array::<f64>::from_hdf5(made("new.h5"), "tree");
    let error = tree.map(|tree| tree.compute_with(&Sync::new()).unwrap_err());
    assert!(matches!(error, Ok(error) if messages(&error).contains("could not read \"tree\"")));
    let whole = fs::read(made("old.h5")).unwrap();
    for (dataset, part) in [("contiguous", whole.len() / 2), ("gzip", whole.len() / 2), ("gzip", 3000)] {
        fs::write(at("short"), &whole[..part]).unwrap();
        let read = Array::<f64>::from_hdf5(at("short"), dataset);
        let read = read.map(|x| x.compute_with(&Sync::new()).map_err(|error| messages(&error)));
        assert!(!matches!(read, Ok(Ok(_))), "{dataset} of {part} bytes was read");
    }

    // Places that are taken, names and chunks that are none.
    let x = Array::<f64>::ones(&[4, 4], 2).unwrap();
    let error = |sink: Hdf5Sink| format!("{:?}", x.store(sink).compute_with(&Sync::new()).unwrap_err());
    fs::copy(made("old.h5"), at("mine")).unwrap();
    assert!(error(Hdf5Sink::new(at("mine"), "contiguous", &[2, 2])).contains("NotReplaced"));
    assert!(error(Hdf5Sink::new(at("text"), "x", &[2, 2])).contains("NotReplaced"));
    x.to_hdf5_with(at("y"), "a/y", &Sync::new()).unwrap();
    for other in ["y", "a", "b/y", "a/y/z", "a/z"] {
        assert!(error(Hdf5Sink::new(at("y"), other, &[2, 2])).contains("NotReplaced"), "{other}");
    }
    for name in ["", "/", "a//b", "a/", "./x"] {
        assert!(error(Hdf5Sink::new(at("z"), name, &[2, 2])).contains("Name"), "{name}");
    }
    for chunks in [&[4][..], &[0, 2], &[1 << 20, 1 << 20]] {
        assert!(error(Hdf5Sink::new(at("z"), "x", chunks)).contains("Chunks"), "{chunks:?}");
    }
    assert!(error(Hdf5Sink::new(at("z"), "x", &[3, 2])).contains("Unaligned"));
    assert!(!at("z").exists());
    // A run that fails leaves the file before as it was.
    let failing = x.try_map_blocks(|_| "?".parse::<f64>().map(|x| ArrayD::from_elem(vec![2, 2], x)));
    failing.to_hdf5_with(at("y"), "a/y", &Sync::new()).unwrap_err();
    let y = Array::<f64>::from_hdf5(at("y"), "a/y").unwrap();
    assert_eq!(y.sum(..).unwrap().compute_with(&Sync::new()).unwrap()[[]], 16.0);
    assert_eq!(files(folder.path()), ["empty", "mine", "short", "text", "y"]);
}

/// Bytes of a file that are not those that were written.
#[test]
fn damaged_files_never_panic() {
    let whole = fs::read(made("old.h5")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut read = 0;
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..1 + next(4) {
            let at = next(bytes.len());
            bytes[at] = next(256) as u8;
        }
        fs::write(&path, &bytes).unwrap();
        for dataset in ["contiguous", "gzip", "checked", "holes"] {
            // Right, or an error: what is right depends on the byte. Another shape may be too large to be had.
            if let Ok(x) = Array::<f64>::from_hdf5(&path, dataset)
                && x.shape() == [7, 5]
                && let Ok(x) = x.compute_with(&Sync::new())
            {
                assert_eq!(x.shape(), [7, 5]);
                read += 1;
            }
        }
    }
    assert!(read > 800, "{read} of 1600: most bytes are not of the data set that is read");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any part of any array is what it is of the array, however it is cut.
    #[test]
    fn parts_are_read_out_of_chunks(
        shape in prop::collection::vec(1_usize..9, 1..4),
        chunk in 1_usize..5,
        again in 1_usize..5,
        bounds in prop::collection::vec((0_usize..9, 0_usize..9, 1_isize..4, any::<bool>()), 3),
    ) {
        let mut n = 0;
        let x = ArrayD::from_shape_simple_fn(shape.clone(), || { n += 1; n });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.h5");
        let lazy = Array::from_ndarray(x.clone(), chunk as isize).unwrap();
        lazy.to_hdf5_with(&path, "x", &Sync::new()).unwrap();
        let slices: Vec<_> = shape.iter().zip(bounds).map(|(&n, (a, b, step, back))| {
            let (a, b) = (a.min(b).min(n), a.max(b).min(n));
            dask_array::ndarray::Slice::new(a as isize, Some(b as isize), if back { -step } else { step })
        }).collect();
        let stored = Array::<i32>::from_hdf5(&path, "x").unwrap();
        let got = slices.iter().enumerate().fold(stored, |x, (axis, slice)| {
            let all = dask_array::ndarray::Slice::from(..);
            let mut each = vec![all; shape.len()];
            each[axis] = *slice;
            match each[..] {
                [a] => x.slice((a,)),
                [a, b] => x.slice((a, b)),
                [a, b, c] => x.slice((a, b, c)),
                _ => unreachable!("one to three axes"),
            }.unwrap()
        });
        let expected = x.slice_each_axis(|axis| slices[axis.axis.index()]).to_owned();
        let got = got.rechunk(again as isize).unwrap();
        prop_assert_eq!(got.compute_with(&Sync::new()).unwrap(), expected);
    }
}
