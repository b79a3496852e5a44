//! Random arrays whose parameters differ from place to place.

use dask_graph::{LayerInfo, OpError, Packer, Refused, UnpackError, Unpacker};
use ndarray::{ArrayD, ArrayViewD};

use super::law::Draw;
use super::{Generator, key_of};
use crate::array::{Array, BlockFunction, BlockInfo, BlockMap, Other, broadcast_shape, letters};
use crate::chunks::ChunkSpec;
use crate::element::Element;
use crate::error::ArrayError;

/// A number as a parameter, if it is one of this type.
pub(super) trait Parameter: Sized {
    fn of(number: f64) -> Option<Self>;
}

impl Parameter for f64 {
    fn of(number: f64) -> Option<Self> {
        Some(number)
    }
}

impl Parameter for u64 {
    fn of(number: f64) -> Option<Self> {
        // All whole numbers below are told apart.
        let is_whole = (0.0..=(1_u64 << 53) as f64).contains(&number) && number.fract() == 0.0;
        is_whole.then_some(number as u64)
    }
}

impl Generator {
    /// Draws each element by the law that `law` makes of the parameters at its place.
    pub(super) fn drawn_each<B: Element, D: Draw<B>>(
        &mut self,
        parameters: &[&dyn Other<f64>],
        law: impl Fn(&[f64]) -> Result<D, ArrayError> + Send + Sync + 'static,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let array = |parameter: &&dyn Other<f64>| match (parameter.array(), parameter.number()) {
            (Some(array), _) => Ok(array.clone()),
            (None, number) => Array::full_with(&[], ChunkSpec::Whole, number.unwrap_or_default(), info),
        };
        let parameters = parameters.iter().map(array).collect::<Result<Vec<_>, _>>()?;
        let shape = broadcast_shape(parameters.iter().map(Array::shape))?;
        let ndim = shape.len();
        let mut map = BlockMap::to(letters(0..ndim)).named("random");
        for parameter in &parameters {
            map = map.input(parameter, letters(ndim - parameter.ndim()..ndim));
        }
        let array = map.written_by(Each { key: key_of(self.seed, self.made), shape, law }, info)?;
        self.made += 1;
        Ok(array)
    }
}

/// Draws the elements of a block, each by a law of its own.
struct Each<F> {
    key: [u64; 2],
    /// The shape of the array.
    shape: Vec<usize>,
    law: F,
}

impl<B, D, F> BlockFunction<f64, B> for Each<F>
where
    B: Element,
    D: Draw<B>,
    F: Fn(&[f64]) -> Result<D, ArrayError> + Send + Sync + 'static,
{
    fn call(&self, info: &BlockInfo, blocks: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<B>, OpError> {
        let mut out = ArrayD::from_elem(&*info.shape, B::default());
        let parameters = blocks.iter().map(|block| broadcast(block, &info.shape));
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        let mut parameters: Vec<_> = parameters.iter().map(|parameter| parameter.iter()).collect();
        let mut given = Vec::with_capacity(parameters.len());
        for (at, element) in out.indexed_iter_mut() {
            given.clear();
            given.extend(parameters.iter_mut().filter_map(|each| each.next().copied()));
            let places = info.offset.iter().zip(&self.shape).enumerate();
            let place = places.fold(0, |place, (axis, (from, n))| place * n + from + at[axis]);
            let law = (self.law)(&given).map_err(OpError::failed)?;
            let element = std::slice::from_mut(element);
            law.fill(self.key, place as u64, element).map_err(OpError::failed)?;
        }
        Ok(out)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&(self.key, &self.shape))?;
        to.function::<fn(&'static [f64]) -> Result<D, ArrayError>, F>(&self.law)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        let (key, shape) = from.state()?;
        Ok(Self { key, shape, law: from.function::<fn(&'static [f64]) -> Result<D, ArrayError>, F>()? })
    }
}

/// The block in the shape of the one that is drawn.
fn broadcast<'b>(block: &'b ArrayViewD<'_, f64>, shape: &[usize]) -> Result<ArrayViewD<'b, f64>, OpError> {
    block.broadcast(shape).ok_or_else(|| {
        let (left, right) = (block.shape().to_vec(), shape.to_vec());
        OpError::failed(ArrayError::Broadcast { left, right })
    })
}
