//! Typed expressions: what is computed from the columns of a row, said before there is a row.

mod agg;
mod aggregates;
mod arith;
mod cast;
mod category;
mod closure;
mod compare;
mod date;
mod eval;
mod fold;
mod function;
mod list;
mod math;
mod operators;
mod query;
mod scan;
mod text;
mod time_arith;
mod typing;
mod walk;
mod window;

use std::fmt;
use std::sync::Arc;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

pub use agg::{Aggregate, AggregateKind, size};
pub(crate) use cast::{cast_column, to_floats};
pub use category::CategoryMethods;
pub(crate) use category::known;
pub(crate) use closure::Closure;
pub(crate) use compare::order_rows;
pub use date::{DateMethods, ToDatetime};
pub use list::ListMethods;
pub use math::{coalesce, row_all, row_any, row_count, row_max, row_mean, row_min, row_sum};
pub use operators::{Operand, When, WhenThen};
pub(crate) use query::{parse, parse_assignment};
pub use scan::{Scan, ScanKind};
pub use text::{PadSide, Pattern, Split, StringMethods, regex};
pub(crate) use typing::{common, common_exact, settle};
pub use window::{Closed, RankMethod, Rolling};
pub(crate) use window::{Cumulative, Frame, Statistic, WindowFunction};

use crate::column::Scalar;
use crate::error::FrameError;
use crate::schema::DataType;
use crate::time;
use function::{Call, Function};

/// How deep an expression may nest: evaluation recurses, and the stack of a worker is small.
const MOST_DEPTH: u32 = 500;

