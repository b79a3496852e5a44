//! Random arrays: the same numbers however they are cut, in the shape of their distributions.

use dask_array::ndarray::{Array1, Slice, SliceInfoElem};
use dask_array::random::Generator;
use dask_array::{Array, ArrayError};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::configurations::schedulers;

const N: usize = 40_000;

fn computed(x: Result<Array<f64>, ArrayError>) -> Array1<f64> {
    x.unwrap().compute_with(&Sync::new()).unwrap().into_dimensionality().unwrap()
}

/// The largest distance between the distribution of the numbers and this one (Kolmogorov and Smirnov).
fn distance(numbers: &Array1<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let at = |(i, &x): (usize, &f64)| {
        let expected = cdf(x);
        (expected - i as f64 / n).abs().max(((i + 1) as f64 / n - expected).abs())
    };
    sorted.iter().enumerate().map(at).fold(0.0, f64::max)
}

/// The distance that numbers of the distribution exceed once in a million.
fn limit() -> f64 {
    2.7 / (N as f64).sqrt()
}

/// The normal distribution (Abramowitz and Stegun 26.2.17, to 10⁻⁷).
fn normal_cdf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let coefficients = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = coefficients.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    let tail = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum;
    if x > 0.0 { 1.0 - tail } else { tail }
}

#[test]
fn laws_with_a_plain_distribution_function() {
    let rng = &mut Generator::new(5);
    let (shape, chunks) = (&[N][..], 7_000);
    let check = |what: &str, numbers: Array1<f64>, cdf: &dyn Fn(f64) -> f64| {
        let distance = distance(&numbers, cdf);
        assert!(distance < limit(), "{what}: {distance}");
    };
    check("random", computed(rng.random(shape, chunks)), &|x| x);
    check("uniform", computed(rng.uniform(-3.0, 5.0, shape, chunks)), &|x| (x + 3.0) / 8.0);
    check("standard_normal", computed(rng.standard_normal(shape, chunks)), &normal_cdf);
    check("normal", computed(rng.normal(2.0, 3.0, shape, chunks)), &|x| normal_cdf((x - 2.0) / 3.0));
    check("lognormal", computed(rng.lognormal(1.0, 0.5, shape, chunks)), &|x| {
        normal_cdf((x.ln() - 1.0) / 0.5)
    });
    check("exponential", computed(rng.exponential(4.0, shape, chunks)), &|x| -(-x / 4.0).exp_m1());
    check("gamma of 1", computed(rng.gamma(1.0, 4.0, shape, chunks)), &|x| -(-x / 4.0).exp_m1());
    check("gamma of 2", computed(rng.gamma(2.0, 1.0, shape, chunks)), &|x| 1.0 - (1.0 + x) * (-x).exp());
    check("beta", computed(rng.beta(1.0, 3.0, shape, chunks)), &|x| 1.0 - (1.0 - x).powi(3));
    check("chisquare", computed(rng.chisquare(2.0, shape, chunks)), &|x| -(-x / 2.0).exp_m1());
    check("f", computed(rng.f(2.0, 4.0, shape, chunks)), &|x| 1.0 - (1.0 + x / 2.0).powi(-2));
    check("standard_t of 1", computed(rng.standard_t(1.0, shape, chunks)), &|x| {
        0.5 + x.atan() / std::f64::consts::PI
    });
    check("standard_cauchy", computed(rng.standard_cauchy(shape, chunks)), &|x| {
        0.5 + x.atan() / std::f64::consts::PI
    });
    check("gumbel", computed(rng.gumbel(1.0, 2.0, shape, chunks)), &|x| (-(-(x - 1.0) / 2.0).exp()).exp());
    check("laplace", computed(rng.laplace(1.0, 2.0, shape, chunks)), &|x| {
        let half = (-(x - 1.0).abs() / 2.0).exp() / 2.0;
        if x < 1.0 { half } else { 1.0 - half }
    });
    check("logistic", computed(rng.logistic(1.0, 2.0, shape, chunks)), &|x| {
        1.0 / (1.0 + (-(x - 1.0) / 2.0).exp())
    });
    check("pareto", computed(rng.pareto(3.0, shape, chunks)), &|x| 1.0 - (1.0 + x).powi(-3));
    check("power", computed(rng.power(3.0, shape, chunks)), &|x| x.powi(3));
    check("rayleigh", computed(rng.rayleigh(2.0, shape, chunks)), &|x| -(-x * x / 8.0).exp_m1());
    check("triangular", computed(rng.triangular(0.0, 1.0, 4.0, shape, chunks)), &|x| {
        if x < 1.0 { x * x / 4.0 } else { 1.0 - (4.0 - x).powi(2) / 12.0 }
    });
    check("weibull", computed(rng.weibull(2.0, shape, chunks)), &|x| -(-x * x).exp_m1());
    check("wald", computed(rng.wald(1.0, 2.0, shape, chunks)), &|x| {
        let (a, b) = ((2.0 / x).sqrt() * (x - 1.0), -(2.0 / x).sqrt() * (x + 1.0));
        normal_cdf(a) + 4.0_f64.exp() * normal_cdf(b)
    });
}

