//! The arguments of `cargo xtask bench`.

use super::limits::Limits;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// What the command is to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    /// Measure.
    Measure(Options),
    /// Write the page of these results.
    Report(Vec<PathBuf>),
    /// Show what became slower.
    Compare { before: PathBuf, after: PathBuf },
    /// Count instructions.
    Instructions { update: bool },
    /// Do work so often, for the count.
    Count { workload: String, times: usize },
    /// Measure one workload in this process, for the driver.
    Here { area: String, workload: String, settings: Settings },
}

/// What to measure and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Names of areas, or none for all.
    pub(super) areas: Vec<String>,
    /// Names of workloads, or none for all.
    pub(super) only: Vec<String>,
    /// Numbers of tasks, ascending.
    pub(super) sizes: Vec<usize>,
    /// Small sizes and few repeats: shows that it runs, not what it costs.
    pub(super) is_quick: bool,
    /// Ask Python's packages, too.
    pub(super) with_peers: bool,
    /// Where to write one object a line.
    pub(super) json: Option<PathBuf>,
}

/// What a workload is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    pub(super) is_quick: bool,
    pub(super) sizes: Vec<usize>,
    pub(super) limits: Limits,
}

const FULL_SIZES: [usize; 4] = [1_000, 10_000, 1_000_000, 10_000_000];
const QUICK_SIZES: [usize; 2] = [1_000, 10_000];

const HERE: &str = "--here";

impl Command {
    /// Reads the arguments.
    pub(super) fn parse(args: &[String]) -> Result<Self> {
        let words: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--dev").collect();
        match words[..] {
            [HERE, area, workload, is_quick, sizes, limits] => Ok(Command::Here {
                area: area.into(),
                workload: workload.into(),
                settings: Settings {
                    is_quick: is_quick.parse()?,
                    sizes: parse_sizes(sizes)?,
                    limits: serde_json::from_str(limits)?,
                },
            }),
            ["instructions"] => Ok(Command::Instructions { update: false }),
            ["instructions", "--update"] => Ok(Command::Instructions { update: true }),
            ["instructions", ..] => bail!("`instructions` takes nothing but `--update`"),
            ["--count", workload, times] => {
                Ok(Command::Count { workload: workload.into(), times: times.parse()? })
            }
            ["--report"] => bail!("`--report` wants files made with `--json`"),
            ["--report", ref files @ ..] => Ok(Command::Report(files.iter().map(PathBuf::from).collect())),
            ["--compare", before, after] => {
                Ok(Command::Compare { before: before.into(), after: after.into() })
            }
            ["--compare", ..] => bail!("`--compare` wants two files made with `--json`"),
            _ => Options::parse(args).map(Command::Measure),
        }
    }
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Options::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("`{arg}` wants a value; see --help"));
            match arg.as_str() {
                "--quick" => options.is_quick = true,
                "--peers" => options.with_peers = true,
                // Heeded before this build was made.
                "--dev" | "--system-allocator" => {}
                "--json" => options.json = Some(PathBuf::from(value()?)),
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--sizes" => options.sizes = parse_sizes(value()?)?,
                other if other.starts_with('-') => bail!("unknown argument `{other}`; see --help"),
                area => options.areas.push(area.to_owned()),
            }
        }
        if options.sizes.is_empty() {
            options.sizes = if options.is_quick { QUICK_SIZES.to_vec() } else { FULL_SIZES.to_vec() };
        }
        Ok(options)
    }

    /// Whether a workload of this name was asked for.
    pub(super) fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == workload)
    }
}

impl Settings {
    /// The sizes as they are given to `--sizes`.
    pub(super) fn sizes_as_text(&self) -> String {
        self.sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    /// The arguments with which this program measures one workload, as [`Command::parse`] reads them.
    pub(super) fn to_args(&self, area: &str, workload: &str) -> Result<[String; 6]> {
        let sizes = self.sizes_as_text();
        let limits = serde_json::to_string(&self.limits)?;
        Ok([HERE.into(), area.into(), workload.into(), self.is_quick.to_string(), sizes, limits])
    }
}

/// Reads `1000,1e6` into numbers, ascending.
fn parse_sizes(text: &str) -> Result<Vec<usize>> {
    let mut sizes = text.split(',').map(parse_size).collect::<Result<Vec<_>>>()?;
    sizes.sort_unstable();
    sizes.dedup();
    Ok(sizes)
}

fn parse_size(text: &str) -> Result<usize> {
    let wanted = || format!("`{text}` is no number of tasks between 1 and 1e9 (such as 1000 or 1e6)");
    let size: f64 = text.trim().parse().ok().with_context(wanted)?;
    if !(1.0..=1e9).contains(&size) || size.fract() != 0.0 {
        bail!(wanted());
    }
    Ok(size as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Command> {
        Command::parse(&text.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    fn options(text: &str) -> Options {
        match parse(text).unwrap() {
            Command::Measure(options) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn arguments_are_read() {
        let given = options("sched io --quick --json out.jsonl --sizes 1e4,500 --only tree,chain --dev");
        assert_eq!(given.areas, ["sched", "io"]);
        assert_eq!(given.sizes, [500, 10_000]);
        assert!(given.is_quick);
        assert!(given.wants("tree") && given.wants("chain") && !given.wants("random"));
        assert_eq!(given.json, Some("out.jsonl".into()));
        assert!(!given.with_peers && options("io --peers").with_peers);
        let none = options("");
        assert!(none.areas.is_empty() && none.wants("anything"));
        assert_eq!(none.sizes, FULL_SIZES);
        assert_eq!(options("sched --quick").sizes, QUICK_SIZES);
    }

    #[test]
    fn files_of_results_are_read() {
        assert_eq!(parse("--report a b").unwrap(), Command::Report(vec!["a".into(), "b".into()]));
        assert_eq!(parse("instructions --dev").unwrap(), Command::Instructions { update: false });
        let expected = Command::Compare { before: "a".into(), after: "b".into() };
        assert_eq!(parse("--compare a b --dev").unwrap(), expected);
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (text, part) in [
            ("sched --fast", "`--fast`"),
            ("--report", "wants files"),
            ("instructions --quick", "nothing but"),
            ("--compare a.jsonl", "wants two files"),
            ("sched --json", "wants a value"),
            ("sched --sizes 1e3,x", "`x`"),
            ("sched --sizes 0", "`0`"),
            ("sched --sizes 1.5", "`1.5`"),
            ("sched --sizes 1e30", "`1e30`"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_workload_is_told_its_settings() {
        let limits = serde_json::from_str(r#"{"memory": 1e9, "cached_file": 2.5e9, "disk_write": 1e8}"#);
        let settings = Settings { is_quick: true, sizes: vec![10, 20], limits: limits.unwrap() };
        let args = settings.to_args("frame", "sort").unwrap();
        let expected = Command::Here { area: "frame".into(), workload: "sort".into(), settings };
        assert_eq!(Command::parse(&args).unwrap(), expected);
    }
}
