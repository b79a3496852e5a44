//! The golden cases of numpy: read, cut, interpreted and compared, on schedulers of the caller's choice.

pub(crate) mod chunks;
mod compare;
pub(crate) mod dynamic;
mod factors;
pub(crate) mod steps;
pub(crate) mod uncovered;

use std::fs;
use std::path::PathBuf;

use dask_graph::Scheduler;
use dask_sched_sync::Sync;
use serde_json::Value as Json;

use self::chunks::Chunking;
use self::dynamic::Dynamic;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

pub(crate) fn index() -> Json {
    let text = fs::read_to_string(folder().join("index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn lengths(value: &Json) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

/// The inputs of a case, cut.
fn inputs(index: &Json, case: &Json, chunking: Chunking) -> Vec<Dynamic> {
    let inputs = case["inputs"].as_array().unwrap().iter();
    inputs
        .map(|input| {
            let source = &index["inputs"][text(&input["name"])];
            let given: Vec<Vec<usize>> = input["chunks"].as_array().unwrap().iter().map(lengths).collect();
            let path = folder().join(text(&source["file"]));
            Dynamic::from_npy(&path, text(&source["dtype"]), chunking.cut(&lengths(&source["shape"]), given))
        })
        .collect()
}

/// Whether a case can be interpreted at all: `Err` names what is missing.
pub(crate) fn interpret(index: &Json, case: &Json, chunking: Chunking) -> Result<Vec<Dynamic>, String> {
    for input in case["inputs"].as_array().unwrap() {
        let dtype = text(&index["inputs"][text(&input["name"])]["dtype"]);
        if !dynamic::is_known(dtype) {
            return Err(format!("no element type {dtype}"));
        }
    }
    steps::run(case, &inputs(index, case, chunking))
}

/// Whether the answer follows from the chunks.
fn depends_on_chunks(case: &Json) -> bool {
    case["steps"]
        .as_array()
        .unwrap()
        .iter()
        .any(|step| ["overlap", "map_blocks"].contains(&text(&step["op"])))
}

/// Computes every covered case in these chunkings on these schedulers; returns how many cases there are.
pub(crate) fn check(schedulers: &[(&str, Box<dyn Scheduler>)], chunkings: &[Chunking]) -> usize {
    let index = index();
    let mut run = 0;
    for case in index["cases"].as_array().unwrap() {
        if case["op"] == "normalize_chunks" || uncovered::reason(text(&case["id"])).is_some() {
            continue;
        }
        let id = text(&case["id"]);
        let expected = case["expected"].as_array().unwrap();
        if factors::is_set(case) {
            check_factors(&index, case, schedulers, chunkings);
            run += 1;
            continue;
        }
        let wanted: Vec<_> =
            expected.iter().map(|output| compare::Expected::new(&folder(), case, output)).collect();
        for &chunking in chunkings {
            if chunking != Chunking::Given && depends_on_chunks(case) {
                continue;
            }
            let arrays = interpret(&index, case, chunking).unwrap_or_else(|missing| {
                panic!("{id}: {missing}; it belongs in the table of uncovered cases")
            });
            assert_eq!(arrays.len(), expected.len(), "{id}, {chunking:?}");
            for ((array, expected), wanted) in arrays.iter().zip(expected).zip(&wanted) {
                let shape = lengths(&expected["shape"]);
                assert_eq!(array.counted().shape(), shape, "{id}, {chunking:?}");
                assert_eq!(array.dtype(), text(&expected["dtype"]), "{id}, {chunking:?}");
                if array.is_counted() && chunking == Chunking::Given && case["chunks_normative"] == true {
                    let chunks: Vec<Vec<usize>> =
                        expected["dask_chunks"].as_array().unwrap().iter().map(lengths).collect();
                    assert_eq!(array.chunks(), chunks, "{id}");
                }
                for (name, scheduler) in schedulers {
                    let got = array.compute(&**scheduler);
                    wanted.check(&got, &format!("{id}, {chunking:?}, {name}"));
                }
            }
        }
        run += 1;
    }
    run
}

/// Computes the factors of a covered case in these chunkings on these schedulers.
fn check_factors(
    index: &Json,
    case: &Json,
    schedulers: &[(&str, Box<dyn Scheduler>)],
    chunkings: &[Chunking],
) {
    let read = |output: &Json| {
        let whole = lengths(&output["shape"]).into_iter().map(|n| vec![n]).collect();
        Dynamic::from_npy(&folder().join(text(&output["file"])), text(&output["dtype"]), whole)
            .compute(&Sync::new())
    };
    let expected = case["expected"].as_array().unwrap();
    let wanted: Vec<_> = expected.iter().map(read).collect();
    for &chunking in chunkings {
        let input = inputs(index, case, chunking)[0].compute(&Sync::new());
        let arrays = interpret(index, case, chunking).unwrap();
        for (array, expected) in arrays.iter().zip(expected) {
            assert_eq!(array.shape(), lengths(&expected["shape"]), "{}, {chunking:?}", case["id"]);
            assert_eq!(array.dtype(), text(&expected["dtype"]), "{}, {chunking:?}", case["id"]);
        }
        for (name, scheduler) in schedulers {
            let got: Vec<_> = arrays.iter().map(|array| array.compute(&**scheduler)).collect();
            factors::check(case, &input, &got, &wanted, &format!("{}, {chunking:?}, {name}", case["id"]));
        }
    }
}
