//! Elementwise operations: their values at awkward numbers, fused chains of them, and their mistakes.

use dask_array::ndarray::{ArrayD, arr1};
use dask_array::{Array, OutOfRange, Tolerance, c64, c128, choose, f16, promote, select};
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::golden::dynamic::Dynamic;
use super::golden::steps;
use super::random::{Cut, any_cut};

/// What an operation of the golden vocabulary gives for these operands.
fn apply(op: &str, operands: &[Dynamic], args: &Json) -> Result<Vec<Dynamic>, String> {
    let names: Vec<String> = (0..operands.len()).map(|at| format!("i{at}")).collect();
    steps::run(&json!({ "steps": [{ "op": op, "in": names, "args": args }] }), operands)
}

/// Compares rows `name number …` of what numpy gives with what the operation gives here.
#[track_caller]
fn check_rows(table: &str, operands: &[Dynamic], number: impl Fn(&str) -> c128) {
    let mut rows = 0;
    for row in table.lines() {
        let (name, numbers) = row.split_once(' ').unwrap();
        let wanted: Vec<c128> = numbers.split(' ').map(&number).collect();
        let (op, part) = name.split_once('.').unwrap_or((name, "0"));
        let (args, output) = match op {
            "round" => (json!({ "decimals": part.parse::<i64>().unwrap() }), 0),
            _ => (json!({}), part.parse().unwrap()),
        };
        let outputs = apply(op, &operands[..1], &args).or_else(|_| apply(op, operands, &args));
        let output = &outputs.unwrap_or_else(|missing| panic!("{name}: {missing}"))[output];
        let got = output.compute(&Sync::new()).numbers();
        assert_eq!(got.len(), wanted.len(), "{name}");
        for (at, (got, want)) in got.into_iter().zip(wanted).enumerate() {
            let same = |got: f64, want: f64| got == want || got.is_nan() && want.is_nan();
            let same = same(got.re, want.re) && same(got.im, want.im);
            assert!(
                same || (got - want).norm() <= 1e-14 * want.norm(),
                "{name}, {at}: {got}, expected {want}"
            );
        }
        rows += 1;
    }
    assert!(rows > 30, "only {rows} rows");
}

#[test]
fn functions_of_real_numbers_are_numpys_at_zeros_infinities_and_nans() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let x = arr1(&[0.0, -0.0, 0.75, -2.5, 1e300, 5e-324, inf, -inf, nan, -7.0]);
    let y = arr1(&[-0.0, 1.0, -2.5, 0.75, -1e300, 3.0, inf, 2.0, 1.0, nan]);
    let operands = [x, y].map(|x| Dynamic::F64(Array::from_ndarray(x, 3).unwrap()));
    check_rows(include_str!("elementwise/real.txt"), &operands, |number| {
        number.parse::<f64>().unwrap().into()
    });
}

#[test]
fn functions_of_half_precision_are_numpys_to_the_bit() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let x = [0.0, -0.0, 0.75, -2.5, 60000.0, 6e-8, inf, -inf, nan, -7.0, 2049.0, 0.1];
    let y = [-0.0, 1.0, -2.5, 0.75, -60000.0, 3.0, inf, 2.0, 1.0, nan, 3.0, -0.3];
    let operands = [x, y].map(|x| Dynamic::F16(Array::from_ndarray(arr1(&x.map(f16::from_f32)), 5).unwrap()));
    check_rows(include_str!("elementwise/half.txt"), &operands, |number| {
        number.parse::<f64>().unwrap().into()
    });
}

