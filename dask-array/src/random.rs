//! Random arrays.
//!
//! Every element has a stream of random numbers of its own, found from the seed and from the element's place in the
//! array (a counter-based generator, Philox4x64-10: Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy
//! as 1, 2, 3", SC 2011). So the numbers do not depend on how an array is cut into blocks, in which order these are
//! made, or on how many threads: a random array is like one that is stored somewhere, and of which a slice reads
//! less.
//!
//! ```
//! use dask_array::random::Generator;
//! use dask_graph::Collection;
//! use ndarray::s;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sync = dask_sched_sync::Sync::new();
//! let x = Generator::new(42).normal(10.0, 2.0, &[1000, 100], 300)?;
//! assert!((x.mean(..)?.item_with(&sync)? - 10.0).abs() < 0.05);
//!
//! // The same seed gives the same numbers, however they are cut.
//! let y = Generator::new(42).normal(10.0, 2.0, &[1000, 100], [7, -1])?;
//! assert_eq!(x.slice(s![5, ..])?.compute_with(&sync)?, y.slice(s![5, ..])?.compute_with(&sync)?);
//! # Ok(())
//! # }
//! ```

mod each;
mod law;
mod permutation;
mod philox;
mod seed;
mod source;

use std::sync::Arc;

use dask_graph::LayerInfo;

use self::each::Parameter;
use self::law::{Count, Draw, Law, Pick, Whole};
use self::permutation::Permutation;
use self::seed::key_of;
use self::source::RandomSource;
use crate::array::{Array, Other};
use crate::chunks::IntoChunks;
use crate::element::{Element, Integer, Real};
use crate::error::ArrayError;

/// Makes random arrays of a seed; each array has numbers of its own. The counterpart of `numpy.random.Generator`
/// and of `dask.array.random.default_rng`.
///
/// The n-th array of seed `s` (counted from 0) has the key that numpy makes of `SeedSequence(s).spawn(n + 1)[n]`, and
/// [`random`](Generator::random) of `f64` is, element by element, what
/// `numpy.random.Generator(numpy.random.Philox(that))` gives. Other distributions agree with numpy's in
/// distribution, not number by number.
///
/// Parameters are numbers. For parameters that differ from place to place there is a second method of each
/// distribution, whose name ends in `_each`; an element is the same as if the whole array had the parameters of its
/// place.
///
/// ```
/// use dask_array::{Array, ndarray::{arr1, arr2}, random::Generator};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let means = Array::from_ndarray(arr2(&[[0.0], [1000.0]]), 1)?;
/// let scales = Array::from_ndarray(arr1(&[1.0, 2.0, 0.0]), 2)?;
/// let x = Generator::new(7).normal_each(&means, &scales)?;
/// let x = x.compute_with(&dask_sched_sync::Sync::new())?;
/// assert!(x[[0, 0]].abs() < 10.0 && (x[[1, 1]] - 1000.0).abs() < 20.0 && x[[1, 2]] == 1000.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Generator {
    seed: u64,
    made: u32,
}

