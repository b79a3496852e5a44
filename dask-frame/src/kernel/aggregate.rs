//! Aggregates by group in three steps: a partial state a partition, states merged, the state finished.
//!
//! A state is a few columns with a row a group, so that partial results are tables like any other:
//!
//! | aggregate | state |
//! |---|---|
//! | sum, prod, count, size, min, max, any, all | the value so far |
//! | first, last | the value so far; with missing values its number of rows, too |
//! | idxmin, idxmax | the value so far, its label |
//! | mean | sum (float), count |
//! | var, std, sem, skew, kurt | count, mean, sums of powers of the distances from the mean |
//! | cov, corr | count, both means, sums of products of distances |
//! | list | every value, in a list |
//!
//! Other states need more than a row a group, and come in any number of rows:
//!
//! | aggregate | rows of the state |
//! |---|---|
//! | quantile | every value |
//! | nunique | every different value |
//! | unique | every different value, and that it is one |
//! | mode | every different value, how often it comes |
//! | nunique_approx | the registers of the sketch that are not zero, with their values |
//! | quantile_approx | the means and weights of the digest |
//!
//! Where missing values or too few values make a result missing, they are counted in two more columns.

mod collect;
mod digest;
mod fold;
mod moments;
mod pick;
mod sketch;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub(crate) use collect::Rank;

use super::group::Groups;
use crate::column::{Column, Mask, View};
use crate::expr::{Aggregate, AggregateKind, cast_column};
use crate::schema::DataType;

/// An integer result does not fit its type.
#[derive(Debug)]
pub(crate) struct Overflow;

/// How some columns are reduced to one value a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reduction {
    kind: AggregateKind,
    inputs: Vec<DataType>,
    output: DataType,
    takes_nulls: bool,
    spoilt_by_nulls: bool,
    min_count: u32,
}

/// What is known of each group so far.
pub(crate) struct State {
    /// Columns with a row a group.
    pub(crate) one: Vec<Column>,
    /// Columns with any number of rows a group.
    pub(crate) many: Ragged,
}

/// Rows by group: those of group `g` are `starts[g]..starts[g + 1]`.
#[derive(Default)]
pub(crate) struct Ragged {
    pub(crate) starts: Vec<u32>,
    pub(crate) columns: Vec<Column>,
}

impl Ragged {
    /// Returns the rows of a group.
    fn rows(&self, group: usize) -> std::ops::Range<usize> {
        self.starts[group] as usize..self.starts[group + 1] as usize
    }

    /// Returns how many groups there are.
    fn n(&self) -> usize {
        self.starts.len() - 1
    }
}

impl Reduction {
    pub(crate) fn new(aggregate: &Aggregate, inputs: Vec<DataType>, output: DataType) -> Self {
        Self {
            kind: aggregate.kind(),
            inputs,
            output,
            takes_nulls: aggregate.takes_nulls(),
            spoilt_by_nulls: aggregate.spoilt_by_nulls(),
            min_count: aggregate.least_count(),
        }
    }

    pub(crate) fn output(&self) -> DataType {
        self.output.clone()
    }

    /// Returns whether another reduction of the same inputs has the same states.
    pub(crate) fn same_state(&self, other: &Self) -> bool {
        let quantiles = |kind| matches!(kind, AggregateKind::Quantile(_));
        let digests = |kind| matches!(kind, AggregateKind::QuantileApprox(_));
        let moments = |kind: AggregateKind| moments::powers(kind).filter(|&powers| powers > 1);
        let pairs = |kind| matches!(kind, AggregateKind::Cov { .. } | AggregateKind::Corr);
        let (a, b) = (self.kind, other.kind);
        self.inputs == other.inputs
            && (self.takes_nulls, self.spoilt_by_nulls, self.min_count)
                == (other.takes_nulls, other.spoilt_by_nulls, other.min_count)
            && (a == b
                || quantiles(a) && quantiles(b)
                || digests(a) && digests(b)
                || pairs(a) && pairs(b)
                || moments(a).is_some() && moments(a) == moments(b))
    }

    /// Returns whether states are as large as what they were made of.
    pub(crate) fn keeps_values(&self) -> bool {
        let some = matches!(self.kind, AggregateKind::NUnique | AggregateKind::Unique | AggregateKind::Mode);
        some || self.keeps_every_value()
    }

    /// Returns whether states hold all values that are not missing.
    pub(crate) fn keeps_every_value(&self) -> bool {
        matches!(self.kind, AggregateKind::Quantile(_) | AggregateKind::List)
    }

    fn is_guarded(&self) -> bool {
        self.spoilt_by_nulls || self.min_count > 0
    }

