//! Generalised universal functions: functions of parts of fixed axes, for all places along the others.

use dask_graph::{LayerInfo, OpError, Packer, Refused, UnpackError, Unpacker};
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice, SliceInfoElem};

use super::Array;
use super::block_map::{BlockFunction, BlockInfo, BlockMap, Blocks, MadeShapeError};
use crate::chunks::ChunksError;
use crate::element::Element;
use crate::error::ArrayError;

/// Applies a function to parts of arrays, as numpy's signatures of generalised universal functions say:
/// `"(i,j),(j)->(i)"`, with the names of an array's last axes in parentheses. The counterpart of
/// `dask.array.apply_gufunc` with one output; for more there is [`apply_gufunc_several`].
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
    let parsed = Signature::parse(signature).filter(|parsed| parsed.fits(arrays.len()));
    let Some((parsed, [output])) = parsed.as_ref().map(|parsed| (parsed, &parsed.outputs[..])) else {
        return Err(ArrayError::Signature { signature: signature.into(), arrays: arrays.len() });
    };
    let mut core = Core::new(parsed, arrays, &info)?;
    let lengths = core.lengths_of(output, sizes)?;
    let mut axes: String = (0..core.letters.loops).map(Letters::of_loop).collect();
    let letters: Vec<char> = output.iter().map(|name| core.letters.of_name(name)).collect();
    axes.extend(&letters);
    let mut map = core.map_to(axes);
    for ((name, letter), length) in output.iter().zip(letters).zip(lengths) {
        if !core.has(name) {
            map = map.chunks(letter, [length]);
        }
    }
    map.written(move |_, blocks| Ok(f(blocks)), &info)
}

