//! Aggregates made by the user.

use std::error::Error;
use std::sync::Arc;

use dask_graph::{LayerInfo, Op, try_named_op};

use super::scan::fresh_besides;
use super::{DataFrame, GroupBy};
use crate::error::FrameError;
use crate::expr::col;
use crate::plan::{EachGroupOp, Results};
use crate::schema::{Field, Schema};
use crate::table::Table;

/// An aggregate of one's own, in three steps as the built-in ones: a state of the rows of a group in a partition, a
/// state of the states of a group, and a row of it.
///
/// The functions take and return tables: states are what they say they are, columns and types. They are not known to
/// do the same as any others, and closures that capture nothing run in other processes, too.
///
/// Source: [`dask.dataframe.groupby.Aggregation`](https://docs.dask.org/en/stable/dataframe-groupby.html#aggregate).
///
/// # Examples
///
/// The geometric mean, from sums of logarithms and their numbers:
///
/// ```
/// use dask_frame::{Aggregation, Column, DataFrame, DataType, Field, FrameError, Schema, Table};
/// use dask_graph::Collection;
///
/// let state = Schema::new([Field::new("logs", DataType::Float64), Field::new("n", DataType::Float64)])?;
/// let of = |logs: f64, n: f64| Table::new([("logs", Column::from(vec![logs])), ("n", Column::from(vec![n]))]);
/// let total = |table: &Table, name: &str| Ok::<f64, FrameError>(table.column(name)?.f64s().unwrap().flatten().sum());
/// let geometric = Aggregation::new(
///     move |rows: &Table| {
///         let logs = rows.column("x")?.f64s().unwrap().flatten().map(f64::ln).collect::<Vec<_>>();
///         of(logs.iter().sum(), logs.len() as f64)
///     },
///     move |states: &Table| of(total(states, "logs")?, total(states, "n")?),
///     state,
/// )
/// .finalize(
///     move |state: &Table| {
///         let mean = (total(state, "logs")? / total(state, "n")?).exp();
///         Table::new([("geometric", Column::from(vec![(mean * 1e6).round() / 1e6]))])
///     },
///     Schema::new([Field::new("geometric", DataType::Float64)])?,
/// );
/// let columns = [("who", Column::from(vec!["b", "a", "b"])), ("x", Column::from(vec![2.0, 3.0, 8.0]))];
/// let frame = DataFrame::from_columns(columns, 2)?;
/// let table = frame.group_by(["who"]).aggregate(&geometric)?.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(table.column("who")?, &Column::from(vec!["a", "b"]));
/// assert_eq!(table.column("geometric")?, &Column::from(vec![3.0, 4.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Aggregation {
    chunk: Arc<dyn Op>,
    /// What is done to the states of a group, one function on the result of the other, and what each gives.
    rest: Vec<(Arc<dyn Op>, Schema)>,
    state: Schema,
}

impl Aggregation {
    /// Makes an aggregate of which the result is the state.
    ///
    /// `chunk` is called with the rows of a group that are in one partition, one at least, and returns their state: one
    /// row or more of the columns `state`. `agg` is called with the states of a group, one after another in the
    /// order of the partitions, and returns a state of all. It is called with no rows only for a frame without rows
    /// that is aggregated without keys.
    pub fn new<E, F, A, G>(chunk: F, agg: G, state: Schema) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
        F: Fn(&Table) -> Result<Table, E> + Send + Sync + 'static,
        A: Into<Box<dyn Error + Send + Sync>> + 'static,
        G: Fn(&Table) -> Result<Table, A> + Send + Sync + 'static,
    {
        let chunk = try_named_op("chunk", move |table: &Table| chunk(table));
        let agg = try_named_op("agg", move |table: &Table| agg(table));
        Self { chunk, rest: vec![(agg, state.clone())], state }
    }

    /// Has a function make the result, a row of the columns `schema`, of what would be the result otherwise.
    #[must_use]
    pub fn finalize<E, F>(mut self, function: F, schema: Schema) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
        F: Fn(&Table) -> Result<Table, E> + Send + Sync + 'static,
    {
        self.rest.push((try_named_op("finalize", move |table: &Table| function(table)), schema));
        self
    }
}

impl GroupBy {
    /// Computes a row a group by an aggregate of one's own: its keys, then what the aggregate gives.
    ///
    /// The first function sees all columns of the frame. States are exchanged by their keys, and finished part by part;
    /// the groups come in the order of their keys, in as many partitions as there are, unless they are
    /// [`unsorted`](GroupBy::unsorted).
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in a key.
    /// - `DuplicateColumn` if a result has the name of a key.
    #[track_caller]
    pub fn aggregate(&self, aggregation: &Aggregation) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        let Aggregation { chunk, rest, state } = aggregation;
        let (rows, keys) = self.with_key_columns()?;
        let fields = |names: &[Arc<str>]| {
            let types = keys.iter().map(|key| rows.schema().field(key).map(Field::dtype));
            let fields =
                names.iter().zip(types).map(|(name, dtype)| Ok(Field::new(Arc::clone(name), dtype?)));
            fields.collect::<Result<Vec<_>, FrameError>>()
        };
        let hidden = fresh_besides(state, &[]).take(keys.len()).collect::<Vec<_>>();
        let states = rows.each_group(
            EachGroupOp {
                functions: vec![Arc::clone(chunk)],
                given: vec![state.clone()],
                seen: self.frame.schema().clone(),
                results: Results::Keyed,
                output: Schema::new(fields(&hidden)?.into_iter().chain(state.fields().iter().cloned()))?,
                keys: keys.clone(),
            },
            info.clone(),
        )?;
        let groups = GroupBy {
            frame: states,
            keys: hidden.iter().map(|name| col(Arc::clone(name))).collect(),
            drop_nulls: false,
            sort: self.sort,
            observed: true,
        };
        let (states, hidden) = groups.together()?;
        let names = self.named_keys()?.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let (functions, given): (Vec<_>, Vec<_>) = rest.iter().cloned().unzip();
        let results = given.last().unwrap_or(state).fields().iter().cloned();
        let output = Schema::new(fields(&names)?.into_iter().chain(results))?;
        let results = Results::KeyedRow;
        states.each_group(
            EachGroupOp { functions, given, keys: hidden, seen: state.clone(), results, output },
            info,
        )
    }
}
