//! The methods of [`Kernels`](super::Kernels) that read the same for several types.

/// A number cast as Rust's `as` does, with `bool` as 0 and 1, anything but zero as `true`, and a complex number by its
/// real part.
macro_rules! cast_value {
    ($x:expr, c64, bool) => {
        $x.re != 0.0 || $x.im != 0.0
    };
    ($x:expr, c128, bool) => {
        $x.re != 0.0 || $x.im != 0.0
    };
    ($x:expr, c64, c64) => {
        $x
    };
    ($x:expr, c64, c128) => {
        c128::new(f64::from($x.re), f64::from($x.im))
    };
    ($x:expr, c128, c64) => {
        c64::new($x.re as f32, $x.im as f32)
    };
    ($x:expr, c128, c128) => {
        $x
    };
    ($x:expr, c64, $to:tt) => {
        cast_value!($x.re, f32, $to)
    };
    ($x:expr, c128, $to:tt) => {
        cast_value!($x.re, f64, $to)
    };
    ($x:expr, $from:tt, c64) => {
        c64::new(cast_value!($x, $from, f32), 0.0)
    };
    ($x:expr, $from:tt, c128) => {
        c128::new(cast_value!($x, $from, f64), 0.0)
    };
    ($x:expr, bool, bool) => {
        $x
    };
    ($x:expr, f16, f16) => {
        $x
    };
    ($x:expr, f16, $to:tt) => {
        cast_value!($x.to_f32(), f32, $to)
    };
    ($x:expr, f64, f16) => {
        <f16 as Real>::from_f64($x)
    };
    // Integers that an `f32` does not hold are infinite.
    ($x:expr, $from:tt, f16) => {
        f16::from_f32(cast_value!($x, $from, f32))
    };
    ($x:expr, bool, $to:tt) => {
        u8::from($x) as $to
    };
    ($x:expr, $from:tt, bool) => {
        $x != (0 as $from)
    };
    ($x:expr, $from:tt, $to:tt) => {
        $x as $to
    };
}

/// The methods that read the same for every type.
macro_rules! common_kernels {
    ($T:tt $Variant:ident $bank:ident) => {
        fn bank(banks: &Banks) -> &Vec<Vec<Self>> {
            &banks.$bank
        }
        fn bank_mut(banks: &mut Banks) -> &mut Vec<Vec<Self>> {
            &mut banks.$bank
        }
        fn of_slice(slice: AnySlice<'_>) -> Option<&[Self]> {
            match slice {
                AnySlice::$Variant(slice) => Some(slice),
                _ => None,
            }
        }
        fn any_slice(slice: &[Self]) -> AnySlice<'_> {
            AnySlice::$Variant(slice)
        }
        fn any(src: Src<'_, Self>) -> AnySrc<'_> {
            AnySrc::$Variant(src)
        }
        fn to_scalar(self) -> Scalar {
            Scalar::$Variant(self)
        }
        fn bytes(slice: &[Self]) -> &[u8] {
            bytemuck::cast_slice(slice)
        }
        fn from_scalar(scalar: Scalar) -> Self {
            match scalar {
                Scalar::Bool(x) => cast_value!(x, bool, $T),
                Scalar::I8(x) => cast_value!(x, i8, $T),
                Scalar::I16(x) => cast_value!(x, i16, $T),
                Scalar::I32(x) => cast_value!(x, i32, $T),
                Scalar::I64(x) => cast_value!(x, i64, $T),
                Scalar::U8(x) => cast_value!(x, u8, $T),
                Scalar::U16(x) => cast_value!(x, u16, $T),
                Scalar::U32(x) => cast_value!(x, u32, $T),
                Scalar::U64(x) => cast_value!(x, u64, $T),
                Scalar::F16(x) => cast_value!(x, f16, $T),
                Scalar::F32(x) => cast_value!(x, f32, $T),
                Scalar::F64(x) => cast_value!(x, f64, $T),
                Scalar::C64(x) => cast_value!(x, c64, $T),
                Scalar::C128(x) => cast_value!(x, c128, $T),
            }
        }
        fn cast_from(src: AnySrc<'_>, out: &mut [Self]) {
            match src {
                AnySrc::Bool(a) => map1(a, out, |x| cast_value!(x, bool, $T)),
                AnySrc::I8(a) => map1(a, out, |x| cast_value!(x, i8, $T)),
                AnySrc::I16(a) => map1(a, out, |x| cast_value!(x, i16, $T)),
                AnySrc::I32(a) => map1(a, out, |x| cast_value!(x, i32, $T)),
                AnySrc::I64(a) => map1(a, out, |x| cast_value!(x, i64, $T)),
                AnySrc::U8(a) => map1(a, out, |x| cast_value!(x, u8, $T)),
                AnySrc::U16(a) => map1(a, out, |x| cast_value!(x, u16, $T)),
                AnySrc::U32(a) => map1(a, out, |x| cast_value!(x, u32, $T)),
                AnySrc::U64(a) => map1(a, out, |x| cast_value!(x, u64, $T)),
                AnySrc::F16(a) => map1(a, out, |x| cast_value!(x, f16, $T)),
                AnySrc::F32(a) => map1(a, out, |x| cast_value!(x, f32, $T)),
                AnySrc::F64(a) => map1(a, out, |x| cast_value!(x, f64, $T)),
                AnySrc::C64(a) => map1(a, out, |x| cast_value!(x, c64, $T)),
                AnySrc::C128(a) => map1(a, out, |x| cast_value!(x, c128, $T)),
            }
        }
    };
}

/// The methods that read the same for every number.
macro_rules! number_kernels {
    ($T:tt) => {
        fn bytes_mut(slice: &mut [Self]) -> Option<&mut [u8]> {
            Some(bytemuck::cast_slice_mut(slice))
        }
        fn from_byte(byte: u8) -> Self {
            byte as $T
        }
        fn one() -> Self {
            1 as $T
        }
    };
}

/// The order of types that Rust orders as numpy does.
macro_rules! ordered_kernels {
    () => {
        #[inline(always)]
        fn lt(a: Self, b: Self) -> bool {
            a < b
        }
        #[inline(always)]
        fn le(a: Self, b: Self) -> bool {
            a <= b
        }
    };
}

pub(super) use {cast_value, common_kernels, number_kernels, ordered_kernels};
