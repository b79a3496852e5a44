//! The form of all bench results: one object a line.

use super::meter::Measured;
use anyhow::{Context, Result};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// One figure.
pub(crate) struct Record<'a> {
    pub(crate) area: &'a str,
    pub(crate) workload: &'a str,
    pub(crate) system: &'a str,
    pub(crate) size: usize,
    pub(crate) threads: usize,
    pub(crate) unit: &'a str,
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) cpu_s: f64,
    pub(crate) peak_bytes: u64,
    pub(crate) checksum: u64,
}

impl<'a> Record<'a> {
    /// A record in nanoseconds for each of `size` parts of the work.
    pub(crate) fn ns_each(area: &'a str, workload: &'a str, size: usize, measured: &Measured) -> Self {
        let ns = 1e9 / size as f64;
        Record {
            area,
            workload,
            system: "",
            size,
            threads: 1,
            unit: "ns/task",
            median: measured.median() * ns,
            min: measured.min() * ns,
            max: measured.max() * ns,
            cpu_s: measured.cpu_s,
            peak_bytes: measured.peak_bytes,
            checksum: measured.checksum,
        }
    }
}

/// Writes records to a file, which appears under its name only when it is whole.
pub(crate) struct Records {
    file: Option<Writing>,
}

struct Writing {
    out: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
}

impl Records {
    /// Records for `path`, or for nobody.
    pub(crate) fn to(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Records { file: None }) };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).with_context(|| format!("cannot write {}", partial.display()))?;
        Ok(Records { file: Some(Writing { out: BufWriter::new(file), partial, path: path.to_owned() }) })
    }

    pub(crate) fn add(&mut self, record: &Record<'_>) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let line = json!({
            "area": record.area,
            "workload": record.workload,
            "system": record.system,
            "size": record.size,
            "threads": record.threads,
            "unit": record.unit,
            "median": record.median,
            "min": record.min,
            "max": record.max,
            "cpu_s": record.cpu_s,
            "peak_bytes": record.peak_bytes,
            "checksum": record.checksum,
        });
        writeln!(file.out, "{line}").with_context(|| format!("cannot write {}", file.partial.display()))
    }

    /// Gives the file its name.
    pub(crate) fn finish(self) -> Result<()> {
        let Some(Writing { out, partial, path }) = self.file else { return Ok(()) };
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&partial, &path).with_context(|| format!("cannot write {}", path.display()))
    }
}
