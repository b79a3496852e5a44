//! Tables as batches of the maintained Arrow crates, and back.
//!
//! What lies alike on both sides keeps its memory. Other types are cast on the side of those crates, where they have a
//! type to be cast to without loss of meaning ([`Target`]).

mod categories;
#[cfg(any(feature = "ipc", feature = "parquet"))]
mod told;

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, RecordBatch, RecordBatchOptions, make_array};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType as ArrowType, Field as ArrowField, Schema as ArrowSchema, TimeUnit};
use dask_graph::LayerInfo;

#[cfg(any(feature = "ipc", feature = "parquet"))]
pub(crate) use told::Told;

use crate::column::{Column, Lists};
use crate::error::{ArrowError, FrameError};
use crate::frame::DataFrame;
use crate::schema::{DataType, Field, Schema, Zone};
use crate::table::Table;

impl Column {
    /// Makes a column of an array of the maintained Arrow crates.
    ///
    /// Truth values, integers and floats of all widths (but floats of 16 bits, which become such of 32), texts with
    /// 64-bit offsets, timestamps and durations of microseconds are taken over with their memory. Other texts, dates
    /// and times of other units are cast; digits below the microsecond are dropped. Dictionaries of texts become
    /// categorical, whose categories are not known; other dictionaries what their values become. Lists become lists of
    /// what their values become, texts for dictionaries of texts. An array of nothing but nulls becomes floats, as in
    /// pandas.
    ///
    /// # Errors
    ///
    /// - `Unsupported` for other types (decimals, structures, time zones without a name): cast them first.
    /// - `Value` if a value does not fit: a time far away.
    pub fn from_arrow(array: &dyn Array) -> Result<Self, ArrowError> {
        let target = Target::of(array.data_type())
            .ok_or_else(|| ArrowError::Unsupported { dtype: array.data_type().to_string() })?;
        target.take(array)
    }

    /// Returns the column as an array of the maintained Arrow crates: with the same memory, but for dates, which become
    /// those of 32 bits, and the numbers of categories.
    ///
    /// # Errors
    ///
    /// - `Value` if a date does not fit 32 bits, or there are more than 2³¹ categories.
    /// - `Bridge` if the array is refused.
    pub fn to_arrow(&self) -> Result<ArrayRef, ArrowError> {
        let bridge = |source| ArrowError::Bridge { source: Box::new(source) };
        let dtype = self.dtype();
        if let Some(lists) = self.as_lists() {
            let values = lists.values().to_arrow()?;
            return lists.to_arrow_array(&values, outside(&dtype)).map_err(bridge);
        }
        if let Some((codes, categories)) = self.to_codes() {
            let (codes, categories) = (codes.map_err(bridge)?, categories.map_err(bridge)?);
            let codes = cast(&*codes, &ArrowType::Int32)?;
            let codes = codes.as_primitive::<Int32Type>().clone();
            let dictionary = DictionaryArray::try_new(codes, categories);
            return dictionary
                .map(|array| Arc::new(array) as ArrayRef)
                .map_err(|source| ArrowError::Value { source: Box::new(source) });
        }
        let array = self.to_arrow_array().map_err(bridge)?;
        match dtype {
            DataType::Date => cast(&*cast(&*array, &ArrowType::Int32)?, &ArrowType::Date32),
            _ => Ok(array),
        }
    }
}

impl Table {
    /// Makes a table of a batch of the maintained Arrow crates, whose columns are taken as by
    /// [`Column::from_arrow`]. Known categories come back as such from batches that
    /// [`to_record_batch`](Table::to_record_batch) has made: the metadata of their fields lists them.
    ///
    /// # Errors
    ///
    /// - `Column` if one of the columns cannot be taken.
    /// - `Table` if two have one name, or there are too many rows.
    ///
    /// # Examples
    ///
    /// ```
    /// use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
    /// use dask_frame::Table;
    /// use std::sync::Arc;
    ///
    /// let carriers: ArrayRef = Arc::new(StringArray::from(vec!["UA", "AA"]));
    /// let delays: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
    /// let batch = RecordBatch::try_from_iter([("carrier", carriers), ("delay", delays)])?;
    /// let table = Table::from_record_batch(&batch)?;
    /// assert_eq!(table.schema().to_string(), "carrier: Utf8, delay: Int32");
    /// assert_eq!(Table::from_record_batch(&table.to_record_batch()?)?, table);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_record_batch(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let schema = batch.schema();
        let column = |(field, array): (&Arc<ArrowField>, &ArrayRef)| {
            let target = Target::of_field(field);
            let target =
                target.ok_or_else(|| ArrowError::Unsupported { dtype: array.data_type().to_string() });
            let column = target.and_then(|target| target.take(&**array));
            let column = column.map_err(|source| in_column(field.name(), source))?;
            Ok((Field::new(field.name().as_str(), column.dtype()), column))
        };
        let columns = schema.fields().iter().zip(batch.columns()).map(column);
        let (fields, columns): (Vec<_>, Vec<_>) =
            columns.collect::<Result<Vec<_>, ArrowError>>()?.into_iter().unzip();
        Ok(Self::with_rows(Schema::new(fields)?, columns, batch.num_rows())?)
    }

    /// Returns the table as a batch of the maintained Arrow crates, with the same memory.
    ///
    /// # Errors
    ///
    /// `Column` if a column is refused.
    pub fn to_record_batch(&self) -> Result<RecordBatch, ArrowError> {
        let column = |(field, column): (&Field, &Column)| {
            column.to_arrow().map_err(|source| in_column(field.name(), source))
        };
        let columns = self.schema().fields().iter().zip(self.columns()).map(column);
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.n_rows()));
        RecordBatch::try_new_with_options(Arc::new(arrow_schema(self.schema())), columns, &options)
            .map_err(|source| ArrowError::Value { source: Box::new(source) })
    }
}

