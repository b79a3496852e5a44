//! What is known of where rows are: the index of a frame and the bounds of its partitions.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::Plan;
use super::join::{Algorithm, Side};
use super::layout::Layout;
use super::node::PlanOp;
use crate::column::{Column, Scalar};
use crate::expr::{Expr, col};
use crate::kernel::keys::Keys;
use crate::kernel::sort::sorted_rows;

/// Between which values of its index the rows of each partition of a frame lie: proven, or unknown.
///
/// Known divisions are one value more than there are partitions, in order. Partition `i` holds values from the
/// `i`-th, inclusive, to the next, exclusive; the last partition holds the last value, too. That is how
/// [Dask](https://docs.dask.org/en/stable/dataframe-design.html#partitions) has them. They are never a promise of
/// the user's: what is given is checked when the frame is computed, and values outside are an error.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, Scalar};
///
/// let frame = DataFrame::from_columns([("id", Column::from(vec![7, 1, 5, 3]))], 2)?;
/// assert!(!frame.divisions().is_known());
/// let frame = frame.set_index_divisions("id", [0, 4, 9])?;
/// assert_eq!(frame.divisions().to_string(), "[0, 4, 9]");
/// assert_eq!(frame.divisions().bounds().unwrap()[1], Scalar::Int64(4));
/// # Ok::<(), dask_frame::FrameError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Divisions(Option<Column>);

impl Divisions {
    pub(crate) const UNKNOWN: Self = Self(None);

    /// Divisions that somebody has made sure of.
    pub(crate) fn known(bounds: Column) -> Self {
        Self(Some(bounds))
    }

    /// Returns whether they are known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the bounds, one more than there are partitions; `None` if they are not known.
    #[must_use]
    pub fn bounds(&self) -> Option<Vec<Scalar>> {
        let bounds = self.0.as_ref()?;
        Some((0..bounds.len()).map(|at| bounds.get(at)).collect())
    }

    pub(crate) fn column(&self) -> Option<&Column> {
        self.0.as_ref()
    }

    /// Those of some of the partitions, which are in order.
    fn of_partitions(&self, partitions: &[u32]) -> Self {
        let (Some(bounds), Some(&last)) = (&self.0, partitions.last()) else { return Self::UNKNOWN };
        let is_in_order = partitions.is_sorted_by(|a, b| a < b);
        let rows = partitions.iter().copied().chain([last + 1]).collect::<Vec<_>>();
        if is_in_order && last as usize + 1 < bounds.len() {
            Self::known(bounds.take(&rows))
        } else {
            Self::UNKNOWN
        }
    }

    /// Those of all partitions put into one.
    fn of_one(&self) -> Self {
        let Some(bounds) = &self.0 else { return Self::UNKNOWN };
        Self::known(bounds.take(&[0, bounds.len() as u32 - 1]))
    }

    /// Those of partitions one after another, if each frame ends before the next begins.
    fn one_after_another<'a>(all: impl IntoIterator<Item = &'a Divisions>) -> Self {
        let mut together: Option<Column> = None;
        for divisions in all {
            let Some(next) = &divisions.0 else { return Self::UNKNOWN };
            together = Some(match together {
                None => next.clone(),
                Some(before) if before.dtype() != next.dtype() => return Self::UNKNOWN,
                Some(before) if order(&before, before.len() - 1, next, 0) != Ordering::Less => {
                    return Self::UNKNOWN;
                }
                Some(before) => Column::concat(&[&before.slice(0, before.len() - 1), next]),
            });
        }
        together.map_or(Self::UNKNOWN, Self::known)
    }
}

impl fmt::Display for Divisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bounds) = self.bounds() else { return f.write_str("unknown") };
        let bounds = bounds.iter().map(Scalar::to_string).collect::<Vec<_>>();
        write!(f, "[{}]", bounds.join(", "))
    }
}

/// Orders a value of one column and a value of another of the same type, neither of them missing.
pub(crate) fn order(a: &Column, i: usize, b: &Column, j: usize) -> Ordering {
    let both = [Column::concat(&[&a.slice(i, 1), &b.slice(j, 1)])];
    Keys::new(&both, 2).order(0, 0, 1)
}

/// The index of a frame, a column of it, and its divisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) divisions: Divisions,
}

impl Index {
    fn with(&self, divisions: Divisions) -> Self {
        Self { name: self.name.clone(), divisions }
    }

