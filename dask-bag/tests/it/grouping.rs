//! What is exchanged by key: groups, joins of large bags, results by key in several partitions.

use std::collections::BTreeMap;

use dask_bag::{Bag, Partitions, ReadText};
use dask_graph::{Collection, make_portable};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::runners::{check, check_fails, in_process, schedulers};

#[test]
fn groups_have_as_many_partitions_as_their_sizes_ask_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.txt");
    // Without a byte on the disk: nothing of it is read.
    std::fs::File::create(&path).unwrap().set_len(1 << 30).unwrap();
    let n = |lines: &Bag<String>| lines.filter(|line| !line.is_empty()).groupby(String::len).npartitions();
    let whole = ReadText::files([&path]).lines().unwrap();
    assert_eq!((whole.npartitions(), n(&whole)), (1, 12), "a line takes half as much again in memory");
    let blocks = ReadText::files([&path]).blocksize(1 << 26).lines().unwrap();
    assert_eq!((blocks.npartitions(), n(&blocks)), (16, 16));
    assert_eq!(n(&whole.clone().split_out(3)), 3);
    assert_eq!(n(&whole.concat([&whole])), 24);
    let (few, many) = (Bag::range(9, Partitions::count(2)), Bag::range(1 << 26, Partitions::count(1)));
    assert_eq!(few.groupby(|n| n % 2).npartitions(), 2);
    assert_eq!(many.partition_by(|n| n % 2).npartitions(), 4);
    assert_eq!(few.join_shuffled(&many, |&n| n, |&n| n).npartitions(), 4);
    // Of what is reduced, nothing is known.
    assert_eq!(many.frequencies().groupby(|pair| pair.1).npartitions(), 1);
    assert_eq!(many.head(3, 1).groupby(|&n| n).npartitions(), 1);
}