#[test]
fn functions_of_complex_numbers_are_numpys() {
    let array = |numbers: [(f64, f64); 5]| {
        Dynamic::C128(Array::from_ndarray(arr1(&numbers.map(|(re, im)| c128::new(re, im))), 2).unwrap())
    };
    let z = array([(1.0, 2.0), (-0.5, 0.25), (3.0, -4.0), (-2.0, -1.0), (0.001, 0.002)]);
    let w = array([(2.0, -1.0), (3.0, 0.0), (-2.0, 0.0), (0.5, 1.5), (-1.0, -1.0)]);
    check_rows(include_str!("elementwise/complex.txt"), &[z, w], |number| {
        let (re, im) = number.split_once(',').unwrap();
        c128::new(re.parse().unwrap(), im.parse().unwrap())
    });
}

fn computed<A: dask_array::Element>(x: &Array<A>) -> ArrayD<A> {
    x.compute_with(&Sync::new()).unwrap()
}

#[test]
fn integers_shift_and_divide_as_numpys() {
    let x = Array::from_ndarray(arr1(&[0_i64, 5, -5, 3]), 3).unwrap();
    let by = Array::from_ndarray(arr1(&[1_i64, 64, -1, 63]), 2).unwrap();
    assert_eq!(computed(&(&x << &by)), arr1(&[0, 0, 0, i64::MIN]).into_dyn());
    assert_eq!(computed(&(&x >> &by)), arr1(&[0, 0, -1, 0]).into_dyn());
    let by = Array::from_ndarray(arr1(&[0_i64, 0, 3, -2]), 2).unwrap();
    assert_eq!(computed(&x.fmod(&by).unwrap()), arr1(&[0, 0, -2, 1]).into_dyn());
    let (quotient, rest) = x.divmod(&by).unwrap();
    assert_eq!(computed(&(quotient * &by + rest)), arr1(&[0, 0, -5, 3]).into_dyn());
    assert_eq!(computed(&x.reciprocal()), arr1(&[0, 0, 0, 0]).into_dyn());
    assert_eq!(computed(&x.round(-1)), arr1(&[0, 0, 0, 0]).into_dyn());
    assert_eq!(computed(&(&x * 3).round(-1)), arr1(&[0, 20, -20, 10]).into_dyn());
    let bytes = Array::from_ndarray(arr1(&[200_u8, 3]), 1).unwrap();
    assert_eq!(computed(&(bytes >> 7)), arr1(&[1, 0]).into_dyn());
}

#[test]
fn powers_of_two_are_rounded_once() {
    let x = Array::from_ndarray(arr1(&[1.5, 1.0, -3.0, 5e-324, f64::MAX, f64::INFINITY]), 4).unwrap();
    let e = Array::from_ndarray(arr1(&[-1074_i32, 1023, 0, 2098, -2098, 5]), 4).unwrap();
    let expected = [5e-324 * 2.0, 2_f64.powi(1023), -3.0, f64::INFINITY, 5e-324, f64::INFINITY];
    assert_eq!(computed(&x.ldexp(&e).unwrap()), arr1(&expected).into_dyn());
    let tiny = Array::from_ndarray(arr1(&[f64::from_bits(0x3c3f_ffff_ffff_ffff)]), 1).unwrap();
    // A step down to the subnormal numbers and another within them would round up twice.
    assert_eq!(
        computed(&tiny.ldexp(-1000).unwrap())[[0]],
        f64::from_bits(0x3c3f_ffff_ffff_ffff) * 2_f64.powi(-1000)
    );
    let (mantissa, exponent) = x.frexp();
    assert_eq!(computed(&mantissa.ldexp(&exponent).unwrap()), computed(&x));
    let narrow = Array::from_ndarray(arr1(&[1e-45_f32, 3.0, -0.0]), 2).unwrap();
    let (mantissa, exponent) = narrow.frexp();
    assert_eq!(computed(&mantissa), arr1(&[0.5, 0.75, -0.0]).into_dyn());
    assert_eq!(computed(&exponent), arr1(&[-148, 2, 0]).into_dyn());
}

