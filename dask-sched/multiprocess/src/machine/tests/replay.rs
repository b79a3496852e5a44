//! Replays: lists of events, and the instructions that each has to give.
//!
//! Each file in `tests/replays` is one scenario:
//!
//! ```text
//! # What it shows.
//! graph a=data b=task(a) c=alias(b) *d=home(c) *e=producer:100(b)
//! limits retries=2 memory=1000
//! > joined 0
//! > start
//! < home a
//! > home-done a nbytes=8
//! < send b.0 to 0 in memory
//! > done b.0 on 0 nbytes=8 nanos=5000000
//! ```
//!
//! A star marks what is wanted; `producer:100` says that it makes 100 bytes, `producer` says nothing. Attempt 0
//! of `b` is `b.0`. Unless an event says otherwise, a result has `nbytes=0 nanos=5000000` and is not on `disk`.

use super::graph::{Made, What, plan};
use crate::machine::{Attempt, Event, Instruction, Limits, Machine, Outcome, Place, Worker};
use dask_graph::{Key, NodeId, Plan};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

#[test]
fn replays_give_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replays");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "most of the replays are missing in {}", folder.display());
    let replays = files.iter().map(|file| (file, fs::read_to_string(file).unwrap()));
    let wrong: Vec<String> = replays
        .filter_map(|(file, text)| replay(&text).err().map(|why| format!("{}:{why}", file.display())))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_replay_that_fails_says_where_and_what() {
    let text = "graph *a=task\n> start\n> joined 0\n< send a.1 to 0 in memory\n";
    let why = replay(text).unwrap_err();
    assert_eq!(
        why,
        "3: after `joined 0`\nexpected\n  < send a.1 to 0 in memory\ngot\n  < send a.0 to 0 in memory\n"
    );
    assert!(replay("graph *a=task\n> joined x\n").unwrap_err().starts_with("2: "));
}

/// Runs a scenario; the error says in which line it went wrong and how.
fn replay(text: &str) -> Result<(), String> {
    let lines: Vec<(usize, &str)> = (1..).zip(text.lines().map(str::trim)).collect();
    let line_of = |word: &str| lines.iter().find_map(|(_, line)| line.strip_prefix(word));
    let plan = read_graph(line_of("graph").ok_or("1: no graph")?);
    let limits = read_limits(line_of("limits").unwrap_or_default());
    let mut machine = Machine::new(&plan, limits);
    let mut is_started = false;
    for (at, &(number, line)) in lines.iter().enumerate() {
        let Some(event) = line.strip_prefix("> ") else { continue };
        let mut got = Vec::new();
        if event == "start" {
            is_started = true;
            machine.start(&mut got);
        } else {
            machine.on(read_event(&plan, event).ok_or(format!("{number}: no event"))?, &mut got);
        }
        let got: Vec<String> = got.iter().map(|instruction| write(&plan, instruction)).collect();
        let after = lines[at + 1..].iter().map(|(_, line)| *line);
        let expected: Vec<&str> =
            after.take_while(|line| !line.starts_with('>')).filter_map(|l| l.strip_prefix("< ")).collect();
        if got != expected {
            return Err(difference(number, event, &expected, &got));
        }
        if is_started {
            machine.check_invariants().map_err(|why| format!("{number}: {why}"))?;
        }
    }
    Ok(())
}

fn difference(number: usize, event: &str, expected: &[&str], got: &[String]) -> String {
    let mut text = format!("{number}: after `{event}`\nexpected\n");
    expected.iter().for_each(|line| writeln!(text, "  < {line}").unwrap());
    text += "got\n";
    got.iter().for_each(|line| writeln!(text, "  < {line}").unwrap());
    text
}

fn read_graph(line: &str) -> Plan {
    let nodes: Vec<Made> = line.split_whitespace().map(read_node).collect();
    plan(&nodes)
}

