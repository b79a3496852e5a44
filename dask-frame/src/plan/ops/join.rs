//! Joins of one partition.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use crate::column::{Column, Mask, NO_ROW, Utf8Builder};
use crate::error::EvalError;
use crate::kernel::join::{JoinIndex, Pairs, key_columns};
use crate::pack::pack;
use crate::plan::join::{How, JoinSpec, Side};
use crate::schema::{DataType, Schema};
use crate::table::Table;

/// A side of a join, and its keys.
struct Rows<'a> {
    table: &'a Table,
    keys: &'a [Column],
}

/// A partition of the left side with the right side.
pub(super) fn join(
    spec: &JoinSpec,
    schema: &Schema,
    left: &Table,
    index: &JoinIndex,
) -> Result<Table, EvalError> {
    let keys = key_columns(left, &spec.keys(0))?;
    if spec.how.is_filter() {
        let has = index.has(&keys, left.n_rows());
        return filtered(spec, schema, left, &keys, &if spec.how == How::Semi { has } else { has.not() });
    }
    let pairs = index.pairs(&keys, left.n_rows(), spec.how.keeps_left())?;
    let right = Rows { table: &index.table, keys: index.keys() };
    joined(spec, schema, &Rows { table: left, keys: &keys }, &right, &pairs)
}

/// A partition of the right side with the left side, in the order of the right rows.
pub(super) fn join_left(
    spec: &JoinSpec,
    schema: &Schema,
    right: &Table,
    index: &JoinIndex,
) -> Result<Table, EvalError> {
    let keys = key_columns(right, &spec.keys(1))?;
    let found = index.pairs(&keys, right.n_rows(), spec.how.keeps_right())?;
    let left = Rows { table: &index.table, keys: index.keys() };
    let right = Rows { table: right, keys: &keys };
    let pairs = Pairs { left: found.right, right: found.left, n_right_alone: 0 };
    joined(spec, schema, &left, &right, &pairs)
}

/// All rows of both sides that have some keys, or none of them.
fn join_parts(spec: &JoinSpec, schema: &Schema, left: &Table, right: &Table) -> Result<Table, EvalError> {
    let left_keys = key_columns(left, &spec.keys(0))?;
    let is_left_smaller = 2 * left.n_rows() < right.n_rows();
    if is_left_smaller && (spec.how.is_filter() || !spec.how.keeps_left()) {
        let index = JoinIndex::new(left.clone(), spec.keys(0))?;
        let right_keys = key_columns(right, &spec.keys(1))?;
        if spec.how.is_filter() {
            let has = index.matched(&right_keys, right.n_rows());
            let keep = if spec.how == How::Semi { has } else { has.not() };
            return filtered(spec, schema, left, &left_keys, &keep);
        }
        let pairs = index.pairs(&right_keys, right.n_rows(), spec.how.keeps_right())?.turned(left.n_rows());
        let left = Rows { table: left, keys: &left_keys };
        return joined(spec, schema, &left, &Rows { table: right, keys: &right_keys }, &pairs);
    }
    let index = JoinIndex::new(right.clone(), spec.keys(1))?;
    if !spec.how.keeps_right() {
        return join(spec, schema, left, &index);
    }
    let pairs = index.pairs(&left_keys, left.n_rows(), spec.how.keeps_left())?;
    let pairs = pairs.with_right(&index.matched(&left_keys, left.n_rows()));
    let right = Rows { table: right, keys: index.keys() };
    joined(spec, schema, &Rows { table: left, keys: &left_keys }, &right, &pairs)
}

fn joined(
    spec: &JoinSpec,
    schema: &Schema,
    left: &Rows<'_>,
    right: &Rows<'_>,
    pairs: &Pairs,
) -> Result<Table, EvalError> {
    // Where every left row has one partner, the left columns stay what they are.
    let same =
        pairs.left.len() == left.table.n_rows() && pairs.left.iter().zip(0..).all(|(row, at)| *row == at);
    let of_left = |column: &Column| if same { column.clone() } else { column.take(&pairs.left) };
    let columns = spec.columns.iter().map(|column| {
        Ok(match &column.from {
            Side::Left(name) => of_left(left.table.column(name)?),
            Side::Right(name) => right.table.column(name)?.take(&pairs.right),
            Side::Key(at) => key(&left.keys[*at], &right.keys[*at], pairs, &of_left),
            Side::Indicator => indicator(pairs),
        })
    });
    let columns = columns.collect::<Result<Vec<_>, EvalError>>()?;
    Ok(Table::with_rows(schema.clone(), columns, pairs.left.len())?)
}

