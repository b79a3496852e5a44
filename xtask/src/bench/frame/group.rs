//! How long do groups take, few and many, of numbers and names?

use anyhow::Result;
use dask_frame::{Aggregate, DataFrame, col};

use super::answer;
use super::data::{PARTITIONS, ROWS, groups};
use crate::bench::workload::Bench;

/// Measures a question about these columns.
fn ask(
    bench: &mut Bench,
    name: &str,
    columns: &[&'static str],
    question: impl FnOnce(&DataFrame) -> Result<DataFrame>,
) -> Result<()> {
    let rows = bench.scaled(ROWS);
    let frame = DataFrame::from_table(&groups(rows, columns)?, PARTITIONS)?;
    answer::measure(bench, name, rows, &question(&frame)?)
}

fn grouped(frame: &DataFrame, keys: &[&str], aggregates: Vec<Aggregate>) -> Result<DataFrame> {
    Ok(frame.group_by(keys.iter().copied()).keep_nulls().unsorted().agg(aggregates)?)
}

pub(super) fn q1(bench: &mut Bench) -> Result<()> {
    ask(bench, "group-q1", &["id1", "v1"], |x| grouped(x, &["id1"], vec![col("v1").sum()]))
}

pub(super) fn q2(bench: &mut Bench) -> Result<()> {
    ask(bench, "group-q2", &["id1", "id2", "v1"], |x| grouped(x, &["id1", "id2"], vec![col("v1").sum()]))
}

pub(super) fn q3(bench: &mut Bench) -> Result<()> {
    ask(bench, "group-q3", &["id3", "v1", "v3"], |x| {
        grouped(x, &["id3"], vec![col("v1").sum(), col("v3").mean()])
    })
}

pub(super) fn q4(bench: &mut Bench) -> Result<()> {
    ask(bench, "group-q4", &["id4", "v1", "v2", "v3"], |x| {
        grouped(x, &["id4"], ["v1", "v2", "v3"].map(|v| col(v).mean()).into())
    })
}

pub(super) fn q5(bench: &mut Bench) -> Result<()> {
    ask(bench, "group-q5", &["id6", "v1", "v2", "v3"], |x| {
        grouped(x, &["id6"], ["v1", "v2", "v3"].map(|v| col(v).sum()).into())
    })
}

pub(super) fn q6(bench: &mut Bench) -> Result<()> {
    ask(bench, "group-q6", &["id4", "id5", "v3"], |x| {
        grouped(x, &["id4", "id5"], vec![col("v3").median(), col("v3").std()])
    })
}

pub(super) fn q7(bench: &mut Bench) -> Result<()> {
    ask(bench, "group-q7", &["id3", "v1", "v2"], |x| {
        let bounds = grouped(x, &["id3"], vec![col("v1").max().alias("hi"), col("v2").min().alias("lo")])?;
        Ok(bounds.select([col("id3"), (col("hi") - col("lo")).alias("range")])?)
    })
}

pub(super) fn q8(bench: &mut Bench) -> Result<()> {
    ask(bench, "group-q8", &["id6", "v3"], |x| {
        Ok(x.group_by(["id6"]).keep_nulls().unsorted().nlargest(2, "v3")?)
    })
}

pub(super) fn q9(bench: &mut Bench) -> Result<()> {
    ask(bench, "group-q9", &["id2", "id4", "v1", "v2"], |x| {
        let correlations = grouped(x, &["id2", "id4"], vec![col("v1").corr(col("v2")).alias("r")])?;
        Ok(correlations.select([col("id2"), col("id4"), (col("r") * col("r")).alias("r2")])?)
    })
}

pub(super) fn q10(bench: &mut Bench) -> Result<()> {
    let keys = ["id1", "id2", "id3", "id4", "id5", "id6"];
    ask(bench, "group-q10", &["id1", "id2", "id3", "id4", "id5", "id6", "v1", "v3"], |x| {
        grouped(x, &keys, vec![col("v3").sum(), col("v1").count()])
    })
}
