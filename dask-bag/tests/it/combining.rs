//! Bags put together, cut anew and sampled.

use std::collections::BTreeMap;

use dask_bag::{Bag, PartitionSize, Partitions};
use dask_graph::{Collection, delayed};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::runners::{check, schedulers};

/// A few partitions, some of them empty.
fn partitions() -> impl Strategy<Value = Vec<Vec<i64>>> {
    prop::collection::vec(prop::collection::vec(-9_i64..9, 0..7), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn combinations_are_those_of_vectors(left in partitions(), right in partitions(), n in 0_usize..14) {
        let (bag, other) = (Bag::from_partitions(left.clone()), Bag::from_partitions(right.clone()));
        let (all, others) = (left.concat(), right.concat());
        let key = |x: &i64| x.rem_euclid(4);

        let mut product: Vec<(i64, i64)> =
            all.iter().flat_map(|&x| others.iter().map(move |&y| (x, y))).collect();
        product.sort();
        let joined: Vec<(i64, i64)> = all
            .iter()
            .flat_map(|&x| others.iter().filter(move |y| key(y) == key(&x)).map(move |&y| (y, x)))
            .collect();
        let mut running = all.clone();
        (1..running.len()).for_each(|i| running[i] += running[i - 1]);
        let from: Vec<i64> = std::iter::once(100).chain(running.iter().map(|x| x + 100)).collect();

        for (name, scheduler) in schedulers() {
            let mut got = bag.product(&other).unwrap().compute_with(&*scheduler).unwrap();
            got.sort();
            prop_assert_eq!(&got, &product, "{}", name);
            let sides = [bag.join(&other, key, key), bag.join(others.clone(), key, key)];
            for side in sides {
                prop_assert_eq!(&side.compute_with(&*scheduler).unwrap(), &joined, "{}", name);
            }
            let accumulated = bag.accumulate(|a, x| a + x).compute_with(&*scheduler).unwrap();
            prop_assert_eq!(&accumulated, &running, "{}", name);
            let accumulated = bag.accumulate_from(100, |a, x| a + x).compute_with(&*scheduler).unwrap();
            prop_assert_eq!(&accumulated, &from, "{}", name);
            let cut = bag.repartition(n);
            prop_assert_eq!(cut.npartitions(), n.max(1));
            prop_assert_eq!(&cut.compute_with(&*scheduler).unwrap(), &all, "{}", name);
        }
    }

    #[test]
    fn partitions_of_a_size(parts in partitions(), size in 1_u64..9) {
        let bag = Bag::from_partitions(parts.clone()).filter(|n| n % 2 == 0);
        let all: Vec<i64> = parts.concat().into_iter().filter(|n| n % 2 == 0).collect();
        let cut = bag.repartition_to_with(PartitionSize::Items(size), &Sync::new()).unwrap();
        prop_assert_eq!(cut.npartitions() as u64, (all.len() as u64).div_ceil(size).max(1));
        let longest = cut.map_partitions(|v| [v.len() as u64]).max();
        prop_assert!(longest.compute_with(&Sync::new()).unwrap() <= Some(size.min(all.len() as u64)));
        check(&cut, all.clone());
        let bytes = PartitionSize::Bytes(size * 8);
        check(&bag.repartition_to_with(bytes, &Sync::new()).unwrap(), all);
    }
}

#[test]
fn neighbours_are_joined_and_partitions_cut_evenly() {
    let lens = |bag: Bag<u64>| bag.map_partitions(|v| [v.len()]).compute_with(&Sync::new()).unwrap();
    let bag = Bag::range(20, Partitions::count(5));
    assert_eq!(lens(bag.repartition(2)), [8, 12]);
    assert_eq!(lens(Bag::range(20, Partitions::count(2)).repartition(6)), [3, 3, 4, 3, 3, 4]);
    let of_bytes = bag.repartition_to_with(PartitionSize::Bytes(64), &Sync::new()).unwrap();
    assert!(lens(of_bytes).iter().all(|&n| n <= 8));
}

#[test]
fn repartitioned_partitions_fuse_with_nothing_lost() {
    let bag = Bag::range(10, Partitions::count(3)).map(|n| n + 1);
    check(&bag.repartition(2).map(|n| n * 2).sum(), 110);
}

#[test]
fn a_delayed_side_is_made_once_for_all() {
    let names = delayed(|n: i64| (0..n).map(|i| (i, i.to_string())).collect::<Vec<_>>()).call((3_i64,));
    let bag = Bag::from_partitions([vec![2_i64, 7], vec![], vec![0, 2]]);
    let joined = bag.join(names, |n| *n, |name| name.0).map(|((_, name), _)| name);
    check(&joined, vec!["2".to_string(), "0".into(), "2".into()]);
}

#[test]
fn steps_with_arguments_are_stacked_in_one_pass() {
    let bag = Bag::range(1000, Partitions::count(4));
    let kept = bag.random_sample(0.5, 1).unwrap().map(|n| n + 1).random_sample(0.5, 2).unwrap();
    let joined = kept.join(vec![0_u64, 1], |n| n % 2, |n| *n);
    let expected = joined.compute_with(&Sync::new()).unwrap();
    assert!((200..300).contains(&expected.len()), "{}", expected.len());
    check(&joined, expected);
}

#[test]
fn samples_follow_from_the_seed() {
    let bag = Bag::range(500, Partitions::count(7));
    for seed in 0..3 {
        let (some, k, draws) =
            (bag.random_sample(0.3, seed).unwrap(), bag.sample(9, seed), bag.choices(9, seed));
        for bag in [some, k, draws] {
            check(&bag, bag.compute_with(&Sync::new()).unwrap());
        }
    }
    let of = |seed| bag.sample(9, seed).compute_with(&Sync::new()).unwrap();
    assert_ne!(of(1), of(2));
    assert!(bag.random_sample(1.5, 0).unwrap_err().to_string().contains("from 0 to 1"));
    assert!(bag.random_sample(f64::NAN, 0).is_err());
    check(&bag.random_sample(0.0, 0).unwrap().count(), 0);
    check(&bag.random_sample(1.0, 0).unwrap().count(), 500);
}

#[test]
fn samples_of_few_and_of_none() {
    let bag = Bag::from_partitions([vec![], vec![1, 2], vec![], vec![3]]);
    check(
        &bag.sample(7, 0).map_partitions(|mut v| {
            v.sort();
            v
        }),
        vec![1, 2, 3],
    );
    check(&bag.choices(0, 0), vec![]);
    check(&bag.choices(5, 0).count(), 5);
    check(&Bag::<i64>::from_partitions([vec![], vec![]]).choices(5, 0), vec![]);
    check(&Bag::<i64>::from_partitions([vec![]]).sample(5, 0), vec![]);
}

/// Every item is taken as often as every other, within five standard deviations.
#[test]
fn samples_are_even() {
    let bag = Bag::from_partitions([(0..3).collect::<Vec<u64>>(), vec![], (3..10).collect()]);
    let mut seen: [BTreeMap<u64, f64>; 3] = Default::default();
    let rounds = 2000;
    for seed in 0..rounds {
        let bags = [bag.random_sample(0.4, seed).unwrap(), bag.sample(4, seed), bag.choices(4, seed)];
        for (bag, seen) in bags.iter().zip(&mut seen) {
            for item in bag.compute_with(&Sync::new()).unwrap() {
                *seen.entry(item).or_default() += 1.0;
            }
        }
    }
    for seen in seen {
        let expected = 0.4 * rounds as f64;
        assert!((0..10).all(|n| (seen[&n] - expected).abs() < 5.0 * expected.sqrt()), "{seen:?}");
    }
}

#[test]
fn a_product_of_too_many_partitions_is_refused() {
    let many = Bag::range(1 << 20, Partitions::size(1));
    let error = many.product(&many).unwrap_err().to_string();
    assert!(error.contains("1048576 and 1048576") && error.contains("repartition"), "{error}");
}
