//! Counts, means and centred sums: what variances are merged from.

use std::io;
use std::ops::Range;

use dask_graph::{Blob, BlobError, BlobReader, Payload};

use super::fold::Folding;
use super::lanes;

/// Count, mean and sum of squared distances from the mean, for each kept element of a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    /// Elements that went into each mean.
    pub(crate) count: f64,
    pub(crate) means: Vec<f64>,
    /// Sums of squared distances from the mean.
    pub(crate) squares: Vec<f64>,
    /// Shape of the partial result, of length one along the reduced axes.
    pub(crate) shape: Vec<usize>,
}

impl Payload for Moments {
    fn nbytes(&self) -> u64 {
        (size_of_val(&*self.means) + size_of_val(&*self.squares)) as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let shape = bytemuck::cast_slice::<usize, u8>(&self.shape);
        let header = [&self.count.to_ne_bytes(), shape].concat();
        let buffers = [&self.means, &self.squares].map(|numbers| bytemuck::cast_slice(numbers).into());
        Some(Ok(Blob { header, buffers: buffers.into() }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        Moments::read(reader).map_err(BlobError::of::<Self>)
    }
}

impl Moments {
    fn read(reader: &mut BlobReader<'_>) -> io::Result<Self> {
        let Some((count, shape)) = reader.header().split_first_chunk() else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the count is missing"));
        };
        let (count, shape) = (f64::from_ne_bytes(*count), bytemuck::pod_collect_to_vec(shape));
        Ok(Moments { count, shape, means: reader.next_buffer()?, squares: reader.next_buffer()? })
    }

    /// Takes the elements of `other` in.
    ///
    /// With d the difference of the means and n, m the counts, the mean moves by d·m/(n+m) and the squares
    /// grow by the other's and by d²·n·m/(n+m).
    pub(crate) fn merge(&mut self, other: &Moments) {
        if other.count == 0.0 {
            return;
        }
        let total = self.count + other.count;
        let (share, weight) = (other.count / total, self.count * other.count / total);
        let into = self.means.iter_mut().zip(&mut self.squares);
        for ((mean, square), (&its_mean, &its_square)) in into.zip(other.means.iter().zip(&other.squares)) {
            let d = its_mean - *mean;
            *mean += d * share;
            *square += its_square + d * d * weight;
        }
        self.count = total;
    }
}

/// Moments being collected.
pub(crate) struct Collecting {
    means: Vec<f64>,
    squares: Vec<f64>,
    /// Elements seen by a slot; for slots that are filled side by side, only that of the first is kept.
    seen: Vec<f64>,
}

impl Collecting {
    pub(crate) fn new(slots: usize) -> Self {
        Self { means: vec![0.0; slots], squares: vec![0.0; slots], seen: vec![0.0; slots] }
    }

    pub(crate) fn finish(self, count: f64, shape: Vec<usize>) -> Moments {
        Moments { count, means: self.means, squares: self.squares, shape }
    }
}

impl Folding<f64> for Collecting {
    fn along(&mut self, slot: usize, line: &[f64]) {
        let n = line.len() as f64;
        if n == 0.0 {
            return;
        }
        let mean = lanes::sum(line) / n;
        let squares = lanes::fold(line, 0.0, |x: f64| (x - mean) * (x - mean), |a, b| a + b);
        let seen = self.seen[slot];
        let total = seen + n;
        let d = mean - self.means[slot];
        self.means[slot] += d * (n / total);
        self.squares[slot] += squares + d * d * (seen * n / total);
        self.seen[slot] = total;
    }

    fn across(&mut self, slots: Range<usize>, line: &[f64]) {
        let Some(seen) = self.seen.get_mut(slots.start) else { return };
        *seen += 1.0;
        let share = 1.0 / *seen;
        let into = self.means[slots.clone()].iter_mut().zip(&mut self.squares[slots]);
        for ((mean, square), &x) in into.zip(line) {
            let d = x - *mean;
            *mean += d * share;
            *square += d * (x - *mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dask_graph::Value;

    #[test]
    fn moments_leave_the_process_and_come_back() {
        let moments =
            Moments { count: 3.0, means: vec![0.5, -1.0], squares: vec![2.0; 2], shape: vec![2, 1] };
        let value = Value::sized(moments.clone());
        let (blob, read) = value.to_blob().unwrap().unwrap();
        let mut bytes = Vec::new();
        blob.write_to(&mut bytes).unwrap();
        let back = read(&mut BlobReader::new(&mut &bytes[..]).unwrap()).unwrap();
        assert_eq!(back.get(), Ok(&moments));
    }

    #[test]
    fn merging_is_as_seeing_all_at_once() {
        let x: Vec<f64> = (0..100).map(|i| 1e6 + f64::from(i * i % 37)).collect();
        let of = |x: &[f64]| {
            let mut all = Collecting::new(1);
            all.along(0, x);
            all.finish(x.len() as f64, vec![1])
        };
        let mut merged = of(&x[..30]);
        merged.merge(&of(&x[30..30]));
        merged.merge(&of(&x[30..]));
        let whole = of(&x);
        assert_eq!(merged.count, 100.0);
        assert!((merged.means[0] - whole.means[0]).abs() < 1e-9);
        assert!((merged.squares[0] - whole.squares[0]).abs() < 1e-6);

        let mut across = Collecting::new(1);
        for &x in &x {
            across.across(0..1, &[x]);
        }
        assert!((across.squares[0] - whole.squares[0]).abs() < 1e-6);
    }
}
