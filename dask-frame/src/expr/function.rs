//! Functions of the values of a row: what there are, their types, their names.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Expr;
use super::cast;
use super::category::CategoryFunction;
use super::date::DateFunction;
use super::eval::Eval;
use super::list::ListFunction;
use super::math::MathFunction;
use super::text::TextFunction;
use super::window::WindowFunction;
use crate::column::Column;
use crate::error::{EvalError, FrameError};
use crate::schema::{DataType, Schema};

/// A function of columns, by family; each family knows its types and its kernels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Function {
    Text(TextFunction),
    Date(DateFunction),
    Category(CategoryFunction),
    List(ListFunction),
    Math(MathFunction),
    /// Is taken out of the expression before it is computed.
    Window(WindowFunction),
    /// Converts, and gives a missing value for what does not fit.
    TryCast(DataType),
}

impl Function {
    /// Returns the type of the result for these arguments.
    pub(super) fn dtype(&self, args: &[Expr], schema: &Schema) -> Result<DataType, FrameError> {
        let dtypes = args.iter().map(|arg| arg.dtype(schema)).collect::<Result<Vec<_>, _>>()?;
        match self {
            Function::Text(function) => function.dtype(args, &dtypes),
            Function::Date(function) => function.dtype(&args[0], dtypes[0].clone()),
            Function::Window(function) => function.dtype(args, &dtypes),
            Function::Math(function) => function.dtype(args, &dtypes),
            Function::Category(function) => function.dtype(&args[0], &dtypes[0]),
            Function::List(function) => function.dtype(&args[0], &dtypes[0]),
            Function::TryCast(to) => args[0].cast(to.clone()).dtype(schema),
        }
    }

    /// Computes the function for `len` rows; `expr` is asked for its text only to report a value.
    pub(super) fn eval(
        &self,
        args: Vec<Eval>,
        len: usize,
        expr: &dyn Fn() -> String,
    ) -> Result<Column, EvalError> {
        let columns = args.into_iter().map(|arg| arg.into_column(len)).collect::<Vec<_>>();
        match self {
            Function::Text(function) => function.eval(&columns),
            Function::Date(function) => function.eval(&columns[0], expr),
            Function::Window(_) => Err(FrameError::BadArgument {
                operation: "window",
                problem: format!(
                    "`{}` cannot be computed here; give it a name with `with_column` first",
                    expr()
                ),
            }
            .into()),
            Function::Math(function) => function.eval(&columns, expr),
            Function::Category(function) => Ok(function.eval(&columns[0])),
            Function::List(function) => function.eval(&columns[0], expr),
            Function::TryCast(to) => cast::try_cast(&columns[0], to, expr),
        }
    }
}

/// What a function is called, and its parameters behind the arguments.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Function::Text(function) => write!(f, "{function}"),
            Function::Date(function) => write!(f, "{function}"),
            Function::Window(function) => write!(f, "{function}"),
            Function::Math(function) => write!(f, "{function}"),
            Function::Category(function) => write!(f, "{function}"),
            Function::List(function) => write!(f, "{function}"),
            Function::TryCast(to) => write!(f, "try_cast {to}"),
        }
    }
}

/// Shows a call: `name(argument, …; parameter, …)`.
pub(super) struct Call<'a>(pub(super) &'a Function, pub(super) &'a [Expr]);

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.to_string();
        let (name, parameters) = shown.split_once(' ').unwrap_or((&shown, ""));
        write!(f, "{name}(")?;
        for (at, arg) in self.1.iter().enumerate() {
            write!(f, "{}{}", if at > 0 { ", " } else { "" }, arg.bare())?;
        }
        match parameters {
            "" => f.write_str(")"),
            parameters => write!(f, "; {parameters})"),
        }
    }
}

/// Refuses an argument of a type that the operation is not for.
pub(super) fn wrong_type(
    operation: &'static str,
    expr: &Expr,
    got: DataType,
    expected: &'static str,
) -> FrameError {
    FrameError::WrongType { operation, expr: expr.to_string(), got, expected }
}
