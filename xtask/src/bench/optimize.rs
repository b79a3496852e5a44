//! `cargo xtask bench optimize`: what does a pass cost?
//!
//! Each workload stands in a file of its own and is measured beside the plainest way to do the same.

mod layers;
mod matrix;
mod passes;
mod push_down;
mod recompute;
mod rewrite;

use super::meter::{self, Measured};
use super::options::Options;
use super::record::{Record, Records};
use anyhow::{Result, bail};

const AREA: &str = "optimize";

/// A workload: measures itself at one size.
type Workload = fn(&mut Bench<'_>, usize) -> Result<()>;

const WORKLOADS: [(&str, Workload); 5] = [
    ("layers", layers::measure),
    ("passes", passes::measure),
    ("rewrite", rewrite::measure),
    ("push-down", push_down::measure),
    ("recompute", recompute::measure),
];

/// Runs all workloads at all sizes, prints a table and writes the records.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(name) = options.only.iter().find(|name| WORKLOADS.iter().all(|(known, _)| name != known)) {
        bail!("unknown workload `{name}`; see --help");
    }
    let mut bench = Bench { options, records: Records::to(options.json.as_deref())? };
    println!("{:<12} {:>9}  {:<28} {:>10} {:>10}", "workload", "size", "system", "median", "min");
    for (name, measure) in WORKLOADS {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            for &size in &options.sizes {
                measure(&mut bench, size)?;
            }
        }
    }
    bench.records.finish()
}

struct Bench<'a> {
    options: &'a Options,
    records: Records,
}

impl Bench<'_> {
    /// Repeats `work`, which returns a checksum.
    fn measure(&self, work: impl FnMut() -> Result<u64>) -> Result<Measured> {
        meter::repeat(self.options, work)
    }

    /// Reports what `system` took for each of `size` parts of the work.
    fn report(
        &mut self,
        workload: &str,
        system: &str,
        size: usize,
        unit: &str,
        measured: &Measured,
    ) -> Result<()> {
        let record = Record { system, unit, ..Record::ns_each(AREA, workload, size, measured) };
        println!(
            "{workload:<12} {size:>9}  {system:<28} {:>10.1} {:>10.1}  {unit}",
            record.median, record.min
        );
        self.records.add(&record)
    }
}
