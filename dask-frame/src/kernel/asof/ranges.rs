//! The nearest rows of a table in ranges of the key, of which one is in memory at a time.

use super::{Key, LeftKeys, Nearest, most, other_type};
use crate::column::{Column, NO_ROW, View};
use crate::error::EvalError;
use crate::expr::cast_column;
use crate::kernel::sort::{cuts, sorted_rows};
use crate::plan::asof::{AsOfSpec, Direction};
use crate::schema::Schema;
use crate::table::Table;

/// Returns the rows of a right side that have a key, in its order, and for each range where its rows end in that. Rows
/// of equal keys stay in their order.
///
/// The boundaries, a table with the key column, are the first keys of all ranges but the first. Those that are missing
/// come last, and bound nothing.
pub(crate) fn split_by_range(
    spec: &AsOfSpec,
    right: &Table,
    boundaries: &Table,
) -> Result<(Vec<u32>, Vec<usize>), EvalError> {
    let (_, name, dtype) = &spec.on;
    let key = [cast_column(name, right.column(name)?, dtype)?];
    let mut rows = sorted_rows(&key, right.n_rows(), &[false], false);
    rows.truncate(right.n_rows() - key[0].null_count());
    let ends = cuts(&key, &rows, &[bounds(spec, boundaries)?], &[false], false);
    Ok((rows, ends))
}

/// Finds the nearest rows in ranges: returns a table of rows of the right side, and for each row of the left side which
/// of these is the nearest, or [`NO_ROW`].
///
/// `load` returns the rows of a range; `None` if it has none. Each range is looked into for the keys that lie in it,
/// and for those of its neighbours that have found nothing yet and may find something near enough. Of a range only the
/// rows that were found stay in memory.
pub(crate) fn nearest_of_ranges(
    spec: &AsOfSpec,
    left: &LeftKeys,
    boundaries: &Table,
    right: &Schema,
    mut load: impl FnMut(u32) -> Result<Option<Table>, EvalError>,
) -> Result<(Table, Vec<u32>), EvalError> {
    let bounds = bounds(spec, boundaries)?.keyed().into_owned();
    let own = own_rows(left, &bounds);
    let sides: &[Direction] = match spec.direction {
        Direction::Nearest => &[Direction::Backward, Direction::Forward],
        Direction::Backward => &[Direction::Backward],
        Direction::Forward => &[Direction::Forward],
    };
    let best = vec![None; left.on.len()];
    let mut search = Search { spec, left, bounds, most: most(spec), best, found: Vec::new(), n_found: 0 };
    let mut loaded: Option<(usize, Nearest)> = None;
    for &side in sides {
        let mut pending = Vec::new();
        for step in 0..own.len() {
            let range = match side {
                Direction::Forward => step,
                _ => own.len() - 1 - step,
            };
            if !pending.is_empty() {
                // What is pending lies beyond the boundary from which this pass comes.
                let bound = match side {
                    Direction::Forward => range - 1,
                    _ => range,
                };
                search.drop_beyond(bound, &mut pending);
            }
            pending.extend(&own[range]);
            if pending.is_empty() {
                continue;
            }
            if loaded.as_ref().is_none_or(|(at, _)| *at != range) {
                // The last one goes before the next comes.
                loaded = None;
                let Some(table) = load(range as u32)? else { continue };
                loaded = Some((range, Nearest::new(spec, &table)?));
            }
            if let Some((_, nearest)) = &loaded {
                search.look_into(nearest, side, &mut pending);
            }
        }
    }
    search.finish(right)
}

/// What was found so far.
struct Search<'a> {
    spec: &'a AsOfSpec,
    left: &'a LeftKeys,
    /// The first keys of all ranges but the first.
    bounds: Column,
    /// The largest distance.
    most: u64,
    /// For each row of the left side the distance of the nearest row, and which of those found it is.
    best: Vec<Option<(u64, usize)>>,
    found: Vec<Table>,
    n_found: usize,
}

impl Search<'_> {
    fn is_nearer(&self, row: u32, far: u64) -> bool {
        far <= self.most && self.best[row as usize].is_none_or(|(nearest, _)| far < nearest)
    }

    /// Drops the rows for which nothing on the other side of a boundary is nearer than what they have.
    fn drop_beyond(&self, bound: usize, rows: &mut Vec<u32>) {
        fn drop<K: Key>(keys: &[K], bound: K, rows: &mut Vec<u32>, is_nearer: impl Fn(u32, u64) -> bool) {
            rows.retain(|row| is_nearer(*row, keys[*row as usize].distance(bound)));
        }
        let is_nearer = |row, far| self.is_nearer(row, far);
        match (self.left.on.view(), self.bounds.view()) {
            (View::Float64(keys), View::Float64(bounds)) => drop(keys, bounds[bound], rows, is_nearer),
            (View::Int64(keys) | View::Ticks(keys, _), View::Int64(bounds) | View::Ticks(bounds, _)) => {
                drop(keys, bounds[bound], rows, is_nearer);
            }
            _ => other_type(),
        }
    }

    /// Looks for the nearest rows on one side of these rows, of which those stay that have found none.
    fn look_into(&mut self, nearest: &Nearest, side: Direction, pending: &mut Vec<u32>) {
        let (mut found, mut still) = (Vec::new(), Vec::new());
        nearest.candidates(side, self.spec.exact, &self.left.take(pending), |at, [before, after]| {
            let row = pending[at];
            match before.or(after) {
                None => still.push(row),
                Some((far, other)) if self.is_nearer(row, far) => {
                    self.best[row as usize] = Some((far, self.n_found + found.len()));
                    found.push(other);
                }
                Some(_) => {}
            }
        });
        self.n_found += found.len();
        self.found.push(nearest.index.table.take(&found));
        *pending = still;
    }

    fn finish(self, right: &Schema) -> Result<(Table, Vec<u32>), EvalError> {
        // No table has more rows than 32 bits can number.
        let found = Table::concat(right, &self.found.iter().collect::<Vec<_>>())?;
        let rows = self.best.into_iter().map(|best| best.map_or(NO_ROW, |(_, row)| row as u32));
        Ok((found, rows.collect()))
    }
}

