//! The parts of a time: year, hour, day of the week and so on.

use serde::{Deserialize, Serialize};

use super::{MICROS_PER_DAY, MICROS_PER_SECOND, civil_from_days, days_from_civil, days_in_month};

/// A part of a time that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Field {
    Year,
    Quarter,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Microsecond,
    /// Monday is 0.
    DayOfWeek,
    DayOfYear,
    /// The year that the week of the ISO calendar belongs to.
    IsoYear,
    /// The week in the ISO calendar: the first has the first Thursday.
    IsoWeek,
    DaysInMonth,
}

pub(crate) fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

impl Field {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Field::Year => "dt.year",
            Field::Quarter => "dt.quarter",
            Field::Month => "dt.month",
            Field::Day => "dt.day",
            Field::Hour => "dt.hour",
            Field::Minute => "dt.minute",
            Field::Second => "dt.second",
            Field::Microsecond => "dt.microsecond",
            Field::DayOfWeek => "dt.dayofweek",
            Field::DayOfYear => "dt.dayofyear",
            Field::IsoYear => "dt.iso_year",
            Field::IsoWeek => "dt.week",
            Field::DaysInMonth => "dt.days_in_month",
        }
    }

    /// Returns the field of a time without zone.
    pub(crate) fn of(self, micros: i64) -> i64 {
        let days = micros.div_euclid(MICROS_PER_DAY);
        let of_day = micros.rem_euclid(MICROS_PER_DAY);
        match self {
            Field::Hour => of_day / (3600 * MICROS_PER_SECOND),
            Field::Minute => of_day / (60 * MICROS_PER_SECOND) % 60,
            Field::Second => of_day / MICROS_PER_SECOND % 60,
            Field::Microsecond => of_day % MICROS_PER_SECOND,
            // 1970-01-01 was a Thursday.
            Field::DayOfWeek => (days + 3).rem_euclid(7),
            Field::IsoYear => civil_from_days(thursday(days)).0,
            Field::IsoWeek => {
                let thursday = thursday(days);
                (thursday - days_from_civil(civil_from_days(thursday).0, 1, 1)) / 7 + 1
            }
            _ => {
                let (year, month, day) = civil_from_days(days);
                match self {
                    Field::Year => year,
                    Field::Quarter => (month + 2) / 3,
                    Field::Month => month,
                    Field::Day => day,
                    Field::DaysInMonth => days_in_month(year, month),
                    _ => days - days_from_civil(year, 1, 1) + 1,
                }
            }
        }
    }
}

/// The Thursday of the day's week, whose year the week belongs to.
fn thursday(days: i64) -> i64 {
    days - Field::DayOfWeek.of(days * MICROS_PER_DAY) + 3
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    /// The answers are Python's.
    #[test]
    fn weeks_are_those_of_the_iso_calendar() {
        for (day, year, week, weekday) in [
            ("2020-12-31", 2020, 53, 3),
            ("2021-01-03", 2020, 53, 6),
            ("2021-01-04", 2021, 1, 0),
            ("2018-12-31", 2019, 1, 0),
            ("1969-12-28", 1969, 52, 6),
        ] {
            let micros = parse(day.as_bytes()).unwrap();
            let got = [Field::IsoYear, Field::IsoWeek, Field::DayOfWeek].map(|field| field.of(micros));
            assert_eq!(got, [year, week, weekday], "{day}");
        }
    }
}
