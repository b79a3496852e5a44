//! Slices and other chunks read and make less; plans hold only what is asked for.

use std::sync::Arc;
use std::sync::Mutex;

use dask_array::ndarray::{ArrayD, NewAxis, Slice};
use dask_array::{Array, Block, BlockSource, Region, Span, StorageError, concatenate, stack};
use dask_graph::{Collection, Graph, Key, RunOptions, Scheduler, Token};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;

use super::configurations::in_process;
use super::recording::Recording;

fn tasks(graph: &Graph, keys: &[Key]) -> usize {
    graph.lower(keys).unwrap().len()
}

#[test]
fn a_slice_of_a_stored_array_reads_only_its_part() {
    let source = Recording::new(&[100, 30]);
    let x = Array::from_source(source.clone(), [10, 30]).unwrap();
    let part = x.slice((Slice::new(25, Some(42), 4), -1)).unwrap();
    assert_eq!(part.chunks().axes(), [vec![2, 2, 1]]);
    let got = part.compute_with(&Sync::new()).unwrap();
    assert_eq!(got.as_slice().unwrap(), [25, 29, 33, 37, 41].map(|i| i * 30 + 29));
    let read: usize = source.regions().iter().map(Region::len).sum();
    assert_eq!(read, 5);
    assert_eq!(tasks(part.graph(), &part.keys()), 3);
}

#[test]
fn slices_of_slices_and_other_chunks_stay_reads() {
    let source = Recording::new(&[40, 6, 5]);
    let x = Array::from_source(source.clone(), 7).unwrap();
    let all = source.all();
    let steps = x.slice((Slice::new(2, Some(39), -3), 2..5)).unwrap();
    let steps =
        steps.slice((NewAxis, 1..11, -2, Slice::new(0, None, -2))).unwrap().rechunk([1, 4, 2]).unwrap();
    let first = all.slice_each_axis(|axis| match axis.axis.index() {
        0 => Slice::new(2, Some(39), -3),
        1 => Slice::new(2, Some(5), 1),
        _ => Slice::new(0, None, 1),
    });
    let expected = first
        .index_axis(dask_array::ndarray::Axis(1), 1)
        .slice_each_axis(|axis| match axis.axis.index() {
            0 => Slice::new(1, Some(11), 1),
            _ => Slice::new(0, None, -2),
        })
        .insert_axis(dask_array::ndarray::Axis(0))
        .to_owned();
    for (name, scheduler) in in_process() {
        assert_eq!(steps.compute_with(&*scheduler).unwrap(), expected, "{name}");
        let regions = source.regions();
        assert_eq!(regions.iter().map(Region::len).sum::<usize>(), expected.len(), "{name}");
        assert!(regions.iter().all(|region| region.axes[1] == Span { start: 3, len: 1, step: 1 }), "{name}");
    }
    // Nothing but reads.
    assert_eq!(tasks(steps.graph(), &steps.keys()), steps.keys().len());
}

#[test]
fn nothing_is_taken_of_a_new_axis() {
    let x = Array::from_source(Recording::new(&[3, 2]), 2).unwrap();
    for array in [x.clone(), x + 1] {
        let none = array.slice((.., NewAxis)).unwrap().slice((1.., 0..0)).unwrap();
        for (name, scheduler) in in_process() {
            assert_eq!(none.compute_with(&*scheduler).unwrap().shape(), [2, 0, 2], "{name}");
        }
    }
}

#[test]
fn a_slice_of_a_computed_array_makes_only_the_blocks_it_touches() {
    let source = Recording::new(&[90]);
    let x = Array::from_source(source.clone(), 10).unwrap();
    let y = (&x + 1).slice((35..62,)).unwrap();
    // Of each of four blocks: read, add, slice.
    assert_eq!(tasks(y.graph(), &y.keys()), 12);
    let got = y.compute_with(&Sync::new()).unwrap();
    assert_eq!(got.iter().copied().collect::<Vec<_>>(), (36..63).collect::<Vec<i64>>());
    assert_eq!(source.regions().len(), 4);
}

#[test]
fn created_arrays_are_cut_without_being_made() {
    let ones = Array::<f64>::ones(&[1 << 20, 1 << 20], 1 << 12).unwrap();
    let corner = ones.slice((5..8, 100)).unwrap();
    assert_eq!(tasks(corner.graph(), &corner.keys()), 1);
    assert_eq!(corner.compute_with(&Sync::new()).unwrap().len(), 3);
}

