//! Stacks of `.npy` files, and files of elements without a header.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use dask_array::ndarray::{Array2, ArrayD, Axis, s};
use dask_array::{Array, ByteOrder, Element, FileError, NpyError, NpyStackSink, RawSource, c64};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

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
fn what_dask_made_is_read() {
    for (name, scheduler) in schedulers() {
        let rows = Array::<f64>::from_npy_stack(made("stack-rows"), 0).unwrap();
        assert_eq!(rows.chunks().axes(), [vec![3, 3, 1], vec![5]]);
        assert_eq!(rows.compute_with(&*scheduler).unwrap(), numbers(), "{name}");
        let columns = Array::<i32>::from_npy_stack(made("stack-columns"), -1).unwrap();
        assert_eq!(columns.chunks().axes(), [vec![7], vec![2, 2, 1]]);
        assert_eq!(columns.compute_with(&*scheduler).unwrap(), numbers().mapv(|x| x as i32), "{name}");
        // Another cut, over the borders of files.
        let cut = rows.rechunk([2, 3]).unwrap();
        assert_eq!(cut.compute_with(&*scheduler).unwrap(), numbers(), "{name}");
        let part = rows.slice(s![1..;2, ..;-2]).unwrap().compute_with(&*scheduler).unwrap();
        assert_eq!(part, numbers().slice(s![1..;2, ..;-2]).into_dyn(), "{name}");
    }
}

#[test]
fn what_is_written_is_read() {
    fn check<A: Element>(x: ArrayD<A>, axis: isize, chunks: impl dask_array::IntoChunks + Clone) {
        for (name, scheduler) in schedulers() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x");
            let lazy = Array::from_ndarray(x.clone(), chunks.clone()).unwrap();
            lazy.to_npy_stack_with(&path, axis, &*scheduler).unwrap();
            let back = Array::<A>::from_npy_stack(&path, axis).unwrap();
            let axis = if axis < 0 { x.ndim() - 1 } else { axis as usize };
            assert_eq!(back.chunks().axes()[axis], lazy.chunks().axes()[axis]);
            assert_eq!(back.compute_with(&*scheduler).unwrap(), x, "{name}");
            // The stack before is replaced, and nothing is left beside it.
            lazy.to_npy_stack_with(&path, axis as isize, &*scheduler).unwrap();
            assert_eq!(files(folder.path()), ["x"], "{name}");
            assert_eq!(files(&path).len(), lazy.chunks().axes()[axis].len() + 1, "{name}");
        }
    }
    check(numbers(), 0, [3, 2]);
    check(numbers(), 1, [3, 2]);
    check(numbers().mapv(|x| x > 4.0), -1, [-1, 1]);
    check(numbers().mapv(|x| c64::new(x as f32, -1.0)), 0, vec![vec![2, 0, 5], vec![5]]);
    check(ArrayD::<u8>::zeros(vec![0, 3]), 0, -1);
    check(ArrayD::<i16>::ones(vec![2, 3, 4]), 1, 1);
}

#[test]
fn what_is_written_is_read_by_dask() {
    let python = Command::new("python3").args(["-c", "import dask.array"]).output();
    if !python.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(std::io::stderr(), "not tested: there is no python3 with dask here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    Array::from_ndarray(numbers(), [3, 2]).unwrap().to_npy_stack_with(&path, 1, &Sync::new()).unwrap();
    let script = "import sys, dask.array as da, numpy as np\n\
                  x = da.from_npy_stack(sys.argv[1])\n\
                  assert x.dtype == 'f8' and x.chunks == ((7,), (2, 2, 1)), x\n\
                  assert (x.compute() == np.arange(35).reshape(7, 5) / 4).all()";
    let output = Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The bytes of what [`what_is_written_is_read_by_dask`] has dask read.
#[test]
fn the_description_is_a_pickle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    Array::from_ndarray(numbers(), [4, 5]).unwrap().to_npy_stack_with(&path, 0, &Sync::new()).unwrap();
    let order = if cfg!(target_endian = "little") { '<' } else { '>' };
    let expected = format!("(Vchunks\n((I4\nI3\nt(I5\nttVdtype\ncnumpy\ndtype\n(V{order}f8\ntRVaxis\nI0\nd.");
    assert_eq!(fs::read_to_string(path.join("info")).unwrap(), expected);
}

#[test]
fn a_slice_reads_only_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    Array::from_ndarray(numbers(), [3, 5]).unwrap().to_npy_stack_with(&path, 0, &Sync::new()).unwrap();
    let x = Array::<f64>::from_npy_stack(&path, 0).unwrap().rechunk([4, 5]).unwrap();
    fs::remove_file(path.join("1.npy")).unwrap();
    // Rows 1 and 6, of the first file and of the last.
    let ends = x.slice(s![1..;5, ..]).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(ends, numbers().slice(s![1..;5, ..]).into_dyn());
    let error = x.slice(s![2..5, ..]).unwrap().compute_with(&Sync::new()).unwrap_err();
    assert!(messages(&error).contains("could not open") && messages(&error).contains("1.npy"), "{error}");
}

