//! A process that prints records: one of our workloads, or a script of a peer.

use super::record::Record;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Runs a command and gives each record that it prints to `each`, as they come; other lines are shown.
///
/// The command is ended, with all processes that it has started, when it takes longer than `at_most`.
///
/// # Errors
///
/// - When the command does not start, does not end in time, or fails; then the last line of its standard error
///   is told.
/// - What `each` returns.
pub(super) fn records(
    command: &mut Command,
    at_most: Duration,
    mut each: impl FnMut(Record) -> Result<()>,
) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let done = follow(&mut child, Instant::now() + at_most, &mut each);
    // Also what the command has started and left behind.
    if let Ok(pid) = i32::try_from(child.id())
        && let Some(pid) = Pid::from_raw(pid)
    {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    child.wait()?;
    done
}

fn follow(child: &mut Child, until: Instant, each: &mut impl FnMut(Record) -> Result<()>) -> Result<()> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let errors = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stderr.map(|mut stderr| stderr.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        let lines = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines());
        lines.map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let late = || anyhow::anyhow!("did not end in time");
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => match serde_json::from_str(&line) {
                Ok(record) => each(record)?,
                Err(_) => println!("  {line}"),
            },
            Err(RecvTimeoutError::Timeout) => return Err(late()),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if Instant::now() >= until => return Err(late()),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    if status.success() {
        return Ok(());
    }
    if let Some(signal) = status.signal() {
        bail!("ended by signal {signal}");
    }
    let errors = errors.join().unwrap_or_default();
    bail!(
        "{}",
        errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("failed silently").trim()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, at_most: f64) -> (Result<()>, Vec<String>) {
        let mut names = Vec::new();
        let done =
            records(Command::new("sh").args(["-c", script]), Duration::from_secs_f64(at_most), |record| {
                names.push(record.workload);
                Ok(())
            });
        (done, names)
    }

    #[test]
    fn records_are_told_from_other_lines() {
        let (done, names) = run(r#"echo '{"workload": "a"}'; echo note; echo '{"workload": "b"}'"#, 60.0);
        done.unwrap();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_failure_is_told_by_its_last_words_and_keeps_what_came_before() {
        let (done, names) = run(r#"echo '{"workload": "a"}'; echo why >&2; echo >&2; exit 3"#, 60.0);
        assert_eq!(done.unwrap_err().to_string(), "why");
        assert_eq!(names, ["a"]);
    }

    #[test]
    fn what_does_not_end_is_ended_with_its_children() {
        let begin = Instant::now();
        let (done, _) = run("sleep 600 & sleep 600", 0.2);
        assert_eq!(done.unwrap_err().to_string(), "did not end in time");
        assert!(begin.elapsed() < Duration::from_secs(300));
    }
}