#[test]
fn counts_have_their_means_and_deviations() {
    let rng = &mut Generator::new(6);
    let (shape, chunks) = (&[N][..], 7_000);
    let check =
        |what: &str, counts: Result<Array<i64>, ArrayError>, mean: f64, var: f64, low: i64, high: i64| {
            let counts = counts.unwrap().compute_with(&Sync::new()).unwrap();
            assert!(counts.iter().all(|n| (low..=high).contains(n)), "{what}");
            let numbers = counts.mapv(|n| n as f64);
            let (got, n) = (numbers.mean().unwrap(), N as f64);
            assert!((got - mean).abs() < 5.0 * (var / n).sqrt(), "{what}: mean {got}, expected {mean}");
            let got = numbers.mapv(|x| (x - mean).powi(2)).mean().unwrap();
            assert!((got / var - 1.0).abs() < 0.1, "{what}: variance {got}, expected {var}");
        };
    check("binomial", rng.binomial(20, 0.3, shape, chunks), 6.0, 4.2, 0, 20);
    check("geometric", rng.geometric(0.25, shape, chunks), 4.0, 12.0, 1, i64::MAX);
    check("hypergeometric", rng.hypergeometric(30, 20, 10, shape, chunks), 6.0, 2.4 * 40.0 / 49.0, 0, 10);
    check("negative_binomial", rng.negative_binomial(3.0, 0.5, shape, chunks), 3.0, 6.0, 0, i64::MAX);
    check("poisson", rng.poisson(4.5, shape, chunks), 4.5, 4.5, 0, i64::MAX);
    check("poisson of many", rng.poisson(1e6, shape, chunks), 1e6, 1e6, 0, i64::MAX);
    check("integers", rng.integers(-3, 4, shape, chunks), 0.0, 4.0, -3, 3);
    let zipf = rng.zipf(4.0, shape, chunks).unwrap().compute_with(&Sync::new()).unwrap();
    let ones = zipf.iter().filter(|&&n| n == 1).count() as f64 / N as f64;
    assert!((ones - 0.923_94).abs() < 0.01, "{ones}");
    let none = rng.poisson(0.0, &[5], 5).unwrap().compute_with(&Sync::new()).unwrap();
    assert!(none.iter().all(|&n| n == 0));
}

#[test]
fn integers_of_all_ranges() {
    let rng = &mut Generator::new(7);
    let all = rng.integers(u64::MIN, u64::MAX, &[1000], 100).unwrap().compute_with(&Sync::new()).unwrap();
    assert!(all.iter().any(|&n| n > u64::MAX / 2) && all.iter().any(|&n| n < u64::MAX / 2));
    let bytes = rng.integers(i8::MIN, i8::MAX, &[20_000], 999).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(bytes.iter().min(), Some(&-128));
    assert_eq!(bytes.iter().max(), Some(&126));
    let one = rng.integers(5_u8, 6, &[3], 1).unwrap().compute_with(&Sync::new()).unwrap();
    assert!(one.iter().all(|&n| n == 5));
}

#[test]
fn the_first_numbers_are_those_of_numpy() {
    // [np.random.Generator(np.random.Philox(s)).random(9) for s in np.random.SeedSequence(42).spawn(2)]
    let expected = [
        [
            0.2197435513325704,
            0.45619347566841584,
            0.18398429463748722,
            0.4462073373090394,
            0.38481442272948685,
            0.37549136516047965,
            0.31291366729396597,
            0.6036062962389537,
            0.6892831662430583,
        ],
        [
            0.7731546279295569,
            0.42403653009372955,
            0.014303936083175706,
            0.39394031831553045,
            0.4939301741384593,
            0.0675888398917821,
            0.40367773319918,
            0.24570113479277533,
            0.7319088880756921,
        ],
    ];
    let mut rng = Generator::new(42);
    for expected in expected {
        assert_eq!(computed(rng.random(&[9], 4)).to_vec(), expected);
    }
}

