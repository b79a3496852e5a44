//! Statistical tests: those of `dask.array.stats`, with the results of `scipy.stats`.
//!
//! Skewness, kurtosis and moments are methods: [`Array::skew`], [`Array::kurtosis`], [`Array::moment`].
//!
//! ```
//! use dask_array::{Array, ndarray::arr1, stats};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let x = Array::from_ndarray(arr1(&[5.1, 4.9, 5.6, 5.8, 5.2]), 2)?;
//! let test = stats::ttest_1samp(&x, 5.0, 0)?;
//! let scheduler = dask_sched_sync::Sync::new();
//! assert!((test.statistic.item_with(&scheduler)? - 1.9331906986565637).abs() < 1e-12);
//! assert!((test.pvalue.item_with(&scheduler)? - 0.12535460853443858).abs() < 1e-12);
//! # Ok(())
//! # }
//! ```

mod special;

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Args, BlockArg, Graph, LayerInfo, OpError, Tokenize, Tokenizer, Value};
use ndarray::Zip;
use serde::{Deserialize, Serialize};

use crate::array::{Array, Lazy, Over, blockwise, built, name_of, where_};
use crate::block::Block;
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};

/// The outcome of a test, for each line along the axis.
#[derive(Debug, Clone)]
pub struct TestResult {
    /// What was measured.
    pub statistic: Array<f64>,
    /// How probable it is to measure as much or more where there is nothing.
    pub pvalue: Array<f64>,
}

/// Elements of these types can be tested.
fn floats<A: Element<Real = A>>(array: &Array<A>) -> Array<f64> {
    array.astype()
}

/// The number of elements along an axis.
fn count<A: Element>(array: &Array<A>, axis: isize) -> Result<f64, ArrayError> {
    Ok(Over::from(axis).reduced_shape(array.shape())?.iter().product::<usize>() as f64)
}

/// Whether the mean is the given one: Student's test of one sample (`scipy.stats.ttest_1samp`).
///
/// # Errors
///
/// - When the axis is out of range.
#[track_caller]
pub fn ttest_1samp<A: Element<Real = A>>(
    a: &Array<A>,
    popmean: f64,
    axis: isize,
) -> Result<TestResult, ArrayError> {
    let (x, n) = (floats(a), count(a, axis)?);
    let spread = (x.var(axis, 1.0)? / n).sqrt();
    student((x.mean(axis)? - popmean).try_div(&spread)?, &constant(n - 1.0)?)
}

/// Whether the means of two samples that belong together, element by element, are equal (`scipy.stats.ttest_rel`).
///
/// # Errors
///
/// - When the axis is out of range, or the shapes do not broadcast.
#[track_caller]
pub fn ttest_rel<A: Element<Real = A>>(
    a: &Array<A>,
    b: &Array<A>,
    axis: isize,
) -> Result<TestResult, ArrayError> {
    ttest_1samp(&floats(a).try_sub(floats(b))?, 0.0, axis)
}

/// Whether the means of two independent samples are equal: Student's test, or with `equal_var` false Welch's, which does
/// not ask for equal variances (`scipy.stats.ttest_ind`).
///
/// # Errors
///
/// - When the axis is out of range, or the shapes without it do not broadcast.
#[track_caller]
pub fn ttest_ind<A: Element<Real = A>>(
    a: &Array<A>,
    b: &Array<A>,
    axis: isize,
    equal_var: bool,
) -> Result<TestResult, ArrayError> {
    let [(x, n), (y, m)] = [(floats(a), count(a, axis)?), (floats(b), count(b, axis)?)];
    let (v, w) = (x.var(axis, 1.0)?, y.var(axis, 1.0)?);
    let difference = x.mean(axis)?.try_sub(y.mean(axis)?)?;
    if equal_var {
        let df = n + m - 2.0;
        let pooled = (v * (n - 1.0)).try_add(w * (m - 1.0))? / df;
        return student(difference.try_div((pooled * (1.0 / n + 1.0 / m)).sqrt())?, &constant(df)?);
    }
    let (v, w) = (v / n, w / m);
    let both = v.try_add(&w)?;
    let df = both.square().try_div((v.square() / (n - 1.0)).try_add(w.square() / (m - 1.0))?)?;
    // Of two constants: scipy counts one degree of freedom.
    let df = where_(&df.is_nan(), 1.0, &df)?;
    student(difference.try_div(both.sqrt())?, &df)
}

