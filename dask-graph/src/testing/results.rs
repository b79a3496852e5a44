//! Results: the right ones, in the right order, every time.

use std::sync::Arc;

use crate::function::op;
use crate::graph::Graph;
use crate::key::Key;
use crate::layer::Materialized;
use crate::scheduler::{RunOptions, Scheduler};
use crate::task::{Arg, Node, Task};
use crate::testing::Make;
use crate::testing::graphs::{get, plan, random_dependencies, run, t, tasks};
use crate::testing::naive::{Naive, bits};
use crate::value::List;

pub(super) fn requests_are_answered_in_their_order(make: &Make<'_>) {
    let mut layer = Materialized::new("hand-written");
    layer.insert("one", Node::data(1.0));
    layer.insert("uno", Node::Alias(Key::named("one")));
    layer.insert("two", Task::new(op(|x: f64| x + 1.0), [Arg::key("uno")]));
    layer.insert("both", Node::from(Arg::list([Arg::key("two"), Arg::key("one")])));
    let graph = Graph::from_layer(layer);
    let scheduler = make();
    for keys in [
        vec!["one", "two", "uno"],
        vec!["two", "one"],
        vec!["two", "two", "uno", "one", "two"],
        vec!["both", "two"],
        vec![],
    ] {
        let names: Vec<Key> = keys.iter().map(|&key| Key::named(key)).collect();
        let values = run(&*scheduler, &graph, &names).unwrap_or_else(|error| panic!("{keys:?}: {error}"));
        let got: Vec<Vec<u64>> = values.iter().map(bits).collect();
        let expected: Vec<Vec<u64>> = keys
            .iter()
            .map(|&key| match key {
                "one" | "uno" => vec![1.0_f64.to_bits()],
                "two" => vec![2.0_f64.to_bits()],
                _ => vec![2.0_f64.to_bits(), 1.0_f64.to_bits()],
            })
            .collect();
        assert_eq!(got, expected, "{keys:?}");
    }
}

pub(super) fn nested_arguments_and_lists_arrive(make: &Make<'_>) {
    let sum = op(|list: &List| -> f64 {
        list.iter().map(|item| item.get::<f64>().copied().unwrap_or(f64::NAN)).sum()
    });
    let triple = op(|x: f64| 3.0 * x);
    let mut layer = Materialized::new("hand-written");
    layer.insert("x", Node::data(2.0));
    let nested = Task::new(triple.clone(), [Arg::from(Task::new(triple, [Arg::key("x")]))]);
    let items = Arg::list([Arg::key("x"), Arg::from(nested), Arg::value(0.5), Arg::key("x")]);
    layer.insert(
        "y",
        Task::new(
            op(|a: f64, b: f64, c: f64| a - b * c),
            [Arg::from(Task::new(sum, [items])), Arg::key("x"), Arg::key("x")],
        ),
    );
    let got: f64 = get(&*make(), &Graph::from_layer(layer), Key::named("y"));
    assert_eq!(got, (2.0 + 18.0 + 0.5 + 2.0) - 4.0);
}

/// Adding floats is not associative: any change in what is added to what shows in the last bits.
pub(super) fn results_are_the_same_bit_for_bit(make: &Make<'_>) {
    let add = op(|a: f64, b: f64, c: f64| (a / 3.0 + b) / 1.7 + c);
    let join = op(|a: f64, b: f64| (a + b) / 1.1);
    let start = op(|| 1e-3_f64);
    let step = op(|a: f64| a * 1.000_1 + 1e-9);
    let graph = tasks((0..3000).map(|task| {
        let dependencies = random_dependencies(task);
        let op = [&start, &step, &join, &add][dependencies.len()];
        (op.clone(), dependencies)
    }));
    let keys: Vec<Key> = (2900..3000).map(t).collect();
    let bits_of = |scheduler: &dyn Scheduler| -> Vec<u64> {
        let values = run(scheduler, &graph, &keys).unwrap_or_else(|error| panic!("{error}"));
        values.iter().flat_map(bits).collect()
    };
    let expected = bits_of(&Naive);
    let scheduler = make();
    for round in 0..5 {
        assert_eq!(bits_of(&*scheduler), expected, "round {round}");
    }
}

pub(super) fn a_scheduler_can_be_used_again_and_at_once(make: &Make<'_>) {
    let scheduler: Arc<dyn Scheduler> = make().into();
    std::thread::scope(|scope| {
        for caller in 0..4_u64 {
            let scheduler = scheduler.clone();
            scope.spawn(move || {
                for round in 0..20_u64 {
                    let step = op(|x: u64| x + 1);
                    let mut layer = Materialized::new("t");
                    layer.insert(t(0), Node::data(1000 * caller + round));
                    (1..30).for_each(|task| {
                        layer.insert(t(task), Task::new(step.clone(), [Arg::Key(t(task - 1))]));
                    });
                    let plan = plan(&Graph::from_layer(layer), &[t(29)]);
                    let values = scheduler.run(&plan, &RunOptions::new());
                    let values = values.unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(values[0].get(), Ok(&(1000 * caller + round + 29)));
                }
            });
        }
    });
}
