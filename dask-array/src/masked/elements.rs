//! Masked arrays in memory.

use std::fmt;

use ndarray::{ArrayD, Zip};

use crate::element::Element;

/// A masked array in memory: what computing a [`MaskedArray`](super::MaskedArray) gives.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskedElements<A> {
    /// The elements, those that are masked among them.
    pub data: ArrayD<A>,
    /// Where elements are masked.
    pub mask: ArrayD<bool>,
    /// What stands for masked elements where they are to be filled in.
    pub fill_value: A,
}

impl<A: Element> MaskedElements<A> {
    /// The elements with the fill value in place of those that are masked.
    pub fn filled(&self) -> ArrayD<A> {
        let fill = |&masked: &bool, &element: &A| if masked { self.fill_value } else { element };
        Zip::from(&self.mask).and(&self.data).map_collect(fill)
    }

    /// The elements that are not masked, in row-major order.
    pub fn compressed(&self) -> Vec<A> {
        let elements = self.data.iter().zip(&self.mask);
        elements.filter(|(_, masked)| !**masked).map(|(&element, _)| element).collect()
    }
}

impl<A: Element> fmt::Display for MaskedElements<A> {
    /// As ndarray shows arrays, with `--` for masked elements.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |&masked: &bool, &element: &A| Shown((!masked).then_some(element));
        fmt::Display::fmt(&Zip::from(&self.mask).and(&self.data).map_collect(show), f)
    }
}

/// An element, if it is not masked.
#[derive(Clone)]
struct Shown<A>(Option<A>);

impl<A: Element> fmt::Display for Shown<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(element) => fmt::Display::fmt(element, f),
            None => f.write_str("--"),
        }
    }
}
