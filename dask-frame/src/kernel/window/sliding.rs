//! Statistics of sliding windows in time linear in the number of rows, without taking anything back out of a sum.
//!
//! A window is a queue of which both ends only move on. Two stacks make it: what is pushed lies on the back one,
//! and what is popped comes from the front one, whose entries hold the statistic of all below them. When the front
//! is empty, the back is turned over onto it. So each value is combined a few times, whatever the window, and there
//! is no cancellation as there is when values are subtracted from a running sum.

/// A statistic of some values as a few numbers, that can be made of those of two parts.
pub(super) trait Monoid<const N: usize> {
    /// Of no value.
    const EMPTY: [f64; N];

    fn combine(before: &[f64; N], after: &[f64; N]) -> [f64; N];
}

/// A queue that knows the statistic of what is in it.
pub(super) struct Queue<M, const N: usize> {
    /// The oldest value on top; each entry is the statistic of itself and all below.
    front: Vec<[f64; N]>,
    back: Vec<[f64; N]>,
    of_back: [f64; N],
    monoid: std::marker::PhantomData<M>,
}

impl<M: Monoid<N>, const N: usize> Queue<M, N> {
    pub(super) fn new() -> Self {
        Self { front: Vec::new(), back: Vec::new(), of_back: M::EMPTY, monoid: std::marker::PhantomData }
    }

    pub(super) fn push(&mut self, value: [f64; N]) {
        self.of_back = M::combine(&self.of_back, &value);
        self.back.push(value);
    }

    pub(super) fn pop(&mut self) {
        if self.front.is_empty() {
            let mut below = M::EMPTY;
            while let Some(value) = self.back.pop() {
                below = M::combine(&value, &below);
                self.front.push(below);
            }
            self.of_back = M::EMPTY;
        }
        self.front.pop();
    }

    pub(super) fn total(&self) -> [f64; N] {
        M::combine(self.front.last().unwrap_or(&M::EMPTY), &self.of_back)
    }
}

/// Count and sum.
pub(super) struct Sum;

impl Monoid<2> for Sum {
    const EMPTY: [f64; 2] = [0.0; 2];

    fn combine(a: &[f64; 2], b: &[f64; 2]) -> [f64; 2] {
        [a[0] + b[0], a[1] + b[1]]
    }
}

/// Count, smallest and largest.
pub(super) struct Extremes;

impl Monoid<3> for Extremes {
    const EMPTY: [f64; 3] = [0.0, f64::INFINITY, f64::NEG_INFINITY];

    fn combine(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
        [a[0] + b[0], a[1].min(b[1]), a[2].max(b[2])]
    }
}

/// Count, mean, and the sums of the second to fourth powers of the distances from it.
///
/// Combined after Pébay (2008), "Formulas for robust, one-pass parallel computation of covariances and
/// arbitrary-order statistical moments".
pub(super) struct Moments;

impl Monoid<5> for Moments {
    const EMPTY: [f64; 5] = [0.0; 5];

    fn combine(a: &[f64; 5], b: &[f64; 5]) -> [f64; 5] {
        let n = a[0] + b[0];
        if a[0] == 0.0 || b[0] == 0.0 {
            return if a[0] == 0.0 { *b } else { *a };
        }
        let (share_a, share_b) = (a[0] / n, b[0] / n);
        let distance = b[1] - a[1];
        let product = distance * distance * a[0] * share_b;
        let third = product * distance * (share_a - share_b);
        let fourth =
            product * distance * distance * (share_a * share_a - share_a * share_b + share_b * share_b);
        [
            n,
            a[1] + distance * share_b,
            a[2] + b[2] + product,
            a[3] + b[3] + third + 3.0 * distance * (share_a * b[2] - share_b * a[2]),
            a[4] + b[4]
                + fourth
                + 6.0 * distance * distance * (share_a * share_a * b[2] + share_b * share_b * a[2])
                + 4.0 * distance * (share_a * b[3] - share_b * a[3]),
        ]
    }
}

/// Of pairs: count, both means, the sums of squares of the distances from them, and of their products.
pub(super) struct Pairs;

impl Monoid<6> for Pairs {
    const EMPTY: [f64; 6] = [0.0; 6];

    fn combine(a: &[f64; 6], b: &[f64; 6]) -> [f64; 6] {
        let n = a[0] + b[0];
        if a[0] == 0.0 || b[0] == 0.0 {
            return if a[0] == 0.0 { *b } else { *a };
        }
        let share = b[0] / n;
        let (dx, dy) = (b[1] - a[1], b[2] - a[2]);
        let weight = a[0] * share;
        [
            n,
            a[1] + dx * share,
            a[2] + dy * share,
            a[3] + b[3] + dx * dx * weight,
            a[4] + b[4] + dy * dy * weight,
            a[5] + b[5] + dx * dy * weight,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_knows_its_sum() {
        let mut queue = Queue::<Sum, 2>::new();
        let mut window = std::collections::VecDeque::new();
        for x in 0..50 {
            queue.push([1.0, f64::from(x)]);
            window.push_back(x);
            if x % 3 != 1 {
                queue.pop();
                window.pop_front();
            }
            assert_eq!(queue.total(), [window.len() as f64, f64::from(window.iter().sum::<i32>())]);
        }
    }
}
