//! Chains of steps: one pass when optimised, the same answers when not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dask_bag::{Bag, BagError, Partition, Partitions};
use dask_graph::{Collection, ComputeError, Graph, Key, Materialized, Node, compute_with};
use dask_optimize::{Context, Optimized, Pipeline};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

use super::errors::chain;
use super::runners::{check, check_fails, in_process, schedulers};

/// The number of tasks of a collection after optimisation.
fn optimised_tasks<C: Collection>(collection: &C) -> usize {
    let keys = collection.keys();
    Pipeline::standard().run(collection.graph(), &Context::new(&keys)).unwrap().lower(&keys).unwrap().len()
}

#[test]
fn a_chain_is_one_task_a_partition() {
    let bag = Bag::range(1000, Partitions::count(5));
    let chained = bag.map(|n| n + 1).filter(|n| n % 2 == 0).flat_map(|n| [n, n]).filter_map(Some);
    assert_eq!(chained.graph().lower(&chained.keys()).unwrap().len(), 25);
    assert_eq!(optimised_tasks(&chained), 5);
    // A reduction is the end of the same pass; one more task joins its parts.
    assert_eq!(optimised_tasks(&chained.frequencies()), 6);
    assert_eq!(optimised_tasks(&chained.map_partitions(|v| v).topk(3)), 6);
    check(&chained.count(), 1000);
}

#[test]
fn an_item_goes_through_all_steps_before_the_next_is_read() {
    let trace = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| {
        let trace = Arc::clone(&trace);
        move |n: u64| {
            trace.lock().unwrap().push((what, n));
            n
        }
    };
    let bag = Bag::range(2, Partitions::count(1)).map(note("first")).map(note("second"));
    let sum = bag.fold(0, |a, b| a + b, |a, b| a + b);
    sum.compute_with(&Optimized::new(Sync::new())).unwrap();
    let expected = [("first", 0), ("second", 0), ("first", 1), ("second", 1)];
    assert_eq!(*trace.lock().unwrap(), expected);
}

#[test]
fn piped_steps_are_the_steps_themselves() {
    let bag = Bag::range(40, Partitions::count(3));
    let piped = bag.pipe(|items| {
        items
            .map(|n| n * 3)
            .remove(|n| n % 4 == 1)
            .filter(|n| n % 5 > 0)
            .flat_map(|n| [n; 2])
            .filter_map(|n| (n > 9).then_some(n))
            .try_map(u8::try_from)
    });
    let apart = bag
        .map(|n| n * 3)
        .remove(|n| n % 4 == 1)
        .filter(|n| n % 5 > 0)
        .flat_map(|n| [n; 2])
        .filter_map(|n| (n > 9).then_some(n))
        .try_map(u8::try_from);
    check(&piped, apart.compute_with(&Sync::new()).unwrap());
    assert!(piped.name().as_str().starts_with("map+remove+filter+flat_map+filter_map+try_map-"));
    let failing =
        bag.pipe(|items| items.filter(|n| n % 2 == 0).try_map(|n| if n == 28 { Err("no") } else { Ok(n) }));
    // 28 is in the last partition, 26 to 39, of which 26 passes the filter before it.
    check_fails(&failing, &["try_map failed on item 1 of its partition", ", 2)"]);
}

#[test]
fn what_two_results_share_is_made_once() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let bag = Bag::range(10, Partitions::count(2)).map(move |n| {
        count.fetch_add(1, Ordering::Relaxed);
        n
    });
    for (name, scheduler) in in_process() {
        made.store(0, Ordering::Relaxed);
        let (even, all) =
            compute_with((bag.filter(|n| n % 2 == 0).count(), bag.count()), &*scheduler, &Default::default())
                .unwrap();
        assert_eq!((even, all), (5, 10), "{name}");
        assert_eq!(made.load(Ordering::Relaxed), 10, "{name}");
    }
}

/// An item that may be moved but not cloned.
#[derive(Debug, PartialEq)]
struct Unique(u64);

impl Clone for Unique {
    fn clone(&self) -> Self {
        panic!("cloned {}", self.0)
    }
}

