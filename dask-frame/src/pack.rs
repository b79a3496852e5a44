//! How the ops of frames leave the process: each is data, encoded as a whole.

use dask_graph::{Op, Packer, Refused, Unpack, Unpacked};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn pack<O: Op + Serialize + DeserializeOwned>(op: &O, to: &mut Packer) -> Result<Unpack, Refused> {
    to.state(op)?;
    Ok(|from| Ok(Unpacked::op(from.state::<O>()?)))
}
