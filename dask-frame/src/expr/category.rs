//! The functions of categories of an expression: pandas' `cat` accessor.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::function::{Function, wrong_type};
use super::{Expr, Node};
use crate::column::{Categories, Column};
use crate::error::FrameError;
use crate::schema::DataType;

type Texts = Vec<Arc<str>>;

/// A function of categories.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum CategoryFunction {
    Codes,
    Set(Texts),
    Add(Texts),
    Remove(Texts),
    Rename(Vec<(Arc<str>, Arc<str>)>),
    Reorder(Texts),
    Order(bool),
    Forget,
}

/// The functions of a column of categories, as pandas' `cat` accessor; made by [`Expr::cat`].
///
/// Categories are *known* if the schema lists them, before anything runs: those of a `cast` to a type that lists
/// them, of [`set_categories`](CategoryMethods::set_categories), and of
/// [`DataFrame::as_known`](crate::DataFrame::as_known), which looks for them in the rows. All partitions have the
/// same, also those that are never in a row.
///
/// By a `cast` to [`DataType::CATEGORICAL`] texts become categories that are *not known*: each partition has the texts
/// that it has, in the order of their letters, and the partitions agree when they are put together. Functions that need
/// to know the categories refuse these.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, DataType, col};
/// use dask_graph::Collection;
///
/// let sizes = Column::from(vec!["small", "large", "huge", "small"]);
/// let frame = DataFrame::from_columns([("size", sizes)], 2)?;
/// let frame = frame.with_column("size", col("size").cat().set_categories(["small", "large"]).cat().as_ordered())?;
/// assert_eq!(frame.schema().to_string(), "size: Categorical[small < large]");
/// let frame = frame.with_column("code", col("size").cat().codes())?.with_column("more", col("size").gt("small"))?;
/// let table = frame.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(table.column("code")?, &Column::from(vec![Some(0), Some(1), None, Some(0)]));
/// assert_eq!(table.column("more")?, &Column::from(vec![Some(false), Some(true), None, Some(false)]));
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
    /// Places can be compared between partitions only if the categories are known.
    #[must_use]
    pub fn codes(&self) -> Expr {
        self.with(CategoryFunction::Codes)
    }

    /// Gives texts or categories these categories, in this order, which is that of sorting. What is none of them
    /// becomes missing. Whether the order has a meaning stays as it is.
    #[must_use]
    pub fn set_categories<N: Into<Arc<str>>>(&self, categories: impl IntoIterator<Item = N>) -> Expr {
        self.with(CategoryFunction::Set(texts(categories)))
    }

    /// Adds categories behind those that there are, which must be known.
    #[must_use]
    pub fn add_categories<N: Into<Arc<str>>>(&self, categories: impl IntoIterator<Item = N>) -> Expr {
        self.with(CategoryFunction::Add(texts(categories)))
    }

    /// Takes some of the categories away, which must be known. Rows of them become missing.
    #[must_use]
    pub fn remove_categories<N: Into<Arc<str>>>(&self, categories: impl IntoIterator<Item = N>) -> Expr {
        self.with(CategoryFunction::Remove(texts(categories)))
    }

    /// Calls some of the categories, which must be known, otherwise: pairs of the old name and the new one.
    #[must_use]
    pub fn rename_categories<A: Into<Arc<str>>, B: Into<Arc<str>>>(
        &self,
        names: impl IntoIterator<Item = (A, B)>,
    ) -> Expr {
        let names = names.into_iter().map(|(old, new)| (old.into(), new.into())).collect();
        self.with(CategoryFunction::Rename(names))
    }

    /// Puts the categories, which must be known and all be listed, in another order.
    #[must_use]
    pub fn reorder_categories<N: Into<Arc<str>>>(&self, categories: impl IntoIterator<Item = N>) -> Expr {
        self.with(CategoryFunction::Reorder(texts(categories)))
    }

    /// Gives the order of the categories, which must be known, a meaning: they can be compared by it, and have a
    /// smallest and a largest.
    #[must_use]
    pub fn as_ordered(&self) -> Expr {
        self.with(CategoryFunction::Order(true))
    }

    /// Takes the meaning from the order of the categories, which must be known.
    #[must_use]
    pub fn as_unordered(&self) -> Expr {
        self.with(CategoryFunction::Order(false))
    }

    /// Forgets the categories and the meaning of their order: what only the partitions know is not listed in the
    /// schema.
    #[must_use]
    pub fn as_unknown(&self) -> Expr {
        self.with(CategoryFunction::Forget)
    }
}

fn texts<N: Into<Arc<str>>>(categories: impl IntoIterator<Item = N>) -> Texts {
    categories.into_iter().map(Into::into).collect()
}

/// Returns the categories of a type that are known.
///
/// # Errors
///
/// `WrongType` if it has no categories, `UnknownCategories` if they are not known.
pub(crate) fn known<'a>(
    operation: &'static str,
    of: &Expr,
    dtype: &'a DataType,
) -> Result<&'a Categories, FrameError> {
    match dtype.categories() {
        Some(categories) if categories.is_known() => Ok(categories),
        Some(_) => Err(FrameError::UnknownCategories { operation, expr: of.to_string() }),
        None => Err(wrong_type(operation, of, dtype.clone(), "Categorical")),
    }
}

