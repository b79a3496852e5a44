//! The answers that pandas gave.

mod aggregate;
mod expr;
mod steps;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dask_frame::{DataFrame, Table};
use dask_graph::Scheduler;
use serde_json::Value as Json;

use super::computed::computed;
use steps::{Unsupported, run_case};
use tables::{Expected, read_table};

pub(crate) fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// How the tables of a case are cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// As the case says.
    Given,
    One,
    /// A row a partition.
    Rows,
    /// Partitions of 1, 2, 3, … rows.
    Uneven,
    /// As the case says, with an empty partition before, between and after.
    Empties,
}

impl Cut {
    /// All of them; the first two are a sample.
    pub(crate) const ALL: [Cut; 5] = [Cut::Given, Cut::Empties, Cut::One, Cut::Rows, Cut::Uneven];

    fn cut(self, table: &Table, rows: usize) -> Vec<Table> {
        let even = |n: usize| (0..table.n_rows()).step_by(n).map(|at| table.slice(at, n)).collect::<Vec<_>>();
        let none = table.slice(0, 0);
        let parts = match self {
            Cut::Given => even(rows),
            Cut::One => vec![table.clone()],
            Cut::Rows => even(1),
            Cut::Uneven => {
                let starts = (0..).scan(0, |at, n| {
                    let start = *at;
                    *at += n + 1;
                    Some((start, n + 1))
                });
                let starts = starts.take_while(|(start, _)| *start < table.n_rows());
                starts.map(|(start, n)| table.slice(start, n)).collect()
            }
            Cut::Empties => {
                let with = even(rows).into_iter().flat_map(|part| [none.clone(), part]);
                with.chain([none.clone()]).collect()
            }
        };
        if parts.is_empty() { vec![none] } else { parts }
    }
}

pub(crate) struct Golden {
    index: Json,
    tables: BTreeMap<String, Table>,
}

impl Golden {
    pub(crate) fn load() -> Self {
        let text = std::fs::read_to_string(dir().join("index.json")).expect("the index is there");
        let index: Json = serde_json::from_str(&text).expect("the index is JSON");
        let inputs = index["inputs"].as_object().expect("inputs by name");
        let tables = inputs.iter().filter(|(_, input)| input["csv"].is_string());
        let tables = tables.map(|(name, input)| (name.clone(), read_table(input))).collect();
        Self { index, tables }
    }

    /// Returns the cases by id.
    pub(crate) fn cases(&self) -> impl ExactSizeIterator<Item = (&str, &Json)> {
        let cases = self.index["cases"].as_array().expect("a list of cases").iter();
        cases.map(|case| (case["id"].as_str().expect("a case has an id"), case))
    }

    /// Returns an input of a case as a frame.
    fn frame(&self, input: &Json, cut: Cut) -> DataFrame {
        let table = &self.tables[input["table"].as_str().expect("a table by name")];
        let rows = input["rows_per_partition"].as_u64().expect("rows a partition") as usize;
        DataFrame::from_tables(cut.cut(table, rows)).expect("the parts of a table have its columns")
    }
}

/// Computes every case in these cuts on these schedulers, with the planner and without;
/// returns how many cases there are.
pub(crate) fn check(schedulers: &[(&str, Box<dyn Scheduler>)], cuts: &[Cut]) -> usize {
    let golden = Golden::load();
    let (mut ran, mut wrong) = (0, Vec::new());
    for (id, case) in golden.cases() {
        let expected = Expected::read(case);
        for &cut in cuts {
            let what = format!("{id}, {cut:?}");
            match run_case(&golden, case, cut) {
                Ok(frame) => {
                    if let Err(difference) = expected.compare(&computed(&frame, schedulers, &what)) {
                        wrong.push(format!("{what}: {difference}"));
                    }
                }
                Err(Unsupported(missing)) => {
                    wrong.push(format!("{id}: {missing}"));
                    break;
                }
            }
        }
        ran += 1;
    }
    assert!(wrong.is_empty(), "{} of {ran}:\n{}", wrong.len(), wrong.join("\n"));
    ran
}