#[test]
fn choices_and_permutations() {
    let sync = Sync::new();
    let rng = &mut Generator::new(8);
    let picked = rng.choice(&[10, 20, 30], Some(&[0.2, 0.0, 0.8]), &[N], 9_000).unwrap();
    let picked = picked.compute_with(&sync).unwrap();
    let share = |n: i32| picked.iter().filter(|&&x| x == n).count() as f64 / N as f64;
    assert!((share(10) - 0.2).abs() < 0.02 && share(20) == 0.0 && (share(30) - 0.8).abs() < 0.02);
    let any = rng.choice(&[true, false], None, &[1000], 10).unwrap().compute_with(&sync).unwrap();
    assert!((400..600).contains(&any.iter().filter(|&&x| x).count()));

    let shuffled = rng.permutation(1000, 77).unwrap().compute_with(&sync).unwrap();
    let mut sorted: Vec<i64> = shuffled.iter().copied().collect();
    assert!(!sorted.is_sorted());
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
    let some = rng.choice_without_replacement(&[1.5, 2.5, 3.5, 4.5], 3, 2).unwrap();
    let mut some: Vec<f64> = some.compute_with(&sync).unwrap().into_iter().collect();
    some.sort_unstable_by(f64::total_cmp);
    some.dedup();
    assert_eq!(some.len(), 3);
}