#[test]
fn groups_are_whole_in_more_partitions_than_the_bag_has() {
    // A vector with room for 320 MB, most of which is never touched.
    let mut items: Vec<u64> = Vec::with_capacity(40 << 20);
    items.extend(0..100);
    let groups = Bag::from_partitions([items]).groupby(|n| n % 7);
    assert_eq!(groups.npartitions(), 3);
    let expected: Vec<_> = (0..7).map(|key| (key, (key..100).step_by(7).collect::<Vec<_>>())).collect();
    for (name, scheduler) in schedulers() {
        assert_eq!(sorted(groups.compute_with(&*scheduler).unwrap()), expected, "{name}");
    }
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

fn partitions() -> impl Strategy<Value = Vec<Vec<(u8, i64)>>> {
    prop::collection::vec(prop::collection::vec((0_u8..9, -99_i64..99), 0..9), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn groups_are_those_of_a_map(parts in partitions(), others in partitions(), targets in 1_usize..12) {
        make_portable::<(u8, i64)>();
        let all = parts.concat();
        let mut groups: BTreeMap<u8, Vec<(u8, i64)>> = BTreeMap::new();
        all.iter().for_each(|item| groups.entry(item.0).or_default().push(*item));
        let groups: Vec<_> = groups.into_iter().collect();
        let mut joined = Vec::new();
        for item in &all {
            joined.extend(others.concat().iter().filter(|other| other.0 == item.0).map(|other| (*other, *item)));
        }
        let joined = sorted(joined);

        let bag = Bag::from_partitions(parts).split_out(targets);
        let other = Bag::from_partitions(others);
        for (name, scheduler) in schedulers() {
            let grouped = bag.groupby(|item| item.0);
            prop_assert_eq!(grouped.npartitions(), targets);
            prop_assert_eq!(sorted(grouped.compute_with(&*scheduler).unwrap()), groups.clone(), "{}", name);
            // Groups are whole within their partition, in the order of the bag.
            let by_partition = bag.partition_by(|item| item.0).map_partitions(|items| {
                let mut groups: BTreeMap<u8, Vec<(u8, i64)>> = BTreeMap::new();
                items.into_iter().for_each(|item: (u8, i64)| groups.entry(item.0).or_default().push(item));
                groups
            });
            prop_assert_eq!(sorted(by_partition.compute_with(&*scheduler).unwrap()), groups.clone(), "{}", name);
            let got = bag.join_shuffled(&other, |item| item.0, |other| other.0);
            prop_assert_eq!(sorted(got.compute_with(&*scheduler).unwrap()), joined.clone(), "{}", name);
        }
    }

    #[test]
    fn results_by_key_are_the_same_in_many_partitions(parts in partitions(), targets in 1_usize..12) {
        make_portable::<(u8, i64)>();
        let bag = Bag::from_partitions(parts);
        let split = bag.clone().split_out(targets);
        let (add, join) = (|a: i64, item: (u8, i64)| a + item.1, |a: i64, b: i64| a + b);
        for (name, scheduler) in schedulers() {
            let check = |split: Bag<(u8, i64)>, one: Bag<(u8, i64)>| {
                assert_eq!((split.npartitions(), one.npartitions()), (targets, 1));
                let of = |bag: Bag<(u8, i64)>| sorted(bag.compute_with(&*scheduler).unwrap());
                assert_eq!(of(split), of(one), "{name}");
            };
            check(split.distinct(), bag.distinct());
            check(split.distinct_by(|item| item.0), bag.distinct_by(|item| item.0));
            check(split.foldby(|item| item.0, 0, add, join), bag.foldby(|item| item.0, 0, add, join));
            let counts = |bag: &Bag<(u8, i64)>| bag.map(|item| item.0).frequencies().map(|(key, n)| (key, n as i64));
            check(counts(&split), counts(&bag));
        }
    }
}

#[test]
fn there_are_as_many_partitions_as_before_unless_said() {
    let bag = Bag::range(20, Partitions::count(4));
    assert_eq!(bag.groupby(|n| n % 3).npartitions(), 4);
    assert_eq!(bag.clone().split_out(0).groupby(|n| n % 3).npartitions(), 1);
    assert_eq!(bag.split_out(9).map(|n| n).partition_by(|n| *n).npartitions(), 9);
}

#[test]
fn the_order_of_keys_and_items_does_not_depend_on_the_run() {
    let bag = Bag::range(1000, Partitions::count(7)).split_out(3).groupby(|n| n % 100);
    let expected = bag.compute_with(&Sync::new()).unwrap();
    assert!(expected.iter().all(|(key, items)| items.len() == 10 && items.is_sorted() && items[0] == *key));
    check(&bag, expected);
}

#[test]
fn an_exchange_is_the_end_of_one_pass_and_the_beginning_of_another() {
    let bag = Bag::range(1000, Partitions::count(5)).map(|n| n + 1).split_out(3);
    let sums =
        bag.groupby(|n| n % 10).map(|(_, items)| items.into_iter().sum::<u64>()).filter(|n| n % 2 == 0);
    // Of 1 to 1000, those with one last digit: 100 numbers, whose sum is even for even and odd digits alike.
    const EVEN: u64 = 500_500;
    let prepared = Optimized::new(Sync::new());
    assert_eq!(sums.sum().compute_with(&prepared).unwrap(), EVEN);
    let keys = sums.keys();
    let pipeline = dask_optimize::Pipeline::standard();
    let graph = pipeline.run(sums.graph(), &dask_optimize::Context::new(&keys)).unwrap();
    // The directory, 5 splits, the exchange, 3 gathers.
    assert_eq!(graph.lower(&keys).unwrap().len(), 10);
}

#[test]
fn edges_do_not_multiply() {
    let bag = Bag::range(1000, Partitions::count(50)).split_out(40).groupby(|n| *n);
    let plan = bag.graph().lower(&bag.keys()).unwrap();
    let edges: usize = plan.nodes().map(|node| plan.dependencies(node).count()).sum();
    assert!(edges < 4 * (50 + 40), "{edges}");
}

#[test]
fn a_graph_that_is_shared_or_run_again_has_all_its_records() {
    let groups = Bag::range(100, Partitions::count(3)).groupby(|n| n % 7);
    let (even, all) = (groups.filter(|group| group.0 % 2 == 0).count(), groups.count());
    for (name, scheduler) in in_process() {
        for _ in 0..2 {
            let got = dask_graph::compute_with((even.clone(), all.clone()), &*scheduler, &Default::default());
            assert_eq!(got.unwrap(), (4, 7), "{name}");
        }
    }
    let kept = groups.persist_opts(&Sync::new(), &Default::default()).unwrap();
    check(&kept.count(), 7);
}

#[test]
fn a_key_of_most_items_is_one_group() {
    let bag = Bag::range(100_000, Partitions::count(8)).map(|n| if n < 99_990 { 0 } else { n });
    check(&bag.groupby(|n| *n).map(|(_, items)| items.len()).max(), Some(99_990));
}

/// Its key is equal to others that are stored otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Word(String);

impl std::hash::Hash for Word {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_lowercase().hash(state);
    }
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}

impl Eq for Word {}

#[test]
fn equal_keys_meet_however_they_are_stored() {
    make_portable::<Word>();
    let words = Bag::from_partitions(["Tea", "tea", "TEA", "milk"].map(|word| vec![Word(word.into())]));
    check(&words.clone().split_out(16).groupby(Word::clone).count(), 2);
    check(&words.split_out(16).distinct().count(), 2);
}

#[test]
fn failures_on_the_way_are_told_with_the_item() {
    let bag = Bag::range(10, Partitions::count(2)).try_map(|n| if n == 7 { Err("seven") } else { Ok(n) });
    check_fails(&bag.groupby(|n| n % 2), &["try_map failed on item 2 of its partition", "seven"]);
    let after = Bag::range(10, Partitions::count(2)).groupby(|n| n % 2).try_map(|_| Err::<(), _>("no group"));
    check_fails(&after, &["no group"]);
}

#[test]
fn a_type_that_cannot_be_stored_is_named() {
    #[derive(Clone, PartialEq, Eq, Hash, Debug)]
    struct Mine(u8);
    let bag = Bag::from_sequence([1, 2], Partitions::count(1)).map(Mine).split_out(2).distinct();
    for (name, scheduler) in in_process() {
        let error = bag.compute_with(&*scheduler).unwrap_err();
        let text = super::errors::chain(&error);
        assert!(text.contains("Mine") && text.contains("make_portable"), "{name}: {text}");
    }
}
