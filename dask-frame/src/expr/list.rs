//! The functions of lists of an expression: pandas' `list` accessor, and what its `str` does to lists.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::eval::Eval;
use super::function::{Function, wrong_type};
use super::{Aggregate, AggregateKind, Binary, Expr, Node, common, compare, settle};
use crate::column::{Column, Lists, Mask, NO_ROW, Scalar, Utf8Builder, View};
use crate::error::{EvalError, FrameError};
use crate::kernel::aggregate::{Overflow, Reduction};
use crate::kernel::group::Groups;
use crate::schema::DataType;

/// A function of lists.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum ListFunction {
    Length,
    Get(i64),
    Contains(Scalar),
    /// Joins texts, with this between each two.
    Join(Arc<str>),
    /// One value of all that are there.
    Aggregate(AggregateKind),
}

/// The functions of a column of lists; made by [`Expr::lists`].
///
/// A missing list makes the result missing.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, col};
/// use dask_graph::Collection;
///
/// let texts = Column::from(vec![Some("to be or not"), Some("be"), None]);
/// let frame = DataFrame::from_columns([("text", texts)], 2)?;
/// let frame = frame.with_column("words", col("text").str().split_whitespace().to_list())?;
/// assert_eq!(frame.schema().to_string(), "text: Utf8, words: List[Utf8]");
/// let words = col("words").lists();
/// let of_words = [words.len().alias("n"), words.get(-1).alias("last"), words.join("-").alias("joined")];
/// let table = frame.select(of_words)?.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(table.column("n")?, &Column::from(vec![Some(4), Some(1), None]));
/// assert_eq!(table.column("last")?, &Column::from(vec![Some("not"), Some("be"), None]));
/// assert_eq!(table.column("joined")?, &Column::from(vec![Some("to-be-or-not"), Some("be"), None]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ListMethods(Expr);

impl Expr {
    /// Takes the expression for lists.
    ///
    /// Source: [`Series.list`](https://pandas.pydata.org/docs/reference/series.html#list-accessor).
    pub fn lists(&self) -> ListMethods {
        ListMethods(self.clone())
    }
}

impl ListMethods {
    fn with(&self, function: ListFunction) -> Expr {
        Expr::over(Node::Function(Function::List(function), vec![self.0.clone()]))
    }

    fn aggregate(&self, kind: AggregateKind) -> Expr {
        self.with(ListFunction::Aggregate(kind))
    }

    /// Counts the values, missing ones among them.
    #[must_use]
    pub fn len(&self) -> Expr {
        self.with(ListFunction::Length)
    }

    /// Takes a value, a negative number counting from the last; missing if there are not so many.
    #[must_use]
    pub fn get(&self, at: i64) -> Expr {
        self.with(ListFunction::Get(at))
    }

    /// Tells whether a value is this, or missing if this is a missing value.
    #[must_use]
    pub fn contains(&self, value: impl Into<Scalar>) -> Expr {
        self.with(ListFunction::Contains(value.into()))
    }

    /// Joins texts, a separator between each two; missing if one of them is.
    #[must_use]
    pub fn join(&self, separator: impl Into<Arc<str>>) -> Expr {
        self.with(ListFunction::Join(separator.into()))
    }

    /// Adds the values up that are there; nothing adds up to 0.
    #[must_use]
    pub fn sum(&self) -> Expr {
        self.aggregate(AggregateKind::Sum)
    }

    /// Averages the values that are there, in floats; missing if there are none.
    #[must_use]
    pub fn mean(&self) -> Expr {
        self.aggregate(AggregateKind::Mean)
    }

    /// Finds the smallest value; missing if there is none.
    #[must_use]
    pub fn min(&self) -> Expr {
        self.aggregate(AggregateKind::Min)
    }

    /// Finds the largest value; missing if there is none.
    #[must_use]
    pub fn max(&self) -> Expr {
        self.aggregate(AggregateKind::Max)
    }

    /// Counts the different values that are there.
    #[must_use]
    pub fn nunique(&self) -> Expr {
        self.aggregate(AggregateKind::NUnique)
    }

    /// Takes the different values, in the order in which they first appear, a missing one among them.
    #[must_use]
    pub fn unique(&self) -> Expr {
        self.aggregate(AggregateKind::Unique)
    }
}

