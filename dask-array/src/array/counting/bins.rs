//! The bins of a histogram.

use serde::{Deserialize, Serialize};

use crate::error::ArrayError;
use crate::kernel::encoded_payload;

/// The bins of a histogram: made of edges, `[0.0, 1.0, 10.0]`, or a number of bins of equal width in a range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Bins {
    /// Between each two edges, which go up.
    Edges(Vec<f64>),
    /// As many bins of equal width between two numbers.
    Even {
        /// How many.
        count: usize,
        /// The first edge.
        low: f64,
        /// The last edge.
        high: f64,
    },
}

impl Bins {
    /// As many bins of equal width between `low` and `high`. If these are equal, half before and behind.
    pub fn even(count: usize, low: f64, high: f64) -> Self {
        Self::Even { count, low, high }
    }

    /// All edges.
    pub(super) fn edges(&self) -> Result<Vec<f64>, ArrayError> {
        let refused = |problem| Err(ArrayError::Bins { problem });
        match self {
            Bins::Edges(edges) if edges.len() < 2 => refused("there are less than two edges"),
            Bins::Edges(edges) if !edges.is_sorted_by(|a, b| a <= b) => refused("edges do not go up"),
            Bins::Edges(edges) => Ok(edges.clone()),
            Bins::Even { count: 0, .. } => refused("there is no bin"),
            Bins::Even { low, high, .. } if !(low.is_finite() && high.is_finite()) => {
                refused("the range is not finite")
            }
            Bins::Even { low, high, .. } if low > high => refused("the range ends before it begins"),
            &Bins::Even { count, low, high } => {
                let (low, high) = if low == high { (low - 0.5, high + 0.5) } else { (low, high) };
                // As numpy's linspace: the last edge is the end itself, not what steps come to.
                let step = (high - low) / count as f64;
                let edges = (0..=count).map(|i| if i == count { high } else { low + i as f64 * step });
                Ok(edges.collect())
            }
        }
    }
}

impl From<&[f64]> for Bins {
    fn from(edges: &[f64]) -> Self {
        Self::Edges(edges.to_vec())
    }
}

impl From<Vec<f64>> for Bins {
    fn from(edges: Vec<f64>) -> Self {
        Self::Edges(edges)
    }
}

impl<const N: usize> From<[f64; N]> for Bins {
    fn from(edges: [f64; N]) -> Self {
        Self::Edges(edges.to_vec())
    }
}

/// The bins along all axes, as a parameter.
#[derive(Serialize, Deserialize)]
pub(super) struct AllBins(pub(super) Vec<Bins>);

encoded_payload!(AllBins, |it| size_of_val(&*it.0));

/// The bins along one axis, ready to look numbers up in.
pub(super) struct Finder {
    edges: Vec<f64>,
    /// Bins in a unit of length, if they are all of the same width.
    per_unit: Option<f64>,
}

impl Finder {
    pub(super) fn new(bins: &Bins) -> Result<Self, ArrayError> {
        let edges = bins.edges()?;
        let per_unit = match bins {
            Bins::Even { count, .. } => Some(*count as f64 / (edges[*count] - edges[0])),
            Bins::Edges(_) => None,
        };
        Ok(Self { edges, per_unit })
    }

    pub(super) fn len(&self) -> usize {
        self.edges.len() - 1
    }

    /// The bin that a number falls into.
    #[inline]
    pub(super) fn find(&self, x: f64) -> Option<usize> {
        let last = self.len();
        if !(x >= self.edges[0] && x <= self.edges[last]) {
            return None;
        }
        let Some(per_unit) = self.per_unit else {
            let behind = self.edges.partition_point(|&edge| edge <= x);
            // What is on the last edge belongs before it.
            return Some(behind.min(last) - 1);
        };
        // What rounding puts beside its bin is set right by the edges.
        let mut bin = (((x - self.edges[0]) * per_unit) as usize).min(last - 1);
        if x < self.edges[bin] {
            bin -= 1;
        } else if bin + 1 < last && x >= self.edges[bin + 1] {
            bin += 1;
        }
        Some(bin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_bins_are_found_as_by_their_edges() {
        let even = Bins::even(7, -0.3, 1.1);
        let edges = Bins::Edges(even.edges().unwrap());
        let [even, edges] = [even, edges].map(|bins| Finder::new(&bins).unwrap());
        for i in -400..1300 {
            let x = f64::from(i) / 1000.0;
            assert_eq!(even.find(x), edges.find(x), "{x}");
        }
        for (i, &edge) in edges.edges.iter().enumerate() {
            assert_eq!(even.find(edge), Some(i.min(6)));
        }
        assert_eq!(even.find(f64::NAN), None);
    }
}
