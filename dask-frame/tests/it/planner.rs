//! Plans before and after the planner, and what becomes of them.

use dask_frame::{Column, DataFrame, Merge, Sort, col, lit, read_csv, size};
use dask_graph::Collection;
use dask_sched_sync::Sync;

use super::golden::dir;
use super::run::{every_way, failure};

/// Shows a plan without the directory of the files.
fn plan(frame: &DataFrame) -> String {
    frame.explain_plan().replace(&format!("{}/", dir().display()), "")
}

#[track_caller]
fn check_run(frame: &DataFrame, expected: &str) {
    let text = plan(frame);
    let (_, run) = text.split_once("as run:\n").expect("two plans");
    assert_eq!(run, expected);
    every_way(frame, "planned");
}

fn sales() -> DataFrame {
    read_csv(dir().join("in/sales.csv").to_str().unwrap()).blocksize(500).open().unwrap()
}

fn stores() -> DataFrame {
    read_csv(dir().join("in/stores.csv").to_str().unwrap()).open().unwrap()
}

#[test]
fn only_columns_that_are_needed_are_read() {
    let frame = sales().with_column("total", col("qty") * col("price")).unwrap();
    let frame = frame.with_column("never", col("id") + 1).unwrap();
    let frame = frame.group_by(["store"]).agg([col("total").sum(), col("disc").mean()]).unwrap();
    let frame = frame.select(["store", "total_sum"]).unwrap();
    check_run(
        &frame,
        "  group_by store: sum(total)
    project store, (qty * price) as total
      read_csv in/sales.csv: 3 of 9 columns [store, qty, price] in 8 partitions
",
    );
}