#[test]
fn an_array_of_a_billion_blocks_costs_nothing_until_asked() {
    let n = 1_i64 << 22;
    let row = Array::arange(0, n, 1, 1 << 7).unwrap();
    let column = row.slice((.., NewAxis)).unwrap();
    let x = &row + &column;
    assert_eq!(x.chunks().n_blocks(), [1 << 15, 1 << 15]);
    let y = ((&x * 2).t().slice((.., Slice::new(0, None, 2))).unwrap() + 1).slice((-3.., -1)).unwrap();
    let got = y.compute_with(&Optimized::new(Sync::new())).unwrap();
    assert_eq!(got.as_slice().unwrap(), [3, 2, 1].map(|i| 2 * ((n - i) + (n - 2)) + 1));
}

#[test]
fn a_chain_with_a_reduction_fuses_into_one_task_a_block() {
    let source = Recording::new(&[60, 8]);
    let x = Array::from_source(source, [20, 8]).unwrap();
    let m = Array::from_ndarray(ArrayD::from_elem(vec![8], 3_i64), 8).unwrap();
    let sum = ((&x - &m) * 2).gt(7).unwrap().astype::<f64>().sum(0).unwrap();
    let optimised = Optimized::new(Sync::new());
    let graph = optimised.prepare(sum.graph().clone(), &sum.keys(), &RunOptions::new()).unwrap();
    // Three blocks read, worked on and folded in a task each, one join.
    assert_eq!(tasks(&graph, &sum.keys()), 4);
    assert!(tasks(sum.graph(), &sum.keys()) > 12);
    assert_eq!(sum.compute_with(&optimised).unwrap(), sum.compute_with(&Sync::new()).unwrap());
}

#[test]
fn a_transposed_operand_is_read_along_its_axes() {
    let source = Recording::new(&[13, 7]);
    let x = Array::from_source(source.clone(), [5, 3]).unwrap();
    let y = Array::from_ndarray(ArrayD::from_elem(vec![7, 13], 2_i64), [4, 6]).unwrap();
    let all = source.all();
    let expected = all.t().mapv(|x| x * 2 - 1);
    for (name, scheduler) in in_process() {
        let left = (&x.t() * &y - 1).compute_with(&*scheduler).unwrap();
        assert_eq!(left, expected, "{name}");
        let right = (&y * &x.t() - 1).t().t().compute_with(&*scheduler).unwrap();
        assert_eq!(right, expected, "{name}");
        let sums = x.t().sum(0).unwrap().compute_with(&*scheduler).unwrap();
        assert_eq!(sums, all.sum_axis(dask_array::ndarray::Axis(1)), "{name}");
    }
}

#[test]
fn persisted_arrays_are_not_read_again() {
    let source = Recording::new(&[30]);
    let x = Array::from_source(source.clone(), 10).unwrap();
    let kept = x.persist_opts(&Sync::new(), &Default::default()).unwrap();
    source.regions();
    let part = kept.slice((3..25,)).unwrap().rechunk(8).unwrap();
    assert_eq!(part.sum(..).unwrap().item_with(&Sync::new()).unwrap(), (3..25).sum::<i64>());
    assert_eq!(source.regions().len(), 0);
}

#[test]
fn equal_work_has_equal_names() {
    let data = ArrayD::from_elem(vec![4, 4], 1.5);
    let x = Array::from_ndarray(data.clone(), 2).unwrap();
    let again = Array::from_ndarray(data.clone(), 2).unwrap();
    assert_eq!((&x + 1.0).name(), (&again + 1.0).name());
    assert_ne!((&x + 1.0).name(), (&x + 2.0).name());
    assert_ne!((&x - 1.0).name(), (1.0_f64 - &x).name());
    assert_ne!((&x + 1.0).name(), (&x.rechunk(4).unwrap() + 1.0).name());
    assert_ne!(x.sum(0).unwrap().name(), x.sum(1).unwrap().name());
    assert_ne!(x.var(0, 0.0).unwrap().name(), x.var(0, 1.0).unwrap().name());
    let other = Array::from_ndarray(data + 1.0, 2).unwrap();
    assert_ne!(x.name(), other.name());
    assert_ne!(x.t().name(), x.name());
}

