//! Conversions between types: every value or an error, never a wrong one.

use crate::column::{
    BoolBuilder, Column, Mask, Numbers, Stored, Utf8Builder, ValueBuilder, View, each_number, number_of,
};
use crate::error::EvalError;
use crate::schema::DataType;
use crate::{parse, time};

/// Converts a column; `expr` is asked for its text only to report a value that does not fit.
pub(super) fn cast(of: &Column, to: &DataType, expr: &dyn Fn() -> String) -> Result<Column, EvalError> {
    if of.dtype() == *to {
        return Ok(of.clone());
    }
    let validity = of.validity();
    let refuse =
        |row: usize| EvalError::Cast { expr: expr(), value: of.get(row).to_string(), dtype: to.clone() };
    match (of.view(), to) {
        (View::Int64(_) | View::Bool(_), DataType::Float64) => Ok(to_floats(of)),
        (View::Numbers(_), to) if to.is_numeric() || *to == DataType::Bool => {
            let wide = of.wide();
            match wide.view() {
                View::Numbers(Numbers::UInt64(values)) => match to {
                    DataType::Float64 => Ok(to_floats(of)),
                    DataType::Bool => {
                        Ok(Column::from_mask(Mask::from_fn(of.len(), |i| values.value(i) != 0), validity))
                    }
                    to => numbers(values.values(), validity, to).map_err(refuse),
                },
                _ => cast(&wide, to, expr),
            }
        }
        (View::Numbers(_), to) if is_ticks(to) => {
            let ints = cast(of, &DataType::Int64, expr)?;
            cast(&ints, to, expr)
        }
        (View::Int64(values), DataType::Bool) => {
            Ok(Column::from_mask(Mask::from_fn(of.len(), |i| values[i] != 0), validity))
        }
        (View::Float64(values), DataType::Bool) => {
            Ok(Column::from_mask(Mask::from_fn(of.len(), |i| values[i] != 0.0), validity))
        }
        (View::Bool(values), DataType::Int64) => {
            Ok(Column::from_i64s((0..of.len()).map(|i| i64::from(values.get(i))).collect(), validity))
        }
        (View::Float64(values), DataType::Int64) => {
            let mut ints = ValueBuilder::with_capacity(of.len());
            for (row, &x) in values.iter().enumerate() {
                match validity.as_ref().is_none_or(|valid| valid.get(row)) {
                    false => ints.push_null(),
                    true => ints.push(parse::float_to_int(x.trunc()).ok_or_else(|| refuse(row))?),
                }
            }
            Ok(ints.finish_i64())
        }
        (View::Int64(values), to) if to.is_integer() || to.is_float() => {
            numbers(values, validity, to).map_err(refuse)
        }
        (View::Float64(values), to) if to.is_integer() || to.is_float() => {
            numbers(values, validity, to).map_err(refuse)
        }
        (View::Bool(_), to) if to.is_integer() || to.is_float() => {
            cast(&cast(of, &DataType::Int64, expr)?, to, expr)
        }
        (View::Int64(values), _) if is_ticks(to) => {
            Ok(Column::from_ticks(to.clone(), values.to_vec(), validity))
        }
        (View::Ticks(values, _), DataType::Int64) => Ok(Column::from_i64s(values.to_vec(), validity)),
        (View::Ticks(values, DataType::Date), DataType::Timestamp) => {
            let micros = values.iter().map(|&days| days.saturating_mul(time::MICROS_PER_DAY)).collect();
            Ok(Column::from_ticks(to.clone(), micros, validity))
        }
        (View::Ticks(values, DataType::Timestamp), DataType::Date) => {
            let days = values.iter().map(|&micros| micros.div_euclid(time::MICROS_PER_DAY)).collect();
            Ok(Column::from_ticks(to.clone(), days, validity))
        }
        (View::Ticks(values, DataType::Zoned(_)), DataType::Zoned(_)) => {
            Ok(Column::from_ticks(to.clone(), values.to_vec(), validity))
        }
        (View::Utf8(texts), DataType::Categorical(known)) if known.is_known() => {
            let is_one = |row: &usize| of.is_null(*row) || known.place(texts.get(*row)).is_some();
            match (0..of.len()).find(|row| !is_one(row)) {
                Some(row) => Err(refuse(row)),
                None => Ok(of.to_categories(known)),
            }
        }
        (View::Utf8(_), DataType::Categorical(known)) if of.categories().is_some() => {
            Ok(of.with_categories(known))
        }
        (View::Utf8(_), DataType::Categorical(_)) => Ok(of.to_categorical()),
        (View::Utf8(_), DataType::Utf8) => Ok(of.to_own_texts()),
        (_, DataType::Utf8) => {
            let mut texts = Utf8Builder::with_capacity(of.len());
            for row in 0..of.len() {
                match of.is_null(row) {
                    true => texts.push_null(),
                    false => texts.push(of.get(row).to_string().as_bytes()),
                }
            }
            Ok(texts.finish().expect("values are shown as UTF-8"))
        }
        (View::Utf8(texts), _) => {
            let each = (0..of.len()).map(|row| (row, (!of.is_null(row)).then(|| texts.get(row).as_bytes())));
            parsed(each, to, of.len()).map_err(refuse)
        }
        (view, _) => unreachable!("{} to {to} was refused when it was written", dtype_of(view)),
    }
}