/// An expression over the columns of a frame.
///
/// Made from [`col`], [`lit`] and [`when`], combined with the operators and methods of this type. A missing
/// value makes the result missing, except in [`and`](Expr::and) and [`or`](Expr::or), which know the
/// answer when one side alone decides it (three-valued logic).
///
/// Integer arithmetic never wraps: a result that does not fit 64 bits is an error when it is computed.
/// `/` divides in floats, as in Python; [`floor_div`](Expr::floor_div) and `%` round towards negative
/// infinity. An integer and a float are computed and compared as floats.
///
/// # Examples
///
/// ```
/// use dask_frame::{col, lit, when};
///
/// let speed = (col("distance") * 60 / col("air_time")).alias("speed");
/// assert_eq!(speed.to_string(), "((distance * 60) / air_time) as speed");
/// let late = col("arr_delay").gt(15).and(col("carrier").ne("UA"));
/// assert_eq!(late.to_string(), "((arr_delay > 15) and (carrier != \"UA\"))");
/// let kind = when(col("arr_delay").gt(0)).then(lit("late")).otherwise(lit("fine"));
/// assert_eq!(kind.to_string(), "(when (arr_delay > 0) then \"late\" otherwise \"fine\")");
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Sent")]
pub struct Expr {
    node: Arc<Node>,
    alias: Option<Arc<str>>,
    #[serde(skip_serializing)]
    depth: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Node {
    Column(Arc<str>),
    Literal(Scalar),
    Binary(Binary, Expr, Expr),
    Unary(Unary, Expr),
    FillNull(Expr, Expr),
    Cast(Expr, DataType),
    IsIn(Expr, Vec<Scalar>),
    When { condition: Expr, then: Expr, otherwise: Option<Expr> },
    Function(Function, Vec<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unary {
    Not,
    Negative,
    Absolute,
    IsNull,
}

/// Names a column.
#[must_use]
pub fn col(name: impl Into<Arc<str>>) -> Expr {
    Expr::leaf(Node::Column(name.into()))
}

/// Makes a constant.
#[must_use]
pub fn lit(value: impl Into<Scalar>) -> Expr {
    Expr::leaf(Node::Literal(value.into()))
}

/// Makes a timestamp constant from a text like `2021-03-15` or `2021-03-15T10:20:30.5`.
///
/// # Errors
///
/// `BadTimestamp` if the text is none.
pub fn timestamp(text: &str) -> Result<Expr, FrameError> {
    let micros =
        time::parse(text.as_bytes()).ok_or_else(|| FrameError::BadTimestamp { text: text.into() })?;
    Ok(Expr::leaf(Node::Literal(Scalar::Timestamp(micros))))
}

/// Makes a duration constant from a text like `36h`, `1 days 02:30:00` or `90s`.
///
/// # Errors
///
/// `BadDuration` if the text is none.
///
/// # Examples
///
/// ```
/// use dask_frame::{col, duration};
///
/// assert_eq!((col("start") + duration("36h")?).to_string(), "(start + 1 days 12:00:00)");
/// assert!(duration("soon").is_err());
/// # Ok::<(), dask_frame::FrameError>(())
/// ```
pub fn duration(text: &str) -> Result<Expr, FrameError> {
    let micros = time::parse_duration(text.as_bytes());
    let micros = micros.ok_or_else(|| FrameError::BadDuration { text: text.into() })?;
    Ok(Expr::leaf(Node::Literal(Scalar::Duration(micros))))
}

/// Begins a choice: `when(condition).then(a).otherwise(b)`.
#[must_use]
pub fn when(condition: Expr) -> When {
    When(condition)
}

impl Expr {
    fn leaf(node: Node) -> Self {
        Self { node: Arc::new(node), alias: None, depth: 1 }
    }

    /// Puts a node over its operands, whose own aliases no longer matter.
    fn over(node: Node) -> Self {
        let mut depth = 0;
        node.for_each_child(|child| depth = depth.max(child.depth));
        // What is too deep is only counted on: it will be refused wherever it is used, and as a tree it would
        // need the stack to be dropped.
        let node = if depth < MOST_DEPTH { node } else { Node::Literal(Scalar::Null(DataType::Int64)) };
        Self { node: Arc::new(node), alias: None, depth: depth.saturating_add(1) }
    }

    /// Names the result.
    #[must_use]
    pub fn alias(mut self, name: impl Into<Arc<str>>) -> Self {
        self.alias = Some(name.into());
        self
    }

    /// Returns the name of the result: the alias, or the first column that the expression reads.
    ///
    /// # Errors
    ///
    /// `BadArgument` if there is neither, `TooDeep` if the expression is.
    pub(crate) fn output_name(&self) -> Result<Arc<str>, FrameError> {
        self.check_depth()?;
        if let Some(alias) = &self.alias {
            return Ok(Arc::clone(alias));
        }
        let mut first = None;
        self.for_each_column(&mut |name| {
            first.get_or_insert_with(|| Arc::clone(name));
        });
        first.ok_or_else(|| FrameError::BadArgument {
            operation: "select",
            problem: format!("`{self}` reads no column; name it with `alias`"),
        })
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Takes the name of another expression, if it was given one.
    pub(crate) fn aliased_as(mut self, other: &Expr) -> Self {
        self.alias.clone_from(&other.alias);
        self
    }

    pub(crate) fn unaliased(mut self) -> Self {
        self.alias = None;
        self
    }

    /// Returns the column's name if the expression is nothing but a column.
    pub(crate) fn as_column(&self) -> Option<&Arc<str>> {
        match self.node() {
            Node::Column(name) => Some(name),
            _ => None,
        }
    }
}

/// An expression on its way from another process: the depth is found again.
#[derive(Deserialize)]
struct Sent {
    node: Node,
    alias: Option<Arc<str>>,
}

impl From<Sent> for Expr {
    fn from(Sent { node, alias }: Sent) -> Self {
        Self { alias, ..Self::over(node) }
    }
}

impl Binary {
    /// Returns the comparison with its sides exchanged.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Binary::Less => Binary::Greater,
            Binary::LessEqual => Binary::GreaterEqual,
            Binary::Greater => Binary::Less,
            Binary::GreaterEqual => Binary::LessEqual,
            same => same,
        }
    }

    /// Returns whether it computes a number of two.
    fn is_arithmetic(self) -> bool {
        use Binary::{Add, Divide, FloorDivide, Multiply, Power, Remainder, Subtract};
        matches!(self, Add | Subtract | Multiply | Divide | FloorDivide | Remainder | Power)
    }

    fn symbol(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::FloorDivide => "//",
            Binary::Remainder => "%",
            Binary::Power => "**",
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            Binary::And => "and",
            Binary::Or => "or",
        }
    }
}

impl Unary {
    fn word(self) -> &'static str {
        match self {
            Unary::Not => "not",
            Unary::Negative => "-",
            Unary::Absolute => "abs",
            Unary::IsNull => "is_null",
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node() {
            Node::Column(name) => f.write_str(name)?,
            Node::Literal(Scalar::Utf8(text)) => write!(f, "{text:?}")?,
            Node::Literal(value) => write!(f, "{value}")?,
            Node::Binary(op, left, right) => {
                write!(f, "({} {} {})", left.bare(), op.symbol(), right.bare())?;
            }
            Node::Unary(Unary::Negative, of) => write!(f, "(-{})", of.bare())?,
            Node::Unary(Unary::Not, of) => write!(f, "(not {})", of.bare())?,
            Node::Unary(op, of) => write!(f, "{}({})", op.word(), of.bare())?,
            Node::FillNull(of, with) => write!(f, "fill_null({}, {})", of.bare(), with.bare())?,
            Node::Cast(of, to) => write!(f, "cast({}, {to})", of.bare())?,
            Node::IsIn(of, values) => {
                write!(f, "({} in [", of.bare())?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("])")?;
            }
            Node::When { condition, then, otherwise } => {
                write!(f, "(when {} then {}", condition.bare(), then.bare())?;
                if let Some(otherwise) = otherwise {
                    write!(f, " otherwise {}", otherwise.bare())?;
                }
                f.write_str(")")?;
            }
            Node::Function(function, args) => write!(f, "{}", Call(function, args))?,
        }
        match &self.alias {
            Some(alias) => write!(f, " as {alias}"),
            None => Ok(()),
        }
    }
}

impl Expr {
    /// Inside another expression an alias means nothing and is not shown.
    fn bare(&self) -> impl fmt::Display + '_ {
        struct Bare<'a>(&'a Expr);
        impl fmt::Display for Bare<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0.alias {
                    Some(_) => fmt::Display::fmt(&self.0.clone().unaliased(), f),
                    None => fmt::Display::fmt(self.0, f),
                }
            }
        }
        Bare(self)
    }
}

impl Tokenize for Expr {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.alias.as_deref().tokenize(t);
        match self.node() {
            Node::Column(name) => {
                "column".tokenize(t);
                (**name).tokenize(t);
            }
            Node::Literal(value) => {
                "literal".tokenize(t);
                value.tokenize(t);
            }
            Node::Binary(op, ..) => op.symbol().tokenize(t),
            Node::Unary(op, _) => {
                "unary".tokenize(t);
                op.word().tokenize(t);
            }
            Node::FillNull(..) => "fill_null".tokenize(t),
            Node::Cast(_, to) => {
                "cast".tokenize(t);
                to.tokenize(t);
            }
            Node::IsIn(_, values) => {
                "is_in".tokenize(t);
                values.tokenize(t);
            }
            Node::When { otherwise, .. } => {
                "when".tokenize(t);
                otherwise.is_some().tokenize(t);
            }
            Node::Function(function, args) => {
                "function".tokenize(t);
                format!("{function:?}").tokenize(t);
                args.len().tokenize(t);
            }
        }
        self.node().for_each_child(|child| child.tokenize(t));
    }
}
