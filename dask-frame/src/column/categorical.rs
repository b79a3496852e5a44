//! Columns that keep each of their few texts once.

use std::collections::HashMap;
use std::sync::Arc;

use arrow2::array::{PrimitiveArray, Utf8Array};
use arrow2::datatypes::DataType as ArrowType;

use super::{Categories, Column, Data, Utf8Builder, View};

/// For each row the number of its category. What stands in the place of a missing value is unspecified and
/// may be the number of none.
#[derive(Clone)]
pub(crate) struct Codes {
    codes: PrimitiveArray<u32>,
    /// All different, and none missing.
    categories: Arc<Utf8Array<i64>>,
    /// What the type says of them: these, or nothing.
    known: Categories,
}

impl Codes {
    /// Makes a column of categories that its type does not know.
    pub(super) fn new(codes: PrimitiveArray<u32>, categories: Utf8Array<i64>) -> Self {
        Self { codes, categories: Arc::new(categories), known: Categories::UNKNOWN }
    }

    /// Makes a column of these categories, or of none if they are not known.
    pub(super) fn of(codes: PrimitiveArray<u32>, known: &Categories) -> Self {
        let none = || Arc::new(Utf8Array::new_empty(ArrowType::LargeUtf8));
        let categories = known.array().cloned().unwrap_or_else(none);
        Self { codes, categories, known: known.clone() }
    }

    pub(super) fn nulls(known: &Categories, len: usize) -> Self {
        let codes = match len {
            0 => PrimitiveArray::new_empty(ArrowType::UInt32),
            _ => PrimitiveArray::new_null(ArrowType::UInt32, len),
        };
        Self::of(codes, known)
    }

    /// Returns what the type knows.
    pub(crate) fn known(&self) -> &Categories {
        &self.known
    }

    pub(crate) fn array(&self) -> &PrimitiveArray<u32> {
        &self.codes
    }

    pub(crate) fn categories(&self) -> &Utf8Array<i64> {
        &self.categories
    }

    /// Returns the same categories with other codes.
    pub(super) fn with(self, codes: impl FnOnce(PrimitiveArray<u32>) -> PrimitiveArray<u32>) -> Self {
        Self { codes: codes(self.codes), ..self }
    }

    pub(super) fn code(&self, row: usize) -> u32 {
        self.codes.value(row)
    }

    pub(super) fn text(&self, row: usize) -> &str {
        let code = self.code(row) as usize;
        if code < self.categories.len() { self.categories.value(code) } else { "" }
    }

    pub(super) fn nbytes(&self) -> usize {
        let (first, last) = (*self.categories.offsets().first(), *self.categories.offsets().last());
        self.codes.len() * 4 + (self.categories.len() + 1) * 8 + usize::try_from(last - first).unwrap_or(0)
    }
}

impl Codes {
    /// Gives each category another place, or none.
    fn recoded(&self, places: &[Option<u32>], categories: &Categories) -> Self {
        let code = |code: Option<&u32>| places.get(*code? as usize).copied().flatten();
        Self::of(PrimitiveArray::from(self.codes.iter().map(code).collect::<Vec<_>>()), categories)
    }
}

impl Column {
    /// Makes a column of texts one that keeps each text once; the categories are in the order of their
    /// letters. A column that does so already stays as it is. The type does not know them.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataType};
    ///
    /// let column = Column::from(vec![Some("b"), None, Some("a"), Some("b")]).to_categorical();
    /// assert_eq!(column.dtype(), DataType::CATEGORICAL);
    /// assert_eq!(column.categories().unwrap().collect::<Vec<_>>(), ["a", "b"]);
    /// assert_eq!(column.codes().unwrap().collect::<Vec<_>>(), [Some(1), None, Some(0), Some(1)]);
    /// ```
    #[must_use]
    pub fn to_categorical(&self) -> Self {
        let Data::Utf8(texts) = &self.0 else { return self.clone() };
        let mut categories = texts.iter().flatten().collect::<Vec<_>>();
        categories.sort_unstable();
        categories.dedup();
        self.coded(&categories)
    }

    /// Gives a column of texts these categories. A text that is none of them becomes missing.
    pub(crate) fn to_categories(&self, categories: &Categories) -> Self {
        if let Data::Categorical(codes) = &self.0 {
            let places =
                codes.categories.values_iter().map(|text| categories.place(text)).collect::<Vec<_>>();
            return Self(Data::Categorical(codes.recoded(&places, categories)));
        }
        let View::Utf8(texts) = self.view() else { unreachable!("only texts have categories") };
        let code = |row| if self.is_null(row) { None } else { categories.place(texts.get(row)) };
        let codes = PrimitiveArray::from((0..self.len()).map(code).collect::<Vec<_>>());
        Self(Data::Categorical(Codes::of(codes, categories)))
    }

