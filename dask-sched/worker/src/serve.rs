//! What a worker does: it runs the tasks that it is sent, one after the other.

mod tables;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dask_graph::{Code, CodeError, NodeId, Scratch, Value};

use crate::frame::{FrameError, Inbox, Outbox};
use crate::image::{Image, ImageError, SameBuild};
use crate::message::{Failure, FromWorker, Input, PROTOCOL, Task, ToWorker};
use crate::shelf::{Owner, PackError, Parcel, Shelf, UnpackError};
use crate::spares::Spares;
use crate::status::{Begun, Status};
use crate::store::Store;
use tables::Tables;

/// What connects a worker to its master.
pub trait Connection: Read + Write {
    /// Whether a read would give something at once.
    fn has_input(&self) -> bool;
}

/// Answers are held back together for no longer than this.
const HOLD_NANOS: u64 = 50_000;

/// After a task that was shorter than this a worker looks out for the next for so long before it sleeps: a processor
/// that has gone to sleep takes as long to wake.
const SHORT: Duration = Duration::from_micros(50);

/// Why a worker ends that was not told to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The connection gave no message.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The master is none for this worker, or sent what cannot be.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The master speaks otherwise.
    #[error("the master speaks version {0} of the protocol, this worker version {PROTOCOL}")]
    Protocol(u32),
    /// A message that has no place here.
    #[error("the master sent what makes no sense now: {0}")]
    Unexpected(&'static str),
    /// What the worker runs cannot be noted.
    #[error("cannot note what runs in {}: {source}", .path.display())]
    Status {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Serves a master until it says that the worker may leave, or is gone.
///
/// `found` is told the directories that will have to be removed if the master vanishes.
///
/// # Errors
///
/// - When the master is not of the same build, or what comes is not what it would send.
pub fn serve(mut connection: impl Connection, found: impl Fn(&Path)) -> Result<(), ServeError> {
    let image = Image::of_this_process()?;
    let (mut inbox, mut outbox) = (Inbox::default(), Outbox::default());
    outbox.push(&FromWorker::Hello { build: image.build(), protocol: PROTOCOL }, &[])?;
    outbox.flush(&mut connection).map_err(FrameError::from)?;
    let welcome = loop {
        if let Some((message, _)) = inbox.take::<ToWorker>()? {
            break message;
        }
        if !inbox.fill(&mut connection).map_err(FrameError::from)? {
            return inbox.end().map_err(Into::into);
        }
    };
    let (build, protocol, memory, status, cache) = match welcome {
        ToWorker::Welcome { build, protocol, memory, status, cache } => {
            (build, protocol, memory, status, cache)
        }
        // It is not needed after all.
        ToWorker::Exit => return Ok(()),
        _ => return Err(ServeError::Unexpected("something else than a welcome")),
    };
    if protocol != PROTOCOL {
        return Err(ServeError::Protocol(protocol));
    }
    let same = image.recognise(build)?;
    found(&memory);
    let status = Status::create(&status).map_err(|source| ServeError::Status { path: status, source })?;
    let mut worker = Worker {
        image,
        same,
        status,
        memory,
        run: None,
        store: Store::new(cache),
        scratch: Scratch::default(),
        queue: VecDeque::new(),
        outbox,
    };
    let served = worker.serve(&mut connection, &mut inbox, &found);
    if let Err(error) = &served {
        // The master hears why, if it still listens.
        let _ = worker.outbox.push(&FromWorker::Leaving { why: error.to_string() }, &[]);
        let _ = worker.outbox.flush(&mut connection);
    }
    served
}

struct Worker {
    image: &'static Image,
    same: SameBuild,
    status: Status,
    memory: PathBuf,
    run: Option<Run>,
    store: Store,
    scratch: Scratch,
    /// Tasks that have come, each with the bytes of its inputs.
    queue: VecDeque<(Task, Vec<u8>)>,
    outbox: Outbox,
}

/// What belongs to one run.
struct Run {
    number: u32,
    shelf: Shelf,
    spares: Spares,
    tables: Tables,
}

impl Worker {
    fn serve(
        &mut self,
        connection: &mut impl Connection,
        inbox: &mut Inbox,
        found: &impl Fn(&Path),
    ) -> Result<(), ServeError> {
        let (mut held_nanos, mut is_short) = (0, false);
        loop {
            while let Some((message, bulk)) = inbox.take::<ToWorker>()? {
                if let ToWorker::Exit = message {
                    return Ok(());
                }
                self.told(message, bulk, found)?;
            }
            if let Some((task, bulk)) = self.queue.pop_front() {
                let nanos = self.task(task, &bulk)?;
                is_short = nanos < SHORT.as_nanos() as u64;
                held_nanos += nanos;
                if held_nanos < HOLD_NANOS && !self.queue.is_empty() {
                    continue;
                }
            }
            held_nanos = 0;
            self.outbox.flush(connection).map_err(FrameError::from)?;
            if self.queue.is_empty() && std::mem::take(&mut is_short) {
                let since = Instant::now();
                while !connection.has_input() && since.elapsed() < SHORT {
                    std::thread::yield_now();
                }
            }
            // With tasks in hand only what has come is looked at: they may have been recalled.
            if (self.queue.is_empty() || connection.has_input()) && !fill(inbox, connection)? {
                return inbox.end().map_err(Into::into);
            }
        }
    }

    fn told(&mut self, message: ToWorker, bulk: &[u8], found: &impl Fn(&Path)) -> Result<(), ServeError> {
        match message {
            ToWorker::Welcome { .. } => return Err(ServeError::Unexpected("a second welcome")),
            ToWorker::Types { sent } => self.same.types(&sent)?.into_iter().for_each(|tell| tell()),
            ToWorker::Run { run, disk, spare } => {
                found(&disk);
                self.rest();
                let spares = Spares::new(&self.memory, spare);
                let shelf = Shelf::new(self.memory.clone(), disk);
                self.run = Some(Run { number: run, shelf, spares, tables: Tables::default() });
            }
            ToWorker::Op { op, sent } => {
                let same = self.same;
                self.run()?.tables.put_op(op, same, sent, bulk);
            }
            ToWorker::Literal { literal, label } => {
                let same = self.same;
                let run = self.run()?;
                let value = run.shelf.unpack(same, &label, &mut &*bulk);
                run.tables.put_literal(literal, value.map_err(|error| error.to_string()));
            }
            ToWorker::Task(task) => self.queue.push_back((task, bulk.to_vec())),
            ToWorker::Forget { nodes, spare } => {
                nodes.into_iter().for_each(|node| self.store.forget(node));
                let Run { shelf, spares, .. } = self.run()?;
                spare.iter().for_each(|label| shelf.spare(label, spares));
            }
            ToWorker::Recall => {
                for (Task { node, attempt, .. }, _) in std::mem::take(&mut self.queue) {
                    self.outbox.push(&FromWorker::Skipped { node, attempt }, &[])?;
                }
            }
            ToWorker::Rest => self.rest(),
            ToWorker::Exit => {}
        }
        Ok(())
    }

    /// Forgets all that belongs to a run.
    fn rest(&mut self) {
        self.store.clear();
        self.run = None;
    }

    fn run(&mut self) -> Result<&mut Run, ServeError> {
        self.run.as_mut().ok_or(ServeError::Unexpected("a message about a run before any began"))
    }

    /// Runs a task and puts the answer into the outbox; returns how long it took.
    fn task(&mut self, task: Task, bulk: &[u8]) -> Result<u64, ServeError> {
        let (node, attempt) = (task.node, task.attempt);
        let start = Instant::now();
        // A type's own code may panic as well, when it goes to bytes. What is half done then belongs to the task.
        let done = catch_unwind(AssertUnwindSafe(|| self.result_of(task, bulk)));
        let nanos = start.elapsed().as_nanos() as u64;
        let done = done.unwrap_or_else(|_| {
            let message = "its values could not be written or read".to_owned();
            Ok(Err(Failure::Panicked { op: None, message }))
        });
        match done? {
            Ok((Parcel { label, inline }, nbytes)) => {
                let done = FromWorker::Done { node, attempt, nanos, nbytes, label };
                self.outbox.push(&done, &[&inline])?;
            }
            Err(why) => self.outbox.push(&FromWorker::Failed { node, attempt, why }, &[])?,
        }
        // What the task printed goes before the answer.
        let _ = io::stdout().flush();
        Ok(nanos)
    }

    fn result_of(&mut self, task: Task, bulk: &[u8]) -> Result<Result<(Parcel, u64), Failure>, ServeError> {
        let Self { image, same, status, run, store, scratch, .. } = self;
        let run = run.as_mut().ok_or(ServeError::Unexpected("a task before a run"))?;
        let Task { node, attempt, retries, code, inputs, place } = task;
        let begun = Begun { run: run.number, node, attempt };
        status.begin(begun).map_err(|source| ServeError::Status { path: "status".into(), source })?;
        let mut make = || {
            let inputs = inputs_of(&run.shelf, *same, store, &inputs, bulk)?;
            let value = run.tables.execute(scratch, &code, retries, inputs)?;
            let owner = Owner::Result { run: run.number, node, attempt };
            let parcel = run.shelf.pack(image, &mut run.spares, &value, owner, place)?;
            let nbytes = value.nbytes();
            if parcel.label.has_files() {
                store.put(node, value);
            }
            Ok((parcel, nbytes))
        };
        Ok(make())
    }
}

/// Waits for input; returns whether there is more to come.
fn fill(inbox: &mut Inbox, connection: &mut impl Connection) -> Result<bool, FrameError> {
    loop {
        match inbox.fill(connection) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            filled => return Ok(filled?),
        }
    }
}

/// The values that a task takes, in the order of their nodes.
struct Inputs(Vec<(u32, Option<Value>)>);

impl Inputs {
    /// The value of a node; itself if it is asked for the last time.
    fn fetch(&mut self, node: NodeId, is_last_place: bool) -> Value {
        let at = self.0.binary_search_by_key(&node.0, |(node, _)| *node);
        let value = at.ok().map(|at| &mut self.0[at].1);
        let value = value.and_then(|value| if is_last_place { value.take() } else { value.clone() });
        value.unwrap_or_else(|| unreachable!("the task takes {node:?}, which was not sent"))
    }
}

/// Takes the inputs from the store where they are at hand, and reads them otherwise.
fn inputs_of(
    shelf: &Shelf,
    same: SameBuild,
    store: &mut Store,
    inputs: &[Input],
    mut bulk: &[u8],
) -> Result<Inputs, Failure> {
    let mut values = Vec::with_capacity(inputs.len());
    for Input { node, label, is_last } in inputs {
        let kept = if !label.has_files() {
            None
        } else if *is_last {
            store.take(*node)
        } else {
            store.get(*node)
        };
        let value = match kept {
            Some(value) => value,
            None => {
                let value = shelf.unpack(same, label, &mut bulk)?;
                if label.has_files() && !is_last {
                    store.put(*node, value.clone());
                }
                value
            }
        };
        values.push((*node, Some(value)));
    }
    values.sort_by_key(|(node, _)| *node);
    Ok(Inputs(values))
}

impl Tables {
    fn execute(
        &self,
        scratch: &mut Scratch,
        words: &[u32],
        retries: u32,
        mut inputs: Inputs,
    ) -> Result<Value, Failure> {
        let code = Code { words, op: |op: u32| self.op(op), literal: |literal| self.literal(literal) };
        let done = code.run(scratch, retries, |node, is_last_place| inputs.fetch(node, is_last_place));
        done.map_err(|error| match error {
            CodeError::Failed { op, error } => Failure::Failed { op, chain: chain(&error) },
            CodeError::Panicked { op, message } => Failure::Panicked { op, message },
            other => Failure::Panicked { op: None, message: format!("{other:?}") },
        })
    }
}

/// What an error says, and what its causes say.
fn chain(error: &dyn std::error::Error) -> Vec<String> {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect()
}

impl From<UnpackError> for Failure {
    fn from(error: UnpackError) -> Self {
        Self::Stays { type_name: None, message: error.to_string() }
    }
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Self {
        let type_name = match error {
            PackError::Stays { type_name } => Some(type_name.to_owned()),
            _ => None,
        };
        Self::Stays { type_name, message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::thread::JoinHandle;

    use dask_graph::{Key, PackedOp, Plan, graph, op};
    use tempfile::TempDir;

    use crate::image::BuildId;
    use crate::shelf::{Label, Place};

    impl Connection for UnixStream {
        fn has_input(&self) -> bool {
            false
        }
    }

    /// A worker in a thread, and its master's end of the connection.
    struct Master {
        worker: JoinHandle<Result<(), ServeError>>,
        stream: UnixStream,
        inbox: Inbox,
        directory: TempDir,
    }

    impl Master {
        fn new() -> Self {
            let (stream, theirs) = UnixStream::pair().unwrap();
            let worker = std::thread::spawn(move || serve(theirs, |_| ()));
            let mut master =
                Master { worker, stream, inbox: Inbox::default(), directory: tempfile::tempdir().unwrap() };
            let hello = master.hear();
            assert!(
                matches!(&hello, FromWorker::Hello { build, .. } if *build == build_of_this()),
                "{hello:?}"
            );
            master
        }

        fn tell(&mut self, message: &ToWorker, bulk: &[u8]) {
            let mut outbox = Outbox::default();
            outbox.push(message, &[bulk]).unwrap();
            outbox.flush(&mut self.stream).unwrap();
        }

        fn hear(&mut self) -> FromWorker {
            loop {
                if let Some((message, _)) = self.inbox.take().unwrap() {
                    return message;
                }
                assert!(self.inbox.fill(&mut self.stream).unwrap(), "the worker is gone");
            }
        }

        fn welcome(&mut self, build: BuildId, protocol: u32) {
            let memory = self.directory.path().to_owned();
            let status = memory.join("status");
            self.tell(&ToWorker::Welcome { build, protocol, memory, status, cache: 1 << 20 }, &[]);
        }

        fn begin_run(&mut self) {
            self.welcome(build_of_this(), PROTOCOL);
            let disk = self.directory.path().join("disk");
            self.tell(&ToWorker::Run { run: 0, disk, spare: 0 }, &[]);
        }

        fn end(self) -> Result<(), ServeError> {
            drop(self.stream);
            self.worker.join().unwrap()
        }
    }

    fn build_of_this() -> BuildId {
        Image::of_this_process().unwrap().build()
    }

    /// `y = add(1, 2)`
    fn plan() -> Plan {
        let add = op(|a: i64, b: i64| a + b);
        graph! { "y" => add(1_i64, 2_i64) }.lower(&[Key::named("y")]).unwrap()
    }

    fn task(node: u32, code: &[u32]) -> ToWorker {
        let code = code.to_vec();
        ToWorker::Task(Task { node, attempt: 0, retries: 0, code, inputs: vec![], place: Place::Memory })
    }

    #[test]
    fn a_task_is_run_and_the_worker_leaves_when_told() {
        let (mut master, plan, image) = (Master::new(), plan(), Image::of_this_process().unwrap());
        master.begin_run();
        let packed = PackedOp::of(&**plan.op(0)).unwrap();
        let sent = image.send_op(&packed).unwrap();
        master.tell(&ToWorker::Op { op: 0, sent }, packed.bytes());
        let shelf = Shelf::new(master.directory.path().to_owned(), master.directory.path().to_owned());
        for literal in 0..2 {
            let owner = Owner::Literal { run: 0, literal };
            let spares = &mut Spares::new(master.directory.path(), 0);
            let packed = shelf.pack(image, spares, plan.literal(literal), owner, Place::Memory);
            let Parcel { label, inline } = packed.unwrap();
            master.tell(&ToWorker::Literal { literal, label }, &inline);
        }
        master.tell(&task(7, plan.code(plan.outputs()[0])), &[]);
        let answer = master.hear();
        assert!(
            matches!(
                answer,
                FromWorker::Done { node: 7, attempt: 0, nbytes: 8, label: Label::Inline { .. }, .. }
            ),
            "{answer:?}"
        );
        let begun = Status::read(&master.directory.path().join("status"));
        assert_eq!(begun, Some(Begun { run: 0, node: 7, attempt: 0 }));
        master.tell(&ToWorker::Exit, &[]);
        assert!(master.worker.join().unwrap().is_ok());
    }

    #[test]
    fn what_was_not_sent_fails_in_its_task() {
        let (mut master, plan) = (Master::new(), plan());
        master.begin_run();
        master.tell(&task(0, plan.code(plan.outputs()[0])), &[]);
        let answer = master.hear();
        let FromWorker::Failed { why: Failure::Panicked { message, .. }, .. } = answer else {
            panic!("{answer:?}")
        };
        assert!(message.contains("literal 0 was not sent"), "{message}");
        assert!(master.end().is_ok(), "a master that is gone is no error");
    }

    #[test]
    fn a_master_of_another_build_is_refused() {
        let mut master = Master::new();
        let foreign: BuildId = {
            let mut outbox = Outbox::default();
            outbox.push(&0_u128, &[]).unwrap();
            let (mut bytes, mut inbox) = (vec![], Inbox::default());
            outbox.flush(&mut bytes).unwrap();
            inbox.fill(&mut &bytes[..]).unwrap();
            inbox.take().unwrap().unwrap().0
        };
        master.welcome(foreign, PROTOCOL);
        let error = master.worker.join().unwrap().unwrap_err();
        assert!(matches!(error, ServeError::Image(ImageError::ForeignBuild { .. })), "{error}");
    }

    #[test]
    fn a_master_that_speaks_otherwise_is_refused() {
        let mut master = Master::new();
        master.welcome(build_of_this(), PROTOCOL + 1);
        let error = master.worker.join().unwrap().unwrap_err();
        assert!(matches!(error, ServeError::Protocol(_)), "{error}");
    }

    #[test]
    fn a_message_that_is_cut_off_is_refused() {
        let mut master = Master::new();
        master.begin_run();
        let mut outbox = Outbox::default();
        outbox.push(&task(0, &[1, 2, 3]), &[b"bulk"]).unwrap();
        let mut bytes = vec![];
        outbox.flush(&mut bytes).unwrap();
        master.stream.write_all(&bytes[..bytes.len() - 2]).unwrap();
        let error = master.end().unwrap_err();
        assert!(matches!(error, ServeError::Frame(FrameError::Truncated)), "{error}");
    }

    #[test]
    fn messages_out_of_turn_are_refused() {
        let mut master = Master::new();
        master.tell(&ToWorker::Recall, &[]);
        assert!(matches!(master.worker.join().unwrap(), Err(ServeError::Unexpected(_))));
        let mut master = Master::new();
        master.welcome(build_of_this(), PROTOCOL);
        master.tell(&task(0, &[]), &[]);
        assert!(matches!(master.hear(), FromWorker::Leaving { .. }));
        assert!(matches!(master.worker.join().unwrap(), Err(ServeError::Unexpected(_))));
    }
}
