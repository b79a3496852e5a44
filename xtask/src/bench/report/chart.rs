//! The picture of an area: a bar for each system on each workload, as long as its time beside ours.

use super::figure;
use crate::bench::record::{Record, Side};
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Longer bars are cut here, and labelled.
const LONGEST: f64 = 6.0;
const WIDTH: u32 = 900;
const ROW: u32 = 18;

struct Bar {
    label: String,
    figure: String,
    times: f64,
    side: Side,
}

/// The picture as SVG, or nothing where no workload of the area was done by another system, too.
pub(super) fn of(area: &str, records: &[Record]) -> Result<Option<String>> {
    let rows = rows(area, records);
    if rows.is_empty() {
        return Ok(None);
    }
    let mut picture = String::new();
    // Errors of the drawing library borrow what is drawn on.
    draw(&rows, area, &mut picture).map_err(|error| anyhow!("cannot draw {area}: {error}"))?;
    Ok(Some(picture))
}

/// The bars, with a gap after those of a workload.
fn rows(area: &str, records: &[Record]) -> Vec<Option<Bar>> {
    let timed: Vec<_> =
        records.iter().filter(|record| record.area == area && record.median.is_some()).collect();
    let mut rows = Vec::new();
    let mut workloads: Vec<&str> = Vec::new();
    for record in &timed {
        if workloads.contains(&record.workload.as_str()) {
            continue;
        }
        workloads.push(&record.workload);
        rows.extend(bars(&timed, &record.workload));
    }
    rows
}

/// The bars of a workload at the largest size at which ours and others were measured.
fn bars(timed: &[&Record], workload: &str) -> Vec<Option<Bar>> {
    let of_workload = || timed.iter().filter(|record| record.workload == workload);
    let mut sizes: Vec<_> = of_workload().map(|record| record.size).collect();
    sizes.sort_unstable();
    let Some(best) = sizes.into_iter().rev().find_map(|size| {
        let at_size = || of_workload().filter(move |record| record.size == size);
        at_size().find(|record| record.side() != Side::Ours)?;
        let faster = |a: &&&Record, b: &&&Record| a.times(b).unwrap_or(1.0).total_cmp(&1.0);
        at_size().filter(|record| record.side() == Side::Ours).min_by(faster)
    }) else {
        return Vec::new();
    };
    let comparable = of_workload().filter(|record| record.size == best.size && record.unit == best.unit);
    let bar = |record: &&Record| {
        let threads = record.threads.filter(|_| record.area == "sched");
        let threads = threads.map(|threads| format!(" ({threads})")).unwrap_or_default();
        let unit = record.unit.as_deref().unwrap_or_default();
        Some(Bar {
            label: format!("{workload}: {}{threads}", record.system),
            figure: format!("{} {unit}", figure(record.median?)),
            times: record.times(best)?,
            side: record.side(),
        })
    };
    let mut bars: Vec<_> = comparable.filter_map(bar).map(Some).collect();
    bars.push(None);
    bars
}

fn draw(rows: &[Option<Bar>], area: &str, picture: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let n_rows = rows.len() as f64;
    let root = SVGBackend::with_string(picture, (WIDTH, ROW * rows.len() as u32 + 80)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("{area}: time beside ours, shorter is better"), ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(280)
        .build_cartesian_2d(0.0..LONGEST * 1.2, 0.0..n_rows)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(1)
        .y_label_formatter(&|_| String::new())
        .x_label_formatter(&|times| format!("{times:.0} ×"))
        .light_line_style(WHITE)
        .draw()?;
    let style = ("sans-serif", 12).into_text_style(&root);
    let at = |horizontal| style.pos(Pos::new(horizontal, VPos::Center));
    let (before, behind) = (at(HPos::Right), at(HPos::Left));
    let (middle, gap) = (ROW as i32 / 2, 6);
    for (row, bar) in rows.iter().enumerate().filter_map(|(row, bar)| Some((row, bar.as_ref()?))) {
        // The first row is at the top.
        let y = n_rows - row as f64;
        let color = match bar.side {
            Side::Ours => RGBColor(31, 119, 180),
            Side::ByHand => RGBColor(150, 150, 150),
            Side::Peer | Side::Machine => RGBColor(255, 170, 90),
        };
        let end = bar.times.min(LONGEST);
        chart.draw_series([Rectangle::new([(0.0, y - 0.9), (end, y - 0.1)], color.filled())])?;
        let told = if bar.times > LONGEST {
            format!("{}, {:.0} ×", bar.figure, bar.times)
        } else {
            bar.figure.clone()
        };
        let place = |x| EmptyElement::at((x, y));
        chart.draw_series([place(0.0) + Text::new(bar.label.clone(), (-gap, middle), before.clone())])?;
        chart.draw_series([place(end) + Text::new(told, (gap, middle), behind.clone())])?;
    }
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(workload: &str, system: &str, size: u64, median: f64) -> Record {
        Record {
            area: "frame".into(),
            workload: workload.into(),
            system: system.into(),
            size: Some(size),
            unit: Some("ms".into()),
            median: Some(median),
            ..Record::default()
        }
    }

    #[test]
    fn bars_are_beside_ours_at_the_largest_common_size() {
        let records = [
            record("sort", "dask-frame", 10, 2.0),
            record("sort", "polars", 10, 1.0),
            record("sort", "dask-frame", 100, 20.0),
            record("join", "dask-frame", 10, 2.0),
        ];
        let rows = rows("frame", &records);
        let told: Vec<_> = rows.iter().flatten().map(|bar| (bar.label.as_str(), bar.times)).collect();
        assert_eq!(told, [("sort: dask-frame", 1.0), ("sort: polars", 0.5)]);
        assert!(rows.len() == 3 && rows[2].is_none());
    }

    #[test]
    fn a_picture_has_its_labels_and_long_bars_are_cut() {
        let records = [record("sort", "dask-frame", 10, 2.0), record("sort", "dask", 10, 100.0)];
        let picture = of("frame", &records).unwrap().unwrap();
        assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
        for text in ["sort: dask-frame", "2.00 ms", "sort: dask", "100 ms, 50 ×"] {
            assert!(picture.contains(text), "{text} is not in\n{picture}");
        }
        assert_eq!(of("io", &records).unwrap(), None);
    }
}