/// [`apply_gufunc`] with several outputs: `"(i)->(),(i)"`.
///
/// The function gives a block for each, in their order; each has the axes that are looped over first, and its named
/// ones then. It is called once for all of them, so results that are computed together cost no more than one.
///
/// A function that gives another number of blocks, or one in another shape, is an error of the run.
///
/// # Errors
///
/// - As [`apply_gufunc`].
///
/// # Examples
///
/// ```
/// use dask_array::{Array, apply_gufunc_several, ndarray::{arr1, arr2, Axis}};
/// use dask_graph::compute_with;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr2(&[[1.0, 3.0], [2.0, 8.0]]), 1)?;
/// let made = apply_gufunc_several("(i)->(),(i)", &[&x], &[], |blocks| {
///     let last = Axis(blocks[0].ndim() - 1);
///     let mean = blocks[0].map_axis(last, |row| row.sum() / row.len() as f64);
///     let rest = &blocks[0] - &mean.clone().insert_axis(last);
///     vec![mean, rest]
/// })?;
/// let [mean, rest] = made.try_into().unwrap();
/// let sync = dask_sched_sync::Sync::new();
/// let (mean, rest) = compute_with((mean, rest), &sync, &Default::default())?;
/// assert_eq!(mean, arr1(&[2.0, 5.0]).into_dyn());
/// assert_eq!(rest, arr2(&[[-1.0, 1.0], [-3.0, 3.0]]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn apply_gufunc_several<A: Element, B: Element>(
    signature: &str,
    arrays: &[&Array<A>],
    sizes: &[(&str, usize)],
    f: impl Fn(&[ArrayViewD<'_, A>]) -> Vec<ArrayD<B>> + Send + Sync + 'static,
) -> Result<Vec<Array<B>>, ArrayError> {
    let info = LayerInfo::here();
    let parsed = Signature::parse(signature).filter(|parsed| parsed.fits(arrays.len()));
    let Some(parsed) = parsed else {
        return Err(ArrayError::Signature { signature: signature.into(), arrays: arrays.len() });
    };
    let mut core = Core::new(&parsed, arrays, &info)?;
    let shapes = parsed.outputs.iter().map(|output| core.lengths_of(output, sizes));
    let shapes = shapes.collect::<Result<Vec<_>, _>>()?;
    let counts =
        shapes.iter().map(|shape| shape.iter().try_fold(1_usize, |n, &length| n.checked_mul(length)));
    let overflow = || ChunksError::Overflow { shape: vec![usize::MAX], dtype: B::DTYPE };
    let counts = counts.collect::<Option<Vec<_>>>().ok_or_else(overflow)?;
    let total = counts.iter().try_fold(0_usize, |sum, &n| sum.checked_add(n)).ok_or_else(overflow)?;

    // All of them lie along one axis, one after the other, and are cut out of it again.
    let loops = core.letters.loops;
    let packed = core.letters.of_name("");
    let axes: String = (0..loops).map(Letters::of_loop).chain([packed]).collect();
    let together = Together { shapes: shapes.clone(), f };
    let all = core.map_to(axes).chunks(packed, [total]).written_by(together, &info)?;
    let mut from = 0;
    let mut outputs = Vec::with_capacity(shapes.len());
    for (shape, n) in shapes.iter().zip(counts) {
        let mut index = vec![SliceInfoElem::from(..); loops];
        index.push(Slice::from(from..from + n).into());
        from += n;
        let shape = [&all.shape()[..loops], shape].concat();
        outputs.push(all.sliced(&index, &info)?.reshaped(&shape, &info));
    }
    Ok(outputs)
}

/// A function of several results, and the lengths of their named axes: gives their blocks one after the other along one
/// axis.
struct Together<F> {
    shapes: Vec<Vec<usize>>,
    f: F,
}

impl<A, B, F> BlockFunction<A, B> for Together<F>
where
    A: Element,
    B: Element,
    F: Fn(&[ArrayViewD<'_, A>]) -> Vec<ArrayD<B>> + Send + Sync + 'static,
{
    fn call(&self, info: &BlockInfo, blocks: &[ArrayViewD<'_, A>]) -> Result<ArrayD<B>, OpError> {
        let made = (self.f)(blocks);
        if made.len() != self.shapes.len() {
            let (got, expected) = (made.len(), self.shapes.len());
            return Err(OpError::failed(OutputsError { got, expected }));
        }
        let loops = &info.shape[..info.shape.len().saturating_sub(1)];
        let mut flat = Vec::with_capacity(made.len());
        for (block, shape) in made.into_iter().zip(&self.shapes) {
            let expected = [loops, shape].concat();
            if block.shape() != expected {
                let (index, got) = (info.index.clone(), block.shape().to_vec());
                return Err(OpError::failed(MadeShapeError { index, got, expected }));
            }
            let shape = IxDyn(&[loops, &[shape.iter().product()]].concat());
            let block = block.as_standard_layout().into_owned();
            flat.push(block.into_shape_with_order(shape).map_err(OpError::failed)?);
        }
        let views: Vec<_> = flat.iter().map(|block| block.view()).collect();
        ndarray::concatenate(Axis(loops.len()), &views).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.shapes)?;
        to.function::<fn(Blocks<A>) -> Vec<ArrayD<B>>, F>(&self.f)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        let shapes = from.state()?;
        Ok(Self { shapes, f: from.function::<fn(Blocks<A>) -> Vec<ArrayD<B>>, F>()? })
    }
}

/// A function that gave another number of results than its signature names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function gave {got} blocks, its signature names {expected}")]
struct OutputsError {
    got: usize,
    expected: usize,
}

/// The arrays that a function is applied to, and their named axes.
struct Core<'s, A: Element> {
    inputs: Vec<(Array<A>, String)>,
    lengths: Vec<(&'s str, usize)>,
    letters: Letters<'s>,
}

impl<'s, A: Element> Core<'s, A> {
    fn new(signature: &Signature<'s>, arrays: &[&Array<A>], info: &LayerInfo) -> Result<Self, ArrayError> {
        let looped = arrays.iter().zip(&signature.inputs);
        let loops = looped.map(|(array, core)| array.ndim().saturating_sub(core.len())).max().unwrap_or(0);
        let mut letters = Letters { loops, names: Vec::new() };
        let mut inputs = Vec::with_capacity(arrays.len());
        let mut lengths: Vec<(&str, usize)> = Vec::new();
        for (array, core) in arrays.iter().zip(&signature.inputs) {
            let Some(own_loops) = array.ndim().checked_sub(core.len()) else {
                return Err(ArrayError::FewAxes { expected: core.len(), shape: array.shape().to_vec() });
            };
            for (name, &length) in core.iter().zip(&array.shape()[own_loops..]) {
                match lengths.iter().find(|(known, _)| known == name) {
                    Some(&(_, known)) if known != length => {
                        let name = (*name).into();
                        return Err(ArrayError::CoreLength { name, left: known, right: length });
                    }
                    Some(_) => {}
                    None => lengths.push((name, length)),
                }
            }
            let core_axes: Vec<usize> = (own_loops..array.ndim()).collect();
            let mut own: String = (loops - own_loops..loops).map(Letters::of_loop).collect();
            own.extend(core.iter().map(|name| letters.of_name(name)));
            inputs.push((array.with_whole_axes(&core_axes, info)?, own));
        }
        Ok(Self { inputs, lengths, letters })
    }

    /// Whether an axis of this name is in an array.
    fn has(&self, name: &str) -> bool {
        self.lengths.iter().any(|(known, _)| *known == name)
    }

    /// The lengths of the named axes of a result: those of the arrays, and those that are told.
    fn lengths_of(&self, output: &[&str], sizes: &[(&str, usize)]) -> Result<Vec<usize>, ArrayError> {
        let length = |name: &&str| {
            let known = self.lengths.iter().chain(sizes).find(|(known, _)| known == name);
            known.map(|&(_, length)| length).ok_or_else(|| ArrayError::CoreSize { name: (*name).into() })
        };
        output.iter().map(length).collect()
    }

    /// The arrays as inputs of blocks with these axes.
    fn map_to(&self, axes: String) -> BlockMap<A> {
        let map = BlockMap::to(axes).named("apply_gufunc");
        self.inputs.iter().fold(map, |map, (array, own)| map.input(array, own.as_str()))
    }
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
    outputs: Vec<Vec<&'s str>>,
}

impl<'s> Signature<'s> {
    fn parse(text: &'s str) -> Option<Self> {
        let (inputs, outputs) = text.split_once("->")?;
        Some(Self { inputs: parts(inputs)?, outputs: parts(outputs)? })
    }

    /// Whether it is of so many arrays.
    fn fits(&self, arrays: usize) -> bool {
        self.inputs.len() == arrays
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
        assert_eq!(parsed.outputs, [["m", "p_1"]]);
        let parsed = Signature::parse("(),(i)->(),(i)").unwrap();
        assert_eq!(parsed.inputs, [vec![], vec!["i"]]);
        assert_eq!(parsed.outputs, [vec![], vec!["i"]]);
        for wrong in
            ["", "(i)", "i->()", "(i)->", "(i,i)->()", "(i)(j)->()", "(i,)->()", "(i)->(j", "(i)->(),"]
        {
            assert!(Signature::parse(wrong).is_none(), "{wrong}");
        }
    }
}
