//! Laws: whatever the cut, the scheduler and the optimiser, a bag does what a `Vec` does.

use std::collections::BTreeMap;

use dask_bag::Bag;
use dask_graph::Collection;
use proptest::prelude::*;

use super::runners::schedulers;

/// One step of a random chain.
#[derive(Debug, Clone, Copy)]
enum Step {
    Add(i64),
    KeepMultiplesOf(i64),
    DropAbove(i64),
    Repeat(usize),
    Halve,
    Reverse,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (-5_i64..5).prop_map(Step::Add),
        (1_i64..4).prop_map(Step::KeepMultiplesOf),
        (-20_i64..20).prop_map(Step::DropAbove),
        (0_usize..3).prop_map(Step::Repeat),
        Just(Step::Halve),
        Just(Step::Reverse),
    ]
}

fn on_bag(bag: &Bag<i64>, step: Step) -> Bag<i64> {
    match step {
        Step::Add(n) => bag.map_with(n, |n, x| x + n),
        Step::KeepMultiplesOf(n) => bag.filter_with(n, |n, x| x % n == 0),
        Step::DropAbove(n) => bag.filter_with(n, |n, x| x <= n),
        Step::Repeat(n) => bag.map_with(n, |&n, x| vec![x; n]).flatten(),
        Step::Halve => bag.filter_map(|x| (x % 2 == 0).then_some(x / 2)),
        Step::Reverse => bag.map_partitions(|v| v.into_iter().rev().collect::<Vec<_>>()),
    }
}

fn on_vec(v: Vec<i64>, step: Step) -> Vec<i64> {
    match step {
        Step::Add(n) => v.into_iter().map(|x| x + n).collect(),
        Step::KeepMultiplesOf(n) => v.into_iter().filter(|x| x % n == 0).collect(),
        Step::DropAbove(n) => v.into_iter().filter(|x| *x <= n).collect(),
        Step::Repeat(n) => v.into_iter().flat_map(|x| vec![x; n]).collect(),
        Step::Halve => v.into_iter().filter(|x| x % 2 == 0).map(|x| x / 2).collect(),
        Step::Reverse => v.into_iter().rev().collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_chain_of_steps_is_what_it_is_on_each_partition(
        partitions in prop::collection::vec(prop::collection::vec(-30_i64..30, 0..8), 1..6),
        steps in prop::collection::vec(step(), 0..7),
        k in 0_usize..12,
    ) {
        let parts = partitions.iter().map(|v| steps.iter().fold(v.clone(), |v, &s| on_vec(v, s)));
        let all: Vec<i64> = parts.flatten().collect();
        let bag = steps.iter().fold(Bag::from_partitions(partitions), |bag, &s| on_bag(&bag, s));

        let mut counts: Vec<(i64, u64)> = Vec::new();
        for x in &all {
            match counts.iter_mut().find(|(y, _)| y == x) {
                Some((_, n)) => *n += 1,
                None => counts.push((*x, 1)),
            }
        }
        let mut by_size = all.clone();
        by_size.sort_by(|a, b| b.cmp(a));
        by_size.truncate(k);
        let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
        all.iter().for_each(|x| *sums.entry(x.rem_euclid(3)).or_default() += x);

        for (name, scheduler) in schedulers() {
            prop_assert_eq!(bag.compute_with(&*scheduler).unwrap(), all.clone(), "{}", name);
            prop_assert_eq!(bag.take_with(k, &*scheduler).unwrap(), &all[..k.min(all.len())], "{}", name);
            prop_assert_eq!(bag.frequencies().compute_with(&*scheduler).unwrap(), counts.clone(), "{}", name);
            prop_assert_eq!(bag.topk(k).compute_with(&*scheduler).unwrap(), by_size.clone(), "{}", name);
            prop_assert_eq!(bag.sum().compute_with(&*scheduler).unwrap(), all.iter().sum::<i64>(), "{}", name);
            let folded = bag.foldby(|x| x.rem_euclid(3), 0, |a, x| a + x, |a, b| a + b);
            let got: BTreeMap<i64, i64> = folded.compute_with(&*scheduler).unwrap().into_iter().collect();
            prop_assert_eq!(got, sums.clone(), "{}", name);
        }
    }
}
