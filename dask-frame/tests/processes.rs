//! The golden cases on worker processes. In a `main` of their own, since a worker begins its work there, before any
//! harness.

mod it {
    mod computed;
    pub(crate) mod golden;
    pub(crate) mod records;
}

use std::process::ExitCode;

use dask_frame::{
    Aggregation, Column, DataFrame, DataType, Field, FrameError, How, Merge, RankMethod, Scalar, Schema,
    Sort, Table, col, lit, read_csv,
};
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_multiprocess::Multiprocess;
use dask_sched_sync::Sync;
use libtest_mimic::{Arguments, Trial};

use it::golden::{Cut, Golden, check};

fn main() -> ExitCode {
    dask_sched_worker::init(|| ());
    let processes = || Multiprocess::with_workers(2);
    let trials = vec![
        golden("two processes", Box::new(processes())),
        golden("two processes, optimised", Box::new(Optimized::new(processes()))),
        trial("a table goes from file to files", a_table_goes_from_file_to_files),
        trial("rows are exchanged between processes", rows_are_exchanged),
        trial("functions of the user are called for groups", functions_are_called_for_groups),
        trial("known categories go to other processes", known_categories_go_to_other_processes),
        trial("lists go to other processes", lists_go_to_other_processes),
        trial("records go from a bag to a frame and back", records_go_from_a_bag_to_a_frame_and_back),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn golden(name: &'static str, scheduler: Box<dyn Scheduler>) -> Trial {
    Trial::test(format!("golden cases, {name}"), move || {
        let ran = check(&[(name, scheduler)], &Cut::ALL[..2]);
        let cases = Golden::load().cases().len();
        if ran == cases { Ok(()) } else { Err(format!("{ran} of {cases} cases ran").into()) }
    })
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn records_go_from_a_bag_to_a_frame_and_back() {
    for scheduler in [
        Box::new(Multiprocess::with_workers(2)) as Box<dyn Scheduler>,
        Box::new(Optimized::new(Multiprocess::with_workers(2))),
    ] {
        it::records::hot_readings(&*scheduler);
    }
}

fn a_table_goes_from_file_to_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let rows: String = (0..20_000).map(|i| format!("{},{},name {}\n", i, i % 7, i % 3)).collect();
    std::fs::write(path("in.csv"), format!("n,week,name\n{rows}")).unwrap();
    let processes = Optimized::new(Multiprocess::with_workers(2));
    let frame = read_csv(path("in.csv")).blocksize(30_000).open().unwrap();
    let some = frame.filter(col("week").gt(3_i64)).unwrap();
    some.to_csv_with(path("out-*.csv"), &processes).unwrap();
    let again = read_csv(path("out-*.csv")).open().unwrap();
    let sums = again.group_by(["name"]).agg([col("n").sum()]).unwrap().sort_values(Sort::by("name"));
    let sums = sums.unwrap();
    let expected = sums.compute_with(&Sync::new()).unwrap();
    assert_eq!(sums.compute_with(&processes).unwrap(), expected);
    assert_eq!(expected.n_rows(), 3);
}

fn rows_are_exchanged() {
    let keys = (0..5_000_i64).map(|i| i * 7_919 % 1_009).collect::<Vec<_>>();
    let texts = keys.iter().map(|key| format!("key {key}")).collect::<Vec<_>>();
    let numbers = (0..5_000_i64).collect::<Vec<_>>();
    let columns = [("key", Column::from(keys)), ("text", Column::from(texts)), ("n", Column::from(numbers))];
    let left = DataFrame::from_columns(columns, 5).unwrap();
    let right = left.filter(col("n").lt(2_000)).unwrap().rename([("n", "m")]).unwrap();
    let joined = left.merge(&right, Merge::on(["text"]).how(How::Outer).shuffled()).unwrap();
    let sorted = joined.sort_values(["m", "n"]).unwrap();
    let indexed = sorted.set_index_divisions("n", [0, 1_000, 2_500, 5_000]).unwrap();
    let processes = Optimized::new(Multiprocess::with_workers(2));
    for frame in [sorted, indexed] {
        let expected = frame.compute_with(&Sync::new()).unwrap();
        assert!(expected.n_rows() > 5_000);
        assert_eq!(frame.compute_with(&processes).unwrap(), expected);
    }
}

fn lists_go_to_other_processes() {
    let keys = (0..5_000_i64).map(|i| i * 7_919 % 1_009).collect::<Vec<_>>();
    let texts = keys.iter().map(|key| (key % 5 > 0).then(|| format!("text {key}"))).collect::<Vec<_>>();
    let numbers = (0..5_000_i64).collect::<Vec<_>>();
    let columns = [("key", Column::from(keys)), ("text", Column::from(texts)), ("n", Column::from(numbers))];
    let frame = DataFrame::from_columns(columns, 5).unwrap();
    let lists = [
        col("text").list(),
        col("text").unique().alias("different"),
        col("n").list(),
        col("n").list().alias("l"),
    ];
    let lists = frame.group_by(["key"]).agg(lists).unwrap();
    let contains = col("text").str().split(" ").to_list().lists().contains("7");
    let sevens = frame.filter(contains).unwrap();
    let joined = sevens.merge(&lists, Merge::on(["key"]).shuffled()).unwrap().sort_values(["n"]).unwrap();
    let literal =
        lists.filter(col("n_list").shift(1).fill_null(lit(some_list())).lists().len().gt(4)).unwrap();
    let processes = Optimized::new(Multiprocess::with_workers(2));
    for (frame, n_rows) in [(lists.explode("l").unwrap(), 5_000), (joined, 4), (literal, 960), (lists, 1_009)]
    {
        let expected = frame.compute_with(&Sync::new()).unwrap();
        assert!(expected.n_rows() >= n_rows);
        assert_eq!(frame.compute_with(&processes).unwrap(), expected);
    }
}

fn some_list() -> Scalar {
    Column::from(vec![vec![1, 2, 3, 4, 5]]).get(0)
}

fn known_categories_go_to_other_processes() {
    let texts = (0..5_000).map(|i| ["small", "large", "tiny"][i * 7_919 % 1_009 % 3]).collect::<Vec<_>>();
    let columns = [("size", Column::from(texts)), ("n", Column::from((0..5_000_i64).collect::<Vec<_>>()))];
    let frame = DataFrame::from_columns(columns, 5).unwrap();
    let size = col("size").cat().set_categories(["tiny", "huge", "small", "large"]).cat().as_ordered();
    let known = frame.with_column("size", size).unwrap();
    let groups = known.group_by(["size"]).observed(false).agg([col("n").sum(), col("size").max()]).unwrap();
    let sorted = known.filter(col("size").gt("tiny")).unwrap().sort_values(["size", "n"]).unwrap();
    let joined = known.merge(&groups, Merge::on(["size"]).shuffled()).unwrap();
    let processes = Optimized::new(Multiprocess::with_workers(2));
    for (frame, n_rows) in [(groups, 4), (sorted, 3_334), (joined, 5_000)] {
        let expected = frame.compute_with(&Sync::new()).unwrap();
        assert!(expected.n_rows().abs_diff(n_rows) < 200, "{}", expected.n_rows());
        let got = frame.compute_with(&processes).unwrap();
        assert_eq!((got.schema(), &got), (frame.schema(), &expected));
    }
}

fn functions_are_called_for_groups() {
    let numbers = (0..3_000_i64).map(|i| i * 7_919 % 1_009).collect::<Vec<_>>();
    let frame = DataFrame::from_columns([("n", Column::from(numbers))], 5).unwrap();
    let groups = frame.with_column("key", col("n") % 17).unwrap().group_by(["key"]);
    let state = Schema::new([Field::new("xor", DataType::Int64)]).unwrap();
    let chunk = |rows: &Table| {
        let all = rows.column("n")?.i64s().into_iter().flatten().flatten().fold(0, |all, n| all ^ n);
        Table::new([("xor", Column::from(vec![all]))])
    };
    let agg = |states: &Table| {
        let all = states.column("xor")?.i64s().into_iter().flatten().flatten().fold(0, |all, n| all ^ n);
        Table::new([("xor", Column::from(vec![all]))])
    };
    let aggregation = Aggregation::new::<FrameError, _, FrameError, _>(chunk, agg, state.clone());
    let n = col("n");
    let over = [("place", n.rank(RankMethod::First)), ("span", n.rolling(3).apply(|x| x[2] - x[0]))];
    let frames = [
        groups.apply::<FrameError, _>(chunk, state).unwrap(),
        groups.aggregate(&aggregation).unwrap(),
        groups.over(over).unwrap(),
    ];
    let processes = Optimized::new(Multiprocess::with_workers(2));
    for frame in frames {
        let expected = frame.compute_with(&Sync::new()).unwrap();
        assert!(expected.n_rows() >= 17);
        assert_eq!(frame.compute_with(&processes).unwrap(), expected);
    }
}
