//! Overlapping blocks and windows, beside element by element.

use std::collections::BTreeMap;

use dask_array::ndarray::{ArrayD, Axis, Dimension, IxDyn};
use dask_array::{Array, Boundary, Depth};
use proptest::prelude::*;

use super::random::{any_cut, close, everywhere};

/// The element at a position that may lie outside, axes continued one after the other.
fn continued(x: &ArrayD<f64>, at: &[isize], boundaries: &[Boundary<f64>]) -> f64 {
    let mut inside = Vec::with_capacity(at.len());
    let mut number = None;
    for ((&at, &n), boundary) in at.iter().zip(x.shape()).zip(boundaries) {
        let n = n as isize;
        if (0..n).contains(&at) {
            inside.push(at as usize);
            continue;
        }
        let of = match boundary {
            Boundary::Reflect => {
                if at < 0 {
                    -1 - at
                } else {
                    2 * n - 1 - at
                }
            }
            Boundary::Periodic => at.rem_euclid(n),
            Boundary::Nearest => at.clamp(0, n - 1),
            Boundary::Constant(value) => {
                number = Some(*value);
                0
            }
            Boundary::None => panic!("nothing is there"),
        };
        inside.push(of as usize);
    }
    number.unwrap_or_else(|| x[&*inside])
}

