//! Texts and JSON values as items, delayed vectors, and functions with state.

use std::fmt::Debug;

use dask_bag::{Bag, Item, Partitions};
use dask_graph::{Collection, Delayed, delayed, make_portable};
use dask_sched_sync::Sync;

use super::runners::{check, check_fails};

/// Checks an operation on texts, on a few cuts.
#[track_caller]
fn check_texts<U>(op: impl Fn(Bag<String>) -> Bag<U>, texts: &[&str], expected: &[U])
where
    U: Clone + PartialEq + Debug + Send + std::marker::Sync + 'static,
{
    let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
    let (front, back) = texts.split_at(texts.len() / 2);
    for parts in [vec![texts.clone()], vec![front.to_vec(), vec![], back.to_vec()]] {
        check(&op(Bag::from_partitions(parts)), expected.to_vec());
    }
}

/// What Python's methods of the same names give.
#[test]
fn methods_of_texts() {
    let owned = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
    let texts = ["  Straße a ", "", "-7"];
    check_texts(|bag| bag.str().upper(), &texts, &owned(&["  STRASSE A ", "", "-7"]));
    check_texts(|bag| bag.str().lower(), &texts, &owned(&["  straße a ", "", "-7"]));
    check_texts(|bag| bag.str().capitalize(), &["hELLO wORLD", "ß", ""], &owned(&["Hello world", "SS", ""]));
    check_texts(|bag| bag.str().strip(), &texts, &owned(&["Straße a", "", "-7"]));
    check_texts(|bag| bag.str().lstrip(), &texts, &owned(&["Straße a ", "", "-7"]));
    check_texts(|bag| bag.str().rstrip(), &texts, &owned(&["  Straße a", "", "-7"]));
    check_texts(|bag| bag.str().strip_chars("a -"), &texts, &owned(&["Straße", "", "7"]));
    check_texts(|bag| bag.str().remove_prefix("-"), &["--1", "1-"], &owned(&["-1", "1-"]));
    check_texts(|bag| bag.str().remove_suffix("-"), &["--1", "1-"], &owned(&["--1", "1"]));
    check_texts(|bag| bag.str().split(), &texts, &[owned(&["Straße", "a"]), vec![], owned(&["-7"])]);
    check_texts(|bag| bag.str().split_by(","), &["a,,b", ""], &[owned(&["a", "", "b"]), owned(&[""])]);
    check_texts(|bag| bag.str().replace("a", "bb"), &["banana", ""], &owned(&["bbbnbbnbb", ""]));
    check_texts(
        |bag| bag.str().zfill(4),
        &["7", "-7", "+12345", ""],
        &owned(&["0007", "-007", "+12345", "0000"]),
    );
    check_texts(|bag| bag.str().contains("a"), &["ab", "b", ""], &[true, false, false]);
    check_texts(|bag| bag.str().starts_with("a"), &["ab", "ba"], &[true, false]);
    check_texts(|bag| bag.str().ends_with("a"), &["ab", "ba"], &[false, true]);
    check_texts(|bag| bag.str().count("aa"), &["aaaa", "a"], &[2, 0]);
    check_texts(|bag| bag.str().length(), &["日本語", ""], &[3, 0]);
    check_texts(
        |bag| bag.str().matching("*.cs[vx]").unwrap(),
        &["a.csv", "a.txt", ".csx"],
        &owned(&["a.csv", ".csx"]),
    );
}

#[test]
fn words_are_counted_as_split_texts_are() {
    let texts = ["b a\u{a0}b", "", " é\u{2003}a\t", &"x".repeat(70), "b"];
    let long = "x".repeat(70);
    let expected =
        [("b", 3), ("a", 2), ("é", 1), (long.as_str(), 1)].map(|(word, n)| (word.to_owned(), n as u64));
    check_texts(|bag| bag.str().word_frequencies(), &texts, &expected);
    check_texts(|bag| bag.str().split().flatten().frequencies(), &texts, &expected);
    check_texts(|bag| bag.map(|text| text).str().word_frequencies(), &texts, &expected);
    let mut sorted = expected.to_vec();
    sorted.sort();
    let split = |bag: Bag<String>| {
        bag.split_out(3).str().word_frequencies().repartition(1).map_partitions(|mut counts| {
            counts.sort();
            counts
        })
    };
    check_texts(split, &texts, &sorted);
}

#[test]
fn methods_mean_the_same_each_time() {
    let bag = Bag::from_sequence(["a"], Partitions::count(1));
    assert_eq!(bag.str().replace("a", "b").name(), bag.str().replace("a", "b").name());
    assert_ne!(bag.str().replace("a", "b").name(), bag.str().replace("a", "c").name());
    assert!(bag.str().upper().name().as_str().starts_with("upper-"));
    assert!(bag.str().matching("[").unwrap_err().to_string().contains("not a valid pattern"));
}