impl DataFrame {
    /// Makes a frame of batches of the maintained Arrow crates, a partition each.
    ///
    /// # Errors
    ///
    /// - As [`Table::from_record_batch`].
    /// - `Table` if there is no batch, or their columns differ.
    #[track_caller]
    pub fn from_record_batches<'a>(
        batches: impl IntoIterator<Item = &'a RecordBatch>,
    ) -> Result<Self, ArrowError> {
        let info = LayerInfo::here();
        let tables = batches.into_iter().map(Table::from_record_batch).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of_tables(tables, info)?)
    }
}

fn in_column(name: &str, source: ArrowError) -> ArrowError {
    ArrowError::Column { name: name.into(), source: Box::new(source) }
}

/// What an array of a type becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target(pub(crate) DataType);

impl Target {
    /// Returns what arrays of a type become, if they can become anything.
    pub(crate) fn of(dtype: &ArrowType) -> Option<Self> {
        use ArrowType as A;
        Some(Self(match dtype {
            A::Boolean => DataType::Bool,
            A::Int8 => DataType::Int8,
            A::Int16 => DataType::Int16,
            A::Int32 => DataType::Int32,
            A::Int64 => DataType::Int64,
            A::UInt8 => DataType::UInt8,
            A::UInt16 => DataType::UInt16,
            A::UInt32 => DataType::UInt32,
            A::UInt64 => DataType::UInt64,
            A::Float16 | A::Float32 => DataType::Float32,
            A::Null | A::Float64 => DataType::Float64,
            A::Utf8 | A::LargeUtf8 | A::Utf8View => DataType::Utf8,
            A::Date32 | A::Date64 => DataType::Date,
            A::Duration(_) => DataType::Duration,
            A::Timestamp(_, None) => DataType::Timestamp,
            A::Timestamp(_, Some(zone)) => DataType::Zoned(zone_of(zone)?),
            A::Dictionary(_, values) if is_text(values) => DataType::CATEGORICAL,
            A::Dictionary(_, values) => return Self::of(values),
            A::List(item) | A::LargeList(item) | A::FixedSizeList(item, _) => {
                DataType::list_of(&Self::of(item.data_type())?.0)
            }
            _ => return None,
        }))
    }

    /// Returns what arrays of a field become: the field can tell their categories.
    pub(crate) fn of_field(field: &ArrowField) -> Option<Self> {
        match Self::of(field.data_type())?.0 {
            DataType::Categorical(_) => Some(Self(DataType::Categorical(categories::told(field)))),
            other => Some(Self(other)),
        }
    }

    /// Takes over an array that can become a column, cast if it lies otherwise.
    pub(crate) fn take(&self, array: &dyn Array) -> Result<Column, ArrowError> {
        if *array.data_type() == ArrowType::Null {
            return Ok(Column::nulls(&self.0, array.len()));
        }
        let array = match &self.0 {
            DataType::Date => cast(&*cast(array, &ArrowType::Date32)?, &ArrowType::Int32)?,
            DataType::Zoned(_) => in_no_zone(array),
            DataType::Categorical(told) => return categories::among(categorical(array)?, told),
            DataType::List(item) => return lists(array, item),
            _ => array.slice(0, array.len()),
        };
        bridged(&*cast(&*array, &lies(&self.0))?, &self.0)
    }
}

/// Takes over lists of values that become `item`.
fn lists(array: &dyn Array, item: &DataType) -> Result<Column, ArrowError> {
    let (ArrowType::List(field) | ArrowType::LargeList(field) | ArrowType::FixedSizeList(field, _)) =
        array.data_type()
    else {
        return Err(ArrowError::Unsupported { dtype: array.data_type().to_string() });
    };
    let array = cast(array, &ArrowType::LargeList(Arc::clone(field)))?;
    let array = array.as_list::<i64>();
    let values = Target(item.clone()).take(&**array.values())?;
    let lists = Lists::from_arrow_array(array, values);
    lists.map(Column::from).map_err(|source| ArrowError::Bridge { source: Box::new(source) })
}

