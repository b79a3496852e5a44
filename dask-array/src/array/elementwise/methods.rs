//! Methods by list: their docs, their name and the operation.

/// Operations to the same type.
macro_rules! unary_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $method(&self) -> Array<A> {
            self.unary(stringify!($method), UnaryOp::$op, &LayerInfo::here())
        }
    )*};
}

/// Operations in the float type `A::$Float`.
macro_rules! float_methods {
    ($Float:ident: $($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $method(&self) -> Array<A::$Float> {
            self.unary_as(stringify!($method), UnaryOp::$op, &LayerInfo::here())
        }
    )*};
}

/// Questions about elements.
macro_rules! test_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $method(&self) -> Array<bool> {
            self.test(stringify!($method), TestOp::$op, &LayerInfo::here())
        }
    )*};
}

/// Operations of two operands to their type.
macro_rules! binary_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// - When the shapes do not broadcast.
        #[track_caller]
        pub fn $method(&self, other: impl Other<A>) -> Result<Array<A>, ArrayError> {
            let name = stringify!($method);
            let name = name.strip_prefix("try_").unwrap_or(name);
            self.binary(name, BinaryOp::$op, &other, false, &LayerInfo::here())
        }
    )*};
}

/// Operations of two operands in the float type of real numbers.
macro_rules! float_binary_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// - When the shapes do not broadcast.
        #[track_caller]
        pub fn $method(&self, other: impl Other<A>) -> Result<Array<A::RealFloat>, ArrayError> {
            self.binary_as(stringify!($method), BinaryOp::$op, &other, false, &LayerInfo::here())
        }
    )*};
}

/// Comparisons of two operands.
macro_rules! compare_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// - When the shapes do not broadcast.
        #[track_caller]
        pub fn $method(&self, other: impl Other<A>) -> Result<Array<bool>, ArrayError> {
            self.compare(stringify!($method), CompareOp::$op, &other, &LayerInfo::here())
        }
    )*};
}

pub(super) use {
    binary_methods, compare_methods, float_binary_methods, float_methods, test_methods, unary_methods,
};
