//! Functions of the numbers, and of any values, of a row.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::function::{Function, wrong_type};
use super::{Expr, Node, Operand, cast_column, common, order_rows, to_floats};
use crate::column::{Column, Mask, NO_ROW, Scalar, View};
use crate::error::{EvalError, FrameError};
use crate::schema::DataType;

/// A function of the values of a row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum MathFunction {
    /// To so many decimals, halves to the even.
    Round(i32),
    Floor,
    Ceil,
    Truncate,
    Sign,
    /// A function of floats, missing where it is not defined.
    Real(Real),
    /// The first value that is there.
    Coalesce,
    /// Of all arguments, the missing skipped.
    Row(RowStatistic),
    /// Values looked up in a list; what is not in it stays as it is, or becomes missing.
    Replace {
        from: Vec<Scalar>,
        to: Vec<Scalar>,
        keep: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Real {
    Sqrt,
    Cbrt,
    Exp,
    ExpM1,
    Ln,
    Log2,
    Log10,
    Ln1P,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RowStatistic {
    Sum,
    Mean,
    Min,
    Max,
    Count,
    Any,
    All,
}

impl Real {
    fn word(self) -> &'static str {
        match self {
            Real::Sqrt => "sqrt",
            Real::Cbrt => "cbrt",
            Real::Exp => "exp",
            Real::ExpM1 => "expm1",
            Real::Ln => "log",
            Real::Log2 => "log2",
            Real::Log10 => "log10",
            Real::Ln1P => "log1p",
            Real::Sin => "sin",
            Real::Cos => "cos",
            Real::Tan => "tan",
            Real::Asin => "arcsin",
            Real::Acos => "arccos",
            Real::Atan => "arctan",
            Real::Sinh => "sinh",
            Real::Cosh => "cosh",
            Real::Tanh => "tanh",
        }
    }

    fn function(self) -> fn(f64) -> f64 {
        match self {
            Real::Sqrt => f64::sqrt,
            Real::Cbrt => f64::cbrt,
            Real::Exp => f64::exp,
            Real::ExpM1 => f64::exp_m1,
            Real::Ln => f64::ln,
            Real::Log2 => f64::log2,
            Real::Log10 => f64::log10,
            Real::Ln1P => f64::ln_1p,
            Real::Sin => f64::sin,
            Real::Cos => f64::cos,
            Real::Tan => f64::tan,
            Real::Asin => f64::asin,
            Real::Acos => f64::acos,
            Real::Atan => f64::atan,
            Real::Sinh => f64::sinh,
            Real::Cosh => f64::cosh,
            Real::Tanh => f64::tanh,
        }
    }
}

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
        let not_below = super::when(self.lt(&low)).then(&low).otherwise(self);
        super::when(self.gt(&high)).then(&high).otherwise(&not_below)
    }

    /// Keeps the value where a condition holds, and takes another elsewhere: pandas' `where`.
    #[must_use]
    pub fn r#where(&self, condition: impl Into<Expr>, other: impl Into<Operand>) -> Expr {
        super::when(condition.into()).then(self).otherwise(other)
    }

    /// Takes another value where a condition holds: pandas' `mask`.
    #[must_use]
    pub fn mask(&self, condition: impl Into<Expr>, other: impl Into<Operand>) -> Expr {
        super::when(condition.into()).then(other).otherwise(self)
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

impl MathFunction {
    fn word(&self) -> &'static str {
        match self {
            MathFunction::Round(_) => "round",
            MathFunction::Floor => "floor",
            MathFunction::Ceil => "ceil",
            MathFunction::Truncate => "trunc",
            MathFunction::Sign => "sign",
            MathFunction::Real(real) => real.word(),
            MathFunction::Coalesce => "coalesce",
            MathFunction::Row(RowStatistic::Sum) => "row_sum",
            MathFunction::Row(RowStatistic::Mean) => "row_mean",
            MathFunction::Row(RowStatistic::Min) => "row_min",
            MathFunction::Row(RowStatistic::Max) => "row_max",
            MathFunction::Row(RowStatistic::Count) => "row_count",
            MathFunction::Row(RowStatistic::Any) => "row_any",
            MathFunction::Row(RowStatistic::All) => "row_all",
            MathFunction::Replace { keep: true, .. } => "replace",
            MathFunction::Replace { .. } => "map_values",
        }
    }

    /// Returns the type in which the arguments are mixed, and that of the result.
    pub(super) fn dtype(&self, args: &[Expr], dtypes: &[DataType]) -> Result<DataType, FrameError> {
        let fits = |fits: fn(DataType) -> bool, expected| {
            let wrong = args.iter().zip(dtypes).find(|(_, dtype)| !fits(**dtype));
            wrong.map_or(Ok(()), |(arg, &got)| Err(wrong_type(self.word(), arg, got, expected)))
        };
        let number = |dtype: DataType| dtype.is_numeric();
        let bad = |problem: String| FrameError::BadArgument { operation: self.word(), problem };
        match self {
            MathFunction::Row(RowStatistic::Count) => Ok(DataType::Int64),
            MathFunction::Row(RowStatistic::Any | RowStatistic::All) => {
                fits(|dtype| dtype == DataType::Bool, "Bool")?;
                Ok(DataType::Bool)
            }
            MathFunction::Coalesce | MathFunction::Row(_) => {
                if matches!(self, MathFunction::Row(RowStatistic::Sum | RowStatistic::Mean)) {
                    fits(number, "Int64 or Float64")?;
                }
                let (&first, rest) = dtypes.split_first().ok_or_else(|| bad("name a column".into()))?;
                let mut all = first;
                for (arg, &dtype) in args[1..].iter().zip(rest) {
                    all = common(all, dtype).ok_or_else(|| FrameError::TypeMismatch {
                        operation: self.word(),
                        left: args[0].to_string(),
                        left_dtype: all,
                        right: arg.to_string(),
                        right_dtype: dtype,
                    })?;
                }
                Ok(if matches!(self, MathFunction::Row(RowStatistic::Mean)) {
                    DataType::Float64
                } else {
                    all
                })
            }
            MathFunction::Replace { from, to, keep } => {
                let of = dtypes[0];
                let start = if *keep { Some(of) } else { None };
                let mut all = start;
                for value in to {
                    let next = value.dtype();
                    all = Some(all.map_or(Some(next), |all| common(all, next)).ok_or_else(|| {
                        bad(format!(
                            "{value} is {next}, and others are of a type that it cannot be mixed with"
                        ))
                    })?);
                }
                if let Some(value) = from.iter().find(|value| common(of, value.dtype()).is_none()) {
                    let problem = format!("`{}` is {of}, and {value} is {}", args[0], value.dtype());
                    return Err(bad(problem));
                }
                all.ok_or_else(|| bad("name a value at least".into()))
            }
            MathFunction::Real(_) => {
                fits(number, "Int64 or Float64")?;
                Ok(DataType::Float64)
            }
            _ => {
                fits(number, "Int64 or Float64")?;
                Ok(dtypes[0])
            }
        }
    }

    /// Computes the function; `expr` is asked for its text only to report a value.
    pub(super) fn eval(&self, args: &[Column], expr: &dyn Fn() -> String) -> Result<Column, EvalError> {
        let overflow = || EvalError::Overflow { expr: expr() };
        let floats = |f: &dyn Fn(f64) -> f64| {
            let of = to_floats(&args[0]);
            let View::Float64(values) = of.view() else { unreachable!("numbers were converted to floats") };
            Column::from_f64s(values.iter().map(|&x| f(x)).collect(), of.validity())
        };
        let ints = match args[0].view() {
            View::Int64(values) => Some(values),
            _ => None,
        };
        Ok(match self {
            MathFunction::Real(real) => floats(&real.function()),
            MathFunction::Round(decimals) => match ints {
                Some(_) if *decimals >= 0 => args[0].clone(),
                Some(values) => {
                    let valid = args[0].validity();
                    let rounded = values.iter().enumerate().map(|(row, &x)| {
                        let there = valid.as_ref().is_none_or(|valid| valid.get(row));
                        if there { round_int(x, decimals.unsigned_abs()).ok_or_else(overflow) } else { Ok(0) }
                    });
                    Column::from_i64s(rounded.collect::<Result<_, _>>()?, args[0].validity())
                }
                None => {
                    let scale = 10_f64.powi(decimals.abs());
                    match *decimals >= 0 {
                        // A scale that is not finite leaves every number as it is.
                        true if !scale.is_finite() => args[0].clone(),
                        true => floats(&|x| {
                            let scaled = x * scale;
                            if scaled.is_finite() { scaled.round_ties_even() / scale } else { x }
                        }),
                        false => floats(&|x| (x / scale).round_ties_even() * scale),
                    }
                }
            },
            MathFunction::Floor | MathFunction::Ceil | MathFunction::Truncate if ints.is_some() => {
                args[0].clone()
            }
            MathFunction::Floor => floats(&f64::floor),
            MathFunction::Ceil => floats(&f64::ceil),
            MathFunction::Truncate => floats(&f64::trunc),
            MathFunction::Sign => match ints {
                Some(values) => {
                    Column::from_i64s(values.iter().map(|x| x.signum()).collect(), args[0].validity())
                }
                None => floats(&|x| if x == 0.0 { x } else { x.signum() }),
            },
            MathFunction::Coalesce => pick(args, |_| false)?,
            MathFunction::Row(RowStatistic::Min) => pick(args, Ordering::is_lt)?,
            MathFunction::Row(RowStatistic::Max) => pick(args, Ordering::is_gt)?,
            MathFunction::Row(statistic) => of_row(*statistic, args).ok_or_else(overflow)?,
            MathFunction::Replace { from, to, keep } => replaced(&args[0], from, to, *keep)?,
        })
    }
}

