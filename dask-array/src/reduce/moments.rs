//! Counts, means and centred sums of powers: what variances and higher moments are merged from.

use std::io;
use std::ops::Range;

use dask_graph::{Blob, BlobError, BlobReader, Payload};

use super::fold::Folding;
use super::lanes;

/// Count, mean and sums of powers of distances from the mean, for each kept element of a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    /// Elements that went into each mean; one number if it is the same for all.
    pub(crate) counts: Vec<f64>,
    pub(crate) means: Vec<f64>,
    /// Sums of the second and higher powers of distances from the mean, one list a power.
    pub(crate) powers: Vec<Vec<f64>>,
    /// Shape of the partial result, of length one along the reduced axes.
    pub(crate) shape: Vec<usize>,
}

impl Payload for Moments {
    fn nbytes(&self) -> u64 {
        let lists = [&self.counts, &self.means].into_iter().chain(&self.powers);
        lists.map(|list| size_of_val(&**list) as u64).sum()
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let header: Vec<usize> =
            std::iter::once(self.powers.len()).chain(self.shape.iter().copied()).collect();
        let lists = [&self.counts, &self.means].into_iter().chain(&self.powers);
        let buffers = lists.map(|numbers| bytemuck::cast_slice(numbers).into()).collect();
        Some(Ok(Blob { header: bytemuck::cast_slice(&header).to_vec(), buffers }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        Moments::read(reader).map_err(BlobError::of::<Self>)
    }
}

impl Moments {
    fn read(reader: &mut BlobReader<'_>) -> io::Result<Self> {
        let header: Vec<usize> = bytemuck::pod_collect_to_vec(reader.header());
        let Some((&n_powers, shape)) = header.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the number of powers is missing"));
        };
        let (counts, means) = (reader.next_buffer()?, reader.next_buffer()?);
        let powers = (0..n_powers).map(|_| reader.next_buffer()).collect::<io::Result<_>>()?;
        Ok(Moments { counts, means, powers, shape: shape.to_vec() })
    }

    /// How many elements went into a slot.
    pub(crate) fn count(&self, slot: usize) -> f64 {
        self.counts.get(slot).or(self.counts.first()).copied().unwrap_or(0.0)
    }

    /// Takes the elements of `other` in.
    ///
    /// With d the difference of the means and n, m the counts, the mean moves by d·m/(n+m) and the squares
    /// grow by the other's and by d²·n·m/(n+m); higher powers as [`Slot::merge`] says.
    pub(crate) fn merge(&mut self, other: &Moments) {
        match (&self.counts[..], &other.counts[..], &mut self.powers[..]) {
            (&[count], &[added], [squares]) => {
                if added == 0.0 {
                    return;
                }
                let total = count + added;
                let (share, weight) = (added / total, count * added / total);
                let into = self.means.iter_mut().zip(squares);
                for ((mean, square), (&its_mean, &its_square)) in
                    into.zip(other.means.iter().zip(other.powers.iter().flatten()))
                {
                    let d = its_mean - *mean;
                    *mean += d * share;
                    *square += its_square + d * d * weight;
                }
                self.counts[0] = total;
            }
            _ => self.merge_each(other),
        }
    }

    fn merge_each(&mut self, other: &Moments) {
        let mut own = vec![0.0; self.powers.len()];
        let mut its = own.clone();
        for slot in 0..self.means.len().min(other.means.len()) {
            for (at, (a, b)) in own.iter_mut().zip(&mut its).enumerate() {
                (*a, *b) = (self.powers[at][slot], other.powers[at][slot]);
            }
            let mut merged = Slot { count: self.count(slot), mean: self.means[slot], powers: &mut own };
            merged.merge(other.count(slot), other.means[slot], &its);
            self.means[slot] = merged.mean;
            for (at, &power) in own.iter().enumerate() {
                self.powers[at][slot] = power;
            }
        }
        let counts = (0..self.counts.len().max(other.counts.len()))
            .map(|slot| self.count(slot) + other.count(slot))
            .collect();
        self.counts = counts;
    }
}

/// The moments of one slot.
struct Slot<'a> {
    count: f64,
    mean: f64,
    powers: &'a mut [f64],
}

impl Slot<'_> {
    /// Takes other elements in.
    ///
    /// With a, b how far the means lie from the common one, the sum of p-th powers becomes the sum over both of
    /// Mₚ + n·aᵖ + Σ C(p, j)·Mₚ₋ⱼ·aʲ for j from 1 to p - 2.
    fn merge(&mut self, count: f64, mean: f64, powers: &[f64]) {
        if count == 0.0 {
            return;
        }
        if self.count == 0.0 {
            (self.count, self.mean) = (count, mean);
            self.powers.copy_from_slice(powers);
            return;
        }
        let total = self.count + count;
        let d = mean - self.mean;
        let (a, b) = (-d * (count / total), d * (self.count / total));
        for p in (2..powers.len() + 2).rev() {
            let mut sum = powers[p - 2] + self.count * a.powi(p as i32) + count * b.powi(p as i32);
            for j in 1..p - 1 {
                let (mine, its) = (self.powers[p - j - 2], powers[p - j - 2]);
                sum += binomial(p, j) * (mine * a.powi(j as i32) + its * b.powi(j as i32));
            }
            self.powers[p - 2] += sum;
        }
        self.mean -= a;
        self.count = total;
    }
}

