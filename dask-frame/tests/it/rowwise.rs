//! Functions of the values of a row, and expressions written as text. The answers are numpy's and pandas'.

use dask_frame::{
    Column, DataFrame, DataType, Expr, Scalar, coalesce, col, lit, row_all, row_any, row_count, row_max,
    row_mean, row_min, row_sum,
};

use super::run::{every_way, failure};

fn frame() -> DataFrame {
    let columns = [
        ("f", Column::from(vec![Some(-2.5), Some(0.5), None, Some(1.5), Some(2.25)])),
        ("i", Column::from(vec![Some(-15), Some(25), Some(4), None, Some(6)])),
        ("s", Column::from(vec![Some("a"), None, Some("b"), Some("a"), Some("it's")])),
        ("b", Column::from(vec![Some(true), Some(false), None, Some(true), Some(true)])),
        ("t", Column::timestamps((0..5).map(|day| Some(day * 86_400_000_000)))),
        ("two words", Column::from(vec![1, 2, 3, 4, 5])),
    ];
    DataFrame::from_columns(columns, 3).unwrap()
}

#[track_caller]
fn check(expr: Expr, expected: impl Into<Column>) {
    let table = every_way(&frame().select([expr.clone().alias("r")]).unwrap(), &expr.to_string());
    assert_eq!(table.column("r").unwrap(), &expected.into(), "{expr}");
}

#[test]
fn numbers_are_rounded() {
    check(col("f").round(0), vec![Some(-2.0), Some(0.0), None, Some(2.0), Some(2.0)]);
    check(col("f").round(1), vec![Some(-2.5), Some(0.5), None, Some(1.5), Some(2.2)]);
    check(col("i").round(-1), vec![Some(-20), Some(20), Some(0), None, Some(10)]);
    check(col("i").round(400), vec![Some(-15), Some(25), Some(4), None, Some(6)]);
    check(col("f").round(400), vec![Some(-2.5), Some(0.5), None, Some(1.5), Some(2.25)]);
    check(col("f").floor(), vec![Some(-3.0), Some(0.0), None, Some(1.0), Some(2.0)]);
    check(col("f").ceil(), vec![Some(-2.0), Some(1.0), None, Some(2.0), Some(3.0)]);
    check(col("f").trunc(), vec![Some(-2.0), Some(0.0), None, Some(1.0), Some(2.0)]);
    check(col("i").sign(), vec![Some(-1), Some(1), Some(1), None, Some(1)]);
    check(col("f").sign(), vec![Some(-1.0), Some(1.0), None, Some(1.0), Some(1.0)]);
    check(col("i").clip(0, 10), vec![Some(0), Some(10), Some(4), None, Some(6)]);
    check(
        col("i").clip(lit(Scalar::Null(DataType::Int64)), 10),
        vec![Some(-15), Some(10), Some(4), None, Some(6)],
    );
    let largest = DataFrame::from_columns([("i", Column::from(vec![i64::MAX]))], 1).unwrap();
    assert!(
        failure(&largest.select([col("i").round(-1)]).unwrap()).contains("round(i; -1): integer overflow")
    );
}

#[test]
fn functions_of_reals_are_missing_where_they_are_not_defined() {
    check(col("i").sqrt().round(3), vec![None, Some(5.0), Some(2.0), None, Some(2.449)]);
    check(col("f").log().exp().round(3), vec![None, Some(0.5), None, Some(1.5), Some(2.25)]);
    let circle = col("f").sin() * col("f").sin() + col("f").cos() * col("f").cos();
    check(circle.round(9), vec![Some(1.0), Some(1.0), None, Some(1.0), Some(1.0)]);
    check(col("f").arcsin().is_null(), vec![true, false, true, true, true]);
    check(col("f").log1p().expm1().round(9), vec![None, Some(0.5), None, Some(1.5), Some(2.25)]);
}

