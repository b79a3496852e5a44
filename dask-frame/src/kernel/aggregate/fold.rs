//! Counts, sums, products and truths.

use super::{Overflow, floats, ints};
use crate::column::{Column, Mask, Numbers, View};
use crate::expr::{cast_column, to_floats};
use crate::kernel::group::Groups;
use crate::schema::DataType;

pub(super) fn count(validity: Option<&Mask>, groups: &Groups) -> Column {
    let Some(valid) = validity else { return groups.sizes() };
    if groups.one().is_some() {
        return Column::from(vec![valid.count() as i64]);
    }
    let mut counts = vec![0i64; groups.n];
    groups.each_valid(validity, |_, group| counts[group] += 1);
    Column::from(counts)
}

/// Adds up; the missing are skipped.
pub(super) fn sum(input: &Column, groups: &Groups) -> Result<Column, Overflow> {
    match input.view() {
        // A sum of infinities of both signs is NaN and so missing, as in pandas.
        View::Float64(values) => Ok(sums(values, input.validity().as_ref(), groups, |x| x).into()),
        View::Int64(values) => {
            let mut sums = vec![0i64; groups.n];
            let mut overflow = false;
            groups.zip(values, input.validity().as_ref(), |group, value| {
                let (sum, wrong) = sums[group].overflowing_add(value);
                sums[group] = sum;
                overflow |= wrong;
            });
            if overflow { Err(Overflow) } else { Ok(sums.into()) }
        }
        View::Numbers(Numbers::UInt64(values)) => {
            let mut sums = vec![Some(0u64); groups.n];
            groups.zip(values.values(), input.validity().as_ref(), |group, value| {
                sums[group] = sums[group].and_then(|sum| sum.checked_add(value));
            });
            unsigned(sums)
        }
        View::Numbers(_) => sum(&input.wide(), groups),
        _ => sum(&to_ints(input), groups),
    }
}

/// Adds up as floats what `float` makes of the values.
fn sums<T: Copy>(
    values: &[T],
    validity: Option<&Mask>,
    groups: &Groups,
    float: impl Fn(T) -> f64,
) -> Vec<f64> {
    if validity.is_none() && groups.one().is_some() {
        return vec![total(values, float)];
    }
    let mut sums = vec![0.0; groups.n];
    groups.zip(values, validity, |group, value| sums[group] += float(value));
    sums
}

/// Adds up in several sums, so that an addition need not wait for the one before it.
fn total<T: Copy>(values: &[T], float: impl Fn(T) -> f64) -> f64 {
    let (together, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for values in together {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum += float(value);
        }
    }
    rest.iter().fold(sums.iter().sum(), |sum: f64, &value| sum + float(value))
}

/// Multiplies; the missing are skipped.
pub(super) fn product(input: &Column, groups: &Groups) -> Result<Column, Overflow> {
    let validity = input.validity();
    match input.view() {
        View::Float64(values) => {
            let mut products = vec![1.0; groups.n];
            groups.zip(values, validity.as_ref(), |group, value| products[group] *= value);
            Ok(products.into())
        }
        View::Int64(values) => {
            let mut products = vec![1i64; groups.n];
            let mut overflow = false;
            groups.zip(values, validity.as_ref(), |group, value| {
                let (product, wrong) = products[group].overflowing_mul(value);
                products[group] = product;
                overflow |= wrong;
            });
            if overflow { Err(Overflow) } else { Ok(products.into()) }
        }
        View::Numbers(Numbers::UInt64(values)) => {
            let mut products = vec![Some(1u64); groups.n];
            groups.zip(values.values(), validity.as_ref(), |group, value| {
                products[group] = products[group].and_then(|product| product.checked_mul(value));
            });
            unsigned(products)
        }
        View::Numbers(_) => product(&input.wide(), groups),
        _ => product(&to_ints(input), groups),
    }
}

/// Finds whether a value is true (`any`), or whether all are.
pub(super) fn truth(input: &Column, groups: &Groups, any: bool) -> Column {
    let mut truths = vec![!any; groups.n];
    let validity = input.validity();
    match input.view() {
        View::Bool(values) => groups.each_valid(validity.as_ref(), |row, group| {
            if values.get(row) == any {
                truths[group] = any;
            }
        }),
        _ => groups.zip(floats(&to_floats(input)), validity.as_ref(), |group, value| {
            if (value != 0.0) == any {
                truths[group] = any;
            }
        }),
    }
    truths.into()
}

fn unsigned(values: Vec<Option<u64>>) -> Result<Column, Overflow> {
    let values = values.into_iter().collect::<Option<Vec<_>>>().ok_or(Overflow)?;
    Ok(Column::from_numbers(values, None))
}

fn to_ints(input: &Column) -> Column {
    cast_column("aggregate", input, &DataType::Int64).expect("numbers that are no floats are integers")
}

/// Adds up what partitions gave. A float is missing among these where infinities of both signs were added up,
/// and then so is the whole.
pub(super) fn merge_sums(states: &Column, groups: &Groups) -> Result<Column, Overflow> {
    merge(states, groups, sum)
}

/// Multiplies what partitions gave.
pub(super) fn merge_products(states: &Column, groups: &Groups) -> Result<Column, Overflow> {
    merge(states, groups, product)
}

fn merge(
    states: &Column,
    groups: &Groups,
    fold: impl Fn(&Column, &Groups) -> Result<Column, Overflow>,
) -> Result<Column, Overflow> {
    let folded = fold(states, groups)?;
    let Some(valid) = states.validity() else { return Ok(folded) };
    let mut whole = vec![true; groups.n];
    groups.each_valid(Some(&valid.not()), |_, group| whole[group] = false);
    Ok(folded.masked(&Mask::from_fn(groups.n, |group| whole[group])))
}

/// Returns sums and counts.
pub(super) fn mean(input: &Column, groups: &Groups) -> Vec<Column> {
    let validity = input.validity();
    // Integers are converted on their way: a column of floats would cost more than the sum.
    let sums = match input.view() {
        View::Int64(values) => sums(values, validity.as_ref(), groups, |value| value as f64),
        _ => sums(floats(&to_floats(input)), validity.as_ref(), groups, |x| x),
    };
    vec![sums.into(), count(validity.as_ref(), groups)]
}

pub(super) fn finish_mean(states: &[Column]) -> Column {
    let (sums, counts) = (floats(&states[0]), ints(&states[1]));
    // Nothing over nothing is NaN, which a column makes to a missing value.
    let means = sums.iter().zip(counts).map(|(sum, &n)| if n == 0 { f64::NAN } else { sum / n as f64 });
    let means = Column::from(means.collect::<Vec<f64>>());
    match states[0].validity() {
        None => means,
        Some(valid) => means.masked(&valid),
    }
}

/// Returns which counts are not 0.
pub(super) fn positive(counts: &Column) -> Mask {
    let counts = ints(counts);
    Mask::from_fn(counts.len(), |row| counts[row] > 0)
}
