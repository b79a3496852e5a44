//! The main job on real input: three collections, one scheduler, one memory limit.
//!
//! (a) frame: mean and worst arrival delay by airline over a year of flights, joined to the airlines' names;
//! (b) bag: the busiest routes, from the raw lines of the same files;
//! (c) array: a matrix on disk standardised by columns into a second file, and row means of the result.
//!
//! Started by `cargo xtask demo`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that shows what it does")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use dask_array::Array;
use dask_array::ndarray::NewAxis;
use dask_bag::read_text;
use dask_examples::{PeakMemory, ProgressLine, Scratch, bytes};
use dask_frame::{Merge, Sort, col, read_csv, size};
use dask_graph::{Collection, Installed, RunOptions, compute_with};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

const HELP: &str = "\
demo [--size small|full|ROWS] [--memory-limit BYTES]

  --size          rows of the matrix of part (c), with 1000 columns of float64: small = 5 000 (40 MB),
                  full = 250 000 (2 GB, the default), or a number
  --memory-limit  bytes of results that may be alive: 512 MB unless given
";

const COLUMNS: isize = 1000;
/// Rows of a block: 16 MB with 1000 columns.
const BLOCK_ROWS: isize = 2000;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let Some(settings) = Settings::parse(std::env::args().skip(1))? else {
        print!("{HELP}");
        return Ok(());
    };
    dask_sched::init()?;
    let installed = dask_graph::installed().context("init installs a scheduler")?;
    let demo = Demo {
        // Two matrices.
        scratch: Scratch::new(2 * settings.nbytes() + (64 << 20))?,
        settings,
        installed,
    };
    demo.part("(a) delays by airline: frame", Demo::delays)?;
    demo.part("(b) busiest routes: bag", Demo::routes)?;
    demo.part("(c) standardised matrix: array", Demo::standardise)
}

struct Settings {
    rows: usize,
    memory_limit: u64,
}

impl Settings {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut settings = Self { rows: 250_000, memory_limit: 512_000_000 };
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} needs a value\n\n{HELP}"));
            match arg.as_str() {
                "--size" => {
                    settings.rows =
                        match value()?.as_str() {
                            "small" => 5_000,
                            "full" => 250_000,
                            rows => rows.parse().ok().filter(|&n| (1..=1 << 32).contains(&n)).with_context(
                                || format!("--size {rows}: expected small, full, or a number of rows"),
                            )?,
                        }
                }
                "--memory-limit" => {
                    let text = value()?;
                    settings.memory_limit =
                        text.parse().with_context(|| format!("--memory-limit {text}: expected bytes"))?;
                }
                "--help" | "-h" => return Ok(None),
                other => bail!("unknown argument `{other}`\n\n{HELP}"),
            }
        }
        Ok(Some(settings))
    }

    fn nbytes(&self) -> u64 {
        self.rows as u64 * COLUMNS as u64 * 8
    }
}

struct Demo {
    settings: Settings,
    scratch: Scratch,
    installed: Installed,
}

impl Demo {
    /// Runs a part, and shows and checks its time and memory.
    fn part(&self, title: &str, run: fn(&Self) -> Result<()>) -> Result<()> {
        println!("\n{title}");
        let (started, memory) = (Instant::now(), PeakMemory::start());
        run(self)?;
        let time = started.elapsed();
        let Some((before, peak)) = memory.peak() else {
            println!("  {:.2} s; this system does not tell the peak memory", time.as_secs_f64());
            return Ok(());
        };
        println!("  {:.2} s, peak memory {} ({} before)", time.as_secs_f64(), bytes(peak), bytes(before));
        // What a run may take: its limit, and beyond that what is in the hands of each worker, for which
        // there is always room (a producer runs when nothing else can): an input block, an output block, and
        // the buffers of reading and writing them.
        let workers = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let in_hand = workers * 4 * 8 * (BLOCK_ROWS * COLUMNS) as u64;
        let allowed = before + self.settings.memory_limit + in_hand;
        ensure!(peak <= allowed, "the peak is above {}, the limit and what workers hold", bytes(allowed));
        Ok(())
    }