    /// Returns the types of the columns of a state with a row a group, and of those with any number.
    pub(crate) fn state_dtypes(&self) -> (Vec<DataType>, Vec<DataType>) {
        use DataType::{Bool, Float64, Int64};
        let input = self.inputs.first().cloned().unwrap_or(Int64);
        let (mut one, many) = match self.kind {
            AggregateKind::First | AggregateKind::Last if self.takes_nulls => (vec![input, Int64], vec![]),
            AggregateKind::IdxMin | AggregateKind::IdxMax => (vec![input, self.output.clone()], vec![]),
            AggregateKind::Mean => (vec![Float64, Int64], vec![]),
            AggregateKind::Cov { .. } | AggregateKind::Corr => {
                (vec![Int64, Float64, Float64, Float64, Float64, Float64], vec![])
            }
            AggregateKind::Quantile(_) => (vec![], vec![Float64]),
            AggregateKind::QuantileApprox(_) => (vec![], vec![Float64, Float64]),
            AggregateKind::NUnique => (vec![], vec![input]),
            AggregateKind::Unique => (vec![], vec![input, Bool]),
            AggregateKind::NUniqueApprox => (vec![], vec![Int64]),
            AggregateKind::Mode => (vec![], vec![input, Int64]),
            kind => match moments::powers(kind) {
                Some(powers) => ([Int64].into_iter().chain(vec![Float64; powers]).collect(), vec![]),
                None => (vec![self.accumulator()], vec![]),
            },
        };
        if self.is_guarded() {
            one.extend([Int64, Int64]);
        }
        (one, many)
    }

    /// Returns the type of a state that is the value so far: sums and products of floats have 64 bits.
    fn accumulator(&self) -> DataType {
        match (self.kind, &self.output) {
            (AggregateKind::Sum | AggregateKind::Product, DataType::Float32) => DataType::Float64,
            (_, output) => output.clone(),
        }
    }

    /// Returns the states of groups without rows.
    pub(crate) fn of_no_rows(&self, groups: &Groups) -> Result<State, Overflow> {
        let inputs = self.inputs.iter().map(|dtype| Column::nulls(dtype, 0)).collect::<Vec<_>>();
        self.partial(&inputs, groups)
    }

    /// Computes the state of each group from the rows.
    pub(crate) fn partial(&self, inputs: &[Column], groups: &Groups) -> Result<State, Overflow> {
        let mut state = self.partial_bare(inputs, groups)?;
        if self.is_guarded() {
            let validity = inputs
                .iter()
                .fold(None, |all: Option<Mask>, input| Mask::both(all.as_ref(), input.validity().as_ref()));
            state.one.extend([fold::count(validity.as_ref(), groups), fold::count(None, groups)]);
        }
        Ok(state)
    }

    fn partial_bare(&self, inputs: &[Column], groups: &Groups) -> Result<State, Overflow> {
        let Some(input) = inputs.first() else { return Ok(State::one(vec![fold::count(None, groups)])) };
        let labels = || inputs.get(1).expect("an extreme with labels, or a pair, has two inputs");
        Ok(match self.kind {
            AggregateKind::Size => State::one(vec![fold::count(None, groups)]),
            AggregateKind::Count => State::one(vec![fold::count(input.validity().as_ref(), groups)]),
            AggregateKind::Sum => State::one(vec![fold::sum(&self.added_up(input), groups)?]),
            AggregateKind::Product => State::one(vec![fold::product(&self.added_up(input), groups)?]),
            AggregateKind::Any => State::one(vec![fold::truth(input, groups, true)]),
            AggregateKind::All => State::one(vec![fold::truth(input, groups, false)]),
            AggregateKind::Mean => State::one(fold::mean(input, groups)),
            AggregateKind::Min | AggregateKind::Max => {
                State::one(vec![pick::extreme(self.kind, input, groups)])
            }
            AggregateKind::First | AggregateKind::Last if self.takes_nulls => {
                let rows = pick::end_rows(self.kind, None, groups);
                State::one(vec![input.take(&rows), fold::count(None, groups)])
            }
            AggregateKind::First | AggregateKind::Last => {
                State::one(vec![input.take(&pick::end_rows(self.kind, input.validity().as_ref(), groups))])
            }
            AggregateKind::IdxMin | AggregateKind::IdxMax => {
                let rows = pick::extreme_rows(self.kind, input, groups);
                State::one(vec![input.take(&rows), labels().take(&rows)])
            }
            AggregateKind::Cov { .. } | AggregateKind::Corr => {
                State::one(moments::of_pairs(input, labels(), groups))
            }
            AggregateKind::Quantile(_) => State::many(collect::values(input, groups)),
            AggregateKind::QuantileApprox(_) => State::many(digest::of(input, groups)),
            AggregateKind::NUnique => State::many(collect::distinct(input, groups)),
            AggregateKind::NUniqueApprox => State::many(sketch::of(input, groups)),
            AggregateKind::Mode => State::many(collect::tally(input, None, groups)),
            AggregateKind::List => State::one(vec![collect::list(input, groups)]),
            AggregateKind::Unique => State::many(collect::unique(input, groups)),
            kind => {
                let powers = moments::powers(kind).expect("all other kinds are moments");
                State::one(moments::of(input, groups, powers))
            }
        })
    }

