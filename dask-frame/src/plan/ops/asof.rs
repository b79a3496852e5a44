//! Joins of one partition with the nearest rows.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Blob, BlobError, BlobReader, Op, OpError, Packer, Payload, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use crate::error::EvalError;
use crate::kernel::asof::{LeftKeys, Nearest};
use crate::pack::pack;
use crate::plan::asof::AsOfSpec;
use crate::plan::join::Side;
use crate::schema::Schema;
use crate::table::{Table, blob};

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
        let nearest = Nearest::new(&self.spec, &table).map_err(OpError::failed)?;
        Ok(Value::sized(AsOfIndex { spec: Arc::clone(&self.spec), nearest }))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Each row with the nearest.
pub(super) fn join(
    spec: &AsOfSpec,
    schema: &Schema,
    left: &Table,
    index: &AsOfIndex,
) -> Result<Table, EvalError> {
    let rows = index.nearest.rows(spec, &LeftKeys::new(spec, left)?);
    let right = &index.nearest.index.table;
    let columns = spec.columns.iter().map(|column| match &column.from {
        Side::Left(name) => Ok(left.column(name)?.clone()),
        Side::Right(name) => Ok(right.column(name)?.take(&rows)),
        Side::Key(_) | Side::Indicator => {
            unreachable!("a join with the nearest row has the columns of its sides")
        }
    });
    let columns = columns.collect::<Result<Vec<_>, EvalError>>()?;
    Ok(Table::with_rows(schema.clone(), columns, left.n_rows())?)
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
        let nearest = Nearest::new(&spec, &table).map_err(BlobError::of::<Self>)?;
        Ok(Self { spec: Arc::new(spec), nearest })
    }
}
