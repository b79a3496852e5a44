//! The golden cases of numpy, each on several chunkings and all schedulers.

mod chunks;
mod compare;
mod dynamic;
mod steps;
mod uncovered;

use std::fs;
use std::path::PathBuf;

use serde_json::Value as Json;

use self::chunks::Chunking;
use self::dynamic::Dynamic;
use super::configurations::schedulers;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn index() -> Json {
    let text = fs::read_to_string(folder().join("index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

fn lengths(value: &Json) -> Vec<usize> {
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
fn interpret(index: &Json, case: &Json, chunking: Chunking) -> Result<Dynamic, String> {
    for input in case["inputs"].as_array().unwrap() {
        let dtype = text(&index["inputs"][text(&input["name"])]["dtype"]);
        if !dynamic::is_known(dtype) {
            return Err(format!("no element type {dtype}"));
        }
    }
    steps::run(case, &inputs(index, case, chunking))
}

#[test]
fn covered_cases_give_what_numpy_gives() {
    let index = index();
    let schedulers = schedulers();
    let mut run = 0;
    for case in index["cases"].as_array().unwrap() {
        if case["op"] == "normalize_chunks" || uncovered::reason(text(&case["id"])).is_some() {
            continue;
        }
        let id = text(&case["id"]);
        let expected = &case["expected"][0];
        let wanted = compare::Expected::new(&folder(), case);
        for chunking in Chunking::ALL {
            let array = interpret(&index, case, chunking).unwrap_or_else(|missing| {
                panic!("{id}: {missing}; it belongs in the table of uncovered cases")
            });
            assert_eq!(array.shape(), lengths(&expected["shape"]), "{id}, {chunking:?}");
            assert_eq!(array.dtype(), text(&expected["dtype"]), "{id}, {chunking:?}");
            if chunking == Chunking::Given && case["chunks_normative"] == true {
                let chunks: Vec<Vec<usize>> =
                    expected["dask_chunks"].as_array().unwrap().iter().map(lengths).collect();
                assert_eq!(array.chunks(), chunks, "{id}");
            }
            for (name, scheduler) in &schedulers {
                let got = array.compute(&**scheduler);
                wanted.check(&got, &format!("{id}, {chunking:?}, {name}"));
            }
        }
        run += 1;
    }
    assert!(run >= 130, "only {run} cases ran");
}

#[test]
fn every_case_is_run_or_named_with_a_reason() {
    let index = index();
    let cases = index["cases"].as_array().unwrap();
    let known: Vec<&str> = cases.iter().map(|case| text(&case["id"])).collect();
    for (ids, reason) in uncovered::TABLE {
        for id in *ids {
            assert!(known.contains(id), "{id} ({reason}) is not a golden case");
        }
    }
    for case in cases.iter().filter(|case| case["op"] != "normalize_chunks") {
        let id = text(&case["id"]);
        let interpreted = interpret(&index, case, Chunking::Given);
        match (uncovered::reason(id), interpreted) {
            (None, Err(missing)) => panic!("{id} neither runs ({missing}) nor is it in the table"),
            (Some(reason), Ok(_)) => panic!("{id} would run; it is in the table because of: {reason}"),
            _ => {}
        }
    }
}

#[test]
fn chunks_are_normalised_as_dask_does() {
    let index = index();
    let mut run = 0;
    for case in index["cases"].as_array().unwrap().iter().filter(|case| case["op"] == "normalize_chunks") {
        let expected: Vec<Vec<usize>> =
            case["expected_json"].as_array().unwrap().iter().map(lengths).collect();
        let got = chunks::normalize(&case["args"]);
        assert_eq!(got, expected, "{}", case["id"]);
        run += 1;
    }
    assert_eq!(run, 14);
}
