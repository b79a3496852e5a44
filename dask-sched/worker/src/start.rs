//! How a process becomes a worker: started by its master from the same executable, with the connection as its
//! standard input.
//!
//! Nothing but an environment variable and an inherited handle makes a worker: the variable names the master, and
//! standard input is a socket that this master made. A program that a worker starts inherits the variable, but not
//! that handle.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};

use crate::serve::{Connection, serve};

/// The variable that makes a process a worker: the number of its master's process.
const WORKER_OF: &str = "DASK_WORKER_OF";

/// The variable that says what a worker removes if its master is gone before it said anything.
const DIRECTORY: &str = "DASK_WORKER_DIRECTORY";

/// How glibc's allocator is set in workers, unless the user has: blocks of up to 32 MiB come from memory that stays
/// with the process, up to 64 MiB of it, since a worker frees a block only to make the next of that size, and memory
/// that comes from the system has to be mapped page by page. Other allocators do not heed it.
const ALLOCATOR: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "67108864")];

/// The exit status of a worker that could not go on.
const FAILED: i32 = 70;

static IS_INITIALISED: AtomicBool = AtomicBool::new(false);

/// To be called first in `main`: turns this process into a worker if it was started as one, and then never
/// returns; otherwise it does nothing but note that workers may be started.
///
/// `prepare` is called in workers before the first task.
pub fn init(prepare: impl FnOnce()) {
    IS_INITIALISED.store(true, Ordering::Relaxed);
    if is_worker() {
        prepare();
        work();
    }
}

/// Whether [`init`] was called.
pub fn is_initialised() -> bool {
    IS_INITIALISED.load(Ordering::Relaxed)
}

/// Whether this process was started as a worker, whether or not it knows.
pub fn is_worker() -> bool {
    let master = std::env::var(WORKER_OF).ok().and_then(|pid| pid.parse::<i32>().ok());
    let peer = rustix::net::sockopt::socket_peercred(rustix::stdio::stdin());
    IS_WORKING.load(Ordering::Relaxed)
        || peer.is_ok_and(|peer| master == Some(peer.pid.as_raw_nonzero().get()))
}

/// Since then its standard input is not the connection any more.
static IS_WORKING: AtomicBool = AtomicBool::new(false);

/// Starts a process of this executable as a worker; returns it, and the connection to it.
///
/// It has a process group of its own, so that an interrupt from the keyboard reaches the master only, and its
/// output is piped. When the master vanishes, it removes `directory`.
///
/// # Errors
///
/// - When the system gives no process.
pub fn spawn(directory: &Path) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    // The file that this process runs, even if its path leads to another by now.
    let mut command = Command::new("/proc/self/exe");
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    command.env(WORKER_OF, std::process::id().to_string()).env(DIRECTORY, directory).process_group(0);
    for (name, value) in ALLOCATOR {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    command.stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(Stdio::piped());
    // With the command goes our share of the other end: what is left of it is the worker's.
    Ok((command.spawn()?, ours))
}

/// Serves the master, and leaves.
fn work() -> ! {
    IS_WORKING.store(true, Ordering::Relaxed);
    let status = match serve_master() {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(io::stderr(), "this worker leaves: {error}");
            FAILED
        }
    };
    std::process::exit(status)
}

fn serve_master() -> Result<(), String> {
    // What `ps` and `top` show: otherwise `exe`, the name of the link that was followed.
    let _ = std::fs::write("/proc/self/comm", "dask-worker");
    let connection = connection().map_err(|error| error.to_string())?;
    let left = Left::default();
    std::env::var_os(DIRECTORY).into_iter().for_each(|directory| left.add(Path::new(&directory)));
    let stream = connection.0.try_clone().map_err(|error| error.to_string())?;
    watch(stream, left.clone()).map_err(|error| error.to_string())?;
    let stream = connection.0.try_clone().map_err(|error| error.to_string())?;
    let served = serve(connection, |directory| left.add(directory));
    // The end of the connection may be seen here before it is seen by the watch.
    if is_closed(&stream, Some(&NO_TIME)) {
        left.remove();
    }
    served.map_err(|error| error.to_string())
}

/// What has to be removed when the master is gone.
#[derive(Debug, Clone, Default)]
struct Left(Arc<Mutex<Vec<PathBuf>>>);

impl Left {
    fn add(&self, directory: &Path) {
        let mut directories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !directories.iter().any(|known| known == directory) {
            directories.push(directory.to_owned());
        }
    }

    fn remove(&self) {
        let directories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        directories.iter().for_each(|directory| remove_all(directory));
    }
}

/// Takes the connection from standard input, where tasks find nothing.
fn connection() -> io::Result<Stream> {
    let stream = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(Stream(UnixStream::from(stream)))
}

/// Watches for the end of the master, in a thread of its own, since a task may take long: what the processes
/// shared is removed, and this one ends at once.
fn watch(stream: UnixStream, left: Left) -> io::Result<()> {
    let watching = move || {
        while !is_closed(&stream, None) {}
        left.remove();
        let _ = kill_process(getpid(), Signal::KILL);
    };
    thread::Builder::new().name("dask-master-watch".to_owned()).spawn(watching).map(drop)
}

const NO_TIME: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Whether the other end is closed; waits so long for it, or until it is interrupted.
fn is_closed(stream: &UnixStream, timeout: Option<&Timespec>) -> bool {
    let mut fds = [PollFd::new(stream, PollFlags::empty())];
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    poll(&mut fds, timeout).is_ok() && fds[0].revents().intersects(gone)
}

/// Removes a directory of which others may still be writing to.
pub fn remove_all(directory: &Path) {
    for _ in 0..20 {
        match std::fs::remove_dir_all(directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => thread::sleep(Duration::from_millis(1)),
            _ => return,
        }
    }
}

/// A connection to the master of this process.
struct Stream(UnixStream);

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Connection for Stream {
    fn has_input(&self) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)];
        poll(&mut fds, Some(&NO_TIME)).is_ok_and(|ready| ready > 0)
    }
}
