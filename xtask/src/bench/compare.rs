//! `cargo xtask bench --compare`: what became slower, or needs more memory, beyond the noise?

use super::record::{Record, Side, read};
use anyhow::{Result, bail};
use std::collections::HashMap;
use std::path::Path;

/// How much longer a median is that does not count as noise.
const SLOWER: f64 = 1.1;

/// How much larger a peak is that does not count as noise, as a ratio and in bytes.
const LARGER: (f64, u64) = (1.25, 16 << 20);

/// Compares the records of two runs; the figures of peers and of programs by hand only tell how noisy it was.
///
/// # Errors
///
/// - When a file cannot be read, the files have nothing in common, or something of ours became worse.
pub(super) fn run(before: &Path, after: &Path) -> Result<()> {
    let (before, after) = (read(before)?, read(after)?);
    let pairs = pairs(&before, &after);
    if pairs.is_empty() {
        bail!("the two files have no figure of ours in common");
    }
    let changes: Vec<_> = pairs.iter().filter_map(|(before, after)| Change::of(before, after)).collect();
    for change in &changes {
        println!("{change}");
    }
    println!("{} figures of ours compared; all other systems took {}", pairs.len(), others(&before, &after));
    match changes.iter().filter(|change| change.is_worse).count() {
        0 => Ok(()),
        worse => bail!("{worse} figures became worse"),
    }
}

/// A figure that differs by more than noise.
#[derive(Debug, PartialEq)]
struct Change {
    is_worse: bool,
    text: String,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}  {}", if self.is_worse { "WORSE " } else { "better" }, self.text)
    }
}

impl Change {
    fn of(before: &Record, after: &Record) -> Option<Self> {
        let Record { area, workload, system, unit, .. } = after;
        let size = after.size.map(|size| format!(" of {size}")).unwrap_or_default();
        let name = format!("{area}/{workload}{size}, {system}");
        if let Some(times) = after.times(before)
            && (times > SLOWER && is_apart(before, after) || times < 1.0 / SLOWER && is_apart(after, before))
        {
            let (was, is) = (before.median?, after.median?);
            let unit = unit.as_deref().unwrap_or_default();
            let text = format!("{name}: {was:.3} to {is:.3} {unit}, {times:.2} times as long");
            return Some(Change { is_worse: times > 1.0, text });
        }
        let (was, is) = (before.peak_bytes?, after.peak_bytes?);
        let is_larger = |is: u64, was: u64| is as f64 > was as f64 * LARGER.0 && is - was > LARGER.1;
        (is_larger(is, was) || is_larger(was, is)).then(|| {
            let text = format!("{name}: peak of {} to {} MB", was / 1_000_000, is / 1_000_000);
            Change { is_worse: is > was, text }
        })
    }
}

/// Whether every repeat of `slow` was slower than every one of `fast`.
fn is_apart(fast: &Record, slow: &Record) -> bool {
    let (fast, slow) = if fast.is_rate() { (slow, fast) } else { (fast, slow) };
    fast.max.zip(slow.min).is_some_and(|(max, min)| max < min)
}

/// Records of ours of the same name.
fn pairs<'a>(before: &'a [Record], after: &'a [Record]) -> Vec<(&'a Record, &'a Record)> {
    matched(before, after).filter(|(_, after)| after.side() == Side::Ours).collect()
}

fn matched<'a>(before: &'a [Record], after: &'a [Record]) -> impl Iterator<Item = (&'a Record, &'a Record)> {
    let before: HashMap<_, _> = before.iter().map(|record| (record.key(), record)).collect();
    after.iter().filter_map(move |record| Some((*before.get(&record.key())?, record)))
}

/// How much longer everybody else took on average, which should be as long.
fn others(before: &[Record], after: &[Record]) -> String {
    let others = matched(before, after).filter(|(_, after)| after.side() != Side::Ours);
    let logs: Vec<f64> = others.filter_map(|(before, after)| after.times(before)).map(f64::ln).collect();
    if logs.is_empty() {
        return "no part".into();
    }
    format!("{:.2} times as long", (logs.iter().sum::<f64>() / logs.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record([min, median, max]: [f64; 3], unit: &str) -> Record {
        Record {
            area: "frame".into(),
            workload: "sort".into(),
            system: "dask-frame".into(),
            unit: Some(unit.into()),
            min: Some(min),
            median: Some(median),
            max: Some(max),
            ..Record::default()
        }
    }

    /// Whether the change is for the worse, if it is one.
    fn worse(before: [f64; 3], after: [f64; 3], unit: &str) -> Option<bool> {
        Change::of(&record(before, unit), &record(after, unit)).map(|change| change.is_worse)
    }

    #[test]
    fn only_what_is_beyond_the_spread_counts() {
        let before = [9.0, 10.0, 12.0];
        assert_eq!(worse(before, [13.0, 14.0, 15.0], "ms"), Some(true));
        assert_eq!(worse(before, [11.0, 14.0, 15.0], "ms"), None, "the repeats overlap");
        assert_eq!(worse([9.9, 10.0, 10.1], [10.2, 10.4, 10.5], "ms"), None, "less than a tenth");
        assert_eq!(worse(before, [5.0, 6.0, 7.0], "ms"), Some(false));
        assert_eq!(worse(before, before, "ms"), None);
    }

    #[test]
    fn a_lower_rate_is_worse() {
        let before = [9.0, 10.0, 12.0];
        assert_eq!(worse(before, [5.0, 6.0, 7.0], "GB/s"), Some(true));
        assert_eq!(worse(before, [13.0, 14.0, 15.0], "GB/s"), Some(false));
        assert_eq!(worse(before, [5.0, 6.0, 9.5], "GB/s"), None);
    }

    #[test]
    fn peaks_count_where_times_do_not() {
        let with = |peak: u64| Record { peak_bytes: Some(peak << 20), ..record([1.0; 3], "ms") };
        let worse = |before, after| Change::of(&with(before), &with(after)).map(|change| change.is_worse);
        assert_eq!(worse(100, 200), Some(true));
        assert_eq!(worse(200, 100), Some(false));
        assert_eq!(worse(100, 110), None);
        assert_eq!(worse(10, 20), None, "a few megabytes are noise");
    }

    #[test]
    fn runs_are_compared_by_name_and_fail_when_ours_became_worse() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, records: &[Record]| {
            let path = directory.path().join(name);
            let lines: Vec<_> = records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
            std::fs::write(&path, lines.join("\n")).unwrap();
            path
        };
        let slow = record([20.0, 21.0, 22.0], "ms");
        let peer = |record: Record| Record { system: "polars".into(), ..record };
        let before = write("before", &[record([1.0, 2.0, 3.0], "ms"), peer(record([1.0; 3], "ms"))]);
        let same = write("same", &[record([1.0, 2.5, 3.0], "ms"), peer(slow.clone())]);
        let worse = write("worse", std::slice::from_ref(&slow));
        let other = write("other", &[Record { workload: "join".into(), ..slow }]);
        run(&before, &same).unwrap();
        assert!(run(&before, &worse).unwrap_err().to_string().contains("1 figures became worse"));
        assert!(run(&before, &other).unwrap_err().to_string().contains("in common"));
    }
}