fn boundary() -> impl Strategy<Value = Boundary<f64>> {
    prop_oneof![
        Just(Boundary::Reflect),
        Just(Boundary::Periodic),
        Just(Boundary::Nearest),
        (-9..9_i32).prop_map(|x| Boundary::Constant(f64::from(x))),
        Just(Boundary::None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ghost_cells_continue_the_array(
        a in any_cut(),
        edges in proptest::collection::vec((0..4_usize, 0..4_usize, boundary()), 3),
    ) {
        let n = a.array.ndim();
        let edges = &edges[..n];
        let depths: Vec<Depth> = edges
            .iter()
            .zip(a.array.shape())
            .map(|(&(before, behind, _), &n)| Depth { before: before.min(n), behind: behind.min(n) })
            .collect();
        let boundaries: Vec<_> = edges.iter().map(|edge| edge.2).collect();
        let x = a.lazy();
        let ghosts = x.overlap(depths.clone(), boundaries.clone()).unwrap();
        let got = everywhere(&ghosts);

        // Positions in the array of the cells along each axis.
        let positions: Vec<Vec<isize>> = (0..n)
            .map(|axis| {
                let (length, mut start) = (a.array.shape()[axis] as isize, 0);
                let mut all = Vec::new();
                for &block in x.chunks().lengths(axis) {
                    let end = start + block as isize;
                    let cells = start - depths[axis].before as isize..end + depths[axis].behind as isize;
                    let open = boundaries[axis] == Boundary::None;
                    all.extend(cells.filter(|at| !open || (0..length).contains(at)));
                    start = end;
                }
                all
            })
            .collect();
        let shape: Vec<usize> = positions.iter().map(Vec::len).collect();
        let expected = ArrayD::from_shape_fn(IxDyn(&shape), |at| {
            let at: Vec<isize> = at.slice().iter().zip(&positions).map(|(&i, all)| all[i]).collect();
            continued(&a.array, &at, &boundaries)
        });
        prop_assert_eq!(&got, &expected);

        let back = x.map_overlap(depths.clone(), boundaries.clone(), |block| block.to_owned()).unwrap();
        prop_assert_eq!(&everywhere(&back), &a.array);
        let outer_blocks_are_whole = a.chunks.iter().zip(&depths).zip(&boundaries).all(|((chunks, depth), boundary)| {
            *boundary != Boundary::None
                || chunks.iter().all(|&n| n >= depth.before.max(depth.behind)) && chunks.len() > 1
        });
        if outer_blocks_are_whole {
            prop_assert_eq!(&everywhere(&ghosts.trim_overlap(depths, boundaries).unwrap()), &a.array);
        }
    }

    #[test]
    fn windows_slide(a in any_cut(), lengths in proptest::collection::vec(1..4_usize, 3)) {
        let n = a.array.ndim();
        let windows: Vec<(isize, usize)> =
            (0..n).rev().step_by(2).map(|axis| (axis as isize, lengths[axis].min(a.array.shape()[axis]))).collect();
        let mut shape = a.array.shape().to_vec();
        for &(axis, window) in &windows {
            shape[axis as usize] -= window - 1;
        }
        shape.extend(windows.iter().map(|window| window.1));
        let expected = ArrayD::from_shape_fn(IxDyn(&shape), |at| {
            let mut from = at.slice()[..n].to_vec();
            for (&(axis, _), place) in windows.iter().zip(&at.slice()[n..]) {
                from[axis as usize] += place;
            }
            a.array[&*from]
        });
        prop_assert_eq!(&everywhere(&a.lazy().sliding_window_view(&windows).unwrap()), &expected);
    }

    #[test]
    fn moving_means_over_any_blocks(a in any_cut(), depth in 1..3_usize) {
        let depth = depth.min(a.array.shape()[0]);
        let x = a.lazy();
        let means = x.map_overlap(BTreeMap::from([(0, (depth, 0))]), Boundary::Nearest, |block| {
            let mut out = block.to_owned();
            for at in (1..block.shape()[0]).rev() {
                let mean = (&block.index_axis(Axis(0), at) + &block.index_axis(Axis(0), at - 1)) / 2.0;
                out.index_axis_mut(Axis(0), at).assign(&mean);
            }
            out
        });
        let expected = ArrayD::from_shape_fn(a.array.raw_dim(), |at| {
            let mut before = at.clone();
            before[0] = at[0].saturating_sub(1);
            (a.array[at] + a.array[before]) / 2.0
        });
        prop_assert!(close(&everywhere(&means.unwrap()), &expected));
    }
}

#[test]
fn mistakes_are_named() {
    let x = Array::<f64>::ones(&[4, 3], 2).unwrap();
    let error = |x: Result<Array<f64>, dask_array::ArrayError>| x.unwrap_err().to_string();
    let deep = error(x.overlap([1, 4], Boundary::Reflect));
    assert!(deep.contains("overlap by 4 along axis 1 with length 3"), "{deep}");
    assert!(x.overlap([1, 4], Boundary::Nearest).is_ok());
    let axis = error(x.overlap(BTreeMap::from([(2, 1)]), Boundary::Nearest));
    assert!(axis.contains("axis 2 is out of range"), "{axis}");
    assert!(x.overlap([1, 1, 1], Boundary::Nearest).is_err());
    assert!(x.overlap(1, vec![Boundary::Nearest; 3]).is_err());
    let short = error(x.trim_overlap(2, Boundary::Nearest));
    assert!(short.contains("4 cells are to be trimmed off a block of length 2 along axis 0"), "{short}");
    let empty = Array::<f64>::ones(&[0], 1).unwrap();
    assert!(error(empty.overlap(1, Boundary::Nearest)).contains("no more to continue with"));
    let window = error(x.sliding_window_view(&[(0, 5)]));
    assert!(window.contains("window of length 5 does not fit into axis 0 with length 4"), "{window}");
    assert!(x.sliding_window_view(&[(0, 0)]).is_err());
    for depth in [usize::MAX / 4, usize::MAX / 16] {
        assert!(error(x.overlap(depth, Boundary::Constant(0.0))).contains("more bytes than can be counted"));
    }
    let long = Array::<f64>::ones(&[1 << 40], 1_usize << 36).unwrap();
    assert!(error(long.sliding_window_view(&[(0, 1 << 35)])).contains("more bytes than can be counted"));
    assert!(x.sliding_window_view(&[(0, 1), (-2, 1)]).is_err());
}
