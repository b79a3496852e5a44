//! Slices that move before the work on what they take a part of: the same results, and less is read.

use dask_array::ndarray::{ArrayD, Axis, IxDyn, NewAxis, Slice, SliceInfoElem};
use dask_array::{Array, concatenate};
use dask_graph::{Collection, Graph, Key, Name, RunOptions, Scheduler};
use dask_optimize::{Optimized, Pipeline, push_down};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

use super::recording::Recording;

/// An array as it is described, and as ndarray makes it at once.
#[derive(Clone)]
struct Both {
    lazy: Array<i64>,
    eager: ArrayD<i64>,
}

impl Both {
    /// A slice; axes that are not named are taken whole.
    fn slice(&self, index: &[SliceInfoElem]) -> Self {
        let named = index.iter().filter(|elem| !matches!(elem, SliceInfoElem::NewAxis)).count();
        let rest = self.eager.ndim() - named;
        let all: Vec<_> = index.iter().copied().chain(vec![Slice::from(..).into(); rest]).collect();
        let eager = self.eager.slice(all.as_slice()).to_owned();
        Self { lazy: self.lazy.slice(index.to_vec()).unwrap(), eager }
    }

    /// `3 self + other`, which tells its operands apart.
    fn join(&self, other: &Both) -> Self {
        let lazy = &(&self.lazy * 3) + &other.lazy;
        let eager = &self.eager * 3;
        let shape = lazy.shape().to_vec();
        let wide = |array: &ArrayD<i64>| array.broadcast(IxDyn(&shape)).unwrap().to_owned();
        Self { eager: wide(&eager) + wide(&other.eager), lazy }
    }
}

fn range(start: isize, end: isize, step: isize) -> SliceInfoElem {
    Slice::new(start, Some(end), step).into()
}

