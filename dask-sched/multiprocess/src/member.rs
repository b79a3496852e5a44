//! One worker process, as its master sees it.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout};
use std::thread;
use std::time::{Duration, Instant};

use dask_sched_worker::{
    Begun, FrameError, FromWorker, Inbox, Outbox, Owner, SameBuild, Status, ToWorker, spawn,
};
use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, Signal, kill_process};

use crate::error::Death;
use crate::machine::Worker;
use crate::output::Output;

/// A process that has closed its connection is given so long to end by itself.
const LAST_BREATH: Duration = Duration::from_secs(1);

/// One worker process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) number: Worker,
    /// The place that it has among the others, which it takes over from the dead one that it replaces.
    pub(crate) slot: u32,
    /// When it was started.
    pub(crate) since: Instant,
    /// Once it has joined.
    pub(crate) same: Option<SameBuild>,
    /// What it has been told of the run.
    pub(crate) told: Told,
    /// Bytes of memory, when that was last looked at.
    pub(crate) last_seen: Option<u64>,
    pub(crate) status: PathBuf,
    child: Child,
    stream: UnixStream,
    inbox: Inbox,
    outbox: Outbox,
    stdout: Output<ChildStdout>,
    stderr: Output<ChildStderr>,
    prefix: String,
    /// Why it was killed, if it was.
    doom: Option<Death>,
    /// How it has ended, if it has.
    end: Option<Death>,
    /// Whether something has come.
    is_ready: bool,
}

/// What a worker knows.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Ops by number.
    pub(crate) ops: Vec<bool>,
    /// Literals by number.
    pub(crate) literals: Vec<bool>,
    /// How many types that were told how they leave the process.
    pub(crate) n_types: usize,
}

impl Member {
    pub(crate) fn start(number: Worker, slot: u32, directory: &Path) -> io::Result<Self> {
        let (mut child, stream) = spawn(directory)?;
        let pipes = child.stdout.take().zip(child.stderr.take());
        let (stdout, stderr) = pipes.unwrap_or_else(|| unreachable!("both outputs are piped"));
        stream.set_nonblocking(true)?;
        rustix::io::ioctl_fionbio(&stdout, true)?;
        rustix::io::ioctl_fionbio(&stderr, true)?;
        Ok(Self {
            number,
            slot,
            since: Instant::now(),
            same: None,
            told: Told::default(),
            last_seen: None,
            status: directory.join(format!("worker-{}", number.0)),
            child,
            stream,
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            stdout: Output::new(stdout),
            stderr: Output::new(stderr),
            prefix: format!("[worker {slot}] "),
            doom: None,
            end: None,
            is_ready: false,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Puts a message on its way.
    pub(crate) fn tell(&mut self, message: &ToWorker, bulk: &[&[u8]]) -> Result<(), FrameError> {
        self.outbox.push(message, bulk)
    }

    /// Sends what is on its way, as far as the worker takes it. One that takes nothing any more is found dead soon.
    pub(crate) fn flush(&mut self) {
        if !self.outbox.is_empty() {
            let _ = self.outbox.flush(&mut &self.stream);
        }
    }

    /// What is to be waited for.
    pub(crate) fn interests(&self) -> [Option<PollFd<'_>>; 3] {
        let writing = if self.outbox.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        let stdout = self.stdout.is_open().then(|| PollFd::new(self.stdout.source(), PollFlags::IN));
        let stderr = self.stderr.is_open().then(|| PollFd::new(self.stderr.source(), PollFlags::IN));
        [Some(PollFd::new(&self.stream, PollFlags::IN | writing)), stdout, stderr]
    }

    /// Notes that something has come.
    pub(crate) fn set_ready(&mut self, is_ready: bool) {
        self.is_ready = is_ready;
    }

    /// Takes in what has come, and passes on what was printed; returns whether the worker is still there.
    pub(crate) fn receive(&mut self) -> bool {
        if !std::mem::take(&mut self.is_ready) {
            return true;
        }
        let is_there = loop {
            match self.inbox.fill(&mut &self.stream) {
                Ok(true) => {}
                Ok(false) => break false,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break false,
            }
        };
        // After the answers, since what a task prints comes before its answer.
        self.pass_output_on();
        is_there
    }

    pub(crate) fn pass_output_on(&mut self) {
        self.stdout.pass_on(&self.prefix, &mut io::stdout().lock());
        self.stderr.pass_on(&self.prefix, &mut io::stderr().lock());
    }

    /// The next of the messages that have come, with its bulk.
    pub(crate) fn next(&mut self) -> Result<Option<(FromWorker, Vec<u8>)>, FrameError> {
        Ok(self.inbox.take()?.map(|(message, bulk)| (message, bulk.to_vec())))
    }

    /// Looks at how much memory it uses.
    pub(crate) fn look(&mut self) {
        let read = |path| fs::read_to_string(path).ok();
        let statm = read(format!("/proc/{}/statm", self.pid()));
        let pages = statm.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
        let nbytes = pages.map(|pages| pages * rustix::param::page_size() as u64);
        self.last_seen = nbytes.filter(|&nbytes| nbytes > 0).or(self.last_seen);
    }

    /// Ends it at once; the first reason counts.
    pub(crate) fn kill(&mut self, why: Death) {
        if self.end.is_none() {
            self.doom.get_or_insert(why);
            // The number is its own until it has been waited for.
            let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
            let _ = pid.map(|pid| kill_process(pid, Signal::KILL));
        }
    }

    /// Waits for it to end, and kills it if it takes longer than that; returns how it ended.
    pub(crate) fn wait(&mut self, grace: Duration, why: Death) -> Death {
        let until = Instant::now() + grace;
        loop {
            if let Some(end) = self.ended() {
                return end;
            }
            if Instant::now() >= until {
                self.kill(why);
                let status = self.child.wait();
                return self.has_ended(status.map_or(why, Death::of));
            }
            thread::sleep(Duration::from_micros(200));
        }
    }

    /// How the worker ended that has closed its connection.
    pub(crate) fn death(&mut self) -> Death {
        let death = self.wait(LAST_BREATH, Death::Confused);
        self.pass_output_on();
        death
    }

    fn ended(&mut self) -> Option<Death> {
        if self.end.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.has_ended(Death::of(status));
        }
        self.end
    }

    fn has_ended(&mut self, how: Death) -> Death {
        *self.end.insert(self.doom.unwrap_or(how))
    }

    /// The task that it began last, if it is of this run.
    pub(crate) fn begun(&self, of_run: u32) -> Option<Owner> {
        let Begun { run, node, attempt } = Status::read(&self.status)?;
        (run == of_run).then_some(Owner::Result { run, node, attempt })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.wait(Duration::ZERO, Death::ShutDown);
    }
}
