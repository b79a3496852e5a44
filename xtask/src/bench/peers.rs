//! Python's packages on the same questions: the scripts of `xtask/peers`, in a virtual environment of their own.

use super::machine;
use super::options::Settings;
use super::record::Record;
use crate::workspace::{output, root};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The script that asks the questions of an area.
const SCRIPTS: [(&str, &str); 8] = [
    ("sched", "tasks.py"),
    ("optimize", "passes.py"),
    ("multiprocess", "processes.py"),
    ("array", "arrays.py"),
    ("bag", "bags.py"),
    ("frame", "frames.py"),
    ("io", "files.py"),
    ("memory", "bounded.py"),
];

/// The pinned packages.
const REQUIREMENTS: &str = include_str!("../../peers/requirements.txt");

/// The packages, ready to be asked.
pub(super) struct Peers {
    python: PathBuf,
    scripts: PathBuf,
    /// Files that several peers read, until the run ends.
    data: tempfile::TempDir,
    /// Area, workload and peer.
    doers: Vec<(&'static str, String, String)>,
}

impl Peers {
    /// Installs the packages into a directory for caches, unless they are there already.
    ///
    /// # Errors
    ///
    /// - When there is no Python, or the packages cannot be had.
    pub(super) fn prepare() -> Result<Self> {
        let scripts = root()?.join("xtask/peers");
        let environment = cache()?.join("dask-bench-peers");
        // Written last, so that what is there is whole.
        let installed = environment.join("installed.txt");
        let python = environment.join("bin/python");
        if !std::fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
            println!("installing the peers into {}, once", environment.display());
            output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
            let install =
                ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"];
            output(
                Command::new(&python)
                    .args(install)
                    .arg("--requirement")
                    .arg(scripts.join("requirements.txt")),
            )?;
            std::fs::write(&installed, REQUIREMENTS)?;
        }
        let mut doers = Vec::new();
        for (area, script) in SCRIPTS {
            let listed = output(Command::new(&python).arg(scripts.join(script)).arg("--list"))?;
            doers.extend(parse_list(&String::from_utf8(listed)?, area));
        }
        Ok(Peers { python, scripts, data: tempfile::tempdir()?, doers })
    }

    /// The versions of what is asked.
    pub(super) fn facts(&self) -> Vec<Record> {
        let packages = self.doers.iter().map(|(_, _, peer)| peer.as_str());
        let mut facts: Vec<_> = versions(REQUIREMENTS)
            .filter(|(package, _)| packages.clone().any(|peer| peer == *package))
            .map(|(package, version)| machine::fact(package, version))
            .collect();
        if let Ok(said) = output(Command::new(&self.python).arg("--version")) {
            let said = String::from_utf8_lossy(&said);
            facts.push(machine::fact("python", said.trim().trim_start_matches("Python ")));
        }
        facts
    }

    /// Those who do a workload.
    pub(super) fn of<'a>(&'a self, area: &'a str, workload: &'a str) -> impl Iterator<Item = &'a str> {
        let does = move |doer: &&(&str, String, String)| doer.0 == area && doer.1 == workload;
        self.doers.iter().filter(does).map(|(_, _, peer)| peer.as_str())
    }

    /// The command with which a peer does a workload.
    pub(super) fn command(
        &self,
        area: &str,
        workload: &str,
        peer: &str,
        settings: &Settings,
    ) -> Result<Command> {
        let Some((_, script)) = SCRIPTS.iter().find(|(of, _)| *of == area) else {
            bail!("no peer does `{area}`");
        };
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join(script)).args([workload, peer, "--sizes", &settings.sizes_as_text()]);
        command.arg("--data").arg(self.data.path());
        if settings.is_quick {
            command.arg("--quick");
        }
        // What is not there to be compiled is not left lying beside the scripts.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }
}

/// Whether a system is one of the packages, or Python itself.
pub(super) fn is_peer(system: &str) -> bool {
    system == "python" || versions(REQUIREMENTS).any(|(package, _)| package == system)
}

/// Where programs keep what they can make again.
fn cache() -> Result<PathBuf> {
    let of = |variable| std::env::var_os(variable).filter(|value| Path::new(value).is_absolute());
    let given = of("XDG_CACHE_HOME").map(PathBuf::from);
    let usual = || of("HOME").map(|home| Path::new(&home).join(".cache"));
    given.or_else(usual).context("neither XDG_CACHE_HOME nor HOME says where caches are")
}

/// Reads lines of a workload and a peer.
fn parse_list(text: &str, area: &'static str) -> Vec<(&'static str, String, String)> {
    let words = text.lines().filter_map(|line| line.split_once(' '));
    words.map(|(workload, peer)| (area, workload.to_owned(), peer.to_owned())).collect()
}

/// Reads the pinned packages of a list of requirements.
fn versions(requirements: &str) -> impl Iterator<Item = (&str, &str)> {
    requirements.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("=="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_area_has_a_script_that_is_there() {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        for area in super::super::AREAS {
            let script = SCRIPTS.iter().find(|(name, _)| *name == area.name);
            assert!(scripts.join(script.unwrap().1).is_file(), "{}", area.name);
        }
    }

    #[test]
    fn lists_are_read() {
        assert_eq!(
            versions("# a==0\nnumpy==2.4.6\n\ndask==1\n").collect::<Vec<_>>(),
            [("numpy", "2.4.6"), ("dask", "1")]
        );
        let doers = parse_list("csv pandas\ncsv polars\n", "io");
        assert_eq!(doers[1], ("io", "csv".into(), "polars".into()));
    }
}
