//! What numpy gives: every golden case that is covered, on several chunkings and all schedulers.

use dask_array::{Chunks, DType};
use serde_json::Value as Json;

use super::configurations::schedulers;
use super::golden::chunks::{Chunking, wishes};
use super::golden::{check, index, interpret, lengths, text, uncovered};

#[test]
fn covered_cases_give_what_numpy_gives() {
    let run = check(&schedulers(), &Chunking::ALL);
    assert!(run >= 355, "only {run} cases ran");
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
        let got = normalize(&case["args"]);
        assert_eq!(got, expected, "{}", case["id"]);
        run += 1;
    }
    assert_eq!(run, 14);
}

/// A case of `normalize_chunks`.
fn normalize(args: &Json) -> Vec<Vec<usize>> {
    let dtype = match args["dtype"].as_str().unwrap() {
        "float64" => DType::F64,
        "float32" => DType::F32,
        "int16" => DType::I16,
        "uint8" => DType::U8,
        other => panic!("{other}"),
    };
    assert!(args["previous"].is_null());
    let spec = wishes(&args["chunks"], args["limit"].as_u64());
    Chunks::new(&lengths(&args["shape"]), spec, dtype).unwrap().axes().to_vec()
}
