//! Joins of one partition with the nearest rows.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Blob, BlobError, BlobReader, Op, OpError, Packer, Payload, Refused, Unpack, Value};
use dask_graph_shuffle::Directory;
use serde::{Deserialize, Serialize};

use super::exchange::Exchanged;
use super::gathered;
use crate::error::EvalError;
use crate::kernel::asof::{LeftKeys, Nearest, nearest_of_ranges};
use crate::pack::pack;
use crate::plan::asof::AsOfSpec;
use crate::plan::join::Side;
use crate::schema::Schema;
use crate::table::{Table, blob};

/// A join of partitions of the left side with the nearest rows.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct AsOfJoin {
    pub(in crate::plan) spec: Arc<AsOfSpec>,
    pub(in crate::plan) schema: Schema,
    /// The columns of the right side.
    pub(in crate::plan) right: Schema,
    /// The number of the argument that is the right side: an [`AsOfIndex`], or what was exchanged, which the directory
    /// and the boundaries follow.
    pub(in crate::plan) at: usize,
}

/// The right side in memory, with what it was made for.
pub(super) struct AsOfIndex {
    spec: Arc<AsOfSpec>,
    nearest: Nearest,
}

/// Puts partitions together, in the order of the key.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct AsOfIndexOp {
    pub(in crate::plan) spec: Arc<AsOfSpec>,
    pub(in crate::plan) schema: Schema,
}

impl Op for AsOfIndexOp {
    fn name(&self) -> Cow<'_, str> {
        "index".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = gathered(&args, &self.schema)?;
        AsOfIndex::new(&self.spec, &table).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Indexes the right side, exchanged by ranges of its key, if all of it is in memory; otherwise the result is what was
/// exchanged.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct AsOfRangesOp {
    pub(in crate::plan) spec: Arc<AsOfSpec>,
    pub(in crate::plan) schema: Schema,
}

impl Op for AsOfRangesOp {
    fn name(&self) -> Cow<'_, str> {
        "index".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let exchanged = args.get::<Exchanged>(0)?;
        match exchanged.in_memory(&self.schema).map_err(OpError::failed)? {
            Some(table) => AsOfIndex::new(&self.spec, &table).map(Value::sized).map_err(OpError::failed),
            None => Ok(Value::sized(exchanged.clone())),
        }
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl AsOfIndex {
    fn new(spec: &Arc<AsOfSpec>, table: &Table) -> Result<Self, EvalError> {
        Ok(Self { spec: Arc::clone(spec), nearest: Nearest::new(spec, table)? })
    }
}

impl AsOfJoin {
    /// Returns each row of a partition with the nearest.
    pub(super) fn join(&self, left: &Table, args: &Args<'_>) -> Result<Table, OpError> {
        let keys = LeftKeys::new(&self.spec, left).map_err(OpError::failed)?;
        if let Some(AsOfIndex { nearest, .. }) = args.value(self.at)?.downcast_ref() {
            let rows = nearest.rows(&self.spec, &keys);
            return self.joined(left, &nearest.index.table, &rows).map_err(OpError::failed);
        }
        let (exchanged, directory) = (args.get::<Exchanged>(self.at)?, args.get::<Directory>(self.at + 1)?);
        let boundaries = args.get::<Table>(self.at + 2)?;
        let range = |range| match exchanged.n_rows(range) {
            0 => Ok(None),
            _ => exchanged.table(directory, range, &self.right).map(Some),
        };
        nearest_of_ranges(&self.spec, &keys, boundaries, &self.right, range)
            .and_then(|(found, rows)| self.joined(left, &found, &rows))
            .map_err(OpError::failed)
    }

    /// Returns the rows of the left side, each with this row of `right`.
    fn joined(&self, left: &Table, right: &Table, rows: &[u32]) -> Result<Table, EvalError> {
        let columns = self.spec.columns.iter().map(|column| match &column.from {
            Side::Left(name) => Ok(left.column(name)?.clone()),
            Side::Right(name) => Ok(right.column(name)?.take(rows)),
            Side::Key(_) | Side::Indicator => {
                unreachable!("a join with the nearest row has the columns of its sides")
            }
        });
        let columns = columns.collect::<Result<Vec<_>, EvalError>>()?;
        Ok(Table::with_rows(self.schema.clone(), columns, left.n_rows())?)
    }
}

impl Payload for AsOfIndex {
    fn nbytes(&self) -> u64 {
        // The key, the rows and their spans take about as much for a row as an integer or two.
        self.nearest.index.nbytes() + 20 * self.nearest.index.table.n_rows() as u64
    }

    /// The table; the rest is made again where it arrives.
    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let Blob { header, buffers } = blob::to_blob(&self.nearest.index.table);
        Some(Blob::encoded(&(&*self.spec, header)).map(|front| Blob { buffers, ..front }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        let (spec, header): (AsOfSpec, Vec<u8>) = reader.read_encoded()?;
        let table = blob::from_blob(&header, reader).map_err(BlobError::of::<Self>)?;
        Self::new(&Arc::new(spec), &table).map_err(BlobError::of::<Self>)
    }
}
