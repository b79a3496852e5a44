//! What was measured of a budget, and whether it is met.

use super::budgets::{Budget, Threads, Wanted};
use crate::bench::record::{Record, Side};

/// A budget beside the figures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) wanted: String,
    pub(super) measured: String,
    /// How many times the budget was taken: it is met by 1 or less. Nothing where a figure is missing.
    pub(super) times: Option<f64>,
}

impl Verdict {
    pub(super) fn is_met(&self) -> Option<bool> {
        self.times.map(|times| times <= 1.0)
    }

    /// Judges a budget by these records.
    pub(super) fn of(budget: &Budget, records: &[Record]) -> Self {
        let ours = figures(budget, records);
        let last = ours.last().copied();
        let unit = last.and_then(|record| record.unit.as_deref()).unwrap_or("");
        match budget.wanted {
            Wanted::AtMost(most) => {
                let worst = ours.iter().filter_map(|record| record.median).reduce(f64::max);
                Self::at_most(format!("≤ {most} {unit}"), worst, most, |worst| format!("{worst:.1} {unit}"))
            }
            Wanted::Flat(most) => {
                let medians: Vec<f64> = ours.iter().filter_map(|record| record.median).collect();
                let smallest = medians.iter().copied().reduce(f64::min).filter(|_| medians.len() > 1);
                let ratio = last.and_then(|last| last.median).zip(smallest).map(|(last, least)| last / least);
                Self::at_most(format!("≤ {most} × the smallest"), ratio, most, |ratio| {
                    format!("{ratio:.2} × over {} sizes", medians.len())
                })
            }
            Wanted::OfOneThread(most) => {
                let one = last.and_then(|last| {
                    let is_one = |other: &&Record| other.system == last.system && other.threads == Some(1);
                    alike(records, last).find(is_one)
                });
                Self::ratio(format!("≤ {most} × one thread"), last, one, most)
            }
            Wanted::OfSystem(system, most) => {
                // At the largest size that both have.
                let both = ours.iter().rev().find_map(|&ours| {
                    let other = alike(records, ours).find(|other| other.system == system)?;
                    Some((ours, other))
                });
                let (ours, other) = both.unzip();
                Self::ratio(format!("≤ {most:.2} × {system}"), ours, other, most)
            }
            Wanted::OfFastestPeer(most) => {
                let fastest = last.and_then(|last| {
                    let peers = alike(records, last).filter(|other| other.side() == Side::Peer);
                    peers
                        .filter_map(|peer| Some((last.times(peer)?, peer)))
                        .max_by(|a, b| a.0.total_cmp(&b.0))
                });
                Self::ratio(format!("≤ {most} × the fastest peer"), last, fastest.map(|(_, peer)| peer), most)
            }
            Wanted::Memory(most) => {
                let peak = last.and_then(|record| record.peak_bytes).map(|peak| peak as f64);
                Self::at_most(format!("≤ {}", mebibytes(most as f64)), peak, most as f64, mebibytes)
            }
            Wanted::OfLimit(least) => {
                let share = last.and_then(|record| record.limit_share);
                Verdict {
                    wanted: format!("≥ {least} of the limit"),
                    measured: share.map_or_else(nothing, |share| format!("{share:.2} of the limit")),
                    times: share.map(|share| least / share),
                }
            }
        }
    }

    fn at_most(wanted: String, figure: Option<f64>, most: f64, tell: impl Fn(f64) -> String) -> Self {
        Verdict {
            wanted,
            measured: figure.map_or_else(nothing, tell),
            times: figure.map(|figure| figure / most),
        }
    }

    fn ratio(wanted: String, ours: Option<&Record>, other: Option<&Record>, most: f64) -> Self {
        let told = ours.zip(other).and_then(|(ours, other)| {
            let tell = |record: &Record| Some(super::figure(record.median?));
            let (times, unit) = (ours.times(other)?, ours.unit.as_deref()?);
            let (own, their) = (tell(ours)?, tell(other)?);
            let told = super::figure(times);
            Some((times, format!("{told} × {}: {own} and {their} {unit}", other.system)))
        });
        Verdict {
            wanted,
            times: told.as_ref().map(|(times, _)| times / most),
            measured: told.map_or_else(nothing, |(_, told)| told),
        }
    }
}

fn mebibytes(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / f64::from(1 << 20))
}

fn nothing() -> String {
    "not measured".into()
}

