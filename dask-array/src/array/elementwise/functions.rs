//! Exponentials, logarithms, and the functions of angles.
//!
//! Integers and bools become `f64` first, where numpy takes narrower floats for the narrower of them.

use dask_graph::LayerInfo;

use super::methods::{float_binary_methods, float_methods};
use super::{Array, Other};
use crate::element::Element;
use crate::error::ArrayError;
use crate::program::kernels::{BinaryOp, UnaryOp};

/// Functions of real and complex numbers.
///
/// Real numbers give real numbers, NaN where there is none; complex numbers give the principal value.
impl<A: Element> Array<A> {
    float_methods! { Float:
        /// Square roots.
        sqrt Sqrt;
        /// e to the power of the elements.
        exp Exp;
        /// 2 to the power of the elements.
        exp2 Exp2;
        /// `exp(x) - 1`, accurate near zero.
        expm1 Expm1;
        /// Natural logarithms.
        log Log;
        /// Logarithms to base 2.
        log2 Log2;
        /// Logarithms to base 10.
        log10 Log10;
        /// `log(1 + x)`, accurate near zero.
        log1p Log1p;
        /// Sines.
        sin Sin;
        /// Cosines.
        cos Cos;
        /// Tangents.
        tan Tan;
        /// Angles whose sines the elements are.
        arcsin Arcsin;
        /// Angles whose cosines the elements are.
        arccos Arccos;
        /// Angles whose tangents the elements are.
        arctan Arctan;
        /// Hyperbolic sines.
        sinh Sinh;
        /// Hyperbolic cosines.
        cosh Cosh;
        /// Hyperbolic tangents.
        tanh Tanh;
        /// Inverse hyperbolic sines.
        arcsinh Arcsinh;
        /// Inverse hyperbolic cosines.
        arccosh Arccosh;
        /// Inverse hyperbolic tangents.
        arctanh Arctanh;
        /// `sin(πx) / πx`, 1 at zero.
        sinc Sinc;
    }
}

/// Functions of real numbers.
impl<A: Element<Real = A>> Array<A> {
    float_methods! { RealFloat:
        /// Cube roots.
        cbrt Cbrt;
        /// Radians as degrees: numpy's `degrees` and `rad2deg`.
        degrees Degrees;
        /// Degrees as radians: numpy's `radians` and `deg2rad`.
        radians Radians;
    }

    float_binary_methods! {
        /// The angles of the points (other, self), from -π to π.
        arctan2 Arctan2;
        /// `log(exp(x) + exp(y))`, without overflow on the way.
        logaddexp Logaddexp;
        /// `log2(2ˣ + 2ʸ)`, without overflow on the way.
        logaddexp2 Logaddexp2;
    }
}
