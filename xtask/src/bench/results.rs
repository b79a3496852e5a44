//! Records as they come: compared with each other, shown as a table, and written to a file.

use super::machine;
use super::record::{Checksum, Record};
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// All records of a run.
pub(super) struct Results {
    file: Option<Writing>,
    questions: HashMap<(String, String, Option<u64>), Question>,
    /// What went wrong on our side.
    failures: Vec<String>,
}

/// A file that appears under its name only when it is whole.
struct Writing {
    out: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
}

/// What is known about a question from the first that answered it.
#[derive(Default)]
struct Question {
    answer: Option<(String, Checksum)>,
    /// The unit, and the figure that the machine allows at best.
    best: Option<(String, f64)>,
}

impl Results {
    /// Results for the file at `path`, or for nobody.
    pub(super) fn to(path: Option<&Path>) -> Result<Self> {
        let file = path.map(Writing::to).transpose()?;
        Ok(Results { file, questions: HashMap::new(), failures: Vec::new() })
    }

    /// Adds a record of our side, on which all systems have to give the same answer.
    pub(super) fn add(&mut self, record: Record) -> Result<()> {
        if let Some(difference) = self.compare(&record) {
            self.fail(difference);
        }
        self.keep(&record)
    }

    /// Adds a record of a peer, whose time does not count when it gives another answer.
    pub(super) fn add_of_peer(&mut self, mut record: Record) -> Result<()> {
        if let Some(difference) = self.compare(&record) {
            println!("  not timed: {difference}");
            record = Record { median: None, min: None, max: None, cpu_s: None, peak_bytes: None, ..record };
        }
        self.keep(&record)
    }

    /// Notes that something of ours went wrong.
    pub(super) fn fail(&mut self, why: String) {
        println!("  FAILED: {why}");
        self.failures.push(why);
    }

    /// Gives the file its name, and returns what went wrong.
    pub(super) fn finish(self) -> Result<Vec<String>> {
        if let Some(Writing { out, partial, path }) = self.file {
            out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            std::fs::rename(&partial, &path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(self.failures)
    }

    /// Returns how the answer differs from the first, if it does; takes it for the first if there is none.
    fn compare(&mut self, record: &Record) -> Option<String> {
        let checksum = record.checksum?;
        let question = self.questions.entry(question(record)).or_default();
        let (system, expected) = question.answer.get_or_insert_with(|| (record.system.clone(), checksum));
        (!checksum.agrees(*expected)).then(|| {
            let Record { area, workload, system: other, .. } = record;
            format!("{area}/{workload}: {other} answers {checksum}, and {system} {expected}")
        })
    }

    /// Shows a record, with its share of the limit, and writes it.
    fn keep(&mut self, record: &Record) -> Result<()> {
        let record = Record { limit_share: self.share(record), ..record.clone() };
        println!("{}", row(&record));
        let Some(Writing { out, partial, .. }) = &mut self.file else { return Ok(()) };
        let line = serde_json::to_string(&record)?;
        // At once, so that a run that is broken off has not been for nothing.
        writeln!(out, "{line}")
            .and_then(|()| out.flush())
            .with_context(|| format!("cannot write {}", partial.display()))
    }

    /// The share of the limit: the record's own, or in proportion to another's on the same question.
    fn share(&mut self, record: &Record) -> Option<f64> {
        let (unit, median) = (record.unit.clone()?, record.median?);
        let question = self.questions.entry(question(record)).or_default();
        if let Some(share) = record.limit_share {
            let best = if record.is_rate() { median / share } else { median * share };
            question.best.get_or_insert((unit, best));
            return Some(share);
        }
        let (of_unit, best) = question.best.as_ref()?;
        let share = if record.is_rate() { median / best } else { best / median };
        (*of_unit == unit).then_some(share)
    }
}

impl Writing {
    fn to(path: &Path) -> Result<Self> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).with_context(|| format!("cannot write {}", partial.display()))?;
        Ok(Writing { out: BufWriter::new(file), partial, path: path.to_owned() })
    }
}

fn question(record: &Record) -> (String, String, Option<u64>) {
    (record.area.clone(), record.workload.clone(), record.size)
}

/// What stands above the rows of a table.
pub(super) fn heading() -> String {
    format!(
        "{:<30} {:>11}  {:<24} {:>7} {:>11} {:>11} {:>9} {:>8} {:>5}  unit",
        "workload", "size", "system", "threads", "median", "min", "cpu s", "peak MB", "limit"
    )
}

fn row(record: &Record) -> String {
    if record.area == machine::AREA {
        return format!("{}: {}", record.workload, record.system);
    }
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    format!(
        "{:<30} {:>11}  {:<24} {:>7} {:>11} {:>11} {:>9} {:>8} {:>5}  {}",
        record.workload,
        or_dash(record.size.map(|size| size.to_string())),
        record.system,
        or_dash(record.threads.map(|threads| threads.to_string())),
        or_dash(record.median.map(|median| format!("{median:.2}"))),
        or_dash(record.min.map(|min| format!("{min:.2}"))),
        or_dash(record.cpu_s.map(|cpu| format!("{cpu:.4}"))),
        or_dash(record.peak_bytes.map(|peak| (peak / 1_000_000).to_string())),
        or_dash(record.limit_share.map(|share| format!("{share:.2}"))),
        record.unit.as_deref().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::super::record::read;
    use super::*;

    fn record(system: &str, median: f64, checksum: u64) -> Record {
        Record {
            area: "frame".into(),
            workload: "sort".into(),
            system: system.into(),
            size: Some(10),
            unit: Some("ms".into()),
            median: Some(median),
            checksum: Some(checksum.into()),
            ..Record::default()
        }
    }

    #[test]
    fn a_peer_that_answers_otherwise_is_not_timed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("results.jsonl");
        let mut results = Results::to(Some(&path)).unwrap();
        results.add(record("ours", 1.0, 7)).unwrap();
        results.add_of_peer(record("right", 2.0, 7)).unwrap();
        results.add_of_peer(record("wrong", 3.0, 8)).unwrap();
        assert!(!path.exists(), "a file that is not whole must not have its name");
        assert_eq!(results.finish().unwrap(), [""; 0]);
        let medians: Vec<_> = read(&path).unwrap().into_iter().map(|record| record.median).collect();
        assert_eq!(medians, [Some(1.0), Some(2.0), None]);
    }

    #[test]
    fn ours_that_differ_are_a_failure() {
        let mut results = Results::to(None).unwrap();
        results.add(record("first", 1.0, 7)).unwrap();
        results.add(record("second", 1.0, 8)).unwrap();
        let failures = results.finish().unwrap();
        assert!(failures.len() == 1 && failures[0].contains("second answers 8, and first 7"), "{failures:?}");
    }

    #[test]
    fn the_limit_of_a_question_holds_for_peers_too() {
        let mut results = Results::to(None).unwrap();
        let limited = Record { limit_share: Some(0.5), ..record("ours", 4.0, 7) };
        assert_eq!(results.share(&limited), Some(0.5));
        assert_eq!(results.share(&record("peer", 8.0, 7)), Some(0.25));
        let other_unit = Record { unit: Some("GB/s".into()), ..record("peer", 8.0, 7) };
        assert_eq!(results.share(&other_unit), None);
        let other_question = Record { size: Some(11), ..record("peer", 8.0, 7) };
        assert_eq!(results.share(&other_question), None);
    }
}
