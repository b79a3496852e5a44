//! How expressions are combined.

use std::ops;

use super::function::Function;
use super::{Binary, Expr, Node, Unary, col};
use crate::column::Scalar;
use crate::schema::DataType;

/// The other side of an operator: an expression, or a constant that becomes one.
///
/// Here a string is a text to compare with, not the name of a column; that is [`col`].
#[derive(Clone, Debug)]
pub struct Operand(Expr);

impl From<Expr> for Operand {
    fn from(expr: Expr) -> Self {
        Self(expr)
    }
}

impl From<&Expr> for Operand {
    fn from(expr: &Expr) -> Self {
        Self(expr.clone())
    }
}

macro_rules! operand {
    ($($t:ty),*) => {$(
        impl From<$t> for Operand {
            fn from(value: $t) -> Self {
                Self(super::lit(value))
            }
        }
    )*};
}

operand!(i64, i32, f64, bool, &str, String);

impl Operand {
    pub(super) fn into_expr(self) -> Expr {
        self.0
    }
}

impl From<Scalar> for Operand {
    fn from(value: Scalar) -> Self {
        Self(super::lit(value))
    }
}

/// A string names a column, where columns are listed.
impl From<&str> for Expr {
    fn from(name: &str) -> Self {
        col(name)
    }
}

impl From<String> for Expr {
    fn from(name: String) -> Self {
        col(name)
    }
}

impl From<&Expr> for Expr {
    fn from(expr: &Expr) -> Self {
        expr.clone()
    }
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $name:ident => $op:ident;)*) => {
        impl Expr {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self, other: impl Into<Operand>) -> Self {
                self.binary(Binary::$op, other)
            }
        )*}
    };
}

binary_methods! {
    /// Compares for equality; a missing value on either side gives a missing answer.
    eq => Equal;
    /// Compares for inequality; a missing value on either side gives a missing answer.
    ne => NotEqual;
    /// Returns whether this is less.
    lt => Less;
    /// Returns whether this is less or equal.
    le => LessEqual;
    /// Returns whether this is greater.
    gt => Greater;
    /// Returns whether this is greater or equal.
    ge => GreaterEqual;
    /// Returns whether both hold: false if one is false, even if the other is missing.
    and => And;
    /// Returns whether one holds: true if one is true, even if the other is missing.
    or => Or;
    /// Divides and rounds towards negative infinity.
    floor_div => FloorDivide;
    /// Raises to a power; integers to a power of an integer that is not negative stay integers.
    pow => Power;
}

impl Expr {
    fn binary(&self, op: Binary, other: impl Into<Operand>) -> Self {
        Expr::over(Node::Binary(op, self.clone(), other.into().0))
    }

    fn unary(&self, op: Unary) -> Self {
        Expr::over(Node::Unary(op, self.clone()))
    }

    /// Returns whether the condition does not hold.
    #[must_use]
    #[allow(
        clippy::should_implement_trait,
        reason = "`!` is implemented too; a chain of methods reads better with this"
    )]
    pub fn not(&self) -> Self {
        self.unary(Unary::Not)
    }

    /// Returns the absolute value.
    #[must_use]
    pub fn abs(&self) -> Self {
        self.unary(Unary::Absolute)
    }

    /// Returns whether the value is missing.
    #[must_use]
    pub fn is_null(&self) -> Self {
        self.unary(Unary::IsNull)
    }

    /// Returns whether the value is there.
    #[must_use]
    pub fn is_not_null(&self) -> Self {
        self.is_null().not()
    }

    /// Replaces missing values.
    #[must_use]
    pub fn fill_null(&self, with: impl Into<Operand>) -> Self {
        Expr::over(Node::FillNull(self.clone(), with.into().0))
    }

    /// Converts to another type.
    ///
    /// A value that the type cannot hold (a text that is no number, a float outside the 64-bit integers)
    /// is an error when it is computed, never a missing or a wrong value. Floats lose their fraction.
    #[must_use]
    pub fn cast(&self, to: DataType) -> Self {
        Expr::over(Node::Cast(self.clone(), to))
    }

    /// [`cast`](Expr::cast)s, and gives a missing value for what the type cannot hold.
    #[must_use]
    pub fn try_cast(&self, to: DataType) -> Self {
        Expr::over(Node::Function(Function::TryCast(to), vec![self.clone()]))
    }

    /// Returns whether the value is one of `values`. A missing value is not, unless a missing one is listed.
    #[must_use]
    pub fn is_in<V: Into<Scalar>>(&self, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Expr::over(Node::IsIn(self.clone(), values))
    }

    /// Returns whether `low <= self <= high`.
    #[must_use]
    pub fn between(&self, low: impl Into<Operand>, high: impl Into<Operand>) -> Self {
        self.ge(low).and(self.le(high))
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident => $op:ident;)*) => {$(
        impl<R: Into<Operand>> ops::$trait<R> for Expr {
            type Output = Expr;

            fn $method(self, other: R) -> Expr {
                self.binary(Binary::$op, other)
            }
        }

        impl<R: Into<Operand>> ops::$trait<R> for &Expr {
            type Output = Expr;

            fn $method(self, other: R) -> Expr {
                self.binary(Binary::$op, other)
            }
        }
    )*};
}

operators! {
    Add add => Add;
    Sub sub => Subtract;
    Mul mul => Multiply;
    Div div => Divide;
    Rem rem => Remainder;
    BitAnd bitand => And;
    BitOr bitor => Or;
}

impl ops::Neg for Expr {
    type Output = Expr;

    fn neg(self) -> Expr {
        self.unary(Unary::Negative)
    }
}

impl ops::Neg for &Expr {
    type Output = Expr;

    fn neg(self) -> Expr {
        self.unary(Unary::Negative)
    }
}

impl ops::Not for Expr {
    type Output = Expr;

    fn not(self) -> Expr {
        self.unary(Unary::Not)
    }
}

/// The beginning of a choice; see [`when`](crate::when).
#[derive(Clone, Debug)]
pub struct When(pub(super) Expr);

impl When {
    /// Gives the value where the condition holds.
    #[must_use]
    pub fn then(self, value: impl Into<Operand>) -> WhenThen {
        WhenThen { condition: self.0, then: value.into().0 }
    }
}

/// A choice that still lacks its other side.
#[derive(Clone, Debug)]
pub struct WhenThen {
    condition: Expr,
    then: Expr,
}

impl WhenThen {
    /// Gives the value where the condition does not hold, or is missing.
    #[must_use]
    pub fn otherwise(self, value: impl Into<Operand>) -> Expr {
        let otherwise = Some(value.into().0);
        Expr::over(Node::When { condition: self.condition, then: self.then, otherwise })
    }

    /// Leaves the value missing where the condition does not hold.
    #[must_use]
    pub fn otherwise_null(self) -> Expr {
        Expr::over(Node::When { condition: self.condition, then: self.then, otherwise: None })
    }
}