#[test]
fn filters_go_down_to_the_read() {
    let joined = sales().merge(&stores(), Merge::on(["store"])).unwrap();
    let frame = joined.rename([("qty", "n")]).unwrap().sort_values(Sort::by("id")).unwrap();
    let frame = frame.filter(col("n").gt(5)).unwrap().filter(col("city").eq("Oslo")).unwrap();
    let frame = frame.select(["id", "city"]).unwrap();
    check_run(
        &frame,
        "  sort by id
    inner join on store = store: id, city (right)
      project id, store
        filter (qty > 5)
          read_csv in/sales.csv: 3 of 9 columns [id, store, qty] in 8 partitions
      filter (city == \"Oslo\")
        read_csv in/stores.csv: 2 of 3 columns [store, city] in 1 partitions
",
    );
}

#[test]
fn a_filter_stays_above_what_it_cannot_pass() {
    // A computed column, another filter, a left join's right side, an aggregate's result, a first part.
    let computed = sales().with_column("qty", col("qty") * 2).unwrap().filter(col("qty").gt(5)).unwrap();
    assert!(
        plan(&computed).ends_with(
            "as run:
  filter (qty > 5)
    project id, store, item, (qty * 2) as qty, price, day, ok, disc, bin
      read_csv in/sales.csv: 9 of 9 columns [id, store, item, qty, price, day, ok, disc, bin] in 8 partitions
"
        ),
        "{}",
        plan(&computed)
    );
    let left = sales().merge(&stores(), Merge::on(["store"]).left()).unwrap();
    let right_side = left.filter(col("city").is_null()).unwrap();
    assert!(
        plan(&right_side).contains("as run:\n  filter is_null(city)\n    left join"),
        "{}",
        plan(&right_side)
    );
    let sums = sales().group_by(["store"]).agg([col("qty").sum()]).unwrap();
    let of_sum = sums.filter(col("qty_sum").gt(100)).unwrap();
    assert!(plan(&of_sum).contains("as run:\n  filter (qty_sum > 100)\n    group_by"), "{}", plan(&of_sum));
    let of_key = sums.filter(col("store").eq("north")).unwrap();
    assert!(
        plan(&of_key).contains("group_by store: sum(qty)\n    filter (store == \"north\")\n"),
        "{}",
        plan(&of_key)
    );
    let first = sales().limit(3).filter(col("qty").gt(5)).unwrap();
    assert!(plan(&first).contains("as run:\n  filter (qty > 5)\n    first 3 rows"), "{}", plan(&first));
    for frame in [computed, right_side, of_sum, of_key, first] {
        every_way(&frame, "stays");
    }
}

#[test]
fn constants_are_folded_and_common_parts_computed_once() {
    let total = col("qty") * col("price") * (lit(2) + 3);
    let frame = sales().select([(&total + 1).alias("a"), (total.round(1) - &total).alias("b")]).unwrap();
    let text = plan(&frame);
    let (_, run) = text.split_once("as run:\n").expect("two plans");
    assert!(run.contains("((qty * price) * cast(5, Int64)) as ((qty * price) * cast(5, Int64))"), "{run}");
    assert_eq!(run.matches("project").count(), 2, "{run}");
    every_way(&frame, "simplified");
    // What fails is left to the run.
    let fails = sales().select([(lit(1) % 0).alias("never")]).unwrap();
    assert!(failure(&fails).contains("division by zero"));
}

#[test]
fn a_shared_part_is_computed_once() {
    let shared = sales().with_column("total", col("qty") * col("price")).unwrap();
    let big = shared.filter(col("total").gt(100.0)).unwrap();
    let both = DataFrame::concat([&big, &shared]).unwrap();
    let reads = plan(&both).matches("read_csv").count();
    assert_eq!(reads, 2, "once as written, once as run:\n{}", plan(&both));
    let names = both.graph().layers().iter().map(|layer| layer.name().to_string()).collect::<Vec<_>>();
    assert_eq!(names.iter().filter(|name| name.starts_with("project-")).count(), 1, "{names:?}");
    every_way(&both, "shared");
}

#[test]
fn a_stage_is_one_task_a_partition() {
    let frame = sales()
        .filter(col("qty").gt(2))
        .and_then(|frame| frame.with_column("total", col("qty") * col("price")))
        .and_then(|frame| frame.merge(&stores(), Merge::on(["store"])))
        .and_then(|frame| frame.group_by(["city"]).unsorted().agg([col("total").sum(), size()]))
        .unwrap();
    let plan = frame.graph().lower(&frame.keys()).unwrap();
    let blocks = 8;
    // Per block: the scan for quotes, the state before, everything else at once, and whether the groups are few; the
    // other side is read and indexed; a directory for many groups, one merge, and a part of the result for each block.
    // The last block is not scanned.
    assert_eq!(plan.len(), 4 * blocks - 1 + 2 + 2 + blocks, "{}", frame.visualize().unwrap());
}

#[test]
fn equal_work_has_equal_names() {
    let frame = || sales().filter(col("qty").gt(2)).unwrap().select(["id"]).unwrap();
    assert_eq!(frame().keys(), frame().keys());
    assert_ne!(frame().keys(), sales().filter(col("qty").gt(3)).unwrap().select(["id"]).unwrap().keys());
    let other = read_csv(dir().join("in/sales.csv").to_str().unwrap()).blocksize(501).open().unwrap();
    assert_ne!(sales().keys(), other.keys());
}

#[test]
fn head_computes_as_few_partitions_as_it_needs() {
    let fails_late = Column::from((0..100).map(|i| if i < 40 { "1" } else { "x" }).collect::<Vec<_>>());
    let frame = DataFrame::from_columns([("s", fails_late)], 10).unwrap();
    let frame = frame.select([col("s").cast(dask_frame::DataType::Int64)]).unwrap();
    let table = frame.head_with(25, &Sync::new()).unwrap();
    assert_eq!(table.column("s").unwrap(), &Column::from(vec![1; 25]));
    assert!(frame.head_with(41, &Sync::new()).is_err());
    let few = frame.limit(40).filter(col("s").gt(1)).unwrap();
    assert_eq!(few.schema(), frame.schema());
    assert_eq!(sales().head_with(1000, &Sync::new()).unwrap().n_rows(), 60);
    assert_eq!(sales().head_with(0, &Sync::new()).unwrap().n_rows(), 0);
}

#[test]
fn a_persisted_frame_goes_on() {
    let frame = sales().filter(col("qty").gt(2)).unwrap();
    let kept = frame.persist_opts(&Sync::new(), &Default::default()).unwrap();
    let (a, b) = (frame.agg([col("qty").sum()]).unwrap(), kept.agg([col("qty").sum()]).unwrap());
    assert_eq!(every_way(&a, "read"), every_way(&b, "kept"));
    assert!(b.explain_plan().contains("computed: columns"));
}

#[test]
fn the_deepest_expression_that_is_allowed_runs_everywhere() {
    let deep = (1..500).fold(col("x"), |sum, _| sum + 1);
    let frame = DataFrame::from_columns([("x", Column::from(vec![0, 1]))], 2).unwrap();
    let table = every_way(&frame.select([deep.clone()]).unwrap(), "deep");
    assert_eq!(table.column("x").unwrap(), &Column::from(vec![499, 500]));
    // What is looked for by way of its values is no deeper.
    let aggregates = [deep.median().alias("median"), deep.nunique().alias("n"), deep.mode().alias("mode")];
    let table = every_way(&frame.agg(aggregates).unwrap(), "deep, aggregated");
    assert_eq!(table.column("median").unwrap(), &Column::from(vec![499.5]));
    assert_eq!(table.column("n").unwrap(), &Column::from(vec![2]));
    assert_eq!(table.column("mode").unwrap(), &Column::from(vec![499]));
}

#[test]
fn a_long_plan_does_not_need_a_deep_stack() {
    let mut frame = DataFrame::from_columns([("x", Column::from(vec![0]))], 1).unwrap();
    for _ in 0..20_000 {
        frame = frame.with_column("x", col("x") + 1).unwrap();
    }
    let table = frame.compute_with(&Sync::new()).unwrap();
    assert_eq!(table.column("x").unwrap(), &Column::from(vec![20_000]));
}