/// Reads `*d=home(b,c)`.
fn read_node(text: &str) -> Made {
    let (key, what) = text.split_once('=').unwrap_or_else(|| panic!("no `=` in `{text}`"));
    let (what, inputs) = what.trim_end_matches(')').split_once('(').unwrap_or((what, ""));
    let (what, nbytes) = what.split_once(':').unwrap_or((what, "0"));
    Made {
        key: Key::named(key.trim_start_matches('*')),
        what: match what {
            "data" => What::Data,
            "alias" => What::Alias,
            "task" => What::Task,
            "home" => What::Home,
            "producer" => What::Producer(nbytes.parse().unwrap()),
            other => panic!("`{other}` is no kind of node"),
        },
        inputs: inputs.split(',').filter(|input| !input.is_empty()).map(Key::named).collect(),
        is_wanted: key.starts_with('*'),
    }
}

fn read_limits(line: &str) -> Limits {
    let retries = value(line, "retries=").map(|retries| retries as u32);
    let limits = Limits::default();
    Limits { retries: retries.unwrap_or(limits.retries), memory: value(line, "memory=") }
}

/// The number behind a word like `nbytes=`.
fn value(line: &str, name: &str) -> Option<u64> {
    line.split_whitespace().find_map(|word| word.strip_prefix(name)?.parse().ok())
}

fn read_event(plan: &Plan, line: &str) -> Option<Event> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let worker = |word: &str| word.parse().ok().map(Worker);
    // Reads `b.0 on 1`.
    let answer = || {
        let (key, attempt) = words.get(1)?.split_once('.')?;
        Some((worker(words.get(3)?)?, read_key(plan, key)?, Attempt(attempt.parse().ok()?)))
    };
    let node = || read_key(plan, words.get(1)?);
    let nbytes = value(line, "nbytes=").unwrap_or(0);
    Some(match words[0] {
        "joined" => Event::Joined { worker: worker(words.get(1)?)? },
        "died" => Event::Died {
            worker: worker(words.get(1)?)?,
            running: words.get(3).and_then(|key| read_key(plan, key)),
        },
        "done" => {
            let (worker, node, attempt) = answer()?;
            let in_memory = !words.contains(&"disk");
            let nanos = value(line, "nanos=").unwrap_or(5_000_000);
            Event::Done { worker, node, attempt, nbytes, in_memory, nanos }
        }
        "failed" => answer().map(|(worker, node, attempt)| Event::Failed { worker, node, attempt })?,
        "skipped" => answer().map(|(worker, node, attempt)| Event::Skipped { worker, node, attempt })?,
        "home-done" => Event::HomeDone { node: node()?, nbytes },
        "home-failed" => Event::HomeFailed { node: node()? },
        "stop" => Event::Stop,
        _ => return None,
    })
}

/// The node of a key; one that is not in the plan for `unknown`.
fn read_key(plan: &Plan, key: &str) -> Option<NodeId> {
    let unknown = (key == "unknown").then_some(NodeId(u32::MAX));
    plan.nodes().find(|&node| *plan.key(node) == Key::named(key)).or(unknown)
}

fn write(plan: &Plan, instruction: &Instruction) -> String {
    let key = |node: NodeId| plan.key(node).to_string();
    match *instruction {
        Instruction::Send { worker, node, attempt, place } => {
            let place = match place {
                Place::Memory => "in memory",
                Place::Disk => "on disk",
            };
            format!("send {}.{} to {} {place}", key(node), attempt.0, worker.0)
        }
        Instruction::RunHome { node } => format!("home {}", key(node)),
        Instruction::Release { node } => format!("release {}", key(node)),
        Instruction::Discard { worker, node, attempt } => {
            format!("discard {}.{} of {}", key(node), attempt.0, worker.0)
        }
        Instruction::Replace { worker } => format!("replace {}", worker.0),
        Instruction::Recall { worker } => format!("recall {}", worker.0),
        Instruction::Finish(outcome) => match outcome {
            Outcome::Completed => "finish completed".to_owned(),
            Outcome::Failed { node } => format!("finish failed {}", key(node)),
            Outcome::Lost { node, worker } => format!("finish lost {} with {}", key(node), worker.0),
            Outcome::Stopped => "finish stopped".to_owned(),
            Outcome::NoWorkers => "finish no-workers".to_owned(),
        },
    }
}