/// One operation of a random expression; numbers choose among what the shape allows.
#[derive(Debug, Clone)]
enum Step {
    Slice(Vec<(u8, f64, f64, isize)>),
    Turn(usize),
    /// With an operand of its own, some axes of which are missing or have length one.
    Join {
        missing: usize,
        ones: Vec<bool>,
        chunk: isize,
        created: bool,
    },
    /// Of an axis, positions in any order.
    Take(usize, Vec<usize>),
    /// With itself, so that it has two consumers.
    Twice,
    /// Two overlapping slices of it.
    Neighbours,
    /// Between two of its own kind, along an axis.
    Between {
        axis: usize,
        lengths: [usize; 2],
        chunk: isize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let part = (0..10_u8, 0.0..1.0, 0.0..1.0, prop_oneof![-3..0_isize, Just(1), 1..4_isize]);
    prop_oneof![
        4 => prop::collection::vec(part, 4).prop_map(Step::Slice),
        2 => (0..4_usize).prop_map(Step::Turn),
        3 => (0..3_usize, prop::collection::vec(any::<bool>(), 8), 1..5_isize, any::<bool>())
            .prop_map(|(missing, ones, chunk, created)| Step::Join { missing, ones, chunk, created }),
        2 => (0..4_usize, prop::collection::vec(0..100_usize, 0..9)).prop_map(|(axis, at)| Step::Take(axis, at)),
        1 => Just(Step::Twice),
        1 => Just(Step::Neighbours),
        2 => (0..4_usize, any::<(bool, bool)>(), 1..5_isize).prop_map(|(axis, (one, two), chunk)| {
            Step::Between { axis, lengths: [1 + usize::from(one), 3 * usize::from(two)], chunk }
        }),
    ]
}

fn index_of(shape: &[usize], parts: &[(u8, f64, f64, isize)]) -> Vec<SliceInfoElem> {
    let mut index = Vec::new();
    for (&n, &(kind, from, to, step)) in shape.iter().zip(parts) {
        let at = |x: f64| (x * (n + 1) as f64) as isize;
        let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
        if kind == 9 && shape.len() + index.len() < 7 {
            index.push(SliceInfoElem::NewAxis);
        }
        index.push(match kind {
            0 if n > 0 => SliceInfoElem::Index(from.min(n as isize - 1)),
            1 => range(from, from, step),
            2 | 3 => range(0, n as isize, step),
            _ => range(from, to, step),
        });
    }
    index
}

fn apply(x: &Both, step: &Step, source: &Recording) -> Both {
    let n = x.lazy.ndim();
    match step {
        Step::Slice(parts) => x.slice(&index_of(x.lazy.shape(), parts)),
        Step::Turn(by) => {
            let order: Vec<usize> = (0..n).map(|axis| (axis + by) % n).collect();
            let axes: Vec<isize> = order.iter().map(|&axis| axis as isize).collect();
            let eager = x.eager.clone().permuted_axes(IxDyn(&order));
            Both { lazy: x.lazy.transpose(&axes).unwrap(), eager }
        }
        Step::Join { missing, ones, chunk, created } => {
            let own = x.lazy.shape()[(*missing).min(n)..].iter().zip(ones);
            let shape: Vec<usize> = own.map(|(&n, &one)| if one { 1 } else { n }).collect();
            let last = shape.last().copied().unwrap_or(1) as i64;
            if *created && !shape.is_empty() {
                let eager =
                    ArrayD::from_shape_vec(IxDyn(&[last as usize]), (0..last).map(|i| 5 * i).collect());
                let lazy = Array::arange(0, 5 * last, 5, *chunk).unwrap();
                return Both { lazy, eager: eager.unwrap() }.join(x);
            }
            let operand = source.another(&shape);
            let lazy = Array::from_source(operand.clone(), *chunk).unwrap();
            x.join(&Both { lazy, eager: operand.all() })
        }
        Step::Take(axis, seeds) if n > 0 && x.lazy.shape()[axis % n] > 0 => {
            let axis = axis % n;
            let at: Vec<usize> = seeds.iter().map(|seed| seed % x.lazy.shape()[axis]).collect();
            let lazy = x.lazy.take(&at, axis as isize).unwrap();
            Both { lazy, eager: x.eager.select(Axis(axis), &at) }
        }
        Step::Take(..) => x.clone(),
        Step::Twice => x.join(&Both { lazy: &x.lazy + 1, eager: &x.eager + 1 }),
        Step::Between { axis, lengths, chunk } if n > 0 => {
            let axis = axis % n;
            let others = lengths.map(|length| {
                let mut shape = x.lazy.shape().to_vec();
                shape[axis] = length;
                let operand = source.another(&shape);
                (Array::from_source(operand.clone(), *chunk).unwrap(), operand.all())
            });
            let [(before, eager_before), (after, eager_after)] = &others;
            let eager = [eager_before.view(), x.eager.view(), eager_after.view()];
            Both {
                lazy: concatenate([before, &x.lazy, after], axis as isize).unwrap(),
                eager: dask_array::ndarray::concatenate(Axis(axis), &eager).unwrap(),
            }
        }
        Step::Between { .. } => x.clone(),
        Step::Neighbours => match x.lazy.shape().first() {
            Some(&rows) if rows > 1 => {
                let rows = rows as isize;
                x.slice(&[range(1, rows, 1)]).join(&x.slice(&[range(0, rows - 1, 1)]))
            }
            _ => x.clone(),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn results_are_ndarrays_and_no_more_is_read(
        shape in prop::collection::vec(1..8_usize, 1..4),
        chunk in 1..5_isize,
        steps in prop::collection::vec(step(), 1..7),
    ) {
        let source = Recording::new(&shape);
        let lazy = Array::from_source(source.clone(), chunk).unwrap();
        let all = steps.iter().fold(Both { lazy, eager: source.all() }, |x, step| apply(&x, step, &source));
        let plain = all.lazy.compute_with(&Sync::new()).unwrap();
        let read_plain = source.n_read();
        prop_assert_eq!(&plain, &all.eager);
        let pushed = all.lazy.compute_with(&Optimized::new(Sync::new())).unwrap();
        prop_assert_eq!(&pushed, &all.eager);
        prop_assert!(source.n_read() <= read_plain);
        let threads = Optimized::new(Threaded::with_workers(2));
        prop_assert_eq!(&all.lazy.compute_with(&threads).unwrap(), &all.eager);

        // Once more changes nothing.
        let once = push_down(all.lazy.graph(), &all.lazy.keys()).expect("a graph");
        let twice = push_down(&once, &all.lazy.keys()).expect("a graph");
        prop_assert_eq!(names(&twice), names(&once));
    }
}

fn names(graph: &Graph) -> Vec<Name> {
    let mut names: Vec<Name> = graph.layers().iter().map(|layer| layer.name().clone()).collect();
    names.sort();
    names
}

fn labels(graph: &Graph) -> Vec<String> {
    names(graph).iter().map(|name| name.label().to_owned()).collect()
}

fn prepared(array: &Array<i64>) -> (Graph, Vec<Key>) {
    let keys = array.keys();
    let optimised = Optimized::new(Sync::new());
    (optimised.prepare(array.graph().clone(), &keys, &RunOptions::new()).unwrap(), keys)
}

#[test]
fn a_slice_of_an_expression_reads_only_its_part_in_one_task_a_block() {
    let (matrix, column) = (Recording::new(&[100, 40]), Recording::new(&[100, 1]));
    let x = Array::from_source(matrix.clone(), [10, 40]).unwrap();
    let c = Array::from_source(column.clone(), [10, 1]).unwrap();
    let y = ((&x + 1) * &c).t().slice((Slice::new(0, None, -8), 35..62)).unwrap();
    let expected = ((matrix.all() + 1) * column.all())
        .t()
        .slice_each_axis(|axis| match axis.axis {
            Axis(0) => Slice::new(0, None, -8),
            _ => Slice::new(35, Some(62), 1),
        })
        .to_owned();

    assert_eq!(y.compute_with(&Sync::new()).unwrap(), expected);
    assert_eq!((matrix.n_read(), column.n_read()), (4 * 10 * 40, 4 * 10));
    assert_eq!(y.compute_with(&Optimized::new(Sync::new())).unwrap(), expected);
    assert_eq!((matrix.n_read(), column.n_read()), (27 * 5, 27));
    // Both reads go into the program that works on them.
    let (graph, keys) = prepared(&y);
    assert_eq!((keys.len(), graph.lower(&keys).unwrap().len()), (4, 4));
    let plan = graph.lower(&keys).unwrap();
    assert_eq!(plan.stands_for(plan.outputs()[0]), ["read", "slice", "add", "read", "mul", "transpose"]);
}

#[test]
fn a_slice_of_joined_arrays_reads_its_part_of_those_that_it_touches() {
    let parts = [6, 8, 7, 9].map(|rows| Recording::new(&[rows, 5]));
    let arrays = parts.each_ref().map(|part| Array::from_source(part.clone(), [4, 5]).unwrap());
    let all = concatenate(&arrays, 0).unwrap();
    // The last two rows of the first array, all of the second, and the first of the third, backwards.
    let some = (&all * 2).slice((Slice::new(4, Some(15), -1), 1..3)).unwrap();
    let got = some.compute_with(&Optimized::new(Sync::new())).unwrap();
    let views = parts.each_ref().map(Recording::all);
    let views = views.each_ref().map(|part| part.view());
    let expected = dask_array::ndarray::concatenate(Axis(0), &views).unwrap() * 2;
    let expected = expected.slice_each_axis(|axis| match axis.axis {
        Axis(0) => Slice::new(4, Some(15), -1),
        _ => Slice::new(1, Some(3), 1),
    });
    assert_eq!(got, expected);
    assert_eq!(parts.each_ref().map(Recording::n_read), [2 * 2, 8 * 2, 2, 0]);
    // A row is one of one array: nothing is joined.
    let row = all.slice((10,)).unwrap();
    assert_eq!(labels(&prepared(&row).0), ["slice"]);
    assert_eq!(row.compute_with(&Optimized::new(Sync::new())).unwrap(), views[1].index_axis(Axis(0), 4));
    assert_eq!(parts.each_ref().map(Recording::n_read), [0, 5, 0, 0]);
}

#[test]
fn a_slice_of_what_was_taken_reads_its_part() {
    let source = Recording::new(&[40, 6, 5]);
    let x = Array::from_source(source.clone(), [10, 2, 5]).unwrap();
    let rows = x.take([25, 3, 3, 37, 8], 0).unwrap().slice((NewAxis, .., 4, 1..3)).unwrap();
    let got = rows.compute_with(&Optimized::new(Sync::new())).unwrap();
    let expected = source.all().select(Axis(0), &[25, 3, 3, 37, 8]);
    let expected = expected.slice_each_axis(|axis| match axis.axis {
        Axis(0) => Slice::from(..),
        Axis(1) => Slice::from(4..5),
        _ => Slice::from(1..3),
    });
    assert_eq!(got, expected.index_axis(Axis(1), 0).insert_axis(Axis(0)));
    // Three blocks of rows have some of them.
    assert_eq!(source.n_read(), 3 * 10 * 2);
    let points = x.vindex([[25, 3], [0, 5]]).unwrap().slice((.., 2)).unwrap();
    let got = points.compute_with(&Optimized::new(Sync::new())).unwrap();
    assert_eq!(got.as_slice().unwrap(), [25 * 30 + 2, 3 * 30 + 25 + 2]);
    assert_eq!(source.n_read(), 2 * 10 * 2);
}

#[test]
fn single_indices_and_new_axes_go_through_too() {
    let source = Recording::new(&[30, 20, 10]);
    let x = Array::from_source(source.clone(), 5).unwrap();
    let row = Array::arange(0_i64, 10, 1, 5).unwrap();
    let y = (&x * 2 + &row).slice((7, NewAxis, -3.., 2..4)).unwrap();
    assert_eq!(y.shape(), [1, 3, 2]);
    let got = y.compute_with(&Optimized::new(Sync::new())).unwrap();
    let of = |j: i64, k: i64| 2 * (7 * 200 + j * 10 + k) + k;
    let expected: Vec<i64> = (17..20).flat_map(|j| [of(j, 2), of(j, 3)]).collect();
    assert_eq!(got.iter().copied().collect::<Vec<_>>(), expected);
    assert_eq!(source.n_read(), 6);
    assert_eq!(prepared(&y).0.layers().len(), 1);

    // Down to one number.
    let one = (&x + 1).slice((1, 2)).unwrap().slice((3,)).unwrap();
    assert_eq!(one.item_with(&Optimized::new(Sync::new())).unwrap(), 200 + 20 + 3 + 1);
    assert_eq!(source.n_read(), 1);
    // And to none, also of a new axis.
    let none = (&x + 1).slice((.., NewAxis)).unwrap().slice((.., 0..0)).unwrap();
    for scheduler in [&Sync::new() as &dyn Scheduler, &Optimized::new(Sync::new())] {
        assert_eq!(none.compute_with(scheduler).unwrap().shape(), [30, 0, 20, 10]);
    }
}

#[test]
fn what_others_need_is_made_once_and_whole() {
    let source = Recording::new(&[40]);
    let x = Array::from_source(source.clone(), 10).unwrap();
    let y = &x + 1;
    let both = (y.slice((5..8,)).unwrap(), y.slice((6..9,)).unwrap());
    let optimised = Optimized::new(Sync::new());
    let (a, b) = dask_graph::compute_with(both.clone(), &optimised, &RunOptions::new()).unwrap();
    assert_eq!((a.as_slice().unwrap(), b.as_slice().unwrap()), (&[6, 7, 8][..], &[7, 8, 9][..]));
    assert_eq!(source.n_read(), 10);
    // The array itself was asked for.
    let keys: Vec<Key> = y.keys().into_iter().chain(both.0.keys()).collect();
    let pushed = push_down(both.0.graph(), &keys).expect("a graph");
    assert_eq!(names(&pushed), names(both.0.graph()));
}

#[test]
fn arrays_in_memory_are_cut_for_each_consumer() {
    let x = Array::from_ndarray(ArrayD::from_elem(vec![40], 3_i64), 10).unwrap();
    let y = (&x + 1).slice((5..8,)).unwrap();
    let z = (&x * 2).slice((15..18,)).unwrap() + &y;
    let pushed = push_down(z.graph(), &z.keys()).expect("a graph");
    // Nothing is read whole any more.
    assert_eq!(labels(z.graph()).iter().filter(|label| *label == "from-ndarray").count(), 1);
    assert!(!labels(&pushed).contains(&"from-ndarray".to_owned()), "{:?}", labels(&pushed));
    assert_eq!(z.compute_with(&Optimized::new(Sync::new())).unwrap().as_slice().unwrap(), [10, 10, 10]);
}

#[test]
fn the_pass_can_be_left_out() {
    let source = Recording::new(&[40]);
    let y = (Array::from_source(source.clone(), 10).unwrap() + 1).slice((5..8,)).unwrap();
    let without = Pipeline::standard().without("push_down").unwrap();
    y.compute_with(&Optimized::with_pipeline(Sync::new(), without)).unwrap();
    assert_eq!(source.n_read(), 10);
}
