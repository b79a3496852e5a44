//! Generalised universal functions: functions of parts of fixed axes, for all places along the others.

use dask_graph::LayerInfo;
use ndarray::{ArrayD, ArrayViewD};

use super::Array;
use super::block_map::BlockMap;
use crate::element::Element;
use crate::error::ArrayError;

/// Applies a function to parts of arrays, as numpy's signatures of generalised universal functions say:
/// `"(i,j),(j)->(i)"`, with the names of an array's last axes in parentheses. The counterpart of
/// `dask.array.apply_gufunc` with one output.
///
/// The axes before the named ones are broadcast against each other, and blocks along them are worked on apart. The
/// function gets one block of each array, whole along the named axes, which are its last ones, and gives the block of
/// the result. How long an axis is that only the result has, `sizes` says.
///
/// # Errors
///
/// - When the signature cannot be read, or is of another number of arrays.
/// - When an array has fewer axes than its part of the signature.
/// - When axes of the same name have different lengths, or the other axes do not broadcast.
/// - When an axis of the result has no length.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, apply_gufunc, ndarray::{arr1, arr2, Axis}};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]]), 1)?;
/// let spread = apply_gufunc("(i)->()", &[&x], &[], |blocks| {
///     let block = &blocks[0];
///     block.map_axis(Axis(block.ndim() - 1), |row| row[row.len() - 1] - row[0])
/// })?;
/// assert_eq!(spread.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1.0, 1.0, 4.0]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn apply_gufunc<A: Element, B: Element>(
    signature: &str,
    arrays: &[&Array<A>],
    sizes: &[(&str, usize)],
    f: impl Fn(&[ArrayViewD<'_, A>]) -> ArrayD<B> + Send + Sync + 'static,
) -> Result<Array<B>, ArrayError> {
    let info = LayerInfo::here();
    let parsed = Signature::parse(signature).filter(|parsed| parsed.inputs.len() == arrays.len());
    let Some(parsed) = parsed else {
        return Err(ArrayError::Signature { signature: signature.into(), arrays: arrays.len() });
    };
    let loops =
        arrays.iter().zip(&parsed.inputs).map(|(array, core)| array.ndim().saturating_sub(core.len()));
    let loops = loops.max().unwrap_or(0);
    let mut letters = Letters { loops, names: Vec::new() };

    let mut inputs = Vec::with_capacity(arrays.len());
    let mut lengths: Vec<(&str, usize)> = Vec::new();
    for (array, core) in arrays.iter().zip(&parsed.inputs) {
        let Some(own_loops) = array.ndim().checked_sub(core.len()) else {
            return Err(ArrayError::FewAxes { expected: core.len(), shape: array.shape().to_vec() });
        };
        for (name, &length) in core.iter().zip(&array.shape()[own_loops..]) {
            match lengths.iter().find(|(known, _)| known == name) {
                Some(&(_, known)) if known != length => {
                    return Err(ArrayError::CoreLength { name: (*name).into(), left: known, right: length });
                }
                Some(_) => {}
                None => lengths.push((name, length)),
            }
        }
        let core_axes: Vec<usize> = (own_loops..array.ndim()).collect();
        let mut own: String = (loops - own_loops..loops).map(Letters::of_loop).collect();
        own.extend(core.iter().map(|name| letters.of_name(name)));
        inputs.push((array.with_whole_axes(&core_axes, &info)?, own));
    }

    let mut output: String = (0..loops).map(Letters::of_loop).collect();
    output.extend(parsed.output.iter().map(|name| letters.of_name(name)));
    let mut map = BlockMap::to(output).named("apply_gufunc");
    for (array, own) in &inputs {
        map = map.input(array, own.as_str());
    }
    for name in parsed.output.iter().filter(|name| !lengths.iter().any(|(known, _)| known == *name)) {
        let size = sizes.iter().find(|(known, _)| known == name);
        let Some(&(_, size)) = size else {
            return Err(ArrayError::CoreSize { name: (*name).into() });
        };
        map = map.chunks(letters.of_name(name), [size]);
    }
    map.written(move |_, blocks| Ok(f(blocks)), &info)
}

/// The letters of axes: first those that are looped over, then the named ones.
struct Letters<'s> {
    loops: usize,
    names: Vec<&'s str>,
}

impl<'s> Letters<'s> {
    fn of_loop(axis: usize) -> char {
        char::from_u32(0x1_0000 + axis as u32).unwrap_or('?')
    }

    fn of_name(&mut self, name: &'s str) -> char {
        let at = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        Self::of_loop(self.loops + at)
    }
}

/// The names of the arrays' last axes.
struct Signature<'s> {
    inputs: Vec<Vec<&'s str>>,
    output: Vec<&'s str>,
}

impl<'s> Signature<'s> {
    fn parse(text: &'s str) -> Option<Self> {
        let (inputs, output) = text.split_once("->")?;
        let mut outputs = parts(output)?;
        if outputs.len() != 1 {
            return None;
        }
        Some(Self { inputs: parts(inputs)?, output: outputs.pop()? })
    }
}

/// What stands in parentheses, one after the other with commas between.
fn parts(text: &str) -> Option<Vec<Vec<&str>>> {
    let mut all = Vec::new();
    let mut rest = text.trim();
    loop {
        let (inside, behind) = rest.strip_prefix('(')?.split_once(')')?;
        let names: Vec<&str> = inside.split(',').map(str::trim).collect();
        let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let is_new = |(at, name): (usize, &&str)| !names[..at].contains(name);
        match inside.trim() {
            "" => all.push(Vec::new()),
            _ if names.iter().all(is_name) && names.iter().enumerate().all(is_new) => {
                all.push(names);
            }
            _ => return None,
        }
        let behind = behind.trim();
        if behind.is_empty() {
            return Some(all);
        }
        rest = behind.strip_prefix(',')?.trim();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_read_as_numpy_reads_them() {
        let parsed = Signature::parse("(m, n),( n ,p_1)->(m,p_1)").unwrap();
        assert_eq!(parsed.inputs, [["m", "n"], ["n", "p_1"]]);
        assert_eq!(parsed.output, ["m", "p_1"]);
        let parsed = Signature::parse("(),(i)->()").unwrap();
        assert_eq!(parsed.inputs, [vec![], vec!["i"]]);
        assert_eq!(parsed.output, Vec::<&str>::new());
        for wrong in
            ["", "(i)", "i->()", "(i)->", "(i,i)->()", "(i)->(),()", "(i)(j)->()", "(i,)->()", "(i)->(j"]
        {
            assert!(Signature::parse(wrong).is_none(), "{wrong}");
        }
    }
}