macro_rules! laws {
    ($($(#[$doc:meta])* $method:ident $each:ident($($name:ident),*) = $law:expr; $($check:expr => $wrong:ident $expected:literal),*;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// - When a parameter is out of its range.
        /// - When the chunks do not fit the shape.
        #[track_caller]
        pub fn $method(
            &mut self,
            $($name: f64,)*
            shape: &[usize],
            chunks: impl IntoChunks,
        ) -> Result<Array<f64>, ArrayError> {
            $(
                if !$check {
                    return Err(refused(stringify!($method), stringify!($wrong), $wrong, $expected));
                }
            )*
            self.drawn($law, shape, chunks, &LayerInfo::here())
        }

        #[doc = concat!("[`", stringify!($method), "`](Generator::", stringify!($method), ") with parameters that")]
        /// may be arrays, broadcast against each other: a number for each place. What lies out of its range there is an
        /// error of the run.
        ///
        /// # Errors
        ///
        /// - When the shapes do not broadcast.
        #[track_caller]
        pub fn $each(&mut self, $($name: impl Other<f64>,)*) -> Result<Array<f64>, ArrayError> {
            let law = |given: &[f64]| {
                let [$($name),*] = *given else { return Err(not_given(stringify!($method))) };
                $(
                    if !$check {
                        return Err(refused(stringify!($method), stringify!($wrong), $wrong, $expected));
                    }
                )*
                Ok($law)
            };
            self.drawn_each(&[$(&$name),*], law, &LayerInfo::here())
        }
    )*};
}

macro_rules! counts {
    ($($(#[$doc:meta])* $method:ident $each:ident($($name:ident: $T:ty),*) = $law:expr; $($check:expr => $wrong:ident $expected:literal),*;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// - When a parameter is out of its range.
        /// - When the chunks do not fit the shape.
        #[track_caller]
        pub fn $method(
            &mut self,
            $($name: $T,)*
            shape: &[usize],
            chunks: impl IntoChunks,
        ) -> Result<Array<i64>, ArrayError> {
            $(
                if !$check {
                    return Err(refused(stringify!($method), stringify!($wrong), $wrong, $expected));
                }
            )*
            self.drawn($law, shape, chunks, &LayerInfo::here())
        }

        #[doc = concat!("[`", stringify!($method), "`](Generator::", stringify!($method), ") with parameters that")]
        /// may be arrays, broadcast against each other: a number for each place. What lies out of its range there is an
        /// error of the run.
        ///
        /// # Errors
        ///
        /// - When the shapes do not broadcast.
        #[track_caller]
        pub fn $each(&mut self, $($name: impl Other<f64>,)*) -> Result<Array<i64>, ArrayError> {
            let law = |given: &[f64]| {
                let [$($name),*] = *given else { return Err(not_given(stringify!($method))) };
                $(
                    let Some($name) = <$T as Parameter>::of($name) else {
                        return Err(refused(stringify!($method), stringify!($name), $name, "a whole number"));
                    };
                )*
                $(
                    if !$check {
                        return Err(refused(stringify!($method), stringify!($wrong), $wrong, $expected));
                    }
                )*
                Ok($law)
            };
            self.drawn_each(&[$(&$name),*], law, &LayerInfo::here())
        }
    )*};
}

fn refused(
    operation: &'static str,
    parameter: &'static str,
    value: impl ToString,
    expected: &'static str,
) -> ArrayError {
    ArrayError::Parameter { operation, parameter, value: value.to_string(), expected }
}

/// Parameters come as many as they are asked for.
fn not_given(operation: &'static str) -> ArrayError {
    refused(operation, "parameters", "missing", "one number for each")
}

fn positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

fn not_negative(x: f64) -> bool {
    x >= 0.0 && x.is_finite()
}

fn probability(p: f64) -> bool {
    (0.0..=1.0).contains(&p)
}

impl Generator {
    /// A generator whose arrays follow from the seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, made: 0 }
    }

    /// Numbers from 0 (included) to 1 (excluded), all alike.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn random<A: Real>(
        &mut self,
        shape: &[usize],
        chunks: impl IntoChunks,
    ) -> Result<Array<A>, ArrayError> {
        self.drawn(Law::Unit, shape, chunks, &LayerInfo::here())
    }

    /// Normal numbers of mean 0 and deviation 1.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn standard_normal<A: Real>(
        &mut self,
        shape: &[usize],
        chunks: impl IntoChunks,
    ) -> Result<Array<A>, ArrayError> {
        self.drawn(Law::Normal { loc: 0.0, scale: 1.0 }, shape, chunks, &LayerInfo::here())
    }

    /// Cauchy numbers around 0 of scale 1.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn standard_cauchy(
        &mut self,
        shape: &[usize],
        chunks: impl IntoChunks,
    ) -> Result<Array<f64>, ArrayError> {
        self.drawn(Law::Cauchy, shape, chunks, &LayerInfo::here())
    }

    laws! {
        /// Numbers from `low` (included) to `high` (excluded), all alike.
        uniform uniform_each(low, high) = Law::Uniform { low, high };
            low.is_finite() => low "a finite number",
            (high.is_finite() && high >= low && (high - low).is_finite()) => high "a finite number, at least `low`";
        /// Normal numbers of mean `loc` and deviation `scale`.
        normal normal_each(loc, scale) = Law::Normal { loc, scale };
            loc.is_finite() => loc "a finite number", not_negative(scale) => scale "at least 0";
        /// Numbers whose logarithms are normal, of mean `mean` and deviation `sigma`.
        lognormal lognormal_each(mean, sigma) = Law::LogNormal { mean, sigma };
            mean.is_finite() => mean "a finite number", not_negative(sigma) => sigma "at least 0";
        /// Exponential numbers of mean `scale`.
        exponential exponential_each(scale) = Law::Exponential { scale };
            not_negative(scale) => scale "at least 0";
        /// Gamma numbers of mean `shape_parameter * scale`.
        gamma gamma_each(shape_parameter, scale) = Law::Gamma { shape: shape_parameter, scale };
            positive(shape_parameter) => shape_parameter "larger than 0", positive(scale) => scale "larger than 0";
        /// Beta numbers, of mean `a / (a + b)`.
        beta beta_each(a, b) = Law::Beta { a, b };
            positive(a) => a "larger than 0", positive(b) => b "larger than 0";
        /// Sums of the squares of `df` normal numbers.
        chisquare chisquare_each(df) = Law::ChiSquare { df };
            positive(df) => df "larger than 0";
        /// Fisher's F: quotients of two such sums, each divided by its degrees of freedom.
        f f_each(dfnum, dfden) = Law::FisherF { dfnum, dfden };
            positive(dfnum) => dfnum "larger than 0", positive(dfden) => dfden "larger than 0";
        /// Student's t of `df` degrees of freedom.
        standard_t standard_t_each(df) = Law::StudentT { df };
            positive(df) => df "larger than 0";
        /// Gumbel numbers: the largest of many.
        gumbel gumbel_each(loc, scale) = Law::Gumbel { loc, scale };
            loc.is_finite() => loc "a finite number", positive(scale) => scale "larger than 0";
        /// Laplace numbers: differences of two exponential ones.
        laplace laplace_each(loc, scale) = Law::Laplace { loc, scale };
            loc.is_finite() => loc "a finite number", not_negative(scale) => scale "at least 0";
        /// Logistic numbers.
        logistic logistic_each(loc, scale) = Law::Logistic { loc, scale };
            loc.is_finite() => loc "a finite number", not_negative(scale) => scale "at least 0";
        /// Pareto numbers of the second kind (Lomax), as numpy's: from 0 on.
        pareto pareto_each(a) = Law::Pareto { a };
            positive(a) => a "larger than 0";
        /// Numbers from 0 to 1 of density `a * x.powf(a - 1)`.
        power power_each(a) = Law::Power { a };
            positive(a) => a "larger than 0";
        /// Rayleigh numbers: lengths of normal vectors in the plane, of deviation `scale`.
        rayleigh rayleigh_each(scale) = Law::Rayleigh { scale };
            not_negative(scale) => scale "at least 0";
        /// Numbers from `left` to `right`, most often `mode`.
        triangular triangular_each(left, mode, right) = Law::Triangular { left, mode, right };
            (left.is_finite() && left <= mode) => left "a finite number, at most `mode`",
            (right.is_finite() && mode <= right && left < right) => right "a finite number, at least `mode` and larger than `left`";
        /// Wald (inverse Gaussian) numbers of mean `mean`.
        wald wald_each(mean, scale) = Law::Wald { mean, scale };
            positive(mean) => mean "larger than 0", positive(scale) => scale "larger than 0";
        /// Weibull numbers of scale 1.
        weibull weibull_each(a) = Law::Weibull { a };
            positive(a) => a "larger than 0";
    }

    counts! {
        /// How many of `n` trials succeed, each with probability `p`.
        binomial binomial_each(n: u64, p: f64) = Count::Binomial { n, p };
            (n <= i64::MAX as u64) => n "at most 2⁶³ - 1", probability(p) => p "from 0 to 1";
        /// How many trials it takes to succeed, each with probability `p`: 1 or more.
        geometric geometric_each(p: f64) = Count::Geometric { p };
            (p > 0.0 && p <= 1.0) => p "larger than 0 and at most 1";
        /// How many are good among `nsample` that are taken of `ngood` good and `nbad` bad ones.
        hypergeometric hypergeometric_each(ngood: u64, nbad: u64, nsample: u64) = Count::Hypergeometric { ngood, nbad, nsample };
            (ngood < 1 << 40) => ngood "less than 2⁴⁰", (nbad < 1 << 40) => nbad "less than 2⁴⁰",
            (nsample <= ngood + nbad) => nsample "at most `ngood + nbad`";
        /// How many trials fail before the `n`-th succeeds, each with probability `p`.
        negative_binomial negative_binomial_each(n: f64, p: f64) = Count::NegativeBinomial { n, p };
            positive(n) => n "larger than 0", (p > 0.0 && p <= 1.0) => p "larger than 0 and at most 1";
        /// Poisson counts of mean `lam`.
        poisson poisson_each(lam: f64) = Count::Poisson { lam };
            (not_negative(lam) && lam < 1e18) => lam "at least 0 and less than 10¹⁸";
        /// Zipf counts: `k` with probability in proportion to `k.powf(-a)`.
        zipf zipf_each(a: f64) = Count::Zipf { a };
            (a > 1.0 && a.is_finite()) => a "larger than 1";
    }

    /// Integers from `low` (included) to `high` (excluded), all alike.
    ///
    /// # Errors
    ///
    /// - When `high` is not larger than `low`.
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn integers<A: Integer>(
        &mut self,
        low: A,
        high: A,
        shape: &[usize],
        chunks: impl IntoChunks,
    ) -> Result<Array<A>, ArrayError> {
        if high <= low {
            return Err(refused("integers", "high", high, "larger than `low`"));
        }
        self.drawn(Whole::new(low, high), shape, chunks, &LayerInfo::here())
    }

    /// Elements of `values`, each drawn from all of them; with `p`, each with its own probability.
    ///
    /// For elements of which none is drawn twice, see [`choice_without_replacement`](Generator::choice_without_replacement).
    ///
    /// # Errors
    ///
    /// - When there are no values.
    /// - When there is not one probability for each value, one is negative, or they do not add up to 1.
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn choice<A: Element>(
        &mut self,
        values: &[A],
        p: Option<&[f64]>,
        shape: &[usize],
        chunks: impl IntoChunks,
    ) -> Result<Array<A>, ArrayError> {
        self.drawn(Pick::new(values, p)?, shape, chunks, &LayerInfo::here())
    }

    /// The numbers from 0 to `n`, shuffled.
    ///
    /// Each element is found from its place alone, by a keyed permutation (a Feistel network over the next power of
    /// four, walked along until it comes back below `n`: Black and Rogaway, "Ciphers with Arbitrary Finite Domains",
    /// 2002). There are more ways to shuffle than keys; what is made are some of them that look like any other.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn permutation(&mut self, n: usize, chunks: impl IntoChunks) -> Result<Array<i64>, ArrayError> {
        let info = LayerInfo::here();
        let places: Permutation<i64> = Permutation::of_places(n as u64);
        self.drawn(places, &[n], chunks, &info)
    }

    /// So many elements of `values`, none of them twice.
    ///
    /// # Errors
    ///
    /// - When there are fewer values than are to be drawn.
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn choice_without_replacement<A: Element>(
        &mut self,
        values: &[A],
        n: usize,
        chunks: impl IntoChunks,
    ) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        if n > values.len() {
            return Err(refused("choice_without_replacement", "n", n, "at most the number of values"));
        }
        self.drawn(Permutation::of_values(values), &[n], chunks, &info)
    }

    fn drawn<A: Element>(
        &mut self,
        draw: impl Draw<A>,
        shape: &[usize],
        chunks: impl IntoChunks,
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        let key = key_of(self.seed, self.made);
        let source = RandomSource::new(key, draw, shape);
        let array = Array::of_source(Arc::new(source), chunks, info)?;
        self.made += 1;
        Ok(array)
    }
}