/// The records of the budget's system that were timed, by size.
fn figures<'a>(budget: &Budget, records: &'a [Record]) -> Vec<&'a Record> {
    let is_of = |record: &&Record| {
        (record.area.as_str(), record.workload.as_str(), record.system.as_str())
            == (budget.area, budget.workload, budget.system)
            && record.median.is_some()
    };
    let threads = records.iter().filter(is_of).filter_map(|record| record.threads);
    let threads = match budget.threads {
        Threads::One => Some(1),
        Threads::Most => threads.max(),
    };
    // What is no time has no threads.
    let mut found: Vec<_> = records
        .iter()
        .filter(is_of)
        .filter(|record| record.threads.is_none() || record.threads == threads)
        .collect();
    found.sort_by_key(|record| record.size);
    found
}

/// Records that answer the same question, in the same unit.
fn alike<'a>(records: &'a [Record], record: &'a Record) -> impl Iterator<Item = &'a Record> {
    let question = |of: &'a Record| (of.area.as_str(), of.workload.as_str(), of.size, of.unit.as_deref());
    records.iter().filter(move |other| question(other) == question(record) && other.median.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(system: &str, size: u64, threads: u64, median: f64) -> Record {
        Record {
            area: "frame".into(),
            workload: "sort".into(),
            system: system.into(),
            size: Some(size),
            threads: Some(threads),
            unit: Some("ms".into()),
            median: Some(median),
            ..Record::default()
        }
    }

    fn judged(wanted: Wanted, threads: Threads, records: &[Record]) -> (Option<bool>, String) {
        let budget = Budget {
            what: "",
            area: "frame",
            workload: "sort",
            system: "dask-frame",
            threads,
            wanted,
            why: "",
        };
        let verdict = Verdict::of(&budget, records);
        (verdict.is_met(), verdict.measured)
    }

    #[test]
    fn bounds_hold_at_every_size_and_ratios_at_the_largest() {
        let records = [record("dask-frame", 10, 2, 5.0), record("dask-frame", 1000, 2, 4.0)];
        let met = |wanted| judged(wanted, Threads::Most, &records).0;
        assert_eq!(met(Wanted::AtMost(4.5)), Some(false));
        assert_eq!(met(Wanted::AtMost(5.0)), Some(true));
        assert_eq!(met(Wanted::Flat(1.5)), Some(true));
        assert_eq!(judged(Wanted::Flat(1.5), Threads::Most, &records[..1]).0, None);
    }

    #[test]
    fn peers_count_by_the_fastest_that_was_timed() {
        let untimed = Record { median: None, ..record("duckdb", 10, 2, 0.1) };
        let records = [
            record("dask-frame", 10, 2, 4.0),
            record("pandas", 10, 2, 8.0),
            record("polars", 10, 2, 2.0),
            record("program by hand", 10, 2, 0.5),
            untimed,
        ];
        let (is_met, measured) = judged(Wanted::OfFastestPeer(1.0), Threads::Most, &records);
        assert_eq!(is_met, Some(false));
        assert!(measured.starts_with("2.00 × polars"), "{measured}");
        assert_eq!(judged(Wanted::OfFastestPeer(2.0), Threads::Most, &records).0, Some(true));
        assert_eq!(judged(Wanted::OfSystem("pandas", 0.5), Threads::Most, &records).0, Some(true));
        assert_eq!(judged(Wanted::OfSystem("numpy", 9.0), Threads::Most, &records), (None, nothing()));
        // Where they did not do all that we did, the largest that they did counts.
        let records = [&records[..], &[record("dask-frame", 100, 2, 90.0)]].concat();
        assert_eq!(judged(Wanted::OfSystem("pandas", 0.5), Threads::Most, &records).0, Some(true));
    }

    #[test]
    fn threads_and_limits_are_told_apart() {
        let limited = Record { limit_share: Some(0.7), ..record("dask-frame", 10, 2, 3.0) };
        let records = [record("dask-frame", 10, 1, 4.0), limited];
        assert_eq!(judged(Wanted::OfOneThread(1.0), Threads::Most, &records).0, Some(true));
        assert_eq!(judged(Wanted::AtMost(3.5), Threads::One, &records).0, Some(false));
        assert_eq!(judged(Wanted::OfLimit(0.8), Threads::Most, &records).0, Some(false));
        assert_eq!(judged(Wanted::OfLimit(0.7), Threads::Most, &records).0, Some(true));
    }

    #[test]
    fn memory_is_what_the_run_took_at_most() {
        let records = [Record { peak_bytes: Some(3 << 20), ..record("dask-frame", 10, 2, 3.0) }];
        let judge = |most| judged(Wanted::Memory(most), Threads::Most, &records);
        assert_eq!(judge(3 << 20), (Some(true), "3 MiB".into()));
        assert_eq!(judge((3 << 20) - 1).0, Some(false));
        assert_eq!(judged(Wanted::Memory(1), Threads::Most, &[record("dask-frame", 10, 2, 3.0)]).0, None);
    }
}
