//! A world around a machine: processes that receive, run, answer, and die, in an order that is drawn.

use super::oracle::Oracle;
use crate::machine::{Attempt, Event, Instruction, Limits, Machine, Outcome, Place, Worker};
use dask_graph::{NodeId, Plan};
use std::collections::VecDeque;

/// SplitMix64: draws that are the same everywhere.
pub(super) struct Draws(pub(super) u64);

impl Draws {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(super) fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// True so many times in a thousand.
    fn in_thousand(&mut self, times: u64) -> bool {
        times > 0 && self.below(1000) < times
    }
}

/// What a world is like; rates are times in a thousand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Climate {
    pub(super) limits: Limits,
    pub(super) workers: u32,
    /// After so many steps nothing goes wrong any more.
    pub(super) troubled: u32,
    pub(super) deaths: u64,
    /// Of the deaths, how many are told with what was running.
    pub(super) known_deaths: u64,
    pub(super) failures: u64,
    pub(super) stops: u64,
    pub(super) echoes: u64,
    pub(super) nonsense: u64,
    /// The largest result.
    pub(super) largest: u64,
    /// The longest duration of a task.
    pub(super) longest: u64,
}

impl Climate {
    pub(super) fn draw(draws: &mut Draws, workers: u32, troubled: u32) -> Self {
        let memory = draws.one_of(&[None, None, Some(0), Some(100_000), Some(500_000)]);
        Climate {
            limits: Limits { retries: draws.below(4) as u32, memory },
            workers,
            troubled,
            deaths: draws.one_of(&[0, 20, 100, 400]),
            known_deaths: draws.one_of(&[0, 500, 900]),
            failures: draws.one_of(&[0, 0, 0, 30]),
            stops: draws.one_of(&[0, 0, 0, 10]),
            echoes: draws.one_of(&[0, 100, 500]),
            nonsense: draws.one_of(&[0, 0, 50]),
            largest: draws.one_of(&[1, 1_000, 200_000]),
            longest: draws.one_of(&[1, 100_000, 10_000_000]),
        }
    }
}

/// A process as it is, whatever the machine knows of it.
#[derive(Default)]
struct Process {
    life: Life,
    /// What it has been told and has not read.
    inbox: VecDeque<Letter>,
    queue: VecDeque<(NodeId, Attempt, Place)>,
    /// Whether it has begun the first of its queue.
    is_running: bool,
    /// What it has answered and nobody has read.
    outbox: VecDeque<Event>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Life {
    #[default]
    Starting,
    Alive,
    Dead,
    /// And the machine knows.
    Buried,
}

enum Letter {
    Run(NodeId, Attempt, Place),
    Recall,
}

/// Something that can happen next.
#[derive(Clone, Copy)]
enum Move {
    Join(usize),
    Read(usize),
    Begin(usize),
    End(usize),
    Deliver(usize),
    Bury(usize),
    Home,
}

pub(super) struct World<'p> {
    climate: Climate,
    draws: Draws,
    machine: Machine<'p>,
    oracle: Oracle<'p>,
    /// By the number of the worker.
    processes: Vec<Process>,
    /// Nodes that the driver is to run and has not run.
    home: Vec<NodeId>,
    /// Answers that will come once more.
    echoes: Vec<Event>,
    moves: Vec<Move>,
    out: Vec<Instruction>,
    /// All that was told and answered.
    pub(super) history: Vec<(Option<Event>, Vec<Instruction>)>,
    keeps_history: bool,
}

impl<'p> World<'p> {
    pub(super) fn new(plan: &'p Plan, climate: Climate, draws: Draws, keeps_history: bool) -> Self {
        let is_light = climate.largest < 5_000;
        World {
            climate,
            draws,
            machine: Machine::new(plan, climate.limits),
            oracle: Oracle::new(plan, climate.limits, is_light),
            processes: (0..climate.workers).map(|_| Process::default()).collect(),
            home: Vec::new(),
            echoes: Vec::new(),
            moves: Vec::new(),
            out: Vec::new(),
            history: Vec::new(),
            keeps_history,
        }
    }

