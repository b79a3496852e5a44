//! Blockwise layers with parts exchanged.

use dask_graph::{BlockArg, Blockwise, Layer, Name};

/// The layer under a name and with arguments of as many blocks; `None` if the arguments do not fit.
pub(crate) fn rebuilt(layer: &Blockwise, name: &Name, args: Vec<BlockArg>) -> Option<Blockwise> {
    let builder = Blockwise::builder(name, layer.op().clone(), layer.output()).info(layer.info().clone());
    let contracted = layer.contracted().iter();
    let builder = contracted.fold(builder, |builder, &(axis, n)| builder.contract(axis, n));
    args.into_iter().fold(builder, |builder, arg| builder.arg(arg)).build().ok()
}
