//! A scheduler in one process that does to ops and values all that sending them to another process does.

use std::sync::Arc;

use crate::op::{Op, OpError};
use crate::pack::PackedOp;
use crate::plan::{Code, CodeError, NodeId, Plan, Scratch, TaskError};
use crate::portable::BlobReader;
use crate::scheduler::{RunError, RunOptions, Scheduler, StaysError, Watch, WorkerId};
use crate::value::{List, Value};

/// Packs and unpacks every op, and writes every literal and every result to bytes and reads it back for every
/// task that takes it; otherwise it runs a plan in order.
///
/// A collection whose plans run here, and give what they give elsewhere, can be run by worker processes.
///
/// ```
/// use dask_graph::testing::Travelling;
/// use dask_graph::{Key, RunError, RunOptions, Scheduler, graph, op};
///
/// fn twice(x: i64) -> i64 {
///     2 * x
/// }
///
/// let dsk = graph! { "x" => 21_i64, "y" => twice(@"x") };
/// let plan = dsk.lower(&[Key::named("y")])?;
/// assert_eq!(Travelling.run(&plan, &RunOptions::new())?[0].get(), Ok(&42_i64));
///
/// let captured = 2;
/// let times = op(move |x: i64| captured * x);
/// let dsk = graph! { "x" => 21_i64, "y" => times(@"x") };
/// let plan = dsk.lower(&[Key::named("y")])?;
/// let error = Travelling.run(&plan, &RunOptions::new()).unwrap_err();
/// assert!(matches!(error, RunError::Stays { .. }) && error.to_string().contains("captures"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Travelling;

impl Scheduler for Travelling {
    fn run(&self, plan: &Plan, options: &RunOptions) -> Result<Vec<Value>, RunError> {
        plan.check_portable()?;
        let watch = Watch::start(plan, options);
        let values = run(plan, &watch);
        watch.finish(values.is_err());
        values
    }
}

fn run(plan: &Plan, watch: &Watch<'_>) -> Result<Vec<Value>, RunError> {
    let ops: Vec<Arc<dyn Op>> =
        (0..plan.n_ops() as u32).map(|number| travelled_op(plan.op(number))).collect();
    let mut scratch = Scratch::default();
    let mut results: Vec<Value> = Vec::with_capacity(plan.len());
    for node in plan.nodes() {
        let is_at_home = plan.is_at_home(node);
        let stays = |error| RunError::stays(plan, node, error);
        let arrive = |of: NodeId| {
            let value = &results[of.index()];
            Ok((of, if is_at_home { value.clone() } else { travelled(value).map_err(stays)? }))
        };
        let inputs: Vec<(NodeId, Value)> =
            plan.dependencies(node).map(arrive).collect::<Result<_, RunError>>()?;
        let input = |of: NodeId, _| {
            let found = inputs.iter().find(|(node, _)| *node == of);
            found.map_or_else(|| unreachable!("{of:?} is a dependency"), |(_, value)| value.clone())
        };
        let literal =
            |number: u32| travelled(plan.literal(number)).unwrap_or_else(|_| plan.literal(number).clone());
        let code = Code { words: plan.code(node), op: |number: u32| &ops[number as usize], literal };
        let start = watch.task_started(node, WorkerId(0));
        let value = code.run(&mut scratch, plan.retries(node), input);
        let made = value.as_ref().map_or(0, |value| watch.nbytes(node, value));
        // All results stay until the end: nothing is released.
        watch.task_finished(start, made, 0, value.is_err());
        let value = value.map_err(|error| RunError::of_task(plan, node, named(plan, error)))?;
        if !is_at_home {
            travelled(&value).map_err(stays)?;
        }
        results.push(value);
    }
    let output = |&node: &NodeId| {
        travelled(&results[node.index()]).map_err(|error| RunError::stays(plan, node, error))
    };
    plan.outputs().iter().map(output).collect()
}

fn travelled_op(op: &Arc<dyn Op>) -> Arc<dyn Op> {
    if op.is_at_home() {
        return op.clone();
    }
    let again = PackedOp::of(&**op).map_err(|error| error.to_string());
    let again = again.and_then(|packed| packed.unpack().map_err(|error| error.to_string()));
    again.unwrap_or_else(|error| panic!("`{}` was packed before, and now: {error}", op.name()))
}

/// The value as another process would have it.
fn travelled(value: &Value) -> Result<Value, StaysError> {
    if let Some(list) = value.downcast_ref::<List>() {
        let items: Result<Vec<Value>, StaysError> = list.iter().map(travelled).collect();
        return Ok(Value::sized(List(items?)));
    }
    let (blob, read) = value.to_blob().ok_or_else(|| StaysError::value(value))??;
    let mut bytes = Vec::new();
    blob.write_to(&mut bytes).map_err(StaysError::Io)?;
    let mut bytes = &bytes[..];
    Ok(read(&mut BlobReader::new(&mut bytes).map_err(StaysError::Io)?)?)
}

fn named(plan: &Plan, error: CodeError) -> TaskError {
    let name = |op: u32| plan.op(op).name().into_owned();
    match error {
        CodeError::Failed { op, error } => TaskError::Failed { op: name(op), error },
        CodeError::Panicked { op: Some(op), message } => TaskError::Panicked { op: name(op), message },
        CodeError::Panicked { op: None, message } => {
            TaskError::Failed { op: String::new(), error: OpError::failed(message) }
        }
    }
}