/// The number of ways to choose j of n.
fn binomial(n: usize, j: usize) -> f64 {
    (0..j).fold(1.0, |ways, i| ways * (n - i) as f64 / (i + 1) as f64)
}

/// Moments being collected.
pub(crate) struct Collecting<const SKIP_NAN: bool> {
    means: Vec<f64>,
    powers: Vec<Vec<f64>>,
    /// Elements seen by a slot; for variances of slots that are filled side by side and all elements of which count,
    /// only that of the first is kept.
    seen: Vec<f64>,
    /// For each power, what is added to a line of slots.
    scratch: Vec<Vec<f64>>,
}

impl<const SKIP_NAN: bool> Collecting<SKIP_NAN> {
    pub(crate) fn new(slots: usize, order: u32) -> Self {
        let zeros = || vec![0.0; slots];
        let n_powers = order.saturating_sub(1) as usize;
        let powers = (0..n_powers).map(|_| zeros()).collect();
        Self { means: zeros(), powers, seen: zeros(), scratch: vec![Vec::new(); n_powers + 2] }
    }

    /// `count` is the number of elements that went into each slot if none was left out.
    pub(crate) fn finish(self, count: f64, shape: Vec<usize>) -> Moments {
        let counts = if SKIP_NAN { self.seen } else { vec![count] };
        Moments { counts, means: self.means, powers: self.powers, shape }
    }

    /// Variances of slots side by side.
    fn squares_across(&mut self, slots: Range<usize>, line: &[f64]) {
        let Some(seen) = self.seen.get_mut(slots.start) else { return };
        *seen += 1.0;
        let share = 1.0 / *seen;
        let into = self.means[slots.clone()].iter_mut().zip(&mut self.powers[0][slots]);
        for ((mean, square), &x) in into.zip(line) {
            let d = x - *mean;
            *mean += d * share;
            *square += d * (x - *mean);
        }
    }

    /// The same of those that are numbers.
    fn numbers_squares_across(&mut self, slots: Range<usize>, line: &[f64]) {
        let into = self.means[slots.clone()].iter_mut().zip(&mut self.powers[0][slots.clone()]);
        for (((mean, square), seen), &x) in into.zip(&mut self.seen[slots]).zip(line) {
            let (x, one) = if x.is_nan() { (*mean, 0.0) } else { (x, 1.0) };
            *seen += one;
            let d = x - *mean;
            *mean += d / seen.max(1.0);
            *square += d * (x - *mean);
        }
    }

    /// Any powers of slots side by side: each element is merged as a set of one, power by power over the line.
    fn powers_across(&mut self, slots: Range<usize>, line: &[f64]) {
        let n = line.len();
        for list in &mut self.scratch {
            list.resize(n, 0.0);
        }
        // The distances of the old means and of the elements from the new means, and their powers.
        let Some((others, own)) = self.scratch.split_first_mut() else { return };
        for (i, slot) in slots.clone().enumerate() {
            let x = line[i];
            if SKIP_NAN && x.is_nan() {
                (others[i], own[0][i]) = (0.0, 0.0);
                continue;
            }
            let (seen, mean) = (&mut self.seen[slot], &mut self.means[slot]);
            if *seen == 0.0 {
                // An infinite element has no distance from a mean, not even when it is alone.
                let distance = if x.is_finite() { 0.0 } else { f64::NAN };
                (others[i], own[0][i], *mean, *seen) = (0.0, distance, x, 1.0);
                continue;
            }
            let d = x - *mean;
            let total = *seen + 1.0;
            (own[0][i], others[i]) = (-d / total, d * (*seen / total));
            *mean += d / total;
            *seen = total;
        }
        for p in 1..own.len() {
            let (lower, higher) = own.split_at_mut(p);
            for ((power, &last), &first) in higher[0].iter_mut().zip(&lower[p - 1]).zip(&lower[0]) {
                *power = last * first;
            }
        }
        for p in (2..self.powers.len() + 2).rev() {
            let (lower, higher) = self.powers.split_at_mut(p - 2);
            let into = &mut higher[0][slots.clone()];
            for (i, power) in into.iter_mut().enumerate() {
                let seen = (self.seen[slots.start + i] - 1.0).max(0.0);
                *power += seen * own[p - 1][i] + others[i].powi(p as i32);
            }
            for j in 1..p - 1 {
                let ways = binomial(p, j);
                let from = &lower[p - j - 2][slots.clone()];
                for ((power, &lower), &a) in into.iter_mut().zip(from).zip(&own[j - 1]) {
                    *power += ways * lower * a;
                }
            }
        }
    }
}

