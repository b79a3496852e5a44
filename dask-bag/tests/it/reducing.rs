//! Reductions: empty partitions, trees, ties, overflow.

use std::cmp::Reverse;

use dask_bag::{Bag, Partitions};
use dask_graph::Collection;

use super::runners::{check, check_fails};

/// Cuts of one sequence, with empty partitions at every place.
fn cuts<T: Clone + Send + Sync + 'static>(items: &[T]) -> Vec<Bag<T>> {
    let empty = Vec::new;
    let one_by_one = items.iter().map(|item| vec![item.clone()]).collect::<Vec<_>>();
    let mut apart = vec![empty()];
    for part in one_by_one.clone() {
        apart.extend([part, empty(), empty()]);
    }
    vec![
        Bag::from_partitions([items.to_vec()]),
        Bag::from_partitions(one_by_one),
        Bag::from_partitions(apart),
        Bag::from_partitions([empty(), items.to_vec(), empty()]).split_every(2),
    ]
}

#[test]
fn reductions_do_not_depend_on_the_cut() {
    for bag in cuts(&[5_i64, -3, 8, 0, 8, -3, 1, 1, 1, 4]) {
        check(&bag.sum(), 22);
        check(&bag.count(), 10);
        check(&bag.min(), Some(-3));
        check(&bag.max(), Some(8));
        check(&bag.mean(), Some(2.2));
        check(&bag.fold(1, |a, x| a.max(x), i64::max), 8);
        check(&bag.reduce(|a, b| a * 10 + b % 10).map(|n| n.is_some()), true);
        check(&bag.frequencies(), vec![(5, 1), (-3, 2), (8, 2), (0, 1), (1, 3), (4, 1)]);
        check(&bag.distinct(), vec![5, -3, 8, 0, 1, 4]);
        check(&bag.distinct_by(|n| n % 2 == 0), vec![5, 8]);
        check(&bag.topk(3), vec![8, 8, 5]);
        check(&bag.topk_by_key(2, |&n| Reverse(n)), vec![-3, -3]);
        check(&bag.foldby(|n| *n > 0, 0, |a, x| a + x, |a, b| a + b), vec![(true, 28), (false, -6)]);
        check(&bag.reduction(|v| v.len(), |v| v.into_iter().sum()), 10);
        check(&bag.map(|n| n == 8).any(), true);
        check(&bag.map(|n| n < 8).all(), false);
    }
}

#[test]
fn variance_keeps_its_digits_beside_a_large_mean() {
    for bag in cuts(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]) {
        check(&bag.var(1), Some(30.0));
        check(&bag.std(0).map(|s| s.map(|s| s * s)), Some(22.5));
        check(&bag.var(4), None);
        check(&bag.var(u64::MAX), None);
    }
}

#[test]
fn nothing_reduces_to_nothing() {
    for bag in cuts::<i32>(&[]) {
        check(&bag.sum(), 0);
        check(&bag.count(), 0);
        check(&bag.mean(), None);
        check(&bag.var(0), None);
        check(&bag.min(), None);
        check(&bag.max_by(i32::cmp), None);
        check(&bag.fold(7, |_, x| x, |_, b| b), 7);
        check(&bag.topk(3), vec![]);
        check(&bag.frequencies(), vec![]);
        check(&bag.map(|_| true).any(), false);
        check(&bag.map(|_| true).all(), true);
    }
}

#[test]
fn a_sum_of_integers_is_right_or_an_error() {
    let big = Bag::from_sequence([i64::MAX, 1, -1], Partitions::count(3));
    check(&big.sum(), i64::MAX);
    check(&Bag::from_sequence([u8::MAX; 1000], Partitions::count(7)).sum(), 255_000);
    let too_big = Bag::from_sequence([i64::MAX, 1], Partitions::count(2));
    check_fails(&too_big.sum(), &["9223372036854775808", "i64", "fold"]);
    check(&too_big.mean(), Some(4_611_686_018_427_387_904.0));
}

#[test]
fn equal_items_keep_their_order() {
    let items = [("a", 1), ("b", 2), ("c", 1), ("d", 2), ("e", 2)];
    for bag in cuts(&items) {
        check(&bag.topk_by_key(4, |item| item.1), vec![("b", 2), ("d", 2), ("e", 2), ("a", 1)]);
        check(&bag.min_by(|a, b| a.1.cmp(&b.1)), Some(("a", 1)));
        check(&bag.max_by(|a, b| a.1.cmp(&b.1)), Some(("e", 2)));
    }
}

