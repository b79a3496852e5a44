//! How elements are drawn from random numbers.

use std::fmt::Debug;
use std::sync::Arc;

use rand::Rng;
use rand_distr::{self as distr, Distribution};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::philox::{Stream, fill};
use super::refused;
use crate::element::{DType, Element, Integer, Real, Scalar};
use crate::error::ArrayError;
use crate::program::kernels::Kernels;
use crate::storage::StorageError;

/// A way to draw elements. What it is, is what `Debug` writes.
pub(super) trait Draw<A>: Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Draws the elements from `first` on.
    fn fill(&self, key: [u64; 2], first: u64, out: &mut [A]) -> Result<(), StorageError>;
}

/// Distributions of real numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Law {
    Unit,
    Uniform { low: f64, high: f64 },
    Normal { loc: f64, scale: f64 },
    LogNormal { mean: f64, sigma: f64 },
    Exponential { scale: f64 },
    Gamma { shape: f64, scale: f64 },
    Beta { a: f64, b: f64 },
    ChiSquare { df: f64 },
    FisherF { dfnum: f64, dfden: f64 },
    StudentT { df: f64 },
    Cauchy,
    Gumbel { loc: f64, scale: f64 },
    Laplace { loc: f64, scale: f64 },
    Logistic { loc: f64, scale: f64 },
    Pareto { a: f64 },
    Power { a: f64 },
    Rayleigh { scale: f64 },
    Triangular { left: f64, mode: f64, right: f64 },
    Wald { mean: f64, scale: f64 },
    Weibull { a: f64 },
}

/// From 0 (included) to 1 (excluded), in steps of 2⁻⁵³.
#[inline]
fn unit(stream: &mut Stream) -> f64 {
    digits(stream, 53)
}

/// From 0 (included) to 1 (excluded), with so many binary digits.
#[inline(always)]
fn digits(stream: &mut Stream, n: u32) -> f64 {
    (stream.next_u64() >> (64 - n)) as f64 * (1.0 / (1_u64 << n) as f64)
}

/// From 0 to 1, both excluded.
fn open(stream: &mut Stream) -> f64 {
    ((stream.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
}

fn normal(stream: &mut Stream) -> f64 {
    distr::StandardNormal.sample(stream)
}

fn exponential(stream: &mut Stream) -> f64 {
    distr::Exp1.sample(stream)
}

impl<A: Real> Draw<A> for Law {
    fn fill(&self, key: [u64; 2], first: u64, out: &mut [A]) -> Result<(), StorageError> {
        /// Draws with a function of a stream.
        macro_rules! by {
            ($draw:expr) => {{
                let draw = $draw;
                fill(key, first, out, |stream| A::from_f64(draw(stream)))
            }};
        }
        /// Draws from a distribution.
        macro_rules! from {
            ($distribution:expr) => {{
                let distribution = $distribution;
                by!(|stream: &mut Stream| -> f64 { distribution.sample(stream) })
            }};
        }
        match *self {
            // Rounding to a narrower type could make a 1 of what is just below: fewer digits are drawn for it.
            Law::Unit if A::DTYPE == DType::F16 => by!(|stream: &mut Stream| digits(stream, 11)),
            Law::Unit if A::DTYPE == DType::F32 => by!(|stream: &mut Stream| digits(stream, 24)),
            Law::Unit => by!(unit),
            Law::Uniform { low, high } => {
                // Rounding may reach `high`, which is excluded.
                let below = high.next_down().max(low);
                by!(|stream: &mut Stream| (low + (high - low) * unit(stream)).min(below));
            }
            Law::Normal { loc, scale } => by!(|stream: &mut Stream| loc + scale * normal(stream)),
            Law::LogNormal { mean, sigma } => {
                by!(|stream: &mut Stream| (mean + sigma * normal(stream)).exp());
            }
            Law::Exponential { scale } => by!(|stream: &mut Stream| scale * exponential(stream)),
            Law::Gamma { shape, scale } => from!(distr::Gamma::new(shape, scale)?),
            Law::Beta { a, b } => from!(distr::Beta::new(a, b)?),
            Law::ChiSquare { df } => from!(distr::ChiSquared::new(df)?),
            Law::FisherF { dfnum, dfden } => from!(distr::FisherF::new(dfnum, dfden)?),
            Law::StudentT { df } => from!(distr::StudentT::new(df)?),
            Law::Cauchy => by!(|stream: &mut Stream| normal(stream) / normal(stream)),
            Law::Gumbel { loc, scale } => from!(distr::Gumbel::new(loc, scale)?),
            Law::Laplace { loc, scale } => {
                by!(|stream: &mut Stream| loc + scale * (exponential(stream) - exponential(stream)));
            }
            Law::Logistic { loc, scale } => by!(|stream: &mut Stream| {
                let u = open(stream);
                loc + scale * (u / (1.0 - u)).ln()
            }),
            Law::Pareto { a } => by!(|stream: &mut Stream| (exponential(stream) / a).exp_m1()),
            Law::Power { a } => by!(|stream: &mut Stream| (-(-exponential(stream)).exp_m1()).powf(1.0 / a)),
            Law::Rayleigh { scale } => by!(|stream: &mut Stream| scale * (2.0 * exponential(stream)).sqrt()),
            Law::Triangular { left, mode, right } => from!(distr::Triangular::new(left, right, mode)?),
            Law::Wald { mean, scale } => from!(distr::InverseGaussian::new(mean, scale)?),
            Law::Weibull { a } => from!(distr::Weibull::new(1.0, a)?),
        }
        Ok(())
    }
}

/// Distributions of whole numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Count {
    Binomial { n: u64, p: f64 },
    Geometric { p: f64 },
    Hypergeometric { ngood: u64, nbad: u64, nsample: u64 },
    NegativeBinomial { n: f64, p: f64 },
    Poisson { lam: f64 },
    Zipf { a: f64 },
}

/// A count; what is too large for one is the largest.
fn poisson(lam: f64, stream: &mut Stream) -> i64 {
    match distr::Poisson::new(lam) {
        Ok(poisson) => poisson.sample(stream) as i64,
        // Of mean 0, or too small for a number.
        Err(_) => 0,
    }
}

impl Draw<i64> for Count {
    fn fill(&self, key: [u64; 2], first: u64, out: &mut [i64]) -> Result<(), StorageError> {
        match *self {
            Count::Binomial { n, p } => {
                let binomial = distr::Binomial::new(n, p)?;
                fill(key, first, out, |stream| binomial.sample(stream) as i64);
            }
            Count::Geometric { p } => {
                let geometric = distr::Geometric::new(p)?;
                fill(key, first, out, |stream| (geometric.sample(stream) as i64).saturating_add(1));
            }
            Count::Hypergeometric { ngood, nbad, nsample } => {
                let hypergeometric = distr::Hypergeometric::new(ngood + nbad, ngood, nsample)?;
                fill(key, first, out, |stream| hypergeometric.sample(stream) as i64);
            }
            // Poisson counts whose mean is a gamma number.
            Count::NegativeBinomial { n, p } => {
                let scale = (1.0 - p) / p;
                let gamma = distr::Gamma::new(n, 1.0)?;
                fill(key, first, out, |stream| {
                    let lam = gamma.sample(stream) * scale;
                    poisson(lam, stream)
                });
            }
            Count::Poisson { lam: 0.0 } => out.fill(0),
            Count::Poisson { lam } => {
                let poisson = distr::Poisson::new(lam)?;
                fill(key, first, out, |stream| poisson.sample(stream) as i64);
            }
            Count::Zipf { a } => {
                let zeta = distr::Zeta::new(a)?;
                fill(key, first, out, |stream| zeta.sample(stream) as i64);
            }
        }
        Ok(())
    }
}

/// A number below `n`, all alike; of `n` = 0, any of 64 bits (Lemire, "Fast Random Integer Generation in an
/// Interval", 2019).
#[inline]
fn below(n: u64, stream: &mut Stream) -> u64 {
    let mut random = stream.next_u64();
    if n == 0 {
        return random;
    }
    let mut product = u128::from(random) * u128::from(n);
    if (product as u64) < n {
        let threshold = n.wrapping_neg() % n;
        while (product as u64) < threshold {
            random = stream.next_u64();
            product = u128::from(random) * u128::from(n);
        }
    }
    (product >> 64) as u64
}

/// Integers from a smallest one on, so many of them; 0 means 2⁶⁴.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Whole {
    low: Scalar,
    n: u64,
}