#[test]
fn the_last_user_of_a_partition_gets_its_items_without_clones() {
    let bag = Bag::range(4, Partitions::count(2)).map(Unique).filter(|u| u.0 != 2).map(|u| u);
    for (name, scheduler) in in_process() {
        let all = bag.compute_with(&*scheduler).unwrap();
        assert_eq!(all, [Unique(0), Unique(1), Unique(3)], "{name}");
        assert_eq!(bag.count().compute_with(&*scheduler).unwrap(), 3, "{name}");
        let largest = bag.topk_by_key(1, |u| u.0).compute_with(&*scheduler).unwrap();
        assert_eq!(largest, [Unique(3)], "{name}");
    }
}

#[test]
fn data_in_the_graph_stays_there() {
    let bag = Bag::from_sequence(vec![String::from("a"), String::from("b")], Partitions::count(1));
    let upper = bag.map(|s| s.to_uppercase());
    for _ in 0..2 {
        check(&upper, vec!["A".into(), "B".into()]);
        check(&bag, vec!["a".into(), "b".into()]);
    }
    let kept = upper.persist_opts(&Sync::new(), &Default::default()).unwrap();
    check(&kept.map(|s| s + "!"), vec!["A!".into(), "B!".into()]);
    check(&kept, vec!["A".into(), "B".into()]);
}

#[test]
fn a_chain_of_ten_thousand_steps_neither_recurses_nor_changes_its_answer() {
    let mut bag = Bag::range(3, Partitions::count(2));
    for _ in 0..10_000 {
        bag = bag.map(|n| n + 1);
    }
    check(&bag, vec![10_000, 10_001, 10_002]);
}

#[test]
fn a_failed_step_tells_the_item_and_its_error() {
    let bag = Bag::range(10, Partitions::count(2)).map(|n| n.to_string() + "0");
    check(&bag.try_map(|s| s.parse::<u64>()).sum(), 450);
    let fails = bag.try_map(|s| if s == "70" { Err("seventy") } else { Ok(s) });
    check_fails(&fails, &["try_map failed on item 2 of its partition", "seventy", ", 1)"]);
    check_fails(&fails.count(), &["try_map failed on item 2 of its partition", "seventy", ", 1)"]);
    check_fails(&fails.map_partitions(|v| v), &["try_map failed on item 2", "seventy"]);
}

#[test]
fn the_error_of_the_user_can_be_downcast() {
    let bag = Bag::range(1, Partitions::count(1)).try_map(|_| "x".parse::<i32>());
    let error = bag.compute_with(&Sync::new()).unwrap_err();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    let mut found = false;
    while let Some(error) = next {
        found |= error.is::<std::num::ParseIntError>();
        next = error.source();
    }
    assert!(found, "{}", chain(&error));
}

#[test]
fn a_panic_is_an_error_that_names_the_place_in_the_source() {
    let line = line!() + 1;
    let bag = Bag::range(4, Partitions::count(2)).map(|n| if n == 3 { panic!("three!") } else { n });
    check_fails(&bag, &["three!", ", 1)", &format!("{}:{line}", file!())]);
}

#[test]
fn a_failing_partition_function_is_an_error() {
    let bag = Bag::from_partitions([vec![1], vec![]]);
    let firsts = bag.try_map_partitions(|v| v.first().map(|&n| [n]).ok_or("nothing here"));
    check_fails(&firsts, &["nothing here", ", 1)"]);
}

#[test]
fn take_looks_no_further_than_it_must() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let bag = Bag::range(1000, Partitions::count(100)).map(move |n| {
        count.fetch_add(1, Ordering::Relaxed);
        n
    });
    for (scheduler, most) in [
        // Without optimisation a whole partition is made before its first items are taken.
        (&Sync::new() as &dyn dask_graph::Scheduler, 10),
        (&Optimized::new(Sync::new()), 3),
        (&Optimized::new(Threaded::with_workers(2)), 3),
    ] {
        seen.store(0, Ordering::Relaxed);
        assert_eq!(bag.take_with(3, scheduler).unwrap(), [0, 1, 2]);
        assert_eq!(seen.load(Ordering::Relaxed), most);
    }
    // Partitions 0, then 1 and 2, of ten items each.
    seen.store(0, Ordering::Relaxed);
    assert_eq!(bag.take_with(12, &Optimized::new(Sync::new())).unwrap(), (0..12).collect::<Vec<_>>());
    assert_eq!(seen.load(Ordering::Relaxed), 10 + 2 * 2);
}

