//! Ops that are their arguments and nothing else.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};

/// What a task does that has no state: all it needs to know is in its arguments.
///
/// The type says which; it is never made. Its parameters come as a value beside the blocks, in a type for which
/// [`encoded_payload`] is called, so that the task runs in any process.
pub(crate) trait Kernel: 'static {
    /// What it is called in errors, profiles and pictures.
    const NAME: &'static str;

    /// Does it.
    fn call(args: Args<'_>) -> Result<Value, OpError>;

    /// The size of what it makes, where the arguments tell.
    fn output_nbytes(_: &[Arg]) -> Option<u64> {
        None
    }
}

/// The op of a [`Kernel`].
struct KernelOp<K>(PhantomData<fn() -> K>);

/// The op that does what `K` does.
pub(crate) fn kernel_op<K: Kernel>() -> Arc<dyn Op> {
    Arc::new(KernelOp::<K>(PhantomData))
}

impl<K: Kernel> Op for KernelOp<K> {
    fn name(&self) -> Cow<'_, str> {
        K::NAME.into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        K::call(args)
    }

    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        K::output_nbytes(args)
    }

    fn is_stateless(&self) -> bool {
        true
    }

    /// Its result depends on its arguments alone.
    fn is_pure(&self) -> bool {
        true
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(Unpacked::op(KernelOp::<K>(PhantomData))))
    }
}

/// Makes parameters of a kernel, which serde encodes, a payload: `encoded_payload!(Type, |it| bytes it takes)`.
macro_rules! encoded_payload {
    ($T:ty, |$it:ident| $nbytes:expr) => {
        impl dask_graph::Payload for $T {
            fn nbytes(&self) -> u64 {
                let $it = self;
                $nbytes as u64
            }

            fn to_blob(&self) -> Option<Result<dask_graph::Blob<'_>, dask_graph::BlobError>> {
                Some(dask_graph::Blob::encoded(self))
            }

            fn from_blob(reader: &mut dask_graph::BlobReader<'_>) -> Result<Self, dask_graph::BlobError> {
                reader.read_encoded()
            }
        }
    };
}
pub(crate) use encoded_payload;

/// An axis, as a parameter of a kernel.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct AlongAxis(pub(crate) usize);

encoded_payload!(AlongAxis, |it| size_of_val(it));

impl AlongAxis {
    pub(crate) fn arg(self) -> Arg {
        Arg::Value(Value::sized(self))
    }
}
