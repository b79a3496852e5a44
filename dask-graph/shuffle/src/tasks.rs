//! The two tasks of a shuffle that know nothing of its records.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Graph, Key, Materialized, Name, Node, Op, OpError, Packer, Refused, Task, Unpack, Unpacked,
    Value,
};

use crate::directory::Directory;
use crate::exchange::{Exchange, Written};

/// The layer of one task, with the key `name`, that makes the [`Directory`] of a shuffle.
///
/// It runs in the process that started the run. All splits and all gathers take its result: so the directory stays
/// as long as one of them needs it.
#[track_caller]
pub fn open_task(name: impl Into<Name>) -> Graph {
    let name = name.into();
    let mut layer = Materialized::new(&name);
    layer.insert(Key::named(&name), Node::Task(Task::new(Arc::new(Open), [])));
    Graph::from_layer(layer)
}

/// The layer of one task, with the key `name`, that puts together what the splits `written` of `graph` have written
/// for so many targets: an [`Exchange`].
#[track_caller]
pub fn exchange_task(
    name: impl Into<Name>,
    graph: &Graph,
    written: impl IntoIterator<Item = Key>,
    targets: u32,
) -> Graph {
    let name = name.into();
    let mut layer = Materialized::new(&name);
    let task = Task::new(Arc::new(Merge { targets }), [Arg::list(written)]);
    layer.insert(Key::named(&name), Node::Task(task));
    Graph::with_inputs(layer, [graph])
}

struct Open;

impl Op for Open {
    fn name(&self) -> Cow<'_, str> {
        "shuffle-open".into()
    }

    fn call(&self, _: Args<'_>) -> Result<Value, OpError> {
        Directory::new(None).map(Value::sized).map_err(OpError::failed)
    }

    fn is_at_home(&self) -> bool {
        true
    }
}

struct Merge {
    targets: u32,
}

impl Op for Merge {
    fn name(&self) -> Cow<'_, str> {
        "shuffle-exchange".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let written = args.take_list(0)?.into_iter().map(Value::into_inner::<Written>);
        let written: Result<Vec<Written>, _> = written.collect();
        let written = written.map_err(|source| OpError::Argument { at: 0, source })?;
        Exchange::of(written, self.targets).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.targets)?;
        Ok(|from| Ok(Unpacked::op(Merge { targets: from.state()? })))
    }
}
