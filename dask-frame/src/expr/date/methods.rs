//! The methods of `col("t").dt()`.

use std::sync::Arc;

use super::{Component, DateFunction, Edge, Rounding};
use crate::error::FrameError;
use crate::expr::function::Function;
use crate::expr::{Expr, Node};
use crate::schema::Zone;
use crate::time::{Field, MICROS_PER_DAY, parse_duration};

/// The functions of a column of times, dates or durations, as pandas' `dt` accessor; made by [`Expr::dt`].
///
/// What is missing stays missing. The parts of a timestamp with zone are those that the clocks of the zone
/// show, and numbers of 32 bits, as in pandas. Weeks are those of the ISO calendar, and Monday is day 0 of the week.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, Zone, col, timestamp};
/// use dask_graph::Collection;
///
/// let frame = DataFrame::from_columns([("n", Column::from(vec![1]))], 1)?;
/// let frame = frame.with_column("t", timestamp("2024-12-30T23:30:15")?)?;
/// let t = col("t");
/// let table = frame
///     .select([
///         t.dt().strftime("%d.%m.%Y").alias("text"),
///         t.dt().week().alias("week"),
///         t.dt().floor("1h")?.alias("hour"),
///         t.dt().tz_localize(Zone::UTC).dt().tz_convert(Zone::new("Europe/Oslo")?).alias("oslo"),
///     ])?
///     .compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(table.to_string(), "\
/// text         week                 hour                       oslo
/// Utf8        Int32            Timestamp     Timestamp[Europe/Oslo]
/// ----------  -----  -------------------  -------------------------
/// 30.12.2024      1  2024-12-30 23:00:00  2024-12-31 00:30:15+01:00
/// 1 row
/// ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DateMethods(Expr);

impl Expr {
    /// Returns the functions of times, dates and durations.
    pub fn dt(&self) -> DateMethods {
        DateMethods(self.clone())
    }

    /// Reads texts or numbers as timestamps, as [`ToDatetime`] says how. Without a format, `cast` to
    /// [`DataType::Timestamp`](crate::DataType::Timestamp) reads ISO 8601, and `try_cast` gives a missing value for what is none.
    #[must_use]
    pub fn to_datetime(&self, how: ToDatetime) -> Expr {
        let function = match how.from {
            From::Format(format) => DateFunction::Parse { format, coerce: how.coerce },
            From::Unit(unit) => DateFunction::FromNumber { unit, coerce: how.coerce },
        };
        DateMethods(self.clone()).with(function)
    }
}

/// How texts or numbers are read as timestamps by [`Expr::to_datetime`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ToDatetime {
    from: From,
    coerce: bool,
}

#[derive(Clone, Debug)]
enum From {
    Format(Arc<str>),
    Unit(i64),
}

impl ToDatetime {
    /// Reads texts by a format of `strptime`, like `%d/%m/%Y %H:%M`.
    pub fn format(format: impl Into<Arc<str>>) -> Self {
        Self { from: From::Format(format.into()), coerce: false }
    }

    /// Reads numbers as so many of a unit since 1970-01-01, like `s` or `ms`.
    ///
    /// # Errors
    ///
    /// `BadDuration` if there is no such unit.
    pub fn unit(unit: &str) -> Result<Self, FrameError> {
        Ok(Self { from: From::Unit(duration_of(unit)?), coerce: false })
    }

    /// Makes what cannot be read missing, rather than an error.
    pub fn coerce(mut self) -> Self {
        self.coerce = true;
        self
    }
}

/// Reads a duration to round to or to count by.
fn duration_of(text: &str) -> Result<i64, FrameError> {
    let micros = parse_duration(text.as_bytes()).filter(|&micros| micros > 0);
    micros.ok_or_else(|| FrameError::BadDuration { text: text.into() })
}

