//! How long do joins with few, many and as many rows take?

use anyhow::Result;
use dask_frame::{How, Merge};

use super::answer;
use super::data::{Joined, ROWS};
use crate::bench::workload::Bench;

fn ask(bench: &mut Bench, name: &str, key: &'static str, how: How) -> Result<()> {
    let rows = bench.scaled(ROWS);
    let sides = Joined::new(rows)?;
    let joined = sides.left.merge(&sides.right(key)?, Merge::on([key]).how(how))?;
    answer::measure(bench, name, rows, &joined)
}

pub(super) fn q1(bench: &mut Bench) -> Result<()> {
    ask(bench, "join-q1", "id1", How::Inner)
}

pub(super) fn q2(bench: &mut Bench) -> Result<()> {
    ask(bench, "join-q2", "id2", How::Inner)
}

pub(super) fn q3(bench: &mut Bench) -> Result<()> {
    ask(bench, "join-q3", "id2", How::Left)
}

pub(super) fn q4(bench: &mut Bench) -> Result<()> {
    ask(bench, "join-q4", "id5", How::Inner)
}

pub(super) fn q5(bench: &mut Bench) -> Result<()> {
    ask(bench, "join-q5", "id3", How::Inner)
}
