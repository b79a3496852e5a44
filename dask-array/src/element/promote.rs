//! The type that two types have in common, and which casts lose what.

use super::{DType, Element, c64, c128, f16};

/// What a type holds; each kind holds the ones before it, the range of integers in floats aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Bool,
    Unsigned,
    Signed,
    Float,
    Complex,
}

/// How much a cast may lose, in numpy's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Casting {
    /// Nothing: the type stays.
    Equiv,
    /// Nothing that the type holds (numpy counts `i64` to `f64` as safe).
    Safe,
    /// Range and digits: safe casts, and those to a narrower type of the same kind or of one that holds it, as from
    /// `f64` to `f32` or from `i64` to `f32`.
    SameKind,
    /// Anything: floats to integers, complex numbers to real ones.
    Unsafe,
}

impl DType {
    /// The smallest type that holds the elements of both: numpy's `promote_types`.
    ///
    /// |      | bool | i8   | i16  | i32  | i64  | u8   | u16  | u32  | u64  | f16  | f32  | f64  | c64  | c128 |
    /// |------|------|------|------|------|------|------|------|------|------|------|------|------|------|------|
    /// | bool | bool | i8   | i16  | i32  | i64  | u8   | u16  | u32  | u64  | f16  | f32  | f64  | c64  | c128 |
    /// | i8   | i8   | i8   | i16  | i32  | i64  | i16  | i32  | i64  | f64  | f16  | f32  | f64  | c64  | c128 |
    /// | i16  | i16  | i16  | i16  | i32  | i64  | i16  | i32  | i64  | f64  | f32  | f32  | f64  | c64  | c128 |
    /// | i32  | i32  | i32  | i32  | i32  | i64  | i32  | i32  | i64  | f64  | f64  | f64  | f64  | c128 | c128 |
    /// | i64  | i64  | i64  | i64  | i64  | i64  | i64  | i64  | i64  | f64  | f64  | f64  | f64  | c128 | c128 |
    /// | u8   | u8   | i16  | i16  | i32  | i64  | u8   | u16  | u32  | u64  | f16  | f32  | f64  | c64  | c128 |
    /// | u16  | u16  | i32  | i32  | i32  | i64  | u16  | u16  | u32  | u64  | f32  | f32  | f64  | c64  | c128 |
    /// | u32  | u32  | i64  | i64  | i64  | i64  | u32  | u32  | u32  | u64  | f64  | f64  | f64  | c128 | c128 |
    /// | u64  | u64  | f64  | f64  | f64  | f64  | u64  | u64  | u64  | u64  | f64  | f64  | f64  | c128 | c128 |
    /// | f16  | f16  | f16  | f32  | f64  | f64  | f16  | f32  | f64  | f64  | f16  | f32  | f64  | c64  | c128 |
    /// | f32  | f32  | f32  | f32  | f64  | f64  | f32  | f32  | f64  | f64  | f32  | f32  | f64  | c64  | c128 |
    /// | f64  | f64  | f64  | f64  | f64  | f64  | f64  | f64  | f64  | f64  | f64  | f64  | f64  | c128 | c128 |
    /// | c64  | c64  | c64  | c64  | c128 | c128 | c64  | c64  | c128 | c128 | c64  | c64  | c128 | c64  | c128 |
    /// | c128 | c128 | c128 | c128 | c128 | c128 | c128 | c128 | c128 | c128 | c128 | c128 | c128 | c128 | c128 |
    ///
    /// ```
    /// use dask_array::DType;
    ///
    /// assert_eq!(DType::I32.promote(DType::F32), DType::F64);
    /// assert_eq!(DType::U8.promote(DType::I8), DType::I16);
    /// ```
    #[must_use]
    pub fn promote(self, other: DType) -> DType {
        let (low, high) = if self.kind() <= other.kind() { (self, other) } else { (other, self) };
        match (low.kind(), high.kind()) {
            (Kind::Bool, _) => high,
            (a, b) if a == b => {
                if low.itemsize() > high.itemsize() {
                    low
                } else {
                    high
                }
            }
            (Kind::Unsigned, Kind::Signed) => match high.itemsize().max(2 * low.itemsize()) {
                2 => DType::I16,
                4 => DType::I32,
                8 => DType::I64,
                _ => DType::F64,
            },
            (_, Kind::Complex) => match low.promote(high.real()) {
                DType::F32 => DType::C64,
                _ => DType::C128,
            },
            // A float holds the integers of half its size.
            _ => match high.itemsize().max(2 * low.itemsize()) {
                2 => DType::F16,
                4 => DType::F32,
                _ => DType::F64,
            },
        }
    }