/// Converts a column; what does not fit becomes missing.
pub(super) fn try_cast(of: &Column, to: &DataType, expr: &dyn Fn() -> String) -> Result<Column, EvalError> {
    let numbers = numbers_that_fit(of, to);
    let fits = |row: usize| match (of.view(), to) {
        _ if numbers.is_some() => numbers.as_ref().is_some_and(|fits| fits.get(row)),
        (View::Utf8(texts), DataType::Categorical(known)) => {
            !known.is_known() || known.place(texts.get(row)).is_some()
        }
        (View::Utf8(texts), _) => readable(texts.get(row).as_bytes(), to),
        _ => true,
    };
    let fits = Mask::from_fn(of.len(), |row| of.is_null(row) || fits(row));
    cast(&of.masked(&fits), to, expr)
}

fn readable(text: &[u8], to: &DataType) -> bool {
    match to {
        DataType::Int64 => parse::int(text).is_some(),
        DataType::Float64 => parse::float(text).is_some(),
        DataType::Float32 => parse::float32(text).is_some(),
        DataType::Bool => parse::boolean(text).is_some(),
        _ if to.is_integer() => parse::int_of(text, to).is_some(),
        _ if is_ticks(to) => time::parse_as(text, to).is_some(),
        _ => true,
    }
}

/// Whether the type counts days or microseconds.
pub(super) fn is_ticks(dtype: &DataType) -> bool {
    dtype.is_temporal() || *dtype == DataType::Duration
}

/// Converts a column called `name` to another type.
pub(crate) fn cast_column(name: &str, of: &Column, to: &DataType) -> Result<Column, EvalError> {
    cast(of, to, &|| name.to_owned())
}

fn dtype_of(view: View<'_>) -> DataType {
    match view {
        View::Int64(_) => DataType::Int64,
        View::Float64(_) => DataType::Float64,
        View::Numbers(numbers) => numbers.dtype(),
        View::Bool(_) => DataType::Bool,
        View::Utf8(_) => DataType::Utf8,
        View::Ticks(_, dtype) => dtype.clone(),
        View::List(lists) => DataType::list_of(&lists.values().dtype()),
    }
}

