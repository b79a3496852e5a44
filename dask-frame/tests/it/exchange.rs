//! Bags become frames and frames become bags, which know nothing of each other.

use dask_frame::{Column, DataFrame, FrameError, Table};
use dask_graph::{Collection, ColumnField, ColumnKind, ColumnPartitions};

use super::records::{hot_readings, readings};
use super::run::{every_way, failure, schedulers};

#[test]
fn records_go_there_and_back() {
    for (_, scheduler) in schedulers() {
        hot_readings(&*scheduler);
    }
}

#[test]
fn tables_of_every_type_come_back() {
    let table = Table::new([
        ("i", Column::from(vec![Some(i64::MIN), None, Some(3)])),
        ("u", Column::numbers([Some(u64::MAX), None, Some(0)])),
        ("f", Column::from(vec![Some(0.5), None, Some(-0.0)])),
        ("b", Column::from(vec![None, Some(true), Some(false)])),
        ("s", Column::from(vec![Some("é, x"), Some(""), None])),
        ("t", Column::timestamps([None, Some(-1), Some(i64::MAX)])),
    ])
    .unwrap();
    for n_partitions in [1, 2, 5] {
        let frame = DataFrame::from_table(&table, n_partitions).unwrap();
        let again = DataFrame::from_partitions(&frame.to_partitions().unwrap()).unwrap();
        assert_eq!(every_way(&again, "exchanged"), table);
        // Rows without columns are still counted.
        let none = frame.select([] as [&str; 0]).unwrap();
        let again = DataFrame::from_partitions(&none.to_partitions().unwrap()).unwrap();
        assert_eq!(every_way(&again, "without columns").n_rows(), 3);
    }
}

#[test]
fn delayed_tables_are_partitions() {
    let table = Table::new([("n", Column::from(vec![Some(1), None, Some(3)]))]).unwrap();
    let frame = DataFrame::from_table(&table, 2).unwrap();
    let again = DataFrame::from_delayed(frame.to_delayed(), table.schema().clone());
    assert_eq!(every_way(&again, "delayed"), table);
    let mapped = DataFrame::from_map([0_i64, 2], table.schema().clone(), |n| {
        Table::new([("n", Column::from(vec![n; 2]))])
    });
    assert_eq!(every_way(&mapped, "mapped").column("n").unwrap(), &Column::from(vec![0, 0, 2, 2]));
    let wrong =
        DataFrame::from_map([1_i64], table.schema().clone(), |n| Table::new([("m", Column::from(vec![n]))]));
    assert!(failure(&wrong).contains("returned the columns m: Int64, and was said to return n: Int64"));
    let none = DataFrame::from_delayed([], table.schema().clone());
    assert_eq!(every_way(&none, "none").n_rows(), 0);
}

#[test]
fn columns_that_are_not_those_declared_are_an_error() {
    let columns = readings(10).to_columns().unwrap();
    let graph = columns.graph().clone();
    let fields = vec![ColumnField::new("count", ColumnKind::Text)];
    let wrong = ColumnPartitions::from_graph(graph.clone(), columns.keys(), fields);
    let frame = DataFrame::from_partitions(&wrong).unwrap();
    assert!(failure(&frame).contains("count: Int64, valid: Bool"), "{}", failure(&frame));
    let twice = vec![ColumnField::new("a", ColumnKind::Text); 2];
    let twice = ColumnPartitions::from_graph(graph, columns.keys(), twice);
    let error = DataFrame::from_partitions(&twice).unwrap_err();
    assert!(matches!(error, FrameError::DuplicateColumn { name } if name == "a"));
}
