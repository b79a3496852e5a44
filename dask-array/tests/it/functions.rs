//! Functions of the user on blocks.

use dask_array::ndarray::{ArrayD, Axis, Ix1, Ix2, arr1, arr2, s};
use dask_array::{Array, ArrayError, BlockMap, apply_gufunc, apply_gufunc_several};
use dask_graph::{Collection, RunOptions, compute_with};
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
fn a_function_may_have_several_results() {
    let data = ArrayD::from_shape_fn(vec![3, 2, 4], |at| (100 * at[0] + 10 * at[1] + at[2]) as i64);
    let sums = data.sum_axis(Axis(2));
    let backwards = data.slice(s![.., .., ..;-1]).into_dyn();
    for cut in [[1, 1, 1], [2, 2, 3], [3, 1, 4]] {
        let x = Array::from_ndarray(data.clone(), cut).unwrap();
        let made = apply_gufunc_several("(j)->(),(j),(k,m)", &[&x], &[("k", 0), ("m", 2)], |blocks| {
            let (block, last) = (&blocks[0], blocks[0].ndim() - 1);
            let none = ArrayD::zeros([&block.shape()[..last], &[0, 2]].concat());
            // In an order of its own in memory.
            let backwards = block.slice(s![.., .., ..;-1]).to_owned();
            vec![block.sum_axis(Axis(last)), backwards.into_dyn(), none]
        });
        let [sum, reversed, empty] = made.unwrap().try_into().unwrap();
        assert_eq!(empty.shape(), [3, 2, 0, 2]);
        for (name, scheduler) in schedulers() {
            assert_eq!(sum.compute_with(&*scheduler).unwrap(), sums, "{name}");
            assert_eq!(reversed.compute_with(&*scheduler).unwrap(), backwards, "{name}");
            let both =
                compute_with((sum.clone(), empty.clone()), &*scheduler, &RunOptions::default()).unwrap();
            assert_eq!(both, (sums.clone(), ArrayD::zeros(vec![3, 2, 0, 2])), "{name}");
        }
    }
    let x = Array::from_ndarray(arr2(&[[1, 2], [3, 4]]), 1).unwrap();
    let fails = |f: fn(&ArrayD<i32>) -> Vec<ArrayD<i32>>| {
        let made =
            apply_gufunc_several("(i)->(),(i)", &[&x], &[], move |blocks| f(&blocks[0].to_owned())).unwrap();
        format!("{:?}", made[0].compute_with(&Sync::new()).unwrap_err())
    };
    assert!(fails(|block| vec![block.clone()]).contains("got: 1, expected: 2"));
    let turned = fails(|block| vec![block.clone(), block.sum_axis(Axis(1))]);
    assert!(turned.contains("got: [1, 2], expected: [1]"), "{turned}");
    let none = apply_gufunc_several("(i)->(),(q)", &[&x], &[], |_| Vec::<ArrayD<i32>>::new());
    assert!(none.unwrap_err().to_string().contains("axis `q`"));
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
    assert!(gufunc("(i),(j)->(),()", &[]).contains("`apply_gufunc_several`"));
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
