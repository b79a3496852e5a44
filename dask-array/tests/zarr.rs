//! Zarr arrays: those that zarr-python made, ours, and what is none.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use dask_array::ndarray::{Array2, ArrayD, s};
use dask_array::{Array, Compression, Element, ZarrSink, ZarrSource, c128, f16};
use dask_graph::testing::Travelling;
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zarr").join(name)
}

/// What `make.py` writes.
fn numbers() -> ArrayD<f64> {
    Array2::from_shape_fn((7, 5), |(i, j)| (i * 5 + j) as f64 / 4.0).into_dyn()
}

fn read<A: Element>(name: &str) -> ArrayD<A> {
    let x = Array::<A>::from_zarr(made(name)).unwrap();
    let expected = x.compute_with(&Sync::new()).unwrap();
    for chunks in [1, 2, 4] {
        let x = x.rechunk(chunks).unwrap();
        assert_eq!(x.compute_with(&Threaded::with_workers(2)).unwrap(), expected, "{name}");
        assert_eq!(x.compute_with(&Travelling).unwrap(), expected, "{name}");
    }
    let part = x.slice(s![1..;2, ..;-2]).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(part, expected.slice(s![1..;2, ..;-2]).into_dyn(), "{name}");
    expected
}

#[test]
fn what_zarr_python_made_is_read() {
    let x = numbers();
    assert_eq!(read::<f64>("v3-zstd"), x);
    assert_eq!(read::<i32>("v3-plain"), x.mapv(|x| x as i32));
    assert_eq!(read::<bool>("v3-gzip"), x.mapv(|x| x > 4.0));
    assert_eq!(read::<u16>("v3-sharded"), x.mapv(|x| x as u16));
    assert_eq!(read::<f32>("v2-gzip"), x.mapv(|x| x as f32));
    assert_eq!(read::<c128>("v2-plain"), x.mapv(|x| c128::new(x, x)));
    assert_eq!(read::<i64>("v2-big-endian"), x.mapv(|x| x as i64));
    let mut holes = ArrayD::from_elem(vec![7, 5], -1.0);
    holes.slice_mut(s![3..6, 2..4]).assign(&x.slice(s![3..6, 2..4]));
    assert_eq!(read::<f64>("v3-holes"), holes);
}

#[test]
fn blocks_are_made_of_whole_chunks() {
    assert_eq!(ZarrSource::<f64>::open(made("v3-zstd")).unwrap().chunk_shape(), [3, 2]);
    let x = Array::<f64>::from_zarr(made("v3-zstd")).unwrap();
    assert_eq!(x.chunks().n_blocks(), [1, 1]);
}

#[test]
fn what_is_written_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let x = ArrayD::from_shape_fn(vec![11, 6, 3], |at| (at[0] * 100 + at[1] * 10 + at[2]) as i32);
    let schedulers: [(&str, Box<dyn Scheduler>); 4] = [
        ("sync", Box::new(Sync::new())),
        ("threaded", Box::new(Threaded::with_workers(2))),
        ("optimised", Box::new(Optimized::new(Threaded::with_workers(2)))),
        ("travelling", Box::new(Travelling)),
    ];
    for (name, scheduler) in schedulers {
        let path = directory.path().join(name);
        let lazy = Array::from_ndarray(x.clone(), [4, 6, 2]).unwrap();
        lazy.to_zarr_with(&path, &*scheduler).unwrap();
        let back = Array::<i32>::from_zarr(&path).unwrap();
        assert_eq!(back.compute_with(&Sync::new()).unwrap(), x, "{name}");
        // Uneven blocks are cut alike, and the array before is replaced.
        let lazy = Array::from_ndarray(&x + 1, vec![vec![2, 5, 4], vec![0, 6], vec![1, 2]]).unwrap();
        lazy.to_zarr_with(&path, &*scheduler).unwrap();
        let back = Array::<i32>::from_zarr(&path).unwrap();
        assert_eq!(back.compute_with(&Sync::new()).unwrap(), &x + 1, "{name}");
    }
    let half = x.mapv(|x| f16::from_f64(x.into()));
    let path = directory.path().join("half");
    Array::from_ndarray(half.clone(), 5).unwrap().to_zarr_with(&path, &Sync::new()).unwrap();
    assert_eq!(Array::<f16>::from_zarr(&path).unwrap().compute_with(&Sync::new()).unwrap(), half);
    let bools = Array::from_ndarray(x.mapv(|x| x % 2 == 0), 5).unwrap();
    for compression in [Compression::None, Compression::Gzip(6), Compression::Zstd(9)] {
        let path = directory.path().join("bools");
        let sink = ZarrSink::new(&path, &[5, 5, 5]).compression(compression);
        bools.store(sink).compute_with(&Sync::new()).unwrap();
        let back = Array::<bool>::from_zarr(&path).unwrap();
        assert_eq!(back.compute_with(&Sync::new()).unwrap(), x.mapv(|x| x % 2 == 0), "{compression:?}");
    }
    for shape in [&[][..], &[0, 3]] {
        let path = directory.path().join("small");
        Array::<f64>::ones(shape, -1).unwrap().to_zarr_with(&path, &Sync::new()).unwrap();
        let back = Array::<f64>::from_zarr(&path).unwrap().compute_with(&Sync::new()).unwrap();
        assert_eq!(back, ArrayD::from_elem(shape, 1.0));
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 7, "something is left");
}