    fn options(&self, label: &'static str) -> RunOptions {
        RunOptions::new()
            .memory_limit(self.settings.memory_limit)
            .cancel(self.scratch.cancel().clone())
            .observer(Arc::new(ProgressLine::new(label)))
    }

    fn compute<C: Collection>(&self, label: &'static str, collection: &C) -> Result<C::Output> {
        Ok(collection.compute_opts(&self.installed.scheduler, &self.options(label))?)
    }

    fn delays(&self) -> Result<()> {
        let flights = read_csv(format!("{DATA}/flights-2013-*.csv.gz")).open()?;
        let airlines = read_csv(format!("{DATA}/airlines.csv.gz")).open()?;
        let delays = flights
            .filter(col("arr_delay").is_not_null())?
            .merge(&airlines, Merge::on(["carrier"]).left())?
            .group_by(["name"])
            .agg([
                col("arr_delay").mean().alias("mean_delay"),
                col("arr_delay").max().alias("worst_delay"),
                size().alias("flights"),
            ])?
            .sort_values(Sort::by("mean_delay").descending())?;
        println!("{}", self.compute("delays", &delays)?);
        Ok(())
    }

    fn routes(&self) -> Result<()> {
        let lines = read_text(&format!("{DATA}/flights-2013-*.csv.gz"))?;
        let routes = lines.remove(|line| line.starts_with("year,")).try_map(|line| {
            let mut fields = line.split(',').skip(12);
            let (origin, dest) = fields.next().zip(fields.next()).context("a flight has 19 fields")?;
            anyhow::Ok(format!("{origin}-{dest}"))
        });
        let busiest = routes.frequencies().topk_by_key(5, |(_, flights)| *flights);
        println!("  route    flights");
        for (route, flights) in self.compute("routes", &busiest)? {
            println!("  {route:<8} {flights:>7}");
        }
        Ok(())
    }

    fn standardise(&self) -> Result<()> {
        let (from, to) = (self.scratch.path().join("matrix.npy"), self.scratch.path().join("standard.npy"));
        let mut clock = Instant::now();
        let mut lap = || std::mem::replace(&mut clock, Instant::now()).elapsed().as_secs_f64();
        self.make_matrix(&from)?;
        let made = lap();

        // Every block is needed for the columns' means and deviations, and once more after these are known: under
        // the memory limit it is read twice rather than held.
        let x = Array::<f64>::from_npy(&from, [BLOCK_ROWS, COLUMNS])?;
        let standard = (&x - &x.mean(0)?) / &x.std(0, 0.0)?;
        self.compute("standard", &standard.store_npy(&to))?;
        let standardised = lap();

        let z = Array::<f64>::from_npy(&to, [BLOCK_ROWS, COLUMNS])?;
        let rows = z.mean(1)?;
        let parts = (rows.slice((..3,))?, (rows.min(0)?, rows.max(0)?, z.abs().max([0, 1])?));
        let (first, (least, most, farthest)) =
            compute_with(parts, &self.installed.scheduler, &self.options("row means"))?;
        let row_means = lap();
        let size = bytes(self.settings.nbytes());
        println!("  {} x {COLUMNS} float64, {size} read, {size} written", self.settings.rows);
        println!("  row means, the first   {first:.6}");
        println!("  least and largest      {least:.6} {most:.6}");
        println!("  farthest from its mean {farthest:.3} deviations");
        println!(
            "  seconds: matrix made {made:.2}, standardised {standardised:.2}, row means {row_means:.2}"
        );
        Ok(())
    }

    /// Writes a matrix whose numbers look random and are the same everywhere.
    fn make_matrix(&self, path: &Path) -> Result<()> {
        let rows = self.settings.rows;
        let i = Array::arange(0.0, rows as f64, 1.0, BLOCK_ROWS)?.slice((.., NewAxis))?;
        let j = Array::arange(0.0, COLUMNS as f64, 1.0, COLUMNS)?.slice((NewAxis, ..))?;
        // Fractional parts of multiples of irrational numbers, spread and shifted by column.
        let mixed = (i * 0.754_877_666_246_692_8) + (&j * 0.569_840_290_998_053_2);
        let matrix = (&mixed - &mixed.floor()) * (&j + 1.0) + j;
        self.compute("matrix  ", &matrix.store_npy(path))
    }
}
