//! Collections, promises and graph surgery, on a scheduler that only knows the contract.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dask_graph::{
    Annotations, Collection, ComputeError, Delayed, Nested, PlanError, RunError, RunOptions, Store, bind,
    checkpoint, clone, compute_with, delayed, graph, persist_with, try_delayed, wait_on,
};

use super::golden::Naive;

fn options() -> RunOptions {
    RunOptions::default()
}

/// A promise that counts how often it is kept.
fn counted(counter: &Arc<AtomicUsize>) -> Delayed<usize> {
    let counter = counter.clone();
    delayed(move || counter.fetch_add(1, Ordering::Relaxed)).call(())
}

#[test]
fn several_collections_share_what_they_share() {
    let counter = Arc::new(AtomicUsize::new(10));
    let x = counted(&counter);
    let (y, z) = (x.map(|x| x + 1), x.map(|x| x * 2));
    let both = compute_with((y.clone(), vec![z.clone(), y]), &Naive, &options()).expect("values");
    assert_eq!(both, (11, vec![20, 11]));
    assert_eq!(counter.load(Ordering::Relaxed), 11);
}

#[test]
fn persisting_computes_once() {
    let counter = Arc::new(AtomicUsize::new(0));
    let x = counted(&counter).persist_opts(&Naive, &options()).expect("data");
    assert_eq!(x.map(|x| x + 1).compute_with(&Naive).expect("a value"), 1);
    assert_eq!(x.compute_with(&Naive).expect("a value"), 0);
    let (a, b) = persist_with((x.map(|x| x + 5), x), &Naive, &options()).expect("data");
    assert_eq!((a.compute_with(&Naive).unwrap(), b.compute_with(&Naive).unwrap()), (5, 0));
    assert_eq!(counter.load(Ordering::Relaxed), 1);
}

#[test]
fn persisted_collections_hold_only_their_own_values() {
    let both = (Delayed::value(Arc::new(1_i64)), Delayed::value(Arc::new(2_i64)));
    let (a, b) = persist_with(both, &Naive, &options()).expect("data");
    let held = b.compute_with(&Naive).expect("a value");
    // Here and in what was persisted.
    assert_eq!(Arc::strong_count(&held), 2);
    drop(b);
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!(*a.compute_with(&Naive).expect("a value"), 1);
}

#[test]
fn a_clone_does_its_work_again() {
    let counter = Arc::new(AtomicUsize::new(0));
    let x = counted(&counter);
    let y = clone(&x.map(|x| x + 100));
    assert_eq!(compute_with((x, y), &Naive, &options()).expect("values").1 / 100, 1);
    assert_eq!(counter.load(Ordering::Relaxed), 2);
}

#[test]
fn bound_children_wait_for_their_parents() {
    let clock = Arc::new(AtomicUsize::new(0));
    let (parent, child) = (counted(&clock), counted(&clock).map(|at| *at));
    for _ in 0..2 {
        let bound = bind(&child, &parent);
        let (at, before) = compute_with((bound, parent.clone()), &Naive, &options()).expect("values");
        assert!(before < at);
    }
    let (a, b) = wait_on(&(counted(&clock), counted(&clock)));
    let now = clock.load(Ordering::Relaxed);
    let after = a.map(|_| 0_usize);
    // Both run although only one is asked for.
    after.compute_with(&Naive).expect("a value");
    assert_eq!(clock.load(Ordering::Relaxed), now + 2);
    drop(b);
    checkpoint(&counted(&clock)).compute_with(&Naive).expect("nothing");
    assert_eq!(clock.load(Ordering::Relaxed), now + 3);
}

