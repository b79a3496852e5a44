//! Rewrite rules: which of them match, in which order, and what becomes of terms and graphs.

mod model;

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dask_graph::{
    Arg, Args, Axis, Blockwise, Graph, Key, Materialized, Node, Op, OpError, RunOptions, Scheduler, Task,
    Value, graph, named_op, op,
};
use dask_optimize::{Pattern, RewriteRule, RuleError, RuleSet, Strategy, pattern, rewrite};
use dask_sched_sync::Sync;
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};

use model::{Term, bottom_up, matches, rules_and_terms, terms, top_level, var_of};

fn add(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

fn inc(a: i64) -> i64 {
    a.wrapping_add(1)
}

fn double(a: i64) -> i64 {
    a.wrapping_mul(2)
}

fn sum(items: Vec<i64>) -> i64 {
    items.into_iter().fold(0, i64::wrapping_add)
}

fn rule(lhs: Pattern, rhs: Pattern) -> RewriteRule {
    RewriteRule::new(lhs, rhs).expect("its variables are bound")
}

/// The rules of dask's own tests (`dask/tests/test_rewrite.py`).
fn dasks_rules() -> RuleSet {
    RuleSet::from_iter([
        rule(pattern!(add(?a, 1_i64)), pattern!(inc(?a))),
        rule(pattern!(add(?a, ?a)), pattern!(double(?a))),
        rule(pattern!(add(inc(?a), inc(?a))), pattern!(add(double(?a), 2_i64))),
        rule(pattern!(add(inc(?b), inc(?a))), pattern!(add(add(?a, ?b), 2_i64))),
        rule(pattern!(sum([?c, ?b, ?a])), pattern!(add(add(?a, ?b), ?c))),
        RewriteRule::with_function(pattern!(sum([?x])), ["x"], |[x]| match x {
            Arg::List(_) => Some(x.clone()),
            _ => None,
        })
        .expect("x is bound"),
    ])
}

/// A term without variables is a pattern that stands for itself.
fn term(pattern: Pattern) -> Arg {
    let wrap = rule(pattern!(()), pattern);
    let rules = RuleSet::from_iter([wrap]);
    rules.rewrite(&Arg::value(()), Strategy::TopLevel).into_owned()
}

/// The term with numbers printed.
fn show(term: &Arg) -> String {
    let args = |args: &[Arg]| args.iter().map(show).collect::<Vec<_>>().join(", ");
    match term {
        Arg::Key(key) => format!("@{key}"),
        Arg::Value(value) => value.get::<i64>().expect("a number").to_string(),
        Arg::Task(task) => format!("{}({})", task.op().name(), args(task.args())),
        Arg::List(items) => format!("[{}]", args(items)),
    }
}

#[track_caller]
fn check_matches(rules: &RuleSet, of: Pattern, expected: &[(usize, &[(&str, &str)])]) {
    let term = term(of);
    let place = |rule| rules.rules().iter().position(|other| std::ptr::eq(rule, other));
    let got: Vec<(usize, Vec<(&str, String)>)> = rules
        .iter_matches(&term)
        .map(|found| {
            let terms = found.substitution().map(|(var, term)| (var, show(term))).collect();
            (place(found.rule()).expect("one of the rules"), terms)
        })
        .collect();
    let expected: Vec<(usize, Vec<(&str, String)>)> = expected
        .iter()
        .map(|(n, terms)| (*n, terms.iter().map(|(var, term)| (*var, (*term).to_owned())).collect()))
        .collect();
    assert_eq!(got, expected, "{}", show(&term));
}

#[track_caller]
fn check(rules: &RuleSet, of: Pattern, expected: &str) {
    assert_eq!(show(&rules.rewrite(&term(of), Strategy::BottomUp)), expected);
}

#[test]
fn dasks_cases_of_matching() {
    let rules = dasks_rules();
    check_matches(&rules, pattern!(add(2_i64, 1_i64)), &[(0, &[("a", "2")])]);
    check_matches(&rules, pattern!(add(1_i64, 1_i64)), &[(0, &[("a", "1")]), (1, &[("a", "1")])]);
    check_matches(&rules, pattern!(add([1_i64], [1_i64])), &[(1, &[("a", "[1]")])]);
    check_matches(
        &rules,
        pattern!(add(inc(1_i64), inc(1_i64))),
        &[(2, &[("a", "1")]), (3, &[("b", "1"), ("a", "1")]), (1, &[("a", "inc(1)")])],
    );
    check_matches(&rules, pattern!(add(2_i64, 3_i64)), &[]);
}

#[test]
fn dasks_cases_of_rewriting() {
    let rules = dasks_rules();
    let two = || pattern!(add(1_i64, 1_i64));
    let once = "add(add(inc(1), inc(1)), inc(1))";
    check(&rules, Pattern::task(sum, [Pattern::list([two(), two(), two()])]), once);
    // Rules are not applied to exhaustion: once more makes it simpler.
    check(&rules, pattern!(add(add(inc(1_i64), inc(1_i64)), inc(1_i64))), "add(add(double(1), 2), inc(1))");
    let four = || pattern!(add(add(1_i64, 2_i64), add(1_i64, 2_i64)));
    check(
        &rules,
        Pattern::task(add, [Pattern::task(add, [four(), four()]), Pattern::value(1_i64)]),
        "inc(double(double(add(1, 2))))",
    );
    check(&rules, pattern!(sum([[1_i64, 2_i64, 3_i64]])), "[1, 2, 3]");
    check(&rules, pattern!(sum([inc(1_i64)])), "sum([inc(1)])");
}

#[test]
fn numbers_of_arguments_count_and_lists_are_not_tasks() {
    // In dask, `f(g(x), y)` matches `f(g(a, 3))`, and a list pattern a task that calls `list`.
    let rules = RuleSet::from_iter([rule(pattern!(add(inc(?x), ?y)), pattern!(?y))]);
    check_matches(&rules, pattern!(add(inc(1_i64, 3_i64))), &[]);
    check_matches(&rules, pattern!(add(inc(1_i64), 3_i64)), &[(0, &[("x", "1"), ("y", "3")])]);
    let rules = RuleSet::from_iter([rule(pattern!([?x]), pattern!(?x))]);
    check_matches(&rules, pattern!(inc(1_i64)), &[]);
    check_matches(&rules, pattern!([]), &[]);
    check_matches(&rules, pattern!([1_i64]), &[(0, &[("x", "1")])]);
}

#[test]
fn variables_are_replaced_all_at_once() {
    // One after the other, the `b` that comes for `a` would be replaced too.
    let rules = RuleSet::from_iter([rule(pattern!(add(?a, ?b)), pattern!(add(?b, ?a)))]);
    check(&rules, pattern!(add(@"b", @"a")), "add(@a, @b)");
}

#[test]
fn types_of_literals_count_and_floats_are_compared_bit_by_bit() {
    let rules = RuleSet::from_iter([
        rule(pattern!(1_i64), pattern!(10_i64)),
        rule(pattern!(0.0_f64), pattern!(11_i64)),
        rule(pattern!(f64::NAN), pattern!(12_i64)),
        rule(pattern!("text"), pattern!(13_i64)),
    ]);
    let first =
        |value: Arg| rules.iter_matches(&value).next().and_then(|found| found.apply()).map(|new| show(&new));
    assert_eq!(first(Arg::value(1_i64)).as_deref(), Some("10"));
    assert_eq!(first(Arg::value(1_i32)), None);
    assert_eq!(first(Arg::value(1_u64)), None);
    assert_eq!(first(Arg::value(0.0_f64)).as_deref(), Some("11"));
    assert_eq!(first(Arg::value(-0.0_f64)), None);
    assert_eq!(first(Arg::value(f64::NAN)).as_deref(), Some("12"));
    assert_eq!(first(Arg::value("text")).as_deref(), Some("13"));
    assert_eq!(first(Arg::value(vec![1_i64])), None);
}

#[test]
fn values_that_cannot_be_told_apart_match_variables_and_themselves() {
    struct Untold;
    let rules = RuleSet::from_iter([rule(pattern!([?a, ?a]), pattern!(1_i64))]);
    let n_matches = |items: [Value; 2]| {
        let term = Arg::list(items);
        rules.iter_matches(&term).count()
    };
    let shared = Value::new(Untold);
    assert_eq!(n_matches([shared.clone(), shared]), 1);
    assert_eq!(n_matches([Value::new(Untold), Value::new(Untold)]), 0);
    assert_eq!(n_matches([Value::new("t"), Value::new("t")]), 1);
    assert_eq!(n_matches([Value::new(1_u32), Value::new(1_u64)]), 0);
}

#[test]
fn functions_are_one_op_wherever_they_are_named_and_closures_with_state_are_objects() {
    let plus = |k: i64| op(move |x: i64| x + k);
    let (one, two) = (plus(1), plus(2));
    let rules = RuleSet::from_iter([
        rule(pattern!(one(?x)), pattern!(inc(?x))),
        rule(pattern!(double(double(?x))), pattern!((|x: i64| 4 * x)(?x))),
    ]);
    check(&rules, pattern!(one(@"x")), "inc(@x)");
    check(&rules, pattern!(two(@"x")), "closure(@x)");
    check(&rules, Pattern::task(plus(1), [Pattern::key("x")]), "closure(@x)");
    let twice = Pattern::task(named_op("twice", double), [pattern!(double(@"x"))]);
    check(&rules, twice, "closure(@x)");
}

#[test]
fn an_op_may_be_without_state_though_others_of_its_type_are_not() {
    struct Offset(Option<i64>);

    impl Op for Offset {
        fn name(&self) -> Cow<'_, str> {
            "offset".into()
        }

        fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
            Ok(Value::new(args.take::<i64>(0)? + self.0.unwrap_or(0)))
        }

        fn is_stateless(&self) -> bool {
            self.0.is_none()
        }
    }
    let offset = |by: Option<i64>| Arg::from(Task::new(Arc::new(Offset(by)), [Arg::key("x")]));
    let none: Arc<dyn Op> = Arc::new(Offset(None));
    let rules =
        RuleSet::from_iter([rule(pattern!(none(?x)), pattern!(?x)), rule(pattern!([?x, ?x]), pattern!(?x))]);
    let n_matches = |term: Arg| rules.iter_matches(&term).count();
    assert_eq!([None, Some(1)].map(|by| n_matches(offset(by))), [1, 0]);
    assert_eq!(n_matches(Arg::list([offset(None), offset(None)])), 1);
    assert_eq!(n_matches(Arg::list([offset(None), offset(Some(1))])), 0);
    assert_eq!(n_matches(Arg::list([offset(Some(1)), offset(Some(1))])), 0);
}

