//! Single values from bytes, shared by the CSV reader and casts.

use crate::column::number_of;
use crate::schema::DataType;

/// Reads an integer: an optional sign, digits, spaces around it.
#[inline]
pub(crate) fn int(text: &[u8]) -> Option<i64> {
    // Most integers in files are short, and for those a plain loop is the shortest way.
    if (1..=4).contains(&text.len()) {
        let (mut value, mut digits) = (0, true);
        for &byte in text {
            let digit = byte.wrapping_sub(b'0');
            digits &= digit < 10;
            value = 10 * value + i64::from(digit);
        }
        if digits {
            return Some(value);
        }
    }
    match atoi_simd::parse::<i64, false, false>(text) {
        Ok(value) => Some(value),
        Err(_) => slow_int(text),
    }
}

#[cold]
fn slow_int(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    text.parse().ok()
}

/// Reads a float, in any of the usual notations, with `inf` and `nan`; spaces around it do not matter.
#[inline]
pub(crate) fn float(text: &[u8]) -> Option<f64> {
    match fast_float2::parse(text) {
        Ok(value) => Some(value),
        Err(_) => slow_float(text),
    }
}

#[cold]
fn slow_float(text: &[u8]) -> Option<f64> {
    fast_float2::parse(text.trim_ascii()).ok()
}

/// Reads an integer of a type of [`Column::from_bits`](crate::Column), by its bits.
pub(crate) fn int_of(text: &[u8], dtype: &DataType) -> Option<i64> {
    if *dtype == DataType::UInt64 {
        let text = std::str::from_utf8(text.trim_ascii()).ok()?;
        return text.parse::<u64>().ok().map(u64::cast_signed);
    }
    int(text).filter(|value| fits(*value, dtype))
}

/// Returns whether an integer fits a type of integers.
pub(crate) fn fits(value: i64, dtype: &DataType) -> bool {
    number_of!(dtype, T => num_traits::cast::<i64, T>(value).is_some(), true)
}

/// Reads a float of 32 bits; one that is too large is none.
pub(crate) fn float32(text: &[u8]) -> Option<f64> {
    float(text).filter(|value| (*value as f32).is_finite() || !value.is_finite())
}

/// Reads a truth value, in the spellings that pandas takes.
pub(crate) fn boolean(text: &[u8]) -> Option<bool> {
    match text.trim_ascii() {
        b"True" | b"true" | b"TRUE" => Some(true),
        b"False" | b"false" | b"FALSE" => Some(false),
        _ => None,
    }
}

/// Converts a float without fraction, if it lies in the range of the 64-bit integers.
pub(crate) fn float_to_int(x: f64) -> Option<i64> {
    // 2⁶³ is a float, the largest integer is not: the upper bound is excluded.
    const END: f64 = 9_223_372_036_854_775_808.0;
    (-END..END).contains(&x).then_some(x as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        assert_eq!(int(b"-42"), Some(-42));
        assert_eq!(int(b" +7 "), Some(7));
        assert_eq!(int(b"-9223372036854775808"), Some(i64::MIN));
        for text in ["", "9223372036854775808", "1.0", "x", "- 1", "1 2"] {
            assert_eq!(int(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats() {
        assert_eq!(float(b"1e3"), Some(1000.0));
        assert_eq!(float(b" -.5"), Some(-0.5));
        assert_eq!(float(b"-inf"), Some(f64::NEG_INFINITY));
        for text in ["", "1e", "x", "1,5"] {
            assert_eq!(float(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_in_the_range_of_integers() {
        assert_eq!(float_to_int(9.3e18), None);
        assert_eq!(float_to_int(-9_223_372_036_854_775_808.0), Some(i64::MIN));
        assert_eq!(float_to_int(f64::NAN), None);
    }
}