#[test]
fn operators_and_unpacking() {
    let (a, b) = (Delayed::value(7_i64), Delayed::value(2_i64));
    let get = |d: Delayed<i64>| d.compute_with(&Naive).expect("a value");
    assert_eq!(get(&a + &b), 9);
    assert_eq!(get(&a % &b), 1);
    assert_eq!(get(-(a.clone() << b.clone())), -28);
    assert!(a.gt(&b).compute_with(&Naive).expect("a bool"));
    assert!((!a.eq(&b)).compute_with(&Naive).expect("a bool"));
    assert_eq!((&a + &b).key(), (&a + &b).key());
    let pair = Delayed::value((1_i64, String::from("x")));
    let (n, text) = pair.unzip();
    assert_eq!(compute_with((n, text), &Naive, &options()).expect("values"), (1, "x".into()));
    assert_eq!(get(Delayed::value(vec![5_i64, 6]).item(1)), 6);
    let whole = vec![a, b].into_iter().map(Collection::into_delayed).collect::<Vec<_>>();
    let total = delayed(|v: Vec<i64>| v.iter().sum::<i64>());
    assert_eq!(get(total.call((whole,))), 9);
}

#[test]
fn errors_of_user_functions_are_sources_and_say_where() {
    let parse = try_delayed(|text: &String| text.parse::<i64>());
    assert_eq!(parse.call((String::from("12"),)).compute_with(&Naive).expect("a number"), 12);
    let error = parse.call((String::from("x"),)).compute_with(&Naive).expect_err("no number");
    let ComputeError::Run(RunError::Failed { source, location, .. }) = &error else { panic!("{error}") };
    assert!(source.downcast_ref::<std::num::ParseIntError>().is_some());
    assert!(location.is_some_and(|at| at.file().ends_with("collections.rs")));
    let panics = delayed(|| -> i64 { panic!("no luck") }).call(());
    let text = panics.compute_with(&Naive).expect_err("a panic").to_string();
    assert!(text.contains("panicked in `closure`") && text.ends_with("no luck"), "{text}");
    assert!(matches!(Delayed::value(1).compute(), Err(ComputeError::NoScheduler)));
}

#[test]
fn retries_run_a_task_again_with_the_same_arguments() {
    let failures = Arc::new(AtomicUsize::new(2));
    let left = failures.clone();
    let flaky = try_delayed(move |x: Vec<i64>| {
        match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)) {
            Ok(_) => Err("not yet"),
            Err(_) => Ok(x[0]),
        }
    });
    let once = flaky
        .call((Delayed::value(vec![4_i64]),))
        .annotate(&Annotations { retries: 1, ..Default::default() });
    assert!(once.compute_with(&Naive).is_err());
    assert_eq!(once.compute_with(&Naive).expect("the third attempt"), 4);
}

#[test]
fn requests_keep_their_nesting() {
    let dsk = graph! { "x" => 1_i64, "y" => (|x: i64| x + 1)(@"x"), ("z", 0) => @"y" };
    let answer = dsk.get(Nested::Many(vec!["y".into(), vec!["x", "y"].into()]), &Naive).expect("values");
    let Nested::Many(items) = &answer else { panic!() };
    assert!(matches!(&items[..], [Nested::One(_), Nested::Many(inner)] if inner.len() == 2));
    let flat: Vec<i64> = answer.flatten().into_iter().map(|v| *v.get().expect("a number")).collect();
    assert_eq!(flat, [2, 1, 2]);
}

#[test]
fn a_store_computes_each_key_once_and_keeps_meanings() {
    let counter = Arc::new(AtomicUsize::new(1));
    let counting = counter.clone();
    let mut store = Store::new();
    let op = dask_graph::op(move || counting.fetch_add(1, Ordering::Relaxed));
    store.set("x", dask_graph::Task::new(op, [])).expect("a new key");
    store
        .set("y", dask_graph::Task::new(dask_graph::op(|x: &usize| x * 10), [dask_graph::Arg::key("x")]))
        .expect("a new key");
    let get = |key: &str| *store.get(key, &Naive).expect("a value").get::<usize>().expect("a number");
    assert_eq!((get("x"), get("y"), get("x")), (1, 10, 1));
    assert!(matches!(store.get("q", &Naive), Err(ComputeError::Plan(PlanError::MissingKey { .. }))));
}
