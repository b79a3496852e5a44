//! Kernels of half-precision floats, which are those of `f32`, rounded.
//!
//! numpy computes as well: each operation takes its operands to `float32`, and its result, rounded once, back. Tiles
//! go both ways by the machine's instructions, where it has them, and through two or three buffers that stay in the
//! first-level cache.

use half::slice::HalfFloatSliceExt;

use super::common::{cast_value, common_kernels, ordered_kernels};
use super::{AnySlice, AnySrc, Banks, BinaryOp, Kernels, NoKernel, Src, TestOp, UnaryOp, map1, map2};
use crate::element::{Real, Scalar, f16};

/// Elements that are widened at a time.
const PIECE: usize = 256;

/// The part of an operand from `start` on that is as long as `buffer`, widened.
fn widened<'a>(src: Src<'_, f16>, start: usize, buffer: &'a mut [f32]) -> Src<'a, f32> {
    match src {
        Src::Slice(tile) => {
            tile[start..start + buffer.len()].convert_to_f32_slice(buffer);
            Src::Slice(buffer)
        }
        Src::Splat(number) => Src::Splat(number.to_f32()),
    }
}

/// Writes what `compute` makes of each piece of two operands.
fn rounded(
    [a, b]: [Src<'_, f16>; 2],
    out: &mut [f16],
    mut compute: impl FnMut(Src<'_, f32>, Src<'_, f32>, &mut [f32]) -> Result<(), NoKernel>,
) -> Result<(), NoKernel> {
    let (mut of_a, mut of_b, mut result) = ([0.0; PIECE], [0.0; PIECE], [0.0; PIECE]);
    for (at, out) in out.chunks_mut(PIECE).enumerate() {
        let (start, n) = (at * PIECE, out.len());
        let (a, b) = (widened(a, start, &mut of_a[..n]), widened(b, start, &mut of_b[..n]));
        compute(a, b, &mut result[..n])?;
        out.convert_from_f32_slice(&result[..n]);
    }
    Ok(())
}

/// The neighbour of a number in the direction of another: the next pattern of bits, or the one before.
fn nextafter(from: f16, towards: f16) -> f16 {
    if from.is_nan() || towards.is_nan() {
        f16::NAN
    } else if from == towards {
        towards
    } else if from == f16::ZERO {
        f16::from_bits(1).copysign(towards)
    } else if (from < towards) == (from > f16::ZERO) {
        f16::from_bits(from.to_bits() + 1)
    } else {
        f16::from_bits(from.to_bits() - 1)
    }
}

impl Kernels for f16 {
    common_kernels!(f16 F16 f16s);
    ordered_kernels!();

    fn bytes_mut(slice: &mut [Self]) -> Option<&mut [u8]> {
        Some(bytemuck::cast_slice_mut(slice))
    }

    fn from_byte(byte: u8) -> Self {
        f16::from(byte)
    }

    fn one() -> Self {
        f16::ONE
    }

    fn ramp(start: Self, step: Self, first: usize, out: &mut [Self]) {
        let (start, step) = (start.to_f32(), step.to_f32());
        for (i, out) in out.iter_mut().enumerate() {
            *out = f16::from_f32(start + step * (first + i) as f32);
        }
    }

    fn unary(op: UnaryOp, a: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
        rounded([a, Src::Splat(f16::ZERO)], out, |a, _, out| f32::unary(op, a, out))
    }

    fn binary(op: BinaryOp, a: Src<'_, Self>, b: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
        match op {
            BinaryOp::Nextafter => map2(a, b, out, nextafter),
            _ => rounded([a, b], out, |a, b, out| f32::binary(op, a, b, out))?,
        }
        Ok(())
    }

    fn test(op: TestOp, a: Src<'_, Self>, out: &mut [bool]) {
        let mut buffer = [0.0; PIECE];
        for (at, out) in out.chunks_mut(PIECE).enumerate() {
            f32::test(op, widened(a, at * PIECE, &mut buffer[..out.len()]), out);
        }
    }

    fn lowest() -> Self {
        f16::NEG_INFINITY
    }

    fn highest() -> Self {
        f16::INFINITY
    }

    #[inline(always)]
    fn add(a: Self, b: Self) -> Self {
        a + b
    }

    #[inline(always)]
    fn mul(a: Self, b: Self) -> Self {
        a * b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(x: f32) -> f16 {
        f16::from_f32(x)
    }

    #[test]
    fn neighbours_are_the_next_numbers() {
        let smallest = f16::from_bits(1);
        assert_eq!(nextafter(of(1.0), of(2.0)), of(1.0) + f16::EPSILON);
        assert_eq!(nextafter(of(-1.0), of(-2.0)), of(-1.0) - f16::EPSILON);
        assert_eq!(nextafter(of(-0.0), of(1.0)), smallest);
        assert_eq!(nextafter(of(0.0), of(-1.0)), -smallest);
        assert_eq!(nextafter(smallest, of(-1.0)), f16::ZERO);
        assert_eq!(nextafter(f16::MAX, f16::INFINITY), f16::INFINITY);
        assert_eq!(nextafter(f16::NEG_INFINITY, of(0.0)), f16::MIN);
        assert!(nextafter(f16::NAN, of(0.0)).is_nan());
    }

    #[test]
    fn tiles_longer_than_a_piece_are_computed_whole() {
        let numbers: Vec<f16> = (0..2 * PIECE + 3).map(|i| of(i as f32)).collect();
        let mut out = vec![f16::ZERO; numbers.len()];
        f16::binary(BinaryOp::Div, Src::Slice(&numbers), Src::Splat(of(4.0)), &mut out).unwrap();
        assert!(out.iter().zip(&numbers).all(|(out, number)| *out == of(number.to_f32() / 4.0)));
        let mut tests = vec![false; numbers.len()];
        f16::test(TestOp::Finite, Src::Slice(&numbers), &mut tests);
        assert!(tests.iter().all(|finite| *finite));
    }

    #[test]
    fn casts_round_once_to_the_nearest_even() {
        let mut out = [f16::ZERO; 4];
        // Just above the middle between 1 and the number after it: by way of `f32` it would be the middle itself.
        let middle = 1.0 + f64::from(f16::EPSILON) / 2.0;
        f16::cast_from(f64::any(Src::Slice(&[middle, middle + 1e-12, 65520.0 - 1e-9, 65520.0])), &mut out);
        assert_eq!(out, [of(1.0), of(1.0) + f16::EPSILON, f16::MAX, f16::INFINITY]);
        f16::cast_from(f64::any(Src::Slice(&[1e-300, -1e300, f64::NEG_INFINITY, f64::NAN])), &mut out);
        assert_eq!(out[..3], [f16::ZERO, f16::NEG_INFINITY, f16::NEG_INFINITY]);
        assert!(out[3].is_nan());
        let mut out = [f16::ZERO; 3];
        f16::cast_from(i64::any(Src::Slice(&[2049, 2051, i64::MIN])), &mut out);
        assert_eq!(out, [of(2048.0), of(2052.0), f16::NEG_INFINITY]);
        let mut out = [0_i8; 3];
        i8::cast_from(f16::any(Src::Slice(&[of(-1.9), f16::INFINITY, f16::NAN])), &mut out);
        assert_eq!(out, [-1, i8::MAX, 0]);
    }
}
