//! Times in time zones. The rules of zones are those of jiff's database.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::{Display, MICROS_PER_SECOND};
use crate::schema::Zone;

/// Returns how many microseconds local time is ahead of UTC at an instant. Beyond the year 9999 the rules of
/// that year hold.
fn offset(rules: &TimeZone, micros: i64) -> i64 {
    let bounds = (Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond());
    let instant =
        Timestamp::from_microsecond(micros.clamp(bounds.0, bounds.1)).unwrap_or(Timestamp::UNIX_EPOCH);
    i64::from(rules.to_offset(instant).seconds()) * MICROS_PER_SECOND
}

/// Returns what the clocks of a zone show, as if there were no zone.
pub(crate) fn local(rules: &TimeZone, micros: i64) -> i64 {
    micros.saturating_add(offset(rules, micros))
}

/// What a time on the clocks of a zone means.
pub(crate) enum LocalTime {
    /// One instant.
    Once(i64),
    /// The clocks are put back and show it twice.
    Twice(i64),
    /// The clocks are put forward and never show it; the instant is that of the clock before.
    Never(i64),
}

/// Returns the instant at which the clocks of a zone show a time.
pub(crate) fn from_local(rules: &TimeZone, micros: i64) -> LocalTime {
    let Ok(local) = date_time(micros) else {
        return LocalTime::Once(micros.saturating_sub(offset(rules, micros)));
    };
    let at = |seconds: i32| micros.saturating_sub(i64::from(seconds) * MICROS_PER_SECOND);
    match rules.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => LocalTime::Once(at(offset.seconds())),
        AmbiguousOffset::Fold { before, .. } => LocalTime::Twice(at(before.seconds())),
        AmbiguousOffset::Gap { before, .. } => LocalTime::Never(at(before.seconds())),
    }
}

/// Converts to a time of jiff; the error is that it lies outside the years -9999 to 9999.
pub(crate) fn date_time(micros: i64) -> Result<DateTime, jiff::Error> {
    Ok(TimeZone::UTC.to_datetime(Timestamp::from_microsecond(micros)?))
}

/// Converts to a time of jiff in a zone.
pub(crate) fn zoned(rules: &TimeZone, micros: i64) -> Result<jiff::ZonedDateTime, jiff::Error> {
    Ok(Timestamp::from_microsecond(micros)?.to_zoned_datetime(rules.clone()))
}

/// Reads a time with the offset it has, or as the clocks of the zone show it. One that they show twice or
/// never is refused without an offset.
pub(super) fn parse(text: &[u8], zone: Zone) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_microsecond());
    }
    match from_local(&zone.rules(), super::parse(text.as_bytes())?) {
        LocalTime::Once(micros) => Some(micros),
        LocalTime::Twice(_) | LocalTime::Never(_) => None,
    }
}

pub(super) fn show(micros: i64, zone: Zone, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let offset = offset(&zone.rules(), micros);
    let minutes = offset / (60 * MICROS_PER_SECOND);
    let sign = if minutes < 0 { '-' } else { '+' };
    let local = Display(micros.saturating_add(offset));
    write!(f, "{local}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}