    /// Runs to the end.
    ///
    /// # Errors
    ///
    /// - The first thing that the machine does wrong.
    pub(super) fn run(&mut self) -> Result<Outcome, String> {
        self.machine.start(&mut self.out);
        self.oracle.start(&self.out)?;
        self.carry_out(None)?;
        for step in 0.. {
            let is_troubled = step < self.climate.troubled;
            if let Some(outcome) = self.oracle.outcome() {
                if !is_troubled {
                    return Ok(outcome);
                }
            } else {
                ensure!(step < 100_000, "the run takes for ever");
            }
            if is_troubled {
                self.trouble()?;
            }
            if !self.step(is_troubled)? && self.oracle.outcome().is_none() {
                return Err("nothing can happen any more, and the run has not finished".to_owned());
            }
        }
        unreachable!("steps are counted without end")
    }

    /// Lets something happen; returns false if nothing can.
    fn step(&mut self, is_troubled: bool) -> Result<bool, String> {
        self.find_moves();
        if self.moves.is_empty() {
            return Ok(false);
        }
        match self.draws.one_of(&self.moves) {
            Move::Join(at) => {
                self.processes[at].life = Life::Alive;
                self.tell(Event::Joined { worker: Worker(at as u32) })?;
            }
            Move::Read(at) => self.read(at),
            Move::Begin(at) => self.processes[at].is_running = true,
            Move::End(at) => self.end(at, is_troubled),
            Move::Deliver(at) => {
                if let Some(answer) = self.processes[at].outbox.pop_front() {
                    if is_troubled && self.draws.in_thousand(self.climate.echoes) {
                        self.echoes.push(answer);
                    }
                    self.tell(answer)?;
                }
            }
            Move::Bury(at) => {
                self.processes[at].life = Life::Buried;
                let running = self.suspect(at);
                self.tell(Event::Died { worker: Worker(at as u32), running })?;
            }
            Move::Home => self.run_home(is_troubled)?,
        }
        Ok(true)
    }

    fn find_moves(&mut self) {
        self.moves.clear();
        for (at, process) in self.processes.iter().enumerate() {
            let is_alive = process.life == Life::Alive;
            let can = [
                (Move::Join(at), process.life == Life::Starting),
                (Move::Read(at), is_alive && !process.inbox.is_empty()),
                (Move::Begin(at), is_alive && !process.is_running && !process.queue.is_empty()),
                (Move::End(at), is_alive && process.is_running),
                (Move::Bury(at), process.life == Life::Dead),
                (Move::Deliver(at), !process.outbox.is_empty()),
            ];
            self.moves.extend(can.into_iter().filter_map(|(what, can)| can.then_some(what)));
        }
        if !self.home.is_empty() {
            self.moves.push(Move::Home);
        }
    }

    /// Lets a process read one letter.
    fn read(&mut self, at: usize) {
        let process = &mut self.processes[at];
        match process.inbox.pop_front() {
            Some(Letter::Run(node, attempt, place)) => process.queue.push_back((node, attempt, place)),
            Some(Letter::Recall) => {
                let worker = Worker(at as u32);
                let skipped = process.queue.drain(usize::from(process.is_running)..);
                let skipped = skipped.map(|(node, attempt, _)| Event::Skipped { worker, node, attempt });
                process.outbox.extend(skipped);
            }
            None => {}
        }
    }

    /// Lets a process end what it runs.
    fn end(&mut self, at: usize, is_troubled: bool) {
        let worker = Worker(at as u32);
        let process = &mut self.processes[at];
        process.is_running = false;
        let Some((node, attempt, place)) = process.queue.pop_front() else { return };
        let answer = if is_troubled && self.draws.in_thousand(self.climate.failures) {
            Event::Failed { worker, node, attempt }
        } else {
            let nbytes = self.draws.below(self.climate.largest);
            // A worker may have to put elsewhere what it makes.
            let in_memory = (place == Place::Memory) != self.draws.in_thousand(50);
            let nanos = self.draws.below(self.climate.longest);
            Event::Done { worker, node, attempt, nbytes, in_memory, nanos }
        };
        process.outbox.push_back(answer);
    }

    /// What a process seems to have been running when it died; what is said of it may be wrong.
    fn suspect(&mut self, at: usize) -> Option<NodeId> {
        if self.draws.in_thousand(self.climate.nonsense) {
            return Some(NodeId(self.draws.below(30) as u32));
        }
        let process = &self.processes[at];
        let running = process.queue.front().filter(|_| process.is_running).map(|(node, ..)| *node);
        running.filter(|_| self.draws.in_thousand(self.climate.known_deaths))
    }