#[test]
fn what_is_written_is_read_by_zarr_python() {
    let python = Command::new("python3").args(["-c", "import zarr"]).output();
    if !python.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(std::io::stderr(), "not tested: there is no python3 with zarr here");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x");
    let x = Array::from_ndarray(numbers(), [3, 2]).unwrap();
    x.to_zarr_with(&path, &Sync::new()).unwrap();
    let script = "import sys, zarr, numpy as np\n\
                  x = zarr.open(sys.argv[1])[:]\n\
                  assert x.dtype == 'f8' and (x == np.arange(35).reshape(7, 5) / 4).all(), x";
    let output = Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn mistakes_are_named_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let open = |path: &Path| {
        let error = Array::<f64>::from_zarr(path).unwrap_err();
        format!("{error}: {:?}", std::error::Error::source(&error))
    };
    assert!(open(&at("missing")).contains("there is no such directory"));
    fs::create_dir(at("empty")).unwrap();
    assert!(open(&at("empty")).contains("is not a Zarr array"));
    fs::write(at("empty/zarr.json"), "{").unwrap();
    assert!(open(&at("empty")).contains("is not a Zarr array"));
    assert!(open(&made("v3-sharded")).contains("expected f64"));
    let blosc = open(&made("v3-blosc"));
    assert!(blosc.contains("blosc"), "{blosc}");

    // A chunk that is damaged.
    let x = Array::<f64>::ones(&[4, 4], 2).unwrap();
    x.to_zarr_with(at("x"), &Sync::new()).unwrap();
    fs::write(at("x/c/1/0"), b"nonsense").unwrap();
    let damaged = Array::<f64>::from_zarr(at("x")).unwrap().compute_with(&Sync::new()).unwrap_err();
    let text = format!("{damaged:?}");
    assert!(text.contains("[0, 0]") && text.contains("Read"), "{text}");

    // Blocks that share chunks, chunks for other axes, and places that are taken.
    let error = |sink: ZarrSink| format!("{:?}", x.store(sink).compute_with(&Sync::new()).unwrap_err());
    assert!(error(ZarrSink::new(at("y"), &[3, 2])).contains("Unaligned"));
    assert!(error(ZarrSink::new(at("y"), &[4])).contains("Chunks"));
    assert!(error(ZarrSink::new(at("y"), &[0, 2])).contains("Chunks"));
    fs::create_dir(at("mine")).unwrap();
    fs::write(at("mine/notes.txt"), "precious").unwrap();
    assert!(error(ZarrSink::new(at("mine"), &[2, 2])).contains("NotReplaced"));
    assert!(at("mine/notes.txt").exists());
    assert!(!at("y").exists());

    // A run that fails leaves the array before as it was.
    let failing = x.try_map_blocks(|_| "?".parse::<f64>().map(|x| ArrayD::from_elem(vec![2, 2], x)));
    failing.to_zarr_with(at("x"), &Sync::new()).unwrap_err();
    assert!(at("x/zarr.json").exists());
    let left: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}
