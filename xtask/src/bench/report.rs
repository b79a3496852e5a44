//! `cargo xtask bench --report`: the page `docs/benchmarks.md` and its pictures, of nothing but what was measured.

mod budgets;
mod chart;
mod page;
mod verdict;

use super::record::{self, Record};
use super::{AREAS, machine};
use crate::workspace::root;
use anyhow::{Result, ensure};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Writes the page of the records in these files; where several have the same figure, the last file counts.
///
/// # Errors
///
/// - When a file cannot be read, or holds no figures; when the page cannot be written.
pub(super) fn run(files: &[PathBuf]) -> Result<()> {
    let mut records = Vec::new();
    for file in files {
        records.extend(record::read(file)?);
    }
    let records = newest(records);
    ensure!(records.iter().any(|record| record.median.is_some()), "there are no figures in these files");
    let docs = root()?.join("docs");
    let pictures = docs.join("benchmarks");
    std::fs::create_dir_all(&pictures)?;
    let mut drawn = Vec::new();
    for area in AREAS {
        if let Some(picture) = chart::of(area.name, &records)? {
            write(&pictures.join(format!("{}.svg", area.name)), &picture)?;
            drawn.push(area.name);
        }
    }
    let path = docs.join("benchmarks.md");
    write(&path, &page::of(&records, &drawn))?;
    println!("{} and {} pictures", path.display(), drawn.len());
    Ok(())
}

/// Writes a file such that it appears whole.
fn write(path: &Path, text: &str) -> Result<()> {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, text)?;
    Ok(std::fs::rename(&partial, path)?)
}

/// The records in their order, each name once: with its last figure. Facts about the machine are told once.
fn newest(records: Vec<Record>) -> Vec<Record> {
    let mut places = HashMap::new();
    let mut newest: Vec<Record> = Vec::new();
    for record in records {
        let system = if record.area == machine::AREA { "" } else { &record.system };
        let name =
            (record.area.clone(), record.workload.clone(), system.to_owned(), record.size, record.threads);
        let unit = record.unit.clone();
        match places.get(&(name.clone(), unit.clone())) {
            Some(&place) => newest[place] = record,
            None => {
                places.insert((name, unit), newest.len());
                newest.push(record);
            }
        }
    }
    newest
}

/// A number to three digits, without an exponent.
fn figure(number: f64) -> String {
    let digits = match number.abs() {
        0.0 => 0,
        size => (2 - size.log10().floor() as i32).clamp(0, 6) as usize,
    };
    format!("{number:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(area: &str, system: &str, median: f64) -> Record {
        Record { area: area.into(), system: system.into(), median: Some(median), ..Record::default() }
    }

    #[test]
    fn the_last_figure_of_a_name_counts() {
        let records = vec![
            record("machine", "yesterday", 0.0),
            record("io", "dask-frame", 1.0),
            record("io", "pandas", 2.0),
            record("machine", "today", 0.0),
            record("io", "dask-frame", 3.0),
        ];
        let expected =
            [record("machine", "today", 0.0), record("io", "dask-frame", 3.0), record("io", "pandas", 2.0)];
        assert_eq!(newest(records), expected);
    }

    #[test]
    fn numbers_have_three_digits() {
        let figures = [0.0, 0.001234, 0.5, 1.234, 99.96, 1234.5].map(figure);
        assert_eq!(figures, ["0", "0.00123", "0.500", "1.23", "100.0", "1234"]);
    }
}
