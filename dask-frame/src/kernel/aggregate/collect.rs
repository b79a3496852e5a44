//! States that hold values: all of a group, or all different ones.

use super::{Ragged, floats, ints};
use crate::column::{Column, Lists, Mask, NO_ROW};
use crate::expr::to_floats;
use crate::kernel::group::Groups;

/// Collects all values, as floats.
pub(super) fn values(input: &Column, groups: &Groups) -> Ragged {
    let input = to_floats(input);
    let (starts, rows) = groups.rows(input.validity().as_ref());
    Ragged { starts, columns: vec![input.take(&rows)] }
}

/// Orders pairs of group and value by group: where each group starts, the pairs, and the first row of each.
fn first_rows(pairs: &Groups, groups: &Groups) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let of = pairs.first_rows.iter().map(|&row| groups.of(row as usize));
    let (starts, order) = Groups::known(of.collect(), groups.n).rows(None);
    let rows = order.iter().map(|&pair| pairs.first_rows[pair as usize]).collect::<Vec<_>>();
    (starts, order, rows)
}

/// Collects all different values, in the order in which they first appear.
pub(super) fn distinct(input: &Column, groups: &Groups) -> Ragged {
    let (starts, _, rows) = first_rows(&groups.split(input), groups);
    Ragged { starts, columns: vec![input.take(&rows)] }
}

/// Collects all different values, in the order in which they first appear, and that each is one: a missing value is one
/// like another.
pub(super) fn unique(input: &Column, groups: &Groups) -> Ragged {
    let (starts, _, rows) = first_rows(&groups.split_with_nulls(input), groups);
    let are_values = Column::from_mask(Mask::all(rows.len(), true), None);
    Ragged { starts, columns: vec![input.take(&rows), are_values] }
}

/// Makes lists of the values of each group, in the order of their rows.
pub(super) fn list(input: &Column, groups: &Groups) -> Column {
    let (starts, rows) = groups.rows(None);
    Lists::of_groups(&starts, input.take(&rows)).into()
}

/// Puts the lists of each group one after another.
pub(super) fn join_lists(lists: &Column, groups: &Groups) -> Column {
    let lists = lists.as_lists().unwrap_or_else(|| unreachable!("the state was made of lists"));
    let (starts, rows) = groups.rows(None);
    lists.joined_by(&starts, &rows).into()
}

/// Makes lists of the values that a state holds.
pub(super) fn lists(state: &Ragged) -> Column {
    Lists::of_groups(&state.starts, state.columns[0].clone()).into()
}

/// Collects all different values and how often they come: each `times`, or once.
pub(super) fn tally(input: &Column, times: Option<&Column>, groups: &Groups) -> Ragged {
    let pairs = groups.split(input);
    let mut counts = vec![0i64; pairs.n];
    let times = times.map(ints);
    pairs.for_each(|row, pair| counts[pair] += times.map_or(1, |times| times[row]));
    let (starts, order, rows) = first_rows(&pairs, groups);
    Ragged { starts, columns: vec![input.take(&rows), Column::from(counts).take(&order)] }
}

/// Returns how many rows each group has.
pub(super) fn lengths(state: &Ragged) -> Column {
    state.starts.windows(2).map(|ends| i64::from(ends[1] - ends[0])).collect::<Vec<_>>().into()
}

/// Returns the value that comes most often, the smallest of several.
pub(super) fn most(state: &Ragged) -> Column {
    let [values, counts] = &state.columns[..] else { unreachable!("a tally is values and counts") };
    let (view, counts) = (values.view(), ints(counts));
    let better =
        |a: usize, b: usize| counts[a].cmp(&counts[b]).then_with(|| crate::expr::order_rows(view, b, a));
    let rows = (0..state.n()).map(|group| state.rows(group).max_by(|&a, &b| better(a, b)));
    values.take(&rows.map(|row| row.map_or(NO_ROW, |row| row as u32)).collect::<Vec<_>>())
}

/// Returns the quantile of rank `q`, interpolated linearly.
pub(super) fn quantiles(state: &Ragged, q: f64) -> Column {
    let mut values = floats(&state.columns[0]).to_vec();
    let of = |group: usize| quantile(&mut values[state.rows(group)], q);
    Column::from((0..state.n()).map(of).collect::<Vec<_>>())
}

/// Finds a quantile; the values change places. NaN, which a column makes to a missing value, if there is none.
fn quantile(values: &mut [f64], q: f64) -> f64 {
    let Some(rank) = Rank::new(q, values.len() as u64) else { return f64::NAN };
    let (_, &mut low, above) = values.select_nth_unstable_by(rank.below as usize, f64::total_cmp);
    rank.between(
        |at| if at == rank.below { low } else { above.iter().copied().fold(f64::INFINITY, f64::min) },
    )
}

/// Where a quantile is among values in ascending order.
#[derive(Clone, Copy)]
pub(crate) struct Rank {
    /// The number of the last value that is not after it.
    below: u64,
    /// How much of the way to the next value it is.
    part: f64,
}

impl Rank {
    /// The rank of the quantile `q` of `n` values; `None` if there is no value.
    pub(crate) fn new(q: f64, n: u64) -> Option<Self> {
        let last = n.checked_sub(1)?;
        let at = q * last as f64;
        let below = (at.floor() as u64).min(last);
        Some(Self { below, part: at - below as f64 })
    }

    /// The numbers of the values that the quantile is made of.
    pub(crate) fn needed(&self) -> impl Iterator<Item = u64> + use<> {
        self.below..=self.below + u64::from(self.part != 0.0)
    }

    /// The quantile, interpolated linearly, where `value` gives values by their numbers.
    pub(crate) fn between(&self, mut value: impl FnMut(u64) -> f64) -> f64 {
        let low = value(self.below);
        if self.part == 0.0 {
            return low;
        }
        let high = value(self.below + 1);
        if low == high { low } else { low + (high - low) * self.part }
    }
}
