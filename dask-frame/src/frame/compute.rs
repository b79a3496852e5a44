//! Frames computed: as tables, a few rows at a time, into files.

use std::path::Path;

use dask_graph::{Collection, ComputeError, Graph, Key, Name, RunOptions, Scheduler, Value, installed};

use super::DataFrame;
use crate::csv::WriteCsv;
use crate::error::WriteError;
use crate::plan::{PlanNode, PlanOp};
use crate::table::Table;

impl Collection for DataFrame {
    type Output = Table;

    fn graph(&self) -> &Graph {
        &self.lowered().graph
    }

    fn keys(&self) -> Vec<Key> {
        self.lowered().keys.clone()
    }

    fn finish(&self, values: Vec<Value>) -> Result<Table, ComputeError> {
        let tables = values.iter().map(|value| value.get::<Table>()).collect::<Result<Vec<_>, _>>();
        Table::concat(self.schema(), &tables.map_err(ComputeError::finish)?).map_err(ComputeError::finish)
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        let keys = self.keys().iter().map(|key| Key::new(rename(key.name()), key.index())).collect();
        let op = PlanOp::Graph { graph, keys };
        let (schema, index) = (self.schema().clone(), self.plan.index.clone());
        self.over(PlanNode::source_with(op, schema, index, self.plan.info.clone()))
    }
}

impl DataFrame {
    /// Computes the first `n` rows, or all if there are fewer, with the installed scheduler.
    ///
    /// The first partition is computed, then twice as many at a time, until there are enough rows.
    ///
    /// # Errors
    ///
    /// As [`compute`](Collection::compute).
    pub fn head(&self, n: usize) -> Result<Table, ComputeError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.head_opts(n, &installed.scheduler, &installed.options)
    }

    /// [`head`](DataFrame::head) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`compute_with`](Collection::compute_with).
    pub fn head_with(&self, n: usize, scheduler: &dyn Scheduler) -> Result<Table, ComputeError> {
        self.head_opts(n, scheduler, &RunOptions::default())
    }

    fn head_opts(
        &self,
        n: usize,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<Table, ComputeError> {
        let keys = self.keys();
        let (mut values, mut rows) = (Vec::new(), 0);
        while rows < n && values.len() < keys.len() {
            let end = (2 * values.len()).clamp(1, keys.len());
            for value in self.graph().values(&keys[values.len()..end], scheduler, options)? {
                rows += value.get::<Table>().map_err(ComputeError::finish)?.n_rows();
                values.push(value);
            }
        }
        Ok(self.finish(values)?.slice(0, n))
    }

    /// Computes the last `n` rows, or all if there are fewer, with the installed scheduler.
    ///
    /// The last partition is computed, then twice as many at a time, until there are enough rows.
    ///
    /// # Errors
    ///
    /// As [`compute`](Collection::compute).
    pub fn tail(&self, n: usize) -> Result<Table, ComputeError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.tail_opts(n, &installed.scheduler, &installed.options)
    }

    /// [`tail`](DataFrame::tail) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`compute_with`](Collection::compute_with).
    pub fn tail_with(&self, n: usize, scheduler: &dyn Scheduler) -> Result<Table, ComputeError> {
        self.tail_opts(n, scheduler, &RunOptions::default())
    }

    fn tail_opts(
        &self,
        n: usize,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<Table, ComputeError> {
        let keys = self.keys();
        let (mut values, mut rows) = (Vec::new(), 0);
        while rows < n && values.len() < keys.len() {
            let done = values.len();
            let more = (2 * done).clamp(1, keys.len()) - done;
            let end = keys.len() - done;
            let mut before = self.graph().values(&keys[end - more..end], scheduler, options)?;
            for value in &before {
                rows += value.get::<Table>().map_err(ComputeError::finish)?.n_rows();
            }
            before.append(&mut values);
            values = before;
        }
        let table = self.finish(values)?;
        Ok(table.slice(table.n_rows().saturating_sub(n), n))
    }

    /// Writes the frame to CSV files with the installed scheduler: to one file, or, if there is a `*` in its name, to
    /// one a partition. [`WriteCsv`] has options, and says more.
    ///
    /// # Errors
    ///
    /// As [`WriteCsv::write`].
    #[track_caller]
    pub fn to_csv(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        WriteCsv::new(path.as_ref()).write(self)
    }

    /// [`to_csv`](DataFrame::to_csv) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`to_csv`](DataFrame::to_csv).
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # let dir = tempfile::tempdir()?;
    /// let frame = DataFrame::from_columns([("name", Column::from(vec![Some("a, b"), None, Some("c")]))], 2)?;
    /// let path = dir.path().join("names.csv");
    /// frame.to_csv_with(&path, &dask_sched_sync::Sync::new())?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "name\n\"a, b\"\n\"\"\nc\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn to_csv_with(&self, path: impl AsRef<Path>, scheduler: &dyn Scheduler) -> Result<(), WriteError> {
        WriteCsv::new(path.as_ref()).write_with(self, scheduler)
    }
}