    fn run_home(&mut self, is_troubled: bool) -> Result<(), String> {
        let at = self.draws.below(self.home.len() as u64) as usize;
        let node = self.home.swap_remove(at);
        if is_troubled && self.draws.in_thousand(self.climate.failures) {
            return self.tell(Event::HomeFailed { node });
        }
        let nbytes = self.draws.below(self.climate.largest);
        self.tell(Event::HomeDone { node, nbytes })
    }

    /// Lets something go wrong, or nothing.
    fn trouble(&mut self) -> Result<(), String> {
        if self.draws.in_thousand(self.climate.deaths) {
            let at = self.draws.below(self.processes.len() as u64) as usize;
            let process = &mut self.processes[at];
            if matches!(process.life, Life::Starting | Life::Alive) {
                process.life = Life::Dead;
                // What it has said last may be lost.
                let kept = self.draws.below(process.outbox.len() as u64 + 1) as usize;
                process.outbox.truncate(kept);
            }
        }
        if self.draws.in_thousand(self.climate.stops) {
            self.tell(Event::Stop)?;
        }
        if !self.echoes.is_empty() && self.draws.in_thousand(200) {
            let at = self.draws.below(self.echoes.len() as u64) as usize;
            let echo = self.echoes.swap_remove(at);
            self.tell(echo)?;
        }
        if self.draws.in_thousand(self.climate.nonsense) {
            let nonsense = self.nonsense();
            self.tell(nonsense)?;
        }
        Ok(())
    }

    /// An event that cannot be, or comes again, or neither.
    fn nonsense(&mut self) -> Event {
        let worker = Worker(1_000_000 + self.draws.below(3) as u32);
        let node = NodeId(self.draws.below(30) as u32);
        let attempt = Attempt(1_000);
        let buried = self.processes.iter().position(|process| process.life == Life::Buried).unwrap_or(0);
        let (nbytes, in_memory, nanos) = (1, true, 1);
        match self.draws.below(8) {
            0 => Event::Done { worker, node, attempt, nbytes, in_memory, nanos },
            1 => Event::Failed { worker, node, attempt },
            2 => Event::Skipped { worker: Worker(0), node, attempt },
            3 if self.home.contains(&node) => Event::Stop,
            3 => Event::HomeDone { node, nbytes },
            4 if self.home.contains(&node) => Event::Stop,
            4 => Event::HomeFailed { node },
            5 if self.processes[buried].life == Life::Buried => {
                Event::Died { worker: Worker(buried as u32), running: Some(node) }
            }
            6 if self.processes[buried].life == Life::Buried => {
                Event::Joined { worker: Worker(buried as u32) }
            }
            _ => Event::HomeDone { node: NodeId(u32::MAX), nbytes },
        }
    }

    /// Tells the machine and checks what it answers.
    fn tell(&mut self, event: Event) -> Result<(), String> {
        self.machine.on(event, &mut self.out);
        let checked = self.oracle.event(&event, &self.out);
        let looked_at = self.carry_out(Some(event));
        checked.and(looked_at)
    }

    /// Does what the machine has answered, and looks at the machine.
    fn carry_out(&mut self, event: Option<Event>) -> Result<(), String> {
        let out = std::mem::take(&mut self.out);
        for &instruction in &out {
            match instruction {
                Instruction::Send { worker, node, attempt, place } => {
                    self.processes[worker.0 as usize].inbox.push_back(Letter::Run(node, attempt, place));
                }
                Instruction::Recall { worker } => {
                    self.processes[worker.0 as usize].inbox.push_back(Letter::Recall);
                }
                Instruction::RunHome { node } => self.home.push(node),
                Instruction::Replace { .. } => self.processes.push(Process::default()),
                Instruction::Release { .. } | Instruction::Discard { .. } | Instruction::Finish(_) => {}
            }
        }
        if self.keeps_history {
            self.history.push((event, out));
        } else {
            self.out = out;
            self.out.clear();
        }
        self.machine.check_invariants()?;
        self.oracle.check_sayings(&self.machine)
    }
}
