//! A graph written by hand: the page that a user of dask reads first, line by line.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_graph::{Key, Nested, graph};
use dask_sched::Threaded;

fn load(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

fn clean(words: Vec<String>) -> Vec<String> {
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

fn analyze(parts: Vec<Vec<String>>) -> usize {
    parts.iter().map(Vec::len).sum()
}

fn store(n: usize) -> String {
    format!("{n} words stored")
}

fn main() -> anyhow::Result<()> {
    let dsk = graph! {
        ("load", 1) => load("a/b"),
        ("load", 2) => load("/c//d"),
        ("load", 3) => load("e"),
        ("clean", 1) => clean(@("load", 1)),
        ("clean", 2) => clean(@("load", 2)),
        ("clean", 3) => clean(@("load", 3)),
        "analyze" => analyze([@("clean", 1), @("clean", 2), @("clean", 3)]),
        "store" => store(@"analyze"),
    };

    // The request may be nested; the answer is nested in the same way.
    let scheduler = Threaded::new();
    let answer = dsk.get([vec!["store"], vec!["analyze"]], &scheduler)?;
    let values = answer.flatten();
    println!("{}", values[0].get::<String>()?);
    println!("{} words counted", values[1].get::<usize>()?);

    // Only what is needed is in a plan, in an order that keeps few results alive.
    let plan = dsk.lower(&[Key::from(("clean", 2))])?;
    println!("{plan:?}");
    println!("{}", dsk.lower(&[Key::from("store")])?.dot());

    // A mistake names the task that made it.
    let broken = graph! { "y" => store(@"x") };
    match broken.get(Nested::from("y"), &scheduler) {
        Err(error) => println!("{error}"),
        Ok(_) => anyhow::bail!("x is not in the graph"),
    }
    Ok(())
}
