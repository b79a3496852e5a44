//! Aggregates of a whole frame whose states would hold its values, so that no task holds them all.
//!
//! ```text
//!          ┌─ states, merged ──────────────────┐
//!   rows ──┤          ┌─ grouped, counted ─────┼── beside
//!          └─ values ─┴─ exchanged, looked up ─┘
//! ```
//!
//! How many different values there are is how many groups of equal values; which comes most often is the largest of
//! these groups. For quantiles the values are exchanged by their places between boundaries that a sample gives; how many
//! are at each tells where a rank is, and only that place is looked into.

use std::sync::Arc;

use dask_graph::{Arg, Graph, Key, LayerInfo, Materialized, Name, Task, Tokenizer};

use super::Partitions;
use super::aggregate::aggregate;
use super::exchange::quantiles;
use super::sort::{boundaries, top};
use super::stage::Pending;
use crate::expr::{Aggregate, AggregateKind, Expr, col, size};
use crate::plan::aggregate::AggregateSpec;
use crate::plan::node::SortSpec;
use crate::plan::ops::{BesideOp, Guard, Placed, QuantilesOp, Step};
use crate::plan::tokenized;
use crate::schema::{DataType, Field, Schema};

/// Whether the state of this number is found by way of the values that it would hold.
pub(super) fn goes_by_values(spec: &AggregateSpec, state: usize) -> bool {
    let kind = spec.aggregates[state].1.kind();
    matches!(kind, AggregateKind::NUnique | AggregateKind::Mode | AggregateKind::Quantile(_))
}

/// One row of the aggregates `spec`, which has no keys, over `rows`, which have the columns `schema`.
pub(super) fn whole(
    spec: &AggregateSpec,
    schema: &Schema,
    result: &Schema,
    rows: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let by_values = spec.states().filter(|&at| goes_by_values(spec, at)).collect::<Vec<_>>();
    let values = Values::new(spec, &by_values, schema, rows, info);
    let mut parts = Vec::new();
    let mut plain = Vec::new();
    let mut columns = Vec::new();
    for (at, (_, aggregate)) in spec.aggregates.iter().enumerate() {
        let state = spec.state_of(at);
        let Some(part) = by_values.iter().position(|&by| by == state) else {
            plain.push((numbered(at), aggregate.clone()));
            columns.push(Placed { table: 0, column: numbered(at), guard: None });
            continue;
        };
        let guard = (aggregate.spoilt_by_nulls() || aggregate.least_count() > 0).then(|| {
            let counts = [format!("{at} values"), format!("{at} rows")].map(Arc::from);
            let [valid, all] = counts.clone();
            plain.extend([(valid, expr(aggregate).count()), (all, size())]);
            Guard { counts, min_count: aggregate.least_count(), spoilt_by_nulls: aggregate.spoilt_by_nulls() }
        });
        // Quantiles of the same values stand in one table, others are one result.
        let column = match aggregate.kind() {
            AggregateKind::Quantile(_) => numbered(at),
            _ => numbered(state),
        };
        columns.push(Placed { table: part + 1, column, guard });
    }
    // The row of the counts is there even if nobody asks for one: others are placed beside it.
    plain.push(("size".into(), size()));
    parts.push(one_row(plain, schema, rows, info));
    for (&state, field) in by_values.iter().zip(&values.fields) {
        parts.push(match spec.aggregates[state].1.kind() {
            AggregateKind::NUnique => values.n_unique(numbered(state), field),
            AggregateKind::Mode => values.mode(numbered(state), field),
            _ => {
                let ranks = spec.aggregates.iter().enumerate().filter(|&(at, _)| spec.state_of(at) == state);
                let ranks = ranks.filter_map(|(at, (_, aggregate))| match aggregate.kind() {
                    AggregateKind::Quantile(q) => Some((numbered(at), q)),
                    _ => None,
                });
                values.quantiles(ranks.collect(), field)
            }
        });
    }
    beside(&parts, BesideOp { schema: result.clone(), columns }, info)
}

fn numbered(at: usize) -> Arc<str> {
    at.to_string().into()
}

fn expr(aggregate: &Aggregate) -> Expr {
    aggregate.exprs().next().expect("what holds values has some").clone()
}

/// The values that would be held, a column for each state.
struct Values<'a> {
    rows: Partitions,
    fields: Vec<Field>,
    info: &'a LayerInfo,
}

