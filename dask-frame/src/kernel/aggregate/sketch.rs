//! Counts of different values by HyperLogLog, after Flajolet, Fusy, Gandouet and Meunier (2007).
//!
//! A value's hash chooses one of 2¹⁴ registers, which keeps the longest run of zeros that the rest of a hash began
//! with. A state has a row for each register that is not zero: its number, and in the lower six bits the run.

use super::{Ragged, ints};
use crate::column::Column;
use crate::kernel::group::Groups;
use crate::kernel::keys::Keys;

const REGISTER_BITS: u32 = 14;
const REGISTERS: u32 = 1 << REGISTER_BITS;
const RUN_BITS: u32 = 6;

/// Sketches the values that are there.
pub(super) fn of(input: &Column, groups: &Groups) -> Ragged {
    let columns = [input.clone()];
    let hashes = Keys::new(&columns, input.len()).hashes();
    let register = |hash: u64| {
        let hash = mixed(hash);
        let register = hash >> (64 - REGISTER_BITS);
        // The bit behind those that are looked at ends every run.
        let run = ((hash << REGISTER_BITS) | (1 << (REGISTER_BITS - 1))).leading_zeros() + 1;
        (register << RUN_BITS | u64::from(run)) as i64
    };
    let registers = hashes.into_iter().map(register).collect::<Vec<_>>();
    let registers = Column::from_i64s(registers, input.validity());
    merge(&registers, groups)
}

/// Makes every bit depend on every other, as the finalizer of SplitMix (Steele, Lea and Flood, 2014): hashes for tables
/// are good in some of their bits only.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Keeps the longest run of each register.
pub(super) fn merge(registers: &Column, groups: &Groups) -> Ragged {
    let validity = registers.validity();
    let values = ints(registers);
    let numbers = values.iter().map(|value| value >> RUN_BITS).collect::<Vec<_>>();
    let pairs = groups.split(&Column::from_i64s(numbers, validity.clone()));
    let mut longest = vec![0i64; pairs.n];
    pairs.for_each(|row, pair| longest[pair] = longest[pair].max(values[row]));
    let of = pairs.first_rows.iter().map(|&row| groups.of(row as usize));
    let (starts, order) = Groups::known(of.collect(), groups.n).rows(None);
    Ragged { starts, columns: vec![Column::from(longest).take(&order)] }
}

pub(super) fn counts(state: &Ragged) -> Column {
    let registers = ints(&state.columns[0]);
    let of = |group: usize| {
        let runs = registers[state.rows(group)].iter().map(|register| register & ((1 << RUN_BITS) - 1));
        estimate(runs.map(|run| run as i32), state.rows(group).len() as u32)
    };
    Column::from((0..state.n()).map(of).collect::<Vec<_>>())
}

/// Estimates the count from the runs of the registers that are not zero. Small counts come from the number of
/// those that are (linear counting); hashes of 64 bits need no correction of large ones.
fn estimate(runs: impl Iterator<Item = i32>, used: u32) -> i64 {
    let m = f64::from(REGISTERS);
    let zeros = f64::from(REGISTERS - used);
    let sum = runs.map(|run| 2f64.powi(-run)).sum::<f64>() + zeros;
    let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
    let estimate = if raw <= 2.5 * m && zeros > 0.0 { m * (m / zeros).ln() } else { raw };
    estimate.round() as i64
}
