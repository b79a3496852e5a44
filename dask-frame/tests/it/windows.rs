//! Functions of the rows around a row, against the shortest versions that can be right, however rows are cut.

use dask_frame::{Closed, Column, DataFrame, DataType, Expr, RankMethod, Table, col};
use proptest::prelude::*;

use super::run::{every_way, failure};

/// Missing values, and numbers that add up without rounding.
fn numbers() -> impl Strategy<Value = Vec<Option<f64>>> {
    let number = prop_oneof![1 => Just(None), 3 => (-20i64..20).prop_map(|x| Some(x as f64 / 2.0))];
    prop::collection::vec(number, 0..30)
}

/// Cuts a table where a list says, so that some partitions may be empty.
fn cut(table: &Table, cuts: &[usize]) -> DataFrame {
    let mut cuts = cuts.iter().map(|cut| cut % (table.n_rows() + 1)).collect::<Vec<_>>();
    cuts.extend([0, table.n_rows()]);
    cuts.sort_unstable();
    DataFrame::from_tables(cuts.windows(2).map(|ends| table.slice(ends[0], ends[1] - ends[0]))).unwrap()
}

fn floats(values: &[Option<f64>], cuts: &[usize]) -> DataFrame {
    let ints = values.iter().map(|x| x.map(|x| (x * 2.0) as i64)).collect::<Vec<_>>();
    let squares = values
        .iter()
        .enumerate()
        .map(|(at, x)| x.filter(|_| !at.is_multiple_of(3)).map(|x| x * x))
        .collect::<Vec<_>>();
    let times = (0..values.len() as i64).map(|at| Some((at * at / 3) * 1_000_000));
    let table = Table::new([
        ("x", Column::from(values.to_vec())),
        ("i", Column::from(ints)),
        ("y", Column::from(squares)),
        ("t", Column::timestamps(times)),
    ]);
    cut(&table.unwrap(), cuts)
}

/// Computes an expression in every way.
#[track_caller]
fn computed(frame: &DataFrame, expr: &Expr) -> Vec<Option<f64>> {
    let select = frame.select([expr.cast(DataType::Float64).alias("r")]).unwrap();
    let table = every_way(&select, &expr.to_string());
    table.column("r").unwrap().f64s().unwrap().collect()
}

#[track_caller]
fn check(frame: &DataFrame, expr: &Expr, expected: Vec<Option<f64>>) {
    let got = computed(frame, expr);
    let near = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
        (a, b) => a == b,
    };
    assert!(
        got.len() == expected.len() && got.iter().zip(&expected).all(near),
        "{expr}\n got {got:?}\n not {expected:?}"
    );
}

/// What a statistic is of the values that are there, if there are enough for it.
type Naive = fn(&[f64]) -> Option<f64>;

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn moment(x: &[f64], power: i32) -> f64 {
    x.iter().map(|v| (v - mean(x)).powi(power)).sum::<f64>()
}

fn var(x: &[f64]) -> Option<f64> {
    (x.len() > 1).then(|| moment(x, 2) / (x.len() as f64 - 1.0))
}

