//! Products, against loops over all indices.

use std::collections::BTreeMap;

use dask_array::ndarray::{ArrayD, IxDyn};
use dask_array::{Array, Element, c128, einsum};
use dask_graph::Collection;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

/// Small integers, cut: their sums are exact in every type.
#[derive(Debug, Clone)]
struct Cut {
    array: ArrayD<i64>,
    chunks: Vec<Vec<usize>>,
}

impl Cut {
    fn lazy<A: Element>(&self) -> Array<A> {
        Array::from_ndarray(self.array.clone(), self.chunks.clone()).unwrap().astype()
    }
}

fn cut(shape: Vec<usize>) -> impl Strategy<Value = Cut> {
    let chunks_of = |n: usize| {
        proptest::collection::vec(0..=n, 0..4).prop_map(move |mut cuts| {
            cuts.extend([0, n]);
            cuts.sort_unstable();
            cuts.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
        })
    };
    let n: usize = shape.iter().product();
    let chunks: Vec<_> = shape.iter().map(|&n| chunks_of(n)).collect();
    (proptest::collection::vec(-9..10_i64, n), chunks).prop_map(move |(elements, chunks)| Cut {
        array: ArrayD::from_shape_vec(IxDyn(&shape), elements).unwrap(),
        chunks,
    })
}

/// Terms of up to three operands with arrays that fit, and a result of some of their letters.
fn sums() -> impl Strategy<Value = (String, Vec<Cut>)> {
    let term = || proptest::collection::vec(0..4_usize, 0..4);
    let lengths = proptest::collection::vec(0..6_usize, 4);
    (
        proptest::collection::vec(term(), 1..4),
        lengths,
        proptest::collection::vec(any::<bool>(), 4),
        0..24_usize,
    )
        .prop_flat_map(|(terms, lengths, keep, turn)| {
            let letters =
                |term: &[usize]| term.iter().map(|&at| char::from(b'a' + at as u8)).collect::<String>();
            let mut out: Vec<usize> = (0..4).filter(|at| keep[*at] && terms.concat().contains(at)).collect();
            let n = out.len().max(1);
            out.rotate_left(turn % n);
            if turn % 2 == 1 {
                out.reverse();
            }
            let operands: Vec<String> = terms.iter().map(|term| letters(term)).collect();
            let text = format!("{}->{}", operands.join(","), letters(&out));
            let shape = |term: &Vec<usize>| term.iter().map(|&at| lengths[at]).collect::<Vec<_>>();
            (Just(text), terms.iter().map(|term| cut(shape(term))).collect::<Vec<_>>())
        })
}

/// The sum over all letters of products of elements, as written.
fn naive(text: &str, arrays: &[Cut]) -> ArrayD<i64> {
    let (operands, out) = text.split_once("->").unwrap();
    let mut lengths = BTreeMap::new();
    for (term, cut) in operands.split(',').zip(arrays) {
        lengths.extend(term.chars().zip(cut.array.shape().iter().copied()));
    }
    let letters: Vec<char> = lengths.keys().copied().collect();
    let all: Vec<usize> = lengths.values().copied().collect();
    let at = |index: &IxDyn, term: &str| -> Vec<usize> {
        term.chars().map(|c| index[letters.iter().position(|&own| own == c).unwrap()]).collect()
    };
    let shape: Vec<usize> = out.chars().map(|c| lengths[&c]).collect();
    let mut sum = ArrayD::zeros(IxDyn(&shape));
    for index in dask_array::ndarray::indices(IxDyn(&all)) {
        let factors = operands.split(',').zip(arrays).map(|(term, cut)| cut.array[&at(&index, term)[..]]);
        sum[&at(&index, out)[..]] += factors.product::<i64>();
    }
    sum
}