#[test]
fn take_goes_on_until_it_has_enough_or_there_is_no_more() {
    for (name, scheduler) in schedulers() {
        let rare = Bag::range(1000, Partitions::count(100)).filter(|n| n % 400 == 399);
        assert_eq!(rare.take_with(2, &*scheduler).unwrap(), [399, 799], "{name}");
        assert_eq!(rare.take_with(3, &*scheduler).unwrap(), [399, 799], "{name}");
        assert_eq!(rare.take_with(0, &*scheduler).unwrap(), [0; 0], "{name}");
        let empty = Bag::<u8>::from_partitions([]);
        assert_eq!(empty.take_with(usize::MAX, &*scheduler).unwrap(), [0; 0], "{name}");
    }
    assert!(matches!(Bag::range(1, Partitions::count(1)).take(1), Err(ComputeError::NoScheduler)));
}

#[test]
fn zip_refuses_what_does_not_pair() {
    let two = Bag::range(4, Partitions::count(2));
    let uneven = two.zip(&Bag::range(4, Partitions::count(3))).unwrap_err();
    assert!(matches!(uneven, BagError::PartitionCounts { left: 2, right: 3 }));
    let longer = two.zip(&Bag::range(5, Partitions::count(2))).unwrap();
    check_fails(&longer, &["equally many items, got 2 and 3"]);
    let with_itself = two.zip(&two.map(|n| n * n)).unwrap();
    check(&with_itself, vec![(0, 0), (1, 1), (2, 4), (3, 9)]);
}

#[test]
fn a_graph_of_ones_own_is_a_bag() {
    let mut layer = Materialized::new("mine");
    layer.insert(Key::new("mine", &[0]), Node::Data(Partition::new(vec![1, 2]).into_value()));
    layer.insert(Key::new("mine", &[1]), Node::Data(Partition::new(vec![3]).into_value()));
    let graph = Graph::from_layer(layer);
    check(&Bag::<i32>::from_graph(graph.clone(), "mine", 2).sum(), 6);
    check_fails(
        &Bag::<i64>::from_graph(graph.clone(), "mine", 2).sum(),
        &["Partition<i64>", "Partition<i32>"],
    );
    check_fails(&Bag::<i32>::from_graph(graph, "mine", 3).sum(), &["mine"]);
}

#[test]
fn equal_work_has_equal_names() {
    let bag = || Bag::range(10, Partitions::count(2));
    assert_eq!(bag().name(), bag().name());
    assert_eq!(bag().sum().key(), bag().sum().key());
    assert_ne!(bag().sum().key(), bag().mean().key());
    assert_ne!(bag().topk(1).name(), bag().topk(2).name());
    assert_ne!(bag().var(0).key(), bag().var(1).key());
    assert_ne!(bag().name(), Bag::range(11, Partitions::count(2)).name());
    // Closures have no content to compare.
    assert_ne!(bag().map(|n| n).name(), bag().map(|n| n).name());
}

/// What is said of a panic in a function of the user, on every scheduler.
#[track_caller]
fn check_panics<C: Collection>(collection: &C, words: &[&str])
where
    C::Output: std::fmt::Debug,
{
    check_fails(collection, words);
    check_fails(collection, &["panicked"]);
}

#[test]
fn a_panic_tells_the_item() {
    let bag = Bag::range(10, Partitions::count(2)).map(|n| n.to_string());
    let nine = |s: String| assert!(s != "9", "it is nine");
    let words = ["it is nine (at item 4 of what the task was given)", ", 1)"];
    check_panics(&bag.map(nine), &words);
    check_panics(
        &bag.filter(|s| s != "5").map(|s| s + "").map(|s| assert!(s != "9", "it is nine")).count(),
        &words[1..],
    );
    check_panics(&bag.zip(&bag).unwrap().map(|(s, _)| s).map(nine), &words);
    check_panics(&bag.groupby(move |s| assert!(s != "9", "it is nine")), &words);
    check_panics(&bag.accumulate(|_, s| if s == "9" { panic!("it is nine") } else { s }), &words);
    check_panics(
        &Bag::from_partitions([vec![], (0..600).collect(), vec![7]]).map(|n| assert!(n != 555)),
        &["at item 555 of"],
    );
    // Nobody knows of which item that is.
    let whole = bag.map_partitions(|items| -> Vec<u8> { panic!("{} items", items.len()) });
    check_panics(&whole, &["5 items"]);
    let error = whole.compute_with(&Sync::new()).unwrap_err();
    assert!(!chain(&error).contains("at item"), "{}", chain(&error));
}
