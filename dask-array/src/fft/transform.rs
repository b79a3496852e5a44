//! One line, and who transforms it.

use std::cell::RefCell;

use realfft::RealFftPlanner;
use rustfft::{FftDirection, FftPlanner};

use crate::element::{Element, Inexact, Real, c64, c128};

/// A type of real numbers whose lines are transformed: `f32` and `f64`.
pub trait Transform: Real {
    /// The type of complex numbers made of two.
    type Complex: Inexact + Element<RealFloat = Self>;

    /// A complex number.
    fn complex(re: Self, im: Self) -> Self::Complex;
    /// The real and the imaginary part.
    fn parts(z: Self::Complex) -> (Self, Self);
    /// The number times a factor.
    fn scaled(self, factor: f64) -> Self;
    /// Transforms a line in place, not scaled.
    fn transform(line: &mut [Self::Complex], inverse: bool);
    /// The first half of the transform of a real line, which is used up.
    fn transform_real(line: &mut [Self], half: &mut [Self::Complex]);
    /// The real line whose transform has this first half, which is used up; not scaled.
    fn transform_to_real(half: &mut [Self::Complex], line: &mut [Self]);
}

macro_rules! transforms {
    ($($T:ident $Complex:ident $PLANS:ident),*) => {$(
        thread_local! {
            /// The plans of this thread: for each length that it has met, and memory to work in.
            static $PLANS: RefCell<(FftPlanner<$T>, RealFftPlanner<$T>, Vec<$Complex>)> =
                RefCell::new((FftPlanner::new(), RealFftPlanner::new(), Vec::new()));
        }

        impl Transform for $T {
            type Complex = $Complex;

            fn complex(re: Self, im: Self) -> $Complex {
                $Complex::new(re, im)
            }
            fn parts(z: $Complex) -> (Self, Self) {
                (z.re, z.im)
            }
            fn scaled(self, factor: f64) -> Self {
                self * factor as $T
            }
            fn transform(line: &mut [$Complex], inverse: bool) {
                let direction = if inverse { FftDirection::Inverse } else { FftDirection::Forward };
                $PLANS.with_borrow_mut(|(planner, _, scratch)| {
                    let plan = planner.plan_fft(line.len(), direction);
                    scratch.resize(plan.get_inplace_scratch_len().max(scratch.len()), $Complex::default());
                    plan.process_with_scratch(line, scratch);
                });
            }
            fn transform_real(line: &mut [Self], half: &mut [$Complex]) {
                $PLANS.with_borrow_mut(|(_, planner, scratch)| {
                    let plan = planner.plan_fft_forward(line.len());
                    scratch.resize(plan.get_scratch_len().max(scratch.len()), $Complex::default());
                    // Only lengths that do not fit are errors, and these do.
                    let _ = plan.process_with_scratch(line, half, scratch);
                });
            }
            fn transform_to_real(half: &mut [$Complex], line: &mut [Self]) {
                $PLANS.with_borrow_mut(|(_, planner, scratch)| {
                    let plan = planner.plan_fft_inverse(line.len());
                    scratch.resize(plan.get_scratch_len().max(scratch.len()), $Complex::default());
                    // What has to be real for a real line to be its transform was made so.
                    let _ = plan.process_with_scratch(half, line, scratch);
                });
            }
        }
    )*};
}
transforms!(f32 c64 SINGLE, f64 c128 DOUBLE);