/// A key from the left, or from the right where there is no left row.
fn key(left: &Column, right: &Column, pairs: &Pairs, of_left: &dyn Fn(&Column) -> Column) -> Column {
    if !pairs.left.contains(&NO_ROW) {
        return of_left(left);
    }
    if !pairs.right.contains(&NO_ROW) {
        return right.take(&pairs.right);
    }
    // Only rows at the end have no left side.
    let n = pairs.left.len() - pairs.n_right_alone;
    Column::concat(&[&left.take(&pairs.left[..n]), &right.take(&pairs.right[n..])])
}

/// Which sides each row is from, in pandas' words.
fn indicator(pairs: &Pairs) -> Column {
    let mut texts = Utf8Builder::with_capacity(pairs.left.len());
    for sides in pairs.left.iter().zip(&pairs.right) {
        texts.push(match sides {
            (_, &NO_ROW) => b"left_only",
            (&NO_ROW, _) => b"right_only",
            _ => b"both",
        });
    }
    texts.finish().expect("the words are UTF-8")
}

/// Some rows of the left side, with the columns of the result.
fn filtered(
    spec: &JoinSpec,
    schema: &Schema,
    left: &Table,
    keys: &[Column],
    keep: &Mask,
) -> Result<Table, EvalError> {
    let columns = spec.columns.iter().map(|column| {
        Ok(match &column.from {
            Side::Key(at) => keys[*at].filter(keep),
            Side::Left(name) | Side::Right(name) => left.column(name)?.filter(keep),
            Side::Indicator => Column::nulls(&DataType::Utf8, keep.count()),
        })
    });
    let columns = columns.collect::<Result<Vec<_>, EvalError>>()?;
    Ok(Table::with_rows(schema.clone(), columns, keep.count())?)
}

/// Puts partitions together and indexes them as the side of a join that is in memory: the left (0) or the right (1).
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct IndexOp {
    pub(in crate::plan) spec: Arc<JoinSpec>,
    pub(in crate::plan) side: usize,
    pub(in crate::plan) schema: Schema,
}

impl Op for IndexOp {
    fn name(&self) -> Cow<'_, str> {
        "index".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = gathered(&args, &self.schema)?;
        Ok(Value::sized(JoinIndex::new(table, self.spec.keys(self.side)).map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Joins a partition of the left side with one of the right side, which have all rows of their keys.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct JoinOp {
    pub(in crate::plan) spec: Arc<JoinSpec>,
    pub(in crate::plan) schema: Schema,
}

impl Op for JoinOp {
    fn name(&self) -> Cow<'_, str> {
        "join".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = join_parts(&self.spec, &self.schema, args.get::<Table>(0)?, args.get::<Table>(1)?);
        table.map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Finds which rows of a join's index have a partner in a partition.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct MatchedOp(pub(in crate::plan) Arc<JoinSpec>);

impl Op for MatchedOp {
    fn name(&self) -> Cow<'_, str> {
        "match".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let left = args.get::<Table>(0)?;
        let keys = key_columns(left, &self.0.keys(0)).map_err(OpError::failed)?;
        Ok(Value::sized(args.get::<JoinIndex>(1)?.matched(&keys, left.n_rows())))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// The rows of the side in memory that have no partner in any partition: the last partition of a join that keeps them.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct UnmatchedOp {
    pub(in crate::plan) spec: Arc<JoinSpec>,
    pub(in crate::plan) left: Schema,
    pub(in crate::plan) schema: Schema,
}

impl Op for UnmatchedOp {
    fn name(&self) -> Cow<'_, str> {
        "unmatched".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let index = args.get::<JoinIndex>(1)?;
        let mut matched = Mask::all(index.table.n_rows(), false);
        for value in args.list(0)? {
            matched = matched.or(value.get::<Mask>().map_err(OpError::failed)?);
        }
        let pairs = Pairs::default().with_right(&matched);
        let left = Table::empty(self.left.clone());
        let keys = index.keys().iter().map(|key| Column::nulls(&key.dtype(), 0)).collect::<Vec<_>>();
        let right = Rows { table: &index.table, keys: index.keys() };
        let table = joined(&self.spec, &self.schema, &Rows { table: &left, keys: &keys }, &right, &pairs);
        table.map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