impl<const SKIP_NAN: bool> Folding<f64> for Collecting<SKIP_NAN> {
    fn along(&mut self, slot: usize, _: usize, line: &[f64]) {
        let keep = |x: f64, kept: f64| if SKIP_NAN && x.is_nan() { 0.0 } else { kept };
        let add = |a, b| a + b;
        let n = if SKIP_NAN { lanes::fold(line, 0.0, |x| keep(x, 1.0), add) } else { line.len() as f64 };
        if n == 0.0 {
            return;
        }
        let mean = lanes::fold(line, 0.0, |x| keep(x, x), add) / n;
        let mut powers = vec![0.0; self.powers.len()];
        for (p, power) in (2..).zip(&mut powers) {
            *power = match p {
                2 => lanes::fold(line, 0.0, |x| keep(x, (x - mean) * (x - mean)), add),
                3 => lanes::fold(line, 0.0, |x| keep(x, (x - mean) * (x - mean) * (x - mean)), add),
                4 => {
                    let fourth = |d: f64| (d * d) * (d * d);
                    lanes::fold(line, 0.0, |x| keep(x, fourth(x - mean)), add)
                }
                p => lanes::fold(line, 0.0, |x| keep(x, (x - mean).powi(p)), add),
            };
        }
        let mut own: Vec<f64> = self.powers.iter().map(|power| power[slot]).collect();
        let mut merged = Slot { count: self.seen[slot], mean: self.means[slot], powers: &mut own };
        merged.merge(n, mean, &powers);
        (self.seen[slot], self.means[slot]) = (merged.count, merged.mean);
        for (power, own) in self.powers.iter_mut().zip(own) {
            power[slot] = own;
        }
    }

    fn across(&mut self, slots: Range<usize>, _: usize, line: &[f64]) {
        match (self.powers.len(), SKIP_NAN) {
            (1, false) => self.squares_across(slots, line),
            (1, true) => self.numbers_squares_across(slots, line),
            _ => self.powers_across(slots, line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dask_graph::Value;

    #[test]
    fn moments_leave_the_process_and_come_back() {
        let moments = Moments {
            counts: vec![3.0],
            means: vec![0.5, -1.0],
            powers: vec![vec![2.0; 2], vec![1.0; 2]],
            shape: vec![2, 1],
        };
        let value = Value::sized(moments.clone());
        let (blob, read) = value.to_blob().unwrap().unwrap();
        let mut bytes = Vec::new();
        blob.write_to(&mut bytes).unwrap();
        let back = read(&mut BlobReader::new(&mut &bytes[..]).unwrap()).unwrap();
        assert_eq!(back.get(), Ok(&moments));
    }

    #[track_caller]
    fn close(got: &Moments, want: &Moments) {
        assert_eq!(got.count(0), want.count(0));
        assert!((got.means[0] - want.means[0]).abs() < 1e-9);
        for (got, want) in got.powers.iter().zip(&want.powers) {
            assert!((got[0] - want[0]).abs() <= 1e-7 * (1.0 + want[0].abs()), "{got:?} {want:?}");
        }
    }

    fn check<const SKIP_NAN: bool>(x: &[f64], order: u32) {
        let n = x.iter().filter(|x| !x.is_nan()).count() as f64;
        let of = |x: &[f64]| {
            let mut all = Collecting::<SKIP_NAN>::new(1, order);
            all.along(0, 0, x);
            all.finish(x.len() as f64, vec![1])
        };
        let mut merged = of(&x[..30]);
        merged.merge(&of(&x[30..30]));
        merged.merge(&of(&x[30..]));
        let whole = of(x);
        assert_eq!(merged.count(0), n);
        close(&merged, &whole);

        let mut across = Collecting::<SKIP_NAN>::new(1, order);
        for &x in x {
            across.across(0..1, 0, &[x]);
        }
        close(&across.finish(x.len() as f64, vec![1]), &whole);

        let mean = x.iter().filter(|x| !x.is_nan()).sum::<f64>() / n;
        for (p, power) in (2..).zip(&whole.powers) {
            let plain: f64 = x.iter().filter(|x| !x.is_nan()).map(|x| (x - mean).powi(p)).sum();
            assert!((plain - power[0]).abs() <= 1e-7 * (1.0 + plain.abs()));
        }
    }

    #[test]
    fn an_infinite_element_has_no_moments_even_alone() {
        for order in 2..6 {
            let [mut along, mut across] = [(); 2].map(|()| Collecting::<false>::new(2, order));
            along.along(0, 0, &[f64::INFINITY]);
            along.along(1, 0, &[2.0]);
            across.across(0..2, 0, &[f64::INFINITY, 2.0]);
            for collected in [along, across] {
                for power in collected.finish(1.0, vec![2]).powers {
                    assert!(power[0].is_nan() && power[1] == 0.0, "{order}: {power:?}");
                }
            }
        }
    }

    #[test]
    fn merging_is_as_seeing_all_at_once() {
        let mut x: Vec<f64> = (0..100).map(|i| 1e3 + f64::from(i * i % 37)).collect();
        for order in 2..6 {
            check::<false>(&x, order);
        }
        x[3] = f64::NAN;
        x[77] = f64::NAN;
        for order in 2..6 {
            check::<true>(&x, order);
        }
    }
}