#[test]
fn functions_with_state_leave_the_process() {
    let bag = Bag::range(6, Partitions::count(2));
    check(&bag.flat_map_with(2_usize, |&n, x| vec![x; n]).count(), 12);
    check(&bag.flat_map_with(3, |least, x| (x > *least).then_some(x)), vec![4, 5]);
    check(&bag.try_map_with(9_u64, |most, x| if x < *most { Ok(x) } else { Err("too large") }).sum(), 15);
    let fails = bag.try_map_with(4_u64, |most, x| if x < *most { Ok(x) } else { Err("too large") });
    check_fails(&fails, &["try_map_with failed on item 1 of its partition", "too large", ", 1)"]);
}

#[test]
fn a_single_value_goes_along_with_all_items() {
    let bag = Bag::from_partitions([vec![3_u64, 9], vec![], vec![6]]);
    let share = bag.map_with_item(&bag.sum(), |sum, x| x * 100 / sum);
    check(&share, vec![16, 50, 33]);
    check(&share.map_with_item(&share.max(), |max, x| max.unwrap_or(0) - x), vec![34, 0, 17]);
}

#[test]
fn delayed_vectors_become_partitions_and_partitions_delayed_vectors() {
    let parts: Vec<Delayed<Vec<i64>>> =
        (0..3).map(|n| delayed(|n: i64| vec![n; n as usize]).call((n,))).collect();
    let bag = Bag::from_delayed(parts);
    assert_eq!(bag.npartitions(), 3);
    check(&bag, vec![1, 2, 2]);
    check(&Bag::from_delayed(bag.to_delayed()), vec![1, 2, 2]);
    check(&Bag::<i64>::from_delayed([]), vec![]);
    check(&bag.to_delayed()[2], vec![2, 2]);
    let sum = delayed(|a: i64| a + 1).call((bag.sum().to_delayed(),));
    check(&Item::from_delayed(&sum), 6);
}

#[test]
fn frequencies_can_be_sorted() {
    let bag = Bag::from_partitions(
        ["to be", "or", "", "not to be or to"]
            .map(|line| line.split_whitespace().map(String::from).collect::<Vec<_>>()),
    );
    let expected = [("to", 3), ("be", 2), ("or", 2), ("not", 1)].map(|(word, n)| (word.to_string(), n));
    check(&bag.frequencies_sorted(), expected.to_vec());
    check(&bag.split_out(5).frequencies_sorted(), expected.to_vec());
}

#[test]
fn functions_of_several_arguments_get_the_parts_of_tuples() {
    make_portable::<(i64, i64, i64)>();
    // In other processes, too: a closure around one without captures has none, either.
    let pairs = Bag::from_partitions([vec![(7_i64, 2_i64), (1, 5)], vec![], vec![(-3, 4)]]);
    check(&pairs.starmap(|a, b| a - b), vec![5, -4, -7]);
    let triples = pairs.map(|(a, b)| (a, b, 10));
    check(&triples.starmap(|a, b, c| a * b + c), vec![24, 15, -2]);
}

#[test]
fn triples_come_apart() {
    let (a, b, c) = Bag::from_sequence([(1, 'x', true), (2, 'y', false)], Partitions::count(2)).unzip3();
    let sync = Sync::new();
    assert_eq!(a.compute_with(&sync).unwrap(), [1, 2]);
    assert_eq!(b.compute_with(&sync).unwrap(), ['x', 'y']);
    assert_eq!(c.compute_with(&sync).unwrap(), [true, false]);
}

mod fields {
    use super::*;
    use serde_json::{Value, json};

    fn people() -> Bag<Value> {
        let people = [json!({"name": "Ada", "at": [1, 2], "nick": null}), json!({"name": "Bob", "at": [3]})];
        Bag::from_partitions([vec![people[0].clone()], vec![], vec![people[1].clone()]])
    }

    #[test]
    fn fields_are_plucked_by_name_and_place() {
        check(&people().pluck("name"), vec![json!("Ada"), json!("Bob")]);
        check(&people().pluck(String::from("at")).pluck(0), vec![json!(1), json!(3)]);
        check(
            &people().pluck("at").pluck_or(1, json!({"none": [1.5]})),
            vec![json!(2), json!({"none": [1.5]})],
        );
        // What is there and null is there.
        check(&people().pluck_or("nick", json!("-")), vec![Value::Null, json!("-")]);
        let rows = people().pluck_many(["at", "name", "at"]);
        check(
            &rows,
            vec![
                vec![json!([1, 2]), json!("Ada"), json!([1, 2])],
                vec![json!([3]), json!("Bob"), json!([3])],
            ],
        );
        check(&people().pluck_many_or(["nick"], json!(0)), vec![vec![Value::Null], vec![json!(0)]]);
        assert_eq!(people().pluck("a").name().as_str()[..6], *"pluck-");
    }

    #[test]
    fn a_missing_field_is_told_with_the_item() {
        let words = [
            "pluck failed on item 0 of its partition",
            ", 2)",
            "no field \"nick\" in an object",
            "[\"at\", \"name\"]",
        ];
        check_fails(&people().pluck("nick"), &words);
        check_fails(&people().pluck("at").pluck(1), &["no field 1 in an array of 1 items"]);
        check_fails(&people().pluck("name").pluck("first"), &["no field \"first\" in \"Ada\""]);
        check_fails(&people().pluck_many(["name", "nick"]), &["pluck failed on item 0", "pluck_many_or"]);
    }
}