fn everywhere<A: Element + PartialEq>(array: &Array<A>) -> ArrayD<A> {
    let plain = array.compute_with(&Sync::new()).unwrap();
    assert_eq!(plain, array.compute_with(&Optimized::new(Threaded::with_workers(2))).unwrap());
    assert_eq!(plain.shape(), array.shape());
    plain
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn sums_of_products_are_those_of_loops((text, arrays) in sums()) {
        let expected = naive(&text, &arrays);
        let floats = einsum(&text, arrays.iter().map(Cut::lazy::<f64>)).unwrap();
        prop_assert_eq!(everywhere(&floats), expected.mapv(|x| x as f64), "{}", text);
        let bytes = einsum(&text, arrays.iter().map(Cut::lazy::<i8>)).unwrap();
        prop_assert_eq!(everywhere(&bytes), expected.mapv(|x| x as i8), "{}", text);
    }

    #[test]
    fn matrices_are_multiplied_in_stacks(
        (a, b) in (1..4_usize, 0..5_usize, 0..5_usize, 0..5_usize, any::<bool>()).prop_flat_map(
            |(stack, m, k, n, one)| (cut(vec![2, if one { 1 } else { stack }, m, k]), cut(vec![stack, k, n]))
        ),
    ) {
        let product = a.lazy::<f64>().matmul(&b.lazy()).unwrap();
        let wide = [2, b.array.shape()[0], a.array.shape()[2], a.array.shape()[3]];
        let stretched = Cut { array: a.array.broadcast(IxDyn(&wide)).unwrap().to_owned(), chunks: vec![] };
        let expected = naive("sbij,bjk->sbik", &[stretched, b.clone()]);
        prop_assert_eq!(everywhere(&product), expected.mapv(|x| x as f64));
    }

    #[test]
    fn kronecker_products_are_outer_products(
        (a, b) in ((0..4_usize, 0..4_usize), (0..4_usize, 0..4_usize)).prop_flat_map(
            |(a, b)| (cut(vec![a.0, a.1]), cut(vec![b.0, b.1]))
        ),
    ) {
        let outer = naive("ij,kl->ikjl", &[a.clone(), b.clone()]);
        let shape = outer.shape();
        let expected = outer.to_shape((shape[0] * shape[1], shape[2] * shape[3])).unwrap().to_owned();
        prop_assert_eq!(everywhere(&a.lazy::<i64>().kron(&b.lazy()).unwrap()), expected.into_dyn());
    }
}

#[test]
fn arrays_of_more_axes_are_raveled() {
    let x = Array::<i64>::arange(0, 6, 1, 4).unwrap();
    let table = x.reshape(&[2, 3]).unwrap();
    let products = everywhere(&table.outer(&x).unwrap());
    assert_eq!(products, ArrayD::from_shape_fn(IxDyn(&[6, 6]), |at| (at[0] * at[1]) as i64));
    assert_eq!(table.vdot(&x).unwrap().item_with(&Sync::new()).unwrap(), 55);
    let i = Array::full(&[3], c128::new(0.0, 1.0), 2).unwrap();
    assert_eq!(i.vdot(&i).unwrap().item_with(&Sync::new()).unwrap(), c128::new(3.0, 0.0));
    assert_eq!(i.dot(&i).unwrap().item_with(&Sync::new()).unwrap(), c128::new(-3.0, 0.0));
}

#[test]
fn results_do_not_depend_on_workers() {
    let x = Array::arange(0.0, 30_000.0, 1.0, 700).unwrap();
    let x = ((x * 0.37).sin()).rechunk(130).unwrap();
    let one: f64 = x.dot(&x).unwrap().item_with(&Sync::new()).unwrap();
    for workers in 1..4 {
        let many = x.dot(&x).unwrap().item_with(&Threaded::with_workers(workers)).unwrap();
        assert_eq!(one.to_bits(), many.to_bits());
    }
}

#[test]
fn tasks_are_as_many_as_products_of_blocks() {
    let x = Array::<f64>::ones(&[4000, 4000], 1000).unwrap();
    let product = x.matmul(&x).unwrap();
    let plan = product.graph().lower(&product.keys()).unwrap();
    // 16 blocks, each with a chain of 4 steps.
    assert_eq!(plan.len(), 16 + 16 * 4);
}

#[test]
fn axes_that_do_not_fit_are_named() {
    let of = |shape: &[usize]| Array::<f64>::ones(shape, 2).unwrap();
    let (x, y, v) = (of(&[2, 3]), of(&[4, 3]), of(&[3]));
    let error = |result: Result<Array<f64>, dask_array::ArrayError>| result.unwrap_err().to_string();
    let says = |result, words: &str| {
        let text = error(result);
        assert!(text.contains(words), "{text}");
    };
    says(x.matmul(&y), "`matmul` of shapes [2, 3] and [4, 3]: the last axis of the left");
    says(x.matmul(&of(&[])), "has no axes");
    says(of(&[2, 2, 3]).matmul(&of(&[3, 3, 1])), "do not broadcast");
    says(x.dot(&y), "`dot` of shapes [2, 3] and [4, 3]");
    says(x.inner(&of(&[4])), "the last axes must be equally long");
    says(x.vdot(&v), "as many elements on both sides");
    says(x.tensordot(&y, 3), "fewer axes than are to be summed over");
    says(x.tensordot(&y, ([0, 1], [1])), "not equally long");
    says(x.tensordot(&y, ([0], [1])), "pair by pair");
    says(x.tensordot(&y, ([2], [1])), "axis 2 is out of range");
    says(x.tensordot(&y, ([1, -1], [1, 1])), "does not name each");
    says(einsum("ij,jk", [&x, &y]), "einsum \"ij,jk\": axes of `j` have lengths 3 and 4");
    says(einsum("ii", [&x]), "axes of `i` have lengths 2 and 3");
    says(einsum("ii", [&of(&[1, 3])]), "the diagonal of `i` is of axes of lengths 1 and 3");
    says(einsum("ij,jk->x", [&x, &y]), "in no operand");
}
