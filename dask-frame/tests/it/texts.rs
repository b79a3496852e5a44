//! Functions of texts, beyond the golden cases. The answers are those of Python and pandas.

use dask_frame::{Column, DataFrame, Expr, Operand, PadSide, col, lit, regex};

use super::run::every_way;

/// Computes an expression of `s` on two partitions, the second of which begins with a missing text.
#[track_caller]
fn check<T>(texts: &[&str], expr: Expr, expected: &[T])
where
    T: Clone,
    Column: From<Vec<Option<T>>>,
{
    let half = texts.len() / 2;
    let mut all = texts.iter().copied().map(Some).collect::<Vec<_>>();
    all.insert(half, None);
    let all = all.into_iter().collect::<Column>();
    let frame = DataFrame::from_columns([("s", all)], 3).unwrap();
    let table = every_way(&frame.select([expr.clone().alias("r")]).unwrap(), "a text function");
    let mut wanted = expected.iter().cloned().map(Some).collect::<Vec<_>>();
    wanted.insert(half, None);
    assert_eq!(table.column("r").unwrap(), &Column::from(wanted), "{expr}");
}

#[track_caller]
fn refused(expr: Expr, expected: &str) {
    let frame = DataFrame::from_columns([("s", Column::from(vec!["a"]))], 1).unwrap();
    assert_eq!(frame.select([expr]).unwrap_err().to_string(), expected);
}

#[test]
fn parts_of_texts() {
    let s = col("s").str();
    check(&["  ab ", "xxabx"], s.strip_chars("x "), &["ab", "ab"]);
    check(&["\u{1f} a\u{a0}", "b\n"], s.lstrip(), &["a\u{a0}", "b\n"]);
    check(&["\u{1f} a\u{a0}", "b\n"], s.rstrip(), &["\u{1f} a", "b"]);
    check(&["pre-x", "x-pre-"], s.removeprefix("pre-"), &["x", "x-pre-"]);
    check(&["a.csv", "b.txt"], s.removesuffix(".csv"), &["a", "b.txt"]);
    check(&["éclair", "ab"], s.slice_replace(1, -1, "_"), &["é_r", "a_b"]);
    check(&["éclair", "ab"], s.slice_step(None, None, -2), &["rac", "b"]);
}

#[test]
fn texts_are_filled_up() {
    let s = col("s").str();
    check(&["é", "xyz"], s.pad(4, PadSide::Both, '*'), &["*é**", "xyz*"]);
    check(&["xy", "xyz12"], s.center(5, '·'), &["··xy·", "xyz12"]);
    check(&["é", "xyz"], s.ljust(2, '-'), &["é-", "xyz"]);
    check(&["é", "xyz"], s.rjust(2, '-'), &["-é", "xyz"]);
    check(&["-4", "+é", "7"], s.zfill(4), &["-004", "+00é", "0007"]);
    check(&["ab", ""], s.repeat(0), &["", ""]);
}

#[test]
fn patterns_find_and_replace() {
    let s = col("s").str();
    let swap = s.replace(regex(r"(\w+)-(?P<n>\d+)"), r"\g<n>\\\1");
    check(&["ab-12 c-3", "none"], swap, &[r"12\ab 3\c", "none"]);
    check(&["a.a.a", "b"], s.replace_n(".", "", 1), &["aa.a", "b"]);
    check(&["a1b22", "x"], s.replace_n(regex(r"\d+"), "#", 1), &["a#b22", "x"]);
    check(&["a.b", "axb"], s.count("."), &[1, 0]);
    check(&["éàé", "x"], s.rfind("é"), &[2, -1]);
    check(&["abc", "ab"], s.fullmatch(regex("ab|abc")), &[true, true]);
    check(&["xab", "ab"], s.r#match("ab"), &[false, true]);
    check(&["ÀB", "b"], s.contains(regex("(?i)à")), &[true, false]);
    check(&["x=12", "y=3"], s.extract(regex(r"(\w)=(\d+)"), 2), &["12", "3"]);
}

#[test]
fn what_is_not_there_is_missing() {
    let s = Column::from(vec![Some("a b c"), Some("d"), None]);
    let frame = DataFrame::from_columns([("s", s), ("t", Column::from(vec![Some("x"), None, Some("y")]))], 2);
    let s = col("s").str();
    let exprs = [
        s.split_whitespace().at_most(1).get(1).alias("rest"),
        s.split(" ").at_most(1).from_end().get(0).alias("first"),
        s.get(2).alias("third"),
        s.extract(regex("b"), 0).alias("b"),
        s.cat([Operand::from(col("t")), lit("!").into()], "-").alias("joined"),
    ];
    let table = every_way(&frame.unwrap().select(exprs).unwrap(), "parts");
    let expected = |name: &str, texts: [Option<&str>; 3]| {
        assert_eq!(table.column(name).unwrap(), &Column::from(texts.to_vec()), "{name}");
    };
    expected("rest", [Some("b c"), None, None]);
    expected("first", [Some("a b"), Some("d"), None]);
    expected("third", [Some("b"), None, None]);
    expected("b", [Some("b"), None, None]);
    expected("joined", [Some("a b c-x-!"), None, None]);
}

#[test]
fn mistakes_are_told() {
    let s = col("s").str();
    refused(s.contains(regex("a(")), "`a(` is no regular expression that is understood here");
    refused(s.extract(regex("(a)b"), 2), "str.extract: /(a)b/ has 1 groups, there is no group 2");
    refused(s.replace(regex("a"), r"\2"), "str.replace: /a/ has no group `2`");
    refused(
        s.replace(regex("a"), r"\x"),
        r#"str.replace: in the replacement "\\x" a backslash stands before neither a group nor another backslash"#,
    );
    refused(s.slice_step(1, 2, 0), "str.slice: the step cannot be 0");
    refused(s.split("").get(0), "str.split: the separator is empty; leave it out to split by whitespace");
    refused(
        s.len().str().upper(),
        "str.upper: `str.len(s)` is Int64, expected Utf8; convert it with `cast` if that is meant",
    );
}
