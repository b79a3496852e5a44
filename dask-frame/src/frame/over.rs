//! Window functions within groups.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::scan::some_fresh;
use super::{DataFrame, GroupBy, Sort};
use crate::error::FrameError;
use crate::expr::{Expr, col, when};
use crate::plan::layout::Layout;
use crate::plan::window::taken_out_of_groups;

impl GroupBy {
    /// Adds or replaces columns whose window functions ([`rank`](Expr::rank), [`rolling`](Expr::rolling),
    /// [`shift`](Expr::shift), [`ffill`](Expr::ffill), [`cum_sum`](Expr::cum_sum) and so on) see the rows of each row's
    /// group and no others. All expressions see the columns as they were before. Rows with a missing key get no
    /// value, unless [`keep_nulls`](GroupBy::keep_nulls) is set. The rows stay in their order, and may be cut into
    /// partitions elsewhere.
    ///
    /// The groups are brought together, and the rows back into their order, by two exchanges; a group has to fit in
    /// memory. What [`scan`](GroupBy::scan) can do, it does without.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in an expression.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, RankMethod, col};
    /// # use dask_graph::Collection;
    /// let columns = [("who", Column::from(vec!["a", "b", "a", "a"])), ("n", Column::from(vec![7, 1, 5, 6]))];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let n = col("n");
    /// let columns = [("place", n.rank(RankMethod::Min)), ("mean", n.rolling(2).mean())];
    /// let table = frame.group_by(["who"]).over(columns)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("place")?, &Column::from(vec![3.0, 1.0, 1.0, 2.0]));
    /// assert_eq!(table.column("mean")?, &Column::from(vec![None, None, Some(6.0), Some(5.5)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn over<N: Into<Arc<str>>, E: Into<Expr>>(
        &self,
        columns: impl IntoIterator<Item = (N, E)>,
    ) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        let columns = columns.into_iter().map(|(name, expr)| (name.into(), expr.into().unaliased()));
        let (names, exprs): (Vec<Arc<str>>, Vec<Expr>) = columns.unzip();
        let [number] = some_fresh(self.frame.schema(), &names);
        let numbered = GroupBy {
            frame: self.frame.with_row_number(Arc::clone(&number))?,
            keys: self.keys.clone(),
            drop_nulls: false,
            sort: false,
            observed: true,
        };
        let (rows, keys) = numbered.together()?;
        let (plan, exprs) = taken_out_of_groups(Arc::clone(&rows.plan), exprs, &keys, &info)?;
        let in_group =
            keys.iter().filter(|_| self.drop_nulls).map(|name| col(Arc::clone(name)).is_not_null());
        let exprs = match in_group.reduce(|all, next| all.and(next)) {
            None => exprs,
            Some(in_group) => {
                exprs.into_iter().map(|expr| when(in_group.clone()).then(expr).otherwise_null()).collect()
            }
        };
        let kept = self.frame.schema().names().map(Arc::<str>::from);
        let mut wanted = kept.collect::<Vec<_>>();
        wanted.extend(names.iter().filter(|name| self.frame.schema().position(name).is_none()).cloned());
        let computed = rows.over(plan).with_columns(names.into_iter().zip(exprs))?;
        let ordered = computed.sort_values(Sort::by(number))?.select(wanted.iter().map(|name| &**name))?;
        Ok(match self.frame.index() {
            Some(index) => ordered.laid_out(Layout::Mark { name: Some(index.into()) }, info),
            None => ordered,
        })
    }
}
