//! The functions of categories of an expression: pandas' `cat` accessor.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::function::{Function, wrong_type};
use super::{Expr, Node};
use crate::column::Column;
use crate::error::FrameError;
use crate::schema::DataType;

/// A function of categories.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum CategoryFunction {
    Codes,
    Set(Vec<Arc<str>>),
}

/// The functions of a column of categories, as pandas' `cat` accessor; made by [`Expr::cat`].
///
/// Texts become categories by a `cast` to [`DataType::Categorical`]: then each partition knows the texts that it
/// has, in the order of their letters, and the partitions agree when they are put together. With
/// [`set_categories`](CategoryMethods::set_categories) all partitions have the same, known before anything
/// runs.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, DataType, col};
/// use dask_graph::Collection;
///
/// let sizes = Column::from(vec!["small", "large", "huge", "small"]);
/// let frame = DataFrame::from_columns([("size", sizes)], 2)?;
/// let frame = frame.with_column("size", col("size").cat().set_categories(["small", "large"]))?;
/// let table = frame.with_column("code", col("size").cat().codes())?.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(table.column("code")?, &Column::from(vec![Some(0), Some(1), None, Some(0)]));
/// assert_eq!(table.column("size")?.categories().unwrap().collect::<Vec<_>>(), ["small", "large"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CategoryMethods(Expr);

impl Expr {
    /// Returns the functions of categories.
    pub fn cat(&self) -> CategoryMethods {
        CategoryMethods(self.clone())
    }
}

impl CategoryMethods {
    fn with(&self, function: CategoryFunction) -> Expr {
        Expr::over(Node::Function(Function::Category(function), vec![self.0.clone()]))
    }

    /// Returns the place of each row's category among the categories; missing where the category is.
    ///
    /// Places can be compared between partitions only after
    /// [`set_categories`](CategoryMethods::set_categories).
    #[must_use]
    pub fn codes(&self) -> Expr {
        self.with(CategoryFunction::Codes)
    }

    /// Gives texts or categories these categories, in this order, which is that of sorting. What is none of them
    /// becomes missing.
    #[must_use]
    pub fn set_categories<N: Into<Arc<str>>>(&self, categories: impl IntoIterator<Item = N>) -> Expr {
        self.with(CategoryFunction::Set(categories.into_iter().map(Into::into).collect()))
    }
}

impl CategoryFunction {
    fn word(&self) -> &'static str {
        match self {
            CategoryFunction::Codes => "cat.codes",
            CategoryFunction::Set(_) => "cat.set_categories",
        }
    }

    pub(super) fn dtype(&self, of: &Expr, got: DataType) -> Result<DataType, FrameError> {
        match self {
            CategoryFunction::Codes if got == DataType::Categorical => Ok(DataType::Int64),
            CategoryFunction::Codes => Err(wrong_type(self.word(), of, got, "Categorical")),
            CategoryFunction::Set(_) if !got.is_text() => Err(wrong_type(self.word(), of, got, "Utf8")),
            CategoryFunction::Set(categories) => {
                let mut seen = std::collections::HashSet::new();
                match categories.iter().find(|category| !seen.insert(*category)) {
                    None => Ok(DataType::Categorical),
                    Some(twice) => {
                        let problem = format!("the category {twice:?} is listed twice");
                        Err(FrameError::BadArgument { operation: self.word(), problem })
                    }
                }
            }
        }
    }

    pub(super) fn eval(&self, of: &Column) -> Column {
        match self {
            CategoryFunction::Codes => {
                let codes = of.codes().expect("the argument was checked to be categorical");
                Column::from(codes.map(|code| code.map(i64::from)).collect::<Vec<_>>())
            }
            CategoryFunction::Set(categories) => of.to_categories(categories),
        }
    }
}

impl fmt::Display for CategoryFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            CategoryFunction::Codes => Ok(()),
            CategoryFunction::Set(categories) => write!(f, " {categories:?}"),
        }
    }
}