    /// Whether elements of this type can be cast to another so that they lose no more than is allowed: numpy's
    /// `can_cast`.
    ///
    /// ```
    /// use dask_array::{Casting, DType};
    ///
    /// assert!(DType::I32.can_cast(DType::F64, Casting::Safe));
    /// assert!(!DType::I32.can_cast(DType::F32, Casting::Safe));
    /// assert!(DType::I32.can_cast(DType::F32, Casting::SameKind));
    /// assert!(!DType::F64.can_cast(DType::I64, Casting::SameKind));
    /// ```
    #[must_use]
    pub fn can_cast(self, to: DType, casting: Casting) -> bool {
        match casting {
            Casting::Equiv => self == to,
            Casting::Safe => self.promote(to) == to,
            Casting::SameKind => self.kind() <= to.kind(),
            Casting::Unsafe => true,
        }
    }

    fn kind(self) -> Kind {
        match self {
            DType::Bool => Kind::Bool,
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => Kind::Unsigned,
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => Kind::Signed,
            DType::F16 | DType::F32 | DType::F64 => Kind::Float,
            DType::C64 | DType::C128 => Kind::Complex,
        }
    }
}

/// The element type that an operation on elements of two types has: [`DType::promote`], known when the program is
/// compiled. [`promote`](crate::promote) brings two arrays to it.
pub trait Promote<B: Element>: Element {
    /// The smallest type that holds the elements of both.
    type Output: Element;
}

