//! Stores that were interrupted and go on: what is computed again, what is not, and what is refused.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dask_array::ndarray::{Array2, ArrayD};
use dask_array::{
    Array, Block, BlockSink, BlockWriter, NpySink, NpyStackSink, Region, Span, StorageError, Store,
};
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

use super::storage::{files, messages};

fn numbers() -> ArrayD<f64> {
    Array2::from_shape_fn((12, 6), |(i, j)| (i * 10 + j) as f64).into_dyn()
}

/// The numbers plus one half, in blocks of 2 rows, and how many blocks were computed. After so many it is an error.
fn counted(columns: isize, at_most: usize) -> (Array<f64>, Arc<AtomicUsize>) {
    let computed = Arc::new(AtomicUsize::new(0));
    let count = computed.clone();
    let x = Array::from_ndarray(numbers(), [2, columns]).unwrap().try_map_blocks(move |block| {
        if count.fetch_add(1, Ordering::Relaxed) >= at_most {
            return Err("interrupted");
        }
        Ok(&block + 0.5)
    });
    (x, computed)
}

/// How many blocks are whole in what an interrupted store left.
fn n_whole(partial: &Path) -> usize {
    fs::read_to_string(partial.join("blocks")).unwrap().matches(';').count()
}

/// Interrupts a store and goes on with it, on every scheduler.
fn check(
    columns: isize,
    store: impl Fn(&Array<f64>, &Path, &str) -> Store,
    read: impl Fn(&Path) -> Array<f64>,
) {
    let schedulers: [(&str, Box<dyn Scheduler>); 3] = [
        ("sync", Box::new(Sync::new())),
        ("threaded", Box::new(Threaded::with_workers(2))),
        ("optimised", Box::new(Optimized::new(Threaded::with_workers(2)))),
    ];
    for (name, scheduler) in schedulers {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let (failing, _) = counted(columns, 4);
        let error = store(&failing, &path, "tag").compute_with(&*scheduler).unwrap_err();
        assert!(messages(&error).contains("interrupted"), "{name}: {error}");
        assert_eq!(files(folder.path()), ["x.partial"], "{name}");

        // Another tag is refused, and keeps what is there.
        let (x, _) = counted(columns, usize::MAX);
        let error = store(&x, &path, "other").compute_with(&*scheduler).unwrap_err();
        assert!(messages(&error).contains("holds blocks of another store"), "{name}: {error}");
        assert_eq!(files(folder.path()), ["x.partial"], "{name}");

        // Nothing is computed but what is missing.
        let n_whole = n_whole(&folder.path().join("x.partial"));
        assert!(n_whole <= 4 && (name != "sync" || n_whole > 0), "{name}: {n_whole}");
        let (x, second) = counted(columns, usize::MAX);
        let again = store(&x, &path, "tag");
        again.compute_with(&*scheduler).unwrap();
        let all = if columns < 0 { 6 } else { 12 };
        assert_eq!(second.load(Ordering::Relaxed), all - n_whole, "{name}");
        assert_eq!(files(folder.path()), ["x"], "{name}");
        assert_eq!(read(&path).compute_with(&*scheduler).unwrap(), numbers() + 0.5, "{name}");

        // Described before it was finished: the blocks that it left out are not there any more.
        if n_whole > 0 {
            let error = again.compute_with(&*scheduler).unwrap_err();
            assert!(messages(&error).contains("describe it again"), "{name}: {error}");
            fs::remove_dir_all(folder.path().join("x.partial")).unwrap();
        }
        // A finished store is done: run again, it writes anew.
        let (x, third) = counted(columns, usize::MAX);
        store(&x, &path, "tag").compute_with(&*scheduler).unwrap();
        assert_eq!(third.load(Ordering::Relaxed), all, "{name}");
    }
}

#[test]
fn npy_files_are_resumed() {
    check(
        3,
        |x, path, tag| x.store(NpySink::new(path).resumable(tag)),
        |path| Array::from_npy(path, -1).unwrap(),
    );
}

#[test]
fn npy_stacks_are_resumed() {
    check(
        -1,
        |x, path, tag| x.store(NpyStackSink::new(path, 0, &[2; 6]).resumable(tag)),
        |path| Array::from_npy_stack(path, 0).unwrap(),
    );
}

#[cfg(feature = "zarr")]
#[test]
fn zarr_arrays_are_resumed() {
    check(
        3,
        |x, path, tag| x.store(dask_array::ZarrSink::new(path, &[1, 3]).resumable(tag)),
        |path| Array::from_zarr(path).unwrap(),
    );
}

#[cfg(feature = "hdf5")]
#[test]
fn hdf5_files_are_resumed() {
    check(
        3,
        |x, path, tag| x.store(dask_array::Hdf5Sink::new(path, "x", &[1, 3]).resumable(tag)),
        |path| Array::from_hdf5(path, "x").unwrap(),
    );
}

fn interrupted(path: &Path) {
    let (failing, _) = counted(3, 8);
    let sink = NpySink::new(path).resumable("tag");
    failing.store(sink).compute_with(&Sync::new()).unwrap_err();
}

