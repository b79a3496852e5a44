//! Functions of the user on blocks.

use dask_array::ndarray::{ArrayD, Axis, Ix1, Ix2, arr1, arr2};
use dask_array::{Array, ArrayError, BlockMap, apply_gufunc};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::configurations::schedulers;
use super::random::{any_cut, close, cut, everywhere};

fn any_pair() -> impl Strategy<Value = (super::random::Cut, super::random::Cut)> {
    (1..7_usize, 1..7_usize).prop_flat_map(|(n, m)| (cut(vec![n, m]), cut(vec![m])))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn functions_see_every_element_once(a in any_cut()) {
        prop_assert_eq!(&everywhere(&a.lazy().map_blocks(|block| block.mapv(|x| 2.0 * x))), &(2.0 * &a.array));
        let offsets = a.lazy().map_blocks_with_info(|info, block| {
            ArrayD::from_shape_fn(block.shape(), |at| (info.offset[0] + at[0]) as f64)
        });
        let expected = ArrayD::from_shape_fn(a.array.raw_dim(), |at| at[0] as f64);
        prop_assert_eq!(&everywhere(&offsets), &expected);
        for axis in 0..a.array.ndim() {
            let sums = a.lazy().apply_along_axis(axis as isize, |line| line.sum()).unwrap();
            prop_assert!(close(&everywhere(&sums), &a.array.sum_axis(Axis(axis))));
            let ends = a.lazy().map_along_axis(axis as isize, 2, |line| arr1(&[line[0], line[line.len() - 1]]));
            let n = a.array.shape()[axis];
            let expected = a.array.select(Axis(axis), &[0, n - 1]);
            prop_assert_eq!(&everywhere(&ends.unwrap()), &expected);
        }
    }

    #[test]
    fn what_the_result_lacks_is_given_whole((a, b) in any_pair()) {
        let dot = |blocks: &[dask_array::ndarray::ArrayViewD<'_, f64>]| {
            let x = blocks[0].view().into_dimensionality::<Ix2>().unwrap();
            x.dot(&blocks[1].view().into_dimensionality::<Ix1>().unwrap()).into_dyn()
        };
        let expected = a.array.view().into_dimensionality::<Ix2>().unwrap();
        let expected = expected.dot(&b.array.view().into_dimensionality::<Ix1>().unwrap()).into_dyn();
        let got = BlockMap::to("i").input(&a.lazy(), "ij").input(&b.lazy(), "j").map(dot).unwrap();
        prop_assert!(close(&everywhere(&got), &expected));
        let got = apply_gufunc("(i,j),(j)->(i)", &[&a.lazy(), &b.lazy()], &[], dot).unwrap();
        prop_assert!(close(&everywhere(&got), &expected));
    }
}

#[test]
fn new_and_longer_axes() {
    let x = Array::from_ndarray(arr1(&[1, 2, 3]), 2).unwrap();
    let twice = BlockMap::to("i")
        .input(&x, "i")
        .chunks('i', [4, 2])
        .map(|blocks| ArrayD::from_shape_fn(vec![2 * blocks[0].len()], |at| blocks[0][at[0] / 2]));
    let table = BlockMap::to("ki").input(&x, "i").chunks('k', [1, 1]).map_with_info(|info, blocks| {
        blocks[0].mapv(|x| x * (1 + info.index[0] as i32)).insert_axis(Axis(0))
    });
    let ramp = BlockMap::<i32>::to("n")
        .chunks('n', [2, 1])
        .map_with_info(|info, _| ArrayD::from_shape_fn(&*info.shape, |at| (info.offset[0] + at[0]) as i32));
    for (name, scheduler) in schedulers() {
        let of = |x: &Result<Array<i32>, ArrayError>| x.as_ref().unwrap().compute_with(&*scheduler).unwrap();
        assert_eq!(of(&twice), arr1(&[1, 1, 2, 2, 3, 3]).into_dyn(), "{name}");
        assert_eq!(of(&table), arr2(&[[1, 2, 3], [2, 4, 6]]).into_dyn(), "{name}");
        assert_eq!(of(&ramp), arr1(&[0, 1, 2]).into_dyn(), "{name}");
    }
}