    /// Returns numbers in the type in which they are added up or multiplied: of those without sign, one without.
    fn added_up<'a>(&self, input: &'a Column) -> Cow<'a, Column> {
        match self.output {
            DataType::UInt64 => {
                let unsigned = cast_column("aggregate", input, &DataType::UInt64);
                Cow::Owned(unsigned.expect("integers without sign fit the widest type of such"))
            }
            _ => input.wide(),
        }
    }

    /// Joins states: rows of a group become one state. Columns of any number of rows have missing values where
    /// there is no row, the others have one where the row is of no group of `firsts`.
    pub(crate) fn merge(
        &self,
        (one, firsts): (&[Column], &Groups),
        (many, groups): (&[Column], &Groups),
    ) -> Result<State, Overflow> {
        let (one, guards) = one.split_at(one.len() - if self.is_guarded() { 2 } else { 0 });
        let mut state = match self.kind {
            AggregateKind::Product => State::one(vec![fold::merge_products(&one[0], firsts)?]),
            AggregateKind::Any => State::one(vec![fold::truth(&one[0], groups, true)]),
            AggregateKind::All => State::one(vec![fold::truth(&one[0], groups, false)]),
            AggregateKind::Min | AggregateKind::Max => {
                State::one(vec![pick::extreme(self.kind, &one[0], firsts)])
            }
            AggregateKind::First | AggregateKind::Last if self.takes_nulls => {
                // A state of no rows, as of an empty partition without keys, has no first row.
                let rows = pick::end_rows(self.kind, Some(&fold::positive(&one[1])), firsts);
                State::one(vec![one[0].take(&rows), fold::sum(&one[1], firsts)?])
            }
            AggregateKind::First | AggregateKind::Last => {
                let rows = pick::end_rows(self.kind, one[0].validity().as_ref(), firsts);
                State::one(vec![one[0].take(&rows)])
            }
            AggregateKind::IdxMin | AggregateKind::IdxMax => {
                let rows = pick::extreme_rows(self.kind, &one[0], firsts);
                State::one(one.iter().map(|column| column.take(&rows)).collect())
            }
            AggregateKind::Cov { .. } | AggregateKind::Corr => State::one(moments::merge_pairs(one, firsts)),
            AggregateKind::Quantile(_) => State::many(collect::values(&many[0], groups)),
            AggregateKind::QuantileApprox(_) => State::many(digest::merge(many, groups)),
            AggregateKind::NUnique => State::many(collect::distinct(&many[0], groups)),
            AggregateKind::NUniqueApprox => State::many(sketch::merge(&many[0], groups)),
            AggregateKind::Mode => State::many(collect::tally(&many[0], Some(&many[1]), groups)),
            AggregateKind::List => State::one(vec![collect::join_lists(&one[0], firsts)]),
            AggregateKind::Unique => {
                let are_values = many[1].validity();
                let of_values = are_values.map(|are_values| groups.only(&are_values));
                State::many(collect::unique(&many[0], of_values.as_ref().unwrap_or(groups)))
            }
            AggregateKind::Sum | AggregateKind::Mean | AggregateKind::Count | AggregateKind::Size => {
                let sums = one.iter().map(|state| fold::merge_sums(state, firsts));
                State::one(sums.collect::<Result<_, _>>()?)
            }
            _ => State::one(moments::merge(one, firsts)),
        };
        for guard in guards {
            state.one.push(fold::sum(guard, firsts)?);
        }
        Ok(state)
    }

    /// Turns states into results.
    pub(crate) fn finish(&self, state: &State) -> Column {
        let n_guards = if self.is_guarded() { 2 } else { 0 };
        let (one, guards) = state.one.split_at(state.one.len() - n_guards);
        let result = match self.kind {
            AggregateKind::Mean => fold::finish_mean(one),
            AggregateKind::IdxMin | AggregateKind::IdxMax => one[1].clone(),
            AggregateKind::Cov { .. } | AggregateKind::Corr => moments::finish_pairs(self.kind, one),
            AggregateKind::Quantile(q) => collect::quantiles(&state.many, q),
            AggregateKind::QuantileApprox(q) => digest::quantiles(&state.many, q),
            AggregateKind::NUnique => collect::lengths(&state.many),
            AggregateKind::NUniqueApprox => sketch::counts(&state.many),
            AggregateKind::Mode => collect::most(&state.many),
            AggregateKind::Unique => collect::lists(&state.many),
            kind if moments::powers(kind).is_some() => moments::finish(kind, one),
            _ => one[0].clone(),
        };
        let result = if self.output == DataType::Float32 { result.rounded_to(&self.output) } else { result };
        let [valid, rows] = guards else { return result };
        let (valid, rows) = (ints(valid), ints(rows));
        let kept = Mask::from_fn(result.len(), |group| {
            valid[group] >= i64::from(self.min_count)
                && (!self.spoilt_by_nulls || valid[group] == rows[group])
        });
        result.masked(&kept)
    }
}

impl State {
    fn one(one: Vec<Column>) -> Self {
        Self { one, many: Ragged::default() }
    }

    fn many(many: Ragged) -> Self {
        Self { one: Vec::new(), many }
    }
}

fn ints(column: &Column) -> &[i64] {
    match column.view() {
        View::Int64(values) => values,
        _ => unreachable!("counts are integers"),
    }
}

fn floats(column: &Column) -> &[f64] {
    match column.view() {
        View::Float64(values) => values,
        _ => unreachable!("the input was converted to floats"),
    }
}
