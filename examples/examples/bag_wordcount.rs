//! The most frequent words of some text files: those named on the command line, or these examples.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_bag::ReadText;

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;
    let named: Vec<String> = std::env::args().skip(1).collect();
    let text = match named.is_empty() {
        true => ReadText::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/*.rs")),
        false => ReadText::files(named),
    };

    let lines = text.blocksize(16 << 20).lossy(true).lines()?;
    let words = lines.frequencies_of(|line, count| {
        let line = line.to_lowercase();
        line.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2).for_each(count);
    });
    // Of words that occur equally often, the first ones in the alphabet.
    let most = words.topk_by_key(10, |(word, n)| (*n, std::cmp::Reverse(word.clone())));
    let total = words.map(|(_, n)| n).sum();

    // Both results come from one pass over the files.
    let (most, total) = dask_graph::compute((most, total))?;
    for (word, n) in most {
        println!("{n:>6}  {word}");
    }
    println!("{total:>6}  words in all");
    Ok(())
}