impl fmt::Display for MathFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            MathFunction::Round(decimals) => write!(f, " {decimals}"),
            MathFunction::Replace { from, to, .. } => {
                for (at, (from, to)) in from.iter().zip(to).enumerate() {
                    write!(f, "{}{from}: {to}", if at > 0 { ", " } else { " " })?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Rounds to a multiple of a power of ten, halves to the even; `None` if it does not fit 64 bits.
fn round_int(x: i64, zeros: u32) -> Option<i64> {
    let Some(unit) = 10_i64.checked_pow(zeros) else { return Some(0) };
    let (count, rest) = (x.div_euclid(unit), x.rem_euclid(unit));
    let up = match rest.cmp(&(unit - rest)) {
        Ordering::Less => false,
        Ordering::Equal => count % 2 != 0,
        Ordering::Greater => true,
    };
    (count + i64::from(up)).checked_mul(unit)
}

/// Converts columns to the type that is common to all, which holds all their values.
fn unified(columns: &[Column]) -> Result<Vec<Column>, EvalError> {
    let dtypes = columns.iter().map(Column::dtype);
    let all = dtypes.reduce(|a, b| common(a, b).unwrap_or(a)).unwrap_or(DataType::Int64);
    columns.iter().map(|column| cast_column("", column, all)).collect()
}

/// Takes one value of each row: the first that is there, and then each that is better than the last taken.
fn pick(columns: &[Column], better: impl Fn(Ordering) -> bool) -> Result<Column, EvalError> {
    let columns = unified(columns)?;
    let len = columns.first().map_or(0, Column::len);
    if len * columns.len() >= NO_ROW as usize {
        return Err(FrameError::TooManyRows { rows: len * columns.len() }.into());
    }
    let all = Column::concat(&columns.iter().collect::<Vec<_>>());
    let view = all.view();
    let rows = (0..len).map(|row| {
        let mut best = None;
        for at in (0..columns.len()).map(|column| column * len + row) {
            if !all.is_null(at) && best.is_none_or(|best| better(order_rows(view, at, best))) {
                best = Some(at);
            }
        }
        best.map_or(NO_ROW, |row| row as u32)
    });
    Ok(all.take(&rows.collect::<Vec<_>>()))
}

/// Computes a statistic of each row; `None` if a sum of integers does not fit 64 bits.
fn of_row(statistic: RowStatistic, columns: &[Column]) -> Option<Column> {
    let len = columns.first().map_or(0, Column::len);
    let ints = columns.iter().all(|column| column.dtype() == DataType::Int64);
    let there = |row: usize| columns.iter().filter(move |column| !column.is_null(row));
    Some(match statistic {
        RowStatistic::Count => {
            Column::from((0..len).map(|row| there(row).count() as i64).collect::<Vec<_>>())
        }
        RowStatistic::Any | RowStatistic::All => {
            let all = statistic == RowStatistic::All;
            let yes = |column: &Column, row: usize| match column.view() {
                View::Bool(values) => values.get(row),
                _ => unreachable!("the arguments were checked to be Bool"),
            };
            let holds = |row: usize| match all {
                true => there(row).all(|column| yes(column, row)),
                false => there(row).any(|column| yes(column, row)),
            };
            Column::from_mask(Mask::from_fn(len, holds), None)
        }
        RowStatistic::Sum if ints => {
            let value = |column: &Column, row: usize| match column.view() {
                View::Int64(values) => values[row],
                _ => unreachable!("the arguments are integers"),
            };
            let sum =
                |row: usize| there(row).try_fold(0_i64, |sum, column| sum.checked_add(value(column, row)));
            Column::from((0..len).map(sum).collect::<Option<Vec<_>>>()?)
        }
        _ => {
            let floats = columns.iter().map(to_floats).collect::<Vec<_>>();
            let values = floats.iter().map(|column| match column.view() {
                View::Float64(values) => (values, column.validity()),
                _ => unreachable!("numbers were converted to floats"),
            });
            let values = values.collect::<Vec<_>>();
            let result = |row: usize| {
                let there =
                    values.iter().filter(|(_, valid)| valid.as_ref().is_none_or(|valid| valid.get(row)));
                let (n, sum) = there.fold((0.0, 0.0), |(n, sum), (values, _)| (n + 1.0, sum + values[row]));
                if statistic == RowStatistic::Mean { sum / n } else { sum }
            };
            Column::from((0..len).map(result).collect::<Vec<_>>())
        }
    })
}

/// What a value is looked up by; an integer is the float of its value where floats are among them.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Null,
    Int(i64),
    Float(u64),
    Text(std::sync::Arc<str>),
}

fn key(value: Scalar, floats: bool) -> Key {
    match value {
        value if value.is_null() => Key::Null,
        Scalar::Int64(x) if floats => Key::Float((x as f64).to_bits()),
        Scalar::Int64(x) => Key::Int(x),
        // Adding 0.0 makes -0.0 to 0.0.
        Scalar::Float64(x) => Key::Float((x + 0.0).to_bits()),
        Scalar::Bool(x) => Key::Int(x.into()),
        Scalar::Utf8(x) => Key::Text(x),
        other => Key::Int(other.ticks().unwrap_or_default()),
    }
}

fn replaced(of: &Column, from: &[Scalar], to: &[Scalar], keep: bool) -> Result<Column, EvalError> {
    let floats = of.dtype() == DataType::Float64 || from.iter().any(|x| x.dtype() == DataType::Float64);
    let places = from.iter().zip(0u32..).map(|(value, at)| (key(value.clone(), floats), at));
    let places = places.collect::<HashMap<_, _>>();
    let mut columns = to.iter().map(|value| Column::repeat(value, 1)).collect::<Vec<_>>();
    if keep {
        columns.push(of.clone());
    }
    let columns = unified(&columns)?;
    let all = Column::concat(&columns.iter().collect::<Vec<_>>());
    let row = |row: usize| match places.get(&key(of.get(row), floats)) {
        Some(&at) => at,
        None if keep => (to.len() + row) as u32,
        None => NO_ROW,
    };
    Ok(all.take(&(0..of.len()).map(row).collect::<Vec<_>>()))
}