/// Whether counts are as expected, by default all equal along the axis, with a measure of the family of Cressie and
/// Read (`scipy.stats.power_divergence`): `lambda` 1 is Pearson's, 0 the log-likelihood ratio, -1 the same the other way
/// round.
///
/// # Errors
///
/// - When the axis is out of range, or the shapes do not broadcast.
#[track_caller]
pub fn power_divergence<A: Element<Real = A>>(
    observed: &Array<A>,
    expected: Option<&Array<f64>>,
    ddof: f64,
    axis: isize,
    lambda: f64,
) -> Result<TestResult, ArrayError> {
    let (o, n) = (floats(observed), count(observed, axis)?);
    let e = match expected {
        Some(expected) => expected.clone(),
        None => o.mean(Over::from(axis).keepdims())?,
    };
    // 0·ln 0 is 0.
    let times_log = |x: &Array<f64>, by: &Array<f64>| -> Result<Array<f64>, ArrayError> {
        let product = x.try_mul(x.try_div(by)?.log())?;
        where_(&x.eq(0.0)?, 0.0, &product)
    };
    let terms = if lambda == 1.0 {
        o.try_sub(&e)?.square().try_div(&e)?
    } else if lambda == 0.0 {
        times_log(&o, &e)? * 2.0
    } else if lambda == -1.0 {
        times_log(&e, &o)? * 2.0
    } else {
        let powers = o.try_div(&e)?.power(lambda)? - 1.0;
        o.try_mul(&powers)? / (0.5 * lambda * (lambda + 1.0))
    };
    let statistic = terms.sum(axis)?;
    let pvalue = tail(Tail::ChiSquared, &[&statistic, &constant(n - 1.0 - ddof)?])?;
    Ok(TestResult { statistic, pvalue })
}

/// Whether counts are as expected, by default all equal along the axis: Pearson's test (`scipy.stats.chisquare`).
///
/// # Errors
///
/// - When the axis is out of range, or the shapes do not broadcast.
#[track_caller]
pub fn chisquare<A: Element<Real = A>>(
    observed: &Array<A>,
    expected: Option<&Array<f64>>,
    ddof: f64,
    axis: isize,
) -> Result<TestResult, ArrayError> {
    power_divergence(observed, expected, ddof, axis, 1.0)
}

/// Whether the means of several samples along their first axis are equal: analysis of variance in one direction
/// (`scipy.stats.f_oneway`).
///
/// # Errors
///
/// - When there are no samples, they have no axis, or their shapes without the first do not broadcast.
#[track_caller]
pub fn f_oneway<A: Element<Real = A>>(samples: &[&Array<A>]) -> Result<TestResult, ArrayError> {
    let mut counted = Vec::with_capacity(samples.len());
    for sample in samples {
        let (x, n) = (floats(sample), count(sample, 0)?);
        counted.push((x.mean(0)?, x.var(0, 0.0)?, n));
    }
    let all: f64 = counted.iter().map(|(_, _, n)| n).sum();
    let added = |terms: Vec<Array<f64>>| {
        let mut terms = terms.into_iter();
        let first = terms.next().ok_or(ArrayError::NoArrays { operation: "f_oneway" })?;
        terms.try_fold(first, |sum, term| sum.try_add(&term))
    };
    let grand = added(counted.iter().map(|(mean, _, n)| mean * (n / all)).collect())?;
    let between = counted.iter().map(|(mean, _, n)| Ok(mean.try_sub(&grand)?.square() * *n));
    let between = added(between.collect::<Result<_, ArrayError>>()?)?;
    let within = added(counted.iter().map(|(_, var, n)| var * *n).collect())?;
    let (df_between, df_within) = (samples.len() as f64 - 1.0, all - samples.len() as f64);
    let statistic = (between / df_between).try_div(within / df_within)?;
    let pvalue = tail(Tail::Fisher, &[&statistic, &constant(df_between)?, &constant(df_within)?])?;
    Ok(TestResult { statistic, pvalue })
}

/// Whether the skewness is that of a normal distribution (`scipy.stats.skewtest`).
///
/// # Errors
///
/// - When the axis is out of range or has less than 8 elements.
#[track_caller]
pub fn skewtest<A: Element<Real = A>>(a: &Array<A>, axis: isize) -> Result<TestResult, ArrayError> {
    let n = enough("skewtest", a, axis, 8)?;
    let skew = floats(a).skew(axis, true)?;
    let y = skew * ((n + 1.0) * (n + 3.0) / (6.0 * (n - 2.0))).sqrt();
    let beta2 = 3.0 * (n * n + 27.0 * n - 70.0) * (n + 1.0) * (n + 3.0)
        / ((n - 2.0) * (n + 5.0) * (n + 7.0) * (n + 9.0));
    let w2 = (2.0 * (beta2 - 1.0)).sqrt() - 1.0;
    let (delta, alpha) = (1.0 / (0.5 * w2.ln()).sqrt(), (2.0 / (w2 - 1.0)).sqrt());
    let y = where_(&y.eq(0.0)?, 1.0, &y)? / alpha;
    let statistic = y.try_add((y.square() + 1.0).sqrt())?.log() * delta;
    normal(statistic)
}

