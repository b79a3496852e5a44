//! Rules by which time is cut: every six hours, every day, every second month.

use std::fmt;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::error::FrameError;
use crate::time::{MICROS_PER_DAY, civil_from_days, days_from_civil};

/// Every so many of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    n: i64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Unit {
    /// So many microseconds, counted from midnight before the first time.
    Micros(i64),
    /// Weeks that end on Sundays.
    Week,
    /// So many months, cut at their first days or their last.
    Months { of: i64, at_end: bool },
}

/// Sunday, 1970-01-04, in days.
const A_SUNDAY: i64 = 3;

/// Which end of a bin belongs to it, or names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum End {
    Left,
    Right,
}

impl Rule {
    /// Reads `6h`, `90min`, `D`, `2W`, `ME`: a number, or none for 1, and one of pandas' names of units.
    pub(crate) fn parse(text: &str) -> Result<Self, FrameError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let months = |of, at_end| Some(Unit::Months { of, at_end });
        let unit = match unit {
            "us" => Some(Unit::Micros(1)),
            "ms" => Some(Unit::Micros(1_000)),
            "s" | "S" => Some(Unit::Micros(1_000_000)),
            "min" | "T" => Some(Unit::Micros(60_000_000)),
            "h" | "H" => Some(Unit::Micros(3_600_000_000)),
            "D" => Some(Unit::Micros(MICROS_PER_DAY)),
            "W" | "W-SUN" => Some(Unit::Week),
            "M" | "ME" => months(1, true),
            "MS" => months(1, false),
            "Q" | "QE" => months(3, true),
            "QS" => months(3, false),
            "Y" | "YE" | "A" => months(12, true),
            "YS" | "AS" => months(12, false),
            _ => None,
        };
        let n = if number.is_empty() { Some(1) } else { number.parse::<i64>().ok().filter(|n| *n > 0) };
        let rule = match (n, unit) {
            (Some(n), Some(Unit::Micros(micros))) => {
                n.checked_mul(micros).map(|micros| Self { n: 1, unit: Unit::Micros(micros) })
            }
            (Some(n), Some(unit)) if n <= 1_000_000 => Some(Self { n, unit }),
            _ => None,
        };
        rule.ok_or_else(|| FrameError::BadRule { rule: text.into() })
    }

    /// The end that belongs to a bin and names it, unless something else is said: the right for weeks and for months
    /// cut at their ends, as in pandas.
    pub(crate) fn usual_end(self) -> End {
        match self.unit {
            Unit::Week | Unit::Months { at_end: true, .. } => End::Right,
            Unit::Micros(_) | Unit::Months { at_end: false, .. } => End::Left,
        }
    }

    /// Counts the edges of the unit up to the last before a time, or at it unless only what is before counts.
    fn edge_before(self, micros: i64, origin: i64, strictly: bool) -> i64 {
        // Strictly before a time is at or before the microsecond before it.
        let at = if strictly { micros.saturating_sub(1) } else { micros };
        let day = at.div_euclid(MICROS_PER_DAY);
        match self.unit {
            Unit::Micros(each) => at.saturating_sub(origin).div_euclid(each),
            Unit::Week => (day - A_SUNDAY).div_euclid(7),
            Unit::Months { of, at_end } => {
                let month = |day: i64| {
                    let (year, month, _) = civil_from_days(day);
                    (year * 12 + month - 1).div_euclid(of)
                };
                // The last day of a stretch of months is the one before the first of the next.
                if at_end { month(day + 1) - 1 } else { month(day) }
            }
        }
    }

    /// The time of an edge.
    fn edge(self, at: i64, origin: i64) -> i64 {
        let day = match self.unit {
            Unit::Micros(each) => return origin.saturating_add(at.saturating_mul(each)),
            Unit::Week => A_SUNDAY + 7 * at,
            Unit::Months { of, at_end } => {
                let month = (at + i64::from(at_end)) * of;
                days_from_civil(month.div_euclid(12), month.rem_euclid(12) + 1, 1) - i64::from(at_end)
            }
        };
        day.saturating_mul(MICROS_PER_DAY)
    }

    /// The bin of a time: the edges at its ends. `first` is the first of all times.
    pub(crate) fn bin(self, micros: i64, first: i64, closed: End) -> (i64, i64) {
        let origin = first.div_euclid(MICROS_PER_DAY) * MICROS_PER_DAY;
        // Bins that end with a day have all of it.
        let whole_days = closed == End::Right && self.usual_end() == End::Right;
        let time = |micros: i64| {
            if whole_days { micros.div_euclid(MICROS_PER_DAY) * MICROS_PER_DAY } else { micros }
        };
        let edge = |micros: i64| self.edge_before(time(micros), origin, closed == End::Right);
        let (at, first) = (edge(micros), edge(first));
        // Bins of several units: the first time is in the last unit of the first if they are closed on the right.
        let begin = match closed {
            End::Left => first + (at - first).div_euclid(self.n) * self.n,
            End::Right => first + 1 - self.n + (at - first + self.n - 1).div_euclid(self.n) * self.n,
        };
        (self.edge(begin, origin), self.edge(begin + self.n, origin))
    }

    /// The edge after an edge.
    pub(crate) fn next(self, edge: i64) -> i64 {
        self.edge(self.edge_before(edge, edge, false) + self.n, edge)
    }

    /// How many edges there are between two times at most.
    pub(crate) fn most_edges(self, first: i64, last: i64) -> u64 {
        let each = match self.unit {
            Unit::Micros(each) => each,
            Unit::Week | Unit::Months { .. } => 7 * MICROS_PER_DAY,
        };
        last.abs_diff(first) / each.unsigned_abs() + 1
    }

    /// The last edge at or before a time, counted from midnight.
    pub(crate) fn last_edge(self, micros: i64) -> i64 {
        self.bin(micros, micros, End::Left).0
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.n != 1 {
            write!(f, "{}", self.n)?;
        }
        match self.unit {
            Unit::Micros(micros) => {
                let units =
                    [(MICROS_PER_DAY, "D"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s")];
                let unit = units.into_iter().find(|(each, _)| micros % each == 0);
                let (each, name) = unit.unwrap_or((1, "us"));
                write!(f, "{}{name}", micros / each)
            }
            Unit::Week => f.write_str("W"),
            Unit::Months { of, at_end } => {
                let name = match of {
                    1 => "M",
                    3 => "Q",
                    _ => "Y",
                };
                write!(f, "{name}{}", if at_end { "E" } else { "S" })
            }
        }
    }
}

impl Tokenize for Rule {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.to_string().tokenize(t);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Display, parse};

    /// The bin of a time as text.
    #[track_caller]
    fn check(rule: &str, time: &str, first: &str, closed: End, expected: &str) {
        let micros = |text: &str| parse(text.as_bytes()).unwrap();
        let (left, right) = Rule::parse(rule).unwrap().bin(micros(time), micros(first), closed);
        assert_eq!(format!("{} to {}", Display(left), Display(right)), expected);
        assert_eq!(Rule::parse(rule).unwrap().next(left), right);
    }

    #[test]
    fn bins_of_equal_length_begin_at_midnight_before_the_first() {
        let (left, right) = (End::Left, End::Right);
        check(
            "6h",
            "2022-03-01 06:00",
            "2022-03-01 02:16",
            left,
            "2022-03-01 06:00:00 to 2022-03-01 12:00:00",
        );
        check(
            "6h",
            "2022-03-01 06:00",
            "2022-03-01 02:16",
            right,
            "2022-03-01 00:00:00 to 2022-03-01 06:00:00",
        );
        check(
            "7h",
            "2022-03-02 01:00",
            "2022-03-01 02:16",
            left,
            "2022-03-01 21:00:00 to 2022-03-02 04:00:00",
        );
        check(
            "90min",
            "2022-03-01 02:59",
            "2022-03-01 02:16",
            left,
            "2022-03-01 01:30:00 to 2022-03-01 03:00:00",
        );
        check(
            "2D",
            "2022-03-04 05:00",
            "2022-03-01 02:16",
            left,
            "2022-03-03 00:00:00 to 2022-03-05 00:00:00",
        );
        check(
            "1500ms",
            "1969-12-31 23:59:59",
            "1969-12-31",
            left,
            "1969-12-31 23:59:58.500000 to 1970-01-01 00:00:00",
        );
    }

    #[test]
    fn bins_of_the_calendar() {
        let (left, right) = (End::Left, End::Right);
        // 2022-03-06 is a Sunday, all of which belongs to the week that it ends.
        check("W", "2022-03-06 15:00", "2022-03-01", right, "2022-02-27 00:00:00 to 2022-03-06 00:00:00");
        check("W", "2022-03-07", "2022-03-01", right, "2022-03-06 00:00:00 to 2022-03-13 00:00:00");
        check("W", "2022-03-06 15:00", "2022-03-01", left, "2022-03-06 00:00:00 to 2022-03-13 00:00:00");
        check("M", "2022-02-28 15:00", "2022-01-01", right, "2022-01-31 00:00:00 to 2022-02-28 00:00:00");
        check("ME", "2022-02-28 15:00", "2022-01-01", left, "2022-02-28 00:00:00 to 2022-03-31 00:00:00");
        check("MS", "2022-02-28 15:00", "2022-01-01", left, "2022-02-01 00:00:00 to 2022-03-01 00:00:00");
        check("2ME", "2022-01-15", "2022-01-15", right, "2021-11-30 00:00:00 to 2022-01-31 00:00:00");
        check("2ME", "2022-02-15", "2022-01-15", right, "2022-01-31 00:00:00 to 2022-03-31 00:00:00");
        check("2MS", "2022-02-15", "2022-01-15", left, "2022-01-01 00:00:00 to 2022-03-01 00:00:00");
        check("Q", "2020-02-29", "2020-01-15", right, "2019-12-31 00:00:00 to 2020-03-31 00:00:00");
        check("YS", "1969-02-15", "1969-01-15", left, "1969-01-01 00:00:00 to 1970-01-01 00:00:00");
        check("Y", "1969-12-31 23:00", "1969-01-15", right, "1968-12-31 00:00:00 to 1969-12-31 00:00:00");
    }

    #[test]
    fn what_is_no_rule() {
        for text in
            ["", "6", "0h", "-1D", "fortnight", "6 h", "99999999999999999999h", "9223372036854775807D"]
        {
            let error = Rule::parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}` is no rule")), "{error}");
        }
        assert_eq!(Rule::parse("90min").unwrap().to_string(), "90min");
        assert_eq!(Rule::parse("2ME").unwrap().to_string(), "2ME");
    }
}
