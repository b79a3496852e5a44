//! Shuffled places, each found from itself.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::law::Draw;
use super::philox::philox;
use crate::element::{Element, Scalar};
use crate::storage::StorageError;

/// Rounds of the network: from four on, it cannot be told from any other permutation by looking at pairs (Luby
/// and Rackoff 1988); the others are for small numbers of elements.
const ROUNDS: u64 = 8;

/// Elements in another order: the numbers of their places, or values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Permutation<A> {
    n: u64,
    values: Option<Arc<[Scalar]>>,
    #[serde(skip)]
    element: PhantomData<fn() -> A>,
}

impl Permutation<i64> {
    pub(super) fn of_places(n: u64) -> Self {
        Self { n, values: None, element: PhantomData }
    }
}

impl<A: Element> Permutation<A> {
    pub(super) fn of_values(values: &[A]) -> Self {
        let scalars = values.iter().map(|value| value.to_scalar()).collect();
        Self { n: values.len() as u64, values: Some(scalars), element: PhantomData }
    }
}

impl<A: Element> Draw<A> for Permutation<A> {
    fn fill(&self, key: [u64; 2], first: u64, out: &mut [A]) -> Result<(), StorageError> {
        for (place, out) in (first..).zip(out) {
            let at = permuted(place, self.n, key);
            let value = match &self.values {
                None => Scalar::I64(at as i64),
                Some(values) => values[at as usize],
            };
            *out = A::from_scalar(value);
        }
        Ok(())
    }
}

/// Where a place below `n` goes: no two go to the same.
fn permuted(place: u64, n: u64, key: [u64; 2]) -> u64 {
    // Half of the bits of the largest place, rounded up: the network works on two halves.
    let half = (u64::BITS - n.saturating_sub(1).leading_zeros()).div_ceil(2).max(1);
    let mask = u64::MAX >> (u64::BITS - half);
    let mut at = place;
    loop {
        let (mut left, mut right) = (at >> half & mask, at & mask);
        for round in 0..ROUNDS {
            let random = philox(key, [right, round, 2, 0])[0];
            (left, right) = (right, left ^ (random & mask));
        }
        at = left << half | right;
        // Outside, it is one place further on the same cycle.
        if at < n {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_taken_once() {
        for n in [1, 2, 3, 4, 5, 16, 17, 100, 1000, 1025] {
            let mut seen: Vec<u64> = (0..n).map(|place| permuted(place, n, [n, 1])).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..n).collect::<Vec<_>>(), "{n}");
        }
    }

    #[test]
    fn all_orders_of_a_few_are_about_as_frequent() {
        let mut counts = std::collections::BTreeMap::new();
        for key in 0..6000 {
            *counts.entry([0, 1, 2].map(|place| permuted(place, 3, [key, 5]))).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&n| (880..1120).contains(&n)), "{counts:?}");
    }
}