/// Rows: the first type, and the results with the second in the order of the table.
macro_rules! promotions {
    ($($A:ident: $($Output:ident)*;)*) => {
        $( promotions!(@row $A: $($Output)*); )*
    };
    (@row $A:ident: $b:ident $i8:ident $i16:ident $i32:ident $i64:ident $u8:ident $u16:ident $u32:ident $u64:ident $f16:ident $f32:ident $f64:ident $c64:ident $c128:ident) => {
        impl Promote<bool> for $A {
            type Output = $b;
        }
        impl Promote<i8> for $A {
            type Output = $i8;
        }
        impl Promote<i16> for $A {
            type Output = $i16;
        }
        impl Promote<i32> for $A {
            type Output = $i32;
        }
        impl Promote<i64> for $A {
            type Output = $i64;
        }
        impl Promote<u8> for $A {
            type Output = $u8;
        }
        impl Promote<u16> for $A {
            type Output = $u16;
        }
        impl Promote<u32> for $A {
            type Output = $u32;
        }
        impl Promote<u64> for $A {
            type Output = $u64;
        }
        impl Promote<f16> for $A {
            type Output = $f16;
        }
        impl Promote<f32> for $A {
            type Output = $f32;
        }
        impl Promote<f64> for $A {
            type Output = $f64;
        }
        impl Promote<c64> for $A {
            type Output = $c64;
        }
        impl Promote<c128> for $A {
            type Output = $c128;
        }
    };
}
#[rustfmt::skip]
promotions! {
    bool: bool i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64 c64 c128;
    i8: i8 i8 i16 i32 i64 i16 i32 i64 f64 f16 f32 f64 c64 c128;
    i16: i16 i16 i16 i32 i64 i16 i32 i64 f64 f32 f32 f64 c64 c128;
    i32: i32 i32 i32 i32 i64 i32 i32 i64 f64 f64 f64 f64 c128 c128;
    i64: i64 i64 i64 i64 i64 i64 i64 i64 f64 f64 f64 f64 c128 c128;
    u8: u8 i16 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64 c64 c128;
    u16: u16 i32 i32 i32 i64 u16 u16 u32 u64 f32 f32 f64 c64 c128;
    u32: u32 i64 i64 i64 i64 u32 u32 u32 u64 f64 f64 f64 c128 c128;
    u64: u64 f64 f64 f64 f64 u64 u64 u64 u64 f64 f64 f64 c128 c128;
    f16: f16 f16 f32 f64 f64 f16 f32 f64 f64 f16 f32 f64 c64 c128;
    f32: f32 f32 f32 f64 f64 f32 f32 f64 f64 f32 f32 f64 c64 c128;
    f64: f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 c128 c128;
    c64: c64 c64 c64 c128 c128 c64 c64 c128 c128 c64 c64 c128 c64 c128;
    c128: c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy 2.4's `promote_types`, in the order of the rows.
    #[rustfmt::skip]
    const PROMOTED: &str = "
        bool       bool       int8       int16      int32      int64      uint8      uint16     uint32     uint64     float16    float32    float64    complex64  complex128
        int8       int8       int8       int16      int32      int64      int16      int32      int64      float64    float16    float32    float64    complex64  complex128
        int16      int16      int16      int16      int32      int64      int16      int32      int64      float64    float32    float32    float64    complex64  complex128
        int32      int32      int32      int32      int32      int64      int32      int32      int64      float64    float64    float64    float64    complex128 complex128
        int64      int64      int64      int64      int64      int64      int64      int64      int64      float64    float64    float64    float64    complex128 complex128
        uint8      uint8      int16      int16      int32      int64      uint8      uint16     uint32     uint64     float16    float32    float64    complex64  complex128
        uint16     uint16     int32      int32      int32      int64      uint16     uint16     uint32     uint64     float32    float32    float64    complex64  complex128
        uint32     uint32     int64      int64      int64      int64      uint32     uint32     uint32     uint64     float64    float64    float64    complex128 complex128
        uint64     uint64     float64    float64    float64    float64    uint64     uint64     uint64     uint64     float64    float64    float64    complex128 complex128
        float16    float16    float16    float32    float64    float64    float16    float32    float64    float64    float16    float32    float64    complex64  complex128
        float32    float32    float32    float32    float64    float64    float32    float32    float64    float64    float32    float32    float64    complex64  complex128
        float64    float64    float64    float64    float64    float64    float64    float64    float64    float64    float64    float64    float64    complex128 complex128
        complex64  complex64  complex64  complex64  complex128 complex128 complex64  complex64  complex128 complex128 complex64  complex64  complex128 complex64  complex128
        complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128
    ";

    /// numpy 2.4's `can_cast`: from the row's type to the column's.
    const SAFE: &str = "
        bool       y y y y y y y y y y y y y y
        int8       n y y y y n n n n y y y y y
        int16      n n y y y n n n n n y y y y
        int32      n n n y y n n n n n n y n y
        int64      n n n n y n n n n n n y n y
        uint8      n n y y y y y y y y y y y y
        uint16     n n n y y n y y y n y y y y
        uint32     n n n n y n n y y n n y n y
        uint64     n n n n n n n n y n n y n y
        float16    n n n n n n n n n y y y y y
        float32    n n n n n n n n n n y y y y
        float64    n n n n n n n n n n n y n y
        complex64  n n n n n n n n n n n n y y
        complex128 n n n n n n n n n n n n n y
    ";

    /// The same with casting "same_kind".
    const SAME_KIND: &str = "
        bool       y y y y y y y y y y y y y y
        int8       n y y y y n n n n y y y y y
        int16      n y y y y n n n n y y y y y
        int32      n y y y y n n n n y y y y y
        int64      n y y y y n n n n y y y y y
        uint8      n y y y y y y y y y y y y y
        uint16     n y y y y y y y y y y y y y
        uint32     n y y y y y y y y y y y y y
        uint64     n y y y y y y y y y y y y y
        float16    n n n n n n n n n y y y y y
        float32    n n n n n n n n n y y y y y
        float64    n n n n n n n n n y y y y y
        complex64  n n n n n n n n n n n n y y
        complex128 n n n n n n n n n n n n y y
    ";

    fn of_numpy(name: &str) -> DType {
        match name {
            "bool" => DType::Bool,
            "int8" => DType::I8,
            "int16" => DType::I16,
            "int32" => DType::I32,
            "int64" => DType::I64,
            "uint8" => DType::U8,
            "uint16" => DType::U16,
            "uint32" => DType::U32,
            "uint64" => DType::U64,
            "float16" => DType::F16,
            "float32" => DType::F32,
            "float64" => DType::F64,
            "complex64" => DType::C64,
            "complex128" => DType::C128,
            other => panic!("{other} is no type of ours"),
        }
    }

    /// Calls `check` with the row's type, the column's type and what stands there.
    fn each(table: &str, mut check: impl FnMut(DType, DType, &str)) {
        let rows: Vec<Vec<&str>> = table.trim().lines().map(|row| row.split_whitespace().collect()).collect();
        assert_eq!(rows.len(), 14);
        for row in &rows {
            for (of, cell) in rows.iter().zip(&row[1..]) {
                check(of_numpy(row[0]), of_numpy(of[0]), cell);
            }
        }
    }

    #[test]
    fn two_types_have_numpys_type_in_common() {
        each(PROMOTED, |a, b, both| assert_eq!(a.promote(b), of_numpy(both), "{a} and {b}"));
    }

    #[test]
    fn casts_are_allowed_as_in_numpy() {
        each(SAFE, |a, b, can| assert_eq!(a.can_cast(b, Casting::Safe), can == "y", "{a} to {b}"));
        each(SAME_KIND, |a, b, can| assert_eq!(a.can_cast(b, Casting::SameKind), can == "y", "{a} to {b}"));
    }

    #[test]
    fn types_are_promoted_alike_at_compile_time_and_at_run_time() {
        macro_rules! check_each {
            ($($A:ident)*) => {
                $( check_each!(@row $A: bool i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64 c64 c128); )*
            };
            (@row $A:ident: $($B:ident)*) => {
                $( assert_eq!(<$A as Promote<$B>>::Output::DTYPE, $A::DTYPE.promote($B::DTYPE)); )*
            };
        }
        check_each!(bool i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64 c64 c128);
    }
}