impl ListFunction {
    fn word(&self) -> &'static str {
        match self {
            ListFunction::Length => "lists.len",
            ListFunction::Get(_) => "lists.get",
            ListFunction::Contains(_) => "lists.contains",
            ListFunction::Join(_) => "lists.join",
            ListFunction::Aggregate(AggregateKind::Sum) => "lists.sum",
            ListFunction::Aggregate(AggregateKind::Mean) => "lists.mean",
            ListFunction::Aggregate(AggregateKind::Min) => "lists.min",
            ListFunction::Aggregate(AggregateKind::Max) => "lists.max",
            ListFunction::Aggregate(AggregateKind::NUnique) => "lists.nunique",
            ListFunction::Aggregate(_) => "lists.unique",
        }
    }

    pub(super) fn dtype(&self, of: &Expr, got: &DataType) -> Result<DataType, FrameError> {
        let wrong = |expected| wrong_type(self.word(), of, got.clone(), expected);
        let item = got.item().ok_or_else(|| wrong("a list"))?;
        match self {
            ListFunction::Length => Ok(DataType::Int64),
            ListFunction::Get(_) => Ok(item.clone()),
            ListFunction::Contains(value) => match common(item, &value.dtype()).filter(DataType::is_key) {
                Some(_) => Ok(DataType::Bool),
                None => {
                    let problem = format!("`{of}` is {got}, and {value} is {}", value.dtype());
                    Err(FrameError::BadArgument { operation: self.word(), problem })
                }
            },
            ListFunction::Join(_) if *item == DataType::Utf8 => Ok(DataType::Utf8),
            ListFunction::Join(_) => Err(wrong("lists of texts")),
            ListFunction::Aggregate(kind) => match kind.output(std::slice::from_ref(item)) {
                Ok(output) => Ok(output),
                Err(_) if item.is_key() => Err(wrong("lists of numbers")),
                Err(_) => Err(wrong("lists of values that can be compared")),
            },
        }
    }

    /// Computes the function for the rows of a column of lists.
    pub(super) fn eval(&self, of: &Column, expr: &dyn Fn() -> String) -> Result<Column, EvalError> {
        let lists = of.as_lists().unwrap_or_else(|| unreachable!("the argument was checked to be lists"));
        if lists.values().len() >= NO_ROW as usize {
            return Err(FrameError::TooManyRows { rows: lists.values().len() }.into());
        }
        Ok(match self {
            ListFunction::Length => {
                let lengths = (0..of.len()).map(|row| lists.range(row).len() as i64);
                Column::from_i64s(lengths.collect(), of.validity())
            }
            ListFunction::Get(at) => lists.values().take(&places(lists, *at)),
            ListFunction::Contains(value) => {
                let found = found(lists.values(), value);
                let any = |row| lists.range(row).any(|at| found.get(at));
                Column::from_mask(Mask::from_fn(of.len(), any), of.validity())
            }
            ListFunction::Join(separator) => joined(lists, of, separator),
            ListFunction::Aggregate(kind) => {
                let overflow = |_| EvalError::Overflow { expr: expr() };
                let result = aggregated(*kind, lists).map_err(overflow)?;
                of.validity().map_or(result.clone(), |valid| result.masked(&valid))
            }
        })
    }
}

/// Returns the place of a value of each list among those of all.
fn places(lists: &Lists, at: i64) -> Vec<u32> {
    let place = |row| {
        let range = lists.range(row);
        let at = match usize::try_from(at) {
            Ok(at) => Some(at),
            Err(_) => range.len().checked_sub(usize::try_from(at.unsigned_abs()).ok()?),
        };
        at.filter(|at| *at < range.len()).map(|at| (range.start + at) as u32)
    };
    (0..lists.len()).map(|row| place(row).unwrap_or(NO_ROW)).collect()
}

/// Returns which values are this.
fn found(values: &Column, value: &Scalar) -> Mask {
    if value.is_null() {
        return values.validity().map_or_else(|| Mask::all(values.len(), false), |valid| valid.not());
    }
    let (column, value) = (Eval::Column(values.clone()), Eval::Constant(settle(value, &values.dtype())));
    let equal = compare::compare(Binary::Equal, &column, &value, values.len());
    equal.to_filter().expect("a comparison is true or false")
}

/// Aggregates the values of each list.
fn aggregated(kind: AggregateKind, lists: &Lists) -> Result<Column, Overflow> {
    let values = std::slice::from_ref(lists.values());
    let item = values[0].dtype();
    let output = kind.output(std::slice::from_ref(&item));
    let output = output.expect("the argument was checked when the expression was written");
    let reduction = Reduction::new(&Aggregate::new(kind, None), vec![item], output);
    let state = reduction.partial(values, &Groups::of_lists(lists))?;
    Ok(reduction.finish(&state))
}

fn joined(lists: &Lists, of: &Column, separator: &str) -> Column {
    let values = lists.values();
    let View::Utf8(texts) = values.view() else { unreachable!("the argument was checked to be texts") };
    let mut builder = Utf8Builder::with_capacity(of.len());
    let mut text = String::new();
    for row in 0..of.len() {
        let mut range = lists.range(row);
        if of.is_null(row) || range.clone().any(|at| values.is_null(at)) {
            builder.push_null();
            continue;
        }
        text.clear();
        range.next().into_iter().for_each(|first| text.push_str(texts.get(first)));
        range.for_each(|at| text.extend([separator, texts.get(at)]));
        builder.push(text.as_bytes());
    }
    builder.finish().expect("a str is UTF-8")
}

impl fmt::Display for ListFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            ListFunction::Get(at) => write!(f, " {at}"),
            ListFunction::Contains(value) => write!(f, " {value}"),
            ListFunction::Join(separator) => write!(f, " {separator:?}"),
            ListFunction::Length | ListFunction::Aggregate(_) => Ok(()),
        }
    }
}
