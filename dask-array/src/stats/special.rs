//! Tails of distributions, from the incomplete gamma and beta functions.
//!
//! Series and continued fractions as in *Numerical Recipes* (Press et al., chapter 6), the latter by Lentz's method; the
//! logarithm of the gamma function by Lanczos' approximation with g = 7.

use std::f64::consts::PI;

/// Terms after which a series or fraction is taken as it is. What is asked for needs about the root of its largest
/// argument.
const MAX_TERMS: usize = 100_000;

/// The logarithm of the gamma function of a positive number.
fn ln_gamma(x: f64) -> f64 {
    const LANCZOS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        return (PI / (PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let t = x + 7.5;
    let sum = LANCZOS[1..].iter().zip(1..).fold(LANCZOS[0], |sum, (&c, i)| sum + c / (x + f64::from(i)));
    (2.0 * PI).sqrt().ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The upper part of the incomplete gamma function, by the whole.
pub(super) fn gamma_upper(a: f64, x: f64) -> f64 {
    if a.is_nan() || x.is_nan() || a <= 0.0 || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let scale = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for n in 1..MAX_TERMS {
            term *= x / (a + n as f64);
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        return 1.0 - sum * scale;
    }
    let (mut b, mut c) = (x + 1.0 - a, f64::INFINITY);
    let mut d = 1.0 / b;
    let mut h = d;
    for n in 1..MAX_TERMS {
        let n = n as f64;
        let step = -n * (n - a);
        b += 2.0;
        d = 1.0 / nonzero(step * d + b);
        c = nonzero(b + step / c);
        h *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    scale * h
}

/// The incomplete beta function, by the whole.
pub(super) fn beta(a: f64, b: f64, x: f64) -> f64 {
    if a.is_nan() || b.is_nan() || x.is_nan() || a <= 0.0 || b <= 0.0 || !(0.0..=1.0).contains(&x) {
        return f64::NAN;
    }
    if x == 0.0 || x == 1.0 {
        return x;
    }
    let scale = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        scale * beta_fraction(a, b, x) / a
    } else {
        1.0 - scale * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for n in 1..MAX_TERMS {
        let n = n as f64;
        let even = n * (b - n) * x / ((a + 2.0 * n - 1.0) * (a + 2.0 * n));
        d = 1.0 / nonzero(1.0 + even * d);
        c = nonzero(1.0 + even / c);
        h *= d * c;
        let odd = -(a + n) * (a + b + n) * x / ((a + 2.0 * n) * (a + 2.0 * n + 1.0));
        d = 1.0 / nonzero(1.0 + odd * d);
        c = nonzero(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    h
}

fn nonzero(x: f64) -> f64 {
    if x.abs() < 1e-300 { 1e-300 } else { x }
}

/// The probability that a normal variable lies at least so far from zero.
pub(super) fn normal_two_sided(z: f64) -> f64 {
    gamma_upper(0.5, z * z / 2.0)
}

/// The probability that a variable of Student's distribution lies at least so far from zero.
pub(super) fn student_two_sided(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    beta(df / 2.0, 0.5, df / (df + t * t))
}

/// The probability that a chi-squared variable is larger.
pub(super) fn chi_squared_above(x: f64, df: f64) -> f64 {
    gamma_upper(df / 2.0, x / 2.0)
}

/// The probability that a variable of Fisher's distribution is larger.
pub(super) fn fisher_above(f: f64, between: f64, within: f64) -> f64 {
    if f.is_infinite() {
        return 0.0;
    }
    beta(within / 2.0, between / 2.0, within / (within + between * f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-12 * want.abs() + 1e-300, "{got}, expected {want}");
    }

    #[test]
    fn tails_are_right_where_they_have_closed_forms() {
        close(normal_two_sided(0.0), 1.0);
        close(normal_two_sided(-1.96), 0.049_995_790_296_440_87);
        close(normal_two_sided(5.0), 5.733_031_437_583_867e-7);
        // Cauchy's distribution, and that with two degrees of freedom.
        for t in [0.01, 0.7, 1.0, 3.0, 250.0_f64] {
            close(student_two_sided(t, 1.0), 1.0 - 2.0 * t.atan() / PI);
            let root = (2.0 + t * t).sqrt();
            close(student_two_sided(-t, 2.0), 2.0 / (root * (root + t)));
        }
        for x in [0.1, 1.0, 3.0, 40.0, 300.0_f64] {
            close(chi_squared_above(x, 2.0), (-x / 2.0).exp());
            close(chi_squared_above(x, 4.0), (-x / 2.0).exp() * (1.0 + x / 2.0));
            close(fisher_above(x, 2.0, 9.0), (1.0 + 2.0 * x / 9.0).powf(-4.5));
        }
        close(fisher_above(1.0, 5.0, 5.0), 0.5);
        assert!(student_two_sided(f64::NAN, 3.0).is_nan());
        assert!(chi_squared_above(1.0, 0.0).is_nan());
        assert_eq!(
            (student_two_sided(f64::INFINITY, 3.0), fisher_above(f64::INFINITY, 1.0, 1.0)),
            (0.0, 0.0)
        );
    }

    #[test]
    fn the_gamma_function_is_that_of_factorials() {
        let mut factorial = 1.0_f64;
        for n in 1..20 {
            assert!((ln_gamma(f64::from(n)) - factorial.ln()).abs() < 1e-12);
            factorial *= f64::from(n);
        }
        assert!((ln_gamma(0.5) - PI.sqrt().ln()).abs() < 1e-14);
    }
}