#[test]
fn numbers_of_two_types_meet_in_numpys() {
    let n = Array::from_ndarray(arr1(&[1_i64, -2, 3]), 2).unwrap();
    let z = Array::from_ndarray(arr1(&[c64::new(0.5, 1.0)]), 1).unwrap();
    let (n, z): (Array<c128>, Array<c128>) = promote(&n, &z);
    assert_eq!(
        computed(&(n * z)),
        arr1(&[c128::new(0.5, 1.0), c128::new(-1.0, -2.0), c128::new(1.5, 3.0)]).into_dyn()
    );
    let flags = Array::from_ndarray(arr1(&[true, false]), 1).unwrap();
    let (flags, small) = promote(&flags, &Array::full(&[], 3_u8, -1).unwrap());
    assert_eq!(computed(&(flags + small)), arr1(&[4, 3]).into_dyn());
}

#[test]
fn positions_out_of_range_fail_wrap_or_are_clipped() {
    let choices = [10, 20, 30].map(|x| Array::full(&[5], x, 2).unwrap());
    let at = Array::from_ndarray(arr1(&[-1, 0, 2, 3, 7]), 2).unwrap();
    let chosen = |out_of_range| choose(&at, &choices, out_of_range).unwrap();
    assert_eq!(computed(&chosen(OutOfRange::Wrap)), arr1(&[30, 10, 30, 10, 20]).into_dyn());
    assert_eq!(computed(&chosen(OutOfRange::Clip)), arr1(&[10, 10, 30, 30, 30]).into_dyn());
    let error = chosen(OutOfRange::Raise).compute_with(&Sync::new()).unwrap_err();
    let error = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    let messages: Vec<String> = error.map(ToString::to_string).collect();
    assert!(
        messages.iter().any(|text| text.contains("position -1 is out of range for 3 choices")),
        "{messages:?}"
    );
    let huge = Array::from_ndarray(arr1(&[u64::MAX, 1]), 2).unwrap();
    let clipped = choose(&huge, choices.clone().map(|x| x.slice((..2,)).unwrap()), OutOfRange::Clip).unwrap();
    assert_eq!(computed(&clipped), arr1(&[30, 20]).into_dyn());
}

#[test]
fn mistakes_are_raised_when_the_operation_is_written() {
    let (x, y) = (Array::<f64>::zeros(&[3, 2], 1).unwrap(), Array::<f64>::zeros(&[3], 1).unwrap());
    let broadcast = "shapes [3, 2] and [3] do not broadcast";
    let message = |error: dask_array::ArrayError| error.to_string();
    assert!(message(x.arctan2(&y).unwrap_err()).contains(broadcast));
    assert!(message(x.is_close(&y, Tolerance::default()).unwrap_err()).contains(broadcast));
    assert!(message(x.ldexp(Array::<i32>::zeros(&[3], 1).unwrap()).unwrap_err()).contains(broadcast));
    assert!(message(x.divmod(&y).unwrap_err()).contains(broadcast));
    let none: [Array<f64>; 0] = [];
    let at = Array::<i64>::zeros(&[3], 1).unwrap();
    assert!(message(choose(&at, none, OutOfRange::Raise).unwrap_err()).contains("`choose` needs one array"));
    let cases: [(&Array<bool>, f64); 0] = [];
    assert!(message(select(cases, 1.0).unwrap_err()).contains("`select` needs one array"));
    assert!(message(select([(&x.gt(0.0).unwrap(), &y)], 0.0).unwrap_err()).contains(broadcast));
}