fn bridged(array: &dyn Array, dtype: &DataType) -> Result<Column, ArrowError> {
    Column::from_arrow_array(array, dtype).map_err(|source| ArrowError::Bridge { source: Box::new(source) })
}

/// Casts an array, if it is not of the type already. What does not fit is an error, not a missing value.
pub(crate) fn cast(array: &dyn Array, to: &ArrowType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == to {
        return Ok(array.slice(0, array.len()));
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, to, &options).map_err(|source| ArrowError::Value { source: Box::new(source) })
}

/// Takes over a dictionary of texts, if its texts are categories: all different, and none missing.
fn categorical(array: &dyn Array) -> Result<Column, ArrowError> {
    let array = cast(array, &outside(&DataType::CATEGORICAL))?;
    let dictionary = array.as_dictionary::<Int32Type>();
    let texts = bridged(&**dictionary.values(), &DataType::Utf8)?;
    let mut different = HashSet::new();
    if texts.strs().is_some_and(|mut texts| texts.all(|text| text.is_some_and(|text| different.insert(text))))
    {
        let codes = cast(dictionary.keys(), &ArrowType::UInt32)?;
        let column = Column::from_codes(&*codes, &texts);
        return column.map_err(|source| ArrowError::Bridge { source: Box::new(source) });
    }
    Ok(bridged(&*cast(&*array, &ArrowType::LargeUtf8)?, &DataType::Utf8)?.to_categorical())
}

/// Returns the same instants without the zone.
fn in_no_zone(array: &dyn Array) -> ArrayRef {
    let ArrowType::Timestamp(unit, Some(_)) = array.data_type() else { return array.slice(0, array.len()) };
    let data = array.to_data().into_builder().data_type(ArrowType::Timestamp(*unit, None));
    make_array(data.build().expect("timestamps lie alike with and without a zone"))
}

fn zone_of(name: &str) -> Option<Zone> {
    match name {
        "+00:00" | "Z" => Some(Zone::UTC),
        name => Zone::new(name).ok(),
    }
}

fn is_text(dtype: &ArrowType) -> bool {
    matches!(dtype, ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View)
}

/// Returns the type with the memory of columns of a type.
fn lies(dtype: &DataType) -> ArrowType {
    match dtype {
        DataType::Date => ArrowType::Int64,
        DataType::Zoned(_) => ArrowType::Timestamp(TimeUnit::Microsecond, None),
        dtype => outside(dtype),
    }
}

/// Returns the type of the arrays that columns of a type become.
pub(crate) fn outside(dtype: &DataType) -> ArrowType {
    match dtype {
        DataType::Int64 => ArrowType::Int64,
        DataType::Float64 => ArrowType::Float64,
        DataType::Int8 => ArrowType::Int8,
        DataType::Int16 => ArrowType::Int16,
        DataType::Int32 => ArrowType::Int32,
        DataType::UInt8 => ArrowType::UInt8,
        DataType::UInt16 => ArrowType::UInt16,
        DataType::UInt32 => ArrowType::UInt32,
        DataType::UInt64 => ArrowType::UInt64,
        DataType::Float32 => ArrowType::Float32,
        DataType::Bool => ArrowType::Boolean,
        DataType::Utf8 => ArrowType::LargeUtf8,
        DataType::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Zoned(zone) => ArrowType::Timestamp(TimeUnit::Microsecond, Some(zone.name().into())),
        DataType::Date => ArrowType::Date32,
        DataType::Duration => ArrowType::Duration(TimeUnit::Microsecond),
        // With a sign, which pandas asks of the numbers of categories.
        DataType::Categorical(_) => {
            ArrowType::Dictionary(Box::new(ArrowType::Int32), Box::new(ArrowType::LargeUtf8))
        }
        DataType::List(item) => {
            ArrowType::LargeList(Arc::new(ArrowField::new_list_field(outside(item), true)))
        }
    }
}

/// Returns the schema of the batches that tables become.
pub(crate) fn arrow_schema(schema: &Schema) -> ArrowSchema {
    let field = |field: &Field| {
        let dtype = field.dtype();
        let bare = ArrowField::new(field.name(), outside(&dtype), true);
        dtype.categories().map_or(bare.clone(), |known| categories::tell(bare, known))
    };
    ArrowSchema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

impl From<FrameError> for ArrowError {
    fn from(source: FrameError) -> Self {
        ArrowError::Table { source: Box::new(source) }
    }
}