#[test]
fn schedulers_make_no_difference_and_arrays_do() {
    let make = |seed: u64| {
        let mut rng = Generator::new(seed);
        let x = rng.gamma(0.3, 1.0, &[30, 20], [7, 6]).unwrap();
        let y = rng.gamma(0.3, 1.0, &[30, 20], 30).unwrap();
        (x, y)
    };
    let (x, y) = make(1);
    let expected = x.compute_with(&Sync::new()).unwrap();
    for (name, scheduler) in schedulers() {
        assert_eq!(make(1).0.compute_with(&*scheduler).unwrap(), expected, "{name}");
    }
    assert_ne!(y.compute_with(&Sync::new()).unwrap(), expected);
    assert_ne!(make(2).0.compute_with(&Sync::new()).unwrap(), expected);
    assert_ne!(make(2).0.name(), x.name());
    assert_eq!(make(1).0.name(), x.name());
    let narrow =
        Generator::new(1).random::<f32>(&[10_000], 1000).unwrap().compute_with(&Sync::new()).unwrap();
    assert!(narrow.iter().all(|&x| (0.0..1.0).contains(&x)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_slice_holds_the_numbers_of_the_whole(
        shape in proptest::collection::vec(1..9_usize, 0..4),
        parts in proptest::collection::vec((0.0..1.0, 0.0..1.0, prop_oneof![-3..0_isize, 1..4_isize]), 3),
        chunk in 1..5_usize,
    ) {
        let make = |chunks: i32| Generator::new(3).beta(0.5, 0.5, &shape, chunks).unwrap();
        let whole = make(-1).compute_with(&Sync::new()).unwrap();
        prop_assert_eq!(&make(chunk as i32).compute_with(&Sync::new()).unwrap(), &whole);
        let elems: Vec<SliceInfoElem> = shape
            .iter()
            .zip(&parts)
            .map(|(&n, &(from, to, step))| {
                let at = |x: f64| (x * (n + 1) as f64) as isize;
                Slice::new(at(from).min(at(to)), Some(at(from).max(at(to))), step).into()
            })
            .collect();
        let got = make(chunk as i32).slice(elems.clone()).unwrap().compute_with(&Sync::new()).unwrap();
        prop_assert_eq!(&got, &whole.slice(&elems[..]));
    }
}

#[test]
fn mistakes_are_named() {
    let rng = &mut Generator::new(1);
    let error = |x: Result<Array<f64>, ArrayError>| x.unwrap_err().to_string();
    assert_eq!(error(rng.normal(0.0, -1.0, &[2], 1)), "`normal` takes scale at least 0, not -1");
    assert!(error(rng.normal(f64::NAN, 1.0, &[2], 1)).contains("not NaN"));
    assert!(error(rng.uniform(1.0, 0.0, &[2], 1)).contains("`uniform` takes high"));
    assert!(error(rng.uniform(-f64::MAX, f64::MAX, &[2], 1)).contains("`uniform` takes high"));
    assert!(error(rng.gamma(0.0, 1.0, &[2], 1)).contains("shape_parameter larger than 0"));
    assert!(error(rng.triangular(0.0, 0.0, 0.0, &[2], 1)).contains("`triangular` takes right"));
    assert!(error(rng.random(&[2], 0)).contains("length 0"));
    assert!(error(rng.choice(&[], None, &[2], 1)).contains("values not empty"));
    assert!(error(rng.choice(&[1.0], Some(&[0.5]), &[2], 1)).contains("add up to 1"));
    assert!(error(rng.choice(&[1.0], Some(&[0.5, 0.5]), &[2], 1)).contains("2 numbers for 1 values"));
    assert!(error(rng.choice_without_replacement(&[1.0], 2, 1)).contains("not 2"));
    assert!(rng.integers(3, 3, &[2], 1).unwrap_err().to_string().contains("larger than `low`"));
    assert!(rng.binomial(3, 1.5, &[2], 1).unwrap_err().to_string().contains("p from 0 to 1"));
    assert!(rng.poisson(f64::INFINITY, &[2], 1).is_err());
}

/// The numbers of an array of parameters are, place by place, those of whole arrays with these parameters.
#[test]
fn parameters_may_differ_from_place_to_place() {
    let (rows, columns) = (5_usize, 4_usize);
    let lows = [0.5, 1.0, 2.0, 3.5, 50.0];
    let highs = [1.0, 2.0, 60.0, 61.5];
    for cut in [1, 2, 5] {
        let a = Array::from_ndarray(Array1::from(lows.to_vec()), cut).unwrap().reshape(&[5, 1]).unwrap();
        let b = Array::from_ndarray(Array1::from(highs.to_vec()), cut + 1).unwrap();
        let check_each =
            |what: &str,
             each: &dyn Fn(&mut Generator) -> Result<Array<f64>, ArrayError>,
             whole: &dyn Fn(&mut Generator, f64, f64) -> Result<Array<f64>, ArrayError>| {
                let mut expected = dask_array::ndarray::Array2::zeros((rows, columns));
                for ((i, j), element) in expected.indexed_iter_mut() {
                    let all = whole(&mut Generator::new(3), lows[i], highs[j]).unwrap();
                    *element = all.slice((i as isize, j as isize)).unwrap().item_with(&Sync::new()).unwrap();
                }
                let got = each(&mut Generator::new(3)).unwrap();
                for (name, scheduler) in schedulers() {
                    assert_eq!(
                        got.compute_with(&*scheduler).unwrap(),
                        expected.clone().into_dyn(),
                        "{what}, {name}"
                    );
                }
            };
        let shape = &[rows, columns][..];
        check_each("normal", &|rng| rng.normal_each(&a, &b), &|rng, a, b| rng.normal(a, b, shape, 3));
        check_each("gamma", &|rng| rng.gamma_each(&a, &b), &|rng, a, b| rng.gamma(a, b, shape, 3));
        check_each("wald", &|rng| rng.wald_each(&b, &a), &|rng, a, b| rng.wald(b, a, shape, 3));
        let floats = |x: Result<Array<i64>, ArrayError>| Ok(x?.astype::<f64>());
        check_each("poisson", &|rng| floats(rng.poisson_each(&(&a * &b))), &|rng, a, b| {
            floats(rng.poisson(a * b, shape, 3))
        });
        let n = b.floor();
        check_each("binomial", &|rng| floats(rng.binomial_each(&n, &(1.0 / (&a + 1.0)))), &|rng, a, b| {
            floats(rng.binomial(b as u64, 1.0 / (a + 1.0), shape, 3))
        });
    }

    // A number beside arrays, and arrays drawn after each other.
    let mut rng = Generator::new(3);
    let a = Array::from_ndarray(Array1::from(lows.to_vec()), 2).unwrap();
    let first = computed(rng.exponential_each(&a));
    assert_eq!(first.len(), 5);
    let second = computed(rng.uniform_each(&a, 100.0));
    assert_ne!(first, second);
    assert!(second.iter().zip(lows).all(|(x, low)| (low..100.0).contains(x)));
    let one = rng.normal_each(0.0, 1.0).unwrap();
    assert_eq!(one.ndim(), 0);

    let run = |x: Array<i64>| format!("{:?}", x.compute_with(&Sync::new()).unwrap_err());
    assert!(run(rng.binomial_each(&a, 0.5).unwrap()).contains("a whole number"));
    assert!(run(rng.poisson_each(&(&a - 1.0)).unwrap()).contains("at least 0"));
    let apart = Array::<f64>::ones(&[4], 2).unwrap();
    assert!(rng.normal_each(&a, &apart).unwrap_err().to_string().contains("broadcast"));
}