    /// What is known of the index after an operation.
    pub(super) fn of(op: &PlanOp, inputs: &[Plan]) -> Self {
        let input = || &inputs[0].index;
        match op {
            PlanOp::Filter(_) | PlanOp::Window(_) | PlanOp::Scan(_) | PlanOp::Random { .. } => {
                input().clone()
            }
            PlanOp::Explode { column, .. } if input().name.as_ref() != Some(column) => input().clone(),
            PlanOp::Project(columns) => input().renamed(columns),
            PlanOp::Sort(_) | PlanOp::Best(_) => input().with(Divisions::UNKNOWN),
            PlanOp::Limit(_) | PlanOp::Top(..) => input().with(input().divisions.of_one()),
            PlanOp::Concat => {
                let name = input().name.clone();
                if name.is_none() || inputs.iter().any(|input| input.index.name != name) {
                    return Self::default();
                }
                let divisions = inputs.iter().map(|input| &input.index.divisions);
                Self { name, divisions: Divisions::one_after_another(divisions) }
            }
            PlanOp::FillBins(bins) => {
                Self { name: Some(Arc::clone(&bins.column)), divisions: Divisions::UNKNOWN }
            }
            PlanOp::Interleave => input().clone(),
            PlanOp::AsOf(spec) => {
                let same = spec.columns.iter().filter_map(|column| match &column.from {
                    Side::Left(name) => Some((Arc::clone(&column.name), col(Arc::clone(name)))),
                    _ => None,
                });
                input().renamed(&same.collect::<Vec<_>>())
            }
            PlanOp::Layout(layout) => input().laid_out(layout),
            // Both sides have the divisions between which their rows were brought.
            PlanOp::Join(spec) => match (&spec.index, spec.algorithm) {
                (Some(name), Algorithm::Aligned) => {
                    Self { name: Some(Arc::clone(name)), divisions: input().divisions.clone() }
                }
                (name, _) => Self { name: name.clone(), divisions: Divisions::UNKNOWN },
            },
            _ => Self::default(),
        }
    }

    fn renamed(&self, columns: &[(Arc<str>, Expr)]) -> Self {
        let Some(index) = &self.name else { return Self::default() };
        let same = columns.iter().filter(|(_, expr)| expr.as_column() == Some(index));
        match same.min_by_key(|(name, _)| name != index) {
            Some((name, _)) => Self { name: Some(Arc::clone(name)), divisions: self.divisions.clone() },
            None => Self::default(),
        }
    }

    fn laid_out(&self, layout: &Layout) -> Self {
        match layout {
            Layout::Shuffle { .. } => self.with(Divisions::UNKNOWN),
            Layout::Pick(partitions) => self.with(self.divisions.of_partitions(partitions)),
            Layout::Tail(_) => self.with(self.divisions.of_one()),
            Layout::Pieces(pieces) => match pieces.neighbours() {
                // A new partition begins where the first of its old ones does.
                Some(firsts) => self.with(self.divisions.of_partitions(&firsts).ending_as(&self.divisions)),
                None => self.with(Divisions::UNKNOWN),
            },
            Layout::Mark { name } => Self { name: name.clone(), divisions: Divisions::UNKNOWN },
            Layout::Forget => self.with(Divisions::UNKNOWN),
            Layout::Sorted { column } => {
                Self { name: Some(Arc::clone(column)), divisions: Divisions::UNKNOWN }
            }
            Layout::Divide { column, bounds }
            | Layout::Checked { column, bounds }
            | Layout::Ranges { column, bounds, .. } => {
                Self { name: Some(Arc::clone(column)), divisions: Divisions::known(bounds.clone()) }
            }
        }
    }
}

impl Divisions {
    /// With the last bound of `other`.
    fn ending_as(self, other: &Divisions) -> Self {
        let (Some(bounds), Some(other)) = (self.0, &other.0) else { return Self::UNKNOWN };
        let starts = bounds.slice(0, bounds.len() - 1);
        Self::known(Column::concat(&[&starts, &other.slice(other.len() - 1, 1)]))
    }
}

fn last(bounds: &Column) -> usize {
    bounds.len() - 1
}

/// Those bounds of two that begin first.
pub(crate) fn smaller<'a>(a: &'a Column, b: &'a Column) -> &'a Column {
    if order(a, 0, b, 0).is_le() { a } else { b }
}

/// Those bounds of two that end last.
pub(crate) fn larger<'a>(a: &'a Column, b: &'a Column) -> &'a Column {
    if order(a, last(a), b, last(b)).is_ge() { a } else { b }
}

/// All bounds of two frames from the beginning of one to the end of another.
pub(crate) fn union_within(a: &Column, b: &Column, from: &Column, to: &Column) -> Column {
    let all = Column::concat(&[a, b]);
    let end = last(to);
    let rows = sorted_rows(std::slice::from_ref(&all), all.len(), &[false], false);
    let mut bounds = vec![from.slice(0, 1)];
    for row in rows {
        let bound = all.slice(row as usize, 1);
        let is_after = bounds.last().is_some_and(|before| order(before, 0, &bound, 0).is_lt());
        if is_after && order(&bound, 0, to, end).is_lt() {
            bounds.push(bound);
        }
    }
    bounds.push(to.slice(end, 1));
    Column::concat(&bounds.iter().collect::<Vec<_>>())
}

/// All bounds of two frames between which both may have rows.
pub(crate) fn intersection(a: &Column, b: &Column) -> Column {
    let (from, to) = if order(a, 0, b, 0).is_le() { (b, a) } else { (a, b) };
    let to = if order(from, last(from), to, last(to)).is_le() { from } else { to };
    match order(from, 0, to, last(to)).is_le() {
        true => union_within(a, b, from, to),
        // They have nothing in common, which one partition can say.
        false => Column::concat(&[&to.slice(last(to), 1), &from.slice(0, 1)]),
    }
}