#[test]
fn loops_of_generalised_functions_broadcast() {
    let x = Array::from_ndarray(arr2(&[[1, 2], [3, 4]]), 1).unwrap();
    let y = Array::from_ndarray(arr1(&[10, 20]), 1).unwrap();
    let outer = apply_gufunc("(),()->(k)", &[&x, &y], &[("k", 2)], |blocks| {
        let both = blocks[0].broadcast(blocks[0].raw_dim()).unwrap();
        let sums = &both + &blocks[1];
        let products = &both * &blocks[1];
        dask_array::ndarray::stack(Axis(2), &[sums.view(), products.view()]).unwrap()
    });
    let got = outer.unwrap().compute_with(&Sync::new()).unwrap();
    let expected = dask_array::ndarray::arr3(&[[[11, 10], [22, 40]], [[13, 30], [24, 80]]]);
    assert_eq!(got, expected.into_dyn());
}

#[test]
fn mistakes_are_named() {
    let x = Array::<f64>::ones(&[4, 3], 2).unwrap();
    let error = |map: BlockMap<f64>| map.map(|blocks| blocks[0].to_owned()).unwrap_err().to_string();
    assert!(error(BlockMap::to("i").input(&x, "i")).contains("one for each axis"));
    assert!(error(BlockMap::to("i").input(&x, "ii")).contains("none twice"));
    assert!(error(BlockMap::to("ik").input(&x, "ij")).contains("axis `k` of the result"));
    assert!(error(BlockMap::to("ii").input(&x, "ij")).contains("there twice"));
    let y = Array::<f64>::ones(&[5], 2).unwrap();
    assert!(
        error(BlockMap::to("ij").input(&x, "ij").input(&y, "j")).contains("axes `j` have lengths [3, 5]")
    );
    let lengths = BlockMap::to("ij").input(&x, "ij").chunks('i', [4]);
    assert!(error(lengths).contains("lengths of 1 blocks are declared for axis `i`, the inputs have 2"));
    let huge = BlockMap::to("ijk").input(&x, "ij").chunks('k', [usize::MAX, 2]);
    assert!(error(huge).contains("more bytes than can be counted"));

    let gufunc = |signature, sizes: &[(&str, usize)]| {
        apply_gufunc(signature, &[&x, &y], sizes, |blocks| blocks[0].to_owned()).unwrap_err().to_string()
    };
    assert!(gufunc("(i)->(i)", &[]).contains("of 2 arrays"));
    assert!(gufunc("(i,j,k),()->()", &[]).contains("at least 3 are named"));
    assert!(gufunc("(i),(i)->()", &[]).contains("axis `i` has length 3 in one array and 5 in another"));
    assert!(gufunc("(i),(j)->(k)", &[]).contains("say its length in `sizes`"));

    // What only the run can see.
    let wrong = x.map_blocks(|_| ArrayD::<f64>::zeros(vec![1]));
    let text = format!("{:?}", wrong.compute_with(&Sync::new()).unwrap_err());
    assert!(text.contains("[1]") && text.contains("[2, 2]"), "{text}");
    let failing = x.try_map_blocks(|_| "5x".parse::<f64>().map(|x| ArrayD::from_elem(vec![2, 2], x)));
    let text = format!("{:?}", failing.compute_with(&Sync::new()).unwrap_err());
    assert!(text.contains("invalid float literal") || text.contains("ParseFloatError"), "{text}");
    let line = x.map_along_axis(0, 3, |line| line.to_owned()).unwrap();
    let text = format!("{:?}", line.compute_with(&Sync::new()).unwrap_err());
    assert!(text.contains("LineLengthError"), "{text}");
}
