//! Frames: plans over partitioned tables.

mod aggregation;
mod apply;
mod asof;
mod best;
mod categories;
mod columns;
mod compute;
mod concat;
mod delayed;
mod distinct;
mod divide;
mod exchange;
mod group;
mod index;
mod loc;
mod map;
mod merge;
mod over;
mod query;
mod repartition;
mod resample;
mod reshape;
mod rows;
mod scan;
mod stats;

use std::fmt;
use std::sync::{Arc, OnceLock};

use dask_graph::{Graph, Key, LayerInfo, Token, Value};

pub use aggregation::Aggregation;
pub use asof::{AsOf, Direction};
pub use distinct::{Keep, ValueCounts};
pub use group::GroupBy;
pub use merge::{How, Merge};
pub use resample::{Resample, Resampled};
pub use reshape::{Melt, Pivot};
pub use rows::Sort;

use crate::column::Column;
use crate::error::FrameError;
use crate::plan::lower::{Lowered, lower};
use crate::plan::window::taken_out;
use crate::plan::{Plan, PlanNode, PlanOp, optimize, show};
use crate::schema::Schema;
use crate::table::Table;

/// A table in partitions, described and not yet computed.
///
/// The methods build a plan; mistakes in names and types are errors right where they are written, and the
/// schema of the result is known. [`compute`](dask_graph::Collection::compute) plans, runs, and gives a
/// [`Table`]. Cloning is cheap.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, col};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
///
/// let flights = DataFrame::from_columns(
///     [
///         ("carrier", Column::from(vec!["UA", "AA", "UA", "DL"])),
///         ("delay", Column::from(vec![Some(12), Some(-3), Some(30), None])),
///     ],
///     2,
/// )?;
/// let mean = flights.group_by(["carrier"]).agg([col("delay").mean(), col("delay").max()])?;
/// assert_eq!(mean.schema().to_string(), "carrier: Utf8, delay_mean: Float64, delay_max: Int64");
/// assert_eq!(mean.compute_with(&Sync::new())?.to_string(), "\
/// carrier  delay_mean  delay_max
/// Utf8        Float64      Int64
/// -------  ----------  ---------
/// AA             -3.0         -3
/// DL             null       null
/// UA             21.0         30
/// 3 rows
/// ");
///
/// let error = flights.filter(col("carier").eq("UA")).unwrap_err();
/// assert_eq!(error.to_string(), "unknown column `carier`; did you mean `carrier`?; columns are carrier, delay");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DataFrame {
    plan: Plan,
    /// Whether the plan is rearranged before it is lowered.
    optimized: bool,
    /// The tasks, made when they are first asked for.
    lowered: Arc<OnceLock<Lowered>>,
}

