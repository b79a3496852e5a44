//! Aggregation by group: what is asked for.

use std::sync::Arc;

use dask_graph::{Token, Tokenizer};
use serde::{Deserialize, Serialize};

use super::tokenized;
use crate::error::FrameError;
use crate::expr::{Aggregate, Expr};
use crate::kernel::aggregate::Reduction;
use crate::schema::{DataType, Field, Schema};

/// Keys and aggregates by name.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AggregateSpec {
    pub(crate) keys: Vec<(Arc<str>, Expr)>,
    pub(crate) aggregates: Vec<(Arc<str>, Aggregate)>,
    /// What each aggregate does, and whose state it takes: its own, or that of one before it.
    pub(super) reductions: Vec<(Reduction, usize)>,
    /// Whether rows with a missing key are left out.
    pub(crate) drop_nulls: bool,
    /// Whether the groups come in the order of their keys.
    pub(crate) sort: bool,
    /// Whether only those categories are groups that rows have.
    pub(crate) observed: bool,
}

impl AggregateSpec {
    /// Returns the expressions of keys and aggregates.
    pub(crate) fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let keys = self.keys.iter().map(|(_, key)| key);
        keys.chain(self.aggregates.iter().flat_map(|(_, aggregate)| aggregate.exprs()))
    }

    /// Checks aggregates of columns of `schema`.
    pub(crate) fn new(
        keys: Vec<(Arc<str>, Expr)>,
        aggregates: Vec<(Arc<str>, Aggregate)>,
        schema: &Schema,
        drop_nulls: bool,
        sort: bool,
    ) -> Result<Self, FrameError> {
        let mut reductions: Vec<(Reduction, usize)> = Vec::new();
        for (at, (_, aggregate)) in aggregates.iter().enumerate() {
            let (inputs, output) = aggregate.dtypes(schema)?;
            let reduction = Reduction::new(aggregate, inputs, output);
            let of = exprs_token(aggregate);
            let same = |before: &usize| {
                let (other, state) = &reductions[*before];
                state == before && other.same_state(&reduction) && exprs_token(&aggregates[*before].1) == of
            };
            let state = (0..at).find(same).unwrap_or(at);
            reductions.push((reduction, state));
        }
        Ok(Self { keys, aggregates, reductions, drop_nulls, sort, observed: true })
    }

    /// Sets whether only those categories are groups that rows have.
    pub(crate) fn observed(self, observed: bool) -> Self {
        Self { observed, ..self }
    }

    /// Returns the same with fewer aggregates.
    pub(super) fn with_aggregates(&self, wanted: impl Fn(&str) -> bool, schema: &Schema) -> Self {
        let aggregates = self.aggregates.iter().filter(|(name, _)| wanted(name)).cloned().collect();
        let fewer = Self::new(self.keys.clone(), aggregates, schema, self.drop_nulls, self.sort)
            .expect("some of the aggregates that fit together fit together");
        fewer.observed(self.observed)
    }

    /// Returns the types of the results.
    pub(super) fn outputs(&self) -> impl Iterator<Item = DataType> {
        self.reductions.iter().map(|(reduction, _)| reduction.output())
    }

    /// Returns the numbers of the aggregates that have states of their own.
    pub(super) fn states(&self) -> impl Iterator<Item = usize> {
        self.reductions.iter().enumerate().filter(|(at, (_, state))| at == state).map(|(at, _)| at)
    }

    /// Returns the number of the aggregate whose state is that of this one.
    pub(super) fn state_of(&self, at: usize) -> usize {
        self.reductions[at].1
    }

    /// Returns whether a state can have several rows.
    pub(super) fn is_ragged(&self) -> bool {
        self.states().any(|at| !self.reductions[at].0.state_dtypes().1.is_empty())
    }

    /// Returns whether a state holds all values that are not missing.
    pub(super) fn keeps_every_value(&self) -> bool {
        self.states().any(|at| self.reductions[at].0.keeps_every_value())
    }

    pub(super) fn keeps_values(&self) -> bool {
        self.states().any(|at| self.reductions[at].0.keeps_values())
    }

    /// Returns the columns of a table of states: keys; states with a row a group; where there are others, whether
    /// a row is the first of its group, and these.
    pub(super) fn state_schema(&self, result: &Schema) -> Schema {
        let keys = result.fields().iter().take(self.keys.len()).enumerate();
        let mut fields =
            keys.map(|(i, field)| Field::new(format!("key {i}"), field.dtype())).collect::<Vec<_>>();
        let dtypes = self.states().map(|at| (at, self.reductions[at].0.state_dtypes())).collect::<Vec<_>>();
        for (at, (one, _)) in &dtypes {
            fields.extend(
                one.iter().enumerate().map(|(i, dtype)| Field::new(format!("state {at}.{i}"), dtype.clone())),
            );
        }
        if self.is_ragged() {
            fields.push(Field::new("first", DataType::Bool));
        }
        for (at, (_, many)) in &dtypes {
            fields.extend(
                many.iter().enumerate().map(|(i, dtype)| Field::new(format!("rows {at}.{i}"), dtype.clone())),
            );
        }
        Schema::new(fields).expect("numbered names differ")
    }

    /// Returns what tells this aggregation from others.
    pub(super) fn token(&self) -> Token {
        let keys = tokenized("keys", self.keys.iter().map(|(name, expr)| (name, expr)));
        let aggregates =
            tokenized("aggregates", self.aggregates.iter().map(|(name, aggregate)| (name, aggregate)));
        let options = (self.drop_nulls, self.sort, self.observed);
        Tokenizer::new("group_by").feed(&keys).feed(&aggregates).feed(&options).finish()
    }
}

fn exprs_token(aggregate: &Aggregate) -> Token {
    tokenized("exprs", aggregate.exprs().map(|expr| expr.clone().unaliased()))
}