    /// Calls the categories otherwise: by those of the same place, or, if `categories` are not known, by the same names.
    pub(crate) fn with_categories(&self, categories: &Categories) -> Self {
        let Data::Categorical(codes) = &self.0 else { unreachable!("only categories are renamed") };
        Self(Data::Categorical(match categories.is_known() {
            true => Codes::of(codes.codes.clone(), categories),
            false => Codes { known: Categories::UNKNOWN, ..codes.clone() },
        }))
    }

    /// Numbers texts by categories.
    fn coded(&self, categories: &[&str]) -> Self {
        let View::Utf8(texts) = self.view() else { unreachable!("only texts have categories") };
        let numbers =
            categories.iter().zip(0u32..).map(|(&text, code)| (text, code)).collect::<HashMap<_, _>>();
        let code = |row| if self.is_null(row) { None } else { numbers.get(texts.get(row)).copied() };
        let codes = PrimitiveArray::from((0..self.len()).map(code).collect::<Vec<_>>());
        let categories = Utf8Array::from_iter_values(categories.iter());
        Self(Data::Categorical(Codes::new(codes, categories)))
    }

    /// Returns the known categories, a row each.
    pub(crate) fn all_categories(&self) -> Option<Self> {
        let Data::Categorical(codes) = &self.0 else { return None };
        let n = u32::try_from(codes.known.texts()?.len()).ok()?;
        let all = PrimitiveArray::from_vec((0..n).collect());
        Some(Self(Data::Categorical(Codes::of(all, &codes.known))))
    }

    /// Returns a column of texts in which each row has its own.
    pub(crate) fn to_own_texts(&self) -> Self {
        let Data::Categorical(codes) = &self.0 else { return self.clone() };
        let mut texts = Utf8Builder::with_capacity(self.len());
        for row in 0..self.len() {
            texts.push_option((!self.is_null(row)).then(|| codes.text(row)));
        }
        texts.finish().expect("a str is UTF-8")
    }

    /// Returns the categories in order, or `None` if the column has another type.
    #[must_use]
    pub fn categories(&self) -> Option<impl Iterator<Item = &str>> {
        match &self.0 {
            Data::Categorical(codes) => Some(codes.categories.values_iter()),
            _ => None,
        }
    }

    /// Returns for each row the place of its category, or `None` if the column has another type.
    #[must_use]
    pub fn codes(&self) -> Option<impl Iterator<Item = Option<u32>> + '_> {
        match &self.0 {
            Data::Categorical(codes) => Some(codes.codes.iter().map(|code| code.copied())),
            _ => None,
        }
    }
}

/// Puts categorical columns one after another; `None` if they are of another type.
///
/// Where they differ in their categories the result has all of them: in the order of their letters if that is
/// the order everywhere, else those of later columns behind those of earlier ones.
pub(super) fn joined(columns: &[&Column]) -> Option<Codes> {
    let parts = columns.iter().map(|column| match &column.0 {
        Data::Categorical(codes) => Some(codes),
        _ => None,
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    let first = parts.first()?;
    let same = parts
        .iter()
        .all(|part| Arc::ptr_eq(&part.categories, &first.categories) || part.categories == first.categories);
    let mut categories = Vec::new();
    let mut numbers = HashMap::new();
    if !same {
        for text in parts.iter().flat_map(|part| part.categories.values_iter()) {
            if numbers.insert(text, 0).is_none() {
                categories.push(text);
            }
        }
        if parts.iter().all(|part| part.categories.values_iter().is_sorted()) {
            categories.sort_unstable();
        }
        numbers = categories.iter().zip(0u32..).map(|(&text, code)| (text, code)).collect();
    }
    let codes = parts.iter().flat_map(|part| {
        let (numbers, part) = (&numbers, *part);
        let new = part.categories.values_iter().map(move |text| numbers.get(text).copied());
        let new = if same { Vec::new() } else { new.collect() };
        part.codes.iter().map(move |code| match code {
            Some(&code) if same => Some(code),
            Some(&code) => new.get(code as usize).copied().flatten(),
            None => None,
        })
    });
    let codes = PrimitiveArray::from(codes.collect::<Vec<_>>());
    let known = parts.iter().all(|part| part.known == first.known);
    Some(match same {
        true if known => Codes::clone(first).with(|_| codes),
        true => Codes { codes, categories: Arc::clone(&first.categories), known: Categories::UNKNOWN },
        false => Codes::new(codes, Utf8Array::from_iter_values(categories.into_iter())),
    })
}