#[test]
fn stacks_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let open = |axis| Array::<f64>::from_npy_stack(&path, axis).map(|_| ()).unwrap_err();
    assert!(messages(&open(0)).contains("could not list"));
    fs::create_dir(&path).unwrap();
    assert!(open(0).to_string().contains("0.npy is missing"));
    let write = |name: &str, shape: &[usize]| {
        let x = Array::<f64>::ones(shape, -1).unwrap();
        x.to_npy_with(path.join(name), &Sync::new()).unwrap();
    };
    write("0.npy", &[2, 3]);
    write("2.npy", &[2, 3]);
    assert!(open(0).to_string().contains("1.npy is missing"));
    write("1.npy", &[2, 4]);
    assert!(matches!(open(0), NpyError::StackShape { axis: 0, .. }), "{}", open(0));
    assert!(Array::<f64>::from_npy_stack(&path, 1).is_ok());
    write("1.npy", &[6]);
    assert!(matches!(open(0), NpyError::StackShape { .. }));
    assert!(matches!(open(2), NpyError::Axis(_)), "{}", open(2));
    let whole = fs::read(path.join("0.npy")).unwrap();
    fs::write(path.join("1.npy"), &whole[..150]).unwrap();
    assert!(messages(&open(0)).contains("truncated"));
    assert!(matches!(Array::<f32>::from_npy_stack(&path, 0).unwrap_err(), NpyError::DType { .. }));

    // A directory of something else is not replaced, and blocks are files.
    let x = Array::<f64>::ones(&[4, 4], 2).unwrap();
    let error = |sink: NpyStackSink| format!("{:?}", x.store(sink).compute_with(&Sync::new()).unwrap_err());
    fs::write(path.join("notes.txt"), "precious").unwrap();
    assert!(error(NpyStackSink::new(&path, 0, &[4])).contains("NotReplaced"));
    let other = folder.path().join("y");
    assert!(error(NpyStackSink::new(&other, 0, &[2, 2])).contains("NotOneFile"));
    assert!(error(NpyStackSink::new(&other, 0, &[2, 1])).contains("StackLengths"));
    assert!(error(NpyStackSink::new(&other, 2, &[2, 2])).contains("AxisOutOfRange"));
    let error = x.to_npy_stack_with(&other, -3, &Sync::new()).unwrap_err();
    assert!(messages(&error).contains("axis -3 is out of range"), "{}", messages(&error));
    assert_eq!(files(folder.path()), ["x"]);
    // A run that fails leaves the stack before as it was.
    let failing = x.try_map_blocks(|_| "?".parse::<f64>().map(|x| ArrayD::from_elem(vec![2, 2], x)));
    x.to_npy_stack_with(&other, 0, &Sync::new()).unwrap();
    failing.to_npy_stack_with(&other, 0, &Sync::new()).unwrap_err();
    assert_eq!(files(&other), ["0.npy", "1.npy", "info"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any part of any stack is what it is of the array.
    #[test]
    fn parts_are_read_out_of_files(
        lengths in prop::collection::vec(0_usize..5, 1..6),
        start in 0_usize..12,
        stop in 0_usize..20,
        step in (1_isize..8, any::<bool>()).prop_map(|(n, back)| if back { -n } else { n }),
        axis in 0_usize..2,
        chunk in 1_usize..6,
    ) {
        let n: usize = lengths.iter().sum();
        let mut x = Array2::from_shape_fn((n, 3), |(i, j)| (i * 10 + j) as i32);
        let mut chunks = [lengths.clone(), vec![3]];
        if axis == 1 {
            x = x.reversed_axes();
            chunks.reverse();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let lazy = Array::from_ndarray(x.clone(), chunks.to_vec()).unwrap();
        lazy.to_npy_stack_with(&path, axis as isize, &Sync::new()).unwrap();
        let (start, stop) = (start.min(n), stop.min(n).max(start.min(n)));
        let slice = dask_array::ndarray::Slice::new(start as isize, Some(stop as isize), step);
        let all = dask_array::ndarray::Slice::from(..);
        let stored = Array::<i32>::from_npy_stack(&path, axis as isize).unwrap();
        let slices = if axis == 0 { (slice, all) } else { (all, slice) };
        let got = stored.slice(slices).unwrap().rechunk(chunk as isize).unwrap();
        let expected = x.slice_axis(Axis(axis), slice).to_owned().into_dyn();
        prop_assert_eq!(got.compute_with(&Sync::new()).unwrap(), expected);
    }
}

#[test]
fn raw_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bin");
    let bytes: Vec<u8> = numbers().iter().flat_map(|x| x.to_ne_bytes()).collect();
    fs::write(&path, &bytes).unwrap();
    for (name, scheduler) in schedulers() {
        let x = Array::<f64>::from_raw(&path, &[7, 5], [3, 2]).unwrap();
        assert_eq!(x.compute_with(&*scheduler).unwrap(), numbers(), "{name}");
        let part = x.slice(s![..;3, 1..4]).unwrap().compute_with(&*scheduler).unwrap();
        assert_eq!(part, numbers().slice(s![..;3, 1..4]).into_dyn(), "{name}");
        let source = RawSource::<f64>::open(&path, &[2, 3]).unwrap().offset(16).unwrap().fortran_order();
        let x = Array::from_source(source, 2).unwrap().compute_with(&*scheduler).unwrap();
        assert_eq!(
            x,
            Array2::from_shape_fn((2, 3), |(i, j)| (2 + i + 2 * j) as f64 / 4.0).into_dyn(),
            "{name}"
        );
    }
    let swapped: Vec<u8> = [1_u32, 2, 3].iter().flat_map(|x| x.to_be_bytes()).collect();
    fs::write(&path, &swapped).unwrap();
    let orders = [ByteOrder::Big, ByteOrder::Little, ByteOrder::Native].map(|order| {
        let source = RawSource::<u32>::open(&path, &[3]).unwrap().byte_order(order);
        Array::from_source(source, 3).unwrap().compute_with(&Sync::new()).unwrap()[[1]]
    });
    assert_eq!(orders, [2, 2 << 24, u32::from_ne_bytes([0, 0, 0, 2])]);
}

#[test]
fn raw_files_of_another_length_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bin");
    fs::write(&path, [1; 24]).unwrap();
    let open = |shape: &[usize]| Array::<f64>::from_raw(&path, shape, 1).map(|_| ());
    assert!(open(&[3]).is_ok() && open(&[1, 3, 1]).is_ok());
    for shape in [&[4][..], &[2], &[], &[usize::MAX, 2]] {
        assert!(matches!(open(shape).unwrap_err(), FileError::Length { .. }), "{shape:?}");
    }
    assert!(matches!(Array::<f64>::from_raw(&path, &[3], [1, 1]).unwrap_err(), FileError::Chunks { .. }));
    // Behind the array there may be something else.
    assert!(RawSource::<f64>::open(&path, &[2]).unwrap().offset(8).is_ok());
    assert!(RawSource::<f64>::open(&path, &[2]).unwrap().offset(9).is_err());
    assert!(RawSource::<f64>::open(&path, &[2]).unwrap().offset(u64::MAX).is_err());
    let bools = Array::<bool>::from_raw(&path, &[24], 24).unwrap();
    assert_eq!(bools.sum(..).unwrap().compute_with(&Sync::new()).unwrap()[[]], 24);
    fs::write(&path, [2; 24]).unwrap();
    let error = bools.compute_with(&Sync::new()).unwrap_err();
    let source: &dyn Error = &error;
    assert!(messages(source).contains("changed since") || messages(source).contains("byte 2"), "{error}");
}
