//! Ordinary functions made lazy: calls become promises, promises become one graph.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_graph::{Collection, Delayed, compute, delayed, try_delayed};

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;

    let parse = try_delayed(|text: &str| text.trim().parse::<f64>());
    let square = delayed(|x: f64| x * x);
    let total = delayed(|parts: Vec<f64>| parts.iter().sum::<f64>());

    let texts = ["1.5", " 2", "3 "];
    let squares: Vec<Delayed<f64>> =
        texts.iter().map(|text| square.call((parse.call(((*text).to_owned(),)),))).collect();
    let sum = total.call((squares.clone(),));
    let mean = &sum / &Delayed::value(squares.len() as f64);

    // Several results as one plan: what they share is computed once.
    let (sum, mean) = compute((sum, mean))?;
    println!("sum of squares {sum}, mean {mean:.4}");

    // The user's own error is the source of the run's error, which says where the call was written.
    if let Err(error) = parse.call((String::from("four"),)).compute() {
        println!("{error}");
    }
    Ok(())
}
