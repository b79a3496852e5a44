//! Durations as text.

use std::fmt;

use super::{MICROS_PER_DAY, MICROS_PER_SECOND};

/// Reads `36h`, `1.5h`, `2h30min`, `D`, `1 days 02:30:00.5`, `-1 days +02:00:00` or `02:30:00`.
///
/// `None` if the text is no duration, or no whole number of microseconds.
pub(crate) fn parse_duration(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let mut negative = text.starts_with('-');
    let mut rest = text.trim_start_matches(['-', '+']);
    if text.len() - rest.len() > 1 || rest.is_empty() {
        return None;
    }
    let (mut total, mut any) = (0_i128, false);
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        // `-1 days +02:00:00` is a day back and two hours forth.
        if let (true, Some(after)) = (any, rest.strip_prefix('+')) {
            (total, negative) = (if negative { -total } else { total }, false);
            rest = after;
        }
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if rest[digits..].starts_with(':') {
            total += clock(rest)?;
            any = true;
            break;
        }
        let fraction = match rest[digits..].strip_prefix('.') {
            Some(after) => after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len() + 1,
            None => 0,
        };
        let (number, after) = rest.split_at(digits + fraction);
        let after = after.trim_start();
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let (unit, after) = after.split_at(letters);
        total += amount(number, nanos(unit)?)?;
        (rest, any) = (after, true);
    }
    let total = if negative { -total } else { total };
    if any { i64::try_from(total).ok() } else { None }
}

fn nanos(unit: &str) -> Option<i128> {
    let second = 1_000_000_000;
    Some(match unit {
        "W" | "w" => 7 * 86_400 * second,
        "D" | "d" | "day" | "days" => 86_400 * second,
        "h" | "H" | "hr" | "hour" | "hours" => 3600 * second,
        "min" | "m" | "T" | "minute" | "minutes" => 60 * second,
        "s" | "S" | "sec" | "second" | "seconds" => second,
        "ms" | "L" | "milli" | "millis" | "millisecond" | "milliseconds" => 1_000_000,
        "us" | "U" | "µs" | "micro" | "micros" | "microsecond" | "microseconds" => 1000,
        "ns" | "N" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => 1,
        _ => return None,
    })
}

/// A number of units, in microseconds; without a number one unit is meant.
fn amount(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if number.is_empty() {
        return (unit % 1000 == 0).then_some(unit / 1000);
    }
    if whole.len() > 18 || fraction.len() > 9 || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let read = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
    let scale = 10_i128.pow(fraction.len() as u32);
    let nanos = (read(whole)? * scale + read(fraction)?) * unit;
    (nanos % (scale * 1000) == 0).then_some(nanos / (scale * 1000))
}

/// Reads `02:30`, `02:30:00` or `02:30:00.5`; there may be more than 24 hours.
fn clock(text: &str) -> Option<i128> {
    let mut parts = text.split(':');
    let whole = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<i128>().ok())?;
    let below = |x: i128| (x < 60).then_some(x);
    let (hours, minutes) = (whole(parts.next()?)?, below(whole(parts.next()?)?)?);
    let seconds = match parts.next() {
        Some(seconds) => amount(seconds, 1_000_000_000).filter(|_| !seconds.is_empty())?,
        None => 0,
    };
    let in_range = parts.next().is_none() && seconds < 60 * i128::from(MICROS_PER_SECOND) && hours < 1 << 40;
    in_range.then_some((hours * 3600 + minutes * 60) * i128::from(MICROS_PER_SECOND) + seconds)
}

/// Shows a duration as pandas does: days, which may be negative, and a time that is added to them.
pub(super) fn show(micros: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (days, rest) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
    let seconds = rest / MICROS_PER_SECOND;
    let sign = if days < 0 { "+" } else { "" };
    write!(f, "{days} days {sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    match rest % MICROS_PER_SECOND {
        0 => Ok(()),
        fraction => write!(f, ".{fraction:06}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ticks;
    use super::*;
    use crate::schema::DataType;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        let micros = parse_duration(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a duration"));
        assert_eq!(Ticks(micros, DataType::Duration).to_string(), shown, "{text}");
        assert_eq!(parse_duration(shown.as_bytes()), Some(micros), "{shown}");
    }

    #[test]
    fn durations_are_read_and_shown() {
        check("36h", "1 days 12:00:00");
        check("1.5h", "0 days 01:30:00");
        check("2h30min 1s", "0 days 02:30:01");
        check("D", "1 days 00:00:00");
        check("250ms", "0 days 00:00:00.250000");
        check("-2h", "-1 days +22:00:00");
        check("-1 days +22:00:00", "-1 days +22:00:00");
        check("26:00:00.5", "1 days 02:00:00.500000");
        check("3000ns", "0 days 00:00:00.000003");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "-", "5", "h5", "1 fortnight", "1:2:3:4", "00:61:00", "1ns", "2M", "9999999999999W", "."]
        {
            assert_eq!(parse_duration(text.as_bytes()), None, "{text}");
        }
    }
}