impl DataFrame {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, optimized: true, lowered: Arc::default() }
    }

    fn over(&self, plan: Plan) -> Self {
        Self { optimized: self.optimized, ..Self::new(plan) }
    }

    /// Adds an operation on this frame alone.
    ///
    /// Window functions in its expressions are taken out and become columns first.
    fn with(&self, op: PlanOp, info: LayerInfo) -> Result<Self, FrameError> {
        let plan = Arc::clone(&self.plan);
        let over = |op, plan| PlanNode::new(op, vec![plan], info.clone());
        Ok(self.over(match op {
            PlanOp::Project(columns) => {
                let (names, exprs): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
                let (plan, exprs) = taken_out(plan, exprs, &info)?;
                over(PlanOp::Project(names.into_iter().zip(exprs).collect()), plan)?
            }
            PlanOp::Filter(condition) if condition.has_window() => {
                let (plan, exprs) = taken_out(plan, vec![condition], &info)?;
                let filtered =
                    exprs.into_iter().try_fold(plan, |plan, expr| over(PlanOp::Filter(expr), plan))?;
                over(PlanOp::Project(self.kept().collect()), filtered)?
            }
            PlanOp::Aggregate(spec) => {
                if let Some(expr) = spec.exprs().find(|expr| expr.has_window()) {
                    let problem =
                        format!("`{expr}` depends on other rows; give it a name with `with_column` first");
                    return Err(FrameError::BadArgument { operation: "agg", problem });
                }
                over(PlanOp::Aggregate(spec), plan)?
            }
            op => over(op, plan)?,
        }))
    }

    /// Makes a frame of a table in memory, in `n_partitions` partitions of about equal length.
    ///
    /// The table is not copied. Frames made by two calls count as different, whatever they hold.
    ///
    /// # Errors
    ///
    /// `BadArgument` if `n_partitions` is 0.
    #[track_caller]
    pub fn from_table(table: &Table, n_partitions: usize) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        if n_partitions == 0 {
            let problem = "a frame has one partition at least, which may be empty".into();
            return Err(FrameError::BadArgument { operation: "from_table", problem });
        }
        let cut = |at: usize| (at as u128 * table.n_rows() as u128 / n_partitions as u128) as usize;
        let parts = (0..n_partitions).map(|at| table.slice(cut(at), cut(at + 1) - cut(at)));
        Self::of_tables(parts.collect(), info)
    }

    /// Makes a frame of tables in memory, each of which becomes a partition.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there is no table.
    /// - `SchemaMismatch` if their columns differ.
    #[track_caller]
    pub fn from_tables(tables: impl IntoIterator<Item = Table>) -> Result<Self, FrameError> {
        Self::of_tables(tables.into_iter().collect(), LayerInfo::here())
    }

    /// Makes a frame of named columns in memory, in `n_partitions` partitions of about equal length.
    ///
    /// # Errors
    ///
    /// As [`Table::new`] and [`from_table`](DataFrame::from_table).
    #[track_caller]
    pub fn from_columns<N: Into<Arc<str>>>(
        columns: impl IntoIterator<Item = (N, Column)>,
        n_partitions: usize,
    ) -> Result<Self, FrameError> {
        Self::from_table(&Table::new(columns)?, n_partitions)
    }

    /// Makes a frame of tables that a graph written by hand makes: under each of `keys`, one a partition, a
    /// [`Table`] of this schema. Another type or schema is an error of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame, Table, col};
    /// use dask_graph::{Collection, Key, graph};
    ///
    /// let table = Table::new([("n", Column::from(vec![1, 2, 3]))])?;
    /// let schema = table.schema().clone();
    /// let dsk = graph! { ("numbers", 0) => table.clone(), ("numbers", 1) => table };
    /// let frame = DataFrame::from_graph(dsk, (0..2).map(|i| Key::new("numbers", &[i])), schema);
    /// let total = frame.agg([col("n").sum()])?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(total.column("n_sum")?.get(0).to_string(), "12");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn from_graph(graph: Graph, keys: impl IntoIterator<Item = Key>, schema: Schema) -> Self {
        let op = PlanOp::Graph { graph, keys: keys.into_iter().collect() };
        Self::new(PlanNode::source(op, schema, LayerInfo::here()))
    }

    pub(crate) fn of_tables(tables: Vec<Table>, info: LayerInfo) -> Result<Self, FrameError> {
        let Some(first) = tables.first() else {
            let problem = "at least one table is needed, which may be empty".into();
            return Err(FrameError::BadArgument { operation: "from_tables", problem });
        };
        let schema = first.schema().clone();
        if let Some((index, table)) = tables.iter().enumerate().find(|(_, table)| *table.schema() != schema) {
            let (got, expected) = (table.schema().to_string(), schema.to_string());
            return Err(FrameError::SchemaMismatch { index, got, expected });
        }
        let tables = tables.into_iter().map(Value::sized).collect();
        let op = PlanOp::Tables { tables, token: Token::unique() };
        Ok(Self::new(PlanNode::source(op, schema, info)))
    }

    /// Returns the names and types of the columns, which those of the computed table will be.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.plan.schema()
    }

    /// Returns the number of partitions.
    #[must_use]
    pub fn n_partitions(&self) -> usize {
        self.lowered().keys.len()
    }

    /// Returns the same frame, whose plan will be run as it was written: to find out whether the planner is to
    /// blame for a result.
    #[must_use]
    pub fn unoptimized(&self) -> Self {
        Self { optimized: false, ..Self::new(Arc::clone(&self.plan)) }
    }

    /// Shows the plan as it was written and as it will be run, as trees with the last operation on top.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, col};
    /// let frame = DataFrame::from_columns([("x", Column::from(vec![1, 2])), ("y", Column::from(vec![3, 4]))], 2)?;
    /// let frame = frame.with_column("z", col("x") + col("y"))?.filter(col("x").gt(1))?.select(["z"])?;
    /// assert_eq!(frame.explain_plan(), "\
    /// as written:
    ///   project z
    ///     filter (x > 1)
    ///       project x, y, (x + y) as z
    ///         tables: columns [x, y] in 2 partitions
    /// as run:
    ///   project (x + y) as z
    ///     filter (x > 1)
    ///       tables: columns [x, y] in 2 partitions
    /// ");
    /// # Ok::<(), dask_frame::FrameError>(())
    /// ```
    #[must_use]
    pub fn explain_plan(&self) -> String {
        let indented = |plan: &Plan| show(plan).lines().map(|line| format!("  {line}\n")).collect::<String>();
        format!("as written:\n{}as run:\n{}", indented(&self.plan), indented(&self.planned()))
    }

    fn planned(&self) -> Plan {
        if self.optimized { optimize(&self.plan) } else { Arc::clone(&self.plan) }
    }

    fn lowered(&self) -> &Lowered {
        self.lowered.get_or_init(|| lower(&self.planned()))
    }
}

impl fmt::Debug for DataFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataFrame({})\n{}", self.schema(), show(&self.plan))
    }
}
