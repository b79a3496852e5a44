//! In which names columns differ.

/// Tells which of the expected names are missing, and which others there are.
pub(crate) fn differences<'a>(expected: &[&'a str], got: &[&'a str]) -> Vec<String> {
    let missing = expected.iter().filter(|name| !got.contains(name));
    let more = got.iter().filter(|name| !expected.contains(name));
    let missing = missing.map(|name| format!("it has no column `{name}`"));
    missing.chain(more.map(|name| format!("it has one more column, `{name}`"))).collect()
}