impl<'a> Values<'a> {
    fn new(
        spec: &AggregateSpec,
        states: &[usize],
        schema: &Schema,
        rows: &Partitions,
        info: &'a LayerInfo,
    ) -> Self {
        let of = |state: usize| {
            let values = expr(&spec.aggregates[state].1);
            let dtype = values.dtype(schema).expect("the aggregate of it has a type");
            let name = Arc::from(format!("value {state}"));
            (Field::new(Arc::clone(&name), dtype), (name, values))
        };
        let (fields, columns): (Vec<_>, Vec<_>) = states.iter().map(|&state| of(state)).unzip();
        let token = tokenized("values", columns.iter().map(|(name, expr)| (name, expr)));
        let step = Step::Project(columns, named(&fields));
        let rows = Pending::after(rows.clone()).then(step, token, "values", info).lowered();
        Self { rows, fields, info }
    }

    /// The groups of equal values of a column, with as many of these aggregates as given.
    fn groups(&self, field: &Field, aggregates: Vec<(Arc<str>, Aggregate)>) -> (Partitions, Schema) {
        let key = (field.shared_name(), col(field.shared_name()));
        let schema = named(&self.fields);
        let spec = AggregateSpec::new(vec![key], aggregates, &schema, true, false);
        let spec = spec.expect("values can be compared");
        let counts = spec.aggregates.iter().map(|(name, _)| Field::new(Arc::clone(name), DataType::Int64));
        let result = named(&[field.clone()].into_iter().chain(counts).collect::<Vec<_>>());
        let input = (&schema, Pending::after(self.rows.clone()));
        (aggregate(&Arc::new(spec), &result, input, self.info).lowered(), result)
    }

    /// A row of the number of different values.
    fn n_unique(&self, name: Arc<str>, field: &Field) -> Partitions {
        let (groups, schema) = self.groups(field, Vec::new());
        one_row(vec![(name, size())], &schema, &groups, self.info)
    }

    /// A row of the most frequent value, of several the smallest.
    fn mode(&self, name: Arc<str>, field: &Field) -> Partitions {
        let count: Arc<str> = "count".into();
        let (groups, schema) = self.groups(field, vec![(Arc::clone(&count), size())]);
        let by = vec![count, field.shared_name()];
        let most_frequent = Arc::new(SortSpec { by, descending: vec![true, false], nulls_first: false });
        let first = top(&most_frequent, 1, schema.clone(), Pending::after(groups), self.info).lowered();
        one_row(vec![(name, col(field.shared_name()).first())], &schema, &first, self.info)
    }

    /// A row of the values at some ranks, each with its name.
    fn quantiles(&self, ranks: Vec<(Arc<str>, f64)>, field: &Field) -> Partitions {
        let name = field.shared_name();
        let schema = named(&[Field::new(Arc::clone(&name), DataType::Float64)]);
        let floats = col(Arc::clone(&name)).cast(DataType::Float64);
        let there = col(Arc::clone(&name)).is_not_null();
        let token = Tokenizer::new("floats").feed(&floats).finish();
        let values = Pending::after(self.rows.clone())
            .then(
                Step::Project(vec![(Arc::clone(&name), floats)], schema.clone()),
                token,
                "floats",
                self.info,
            )
            .then(Step::Filter(there), token, "filter", self.info)
            .lowered();
        let sort = SortSpec { by: vec![Arc::clone(&name)], descending: vec![false], nulls_first: false };
        let boundaries = boundaries(&Arc::new(sort), &schema, &values, self.info);
        quantiles(&values, &name, &boundaries, QuantilesOp { column: Arc::clone(&name), ranks }, self.info)
    }
}

fn named(fields: &[Field]) -> Schema {
    Schema::new(fields.to_vec()).expect("numbered names differ")
}

/// A row of aggregates of some partitions.
fn one_row(
    aggregates: Vec<(Arc<str>, Aggregate)>,
    schema: &Schema,
    rows: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let spec = AggregateSpec::new(Vec::new(), aggregates, schema, true, false);
    let spec = spec.expect("each is an aggregate of these columns");
    let fields = spec.aggregates.iter().zip(spec.outputs());
    let result =
        named(&fields.map(|((name, _), dtype)| Field::new(Arc::clone(name), dtype)).collect::<Vec<_>>());
    aggregate(&Arc::new(spec), &result, (schema, Pending::after(rows.clone())), info).lowered()
}

fn beside(parts: &[Partitions], op: BesideOp, info: &LayerInfo) -> Partitions {
    let names = op.columns.iter().map(|placed| (placed.table, &placed.column));
    let token = Tokenizer::new("beside").feed(&tokenized("parts", parts.iter().map(|part| &part.name)));
    let token = token.feed(&tokenized("columns", names)).finish();
    let name = Name::from_token("agg", token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    let rows = Arg::list(parts.iter().map(|part| part.key(0)));
    layer.insert(Key::new(&name, &[0]), Task::new(Arc::new(op), [rows]));
    Partitions { graph: Graph::with_inputs(layer, parts.iter().map(|part| &part.graph)), name, n: 1 }
}
