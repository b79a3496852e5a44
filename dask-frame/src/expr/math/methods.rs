//! How functions of the values of a row are written.

use super::{MathFunction, Real, RowStatistic};
use crate::column::Scalar;
use crate::expr::function::Function;
use crate::expr::{Expr, Node, Operand, when};

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident => $function:expr;)*) => {
        impl Expr {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Expr {
                self.math($function)
            }
        )*}
    };
}

functions! {
    /// Rounds down to a whole number.
    floor => MathFunction::Floor;
    /// Rounds up to a whole number.
    ceil => MathFunction::Ceil;
    /// Takes the fraction away.
    trunc => MathFunction::Truncate;
    /// Returns -1, 0 or 1 as the number is below, at or above zero.
    sign => MathFunction::Sign;
    /// Returns the square root; missing below zero.
    sqrt => MathFunction::Real(Real::Sqrt);
    /// Returns the cube root.
    cbrt => MathFunction::Real(Real::Cbrt);
    /// Raises e to the power.
    exp => MathFunction::Real(Real::Exp);
    /// Returns `exp(x) - 1`, exact near zero.
    expm1 => MathFunction::Real(Real::ExpM1);
    /// Returns the natural logarithm; missing below zero.
    log => MathFunction::Real(Real::Ln);
    /// Returns the logarithm to base 2; missing below zero.
    log2 => MathFunction::Real(Real::Log2);
    /// Returns the logarithm to base 10; missing below zero.
    log10 => MathFunction::Real(Real::Log10);
    /// Returns `log(1 + x)`, exact near zero.
    log1p => MathFunction::Real(Real::Ln1P);
    /// Returns the sine of an angle in radians.
    sin => MathFunction::Real(Real::Sin);
    /// Returns the cosine of an angle in radians.
    cos => MathFunction::Real(Real::Cos);
    /// Returns the tangent of an angle in radians.
    tan => MathFunction::Real(Real::Tan);
    /// Returns the angle of a sine; missing outside -1 to 1.
    arcsin => MathFunction::Real(Real::Asin);
    /// Returns the angle of a cosine; missing outside -1 to 1.
    arccos => MathFunction::Real(Real::Acos);
    /// Returns the angle of a tangent.
    arctan => MathFunction::Real(Real::Atan);
    /// Returns the hyperbolic sine.
    sinh => MathFunction::Real(Real::Sinh);
    /// Returns the hyperbolic cosine.
    cosh => MathFunction::Real(Real::Cosh);
    /// Returns the hyperbolic tangent.
    tanh => MathFunction::Real(Real::Tanh);
}

impl Expr {
    fn math(&self, function: MathFunction) -> Expr {
        Expr::over(Node::Function(Function::Math(function), vec![self.clone()]))
    }

    /// Rounds to so many decimals, to tens if it is -1; halves go to the even, as in numpy.
    #[must_use]
    pub fn round(&self, decimals: i32) -> Expr {
        self.math(MathFunction::Round(decimals))
    }

    /// Brings values below `low` to it, and values above `high` to that. A missing bound is none.
    #[must_use]
    pub fn clip(&self, low: impl Into<Operand>, high: impl Into<Operand>) -> Expr {
        let (low, high) = (low.into().into_expr(), high.into().into_expr());
        let not_below = when(self.lt(&low)).then(&low).otherwise(self);
        when(self.gt(&high)).then(&high).otherwise(&not_below)
    }

    /// Keeps the value where a condition holds, and takes another elsewhere: pandas' `where`.
    #[must_use]
    pub fn r#where(&self, condition: impl Into<Expr>, other: impl Into<Operand>) -> Expr {
        when(condition.into()).then(self).otherwise(other)
    }

    /// Takes another value where a condition holds: pandas' `mask`.
    #[must_use]
    pub fn mask(&self, condition: impl Into<Expr>, other: impl Into<Operand>) -> Expr {
        when(condition.into()).then(other).otherwise(self)
    }

    /// Replaces values that are listed by those beside them; others stay.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame, col};
    /// use dask_graph::Collection;
    ///
    /// let frame = DataFrame::from_columns([("x", Column::from(vec![1, 2, 3]))], 1)?;
    /// let exprs = [col("x").replace([(1, 10), (3, 30)]).alias("a"), col("x").map_values([(1, "one")]).alias("b")];
    /// let table = frame.select(exprs)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("a")?, &Column::from(vec![10, 2, 30]));
    /// assert_eq!(table.column("b")?, &Column::from(vec![Some("one"), None, None]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn replace<A: Into<Scalar>, B: Into<Scalar>>(&self, pairs: impl IntoIterator<Item = (A, B)>) -> Expr {
        self.looked_up(pairs, true)
    }

    /// Takes the values beside those that are listed; missing for others: pandas' `map` by a dictionary.
    #[must_use]
    pub fn map_values<A: Into<Scalar>, B: Into<Scalar>>(
        &self,
        pairs: impl IntoIterator<Item = (A, B)>,
    ) -> Expr {
        self.looked_up(pairs, false)
    }

    fn looked_up<A: Into<Scalar>, B: Into<Scalar>>(
        &self,
        pairs: impl IntoIterator<Item = (A, B)>,
        keep: bool,
    ) -> Expr {
        let (from, to) = pairs.into_iter().map(|(from, to)| (from.into(), to.into())).unzip();
        self.math(MathFunction::Replace { from, to, keep })
    }
}

macro_rules! of_rows {
    ($($(#[$doc:meta])* $name:ident => $function:expr;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name<E: Into<Expr>>(columns: impl IntoIterator<Item = E>) -> Expr {
            let args = columns.into_iter().map(Into::into).collect();
            Expr::over(Node::Function(Function::Math($function), args))
        }
    )*};
}

of_rows! {
    /// Takes the first value of a row that is there.
    coalesce => MathFunction::Coalesce;
    /// Adds up the values of each row, the missing skipped: pandas' `sum(axis=1)`.
    row_sum => MathFunction::Row(RowStatistic::Sum);
    /// Averages the values of each row, the missing skipped.
    row_mean => MathFunction::Row(RowStatistic::Mean);
    /// Finds the smallest value of each row, the missing skipped.
    row_min => MathFunction::Row(RowStatistic::Min);
    /// Finds the largest value of each row, the missing skipped.
    row_max => MathFunction::Row(RowStatistic::Max);
    /// Counts the values of each row that are there.
    row_count => MathFunction::Row(RowStatistic::Count);
    /// Returns whether a condition of each row holds, the missing skipped.
    row_any => MathFunction::Row(RowStatistic::Any);
    /// Returns whether all conditions of each row hold, the missing skipped.
    row_all => MathFunction::Row(RowStatistic::All);
}
