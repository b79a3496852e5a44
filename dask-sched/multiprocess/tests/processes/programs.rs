//! Programs that a test runs to see how they end: this same executable, told by the environment which one to be.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::{disk, faults, leftovers, output, starting};

const PROGRAM: &str = "DASK_TEST_PROGRAM";
const ARGUMENT: &str = "DASK_TEST_ARGUMENT";

/// Nothing that a test waits for takes so long unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Whether this is a worker of a program whose `main` does not call `init`.
pub(crate) fn is_unaware() -> bool {
    dask_sched_worker::is_worker() && std::env::var(PROGRAM).is_ok_and(|name| name == "unaware")
}

/// Runs the program that the environment names.
pub(crate) fn run_if_asked() -> bool {
    let Ok(name) = std::env::var(PROGRAM) else { return false };
    match name.as_str() {
        "unaware" => starting::program(),
        "leftovers" => leftovers::program(&argument()),
        "output" => output::program(),
        "faults" => faults::program(&argument()),
        "disk" => disk::program(&argument()),
        other => panic!("there is no program {other}"),
    }
    true
}

pub(crate) fn argument() -> String {
    std::env::var(ARGUMENT).unwrap_or_default()
}

fn command(name: &str, argument: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(PROGRAM, name).env(ARGUMENT, argument).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a program to its end, which must come before the deadline.
pub(crate) fn run(name: &str, argument: &str) -> Output {
    let child = command(name, argument).spawn().unwrap();
    let pid = child.id();
    let watch = std::thread::spawn(move || child.wait_with_output().unwrap());
    let is_done = eventually(|| watch.is_finished());
    if !is_done {
        let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
    }
    let output = watch.join().unwrap();
    assert!(is_done, "the program {name} {argument} hangs: {output:?}");
    output
}

/// Runs a program for which `/dev/shm` has only so much room; `None` where that needs rights that we have not.
pub(crate) fn run_with_little_shared_memory(name: &str, argument: &str, size: &str) -> Option<Output> {
    let mount = format!("mount -t tmpfs -o size={size} none /dev/shm");
    let may = Command::new("unshare").args(["-Urm", "sh", "-c", &mount]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = Command::new("unshare");
    command
        .args(["-Urm", "sh", "-c", &format!("{mount} && exec \"$0\"")])
        .arg(std::env::current_exe().unwrap());
    command.env(PROGRAM, name).env(ARGUMENT, argument).stdin(Stdio::null());
    Some(command.output().unwrap())
}

/// A program that runs until it is ended, in a process group of its own, as a shell starts it.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(name: &str, argument: &str) -> Self {
        let mut child = command(name, argument).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Waits for a line that contains this.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the program ended without `{text}`");
        }
    }

    pub(crate) fn signal(&self, signal: &str, to_group: bool) {
        let target = format!("{}{}", if to_group { "-" } else { "" }, self.child.id());
        let done = Command::new("kill").args([signal, "--", &target]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so; returns whether it was before the deadline.
pub(crate) fn eventually(mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > DEADLINE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// The processes that this one has started.
pub(crate) fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may contain anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // One that has ended and was not waited for yet is none.
    if fields.next()? == "Z" {
        return None;
    }
    fields.next()?.parse().ok()
}

pub(crate) fn is_alive(pid: u32) -> bool {
    parent_of(pid).is_some()
}

/// The directory that a worker shares with its master, found by the file that it has open there.
pub(crate) fn directory_of(worker: u32) -> Option<PathBuf> {
    let files = fs::read_dir(format!("/proc/{worker}/fd")).ok()?.flatten();
    let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    let is_ours = |path: &PathBuf| path.parent().is_some_and(is_shared);
    targets.find(is_ours)?.parent().map(Path::to_owned)
}

fn is_shared(directory: &Path) -> bool {
    directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with("dask-rs-"))
}
