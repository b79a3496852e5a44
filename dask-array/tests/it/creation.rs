//! Arrays out of nothing, out of blocks and out of promises; diagonals and triangles.

use dask_array::ndarray::{Array1, Array2, ArrayD, Axis, IxDyn, arr1, arr2};
use dask_array::{Array, ArrayError, Indexing, broadcast_arrays, from_blocks, meshgrid, meshgrid_sparse};
use dask_graph::{Collection, delayed};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

use super::random::{chunks_of, cut, everywhere};

fn computed<A: dask_array::Element>(x: &Array<A>) -> ArrayD<A> {
    let plain = x.compute_with(&Sync::new()).unwrap();
    assert_eq!(plain, x.compute_with(&Optimized::new(Threaded::with_workers(2))).unwrap());
    plain
}

/// A shape of two axes with chunks, and a diagonal, not always one that it has.
fn matrices() -> impl Strategy<Value = (usize, usize, Vec<Vec<usize>>, isize)> {
    (0..7_usize, 0..7_usize, -8..8_isize).prop_flat_map(|(n, m, k)| {
        (chunks_of(n), chunks_of(m)).prop_map(move |(rows, columns)| (n, m, vec![rows, columns], k))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn matrices_have_ones_where_they_should((n, m, chunks, k) in matrices()) {
        let of = |is_one: fn(isize) -> bool| {
            Array2::from_shape_fn((n, m), |(i, j)| f64::from(u8::from(is_one(j as isize - i as isize - k)))).into_dyn()
        };
        prop_assert_eq!(everywhere(&Array::eye(n, m, k, chunks.clone()).unwrap()), of(|right| right == 0));
        prop_assert_eq!(everywhere(&Array::tri(n, m, k, chunks).unwrap()), of(|right| right <= 0));
    }

    #[test]
    fn diagonals_and_triangles_are_as_a_plain_loop(
        (a, axes, offset) in (proptest::collection::vec(1..6_usize, 2..4).prop_flat_map(cut), any::<(prop::sample::Index, bool)>(), -6..6_isize),
    ) {
        let n = a.array.ndim();
        let first = axes.0.index(n);
        let second = (first + if axes.1 { 1 } else { n - 1 }) % n;
        let x = a.lazy() + 0.0;
        // The pairs on the diagonal, and what is there.
        let (rows, columns) = (a.array.shape()[first] as isize, a.array.shape()[second] as isize);
        let len = (rows + offset.min(0)).min(columns - offset.max(0)).max(0) as usize;
        let got = everywhere(&x.diagonal(offset, first as isize, second as isize).unwrap());
        prop_assert_eq!(got.shape()[n - 2], len);
        for t in 0..len {
            let (row, column) = (t + offset.min(0).unsigned_abs(), t + offset.max(0).unsigned_abs());
            let line = a.array.index_axis(Axis(first), row);
            let line = line.index_axis(Axis(second - usize::from(second > first)), column);
            prop_assert_eq!(got.index_axis(Axis(n - 2), t), line);
        }
        let triangle = |below: bool| {
            ArrayD::from_shape_fn(a.array.raw_dim(), |at| {
                let right = at[n - 1] as isize - at[n - 2] as isize - offset;
                if right == 0 || (right < 0) == below { a.array[&at] } else { 0.0 }
            })
        };
        prop_assert_eq!(everywhere(&x.tril(offset).unwrap()), triangle(true));
        prop_assert_eq!(everywhere(&x.triu(offset).unwrap()), triangle(false));
    }

    #[test]
    fn vectors_on_diagonals_come_back(a in (0..7_usize).prop_flat_map(|n| cut(vec![n])), k in -5..5_isize) {
        let matrix = a.lazy().diag(k).unwrap();
        let n = a.array.len() + k.unsigned_abs();
        let expected = ArrayD::from_shape_fn(IxDyn(&[n, n]), |at| {
            if at[1] as isize - at[0] as isize == k { a.array[[at[0].min(at[1])]] } else { 0.0 }
        });
        prop_assert_eq!(everywhere(&matrix), expected);
        prop_assert_eq!(everywhere(&matrix.diag(k).unwrap()), a.array);
    }

    #[test]
    fn members_are_as_a_plain_loop(a in cut(vec![40]), values in cut(vec![3, 4])) {
        let coarse = |x: &ArrayD<f64>| x.mapv(|x| (x / 40.0).round());
        let (x, all) = (coarse(&a.array), coarse(&values.array));
        let got = Array::from_ndarray(x.clone(), a.chunks.clone()).unwrap();
        let found = got.is_in(&Array::from_ndarray(all.clone(), values.chunks.clone()).unwrap());
        prop_assert_eq!(computed(&found), x.mapv(|x| all.iter().any(|value| *value == x)));
    }

    #[test]
    fn functions_give_their_elements((n, m, chunks, _) in matrices()) {
        let x = Array::from_function(&[n, m], chunks, |at| (at[0] * 10 + at[1]) as f64).unwrap();
        prop_assert_eq!(everywhere(&x), Array2::from_shape_fn((n, m), |(i, j)| (i * 10 + j) as f64).into_dyn());
    }
}

#[test]
fn evenly_spaced_numbers_end_where_they_should() {
    // Steps of a tenth do not add up to one.
    let x = computed(&Array::<f64>::linspace(0.0, 1.0, 11, 4).unwrap());
    assert_eq!((x[[10]], x[[3]]), (1.0, 0.1 * 3.0));
    assert_eq!(
        computed(&Array::<f64>::linspace_open(0.0, 1.0, 4, 3).unwrap()),
        arr1(&[0.0, 0.25, 0.5, 0.75]).into_dyn()
    );
    assert_eq!(computed(&Array::<f64>::linspace(2.0, 3.0, 1, 1).unwrap()), arr1(&[2.0]).into_dyn());
    assert_eq!(computed(&Array::<f32>::linspace(2.0, 3.0, 0, 1).unwrap()).len(), 0);
    assert_eq!(
        computed(&Array::<i8>::linspace(-3.0, 0.0, 5, 2).unwrap()),
        arr1(&[-3, -3, -2, -1, 0]).into_dyn()
    );
    assert_eq!(
        computed(&Array::fftfreq(5, 0.1, 2).unwrap()),
        arr1(&[0.0, 1.0, 2.0, -2.0, -1.0]).mapv(|x| x * 2.0).into_dyn()
    );
    assert_eq!(computed(&Array::fftfreq(4, 1.0, 4).unwrap()), arr1(&[0.0, 0.25, -0.5, -0.25]).into_dyn());
    assert_eq!(computed(&Array::rfftfreq(4, 1.0, 2).unwrap()), arr1(&[0.0, 0.25, 0.5]).into_dyn());
}

#[test]
fn grids_are_spanned_by_their_vectors() {
    let (x, y) = (Array::arange(0, 3, 1, 2).unwrap(), Array::arange(10, 12, 1, 1).unwrap());
    let of = |grid: Vec<Array<i32>>| grid.iter().map(computed).collect::<Vec<_>>();
    let columns = arr2(&[[0, 1, 2], [0, 1, 2]]).into_dyn();
    let rows = arr2(&[[10, 10, 10], [11, 11, 11]]).into_dyn();
    assert_eq!(of(meshgrid([&x, &y], Indexing::Xy).unwrap()), [columns.clone(), rows.clone()]);
    let turned = of(meshgrid([&x, &y], Indexing::Ij).unwrap());
    assert_eq!(turned, [columns.t(), rows.t()]);
    let sparse = meshgrid_sparse([&x, &y, &x], Indexing::Xy).unwrap();
    let shapes: Vec<&[usize]> = sparse.iter().map(Array::shape).collect();
    assert_eq!(shapes, [[1, 3, 1], [2, 1, 1], [1, 1, 3]]);
    let both = broadcast_arrays(&sparse[..2]).unwrap();
    assert_eq!(both.iter().map(Array::shape).collect::<Vec<_>>(), [[2, 3, 1]; 2]);
    let at = computed(&Array::<i16>::indices(&[2, 3], [1, 2]).unwrap());
    assert_eq!(at, ArrayD::from_shape_fn(IxDyn(&[2, 2, 3]), |at| at[1 + at[0]] as i16));
    assert_eq!(Array::<i64>::indices(&[], 1).unwrap().shape(), [0]);
}

#[test]
fn blocks_and_promises_become_arrays() {
    let load = delayed(|day: i64| Array1::from_elem(day as usize, day as f64));
    let days = (1..4).map(|day| Array::from_delayed(&load.call((day,)), &[day as usize]).unwrap());
    let days: Vec<_> = days.collect();
    let all = from_blocks(&[3], &days).unwrap();
    assert_eq!(all.chunks().axes(), [[1, 2, 3]]);
    assert_eq!(computed(&(all * 2.0)), arr1(&[2.0, 4.0, 4.0, 6.0, 6.0, 6.0]).into_dyn());
    let wrong = Array::<f64>::from_delayed(&load.call((2,)), &[3]).unwrap();
    let error = wrong.compute_with(&Sync::new()).unwrap_err();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    assert!(causes.iter().any(|text| text.contains("a block of shape [2]")), "{causes:?}");
}

#[test]
fn like_arrays_have_the_same_chunks() {
    let x = Array::<f64>::zeros(&[5, 4], [2, 3]).unwrap();
    for (like, number) in
        [(x.zeros_like(), 0.0), (x.ones_like(), 1.0), (x.full_like(-1.5), -1.5), (x.empty_like(), 0.0)]
    {
        assert_eq!(like.chunks(), x.chunks());
        assert_eq!(computed(&like), ArrayD::from_elem(IxDyn(&[5, 4]), number));
    }
    assert_eq!(Array::<bool>::empty(&[3], 2).unwrap().shape(), [3]);
}

#[test]
fn mistakes_are_raised_when_the_operation_is_written() {
    let x = Array::<f64>::zeros(&[2, 3, 4], 2).unwrap();
    let vector = Array::<f64>::zeros(&[3], 2).unwrap();
    let message = |result: Result<Array<f64>, ArrayError>| result.unwrap_err().to_string();
    assert!(
        message(x.diag(0)).contains("`diag` takes an array of one or two axes, not one of shape [2, 3, 4]")
    );
    assert!(message(x.diagonal(0, 1, -2)).contains("does not name each"));
    assert!(message(x.diagonal(0, 0, 3)).contains("axis 3 is out of range"));
    assert!(message(vector.tril(0)).contains("lacks axes: at least 2"));
    assert!(message(vector.diag(isize::MAX)).contains("more bytes than can be counted"));
    assert!(message(Array::eye(3, 3, 0, 0)).contains("length 0"));
    assert!(message(Array::linspace(0.0, 1.0, 3, [vec![2]].to_vec())).contains("add up to 2"));
    let grid = meshgrid([&x, &vector], Indexing::Xy).unwrap_err().to_string();
    assert!(grid.contains("`meshgrid` takes arrays of one axis, not one of shape [2, 3, 4]"), "{grid}");
    let blocks = from_blocks(&[2, 2], [&x, &x, &x]).unwrap_err().to_string();
    assert!(blocks.contains("as many as the grid has places, not 3 for the grid [2, 2]"), "{blocks}");
    assert!(
        message(from_blocks(&[2], [&vector, &x]))
            .contains("blocks with as many axes as the grid, not one of shape [2, 3, 4]")
    );
    let none: [&Array<f64>; 0] = [];
    assert!(message(from_blocks(&[0], none)).contains("`from_blocks` needs one array"));
}
