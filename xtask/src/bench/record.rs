//! The form of all results, ours and the peers': one object a line.

use super::{limits, machine, peers};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What one system took for the answer to one question; null where a field makes no sense.
///
/// Records of one `area`, `workload` and `size` answer the same question, so that their checksums agree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub(super) area: String,
    pub(super) workload: String,
    pub(super) system: String,
    pub(super) size: Option<u64>,
    pub(super) threads: Option<u64>,
    pub(super) unit: Option<String>,
    pub(super) median: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    /// Processor seconds of all threads together.
    pub(super) cpu_s: Option<f64>,
    /// The most memory that the process held meanwhile.
    pub(super) peak_bytes: Option<u64>,
    pub(super) checksum: Option<Checksum>,
    /// The time that the machine needs at least, over the time that was taken: 1 cannot be beaten.
    pub(super) limit_share: Option<f64>,
}

/// Whom a system belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// This workspace.
    Ours,
    /// What one would write by hand, or with a library of Rust.
    ByHand,
    /// A package of Python.
    Peer,
    /// Facts and limits of the machine.
    Machine,
}

impl Record {
    /// What is asked, and who answers how: records of two runs are matched by it.
    pub(super) fn key(&self) -> (&str, &str, &str, Option<u64>, Option<u64>, Option<&str>) {
        (&self.area, &self.workload, &self.system, self.size, self.threads, self.unit.as_deref())
    }

    pub(super) fn side(&self) -> Side {
        let ours = ["sync", "threaded", "multiprocess"];
        if [machine::AREA, limits::AREA].contains(&self.area.as_str()) {
            Side::Machine
        } else if self.system.starts_with("dask-") || ours.contains(&self.system.as_str()) {
            Side::Ours
        } else if peers::is_peer(&self.system) {
            Side::Peer
        } else {
            Side::ByHand
        }
    }

    /// How many times as long as `other` this took: more than one is slower, for rates too.
    pub(super) fn times(&self, other: &Record) -> Option<f64> {
        let (own, other) = (self.median?, other.median?);
        let ratio = if self.is_rate() { other / own } else { own / other };
        ratio.is_finite().then_some(ratio)
    }

    /// Whether more is better: in rates, not in times.
    pub(super) fn is_rate(&self) -> bool {
        self.unit.as_deref().is_some_and(|unit| unit.ends_with("/s"))
    }
}

/// A number that depends on the whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Checksum {
    /// The same to the last digit.
    Exact(u64),
    /// The same but for the order in which floats were added up.
    Near(f64),
}

impl Checksum {
    /// Whether two systems gave the same answer.
    pub(super) fn agrees(self, other: Self) -> bool {
        const TOLERANCE: f64 = 1e-9;
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) => a == b,
            (a, b) => {
                let (a, b) = (a.as_f64(), b.as_f64());
                (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
            }
        }
    }

    fn as_f64(self) -> f64 {
        match self {
            Self::Exact(number) => number as f64,
            Self::Near(number) => number,
        }
    }
}

impl std::fmt::Display for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(number) => write!(f, "{number}"),
            Self::Near(number) => write!(f, "{number}"),
        }
    }
}

impl From<u64> for Checksum {
    fn from(number: u64) -> Self {
        Self::Exact(number)
    }
}

impl From<f64> for Checksum {
    fn from(number: f64) -> Self {
        Self::Near(number)
    }
}

/// Reads the records of a file.
///
/// # Errors
///
/// - When the file cannot be read, or a line is no record.
pub(super) fn read(path: &Path) -> Result<Vec<Record>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let record = |(at, line)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}: no record", path.display(), at + 1))
    };
    text.lines().enumerate().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_keep_their_fields_and_write_null_for_none() {
        let record = Record {
            area: "frame".into(),
            median: Some(1.5),
            checksum: Some(Checksum::Exact(u64::MAX)),
            ..Record::default()
        };
        let line = serde_json::to_string(&record).unwrap();
        assert!(line.contains(r#""limit_share":null"#) && line.contains("18446744073709551615"), "{line}");
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
        let sparse: Record = serde_json::from_str(r#"{"area": "io", "checksum": 2.0}"#).unwrap();
        assert_eq!((sparse.median, sparse.checksum), (None, Some(Checksum::Near(2.0))));
    }

    #[test]
    fn integers_agree_exactly_and_floats_nearly() {
        let [big, bigger] = [Checksum::Exact(1 << 60), Checksum::Exact((1 << 60) + 1)];
        assert!(big.agrees(big) && !big.agrees(bigger));
        assert!(Checksum::Near(1.0).agrees(Checksum::Near(1.0 + 1e-10)));
        assert!(!Checksum::Near(1.0).agrees(Checksum::Near(1.0 + 1e-8)));
        assert!(Checksum::Exact(3).agrees(Checksum::Near(3.0)));
        assert!(Checksum::Near(0.0).agrees(Checksum::Exact(0)));
        assert!(!Checksum::Near(f64::NAN).agrees(Checksum::Near(f64::NAN)));
    }

    #[test]
    fn systems_have_sides_and_rates_turn_around() {
        let of = |area: &str, system: &str| {
            Record { area: area.into(), system: system.into(), ..Record::default() }.side()
        };
        assert_eq!(of("frame", "dask-frame"), Side::Ours);
        assert_eq!(of("sched", "threaded"), Side::Ours);
        assert_eq!(of("frame", "dask"), Side::Peer);
        assert_eq!(of("frame", "polars"), Side::Peer);
        assert_eq!(of("sched", "rayon scope"), Side::ByHand);
        assert_eq!(of("machine", "2.4.6"), Side::Machine);

        let took = |median, unit: &str| Record {
            median: Some(median),
            unit: Some(unit.into()),
            ..Record::default()
        };
        assert_eq!(took(3.0, "ms").times(&took(1.5, "ms")), Some(2.0));
        assert_eq!(took(3.0, "GB/s").times(&took(1.5, "GB/s")), Some(0.5));
        assert_eq!(took(3.0, "ms").times(&Record::default()), None);
    }

    #[test]
    fn rates_are_told_by_their_unit() {
        let of = |unit: &str| Record { unit: Some(unit.into()), ..Record::default() };
        assert!(of("GB/s").is_rate() && !of("ns/task").is_rate() && !of("ms").is_rate());
    }
}
