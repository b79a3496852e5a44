//! What a worker does: it runs the tasks that it is sent, one after the other.

mod tables;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use dask_graph::{Code, CodeError, NodeId, Scratch, Value};

use crate::frame::{FrameError, Inbox, Outbox};
use crate::image::{Image, ImageError, SameBuild};
use crate::message::{Failure, FromWorker, Input, PROTOCOL, Task, ToWorker};
use crate::shelf::{Owner, PackError, Parcel, Shelf, UnpackError};
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
    let ToWorker::Welcome { build, protocol, memory, status, cache } = welcome else {
        return Err(ServeError::Unexpected("something else than a welcome"));
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
    tables: Tables,
}

impl Worker {
    fn serve(
        &mut self,
        connection: &mut impl Connection,
        inbox: &mut Inbox,
        found: &impl Fn(&Path),
    ) -> Result<(), ServeError> {
        let mut held_nanos = 0;
        loop {
            while let Some((message, bulk)) = inbox.take::<ToWorker>()? {
                if let ToWorker::Exit = message {
                    return Ok(());
                }
                self.told(message, bulk, found)?;
            }
            if let Some((task, bulk)) = self.queue.pop_front() {
                held_nanos += self.task(task, &bulk)?;
                if held_nanos < HOLD_NANOS && !self.queue.is_empty() {
                    continue;
                }
            }
            held_nanos = 0;
            self.outbox.flush(connection).map_err(FrameError::from)?;
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
            ToWorker::Run { run, disk } => {
                found(&disk);
                self.store.clear();
                let shelf = Shelf::new(self.memory.clone(), disk);
                self.run = Some(Run { number: run, shelf, tables: Tables::default() });
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
            ToWorker::Forget { nodes } => nodes.into_iter().for_each(|node| self.store.forget(node)),
            ToWorker::Recall => {
                for (Task { node, attempt, .. }, _) in std::mem::take(&mut self.queue) {
                    self.outbox.push(&FromWorker::Skipped { node, attempt }, &[])?;
                }
            }
            ToWorker::Exit => {}
        }
        Ok(())
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
        let run = run.as_ref().ok_or(ServeError::Unexpected("a task before a run"))?;
        let Task { node, attempt, retries, code, inputs, place } = task;
        let begun = Begun { run: run.number, node, attempt };
        status.begin(begun).map_err(|source| ServeError::Status { path: "status".into(), source })?;
        let mut make = || {
            let inputs = inputs_of(&run.shelf, *same, store, &inputs, bulk)?;
            let value = run.tables.execute(scratch, &code, retries, inputs)?;
            let owner = Owner::Result { run: run.number, node, attempt };
            let parcel = run.shelf.pack(image, &value, owner, place)?;
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