macro_rules! simple {
    ($($(#[$doc:meta])* $name:ident => $function:expr;)*) => {
        impl DateMethods {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Expr {
                self.with($function)
            }
        )*}
    };
}

simple! {
    /// Returns the year.
    year => DateFunction::Field(Field::Year);
    /// Returns the quarter of the year, 1 to 4.
    quarter => DateFunction::Field(Field::Quarter);
    /// Returns the month, 1 to 12.
    month => DateFunction::Field(Field::Month);
    /// Returns the day of the month, from 1.
    day => DateFunction::Field(Field::Day);
    /// Returns the hour, 0 to 23.
    hour => DateFunction::Field(Field::Hour);
    /// Returns the minute, 0 to 59.
    minute => DateFunction::Field(Field::Minute);
    /// Returns the second, 0 to 59.
    second => DateFunction::Field(Field::Second);
    /// Returns the microseconds behind the second.
    microsecond => DateFunction::Field(Field::Microsecond);
    /// Returns the day of the week; Monday is 0.
    dayofweek => DateFunction::Field(Field::DayOfWeek);
    /// Returns the day of the week; Monday is 0.
    weekday => DateFunction::Field(Field::DayOfWeek);
    /// Returns the day of the year, from 1.
    dayofyear => DateFunction::Field(Field::DayOfYear);
    /// Returns the week of the ISO calendar, 1 to 53.
    week => DateFunction::Field(Field::IsoWeek);
    /// Returns the year that the week of the ISO calendar belongs to.
    iso_year => DateFunction::Field(Field::IsoYear);
    /// Returns how many days the month has.
    days_in_month => DateFunction::Field(Field::DaysInMonth);
    /// Returns whether it is the first day of a month.
    is_month_start => DateFunction::Is(Edge::MonthStart);
    /// Returns whether it is the last day of a month.
    is_month_end => DateFunction::Is(Edge::MonthEnd);
    /// Returns whether it is the first day of a quarter.
    is_quarter_start => DateFunction::Is(Edge::QuarterStart);
    /// Returns whether it is the last day of a quarter.
    is_quarter_end => DateFunction::Is(Edge::QuarterEnd);
    /// Returns whether it is the first day of a year.
    is_year_start => DateFunction::Is(Edge::YearStart);
    /// Returns whether it is the last day of a year.
    is_year_end => DateFunction::Is(Edge::YearEnd);
    /// Returns whether the year has a leap day.
    is_leap_year => DateFunction::Is(Edge::LeapYear);
    /// Returns the date.
    date => DateFunction::Date;
    /// Returns midnight of the day, by the clocks of the zone.
    normalize => DateFunction::Round { micros: MICROS_PER_DAY, to: Rounding::Floor };
    /// Returns the English name of the day of the week.
    day_name => DateFunction::DayName;
    /// Returns the English name of the month.
    month_name => DateFunction::MonthName;
    /// Takes the zone away: what its clocks show.
    tz_remove => DateFunction::Naive;
    /// Returns a duration in seconds, as a float.
    total_seconds => DateFunction::TotalSeconds;
    /// Returns the whole days of a duration, rounded down.
    days => DateFunction::Component(Component::Days);
    /// Returns the whole seconds of a duration behind its days.
    seconds => DateFunction::Component(Component::Seconds);
    /// Returns the microseconds of a duration behind its seconds.
    microseconds => DateFunction::Component(Component::Microseconds);
}

impl DateMethods {
    fn with(&self, function: DateFunction) -> Expr {
        Expr::over(Node::Function(Function::Date(function), vec![self.0.clone()]))
    }

    /// Rounds down to a multiple of a duration like `15min`, by the clocks of the zone.
    ///
    /// # Errors
    ///
    /// `BadDuration` if the text is no duration above zero.
    pub fn floor(&self, to: &str) -> Result<Expr, FrameError> {
        Ok(self.with(DateFunction::Round { micros: duration_of(to)?, to: Rounding::Floor }))
    }

    /// Rounds up to a multiple of a duration.
    ///
    /// # Errors
    ///
    /// As [`floor`](DateMethods::floor).
    pub fn ceil(&self, to: &str) -> Result<Expr, FrameError> {
        Ok(self.with(DateFunction::Round { micros: duration_of(to)?, to: Rounding::Ceil }))
    }

    /// Rounds to the nearest multiple of a duration, of two equally near ones to the even.
    ///
    /// # Errors
    ///
    /// As [`floor`](DateMethods::floor).
    pub fn round(&self, to: &str) -> Result<Expr, FrameError> {
        Ok(self.with(DateFunction::Round { micros: duration_of(to)?, to: Rounding::Nearest }))
    }

    /// Writes by a format of `strftime`, like `%Y/%m/%d`.
    #[must_use]
    pub fn strftime(&self, format: impl Into<Arc<str>>) -> Expr {
        self.with(DateFunction::Format(format.into()))
    }

    /// Says in which zone the clocks showed the times. A time that they show twice or never is an error when
    /// it is computed.
    #[must_use]
    pub fn tz_localize(&self, zone: Zone) -> Expr {
        self.with(DateFunction::Localize(zone))
    }

    /// Shows the same instants in another zone.
    #[must_use]
    pub fn tz_convert(&self, zone: Zone) -> Expr {
        self.with(DateFunction::Convert(zone))
    }
}