/// Numbers with a way to cut them, some of them no numbers.
fn numbers() -> impl Strategy<Value = (ArrayD<f64>, Vec<Vec<usize>>)> {
    let odd = [f64::NAN, f64::INFINITY, -0.0, 0.5, -f64::NAN];
    any_cut().prop_map(move |Cut { array, chunks }| {
        let pick = |x: f64| odd.get((x * 8.0) as usize % 40).copied().unwrap_or(x / 30.0);
        (array.mapv(pick), chunks)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A chain through every kind of instruction, fused or not, is what a loop over the elements gives.
    #[test]
    fn chains_are_as_a_plain_loop((numbers, chunks) in numbers()) {
        let x = Array::from_ndarray(numbers.clone(), chunks).unwrap();
        let (fract, whole) = x.modf();
        let kind = x.is_nan().astype::<i64>() + x.signbit().astype::<i64>() * 2;
        let z = x.nan_to_num(0.5, Some(3.0), None).astype::<c128>() * c128::new(0.0, 2.0);
        let close = fract.is_close(0.5, Tolerance { rtol: 0.1, ..Tolerance::default() }).unwrap();
        let chosen = choose(&kind, [&fract, &whole, &z.abs(), &z.imag()], OutOfRange::Raise).unwrap();
        let result = select([(&close, &x.hypot(&whole).unwrap()), (&x.gt(2.0).unwrap(), &x.fmin(2.5).unwrap())], &chosen).unwrap();
        let expected = numbers.mapv(|x| {
            let (fract, whole) = if x.is_infinite() { (0.0, x) } else { (x.fract().copysign(x), x.trunc()) };
            let number = if x.is_nan() { 0.5 } else if x == f64::INFINITY { 3.0 } else { x };
            if (fract - 0.5).abs() <= 0.05 + 1e-8 {
                x.hypot(whole)
            } else if x > 2.0 {
                x.min(2.5)
            } else {
                match (x.is_nan(), x.is_sign_negative()) {
                    (false, false) => fract,
                    (true, false) => whole,
                    (false, true) => (number * 2.0).abs(),
                    (true, true) => number * 2.0,
                }
            }
        });
        let schedulers: [&dyn Scheduler; 2] = [&Sync::new(), &Optimized::new(Threaded::with_workers(2))];
        for scheduler in schedulers {
            let got = result.compute_with(scheduler).unwrap();
            let same = |(got, want): (&f64, &f64)| got == want || got.is_nan() && want.is_nan();
            prop_assert!(got.iter().zip(&expected).all(same), "{got}, expected {expected}");
        }
    }

    /// Fused or not, in one loop or in several, operations give the same bits.
    #[test]
    fn fused_programs_round_each_operation(
        (numbers, chunks) in numbers(),
        chain in proptest::collection::vec((0..12_usize, 0..3_usize), 1..9),
    ) {
        let x = Array::from_ndarray(numbers.clone(), chunks).unwrap();
        let y = Array::from_ndarray(numbers.mapv(|x| 1.0 / (x + 0.3)), 2).unwrap();
        let mut value = x.clone();
        let mut before = y.clone();
        for (op, operand) in chain {
            // An array, a number, or what the chain had before.
            let other = match operand {
                0 => y.clone(),
                1 => Array::full(x.shape(), 0.1, 3).unwrap(),
                _ => before.clone(),
            };
            let next = match op {
                0 => &value + &other,
                1 => &other - &value,
                2 => &value - 0.7,
                3 => 0.7 - &value,
                4 => &value * &other,
                5 => &value / &other,
                6 => 3.0 / &value,
                7 => value.minimum(&other).unwrap(),
                8 => value.maximum(0.2).unwrap(),
                9 => value.square(),
                10 => value.sqrt(),
                _ => value.abs(),
            };
            before = std::mem::replace(&mut value, next);
        }
        let sum = value.sum(..).unwrap();
        let fused = Optimized::new(Threaded::with_workers(2));
        let [want, got] = [&Sync::new() as &dyn Scheduler, &fused].map(|scheduler| {
            let values = value.compute_with(scheduler).unwrap();
            let sum = sum.item_with(scheduler).unwrap();
            values.into_iter().chain([sum]).map(|x| if x.is_nan() { f64::NAN } else { x }.to_bits()).collect::<Vec<_>>()
        });
        prop_assert_eq!(got, want);
    }
}
