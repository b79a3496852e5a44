//! The functions of times and durations of an expression: pandas' `dt` accessor and `to_datetime`.

mod eval;
mod methods;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Expr;
use super::function::wrong_type;
use crate::error::FrameError;
use crate::schema::{DataType, Zone};
use crate::time::{Field, Ticks};

pub use methods::{DateMethods, ToDatetime};

/// A function of times or durations, with its parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum DateFunction {
    Field(Field),
    Is(Edge),
    Date,
    /// Brings to a multiple of microseconds since 1970 by the local clock.
    Round {
        micros: i64,
        to: Rounding,
    },
    Format(Arc<str>),
    DayName,
    MonthName,
    Localize(Zone),
    Convert(Zone),
    /// What the clocks of the zone show.
    Naive,
    TotalSeconds,
    Component(Component),
    /// Reads texts by a format.
    Parse {
        format: Arc<str>,
        coerce: bool,
    },
    /// Counts units of so many microseconds.
    FromNumber {
        unit: i64,
        coerce: bool,
    },
}

/// Where in a month, quarter or year a day lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Edge {
    MonthStart,
    MonthEnd,
    QuarterStart,
    QuarterEnd,
    YearStart,
    YearEnd,
    LeapYear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rounding {
    Floor,
    Ceil,
    /// To the nearest, of two equally near ones to the even.
    Nearest,
}

/// A part of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Component {
    Days,
    Seconds,
    Microseconds,
}

impl DateFunction {
    fn word(&self) -> &'static str {
        match self {
            DateFunction::Field(field) => field.word(),
            DateFunction::Is(Edge::MonthStart) => "dt.is_month_start",
            DateFunction::Is(Edge::MonthEnd) => "dt.is_month_end",
            DateFunction::Is(Edge::QuarterStart) => "dt.is_quarter_start",
            DateFunction::Is(Edge::QuarterEnd) => "dt.is_quarter_end",
            DateFunction::Is(Edge::YearStart) => "dt.is_year_start",
            DateFunction::Is(Edge::YearEnd) => "dt.is_year_end",
            DateFunction::Is(Edge::LeapYear) => "dt.is_leap_year",
            DateFunction::Date => "dt.date",
            DateFunction::Round { to: Rounding::Floor, .. } => "dt.floor",
            DateFunction::Round { to: Rounding::Ceil, .. } => "dt.ceil",
            DateFunction::Round { .. } => "dt.round",
            DateFunction::Format(_) => "dt.strftime",
            DateFunction::DayName => "dt.day_name",
            DateFunction::MonthName => "dt.month_name",
            DateFunction::Localize(_) => "dt.tz_localize",
            DateFunction::Convert(_) => "dt.tz_convert",
            DateFunction::Naive => "dt.tz_remove",
            DateFunction::TotalSeconds => "dt.total_seconds",
            DateFunction::Component(Component::Days) => "dt.days",
            DateFunction::Component(Component::Seconds) => "dt.seconds",
            DateFunction::Component(Component::Microseconds) => "dt.microseconds",
            DateFunction::Parse { .. } | DateFunction::FromNumber { .. } => "to_datetime",
        }
    }

    /// Returns the type of the result, and checks formats.
    pub(super) fn dtype(&self, of: &Expr, got: DataType) -> Result<DataType, FrameError> {
        let clock = matches!(got, DataType::Timestamp | DataType::Zoned(_));
        let (fits, output, expected) = match self {
            // As in pandas.
            DateFunction::Field(_) => (got.is_temporal(), DataType::Int32, "a time or a date"),
            DateFunction::Is(_) => (got.is_temporal(), DataType::Bool, "a time or a date"),
            DateFunction::Date => (got.is_temporal(), DataType::Date, "a time or a date"),
            DateFunction::Round { .. } => {
                (clock || got == DataType::Duration, got.clone(), "a time or a duration")
            }
            DateFunction::Format(format) => {
                eval::check_format(format)?;
                (got.is_temporal(), DataType::Utf8, "a time or a date")
            }
            DateFunction::DayName | DateFunction::MonthName => {
                (got.is_temporal(), DataType::Utf8, "a time or a date")
            }
            DateFunction::Localize(zone) => (
                got == DataType::Timestamp,
                DataType::Zoned(*zone),
                "a timestamp without zone; use `tz_convert`",
            ),
            DateFunction::Convert(zone) => {
                let zoned = matches!(got, DataType::Zoned(_));
                (zoned, DataType::Zoned(*zone), "a timestamp with zone; use `tz_localize`")
            }
            DateFunction::Naive => {
                (matches!(got, DataType::Zoned(_)), DataType::Timestamp, "a timestamp with zone")
            }
            DateFunction::TotalSeconds => (got == DataType::Duration, DataType::Float64, "Duration"),
            DateFunction::Component(component) => (got == DataType::Duration, component.dtype(), "Duration"),
            DateFunction::Parse { format, .. } => {
                eval::check_format(format)?;
                (got.is_text(), DataType::Timestamp, "Utf8")
            }
            DateFunction::FromNumber { .. } => (got.is_numeric(), DataType::Timestamp, "a number"),
        };
        if fits { Ok(output) } else { Err(wrong_type(self.word(), of, got, expected)) }
    }
}

impl fmt::Display for DateFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            DateFunction::Round { micros, .. } => write!(f, " {}", Ticks(*micros, DataType::Duration)),
            DateFunction::Format(format) | DateFunction::Parse { format, .. } => write!(f, " {format:?}"),
            DateFunction::Localize(zone) | DateFunction::Convert(zone) => write!(f, " {zone}"),
            DateFunction::FromNumber { unit, .. } => write!(f, " {}", Ticks(*unit, DataType::Duration)),
            _ => Ok(()),
        }
    }
}
