//! The page: the machine, the budgets, and every figure.

use super::budgets::{self, Budget};
use super::figure;
use super::verdict::Verdict;
use crate::bench::record::{Record, Side};
use crate::bench::{AREAS, limits, machine};
use std::fmt::Write;

const HEAD: &str = "\
# Benchmarks

Made by `cargo xtask bench --report` of what `cargo xtask bench all --peers --json FILE` measured: no number here was
written by hand. Each workload of each system ran in a process of its own, the systems of a workload one after the other,
and all answers of a workload agree (sums of floats to 1e-9). What each workload asks is said in `xtask/src/bench`.
Times are medians, with the least and the greatest of the repeats. `limit` is the time that the machine needs at least for
the bytes that have to move, over the time that was taken. Machines are noisy: read the ratios.
";

const OTHERWISE: &str = "answers otherwise, or did not end";

/// The text of the page, with the pictures of these areas.
pub(super) fn of(records: &[Record], drawn: &[&str]) -> String {
    let mut page = HEAD.to_owned();
    facts(&mut page, records);
    limits_of_the_machine(&mut page, records);
    table_of_budgets(&mut page, records);
    for area in AREAS {
        figures(&mut page, area.name, records, drawn.contains(&area.name));
    }
    page
}

fn table(page: &mut String, title: &str, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    if !title.is_empty() {
        line(page, &format!("\n## {title}\n"));
    } else {
        line(page, "");
    }
    line(page, &format!("| {} |", columns.join(" | ")));
    line(page, &format!("|{}", "---|".repeat(columns.len())));
    for row in rows {
        line(page, &format!("| {} |", row.join(" | ")));
    }
}

fn line(page: &mut String, text: &str) {
    let _ = writeln!(page, "{text}");
}

fn facts(page: &mut String, records: &[Record]) {
    let facts = records.iter().filter(|record| record.area == machine::AREA);
    let rows = facts.map(|fact| vec![fact.workload.clone(), fact.system.clone()]);
    table(page, "Where, when and with what", &["what", "which"], rows);
}

fn limits_of_the_machine(page: &mut String, records: &[Record]) {
    let rows = records.iter().filter(|record| record.area == limits::AREA);
    let rows = rows.map(|record| vec![record.workload.clone(), told(record), spread(record)]);
    table(page, "What the machine can do at most", &["what", "median", "least to greatest"], rows);
}

/// So many of the missed budgets are listed before all others.
const LARGEST: usize = 5;

fn table_of_budgets(page: &mut String, records: &[Record]) {
    let verdicts: Vec<_> = budgets::budgets().map(|budget| (budget, Verdict::of(&budget, records))).collect();
    let mut missed: Vec<_> = verdicts.iter().filter(|(_, verdict)| verdict.is_met() == Some(false)).collect();
    missed.sort_by(|(_, a), (_, b)| b.times.unwrap_or(0.0).total_cmp(&a.times.unwrap_or(0.0)));
    let gaps = missed.into_iter().take(LARGEST).map(|(budget, verdict)| {
        let times = figure(verdict.times.unwrap_or(0.0));
        let texts =
            [budget.area, &what_of(budget), &verdict.wanted, &verdict.measured, &times, why_of(budget)];
        texts.map(str::to_owned).to_vec()
    });
    let columns = ["area", "what", "budget", "measured", "times the budget", "why"];
    table(page, "The largest gaps", &columns, gaps);
    let rows = verdicts.iter().map(|(budget, verdict)| {
        let (is_met, why) = match verdict.is_met() {
            None => ("?", ""),
            Some(true) => ("yes", ""),
            Some(false) => ("**no**", why_of(budget)),
        };
        let texts = [budget.area, &what_of(budget), &verdict.wanted, &verdict.measured, is_met, why];
        texts.map(str::to_owned).to_vec()
    });
    table(page, "Budgets", &["area", "what", "budget", "measured", "met", "why"], rows);
}

fn what_of(budget: &Budget) -> String {
    if budget.what == budget.workload {
        return budget.what.to_owned();
    }
    format!("{} (`{}`)", budget.what, budget.workload)
}

fn why_of(budget: &Budget) -> &'static str {
    if budget.why.is_empty() { "not known yet" } else { budget.why }
}

fn figures(page: &mut String, area: &str, records: &[Record], is_drawn: bool) {
    let of_area: Vec<_> = records.iter().filter(|record| record.area == area).collect();
    if of_area.is_empty() {
        return;
    }
    line(page, &format!("\n## {area}"));
    if is_drawn {
        line(page, &format!("\n![times of {area}, relative to ours](benchmarks/{area}.svg)"));
    }
    let columns =
        ["workload", "size", "system", "threads", "median", "least to greatest", "CPU s", "peak MB", "limit"];
    let rows = of_area.into_iter().map(|record| {
        let or_empty = |text: Option<String>| text.unwrap_or_default();
        let system = match record.side() {
            Side::Ours => format!("**{}**", record.system),
            _ => record.system.clone(),
        };
        vec![
            record.workload.clone(),
            or_empty(record.size.map(|size| size.to_string())),
            system,
            or_empty(record.threads.map(|threads| threads.to_string())),
            told(record),
            spread(record),
            or_empty(record.cpu_s.map(figure)),
            or_empty(record.peak_bytes.map(|peak| (peak / 1_000_000).to_string())),
            or_empty(record.limit_share.map(figure)),
        ]
    });
    table(page, "", &columns, rows);
}

fn told(record: &Record) -> String {
    match (record.median, &record.unit) {
        (Some(median), Some(unit)) => format!("{} {unit}", figure(median)),
        _ => OTHERWISE.into(),
    }
}

fn spread(record: &Record) -> String {
    let (Some(min), Some(max)) = (record.min, record.max) else { return String::new() };
    format!("{} to {}", figure(min), figure(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_what_was_measured_and_what_was_not() {
        let record = |system: &str, median| Record {
            area: "frame".into(),
            workload: "sort".into(),
            system: system.into(),
            size: Some(10_000_000),
            threads: Some(2),
            unit: Some("ms".into()),
            median,
            min: median,
            max: median,
            ..Record::default()
        };
        let records = [
            machine::fact("cores", "2"),
            record("dask-frame", Some(3.0)),
            record("polars", Some(1.0)),
            record("pandas", None),
        ];
        let page = of(&records, &["frame"]);
        let has = |text: &str| assert!(page.contains(text), "{text} is not in\n{page}");
        has("| cores | 2 |");
        has(
            "| frame | sort | ≤ 1 × the fastest peer | 3.00 × polars: 3.00 and 1.00 ms | **no** | not known yet",
        );
        has("\n## The largest gaps\n");
        has(
            "| frame | sort | ≤ 1 × the fastest peer | 3.00 × polars: 3.00 and 1.00 ms | 3.00 | not known yet |",
        );
        has("| frame | join-q1 | ≤ 1 × the fastest peer | not measured | ? |  |");
        has("| sort | 10000000 | **dask-frame** | 2 | 3.00 ms | 3.00 to 3.00 |");
        has("| sort | 10000000 | pandas | 2 | answers otherwise");
        has("![times of frame, relative to ours](benchmarks/frame.svg)");
        assert!(!page.contains("## io"), "an area without figures has no heading");
    }
}
