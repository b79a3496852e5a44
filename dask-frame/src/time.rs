//! Times as text and their parts: ISO 8601, microseconds, proleptic Gregorian calendar.

mod duration;
mod fields;
mod zones;

use std::fmt;

pub(crate) use duration::parse_duration;
pub(crate) use fields::{Field, is_leap_year};
pub(crate) use zones::{LocalTime, from_local, local, zoned};

use crate::schema::DataType;

pub(crate) const MICROS_PER_SECOND: i64 = 1_000_000;
pub(crate) const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Days since 1970-01-01 of a date.
///
/// Howard Hinnant's `days_from_civil`: years begin in March, so that the leap day is the last.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a number of days since 1970-01-01; the inverse of [`days_from_civil`].
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Reads `2021-03-15`, `2021-03-15 10:20`, `2021-03-15T10:20:30.25` or the same with `Z`.
///
/// `None` if the text is no such time. An offset other than `Z` is refused rather than dropped.
pub(crate) fn parse(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b"Z").unwrap_or(text);
    let (date, clock) = match text.iter().position(|&b| b == b'T' || b == b' ') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return None };
    let year = digits(&[y1, y2, y3, y4])?;
    let month = digits(&[m1, m2])?;
    let day = digits(&[d1, d2])?;
    if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
        return None;
    }
    let clock = clock.map_or(Some(0), parse_clock)?;
    Some(days_from_civil(year, month, day) * MICROS_PER_DAY + clock)
}

fn parse_clock(text: &[u8]) -> Option<i64> {
    let (text, micros) = match text.iter().position(|&b| b == b'.') {
        Some(dot) => {
            let fraction = &text[dot + 1..];
            let kept = &fraction[..fraction.len().min(6)];
            // Digits past the microsecond are dropped, but they must be digits.
            digits(fraction)?;
            (&text[..dot], digits(kept)? * 10_i64.pow(6 - kept.len() as u32))
        }
        None => (text, 0),
    };
    let (hour, minute, second) = match *text {
        [h1, h2, b':', m1, m2] => (digits(&[h1, h2])?, digits(&[m1, m2])?, 0),
        [h1, h2, b':', m1, m2, b':', s1, s2] => (digits(&[h1, h2])?, digits(&[m1, m2])?, digits(&[s1, s2])?),
        _ => return None,
    };
    let in_range = hour < 24 && minute < 60 && second < 60 && (text.len() == 8 || micros == 0);
    in_range.then_some((hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND + micros)
}

fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |n, &b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// Reads a value of a type that counts days or microseconds.
pub(crate) fn parse_as(text: &[u8], dtype: &DataType) -> Option<i64> {
    match dtype {
        DataType::Duration => parse_duration(text),
        DataType::Zoned(zone) => zones::parse(text, *zone),
        DataType::Date => {
            let micros = parse(text)?;
            (micros % MICROS_PER_DAY == 0).then_some(micros / MICROS_PER_DAY)
        }
        _ => parse(text),
    }
}

/// Shows days or microseconds of a type.
pub(crate) struct Ticks(pub(crate) i64, pub(crate) DataType);

impl fmt::Display for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            DataType::Duration => duration::show(self.0, f),
            DataType::Zoned(zone) => zones::show(self.0, zone, f),
            DataType::Date => {
                let (year, month, day) = civil_from_days(self.0);
                write!(f, "{year:04}-{month:02}-{day:02}")
            }
            _ => Display(self.0).fmt(f),
        }
    }
}

/// Shows a timestamp as `2021-03-15 10:20:30`, with a fraction where there is one.
pub(crate) struct Display(pub(crate) i64);

impl fmt::Display for Display {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(MICROS_PER_DAY));
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let seconds = micros / MICROS_PER_SECOND;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")?;
        match micros % MICROS_PER_SECOND {
            0 => Ok(()),
            fraction => write!(f, ".{fraction:06}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trip(text: &str, shown: &str) {
        let micros = parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a time"));
        assert_eq!(Display(micros).to_string(), shown);
    }

    #[test]
    fn times_are_read_and_shown() {
        round_trip("1970-01-01", "1970-01-01 00:00:00");
        round_trip("2020-02-29T23:59:59.000000", "2020-02-29 23:59:59");
        round_trip("1899-12-31 12:30", "1899-12-31 12:30:00");
        round_trip("2024-12-30T12:30:15.25Z", "2024-12-30 12:30:15.250000");
        assert_eq!(parse(b"1970-01-02 00:00:01"), Some(MICROS_PER_DAY + MICROS_PER_SECOND));
        assert_eq!(Field::Month.of(parse(b"2013-07-31").unwrap()), 7);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "2021", "2021-13-01", "2021-02-29", "2021-02-28T25:00", "2021-02-28 10:20+02:00", "x"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_round_trips() {
        for day in -146_097..146_097 {
            let (y, m, d) = civil_from_days(day);
            assert_eq!(days_from_civil(y, m, d), day);
        }
    }
}