#[test]
fn values_of_a_row_are_put_together() {
    check(coalesce([col("f"), col("i")]), vec![-2.5, 0.5, 4.0, 1.5, 2.25]);
    check(row_min(["f", "i"]), vec![-15.0, 0.5, 4.0, 1.5, 2.25]);
    check(row_max(["f", "i"]), vec![-2.5, 25.0, 4.0, 1.5, 6.0]);
    check(row_sum(["i", "two words"]), vec![-14, 27, 7, 4, 11]);
    check(row_sum(["f", "i"]), vec![-17.5, 25.5, 4.0, 1.5, 8.25]);
    check(row_mean(["i", "two words"]), vec![-7.0, 13.5, 3.5, 4.0, 5.5]);
    check(row_count(["f", "i", "s"]), vec![3, 2, 2, 2, 3]);
    check(row_any([col("b"), col("i").gt(20)]), vec![true, true, false, true, true]);
    check(row_all([col("b"), col("i").gt(0)]), vec![false, false, true, true, true]);
    check(col("s").r#where(col("b"), "?"), vec!["a", "?", "?", "a", "it's"]);
    check(col("i").mask(col("b"), 0), vec![Some(0), Some(25), Some(4), Some(0), Some(0)]);
    let error = frame().select([coalesce(["f", "s"])]).unwrap_err().to_string();
    assert_eq!(error, "coalesce: `f` is Float64 and `s` is Utf8; convert one with `cast`");
}

#[test]
fn values_are_replaced() {
    check(col("s").replace([("a", "A")]), vec![Some("A"), None, Some("b"), Some("A"), Some("it's")]);
    check(col("s").map_values([("a", 1), ("b", 2)]), vec![Some(1), None, Some(2), Some(1), None]);
    check(col("i").replace([(25.0, 0.5)]), vec![Some(-15.0), Some(0.5), Some(4.0), None, Some(6.0)]);
    check(
        col("b").map_values([(true, "yes"), (false, "no")]),
        vec![Some("yes"), Some("no"), None, Some("yes"), Some("yes")],
    );
    let null = Scalar::Null(DataType::Int64);
    check(col("i").replace([(null, Scalar::from(9))]), vec![-15, 25, 4, 9, 6]);
    let error = frame().select([col("i").replace([("a", 1)])]).unwrap_err().to_string();
    assert_eq!(error, "replace: `i` is Int64, and a is Utf8");
}

#[track_caller]
fn found(query: &str, expected: &[i64]) {
    let rows = frame().query(query).unwrap_or_else(|error| panic!("{error}")).select(["two words"]).unwrap();
    let table = every_way(&rows, query);
    assert_eq!(table.column("two words").unwrap(), &Column::from(expected.to_vec()), "{query}");
}

#[test]
fn queries_find_rows() {
    found("i > 3 and b", &[5]);
    found("i > 3 & ~(f < 1)", &[5]);
    found("not i > 3", &[1]);
    found("s == 'a' or s == \"it's\"", &[1, 4, 5]);
    found("s in ['a', 'b'] and i.notna()", &[1, 3]);
    found("i not in (4, -15)", &[2, 4, 5]);
    found("s == ['a']", &[1, 4]);
    found("`two words` % 2 == 1", &[1, 3, 5]);
    found("1 < `two words` <= 3", &[2, 3]);
    found("-i // 2 ** 2 == -2 | 2 ** -1.0 * 2 > 3", &[5]);
    found("i + 2 * 3 - 4 / 2 > 9.5e0", &[2, 5]);
    found("t >= '1970-01-03' and t != '1970-01-04 00:00:00'", &[3, 5]);
    found("t in ['1970-01-02']", &[2]);
    found("b == True and f.abs() > 2", &[1, 5]);
    found("(((i)))>((3))", &[2, 3, 5]);
}

#[test]
fn assignments_add_columns() {
    let table = every_way(&frame().eval("double = 2 * `two words`").unwrap(), "eval");
    assert_eq!(table.column("double").unwrap(), &Column::from(vec![2, 4, 6, 8, 10]));
}

#[test]
fn queries_that_cannot_be_read_are_refused_with_the_place() {
    let refused = |query: &str, expected: &str| {
        let error = frame().query(query).unwrap_err().to_string();
        assert_eq!(error, expected, "{query}");
    };
    refused("i >", "`i >`, character 4: expected a value or a column, got the end");
    refused("i > 3 3", "`i > 3 3`, character 7: expected an operator or the end, got `3`");
    refused("(i > 3", "`(i > 3`, character 7: expected `)`, got the end");
    refused("s == 'é", "`s == 'é`, character 6: ' is opened here and never closed");
    refused("'é' == s ?", "`'é' == s ?`, character 10: `?` means nothing here");
    refused("i > @x", "`i > @x`, character 5: variables are not known here; write the value");
    refused("i in 3", "`i in 3`, character 6: expected a list like [1, 2], got `3`");
    refused("i not 3", "`i not 3`, character 7: expected `in`, got `3`");
    refused(
        "i > 99999999999999999999",
        "`i > 99999999999999999999`, character 5: this is no number of 64 bits",
    );
    refused(
        "s.upper() == 'A'",
        "`s.upper() == 'A'`, character 3: there is no method `upper` here; write an expression with `filter`",
    );
    refused("t > 'soon'", "`t > 'soon'`, character 11: \"soon\" before this is no Timestamp");
    refused("i", "filter: `i` is Int64, expected Bool; convert it with `cast` if that is meant");
    assert!(frame().query("j > 3").unwrap_err().to_string().starts_with("unknown column `j`"));
    assert!(frame().query(&"(".repeat(9_000)).unwrap_err().to_string().ends_with("this nests too deeply"));
    assert!(frame().query(&"-".repeat(9_000)).unwrap_err().to_string().ends_with("this nests too deeply"));
    let long = vec!["i > 3"; 9_000].join(" or ");
    assert!(frame().query(&long).unwrap_err().to_string().starts_with("an expression nests"));
    let error = frame().eval("2 = i").unwrap_err().to_string();
    assert_eq!(error, "`2 = i`, character 1: expected the name of a column, got `2`");
}
