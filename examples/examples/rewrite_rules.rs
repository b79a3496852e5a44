//! Rules of one's own: tasks that look like a pattern become cheaper ones before they run.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_graph::{Arg, Key, graph};
use dask_optimize::{RewriteRule, RuleSet, Strategy, pattern, rewrite};
use dask_sched::Threaded;

fn read(path: &str, columns: Vec<String>) -> Vec<String> {
    columns.into_iter().map(|column| format!("{path}:{column}")).collect()
}

fn select(data: Vec<String>, column: &str) -> Vec<String> {
    data.into_iter().filter(|item| item.ends_with(column)).collect()
}

fn reverse(mut items: Vec<String>) -> Vec<String> {
    items.reverse();
    items
}

fn main() -> anyhow::Result<()> {
    let rules = RuleSet::from_iter([
        // A template: what is turned round twice is as it was.
        RewriteRule::new(pattern!(reverse(reverse(?x))), pattern!(?x))?,
        // Variables may stand for lists too: here the column is read alone, whatever was to be read.
        RewriteRule::new(pattern!(select(read(?path, ?all), ?column)), pattern!(read(?path, [?column])))?,
        // A function decides for itself: `None` leaves the task as it is.
        RewriteRule::with_function(pattern!(reverse(?x)), ["x"], |[x]| match x {
            Arg::Value(items) => (items.downcast_ref::<Vec<String>>()?.len() < 2).then(|| x.clone()),
            _ => None,
        })?,
    ]);

    let all = || ["when", "where", "what"].map(String::from).to_vec();
    let dsk = graph! {
        "where" => select(read("a.csv", {all()}), "where".to_owned()),
        "twice" => reverse(reverse(reverse(@"where"))),
        "one" => reverse(vec!["alone".to_owned()]),
    };
    let rewritten = rewrite(&dsk, &rules, Strategy::BottomUp);
    for key in ["where", "twice", "one"].map(Key::named) {
        println!("{key}: {:?}\n  becomes {:?}", dsk.node(&key), rewritten.node(&key));
    }
    let answer = rewritten.get(["where", "twice", "one"], &Threaded::new())?;
    for value in answer.flatten() {
        println!("{:?}", value.get::<Vec<String>>()?);
    }
    Ok(())
}