fn quantile(x: &[f64], q: f64) -> Option<f64> {
    let mut x = x.to_vec();
    x.sort_by(f64::total_cmp);
    let at = q * (x.len().checked_sub(1)? as f64);
    let (low, high) = (x[at.floor() as usize], x[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

/// As pandas: 0 for values that are all the same.
fn skew(x: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let m2 = moment(x, 2) / n;
    match x.len() {
        0..=2 => None,
        _ if x.iter().all(|v| *v == x[0]) => Some(0.0),
        _ => Some(moment(x, 3) / n / m2.powf(1.5) * (n * (n - 1.0)).sqrt() / (n - 2.0)),
    }
}

fn kurt(x: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    match x.len() {
        0..=3 => None,
        _ if x.iter().all(|v| *v == x[0]) => Some(-3.0),
        _ => {
            let ratio = n * (n + 1.0) * moment(x, 4) * (n - 1.0) / moment(x, 2).powi(2);
            Some((ratio - 3.0 * (n - 1.0).powi(2)) / ((n - 2.0) * (n - 3.0)))
        }
    }
}

/// Applies a statistic to windows of rows.
fn naive(
    values: &[Option<f64>],
    least: usize,
    of: Naive,
    window: impl Fn(usize) -> std::ops::Range<usize>,
) -> Vec<Option<f64>> {
    let result = |row: usize| {
        let there = values[window(row)].iter().flatten().copied().collect::<Vec<_>>();
        if there.len() < least { None } else { of(&there) }
    };
    (0..values.len()).map(result).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rolling(values in numbers(), cuts in prop::collection::vec(0usize..40, 0..8), n in 1u64..9, least in 0usize..4, center: bool) {
        let least = least.min(n as usize);
        let frame = floats(&values, &cuts);
        let after = if center { (n as usize - 1) / 2 } else { 0 };
        let window = |row: usize| {
            (row + 1 + after).saturating_sub(n as usize).min(values.len())..(row + 1 + after).min(values.len())
        };
        let rolling = |column: &str| {
            let rolling = col(column).rolling(n).min_periods(least);
            if center { rolling.center() } else { rolling }
        };
        let expect = |of: Naive| naive(&values, least, of, window);
        // As in pandas, a count asks for so many rows, not values.
        let count = naive(&values, 0, |x| Some(x.len() as f64), window);
        let counts = count.into_iter().enumerate().map(|(row, n)| n.filter(|_| window(row).len() >= least));
        check(&frame, &rolling("x").count(), counts.collect());
        check(&frame, &(rolling("i").sum() / 2.0), expect(|x| Some(x.iter().sum())));
        check(&frame, &rolling("x").mean(), expect(|x| (!x.is_empty()).then(|| mean(x))));
        check(&frame, &rolling("x").min(), expect(|x| x.iter().copied().reduce(f64::min)));
        check(&frame, &rolling("x").max(), expect(|x| x.iter().copied().reduce(f64::max)));
        check(&frame, &rolling("x").var(), expect(var));
        check(&frame, &rolling("x").std(), expect(|x| var(x).map(f64::sqrt)));
        check(&frame, &rolling("x").skew(), expect(skew));
        check(&frame, &rolling("x").kurt(), expect(kurt));
        check(&frame, &rolling("x").median(), expect(|x| quantile(x, 0.5)));
        check(&frame, &rolling("x").quantile(0.3), expect(|x| quantile(x, 0.3)));
    }

    #[test]
    fn windows_of_time(values in numbers(), cuts in prop::collection::vec(0usize..40, 0..8), seconds in 1i64..60) {
        let frame = floats(&values, &cuts);
        let time = |row: usize| (row * row / 3) as i64;
        let window = |row: usize| (0..=row).find(|&first| time(first) > time(row) - seconds).unwrap_or(row)..row + 1;
        let rolling = || col("x").rolling_by("t", &format!("{seconds}s")).unwrap();
        check(&frame, &rolling().sum(), naive(&values, 1, |x| Some(x.iter().sum()), window));
        check(&frame, &rolling().median(), naive(&values, 1, |x| quantile(x, 0.5), window));
    }

    #[test]
    fn windows_closed_at_other_ends(
        values in numbers(), cuts in prop::collection::vec(0usize..40, 0..8), n in 1u64..9, center: bool, closed in 0usize..4,
    ) {
        let closed = [Closed::Right, Closed::Left, Closed::Both, Closed::Neither][closed];
        let (left, right) = (matches!(closed, Closed::Left | Closed::Both), matches!(closed, Closed::Right | Closed::Both));
        let frame = floats(&values, &cuts);
        let of_rows = |row: usize| {
            let after = if center { (n as usize - 1) / 2 } else { 0 };
            let end = (row + after + usize::from(right)).min(values.len());
            (row + 1 + after).saturating_sub(n as usize + usize::from(left)).min(end)..end
        };
        let with = |rolling: dask_frame::Rolling| {
            let rolling = rolling.min_periods(1).closed(closed);
            if center { rolling.center() } else { rolling }
        };
        let sum: Naive = |x| Some(x.iter().sum());
        check(&frame, &with(col("x").rolling(n)).sum(), naive(&values, 1, sum, of_rows));
        check(&frame, &with(col("x").rolling(n)).median(), naive(&values, 1, |x| quantile(x, 0.5), of_rows));
        // In halves of seconds, so that a window can end between two.
        let time = |row: usize| 2 * (row * row / 3) as i64;
        let n = n as i64;
        let in_time = |row: usize, at: usize| {
            let (from, to) = if center { (time(row) - n, time(row) + n) } else { (time(row) - 2 * n, time(row)) };
            let begun = time(at) > from || (left && time(at) == from);
            let ended = time(at) > to || (!right && time(at) == to) || (!center && at > row);
            begun && !ended
        };
        let of_time = |row: usize| {
            let within = (0..values.len()).filter(|&at| in_time(row, at)).collect::<Vec<_>>();
            within.first().map_or(0..0, |&first| first..within[within.len() - 1] + 1)
        };
        let by_time = || with(col("x").rolling_by("t", &format!("{n}s")).unwrap());
        check(&frame, &by_time().sum(), naive(&values, 1, sum, of_time));
        check(&frame, &by_time().median(), naive(&values, 1, |x| quantile(x, 0.5), of_time));
    }

    #[test]
    fn pairs(values in numbers(), cuts in prop::collection::vec(0usize..40, 0..8), n in 2u64..9) {
        let frame = floats(&values, &cuts);
        let pair = |row: usize| values[row].filter(|_| !row.is_multiple_of(3)).map(|x| (x, x * x));
        let both = |row: usize| {
            let rows = (row + 1).saturating_sub(n as usize)..row + 1;
            rows.filter_map(pair).unzip::<f64, f64, Vec<_>, Vec<_>>()
        };
        let products = |(x, y): &(Vec<f64>, Vec<f64>)| {
            x.iter().zip(y).map(|(a, b)| (a - mean(x)) * (b - mean(y))).sum::<f64>()
        };
        let cov = (0..values.len()).map(|row| {
            let both = both(row);
            (both.0.len() > 1).then(|| products(&both) / (both.0.len() as f64 - 1.0))
        });
        check(&frame, &col("x").rolling(n).min_periods(1).cov(col("y")), cov.collect());
        let corr = (0..values.len()).map(|row| {
            let both = both(row);
            let r = products(&both) / (moment(&both.0, 2) * moment(&both.1, 2)).sqrt();
            (both.0.len() > 1 && r.is_finite()).then_some(r)
        });
        check(&frame, &col("x").rolling(n).min_periods(1).corr(col("y")), corr.collect());
    }

    #[test]
    fn everything_so_far(values in numbers(), cuts in prop::collection::vec(0usize..40, 0..8)) {
        let frame = floats(&values, &cuts);
        let so_far = |row: usize| 0..row + 1;
        let expect = |least: usize, of: Naive| naive(&values, least, of, so_far);
        // Where a value is missing, what is cumulated is.
        let holes = |results: Vec<Option<f64>>| {
            results.iter().zip(&values).map(|(result, value)| result.filter(|_| value.is_some())).collect::<Vec<_>>()
        };
        check(&frame, &col("x").cum_sum(), holes(expect(0, |x| Some(x.iter().sum()))));
        check(&frame, &(col("i").cum_sum() / 2.0), holes(expect(0, |x| Some(x.iter().sum()))));
        check(&frame, &(col("x") / 8.0).cum_prod(), holes(expect(0, |x| Some(x.iter().map(|x| x / 8.0).product()))));
        check(&frame, &col("x").cum_min(), holes(expect(0, |x| x.iter().copied().reduce(f64::min))));
        check(&frame, &col("x").cum_max(), holes(expect(0, |x| x.iter().copied().reduce(f64::max))));
        check(&frame, &col("x").cum_count(), expect(0, |x| Some(x.len() as f64)));
        check(&frame, &col("x").expanding().mean(), expect(1, |x| Some(mean(x))));
        check(&frame, &col("x").expanding().min_periods(3).std(), expect(3, |x| var(x).map(f64::sqrt)));
        check(&frame, &col("x").expanding().max(), expect(1, |x| x.iter().copied().reduce(f64::max)));
        check(&frame, &col("x").expanding().skew(), expect(1, skew));
    }

    #[test]
    fn neighbours(values in numbers(), cuts in prop::collection::vec(0usize..40, 0..8), n in -12i64..12, limit in 0u64..5) {
        let frame = floats(&values, &cuts);
        let at = |row: usize, n: i64| usize::try_from(row as i64 - n).ok().and_then(|at| values.get(at).copied()).flatten();
        let rows = 0..values.len();
        check(&frame, &col("x").shift(n), rows.clone().map(|row| at(row, n)).collect());
        let diff = |row| Some(values[row]? - at(row, n)?);
        check(&frame, &col("x").diff(n), rows.clone().map(diff).collect());
        let before = |row: usize, limit: usize| (row.saturating_sub(limit)..=row).rev().find_map(|row| values[row]);
        let behind = |row: usize, limit: usize| (row..values.len().min(row.saturating_add(limit).saturating_add(1))).find_map(|row| values[row]);
        check(&frame, &col("x").ffill(), rows.clone().map(|row| before(row, 99)).collect());
        check(&frame, &col("x").bfill(), rows.clone().map(|row| behind(row, 99)).collect());
        check(&frame, &col("x").ffill_limit(limit), rows.clone().map(|row| before(row, limit as usize)).collect());
        check(&frame, &col("x").bfill_limit(limit), rows.clone().map(|row| behind(row, limit as usize)).collect());
    }

    #[test]
    fn ranks(values in numbers(), cuts in prop::collection::vec(0usize..40, 0..8), down: bool) {
        let frame = floats(&values, &cuts);
        let there = values.iter().flatten().copied().collect::<Vec<_>>();
        let before = |a: f64, b: f64| if down { a > b } else { a < b };
        for method in [RankMethod::Average, RankMethod::Min, RankMethod::Max, RankMethod::First, RankMethod::Dense] {
            let rank = |(row, value): (usize, &Option<f64>)| {
                let x = (*value)?;
                let less = there.iter().filter(|y| before(**y, x)).count() as f64;
                let same = there.iter().filter(|y| **y == x).count() as f64;
                let earlier = values[..row].iter().flatten().filter(|y| **y == x).count() as f64;
                let mut different = there.iter().filter(|y| before(**y, x)).map(|y| y.to_bits()).collect::<Vec<_>>();
                different.sort_unstable();
                different.dedup();
                Some(match method {
                    RankMethod::Average => less + (same + 1.0) / 2.0,
                    RankMethod::Min => less + 1.0,
                    RankMethod::Max => less + same,
                    RankMethod::First => less + earlier + 1.0,
                    RankMethod::Dense => different.len() as f64 + 1.0,
                })
            };
            let expected = values.iter().enumerate().map(rank).collect::<Vec<_>>();
            let expr = if down { col("x").rank_descending(method) } else { col("x").rank(method) };
            check(&frame, &expr, expected.clone());
            if !down && method != RankMethod::Dense {
                let part = expected.iter().map(|rank| rank.map(|rank| rank / there.len() as f64)).collect();
                check(&frame, &col("x").rank_percent(method), part);
            }
        }
    }
}

#[test]
fn functions_see_the_rows_around() {
    let schema = one_to(1, 1).schema().clone();
    let doubled = |part: &Table| {
        let x = part.column("x")?.i64s().expect("integers").map(|x| x.map(|x| 2 * x)).collect::<Vec<_>>();
        Table::new([("x", Column::from(x)), ("t", part.column("t")?.clone())])
    };
    let frame = one_to(7, 9).map_partitions(doubled, schema.clone()).unwrap().select(["x"]).unwrap();
    let table = every_way(&frame, "doubled");
    assert_eq!(table.column("x").unwrap(), &Column::from(vec![2, 4, 6, 8, 10, 12, 14]));
    // The sum of five rows around, which reach over several partitions.
    let around = |part: &Table| {
        let x = part.column("x")?.i64s().expect("integers").flatten().collect::<Vec<_>>();
        let sum = |row: usize| x[row.saturating_sub(3)..(row + 2).min(x.len())].iter().sum::<i64>();
        Table::new([
            ("x", Column::from((0..x.len()).map(sum).collect::<Vec<_>>())),
            ("t", part.column("t")?.clone()),
        ])
    };
    for partitions in [1, 2, 9] {
        let frame = one_to(7, partitions).map_overlap(3, 1, around, schema.clone()).unwrap();
        let table = every_way(&frame, "around");
        assert_eq!(table.column("x").unwrap(), &Column::from(vec![3, 6, 10, 15, 20, 25, 22]));
    }
    let other = |part: &Table| Ok::<_, std::convert::Infallible>(part.slice(0, 1));
    let columns = one_to(4, 2).select(["x"]).unwrap().map_partitions(other, schema.clone()).unwrap();
    let error = failure(&columns);
    assert!(
        error.contains("returned the columns x: Int64, and was said to return x: Int64, t: Timestamp"),
        "{error}"
    );
    let rows = one_to(4, 2).map_overlap(1, 0, other, schema.clone()).unwrap();
    assert!(failure(&rows).contains("the function returned 1 rows of 2"));
    let fails = |_: &Table| Err::<Table, _>("no such luck");
    assert!(failure(&one_to(4, 2).map_partitions(fails, schema).unwrap()).contains("no such luck"));
}

#[test]
fn functions_of_windows_and_columns() {
    let frame = one_to(7, 4);
    let spread = |x: &[f64]| x.iter().copied().fold(0.0, f64::max) - x[0];
    let halves = |x: &Column| -> Result<Column, String> {
        Ok(Column::from(
            x.i64s().ok_or("integers were expected")?.map(|x| x.map(|x| x as f64 / 2.0)).collect::<Vec<_>>(),
        ))
    };
    let exprs = [
        col("x").rolling(3).apply(spread).alias("rows"),
        col("x").rolling_by("t", "2us").unwrap().apply(spread).alias("time"),
        (col("x") + 1).map(halves, DataType::Float64).alias("half"),
        col("x").shift(1).alias("before"),
    ];
    let table = every_way(&frame.select(exprs).unwrap(), "functions");
    let from_third = [None, None].into_iter().chain([Some(2.0); 5]).collect::<Vec<_>>();
    assert_eq!(table.column("rows").unwrap(), &Column::from(from_third));
    assert_eq!(table.column("time").unwrap(), &Column::from(vec![0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]));
    assert_eq!(table.column("half").unwrap(), &Column::from(vec![1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]));
    let wrong = frame.select([col("x").map(halves, DataType::Int64)]).unwrap();
    let error = failure(&wrong);
    assert!(error.contains("returned the columns map(x; Int64): Float64, and was said to return"), "{error}");
    let fails = frame.select([col("t").map(halves, DataType::Float64)]).unwrap();
    assert!(failure(&fails).contains("the function failed: integers were expected"), "{}", failure(&fails));
    let short = |_: &Column| Ok::<_, String>(Column::from(vec![1.5]));
    let fails = frame.select([col("x").map(short, DataType::Float64)]).unwrap();
    assert!(failure(&fails).contains("the function returned 1 rows of"), "{}", failure(&fails));
}

fn one_to(n: i64, partitions: usize) -> DataFrame {
    let times = Column::timestamps((1..=n).map(Some));
    DataFrame::from_columns([("x", Column::from((1..=n).collect::<Vec<_>>())), ("t", times)], partitions)
        .unwrap()
}

#[test]
fn a_filter_stays_above_a_window() {
    let frame = one_to(6, 3).with_column("before", col("x").shift(1)).unwrap();
    let frame = frame.filter(col("x").gt(3)).unwrap();
    let table = every_way(&frame, "filtered");
    assert_eq!(table.column("before").unwrap(), &Column::from(vec![3, 4, 5]));
    assert!(
        frame.explain_plan().ends_with(
            "as run:
  project x, t, shift(x; 1) as before
    filter (x > 3)
      window shift(x; 1)
        tables: columns [x, t] in 3 partitions
"
        ),
        "{}",
        frame.explain_plan()
    );
    let last = one_to(6, 3).filter(col("x").eq(col("x").shift(-1).fill_null(6))).unwrap();
    assert_eq!(every_way(&last, "a condition").column("x").unwrap(), &Column::from(vec![6]));
    assert_eq!(last.schema(), one_to(6, 3).schema());
}

#[test]
fn windows_in_windows_and_twice() {
    let sum = col("x").cum_sum();
    let frame = one_to(5, 5);
    let exprs =
        [(sum.shift(1) + &sum).alias("a"), (col("x") * 2).cum_sum().cum_max().alias("b"), sum.alias("c")];
    let frame = frame.select(exprs).unwrap();
    let table = every_way(&frame, "nested");
    assert_eq!(table.column("a").unwrap(), &Column::from(vec![None, Some(4), Some(9), Some(16), Some(25)]));
    assert_eq!(table.column("b").unwrap(), &Column::from(vec![2, 6, 12, 20, 30]));
    assert_eq!(table.column("c").unwrap(), &Column::from(vec![1, 3, 6, 10, 15]));
    let plan = frame.explain_plan();
    let (_, run) = plan.split_once("as run:").unwrap();
    assert_eq!(run.matches("window").count(), 2, "each is computed once, with those of its kind:\n{plan}");
    // A window that nobody reads is not computed.
    let unread = one_to(5, 2).with_column("y", col("x").cum_sum()).unwrap().select(["x"]).unwrap();
    let plan = unread.explain_plan();
    assert!(!plan.split_once("as run:").unwrap().1.contains("window"), "{plan}");
    every_way(&unread, "unread");
}

#[test]
fn sums_are_exact_wherever_they_are_cut() {
    // The total of the second partition does not fit 64 bits, and every sum does.
    let values = vec![-i64::MAX, i64::MAX, i64::MAX, -1, -5];
    let table = Table::new([("x", Column::from(values))]).unwrap();
    for cuts in [vec![1, 3], vec![], vec![1, 2, 3, 4]] {
        let sums = every_way(&cut(&table, &cuts).select([col("x").cum_sum()]).unwrap(), "sums");
        let expected = vec![-i64::MAX, 0, i64::MAX, i64::MAX - 1, i64::MAX - 6];
        assert_eq!(sums.column("x").unwrap(), &Column::from(expected));
    }
    let too_large = cut(&Table::new([("x", Column::from(vec![i64::MAX, 0, 1]))]).unwrap(), &[1, 2]);
    let error = failure(&too_large.select([col("x").cum_sum()]).unwrap());
    assert!(error.contains("cum_sum(x): integer overflow"), "{error}");
}

#[test]
fn texts_shift_and_fill() {
    let texts = Column::from(vec![Some("b"), None, Some("a"), None]);
    let frame = DataFrame::from_columns([("s", texts)], 3).unwrap();
    let exprs = [
        col("s").shift(-1).alias("next"),
        col("s").cum_min().alias("min"),
        col("s").cast(DataType::CATEGORICAL).ffill().alias("fill"),
    ];
    let table = every_way(&frame.select(exprs).unwrap(), "texts");
    assert_eq!(table.column("next").unwrap(), &Column::from(vec![None, Some("a"), None, None]));
    assert_eq!(table.column("min").unwrap(), &Column::from(vec![Some("b"), None, Some("a"), None]));
    let filled = Column::from(vec!["b", "b", "a", "a"]).to_categorical();
    assert_eq!(table.column("fill").unwrap(), &filled);
}

/// As `pandas.Series.rolling("2s", closed=.., center=..).sum()` and `.rolling(3, min_periods=1, ..)` of 3.0.
#[test]
fn ends_of_windows_are_those_of_pandas() {
    let x = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
    let times = [0, 0, 1, 3, 3, 4, 7].map(|second| Some(second * 1_000_000));
    let table = Table::new([("t", Column::timestamps(times)), ("x", Column::from(x.to_vec()))]).unwrap();
    // Nothing stands for a missing value.
    let of_time = [
        (Closed::Right, false, [1, 3, 7, 8, 24, 56, 64]),
        (Closed::Right, true, [7, 7, 4, 56, 56, 32, 64]),
        (Closed::Left, false, [0, 0, 3, 4, 4, 24, 0]),
        (Closed::Left, true, [3, 3, 7, 24, 24, 56, 64]),
        (Closed::Both, false, [1, 3, 7, 12, 28, 56, 64]),
        (Closed::Both, true, [7, 7, 7, 56, 56, 56, 64]),
        (Closed::Neither, false, [0, 0, 3, 0, 0, 24, 0]),
        (Closed::Neither, true, [3, 3, 4, 24, 24, 32, 64]),
    ];
    let of_rows = [
        (Closed::Right, false, [1, 3, 7, 14, 28, 56, 112]),
        (Closed::Right, true, [3, 7, 14, 28, 56, 112, 96]),
        (Closed::Left, false, [0, 1, 3, 7, 14, 28, 56]),
        (Closed::Left, true, [1, 3, 7, 14, 28, 56, 112]),
        (Closed::Both, false, [1, 3, 7, 15, 30, 60, 120]),
        (Closed::Both, true, [3, 7, 15, 30, 60, 120, 112]),
        (Closed::Neither, false, [0, 1, 3, 6, 12, 24, 48]),
        (Closed::Neither, true, [1, 3, 6, 12, 24, 48, 96]),
    ];
    for cuts in [&[][..], &[2, 5], &[0, 1, 1, 2, 3, 4, 5, 6]] {
        let frame = cut(&table, cuts);
        let by_time = || col("x").rolling_by("t", "2s").unwrap();
        let by_rows = || col("x").rolling(3).min_periods(1);
        for (closed, center, expected) in of_time {
            let rolling = if center { by_time().center() } else { by_time() };
            let expected = expected.iter().map(|&sum| (sum > 0).then_some(f64::from(sum)));
            check(&frame, &rolling.closed(closed).sum(), expected.collect());
        }
        for (closed, center, expected) in of_rows {
            let rolling = if center { by_rows().center() } else { by_rows() };
            let expected = expected.iter().map(|&sum| (sum > 0).then_some(f64::from(sum)));
            check(&frame, &rolling.closed(closed).sum(), expected.collect());
        }
    }
}

#[test]
fn windows_that_cannot_be_are_refused() {
    let frame = one_to(3, 2);
    let refused = |expr: Expr| frame.select([expr.alias("r")]).unwrap_err().to_string();
    assert_eq!(refused(col("x").rolling(0).sum()), "rolling_sum: a window has one row at least");
    assert_eq!(
        refused(col("x").rolling(2).quantile(1.5)),
        "rolling_quantile: a quantile lies between 0 and 1"
    );
    assert_eq!(
        refused(col("x").rolling(2).min_periods(3).sum()),
        "rolling_sum: a window has fewer rows than it is to have values: lower `min_periods`"
    );
    assert!(refused(col("x").expanding().median()).contains("would have to keep them all"));
    assert!(refused(col("t").cum_sum()).starts_with("cum_sum: `t` is Timestamp, expected a number"));
    assert!(refused(col("z").shift(1)).starts_with("unknown column `z`"));
    assert!(
        refused(col("x").rolling_by("x", "2s").unwrap().sum()).contains("`x` is Int64, expected Timestamp")
    );
    assert!(col("x").rolling_by("t", "soon").is_err());
    let in_group = frame.group_by(["t"]).agg([col("x").shift(1).sum()]).unwrap_err().to_string();
    assert_eq!(in_group, "agg: `shift(x; 1)` depends on other rows; give it a name with `with_column` first");
    let times = Column::timestamps([Some(1), Some(3), Some(2)]);
    let unsorted = DataFrame::from_columns([("x", Column::from(vec![1, 2, 3])), ("t", times)], 3).unwrap();
    let sums = unsorted.select([col("x").rolling_by("t", "2s").unwrap().sum()]).unwrap();
    let error = failure(&sums);
    assert!(error.contains("the times are not sorted: 1970-01-01 00:00:00.000002 comes after"), "{error}");
}
