//! A random array as a storage that is never read.

use dask_graph::{Packer, Refused, Token, Tokenizer, Unpack, Unpacked};
use ndarray::ArrayD;
use std::sync::Arc;

use super::law::Draw;
use crate::block::Block;
use crate::chunks::indices;
use crate::element::Element;
use crate::storage::{BlockSource, Region, Span, StorageError};

/// The random numbers of a key, drawn in some way.
pub(super) struct RandomSource<D> {
    key: [u64; 2],
    draw: D,
    shape: Vec<usize>,
}

impl<D> RandomSource<D> {
    pub(super) fn new(key: [u64; 2], draw: D, shape: &[usize]) -> Self {
        Self { key, draw, shape: shape.to_vec() }
    }
}

impl<A: Element, D: Draw<A>> BlockSource<A> for RandomSource<D> {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn token(&self) -> Token {
        let token = Tokenizer::new("random").feed(&self.key[..]).feed(&self.shape);
        token.feed(format!("{:?}", self.draw).as_str()).finish()
    }

    fn label(&self) -> &'static str {
        "random"
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        let mut out = ArrayD::from_elem(region.shape(), A::default());
        let Some(elements) = out.as_slice_mut().filter(|elements| !elements.is_empty()) else {
            return Ok(Block::new(out));
        };
        // Axes that are taken whole at the end are one with the axis before them.
        let whole = |(span, &n): (&Span, &usize)| *span == Span::whole(n);
        let last = region.axes.iter().zip(&self.shape).rposition(|axis| !whole(axis)).unwrap_or(0);
        let inner: usize = self.shape.iter().skip(last + 1).product();
        let (outer, run) = region.axes.split_at(last.min(region.axes.len()));
        let run = run.first().copied().unwrap_or(Span::whole(1));
        let length = self.shape.get(last).copied().unwrap_or(1);

        let counts: Vec<u32> = outer.iter().map(|span| span.len as u32).collect();
        let mut rest = elements;
        for at in indices(&counts) {
            let line = at
                .iter()
                .zip(outer)
                .zip(&self.shape)
                .fold(0, |line, ((&at, span), &n)| line * n + span.start + at as usize * span.step);
            let first = (line * length + run.start) * inner;
            if run.is_dense() {
                let part = rest.split_off_mut(..run.len * inner).unwrap_or_default();
                self.draw.fill(self.key, first as u64, part)?;
                continue;
            }
            for nth in 0..run.len {
                let part = rest.split_off_mut(..inner).unwrap_or_default();
                self.draw.fill(self.key, (first + nth * run.step * inner) as u64, part)?;
            }
        }
        Ok(Block::new(out))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(self.key, &self.draw, &self.shape))?;
        Ok(|from| {
            let (key, draw, shape): (_, D, _) = from.state()?;
            let source = RandomSource { key, draw, shape };
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}