impl CategoryFunction {
    fn word(&self) -> &'static str {
        match self {
            CategoryFunction::Codes => "cat.codes",
            CategoryFunction::Set(_) => "cat.set_categories",
            CategoryFunction::Add(_) => "cat.add_categories",
            CategoryFunction::Remove(_) => "cat.remove_categories",
            CategoryFunction::Rename(_) => "cat.rename_categories",
            CategoryFunction::Reorder(_) => "cat.reorder_categories",
            CategoryFunction::Order(true) => "cat.as_ordered",
            CategoryFunction::Order(false) => "cat.as_unordered",
            CategoryFunction::Forget => "cat.as_unknown",
        }
    }

    pub(super) fn dtype(&self, of: &Expr, got: &DataType) -> Result<DataType, FrameError> {
        let wrong = |expected| wrong_type(self.word(), of, got.clone(), expected);
        match self {
            CategoryFunction::Codes if got.categories().is_some() => Ok(DataType::Int64),
            CategoryFunction::Codes | CategoryFunction::Forget if got.categories().is_none() => {
                Err(wrong("Categorical"))
            }
            CategoryFunction::Set(_) if !got.is_text() => Err(wrong("Utf8 or Categorical")),
            CategoryFunction::Set(_) | CategoryFunction::Codes | CategoryFunction::Forget => {
                Ok(DataType::Categorical(self.result(got)?))
            }
            _ => {
                known(self.word(), of, got)?;
                Ok(DataType::Categorical(self.result(got)?))
            }
        }
    }

    /// Returns the categories that those of a type become.
    fn result(&self, got: &DataType) -> Result<Categories, FrameError> {
        let old = got.categories().cloned().unwrap_or(Categories::UNKNOWN);
        let bad = |problem| FrameError::BadArgument { operation: self.word(), problem };
        let olds = || old.texts().into_iter().flatten();
        let all_known = |mut list: Box<dyn Iterator<Item = &Arc<str>> + '_>| match list
            .find(|text| old.place(text).is_none())
        {
            Some(text) => Err(bad(format!("{text:?} is none of the categories {old}"))),
            None => Ok(()),
        };
        let texts: Texts = match self {
            CategoryFunction::Codes | CategoryFunction::Forget => return Ok(Categories::UNKNOWN),
            CategoryFunction::Order(ordered) => return Ok(old.with_order(*ordered)),
            CategoryFunction::Set(list) => list.clone(),
            CategoryFunction::Add(list) => olds().map(Arc::from).chain(list.iter().cloned()).collect(),
            CategoryFunction::Remove(list) => {
                all_known(Box::new(list.iter()))?;
                olds().filter(|old| !list.iter().any(|text| **text == **old)).map(Arc::from).collect()
            }
            CategoryFunction::Rename(names) => {
                all_known(Box::new(names.iter().map(|(old, _)| old)))?;
                let renamed = |old: &str| match names.iter().find(|(from, _)| **from == *old) {
                    Some((_, to)) => Arc::clone(to),
                    None => Arc::from(old),
                };
                olds().map(renamed).collect()
            }
            CategoryFunction::Reorder(list) => {
                all_known(Box::new(list.iter()))?;
                if let Some(text) = olds().find(|old| !list.iter().any(|text| **text == **old)) {
                    return Err(bad(format!("the category {text:?} is not listed")));
                }
                list.clone()
            }
        };
        let new = Categories::new(&texts).map_err(|error| match error {
            FrameError::BadArgument { problem, .. } => bad(problem),
            other => other,
        })?;
        Ok(new.with_order(old.is_ordered()))
    }

    pub(super) fn eval(&self, of: &Column) -> Column {
        let result =
            || self.result(&of.dtype()).expect("the argument was checked when the expression was written");
        match self {
            CategoryFunction::Codes => {
                let codes = of.codes().expect("the argument was checked to be categorical");
                Column::from(codes.map(|code| code.map(i64::from)).collect::<Vec<_>>())
            }
            CategoryFunction::Set(_) | CategoryFunction::Remove(_) | CategoryFunction::Reorder(_) => {
                of.to_categories(&result())
            }
            CategoryFunction::Add(_)
            | CategoryFunction::Rename(_)
            | CategoryFunction::Order(_)
            | CategoryFunction::Forget => of.with_categories(&result()),
        }
    }
}

impl fmt::Display for CategoryFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            CategoryFunction::Codes | CategoryFunction::Order(_) | CategoryFunction::Forget => Ok(()),
            CategoryFunction::Rename(names) => write!(f, " {names:?}"),
            CategoryFunction::Set(list)
            | CategoryFunction::Add(list)
            | CategoryFunction::Remove(list)
            | CategoryFunction::Reorder(list) => write!(f, " {list:?}"),
        }
    }
}