#[test]
fn blocks_of_another_cut_are_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    interrupted(&path);
    let (x, computed) = counted(3, usize::MAX);
    let x = x.rechunk([4, 6]).unwrap();
    x.store(NpySink::new(&path).resumable("tag")).compute_with(&Sync::new()).unwrap();
    assert_eq!(computed.load(Ordering::Relaxed), 12);
    let back = Array::<f64>::from_npy(&path, -1).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(back, numbers() + 0.5);
}

#[test]
fn a_journal_that_was_cut_off_costs_a_block() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    interrupted(&path);
    let journal = folder.path().join("x.npy.partial/blocks");
    let text = fs::read_to_string(&journal).unwrap();
    let n_whole = n_whole(&folder.path().join("x.npy.partial"));
    fs::write(&journal, &text[..text.len() - 1]).unwrap();
    let (x, computed) = counted(3, usize::MAX);
    x.store(NpySink::new(&path).resumable("tag")).compute_with(&Sync::new()).unwrap();
    assert_eq!(computed.load(Ordering::Relaxed), 12 - n_whole + 1);
    let back = Array::<f64>::from_npy(&path, -1).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(back, numbers() + 0.5);
}

#[test]
fn the_target_stays_as_it_was_until_all_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    Array::from_ndarray(numbers(), -1).unwrap().to_npy_with(&path, &Sync::new()).unwrap();
    interrupted(&path);
    let before = Array::<f64>::from_npy(&path, -1).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(before, numbers());
}

#[test]
fn two_runs_at_once_and_strange_directories_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let sink: Box<dyn BlockSink<f64>> = Box::new(NpySink::new(&path).resumable("tag"));
    let error =
        |sink: &dyn BlockSink<f64>, shape: &[usize]| messages(&*sink.open(shape).map(|_| ()).unwrap_err());
    let writer = sink.open(&[2, 2]).unwrap();
    assert!(error(&*sink, &[2, 2]).contains("another run is writing"), "{}", error(&*sink, &[2, 2]));
    drop(writer);
    // Another shape is another store; so is another type.
    assert!(error(&*sink, &[2, 3]).contains("holds blocks of another store"));
    let whole: Box<dyn BlockSink<f32>> = Box::new(NpySink::new(&path).resumable("tag"));
    assert!(messages(&*whole.open(&[2, 2]).map(|_| ()).unwrap_err()).contains("another store"));
    assert!(sink.open(&[2, 2]).is_ok());

    let taken = folder.path().join("y.npy");
    fs::create_dir(folder.path().join("y.npy.partial")).unwrap();
    fs::write(folder.path().join("y.npy.partial/notes.txt"), "precious").unwrap();
    let sink: Box<dyn BlockSink<f64>> = Box::new(NpySink::new(&taken).resumable("tag"));
    assert!(error(&*sink, &[2]).contains("was made by no store"));
    assert!(folder.path().join("y.npy.partial/notes.txt").exists());
}

/// A run that ended between putting the array in place and clearing up.
#[test]
fn what_was_only_not_cleared_up_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    interrupted(&path);
    fs::rename(folder.path().join("x.npy.partial/array"), &path).unwrap();
    let (x, computed) = counted(3, usize::MAX);
    x.store(NpySink::new(&path).resumable("tag")).compute_with(&Sync::new()).unwrap();
    assert_eq!(computed.load(Ordering::Relaxed), 12);
    assert_eq!(files(folder.path()), ["x.npy"]);
}

/// A sink of one's own: all that it has to do is to say which blocks it has.
#[test]
fn sinks_of_ones_own_are_resumed() {
    #[derive(Clone, Default)]
    struct Table(Arc<Mutex<HashSet<Region>>>);

    impl BlockSink<f64> for Table {
        fn open(&self, _: &[usize]) -> Result<Box<dyn BlockWriter<f64>>, StorageError> {
            Ok(Box::new(self.clone()))
        }
        fn whole(&self, _: &[usize]) -> HashSet<Region> {
            self.0.lock().unwrap().clone()
        }
    }
    impl BlockWriter<f64> for Table {
        fn write(&self, offset: &[usize], block: &Block<f64>) -> Result<(), StorageError> {
            let axes = offset.iter().zip(block.shape());
            let axes = axes.map(|(&start, &len)| Span { start, len, step: 1 }).collect();
            self.0.lock().unwrap().insert(Region { axes });
            Ok(())
        }
        fn finish(&self) -> Result<(), StorageError> {
            Ok(())
        }
    }
    let table = Table::default();
    let (failing, first) = counted(3, 8);
    failing.store(table.clone()).compute_with(&Sync::new()).unwrap_err();
    let written = table.0.lock().unwrap().len();
    assert!(0 < written && written <= first.load(Ordering::Relaxed));
    let (x, second) = counted(3, usize::MAX);
    x.store(table.clone()).compute_with(&Sync::new()).unwrap();
    assert_eq!(second.load(Ordering::Relaxed), 12 - written);
    assert_eq!(table.0.lock().unwrap().len(), 12);
}