/// Whether the kurtosis is that of a normal distribution (`scipy.stats.kurtosistest`).
///
/// # Errors
///
/// - When the axis is out of range or has less than 5 elements.
#[track_caller]
pub fn kurtosistest<A: Element<Real = A>>(a: &Array<A>, axis: isize) -> Result<TestResult, ArrayError> {
    let n = enough("kurtosistest", a, axis, 5)?;
    let kurtosis = floats(a).kurtosis(axis, false, true)?;
    let expected = 3.0 * (n - 1.0) / (n + 1.0);
    let var = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0).powi(2) * (n + 3.0) * (n + 5.0));
    let x = (kurtosis - expected) / var.sqrt();
    let root_beta = 6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
        * (6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0))).sqrt();
    let a = 6.0 + 8.0 / root_beta * (2.0 / root_beta + (1.0 + 4.0 / (root_beta * root_beta)).sqrt());
    let denominator = x * (2.0 / (a - 4.0)).sqrt() + 1.0;
    let cube_root = denominator.abs().reciprocal().try_mul(1.0 - 2.0 / a)?.power(1.0 / 3.0)?;
    let term = denominator.sign().try_mul(&cube_root)?;
    let statistic = (term * -1.0 + (1.0 - 2.0 / (9.0 * a))) / (2.0 / (9.0 * a)).sqrt();
    normal(statistic)
}

/// Whether skewness and kurtosis together are those of a normal distribution: the test of D'Agostino and Pearson
/// (`scipy.stats.normaltest`).
///
/// # Errors
///
/// - When the axis is out of range or has less than 8 elements.
#[track_caller]
pub fn normaltest<A: Element<Real = A>>(a: &Array<A>, axis: isize) -> Result<TestResult, ArrayError> {
    let (skew, kurtosis) = (skewtest(a, axis)?, kurtosistest(a, axis)?);
    let statistic = skew.statistic.square().try_add(kurtosis.statistic.square())?;
    let pvalue = tail(Tail::ChiSquared, &[&statistic, &constant(2.0)?])?;
    Ok(TestResult { statistic, pvalue })
}

/// The number of elements, of which a test needs some.
fn enough<A: Element>(
    operation: &'static str,
    array: &Array<A>,
    axis: isize,
    least: usize,
) -> Result<f64, ArrayError> {
    let n = count(array, axis)?;
    if n < least as f64 {
        return Err(ArrayError::TooFew { operation, least, got: n as usize });
    }
    Ok(n)
}

fn constant(number: f64) -> Result<Array<f64>, ArrayError> {
    Array::full(&[], number, -1)
}

fn student(statistic: Array<f64>, df: &Array<f64>) -> Result<TestResult, ArrayError> {
    let pvalue = tail(Tail::Student, &[&statistic, df])?;
    Ok(TestResult { statistic, pvalue })
}

fn normal(statistic: Array<f64>) -> Result<TestResult, ArrayError> {
    let pvalue = tail(Tail::Normal, &[&statistic])?;
    Ok(TestResult { statistic, pvalue })
}

/// Which distribution a probability is of.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Tail {
    Normal,
    Student,
    ChiSquared,
    Fisher,
}

encoded_payload!(Tail, |it| size_of_val(it));

/// Probabilities, from the statistic and degrees of freedom, which broadcast to it.
fn tail(tail: Tail, operands: &[&Array<f64>]) -> Result<Array<f64>, ArrayError> {
    let info = LayerInfo::here();
    let Some(first) = operands.first() else { return Err(ArrayError::NoArrays { operation: "pvalue" }) };
    let mut token = Tokenizer::new("pvalue");
    format!("{tail:?}").tokenize(&mut token);
    let fitted = operands.iter().map(|operand| {
        let broadcast = operand.broadcast_to(first.shape())?;
        Ok(broadcast.rechunked(first.chunks(), &info).lazy().clone())
    });
    let fitted: Vec<Lazy> = fitted.collect::<Result<_, ArrayError>>()?;
    fitted.iter().for_each(|operand| token.add(&operand.name));
    let name = name_of("pvalue", token.finish());
    let mut layer = blockwise(&name, kernel_op::<Tails<f64>>(), first.chunks(), &info);
    for operand in &fitted {
        layer = layer.blocks(&operand.name, &operand.block_axes(0..first.ndim()));
    }
    let layer = built(layer.arg(BlockArg::Literal(Value::sized(tail))));
    let graph = Graph::with_inputs(layer, fitted.iter().map(|operand| &operand.graph));
    Ok(Array::new(Lazy { name, graph, chunks: Arc::clone(&first.lazy().chunks) }))
}

/// Computes probabilities element by element.
struct Tails<A>(PhantomData<fn() -> A>);

impl Kernel for Tails<f64> {
    const NAME: &'static str = "pvalue";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let of = |at: usize| args.get::<Block<f64>>(at).map(Block::view);
        let x = of(0)?;
        let probabilities = match args.get::<Tail>(args.len().saturating_sub(1))? {
            Tail::Normal => x.mapv(special::normal_two_sided),
            Tail::Student => {
                Zip::from(&x).and(&of(1)?).map_collect(|&t, &df| special::student_two_sided(t, df))
            }
            Tail::ChiSquared => {
                Zip::from(&x).and(&of(1)?).map_collect(|&x, &df| special::chi_squared_above(x, df))
            }
            Tail::Fisher => {
                let (between, within) = (of(1)?, of(2)?);
                Zip::from(&x)
                    .and(&between)
                    .and(&within)
                    .map_collect(|&f, &a, &b| special::fisher_above(f, a, b))
            }
        };
        Ok(Block::new(probabilities).into())
    }
}
