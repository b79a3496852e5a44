//! The golden cases on worker processes. In a `main` of their own, since a worker begins its work there, before any
//! harness.

mod it {
    pub(crate) mod golden;
}

use std::io::Write;
use std::process::{Command, ExitCode};

use dask_array::{Array, NpyStackSink};
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_multiprocess::Multiprocess;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use libtest_mimic::{Arguments, Trial};

use it::golden::check;
use it::golden::chunks::Chunking;

fn main() -> ExitCode {
    dask_sched_worker::init(|| ());
    if let Ok(directory) = std::env::var(SMALL_DISK) {
        write_to_small_disk(&directory);
        return ExitCode::SUCCESS;
    }
    let processes = || Multiprocess::with_workers(2);
    let trials = vec![
        golden("two processes", Box::new(processes())),
        golden("two processes, optimised", Box::new(Optimized::new(processes()))),
        trial("a disk that is full is an error and nothing is left", a_full_disk),
        trial("an array goes from file to file", an_array_goes_from_file_to_file),
        trial("a store is resumed", a_store_is_resumed),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn golden(name: &'static str, scheduler: Box<dyn Scheduler>) -> Trial {
    Trial::test(format!("golden cases, {name}"), move || {
        let run = check(&[(name, scheduler)], &Chunking::ALL[..2]);
        if run >= 355 { Ok(()) } else { Err(format!("only {run} cases ran").into()) }
    })
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// Standardised by columns, block by block: the sums of one pass are inputs of the next.
fn an_array_goes_from_file_to_file() {
    let directory = tempfile::tempdir().unwrap();
    let [from, to, expected] = ["from", "to", "expected"].map(|name| directory.path().join(name));
    let x = ndarray::Array2::from_shape_fn((60_000, 10), |(i, j)| ((i * 7 + j * 31) % 1000) as f64);
    let x = Array::from_ndarray(x, [7_000, 10]).unwrap();
    x.to_npy_with(&from, &Sync::new()).unwrap();
    let x = Array::<f64>::from_npy(&from, [7_000, 10]).unwrap();
    let z = (&x - &x.mean(0).unwrap()) / x.std(0, 0.0).unwrap();
    z.to_npy_with(&expected, &Sync::new()).unwrap();
    z.to_npy_with(&to, &Optimized::new(Multiprocess::with_workers(2))).unwrap();
    assert!(std::fs::read(&to).unwrap() == std::fs::read(&expected).unwrap(), "the files differ");
    let in_memory = Array::from_ndarray(z.compute_with(&Sync::new()).unwrap(), [9_000, 10]).unwrap();
    let sum = in_memory.sum(..).unwrap().compute_with(&Multiprocess::with_workers(2)).unwrap();
    assert_eq!(sum, in_memory.sum(..).unwrap().compute_with(&Sync::new()).unwrap());
}

/// Blocks are noted as whole by the processes that write them.
fn a_store_is_resumed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stack");
    let x = ndarray::Array2::from_shape_fn((40, 3), |(i, j)| (i * 10 + j) as f64).into_dyn();
    let lazy = Array::from_ndarray(x.clone(), [2, 3]).unwrap();
    let sink = || NpyStackSink::new(&path, 0, &[2; 20]).resumable("tag");
    let processes = Multiprocess::with_workers(2);
    let failing = lazy.try_map_blocks(|block| match block[[0, 0]] {
        first if first > 200.0 => Err("interrupted"),
        _ => Ok(block.to_owned()),
    });
    failing.store(sink()).compute_with(&processes).unwrap_err();
    let journal = std::fs::read_to_string(directory.path().join("stack.partial/blocks")).unwrap();
    assert!(journal.matches(';').count() <= 11, "{journal}");
    // What is whole is not touched any more.
    let first = directory.path().join("stack.partial/array/0.npy");
    let written = std::fs::metadata(&first).and_then(|file| file.modified()).ok();
    lazy.store(sink()).compute_with(&processes).unwrap();
    let back = Array::<f64>::from_npy_stack(&path, 0).unwrap();
    assert_eq!(back.compute_with(&processes).unwrap(), x);
    if written.is_some() && journal.contains("\n0+2 0+3;") {
        let after = std::fs::metadata(path.join("0.npy")).and_then(|file| file.modified()).ok();
        assert_eq!(written, after);
    }
}

/// Names the directory of a disk of one megabyte.
const SMALL_DISK: &str = "DASK_TEST_SMALL_DISK";

/// The room for a file is not taken when it is made, so it is a write in the middle that finds none.
fn a_full_disk() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let mount = format!("mount -t tmpfs -o size=1m none {path}");
    let unshare = |run: &str| {
        let mut command = Command::new("unshare");
        command.args(["-Urm", "sh", "-c", run]).arg(std::env::current_exe().unwrap()).env(SMALL_DISK, path);
        command.output()
    };
    if !unshare(&mount).is_ok_and(|output| output.status.success()) {
        let _ =
            writeln!(std::io::stderr(), "not tested: mounting in a namespace of its own is not allowed here");
        return;
    }
    let output = unshare(&format!("{mount} && exec \"$0\"")).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn write_to_small_disk(directory: &str) {
    let path = std::path::Path::new(directory).join("x.npy");
    let x = Array::<f64>::ones(&[400, 1000], [50, 1000]).unwrap();
    let schedulers: [Box<dyn Scheduler>; 3] =
        [Box::new(Sync::new()), Box::new(Threaded::with_workers(2)), Box::new(Multiprocess::with_workers(2))];
    for scheduler in schedulers {
        let error = x.to_npy_with(&path, &*scheduler).unwrap_err();
        let text = format!("{error}: {:?}", std::error::Error::source(&error));
        assert!(text.contains("No space left") || text.contains("StorageFull"), "{text}");
        assert_eq!(std::fs::read_dir(directory).unwrap().count(), 0, "something is left");
    }
    // What fits is written.
    let x = Array::<f64>::ones(&[50, 1000], [10, 1000]).unwrap();
    x.to_npy_with(&path, &Threaded::with_workers(2)).unwrap();
    assert!(path.exists());
}
