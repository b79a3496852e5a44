//! Two operations of floats in one loop.

use num_traits::Float;

use super::{BinaryOp, Kernels, NoKernel, Second, Src, UnaryOp, vector};

/// Runs two operations, each rounded for itself.
pub(super) fn run<T: Kernels + Float>(
    first: BinaryOp,
    second: Second,
    operands: [Src<'_, T>; 3],
    out: &mut [T],
) -> Result<(), NoKernel> {
    match first {
        BinaryOp::Add => then(second, operands, out, |a, b| a + b),
        BinaryOp::Sub => then(second, operands, out, |a, b| a - b),
        BinaryOp::Mul => then(second, operands, out, |a, b| a * b),
        BinaryOp::Div => then(second, operands, out, |a, b| a / b),
        _ => Err(NoKernel),
    }
}

/// Runs the second operation behind a first one.
fn then<T: Kernels + Float>(
    second: Second,
    operands: [Src<'_, T>; 3],
    out: &mut [T],
    first: impl Fn(T, T) -> T,
) -> Result<(), NoKernel> {
    match second {
        Second::Left(BinaryOp::Add) => vector::map3(operands, out, |a, b, c| first(a, b) + c),
        Second::Left(BinaryOp::Sub) => vector::map3(operands, out, |a, b, c| first(a, b) - c),
        Second::Right(BinaryOp::Sub) => vector::map3(operands, out, |a, b, c| c - first(a, b)),
        Second::Left(BinaryOp::Mul) => vector::map3(operands, out, |a, b, c| first(a, b) * c),
        Second::Left(BinaryOp::Div) => vector::map3(operands, out, |a, b, c| first(a, b) / c),
        Second::Right(BinaryOp::Div) => vector::map3(operands, out, |a, b, c| c / first(a, b)),
        Second::Left(BinaryOp::Min) => vector::map3(operands, out, |a, b, c| T::least(first(a, b), c)),
        Second::Left(BinaryOp::Max) => vector::map3(operands, out, |a, b, c| T::greatest(first(a, b), c)),
        Second::Alone(UnaryOp::Neg) => vector::map3(operands, out, |a, b, _| -first(a, b)),
        Second::Alone(UnaryOp::Abs) => vector::map3(operands, out, |a, b, _| first(a, b).abs()),
        Second::Alone(UnaryOp::Square) => vector::map3(operands, out, |a, b, _| {
            let value = first(a, b);
            value * value
        }),
        Second::Alone(UnaryOp::Sqrt) => vector::map3(operands, out, |a, b, _| first(a, b).sqrt()),
        _ => return Err(NoKernel),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRSTS: [BinaryOp; 4] = [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div];
    const SECONDS: [Second; 12] = [
        Second::Left(BinaryOp::Add),
        Second::Left(BinaryOp::Sub),
        Second::Left(BinaryOp::Mul),
        Second::Left(BinaryOp::Div),
        Second::Left(BinaryOp::Min),
        Second::Left(BinaryOp::Max),
        Second::Right(BinaryOp::Sub),
        Second::Right(BinaryOp::Div),
        Second::Alone(UnaryOp::Neg),
        Second::Alone(UnaryOp::Abs),
        Second::Alone(UnaryOp::Square),
        Second::Alone(UnaryOp::Sqrt),
    ];

    /// The operations one after the other.
    fn singly<T: Kernels>(first: BinaryOp, second: Second, [a, b, c]: [Src<'_, T>; 3], out: &mut [T]) {
        let mut between = out.to_vec();
        T::binary(first, a, b, &mut between).unwrap();
        let between = Src::Slice(&between);
        match second {
            Second::Left(op) => T::binary(op, between, c, out).unwrap(),
            Second::Right(op) => T::binary(op, c, between, out).unwrap(),
            Second::Alone(op) => T::unary(op, between, out).unwrap(),
        }
    }

    fn check<T: Kernels + Float>(numbers: &[T]) {
        // All triples, of which the tiles are longer than the pieces that numbers are repeated for.
        let n = numbers.len();
        let tile = |step: usize| -> Vec<T> { (0..n * n * n).map(|i| numbers[i / step % n]).collect() };
        let tiles = [tile(1), tile(n), tile(n * n)];
        let (mut got, mut want) = (tiles[0].clone(), tiles[0].clone());
        for first in FIRSTS {
            for second in SECONDS {
                for splats in 0..8 {
                    let operands = [0, 1, 2].map(|at| match splats >> at & 1 {
                        0 => Src::Slice(&tiles[at][..]),
                        _ => Src::Splat(numbers[at]),
                    });
                    run(first, second, operands, &mut got).unwrap();
                    singly(first, second, operands, &mut want);
                    for (got, want) in got.iter().zip(&want) {
                        let is_same =
                            got.integer_decode() == want.integer_decode() || got.is_nan() && want.is_nan();
                        assert!(is_same, "{first:?} {second:?} {splats}: {got}, expected {want}");
                    }
                }
            }
        }
    }

    #[test]
    fn two_operations_at_once_are_two_operations() {
        check(&[0.1_f64, -0.0, 3.0, 1e300, -2.5e-300, f64::INFINITY, f64::NAN, 1.0 + f64::EPSILON]);
        check(&[0.1_f32, -0.0, 3.0, 1e38, -2.5e-38, f32::INFINITY, f32::NAN, 1.0 + f32::EPSILON]);
    }
}
