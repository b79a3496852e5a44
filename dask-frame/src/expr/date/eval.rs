//! Functions of times computed for a column.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::{Component, DateFunction, Edge, Rounding};
use crate::column::{BoolBuilder, Column, Numbers, Utf8Builder, ValueBuilder, View};
use crate::error::{EvalError, FrameError};
use crate::parse;
use crate::schema::DataType;
use crate::time::{
    Field, LocalTime, MICROS_PER_DAY, MICROS_PER_SECOND, Ticks, from_local, is_leap_year, local, zoned,
};

/// Python's `%f` always has six digits.
fn in_jiff(format: &str) -> String {
    format.replace("%f", "%6f")
}

/// Checks that a format can be written and read.
pub(super) fn check_format(format: &str) -> Result<(), FrameError> {
    let sample = zoned(&TimeZone::UTC, 0).map(|sample| strtime::format(in_jiff(format), &sample));
    match sample {
        Ok(Err(error)) => {
            let problem = format!("`{format}`: {error}");
            Err(FrameError::BadArgument { operation: "time format", problem })
        }
        _ => Ok(()),
    }
}

impl DateFunction {
    /// Computes the function; `expr` is asked for its text only to report a value.
    pub(in crate::expr) fn eval(&self, of: &Column, expr: &dyn Fn() -> String) -> Result<Column, EvalError> {
        let dtype = of.dtype();
        let no_time = |value: String| EvalError::Cast { expr: expr(), value, dtype: DataType::Timestamp };
        Ok(match self {
            DateFunction::Field(field) => {
                let mut values = ValueBuilder::with_capacity(of.len());
                each_local(of, |micros| values.push_option(micros.map(|micros| field.of(micros))));
                values.finish_bits(&DataType::Int32)
            }
            DateFunction::Is(edge) => {
                let mut values = BoolBuilder::default();
                each_local(of, |micros| values.push_option(micros.map(|micros| edge.holds(micros))));
                values.finish()
            }
            DateFunction::Date => {
                let mut values = ValueBuilder::with_capacity(of.len());
                each_local(of, |micros| {
                    values.push_option(micros.map(|micros| micros.div_euclid(MICROS_PER_DAY)));
                });
                values.finish_ticks(DataType::Date)
            }
            DateFunction::Round { micros, to } => {
                let overflow = || EvalError::Overflow { expr: expr() };
                let rules = rules(&dtype);
                let round = |value: i64| match &rules {
                    None => round(value, *micros, *to).ok_or_else(overflow),
                    Some(rules) => {
                        let rounded = round(local(rules, value), *micros, *to).ok_or_else(overflow)?;
                        // Of two instants that the clocks show alike, the one on the side of the value.
                        Ok(match from_local(rules, rounded) {
                            LocalTime::Once(micros) | LocalTime::Never(micros) => micros,
                            LocalTime::Twice(first) => {
                                let same = rounded.saturating_sub(local(rules, value).saturating_sub(value));
                                if local(rules, same) == rounded { same } else { first }
                            }
                        })
                    }
                };
                try_ticks(of, dtype, round)?
            }
            DateFunction::Format(format) => {
                let format = in_jiff(format);
                let rules = rules(&dtype).unwrap_or(TimeZone::UTC);
                let ticks = micros_of(of);
                let mut texts = Utf8Builder::with_capacity(of.len());
                for (row, micros) in ticks.into_iter().enumerate() {
                    if of.is_null(row) {
                        texts.push_null();
                        continue;
                    }
                    let text = zoned(&rules, micros).and_then(|at| strtime::format(&format, &at));
                    let text = text.map_err(|_| no_time(of.get(row).to_string()))?;
                    texts.push(text.as_bytes());
                }
                texts.finish().expect("a str is UTF-8")
            }
            DateFunction::DayName => names(of, |micros| DAYS[Field::DayOfWeek.of(micros) as usize]),
            DateFunction::MonthName => names(of, |micros| MONTHS[Field::Month.of(micros) as usize - 1]),
            DateFunction::Localize(zone) => {
                let rules = zone.rules();
                try_ticks(of, DataType::Zoned(*zone), |micros| {
                    let bad = |times| {
                        let value = Ticks(micros, DataType::Timestamp).to_string();
                        Err(EvalError::LocalTime { expr: expr(), value, zone: *zone, times })
                    };
                    match from_local(&rules, micros) {
                        LocalTime::Once(micros) => Ok(micros),
                        LocalTime::Twice(_) => bad("twice"),
                        LocalTime::Never(_) => bad("never"),
                    }
                })?
            }
            DateFunction::Convert(zone) => {
                Column::from_ticks(DataType::Zoned(*zone), micros_of(of), of.validity())
            }
            DateFunction::Naive => {
                let mut values = ValueBuilder::with_capacity(of.len());
                each_local(of, |micros| values.push_option(micros));
                values.finish_ticks(DataType::Timestamp)
            }
            DateFunction::TotalSeconds => {
                let seconds =
                    micros_of(of).into_iter().map(|micros| micros as f64 / MICROS_PER_SECOND as f64);
                Column::from_f64s(seconds.collect(), of.validity())
            }
            DateFunction::Component(component) => {
                let parts = micros_of(of).into_iter().map(|micros| component.of(micros));
                Column::from_bits(&component.dtype(), parts.collect(), of.validity())
            }
            DateFunction::Parse { format, coerce } => {
                let View::Utf8(texts) = of.view() else {
                    unreachable!("the argument was checked to be texts")
                };
                let format = in_jiff(format);
                let mut values = ValueBuilder::with_capacity(of.len());
                for row in 0..of.len() {
                    match (!of.is_null(row)).then(|| read(&format, texts.get(row))) {
                        Some(None) if !*coerce => return Err(no_time(texts.get(row).into())),
                        micros => values.push_option(micros.flatten()),
                    }
                }
                values.finish_ticks(DataType::Timestamp)
            }
            DateFunction::FromNumber { unit, coerce } => {
                let mut values = ValueBuilder::with_capacity(of.len());
                let wide = of.wide();
                for row in 0..of.len() {
                    let micros = match wide.view() {
                        View::Int64(x) => x[row].checked_mul(*unit),
                        View::Numbers(Numbers::UInt64(x)) => {
                            i64::try_from(x.value(row)).ok().and_then(|x| x.checked_mul(*unit))
                        }
                        View::Float64(x) => parse::float_to_int((x[row] * *unit as f64).round_ties_even()),
                        _ => unreachable!("the argument was checked to be a number"),
                    };
                    match (!of.is_null(row)).then_some(micros) {
                        Some(None) if !*coerce => return Err(no_time(of.get(row).to_string())),
                        micros => values.push_option(micros.flatten()),
                    }
                }
                values.finish_ticks(DataType::Timestamp)
            }
        })
    }
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn rules(dtype: &DataType) -> Option<TimeZone> {
    match dtype {
        DataType::Zoned(zone) => Some(zone.rules()),
        _ => None,
    }
}

/// The values in microseconds; a date stands for its midnight.
fn micros_of(of: &Column) -> Vec<i64> {
    match of.view() {
        View::Ticks(days, DataType::Date) => {
            days.iter().map(|days| days.saturating_mul(MICROS_PER_DAY)).collect()
        }
        View::Ticks(micros, _) => micros.to_vec(),
        _ => unreachable!("the argument was checked to be a time or a duration"),
    }
}

/// Calls `f` with what the clocks of the column's zone show, or with `None` for a missing value.
fn each_local(of: &Column, mut f: impl FnMut(Option<i64>)) {
    let rules = rules(&of.dtype());
    for (row, micros) in micros_of(of).into_iter().enumerate() {
        let shown = || rules.as_ref().map_or(micros, |rules| local(rules, micros));
        f((!of.is_null(row)).then(shown));
    }
}

fn try_ticks(
    of: &Column,
    dtype: DataType,
    f: impl Fn(i64) -> Result<i64, EvalError>,
) -> Result<Column, EvalError> {
    let mut values = ValueBuilder::with_capacity(of.len());
    for (row, micros) in micros_of(of).into_iter().enumerate() {
        values.push_option(if of.is_null(row) { None } else { Some(f(micros)?) });
    }
    Ok(values.finish_ticks(dtype))
}

fn names(of: &Column, name: impl Fn(i64) -> &'static str) -> Column {
    let mut texts = Utf8Builder::with_capacity(of.len());
    each_local(of, |micros| texts.push_option(micros.map(&name)));
    texts.finish().expect("a str is UTF-8")
}

/// Brings a value to a multiple of `unit`, if there is one in range.
fn round(value: i64, unit: i64, to: Rounding) -> Option<i64> {
    let (count, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
    let up = match to {
        Rounding::Floor => false,
        Rounding::Ceil => rest > 0,
        Rounding::Nearest => match rest.cmp(&(unit - rest)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => count % 2 != 0,
            std::cmp::Ordering::Greater => true,
        },
    };
    (count + i64::from(up)).checked_mul(unit)
}

impl Edge {
    fn holds(self, micros: i64) -> bool {
        let [year, month, day, last] =
            [Field::Year, Field::Month, Field::Day, Field::DaysInMonth].map(|field| field.of(micros));
        let (first_day, last_day) = (day == 1, day == last);
        match self {
            Edge::MonthStart => first_day,
            Edge::MonthEnd => last_day,
            Edge::QuarterStart => first_day && month % 3 == 1,
            Edge::QuarterEnd => last_day && month % 3 == 0,
            Edge::YearStart => first_day && month == 1,
            Edge::YearEnd => last_day && month == 12,
            Edge::LeapYear => is_leap_year(year),
        }
    }
}

impl Component {
    /// As in pandas: days are many, the others few.
    pub(super) fn dtype(self) -> DataType {
        match self {
            Component::Days => DataType::Int64,
            Component::Seconds | Component::Microseconds => DataType::Int32,
        }
    }

    fn of(self, micros: i64) -> i64 {
        match self {
            Component::Days => micros.div_euclid(MICROS_PER_DAY),
            Component::Seconds => micros.rem_euclid(MICROS_PER_DAY) / MICROS_PER_SECOND,
            Component::Microseconds => micros.rem_euclid(MICROS_PER_SECOND),
        }
    }
}

/// Reads a text by a format: a time without zone, which is missing parts of the day at most, or with an offset,
/// which is then applied.
fn read(format: &str, text: &str) -> Option<i64> {
    let parts = strtime::parse(format, text).ok()?;
    if parts.offset().is_some() {
        return Some(parts.to_timestamp().ok()?.as_microsecond());
    }
    let date_time = match parts.to_datetime() {
        Ok(date_time) => date_time,
        Err(_) => parts.to_date().ok()?.at(0, 0, 0, 0),
    };
    Some(TimeZone::UTC.to_timestamp(date_time).ok()?.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_to_the_even() {
        let rounded = [-15, -5, 4, 5, 6, 15].map(|value| round(value, 10, Rounding::Nearest).unwrap());
        assert_eq!(rounded, [-20, 0, 0, 0, 10, 20]);
        assert_eq!(round(-1, 10, Rounding::Floor), Some(-10));
        assert_eq!(round(-1, 10, Rounding::Ceil), Some(0));
        assert_eq!(round(i64::MIN, 10, Rounding::Floor), None);
    }
}
