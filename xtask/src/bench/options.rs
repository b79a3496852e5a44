//! The arguments of `cargo xtask bench`.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    Sched,
    Optimize,
    Multiprocess,
    Array,
    Bag,
    Frame,
}

/// What to measure and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) area: Area,
    /// Numbers of tasks, ascending.
    pub(crate) sizes: Vec<usize>,
    /// Few repeats: shows that it runs, not what it costs.
    pub(crate) is_quick: bool,
    /// Measure in the dev build.
    pub(crate) is_dev: bool,
    /// Names of the workloads, or none for all.
    pub(crate) only: Vec<String>,
    /// Where to write one object a line.
    pub(crate) json: Option<PathBuf>,
}

const FULL_SIZES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const QUICK_SIZES: [usize; 2] = [1_000, 10_000];

impl Options {
    /// Reads the arguments, of which the first is the area.
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let (area, rest) = args.split_first().context("the area is missing")?;
        let area = match area.as_str() {
            "sched" => Area::Sched,
            "optimize" => Area::Optimize,
            "multiprocess" => Area::Multiprocess,
            "array" => Area::Array,
            "bag" => Area::Bag,
            "frame" => Area::Frame,
            other => {
                bail!(
                    "unknown area `{other}`; there are `sched`, `optimize`, `multiprocess`, `array`, `bag` and `frame`"
                )
            }
        };
        let (mut sizes, mut is_quick, mut is_dev, mut json, mut only) =
            (None, false, false, None, Vec::new());
        let mut rest = rest.iter();
        while let Some(arg) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("`{arg}` wants a value; see --help"));
            match arg.as_str() {
                "--quick" => is_quick = true,
                "--dev" => is_dev = true,
                "--json" => json = Some(PathBuf::from(value()?)),
                "--only" => only = value()?.split(',').map(str::to_owned).collect(),
                "--sizes" => sizes = Some(parse_sizes(value()?)?),
                other => bail!("unknown argument `{other}`; see --help"),
            }
        }
        let default: &[usize] = if is_quick { &QUICK_SIZES } else { &FULL_SIZES };
        Ok(Options { area, sizes: sizes.unwrap_or_else(|| default.to_vec()), is_quick, is_dev, only, json })
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

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&text.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_are_read() {
        let options = parse("sched --quick --json out.jsonl --sizes 1e4,500 --only tree,chain").unwrap();
        assert_eq!(options.sizes, [500, 10_000]);
        assert!(options.is_quick && !options.is_dev);
        assert_eq!(options.only, ["tree", "chain"]);
        assert_eq!(options.json, Some("out.jsonl".into()));
        assert_eq!(options.area, Area::Sched);
        assert_eq!(parse("optimize").unwrap().area, Area::Optimize);
        assert_eq!(parse("sched").unwrap().sizes, FULL_SIZES);
        assert_eq!(parse("sched --quick").unwrap().sizes, QUICK_SIZES);
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (text, part) in [
            ("shced", "`shced`"),
            ("sched --fast", "`--fast`"),
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
}