/// Reads texts; the error is the first row that cannot be read.
fn parsed<'a>(
    texts: impl Iterator<Item = (usize, Option<&'a [u8]>)>,
    to: &DataType,
    len: usize,
) -> Result<Column, usize> {
    fn each<'a, T>(
        texts: impl Iterator<Item = (usize, Option<&'a [u8]>)>,
        read: impl Fn(&[u8]) -> Option<T>,
        mut push: impl FnMut(Option<T>),
    ) -> Result<(), usize> {
        for (row, text) in texts {
            push(text.map(|text| read(text).ok_or(row)).transpose()?);
        }
        Ok(())
    }
    let mut values = ValueBuilder::with_capacity(len);
    match to {
        DataType::Int64 => {
            each(texts, parse::int, |x| values.push_option(x))?;
            Ok(values.finish_i64())
        }
        _ if is_ticks(to) => {
            each(texts, |text| time::parse_as(text, to), |x| values.push_option(x))?;
            Ok(values.finish_ticks(to.clone()))
        }
        DataType::Float64 => {
            let mut values = ValueBuilder::with_capacity(len);
            each(texts, parse::float, |x| values.push_option(x))?;
            Ok(values.finish_f64())
        }
        DataType::Bool => {
            let mut values = BoolBuilder::default();
            each(texts, parse::boolean, |x| values.push_option(x))?;
            Ok(values.finish())
        }
        DataType::Float32 => {
            let mut values = ValueBuilder::with_capacity(len);
            each(texts, parse::float32, |x| values.push_option(x))?;
            Ok(values.finish_f64().rounded_to(to))
        }
        _ if to.is_integer() => {
            each(texts, |text| parse::int_of(text, to), |x| values.push_option(x))?;
            Ok(values.finish_bits(to))
        }
        _ => unreachable!("a text stays as it is"),
    }
}

/// Converts numbers or truth values to floats; integers beyond 2⁵³ are rounded, as everywhere in numpy.
pub(crate) fn to_floats(of: &Column) -> Column {
    match of.view() {
        View::Int64(values) => Column::from_f64s(values.iter().map(|&x| x as f64).collect(), of.validity()),
        View::Bool(values) => {
            Column::from_f64s((0..of.len()).map(|i| f64::from(values.get(i))).collect(), of.validity())
        }
        View::Numbers(numbers) => {
            let floats = each_number!(numbers, a => a.values().iter().map(|&x| x as f64).collect());
            Column::from_f64s(floats, of.validity())
        }
        _ => of.clone(),
    }
}

/// Returns which numbers fit another type of numbers, or of times; `None` if these are no numbers.
fn numbers_that_fit(of: &Column, to: &DataType) -> Option<Mask> {
    fn fitting<A: Stored>(values: &[A], to: &DataType) -> Mask {
        match to {
            DataType::Float64 | DataType::Bool | DataType::Utf8 => Mask::all(values.len(), true),
            to => number_of!(
                to,
                T => Mask::from_fn(values.len(), |row| converted::<A, T>(values[row]).is_some()),
                Mask::from_fn(values.len(), |row| converted::<A, i64>(values[row]).is_some())
            ),
        }
    }
    let wide = of.wide();
    Some(match wide.view() {
        View::Int64(values) => fitting(values, to),
        View::Float64(values) => fitting(values, to),
        View::Numbers(Numbers::UInt64(values)) => fitting(values.values(), to),
        _ => return None,
    })
}

/// Converts a number, a float without its fraction; `None` if it does not fit.
fn converted<A: Stored, B: Stored>(x: A) -> Option<B> {
    let is_finite = |x: Option<f64>| x.is_some_and(f64::is_finite);
    num_traits::cast::<A, B>(x).filter(|y| is_finite(y.to_f64()) || !is_finite(x.to_f64()))
}

/// Converts numbers to another type of numbers, floats without their fraction; the error is the first row whose value
/// does not fit.
fn numbers<A: Stored>(values: &[A], validity: Option<Mask>, to: &DataType) -> Result<Column, usize> {
    fn each<A: Stored, B: Stored>(values: &[A], validity: Option<Mask>) -> Result<Column, usize> {
        let mut done = Vec::with_capacity(values.len());
        for (row, &x) in values.iter().enumerate() {
            match converted(x) {
                Some(value) => done.push(value),
                None if validity.as_ref().is_some_and(|valid| !valid.get(row)) => done.push(B::default()),
                None => return Err(row),
            }
        }
        Ok(Column::from_numbers(done, validity))
    }
    match to {
        DataType::Int64 => each::<A, i64>(values, validity),
        DataType::Float64 => each::<A, f64>(values, validity),
        to => {
            number_of!(to, T => each::<A, T>(values, validity), unreachable!("`{to}` is a type of numbers"))
        }
    }
}