impl Whole {
    /// Those from `low` to `high`, which is larger and excluded.
    pub(super) fn new<A: Integer>(low: A, high: A) -> Self {
        let wide = |number: A| match number.to_scalar() {
            Scalar::U64(number) => i128::from(number),
            number => i128::from(i64::from_scalar(number)),
        };
        Self { low: low.to_scalar(), n: (wide(high) - wide(low)) as u64 }
    }
}

impl<A: Integer> Draw<A> for Whole {
    fn fill(&self, key: [u64; 2], first: u64, out: &mut [A]) -> Result<(), StorageError> {
        let low = A::from_scalar(self.low);
        // Both wrap around, which is right for the difference of two numbers of the type.
        fill(key, first, out, |stream| A::add(low, A::from_scalar(Scalar::U64(below(self.n, stream)))));
        Ok(())
    }
}

/// Elements out of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pick {
    values: Arc<[Scalar]>,
    /// The probabilities of a value and all before it; none if all are alike.
    cumulative: Option<Arc<[f64]>>,
}

impl Pick {
    pub(super) fn new<A: Element>(values: &[A], p: Option<&[f64]>) -> Result<Self, ArrayError> {
        if values.is_empty() {
            return Err(refused("choice", "values", "empty", "not empty"));
        }
        let n = values.len();
        let values = values.iter().map(|value| value.to_scalar()).collect();
        let Some(p) = p else { return Ok(Self { values, cumulative: None }) };
        if p.len() != n {
            let got = format!("of {} numbers for {n} values", p.len());
            return Err(refused("choice", "p", got, "one probability for each value"));
        }
        let mut sum = 0.0;
        let cumulative: Arc<[f64]> = p
            .iter()
            .map(|p| {
                sum += p;
                sum
            })
            .collect();
        if p.iter().any(|p| !probability(*p)) || (sum - 1.0).abs() > 1e-8 {
            return Err(refused("choice", "p", format!("of sum {sum}"), "probabilities that add up to 1"));
        }
        Ok(Self { values, cumulative: Some(cumulative) })
    }
}

fn probability(p: f64) -> bool {
    (0.0..=1.0).contains(&p)
}

impl<A: Element> Draw<A> for Pick {
    fn fill(&self, key: [u64; 2], first: u64, out: &mut [A]) -> Result<(), StorageError> {
        let values: Vec<A> = self.values.iter().map(|&value| A::from_scalar(value)).collect();
        match &self.cumulative {
            None => {
                let n = values.len() as u64;
                fill(key, first, out, |stream| values[below(n, stream) as usize]);
            }
            Some(cumulative) => {
                // Sums that end a little below 1 are stretched to it.
                let all = cumulative.last().copied().unwrap_or(1.0);
                let last = values.len() - 1;
                fill(key, first, out, |stream| {
                    let u = unit(stream) * all;
                    values[cumulative.partition_point(|&sum| sum <= u).min(last)]
                });
            }
        }
        Ok(())
    }
}