/// Returns the boundaries that there are, in the type in which keys are compared.
fn bounds(spec: &AsOfSpec, boundaries: &Table) -> Result<Column, EvalError> {
    let (_, name, dtype) = &spec.on;
    let bounds = cast_column(name, boundaries.column(name)?, dtype)?;
    Ok(bounds.slice(0, bounds.len() - bounds.null_count()))
}

/// Returns for each range the rows whose keys lie in it.
fn own_rows(left: &LeftKeys, bounds: &Column) -> Vec<Vec<u32>> {
    fn of<K: Key>(keys: &[K], bounds: &[K], is_valid: impl Fn(usize) -> bool) -> Vec<Vec<u32>> {
        let mut own = vec![Vec::new(); bounds.len() + 1];
        for (row, key) in keys.iter().enumerate().filter(|(row, _)| is_valid(*row)) {
            own[bounds.partition_point(|bound| bound <= key)].push(row as u32);
        }
        own
    }
    let validity = left.on.validity();
    let is_valid = |row: usize| validity.as_ref().is_none_or(|valid| valid.get(row));
    match (left.on.view(), bounds.view()) {
        (View::Float64(keys), View::Float64(bounds)) => of(keys, bounds, is_valid),
        (View::Int64(keys) | View::Ticks(keys, _), View::Int64(bounds) | View::Ticks(bounds, _)) => {
            of(keys, bounds, is_valid)
        }
        _ => other_type(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Scalar;
    use crate::schema::DataType;

    const SIDES: [Direction; 3] = [Direction::Backward, Direction::Forward, Direction::Nearest];

    /// The ranges that are loaded, of ten with ten keys each, the numbers up to 100, for one row with this key; the
    /// right side has group 0 alone.
    fn loaded(key: i64, group: i64, direction: Direction, exact: bool, tolerance: Option<i64>) -> Vec<u32> {
        let table = |keys: Vec<i64>, group: i64| {
            let groups = Column::from(vec![group; keys.len()]);
            Table::new([("t", Column::from(keys)), ("g", groups)]).unwrap()
        };
        let on = |name: &str| (name.into(), name.into(), DataType::Int64);
        let (tolerance, columns) = (tolerance.map(Scalar::Int64), Vec::new());
        let spec = AsOfSpec { on: on("t"), by: vec![on("g")], direction, tolerance, exact, columns };
        let left = LeftKeys::new(&spec, &table(vec![key], group)).unwrap();
        let boundaries = table((10..100).step_by(10).collect(), 0);
        let mut loaded = Vec::new();
        let load = |range: u32| {
            loaded.push(range);
            let first = i64::from(range) * 10;
            Ok(Some(table((first..first + 10).collect(), 0)))
        };
        nearest_of_ranges(&spec, &left, &boundaries, boundaries.schema(), load).unwrap();
        loaded
    }

    #[test]
    fn a_range_with_the_nearest_row_is_the_only_one() {
        for direction in SIDES {
            assert_eq!(loaded(55, 0, direction, true, None), [5], "{direction:?}");
            assert_eq!(loaded(55, 0, direction, false, None), [5], "{direction:?}");
            assert_eq!(loaded(50, 0, direction, true, None), [5], "{direction:?}");
            assert_eq!(loaded(55, 0, direction, true, Some(0)), [5], "{direction:?}");
        }
        assert_eq!(loaded(-7, 0, Direction::Backward, true, None), [0]);
        assert_eq!(loaded(200, 0, Direction::Forward, true, None), [9]);
    }

    #[test]
    fn neighbours_follow_until_something_is_found() {
        assert_eq!(loaded(50, 0, Direction::Backward, false, None), [5, 4]);
        assert_eq!(loaded(59, 0, Direction::Forward, false, None), [5, 6]);
        // The row before 59 is as near as the first of the next range.
        assert_eq!(loaded(59, 0, Direction::Nearest, false, None), [5]);
        assert_eq!(loaded(50, 0, Direction::Nearest, false, None), [5, 4, 5]);
        // No row is of this group.
        assert_eq!(loaded(35, 1, Direction::Backward, true, None), [3, 2, 1, 0]);
        assert_eq!(loaded(75, 1, Direction::Forward, true, None), [7, 8, 9]);
        assert_eq!(loaded(15, 1, Direction::Nearest, true, Some(12)), [1, 0, 1, 2]);
    }

    #[test]
    fn neighbours_that_are_too_far_away_do_not() {
        assert_eq!(loaded(55, 1, Direction::Backward, true, Some(12)), [5, 4]);
        assert_eq!(loaded(55, 1, Direction::Forward, true, Some(4)), [5]);
        assert_eq!(loaded(55, 1, Direction::Forward, true, Some(5)), [5, 6]);
    }
}