#[test]
fn blocks_of_their_last_consumer_are_reused_in_place() {
    // A chain that is not fused works in the buffer of its first result.
    struct Watch(Mutex<Vec<usize>>);
    #[derive(Clone)]
    struct Sink(Arc<Watch>);
    impl dask_array::BlockSink<f64> for Sink {
        fn open(&self, _: &[usize]) -> Result<Box<dyn dask_array::BlockWriter<f64>>, StorageError> {
            Ok(Box::new(self.clone()))
        }
    }
    impl dask_array::BlockWriter<f64> for Sink {
        fn write(&self, _: &[usize], block: &Block<f64>) -> Result<(), StorageError> {
            self.0.0.lock().unwrap().push(block.view().as_ptr() as usize);
            Ok(())
        }
        fn finish(&self) -> Result<(), StorageError> {
            Ok(())
        }
    }
    struct Fixed(Arc<Mutex<Vec<usize>>>);
    impl BlockSource<f64> for Fixed {
        fn shape(&self) -> &[usize] {
            &[5000]
        }
        fn token(&self) -> Token {
            Token::unique()
        }
        fn read(&self, region: &Region) -> Result<Block<f64>, StorageError> {
            let array = ArrayD::from_elem(region.shape(), 2.0);
            self.0.lock().unwrap().push(array.as_ptr() as usize);
            Ok(Block::new(array))
        }
    }
    let (made, watch) = (Arc::default(), Arc::new(Watch(Mutex::default())));
    let x = Array::from_source(Fixed(Arc::clone(&made)), -1).unwrap();
    ((x + 1.0) * 2.0).sqrt().store(Sink(watch.clone())).compute_with(&Sync::new()).unwrap();
    assert_eq!(*watch.0.lock().unwrap(), *made.lock().unwrap());
}

#[test]
fn mistakes_are_raised_when_the_operation_is_written() {
    let x = Array::<f64>::ones(&[3, 4], 2).unwrap();
    let message = |error: dask_array::ArrayError| error.to_string();
    let y = Array::<f64>::ones(&[5], 2).unwrap();
    let shapes = message(x.try_add(&y).unwrap_err());
    assert!(shapes.contains("[3, 4]") && shapes.contains("[5]"), "{shapes}");
    assert!(message(x.sum(2).unwrap_err()).contains("axis 2 is out of range"));
    assert!(message(x.sum([0, -2]).unwrap_err()).contains("once"));
    assert!(message(x.transpose(&[0, 0]).unwrap_err()).contains("once"));
    assert!(
        message(x.slice((0, 4)).unwrap_err()).contains("index 4 is out of range for axis 1 with length 4")
    );
    assert!(message(x.slice((0, 0, 0)).unwrap_err()).contains("3 indices"));
    assert!(message(x.rechunk(vec![vec![3], vec![5]]).unwrap_err()).contains("add up to 5"));
    assert!(message(x.broadcast_to(&[4, 3]).unwrap_err()).contains("[3, 4]"));
    let empty = Array::<f64>::ones(&[0, 4], 2).unwrap();
    assert!(message(empty.min(0).unwrap_err()).contains("no elements"));
    assert!(empty.max(1).is_ok());
    assert!(empty.sum(0).is_ok());
    assert!(message(x.sum(dask_array::Over::from(0).split_every(1)).unwrap_err()).contains("split_every"));
    assert!(message(Array::arange(0, 5, 0, 1).unwrap_err()).contains("no finite length"));
    let z = Array::<f64>::ones(&[3, 5], 2).unwrap();
    assert!(concatenate([&x, &z], 1).is_ok());
    assert!(message(concatenate([&x, &z], 0).unwrap_err()).contains("[3, 4] and [3, 5]"));
    assert!(message(concatenate([&x, &y], 0).unwrap_err()).contains("[3, 4] and [5]"));
    assert!(message(concatenate([&x, &z], -3).unwrap_err()).contains("axis -3 is out of range"));
    assert!(message(concatenate::<f64>([x.sum(..).unwrap()], 0).unwrap_err()).contains("0 axes"));
    assert!(message(concatenate(Vec::<Array<f64>>::new(), 0).unwrap_err()).contains("one array"));
    assert!(message(stack([&x, &z], 0).unwrap_err()).contains("[3, 4] and [3, 5]"));
    assert!(stack([&x, &x], -3).is_ok());
    assert!(message(stack([&x, &x], 3).unwrap_err()).contains("axis 3 is out of range"));
    assert!(message(stack(Vec::<Array<f64>>::new(), 0).unwrap_err()).contains("one array"));
}

#[test]
#[should_panic(expected = "shapes [2] and [3] do not broadcast")]
fn operators_panic_with_the_message_of_the_error() {
    let _ = Array::<i32>::ones(&[2], 1).unwrap() + Array::<i32>::ones(&[3], 1).unwrap();
}

#[test]
fn errors_name_the_line_of_the_operation() {
    struct Broken;
    impl BlockSource<f64> for Broken {
        fn shape(&self) -> &[usize] {
            &[4]
        }
        fn token(&self) -> Token {
            Token::unique()
        }
        fn read(&self, _: &Region) -> Result<Block<f64>, StorageError> {
            Err("the disk is gone".into())
        }
    }
    let line = line!() + 1;
    let x = Array::from_source(Broken, 2).unwrap();
    let error = x.sum(0).unwrap().compute_with(&Sync::new()).unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("the disk is gone"), "{text}");
    assert!(text.contains(&format!("{line}")) && text.contains("slices.rs"), "{text}");
}
