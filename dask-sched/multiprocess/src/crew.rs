//! The workers of one run at a time, and what they share.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dask_sched_worker::{Image, SameBuild, ToWorker, is_initialised, is_worker};
use rustix::event::{PollFd, Timespec, poll};
use rustix::io::Errno;

use crate::directory::Directory;
use crate::error::{Death, WorkersError};
use crate::machine::Worker;
use crate::member::Member;
use crate::scheduler::Config;

/// Workers and their directory; all of it is gone when dropped.
#[derive(Debug)]
pub(crate) struct Crew {
    pub(crate) image: &'static Image,
    /// Our own build: what was sent is read back with this.
    pub(crate) same: SameBuild,
    pub(crate) config: Arc<Config>,
    /// Those that live, in no order.
    pub(crate) members: Vec<Member>,
    /// Whether any worker of this executable has ever joined: then the others can.
    pub(crate) has_joined: bool,
    next: u32,
    n_runs: u32,
    directory: Directory,
}

impl Crew {
    pub(crate) fn new(config: Arc<Config>) -> Result<Self, WorkersError> {
        if is_worker() {
            let is_aware = is_initialised();
            return Err(if is_aware { WorkersError::InsideWorker } else { WorkersError::UnawareWorker });
        }
        if !is_initialised() {
            return Err(WorkersError::NotInitialised);
        }
        let start = |error: dask_sched_worker::ImageError| WorkersError::Start(io::Error::other(error));
        let image = Image::of_this_process().map_err(start)?;
        Ok(Self {
            image,
            same: image.recognise(image.build()).map_err(start)?,
            config,
            members: Vec::new(),
            has_joined: false,
            next: 0,
            n_runs: 0,
            directory: Directory::new()?,
        })
    }

    /// Gets ready for a run: starts workers until there are so many; returns the number of the run and the path of
    /// its directory on disk.
    pub(crate) fn begin(&mut self, n_workers: usize, disk: &Path) -> Result<(u32, PathBuf), WorkersError> {
        // Some may have died since the last run.
        self.members.iter_mut().for_each(|member| member.set_ready(true));
        let is_there: VecDeque<bool> = self.members.iter_mut().map(Member::receive).collect();
        let mut is_there = is_there.into_iter();
        self.members.retain(|_| is_there.next().unwrap_or(true));
        for slot in 0..n_workers as u32 {
            if !self.members.iter().any(|member| member.slot == slot) {
                self.start(slot)?;
            }
        }
        let run = self.n_runs;
        self.n_runs = self.n_runs.wrapping_add(1);
        Ok((run, self.directory.on_disk(disk, run)))
    }

    /// The directory that all share.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts a process in the place of one that has died.
    pub(crate) fn replace(&mut self) -> Result<(), WorkersError> {
        let is_free = |slot: &u32| !self.members.iter().any(|member| member.slot == *slot);
        let slot = (0..).find(is_free).unwrap_or_default();
        self.start(slot)
    }

    fn start(&mut self, slot: u32) -> Result<(), WorkersError> {
        let number = Worker(self.next);
        self.next = self.next.wrapping_add(1);
        let member = Member::start(number, slot, self.directory.path()).map_err(WorkersError::Start)?;
        self.members.push(member);
        Ok(())
    }

    pub(crate) fn find(&mut self, worker: Worker) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.number == worker)
    }

    /// Sends all that is on its way.
    pub(crate) fn flush(&mut self) {
        self.members.iter_mut().for_each(Member::flush);
    }

    /// Waits until something has come from any worker, or so long; members know who has something. When something is
    /// expected `soon`, it looks out for that time before it sleeps.
    pub(crate) fn wait(&mut self, timeout: Duration, soon: Duration) -> Result<(), WorkersError> {
        let since = Instant::now();
        while since.elapsed() < soon {
            if self.poll(Duration::ZERO)? {
                return Ok(());
            }
            std::thread::yield_now();
        }
        self.poll(timeout).map(drop)
    }

    /// Returns whether something has come.
    fn poll(&mut self, timeout: Duration) -> Result<bool, WorkersError> {
        let timeout = Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos().into() };
        let interests = self.members.iter().enumerate();
        let interests = interests
            .flat_map(|(at, member)| member.interests().into_iter().flatten().map(move |fd| (at, fd)));
        let (owners, mut fds): (Vec<usize>, Vec<PollFd<'_>>) = interests.unzip();
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(WorkersError::Connection(error.into())),
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let is_any = ready.contains(&true);
        for (at, is_ready) in owners.into_iter().zip(ready) {
            if is_ready {
                self.members[at].set_ready(true);
            }
        }
        Ok(is_any)
    }

    /// Lets all workers leave, and ends those that are not gone by then.
    pub(crate) fn shut_down(&mut self, grace: Duration) {
        let until = Instant::now() + grace;
        for member in &mut self.members {
            // One that cannot be told is ended.
            let _ = member.tell(&ToWorker::Exit, &[]);
            member.flush();
        }
        for mut member in self.members.drain(..) {
            member.wait(until.saturating_duration_since(Instant::now()), Death::ShutDown);
            member.pass_output_on();
        }
    }
}

/// What idle workers need to leave, and some more.
const GRACE: Duration = Duration::from_millis(500);

impl Drop for Crew {
    fn drop(&mut self) {
        self.shut_down(GRACE);
    }
}
