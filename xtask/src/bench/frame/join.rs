//! How long do joins with few, many and as many rows take?

use anyhow::Result;
use dask_frame::{How, Merge};

use super::answer;
use super::data::{Joined, ROWS};
use crate::bench::collection::{Bench, scaled};

fn ask(bench: &mut Bench<'_>, percent: usize, name: &str, key: &'static str, how: How) -> Result<()> {
    let rows = scaled(ROWS, percent);
    let sides = Joined::new(rows)?;
    let joined = sides.left.merge(&sides.right(key)?, Merge::on([key]).how(how))?;
    answer::measure(bench, name, rows, &joined)
}

pub(super) fn q1(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    ask(bench, percent, "join-q1", "id1", How::Inner)
}

pub(super) fn q2(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    ask(bench, percent, "join-q2", "id2", How::Inner)
}

pub(super) fn q3(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    ask(bench, percent, "join-q3", "id2", How::Left)
}

pub(super) fn q4(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    ask(bench, percent, "join-q4", "id5", How::Inner)
}

pub(super) fn q5(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    ask(bench, percent, "join-q5", "id3", How::Inner)
}
