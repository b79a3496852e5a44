//! Comparisons, questions about elements, and logic.

use dask_graph::{LayerInfo, Tokenize, Tokenizer};

use super::methods::{binary_methods, compare_methods, test_methods};
use super::{Array, Other, elementwise, feed, mixed};
use crate::element::Element;
use crate::error::ArrayError;
use crate::program::Operand;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::{BinaryOp, CompareOp, Kernels, PartOp, TestOp, UnaryOp};

/// Comparisons with an array or a number, and questions about elements. Complex numbers are ordered by their real
/// parts, and by their imaginary parts where these are equal.
impl<A: Element> Array<A> {
    compare_methods! {
        /// Where the elements are equal.
        eq Eq;
        /// Where the elements differ; NaN differs from everything.
        ne Ne;
        /// Where the elements are smaller than the other's.
        lt Lt;
        /// Where the elements are at most the other's.
        le Le;
        /// Where the elements are larger than the other's.
        gt Gt;
        /// Where the elements are at least the other's.
        ge Ge;
    }

    test_methods! {
        /// Where the elements are NaN.
        is_nan Nan;
        /// Where the elements are plus or minus infinity.
        is_infinite Infinite;
        /// Where the elements are neither NaN nor infinite.
        is_finite Finite;
    }

    binary_methods! {
        /// The smaller of two elements, NaN if either is NaN.
        minimum Min;
        /// The larger of two elements, NaN if either is NaN.
        maximum Max;
        /// The smaller of two elements, the other if one is NaN.
        fmin Fmin;
        /// The larger of two elements, the other if one is NaN.
        fmax Fmax;
    }

    /// Where the elements are equal within a tolerance: `|x - y| <= atol + rtol * |y|`, or both are the same infinity.
    ///
    /// numpy's `isclose`; integers are compared as floats.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, Tolerance, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1.0, 2.0, f64::NAN]), 2)?;
    /// let y = Array::from_ndarray(arr1(&[1.0 + 1e-9, 2.1, f64::NAN]), 2)?;
    /// let close = x.is_close(&y, Tolerance { equal_nan: true, ..Tolerance::default() })?;
    /// assert_eq!(close.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[true, false, true]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn is_close(&self, other: impl Other<A>, tolerance: Tolerance) -> Result<Array<bool>, ArrayError> {
        let params = |token: &mut Tokenizer| {
            feed(token, other.number());
            tolerance.tokenize(token);
        };
        let others: [&dyn Other<A>; 1] = [&other];
        let (inputs, operands) = mixed(&[self], &others);
        elementwise("is_close", &params, &inputs, &LayerInfo::here(), |program, x| {
            tolerance.write::<A>(program, x[0], operands(x)[0])
        })
    }

    /// Whether both elements are not zero.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn logical_and(&self, other: impl Other<A>) -> Result<Array<bool>, ArrayError> {
        self.logical("logical_and", BinaryOp::And, &other, &LayerInfo::here())
    }

    /// Whether one of two elements is not zero, or both.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn logical_or(&self, other: impl Other<A>) -> Result<Array<bool>, ArrayError> {
        self.logical("logical_or", BinaryOp::Or, &other, &LayerInfo::here())
    }

    /// Whether just one of two elements is not zero.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn logical_xor(&self, other: impl Other<A>) -> Result<Array<bool>, ArrayError> {
        self.logical("logical_xor", BinaryOp::Xor, &other, &LayerInfo::here())
    }

    /// Whether each element is zero.
    #[must_use]
    #[track_caller]
    pub fn logical_not(&self) -> Array<bool> {
        let info = LayerInfo::here();
        self.as_bool(&info).unary("not", UnaryOp::Not, &info)
    }

    fn logical(
        &self,
        operation: &str,
        op: BinaryOp,
        other: &dyn Other<A>,
        info: &LayerInfo,
    ) -> Result<Array<bool>, ArrayError> {
        self.two_operands(operation, other, false, info, |program, a, b| {
            let (a, b) = (program.cast(A::DTYPE, bool::DTYPE, a), program.cast(A::DTYPE, bool::DTYPE, b));
            program.binary(op, bool::DTYPE, a, b)
        })
    }
}

/// Questions about real numbers.
impl<A: Element<Real = A>> Array<A> {
    test_methods! {
        /// Where the elements are plus infinity.
        is_pos_infinite PosInfinite;
        /// Where the elements are minus infinity.
        is_neg_infinite NegInfinite;
        /// Where the sign is minus, of zeros and NaNs too.
        signbit Negative;
    }
}

/// How far numbers may be apart that count as equal: by `atol`, and `rtol` times the second number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Relative to the second number; 1e-5 unless set.
    pub rtol: f64,
    /// Absolute; 1e-8 unless set.
    pub atol: f64,
    /// Whether NaN counts as equal to NaN.
    pub equal_nan: bool,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { rtol: 1e-5, atol: 1e-8, equal_nan: false }
    }
}

impl Tokenize for Tolerance {
    fn tokenize(&self, token: &mut Tokenizer) {
        (self.rtol, self.atol, self.equal_nan).tokenize(token);
    }
}

impl Tolerance {
    /// Whether two numbers of type `A` are close.
    fn write<A: Element>(self, program: &mut ProgramBuilder, a: Operand, b: Operand) -> Operand {
        let (float, real, truth) = (<A::Float as Element>::DTYPE, A::RealFloat::DTYPE, bool::DTYPE);
        let number = |number: f64| Operand::Const(A::RealFloat::from_scalar(number.to_scalar()).to_scalar());
        let abs = |program: &mut ProgramBuilder, x| {
            if float.is_complex() {
                program.part(PartOp::Abs, float, real, x)
            } else {
                program.unary(UnaryOp::Abs, real, x)
            }
        };
        let (a, b) = (program.cast(A::DTYPE, float, a), program.cast(A::DTYPE, float, b));
        let difference = program.binary(BinaryOp::Sub, float, a, b);
        let distance = abs(program, difference);
        let size = abs(program, b);
        let allowed = program.binary(BinaryOp::Mul, real, size, number(self.rtol));
        let allowed = program.binary(BinaryOp::Add, real, allowed, number(self.atol));
        let near = program.compare(CompareOp::Le, real, distance, allowed);
        let finite = program.test(TestOp::Finite, float, b);
        let near = program.binary(BinaryOp::And, truth, near, finite);
        let equal = program.compare(CompareOp::Eq, float, a, b);
        let close = program.binary(BinaryOp::Or, truth, near, equal);
        if !self.equal_nan {
            return close;
        }
        let (a, b) = (program.test(TestOp::Nan, float, a), program.test(TestOp::Nan, float, b));
        let both = program.binary(BinaryOp::And, truth, a, b);
        program.binary(BinaryOp::Or, truth, close, both)
    }
}
