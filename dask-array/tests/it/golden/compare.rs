//! Comparing a result with the expected file.

use std::path::Path;

use dask_array::c128;
use dask_sched_sync::Sync;
use serde_json::Value as Json;

use super::dynamic::{Dynamic, Result_};
use super::{lengths, text};

pub(super) struct Expected {
    shape: Vec<usize>,
    exact: bool,
    rtol: f64,
    atol: f64,
    texts: Vec<String>,
    numbers: Vec<c128>,
}

impl Expected {
    /// One of the outputs of a case.
    ///
    /// Where dask merges what it finds in chunks, the answer is numpy's, which is exact: as ours is.
    pub(super) fn new(folder: &Path, case: &Json, expected: &Json) -> Self {
        let expected = if case["numpy"].is_object() { &case["numpy"] } else { expected };
        let shape = lengths(&expected["shape"]);
        let path = folder.join(text(&expected["file"]));
        let whole = shape.iter().map(|&n| vec![n]).collect();
        let array = Dynamic::from_npy(&path, text(&expected["dtype"]), whole).compute(&Sync::new());
        let exact = match text(&case["check"]) {
            "exact" => true,
            "close" => false,
            other => panic!("no check {other}"),
        };
        let of = |name: &str| case[name].as_f64().unwrap_or(0.0);
        Self {
            shape,
            exact,
            rtol: of("rtol"),
            atol: of("atol"),
            texts: array.texts(),
            numbers: array.numbers(),
        }
    }

    #[track_caller]
    pub(super) fn check(&self, got: &Result_, what: &str) {
        assert_eq!(got.shape(), self.shape, "{what}");
        if self.exact {
            assert_eq!(got.texts(), self.texts, "{what}");
            return;
        }
        for (i, (&got, &want)) in got.numbers().iter().zip(&self.numbers).enumerate() {
            let same = |got: f64, want: f64| got == want || (got.is_nan() && want.is_nan());
            let same = same(got.re, want.re) && same(got.im, want.im);
            let close = (got - want).norm() <= self.atol + self.rtol * want.norm();
            assert!(same || close, "{what}: element {i} is {got}, expected {want}");
        }
    }
}
