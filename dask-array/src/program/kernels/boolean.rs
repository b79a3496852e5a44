//! Kernels of truth values: `+` is or, `*` is and, as in numpy.

use super::common::{cast_value, common_kernels, ordered_kernels};
use super::{AnySlice, AnySrc, Banks, BinaryOp, Kernels, NoKernel, Src, TestOp, UnaryOp, copy, map1, map2};
use crate::element::Scalar;

impl Kernels for bool {
    common_kernels!(bool Bool bools);
    ordered_kernels!();
    fn bools_mut(slice: &mut [Self]) -> Option<&mut [bool]> {
        Some(slice)
    }
    fn bytes_mut(_: &mut [Self]) -> Option<&mut [u8]> {
        None
    }
    fn from_byte(byte: u8) -> Self {
        byte != 0
    }
    fn one() -> Self {
        true
    }
    fn ramp(start: Self, step: Self, first: usize, out: &mut [Self]) {
        for (i, out) in out.iter_mut().enumerate() {
            *out = start || (step && first + i > 0);
        }
    }
    fn unary(op: UnaryOp, a: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
        match op {
            UnaryOp::Not => map1(a, out, |x: bool| !x),
            UnaryOp::Abs | UnaryOp::Square => copy(a, out),
            _ => return Err(NoKernel),
        }
        Ok(())
    }
    fn binary(op: BinaryOp, a: Src<'_, Self>, b: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
        match op {
            BinaryOp::Add | BinaryOp::Max | BinaryOp::Fmax | BinaryOp::Or => map2(a, b, out, |a, b| a | b),
            BinaryOp::Mul | BinaryOp::Min | BinaryOp::Fmin | BinaryOp::And => map2(a, b, out, |a, b| a & b),
            BinaryOp::Xor => map2(a, b, out, |a, b| a ^ b),
            _ => return Err(NoKernel),
        }
        Ok(())
    }
    fn test(op: TestOp, _: Src<'_, Self>, out: &mut [bool]) {
        out.fill(op == TestOp::Finite);
    }
    fn lowest() -> Self {
        false
    }
    fn highest() -> Self {
        true
    }
    #[inline(always)]
    fn add(a: Self, b: Self) -> Self {
        a | b
    }
    #[inline(always)]
    fn mul(a: Self, b: Self) -> Self {
        a & b
    }
}