#[test]
fn a_function_that_declines_leaves_the_term_to_the_next_match() {
    let literal = |rhs: fn(i64) -> Option<i64>| {
        RewriteRule::with_function(pattern!(inc(?x)), ["x"], move |[x]| match x {
            Arg::Value(x) => rhs(*x.downcast_ref::<i64>()?).map(Arg::value),
            _ => None,
        })
        .expect("x is bound")
    };
    let rules = RuleSet::from_iter([
        literal(|x| (x == 0).then_some(100)),
        literal(|x| (x < 2).then_some(x + 1)),
        rule(pattern!(?any), pattern!(?any)),
    ]);
    check(&rules, pattern!(inc(0_i64)), "100");
    check(&rules, pattern!(inc(1_i64)), "2");
    check(&rules, pattern!(inc(2_i64)), "inc(2)");
}

#[test]
fn a_right_side_may_name_only_variables_of_the_left() {
    let unbound = |lhs: &str, variable: &str| RuleError::UnboundVariable {
        variable: variable.to_owned(),
        lhs: lhs.to_owned(),
    };
    let error = RewriteRule::new(pattern!(add(?a, [@("k", 1)])), pattern!(add(?a, ?b))).unwrap_err();
    assert_eq!(error, unbound("add(?a, [@('k', 1)])", "b"));
    let error = RewriteRule::with_function(pattern!(inc()), ["x"], |[x]| Some(x.clone())).unwrap_err();
    assert_eq!(error, unbound("inc()", "x"));
    // Not to use one is no mistake.
    assert_eq!(rule(pattern!(add(?a, ?b)), pattern!(?b)).vars().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn every_part_is_met_once_arguments_first() {
    let met = Arc::new(Mutex::new(Vec::new()));
    let seen = met.clone();
    let watch = RewriteRule::with_function(pattern!(?x), ["x"], move |[x]| {
        seen.lock().expect("no panic").push(show(x));
        None
    });
    let rules = RuleSet::from_iter([watch.expect("x is bound")]);
    check(&rules, pattern!(add(inc(1_i64), [@"k", sum()])), "add(inc(1), [@k, sum()])");
    assert_eq!(
        *met.lock().expect("no panic"),
        ["1", "inc(1)", "@k", "sum()", "[@k, sum()]", "add(inc(1), [@k, sum()])"]
    );
    // What a rule makes is not rewritten again, though it would match.
    let rules = RuleSet::from_iter([rule(pattern!(inc(?x)), pattern!(inc(inc(?x))))]);
    check(&rules, pattern!(inc(inc(1_i64))), "inc(inc(inc(inc(1))))");
}

/// `f(f(f(… x …)))`.
fn deep(f: &Arc<dyn Op>, depth: usize) -> Arg {
    (0..depth).fold(Arg::key("x"), |arg, _| Task::new(f.clone(), [arg]).into())
}

#[test]
fn depth_costs_no_stack() {
    let depth = 1_000_000;
    let rules = RuleSet::from_iter([
        rule(pattern!(inc(inc(?x))), pattern!(add(?x, 2_i64))),
        rule(pattern!([?x, ?x]), pattern!(?x)),
    ]);
    let million = deep(&op(inc), depth);
    let rewritten = rules.rewrite(&million, Strategy::BottomUp);
    let mut term = &*rewritten;
    let mut n_tasks = 0;
    while let Arg::Task(task) = term {
        assert_eq!(task.op().name(), "add");
        term = &task.args()[0];
        n_tasks += 1;
    }
    assert_eq!(n_tasks, depth / 2);

    let twice = Arg::list([deep(&op(double), depth), deep(&op(double), depth)]);
    assert!(matches!(*rules.rewrite(&twice, Strategy::TopLevel), Arg::Task(_)));
    let unlike = Arg::list([deep(&op(double), depth), deep(&op(double), depth - 1)]);
    assert!(matches!(rules.rewrite(&unlike, Strategy::TopLevel), Cow::Borrowed(_)));

    let depth = 100_000;
    let pattern = |of: Pattern| (0..depth).fold(of, |pattern, _| Pattern::task(inc, [pattern]));
    let rules = RuleSet::from_iter([rule(pattern(pattern!(@"x")), pattern(pattern!(@"y")))]);
    assert!(matches!(*rules.rewrite(&deep(&op(inc), depth), Strategy::TopLevel), Arg::Task(_)));
    assert!(matches!(rules.rewrite(&deep(&op(inc), depth - 1), Strategy::TopLevel), Cow::Borrowed(_)));
    assert!(format!("{rules:?}").len() > 8 * depth);
}

#[test]
fn in_a_graph_keys_stay_and_so_do_layers_without_matches() {
    let i = [(Axis(0), 4)];
    let source = Blockwise::builder("source", op(|| 5_i64), &i).build().expect("axes fit");
    let scaled = Blockwise::builder("scaled", op(double), &i).blocks("source", &i).build().expect("axes fit");
    let hand = graph! {
        "y" => add(@("scaled", 2), 0_i64),
        "alias" => @"y",
        "list" => [add(@"y", @"y"), 7_i64],
        "data" => 1_i64,
    };
    let source = Graph::from_layer(source);
    let graph = Graph::merge([&Graph::with_inputs(scaled, [&source]), &hand]);
    let rules = RuleSet::from_iter([
        rule(pattern!(add(?a, 0_i64)), pattern!(?a)),
        rule(pattern!(add(?a, ?a)), pattern!(double(?a))),
    ]);

    let names = |graph: &Graph| -> Vec<String> {
        let mut names: Vec<_> =
            graph.layers().iter().flat_map(|layer| layer.keys()).map(|key| key.to_string()).collect();
        names.sort();
        names
    };
    let show = |graph: &Graph, key: &str| format!("{:?}", graph.node(&Key::named(key)).expect("a node"));
    let rewritten = rewrite(&graph, &rules, Strategy::BottomUp);
    assert_eq!(names(&rewritten), names(&graph));
    assert_eq!(show(&rewritten, "y"), "Alias(('scaled', 2))");
    assert_eq!(show(&rewritten, "list"), "List([double[y], Value(i64)])");
    let kept = |n: usize| Arc::ptr_eq(graph.layers()[n], rewritten.layers()[n]);
    assert_eq!([kept(0), kept(1), kept(2)], [true, true, false]);
    assert_eq!(show(&rewrite(&graph, &rules, Strategy::TopLevel), "list"), show(&graph, "list"));

    // Layers that make their tasks on demand are rewritten too.
    let rules = RuleSet::from_iter([rule(pattern!(double(?a)), pattern!(add(?a, ?a)))]);
    let rewritten = rewrite(&graph, &rules, Strategy::BottomUp);
    assert_eq!(names(&rewritten), names(&graph));
    let wanted = [("scaled", 0), ("scaled", 3)].map(Key::from);
    assert_eq!(values(&rewritten, &wanted), [10, 10]);
    assert!(matches!(rewritten.node(&wanted[0]), Some(Node::Task(task)) if task.op().name() == "add"));
}

#[test]
fn fused_tasks_go_on_standing_for_their_keys() {
    let graph = graph! { "z" => inc(inc(1_i64)), "y" => inc(2_i64), "x" => double(@"y") };
    let [x, y, z] = ["x", "y", "z"].map(Key::named);
    let mut tasks = graph.tasks(&[x.clone(), y.clone(), z.clone()]).expect("the tasks");
    for fused in [&z, &y] {
        let number = tasks.number(fused).expect("a node");
        tasks.set_stands_for(number, [x.clone(), fused.clone()]);
    }
    let rules = RuleSet::from_iter([rule(pattern!(inc(inc(?x))), pattern!(add(?x, 2_i64)))]);
    let rewritten = rewrite(&tasks.into_graph(), &rules, Strategy::BottomUp);
    let map = rewritten.layers()[0].as_materialized().expect("a map");
    assert_eq!(map.stands_for(&z), Some(vec![x.clone(), z.clone()]));
    assert_eq!(map.stands_for(&y), Some(vec![x.clone(), y.clone()]));
    assert_eq!(map.stands_for(&x), None);
    assert_eq!(values(&rewritten, &[z]), [3]);
}

fn values(graph: &Graph, wanted: &[Key]) -> Vec<i64> {
    let plan = graph.lower(wanted).expect("a plan");
    let values = Sync::new().run(&plan, &RunOptions::default()).expect("values");
    values.iter().map(|value| *value.get::<i64>().expect("a number")).collect()
}

/// Rules of arithmetic: they may not change a value.
fn arithmetic() -> RuleSet {
    let number = |arg: &Arg| match arg {
        Arg::Value(value) => value.downcast_ref::<i64>().copied(),
        _ => None,
    };
    let folded = move |[a, b]: [&Arg; 2]| Some(Arg::value(add(number(a)?, number(b)?)));
    RuleSet::from_iter([
        RewriteRule::with_function(pattern!(add(?a, ?b)), ["a", "b"], folded).expect("both are bound"),
        rule(pattern!(add(?a, 0_i64)), pattern!(?a)),
        rule(pattern!(add(?a, 1_i64)), pattern!(inc(?a))),
        rule(pattern!(add(?a, ?a)), pattern!(double(?a))),
        rule(pattern!(add(inc(?a), inc(?b))), pattern!(add(2_i64, add(?a, ?b)))),
        rule(pattern!(sum([?a])), pattern!(?a)),
        rule(pattern!(sum([?a, ?b])), pattern!(add(?b, ?a))),
        rule(pattern!(sum([?a, ?a, ?a])), pattern!(add(?a, double(?a)))),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_net_finds_what_trying_each_rule_finds((rules, terms) in rules_and_terms()) {
        let set = RuleSet::from_iter(rules.iter().map(model::Rule::to_rule));
        let place = |rule| set.rules().iter().position(|other| std::ptr::eq(rule, other));
        for term in terms {
            let arg = term.to_arg();
            let found: Vec<_> = set
                .iter_matches(&arg)
                .map(|found| {
                    let terms = found.substitution().map(|(var, term)| (var_of(var), Term::of(term))).collect();
                    (place(found.rule()).expect("one of the rules"), terms)
                })
                .collect();
            prop_assert_eq!(found, matches(&rules, &term));
        }
    }

    #[test]
    fn rewriting_gives_what_trying_each_rule_gives((rules, terms) in rules_and_terms()) {
        let set = RuleSet::from_iter(rules.iter().map(model::Rule::to_rule));
        for term in terms {
            let (arg, matched) = (term.to_arg(), !matches(&rules, &term).is_empty());
            let top = set.rewrite(&arg, Strategy::TopLevel);
            prop_assert_eq!(matches!(top, Cow::Owned(_)), matched);
            prop_assert_eq!(Term::of(&top), top_level(&rules, &term));
            prop_assert_eq!(Term::of(&set.rewrite(&arg, Strategy::BottomUp)), bottom_up(&rules, &term));
            let node = Node::from(arg.clone());
            let new = set.rewrite_node(&node, Strategy::TopLevel);
            prop_assert_eq!(format!("{new:?}"), format!("{:?}", Node::from(top.into_owned())));
        }
    }

    #[test]
    fn without_a_match_nothing_changes_and_each_part_is_looked_at_once(term in terms()) {
        let n_met = Arc::new(AtomicUsize::new(0));
        let counter = n_met.clone();
        let declines = RewriteRule::with_function(pattern!(?x), [], move |[]| {
            counter.fetch_add(1, Ordering::Relaxed);
            None
        });
        let rules = RuleSet::from_iter([declines.expect("no variables")]);
        let arg = term.to_arg();
        let new = rules.rewrite(&arg, Strategy::BottomUp);
        prop_assert!(matches!(new, Cow::Borrowed(same) if std::ptr::eq(same, &arg)));
        prop_assert_eq!(n_met.load(Ordering::Relaxed), term.size());
    }

    // Random graphs of nested arithmetic, each task over literals and earlier keys.
    #[test]
    fn rules_that_hold_keep_values(
        tasks in prop::collection::vec(prop::collection::vec((0_u8..6, 0_i64..3, any::<prop::sample::Index>()), 1..8), 1..12),
    ) {
        let mut layer = Materialized::new("random");
        let key = |n: usize| Key::new("random", &[n as u32]);
        for (n, steps) in tasks.iter().enumerate() {
            // The steps work on a stack of arguments.
            let mut stack: Vec<Arg> = vec![];
            for &(kind, literal, at) in steps {
                let mut pop = || stack.pop().unwrap_or(Arg::value(literal));
                let new = match kind {
                    0 => Task::new(op(inc), [pop()]).into(),
                    1 => Task::new(op(add), [pop(), pop()]).into(),
                    2 => { let arg = pop(); Task::new(op(add), [arg.clone(), arg]).into() }
                    3 => Task::new(op(sum), [Arg::list(stack.drain(..))]).into(),
                    4 if n > 0 => Arg::Key(key(at.index(n))),
                    _ => Arg::value(literal),
                };
                stack.push(new);
            }
            layer.insert(key(n), Task::new(op(sum), [Arg::list(stack)]));
        }
        let graph = Graph::from_layer(layer);
        let wanted: Vec<Key> = (0..tasks.len()).map(key).collect();
        for strategy in [Strategy::BottomUp, Strategy::TopLevel] {
            let rewritten = rewrite(&graph, &arithmetic(), strategy);
            prop_assert_eq!(rewritten.len(), graph.len());
            prop_assert_eq!(values(&rewritten, &wanted), values(&graph, &wanted));
        }
    }
}
