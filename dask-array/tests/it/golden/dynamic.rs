//! Arrays and results of an element type that is known only when the test runs.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use dask_array::ndarray::ArrayD;
use dask_array::{Array, DType, Element, Uncounted, c64, c128, f16};
use dask_graph::{Collection, Scheduler};
use dask_sched_sync::Sync;

/// Calls a macro with every type as `Rust type, variant, numpy's name`.
macro_rules! for_each_type {
    ($then:ident) => {
        $then! {
            bool Bool "bool", i8 I8 "int8", i16 I16 "int16", i32 I32 "int32", i64 I64 "int64",
            u8 U8 "uint8", u16 U16 "uint16", u32 U32 "uint32", u64 U64 "uint64",
            f16 F16 "float16", f32 F32 "float32", f64 F64 "float64", c64 C64 "complex64", c128 C128 "complex128"
        }
    };
}

/// Runs an expression with `$x` the typed array in a [`Dynamic`] and `$T` its element type; with `f16`, another
/// expression on half precision.
macro_rules! with_type {
    ($dynamic:expr, |$x:ident, $T:ident| $body:expr) => {
        with_type!($dynamic, |$x, $T| $body, f16 {
            type $T = dask_array::f16;
            $body
        })
    };
    ($dynamic:expr, |$x:ident, $T:ident| $body:expr, f16 $half:block) => {
        match $dynamic {
            $crate::it::golden::dynamic::Dynamic::Bool($x) => {
                type $T = bool;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::I8($x) => {
                type $T = i8;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::I16($x) => {
                type $T = i16;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::I32($x) => {
                type $T = i32;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::I64($x) => {
                type $T = i64;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::U8($x) => {
                type $T = u8;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::U16($x) => {
                type $T = u16;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::U32($x) => {
                type $T = u32;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::U64($x) => {
                type $T = u64;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::F16($x) => $half,
            $crate::it::golden::dynamic::Dynamic::F32($x) => {
                type $T = f32;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::F64($x) => {
                type $T = f64;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::C64($x) => {
                type $T = dask_array::c64;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::C128($x) => {
                type $T = dask_array::c128;
                $body
            }
            $crate::it::golden::dynamic::Dynamic::Uncounted(x) => panic!("{x:?} where a shape is needed"),
        }
    };
}
pub(super) use with_type;

/// An array of some element type whose shape only computing tells.
pub(crate) trait AnyUncounted: fmt::Debug {
    fn dtype(&self) -> &'static str;
    fn compute(&self, scheduler: &dyn Scheduler) -> Result_;
    fn counted(&self) -> Dynamic;
}

impl<T: Typed> AnyUncounted for Uncounted<T> {
    fn dtype(&self) -> &'static str {
        T::NAME
    }

    fn compute(&self, scheduler: &dyn Scheduler) -> Result_ {
        T::result(self.compute_with(scheduler).unwrap())
    }

    fn counted(&self) -> Dynamic {
        T::dynamic(self.compute_chunk_sizes_with(&Sync::new()).unwrap())
    }
}

macro_rules! types {
    ($($T:ident $Variant:ident $name:literal),*) => {
        #[derive(Clone, Debug)]
        pub(crate) enum Dynamic {
            $( $Variant(Array<$T>), )*
            Uncounted(Arc<dyn AnyUncounted>),
        }

        #[derive(Clone, Debug)]
        pub(crate) enum Result_ {
            $( $Variant(ArrayD<$T>), )*
        }

        /// An array of a static type as one of a dynamic type.
        pub(super) trait Typed: Element + Widened {
            /// numpy's name of the type.
            const NAME: &'static str;

            fn dynamic(array: Array<Self>) -> Dynamic;
            fn result(array: ArrayD<Self>) -> Result_;
        }

        $(
            impl Typed for $T {
                const NAME: &'static str = $name;

                fn result(array: ArrayD<$T>) -> Result_ {
                    Result_::$Variant(array)
                }

                fn dynamic(array: Array<$T>) -> Dynamic {
                    Dynamic::$Variant(array)
                }
            }
        )*

        pub(super) fn is_known(dtype: &str) -> bool {
            [$($name),*].contains(&dtype)
        }

        pub(super) fn dtype_of(name: &str) -> DType {
            match name {
                $( $name => DType::$Variant, )*
                other => panic!("no element type {other}"),
            }
        }

        pub(super) fn name_of(dtype: DType) -> &'static str {
            match dtype {
                $( DType::$Variant => $name, )*
                other => panic!("{other} has no name in numpy"),
            }
        }

        impl Dynamic {
            pub(super) fn from_npy(path: &Path, dtype: &str, chunks: Vec<Vec<usize>>) -> Self {
                match dtype {
                    $( $name => Dynamic::$Variant(Array::from_npy(path, chunks).unwrap()), )*
                    other => panic!("no element type {other}"),
                }
            }

            pub(super) fn dtype(&self) -> &'static str {
                match self {
                    $( Dynamic::$Variant(_) => $name, )*
                    Dynamic::Uncounted(x) => x.dtype(),
                }
            }

            pub(super) fn astype(&self, dtype: &str) -> Result<Self, String> {
                with_type!(self, |x, _T| match dtype {
                    $( $name => Ok(Dynamic::$Variant(x.astype::<$T>())), )*
                    other => Err(format!("no element type {other}")),
                })
            }

            pub(crate) fn compute(&self, scheduler: &dyn Scheduler) -> Result_ {
                match self {
                    $( Dynamic::$Variant(x) => Result_::$Variant(x.compute_with(scheduler).unwrap()), )*
                    Dynamic::Uncounted(x) => x.compute(scheduler),
                }
            }
        }

        impl Result_ {
            pub(crate) fn shape(&self) -> &[usize] {
                match self { $( Result_::$Variant(x) => x.shape(), )* }
            }

            /// The elements as text that tells any two apart, NaNs aside.
            pub(super) fn texts(&self) -> Vec<String> {
                match self { $( Result_::$Variant(x) => x.iter().map(|x| format!("{x:?}")).collect(), )* }
            }

            pub(crate) fn numbers(&self) -> Vec<c128> {
                match self { $( Result_::$Variant(x) => x.iter().map(|x| x.number()).collect(), )* }
            }
        }
    };
}
for_each_type!(types);

/// An element as a number of the widest type.
pub(super) trait Widened: Copy {
    fn number(self) -> c128;
}

macro_rules! real_numbers {
    ($($T:ident),*) => {$(
        impl Widened for $T {
            fn number(self) -> c128 {
                (self as f64).into()
            }
        }
    )*};
}
real_numbers!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl Widened for bool {
    fn number(self) -> c128 {
        f64::from(u8::from(self)).into()
    }
}

impl Widened for f16 {
    fn number(self) -> c128 {
        self.to_f64().into()
    }
}

impl Widened for c64 {
    fn number(self) -> c128 {
        c128::new(self.re.into(), self.im.into())
    }
}

impl Widened for c128 {
    fn number(self) -> c128 {
        self
    }
}

impl Dynamic {
    pub(super) fn uncounted<T: Typed>(array: Uncounted<T>) -> Self {
        Dynamic::Uncounted(Arc::new(array))
    }

    /// Whether the shape is known without computing.
    pub(super) fn is_counted(&self) -> bool {
        !matches!(self, Dynamic::Uncounted(_))
    }

    /// The array with its shape.
    pub(super) fn counted(&self) -> Self {
        match self {
            Dynamic::Uncounted(x) => x.counted(),
            x => x.clone(),
        }
    }

    pub(super) fn shape(&self) -> &[usize] {
        with_type!(self, |x, _T| x.shape())
    }

    pub(super) fn chunks(&self) -> &[Vec<usize>] {
        with_type!(self, |x, _T| x.chunks().axes())
    }
}