#[test]
fn topk_of_nothing_and_of_all() {
    let bag = Bag::range(5, Partitions::count(2));
    check(&bag.topk(0), vec![]);
    check(&bag.topk(usize::MAX), vec![4, 3, 2, 1, 0]);
}

#[test]
fn a_fold_joins_in_the_order_of_the_partitions() {
    let bag = Bag::range(100, Partitions::count(50)).map(|n| vec![n]);
    let concat = |a: Vec<u64>, b: Vec<u64>| [a, b].concat();
    for every in [2, 3, 8, 100] {
        check(&bag.clone().split_every(every).fold(vec![], concat, concat), (0..100).collect());
    }
}

#[test]
fn borrowed_keys_are_counted_as_owned_ones_are() {
    for bag in cuts(&["a b a", "", "b", "c  a"]) {
        let owned = bag.flat_map(|line| line.split(' ').map(String::from).collect::<Vec<_>>()).frequencies();
        let expected = vec![("a".to_string(), 3), ("b".into(), 2), (String::new(), 2), ("c".into(), 1)];
        check(&owned, expected.clone());
        check(&bag.frequencies_of(|line, count| line.split(' ').for_each(count)), expected);
    }
}

#[test]
fn items_are_folded_by_keys_in_them_as_by_keys_of_their_own() {
    for bag in cuts(&["a b a", "", "b", "c  a"]) {
        let words = bag.flat_map(|line| line.split(' ').map(|word| (word.to_owned(), 1)).collect::<Vec<_>>());
        let expected = vec![("a".to_string(), 3), ("b".into(), 2), (String::new(), 2), ("c".into(), 1)];
        let add = |sum, word: (String, u64)| sum + word.1;
        let own = words.foldby(|word| word.0.clone(), 0, add, |a, b| a + b);
        let lent = words.foldby_ref(|word| word.0.as_str(), 0, add, |a, b| a + b);
        check(&own, expected.clone());
        check(&lent, expected.clone());
        let split = words.split_out(3).foldby_ref(|word| word.0.as_str(), 0, add, |a, b| a + b);
        let mut split = split.compute_with(&dask_sched_sync::Sync::new()).unwrap();
        split.sort_by_key(|(word, _)| expected.iter().position(|(known, _)| known == word));
        assert_eq!(split, expected);
    }
}

#[test]
fn keys_of_any_type_are_counted_where_they_lie() {
    for bag in cuts(&[vec![1, 2, 2], vec![], vec![2, 3], vec![1, 2, 2]]) {
        check(&bag.frequencies_of(|list, count| list.iter().for_each(count)), vec![(1, 2), (2, 5), (3, 1)]);
        let lists = vec![(vec![1, 2, 2], 2), (vec![], 1), (vec![2, 3], 1)];
        check(&bag.frequencies_of(|list: &Vec<i32>, count| count(&list[..])), lists);
    }
}

#[test]
fn texts_short_and_long_are_counted_in_the_order_of_their_coming() {
    // Of every length up to two words of memory and more, some of them alike but for a letter, each twice.
    let text = |n: usize| format!("{}{n}{}", "é".repeat(n % 5), "x".repeat(n % 37));
    let texts = (0..100).chain((0..100).rev()).map(text).collect::<Vec<_>>();
    let expected = (0..100).map(|n| (text(n), 2)).collect::<Vec<_>>();
    for bag in cuts(&texts) {
        check(&bag.frequencies_of(|text: &String, count| count(text.as_str())), expected.clone());
        let split = bag.split_out(3).frequencies_of(|text: &String, count| count(text.as_str()));
        let mut split = split.compute_with(&dask_sched_sync::Sync::new()).unwrap();
        split.sort_by_key(|(text, _)| texts.iter().position(|t| t == text));
        assert_eq!(split, expected);
    }
}

#[test]
fn items_can_be_worked_on() {
    let bag = Bag::range(10, Partitions::count(3));
    let item = bag.count().map(|n| n * 2).map(|n| n.to_string());
    check(&item, "20".to_string());
    assert_eq!(item.keys(), [item.key().clone()]);
}
