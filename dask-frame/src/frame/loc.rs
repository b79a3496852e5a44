//! Rows by the values of the index.

use std::cmp::Ordering;
use std::ops::{Bound, RangeBounds};

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::column::{Column, Scalar};
use crate::error::FrameError;
use crate::expr::{Expr, col, lit, settle};
use crate::plan::PlanOp;
use crate::plan::divisions::order;
use crate::plan::layout::Layout;
use crate::schema::DataType;
use crate::time;

impl DataFrame {
    /// Returns the rows with this value of the index.
    ///
    /// A text for an index of timestamps stands for all that begins with it, as in pandas: `2021-03` for a month,
    /// `2021-03-15 10:20` for a minute. With known divisions, only partitions that may have such rows are computed.
    ///
    /// Source: [`pandas.DataFrame.loc`](https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.loc.html).
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there is no index.
    /// - `TypeMismatch` if the value cannot be compared with the index, `BadTimestamp` if a text is no time.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("id", Column::from(vec![7, 1, 5, 3]))], 2)?;
    /// let frame = frame.set_index_divisions("id", [0, 4, 9])?;
    /// let some = frame.loc_range(2..=5)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(some.column("id")?, &Column::from(vec![3, 5]));
    /// let one = frame.loc(7)?;
    /// assert_eq!(one.n_partitions(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn loc(&self, label: impl Into<Scalar>) -> Result<Self, FrameError> {
        let (index, dtype) = self.index_field()?;
        let span = Span::of_label(label.into(), &dtype)?;
        let condition = span.condition(index);
        self.located(&[span], condition, LayerInfo::here())
    }

    /// Returns the rows whose index is one of these values, in the order of the frame.
    ///
    /// # Errors
    ///
    /// As [`loc`](DataFrame::loc), and `BadArgument` if there is no value.
    #[track_caller]
    pub fn loc_list<S: Into<Scalar>>(&self, labels: impl IntoIterator<Item = S>) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let (index, dtype) = self.index_field()?;
        let labels = labels.into_iter().map(Into::into).collect::<Vec<Scalar>>();
        let spans = labels.iter().map(|label| Span::of_label(label.clone(), &dtype));
        let spans = spans.collect::<Result<Vec<_>, _>>()?;
        // A list of any length is one test; only periods are a test each.
        let condition = match dtype {
            DataType::Timestamp => spans.iter().map(|span| span.condition(index)).reduce(|a, b| a.or(b)),
            _ => (!labels.is_empty()).then(|| col(index).is_in(labels)),
        };
        let problem = "name a value of the index".into();
        let condition = condition.ok_or(FrameError::BadArgument { operation: "loc", problem })?;
        self.located(&spans, condition, info)
    }

    /// Returns the rows whose index is in a range. `a..=b` is what pandas' `loc[a:b]` is: both ends are in.
    ///
    /// A text for an index of timestamps stands for all that begins with it, as in [`loc`](DataFrame::loc): the range
    /// to `2021-03` has all of March.
    ///
    /// # Errors
    ///
    /// As [`loc`](DataFrame::loc).
    #[track_caller]
    pub fn loc_range<S: Into<Scalar> + Clone>(&self, range: impl RangeBounds<S>) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let (index, dtype) = self.index_field()?;
        let bound = |bound: Bound<&S>| match bound {
            Bound::Unbounded => Ok(Bound::Unbounded),
            Bound::Included(label) => Span::of_label(label.clone().into(), &dtype).map(Bound::Included),
            Bound::Excluded(label) => Span::of_label(label.clone().into(), &dtype).map(Bound::Excluded),
        };
        let span = Span {
            first: match bound(range.start_bound())? {
                Bound::Unbounded => Bound::Unbounded,
                Bound::Included(label) => label.first,
                Bound::Excluded(label) => excluded(label.last),
            },
            last: match bound(range.end_bound())? {
                Bound::Unbounded => Bound::Unbounded,
                Bound::Included(label) => label.last,
                Bound::Excluded(label) => excluded(label.first),
            },
        };
        let condition = span.condition(index);
        self.located(&[span], condition, info)
    }

    fn index_field(&self) -> Result<(&str, DataType), FrameError> {
        let Some(index) = self.index() else {
            let problem = "the frame has no index; make a column the index with `set_index`".into();
            return Err(FrameError::BadArgument { operation: "loc", problem });
        };
        Ok((index, self.schema().field(index)?.dtype()))
    }

    /// The rows for which the condition holds, from the partitions in which some of the spans lie.
    fn located(&self, spans: &[Span], condition: Expr, info: LayerInfo) -> Result<Self, FrameError> {
        let found = self.with(PlanOp::Filter(condition), info.clone())?;
        let Some(bounds) = self.divisions().column() else { return Ok(found) };
        let n = bounds.len() as u32 - 1;
        let is_needed = |at: &u32| spans.iter().any(|span| span.meets(bounds, *at as usize));
        let mut partitions = (0..n).filter(is_needed).collect::<Vec<_>>();
        if partitions.is_empty() {
            // Some partition must say that there is nothing.
            partitions.push(0);
        }
        Ok(if partitions.len() == n as usize {
            found
        } else {
            found.laid_out(Layout::Pick(partitions), info)
        })
    }
}

/// A stretch of the index.
struct Span {
    first: Bound<Scalar>,
    last: Bound<Scalar>,
}

fn excluded(bound: Bound<Scalar>) -> Bound<Scalar> {
    match bound {
        Bound::Included(value) => Bound::Excluded(value),
        other => other,
    }
}

impl Span {
    fn of_label(label: Scalar, dtype: &DataType) -> Result<Self, FrameError> {
        let (first, last) = match (label, dtype) {
            (Scalar::Utf8(text), DataType::Timestamp) => {
                let (first, last) =
                    period(&text).ok_or(FrameError::BadTimestamp { text: text.to_string() })?;
                (Scalar::Timestamp(first), Scalar::Timestamp(last))
            }
            (Scalar::Int64(x), DataType::Float64) => (Scalar::from(x as f64), Scalar::from(x as f64)),
            (label, _) => (label.clone(), label),
        };
        Ok(Self { first: Bound::Included(first), last: Bound::Included(last) })
    }

    fn condition(&self, index: &str) -> Expr {
        let first = match &self.first {
            Bound::Included(first) => Some(col(index).ge(lit(first.clone()))),
            Bound::Excluded(first) => Some(col(index).gt(lit(first.clone()))),
            Bound::Unbounded => None,
        };
        let last = match &self.last {
            Bound::Included(last) => Some(col(index).le(lit(last.clone()))),
            Bound::Excluded(last) => Some(col(index).lt(lit(last.clone()))),
            Bound::Unbounded => None,
        };
        match (first, last) {
            (Some(first), Some(last)) => first.and(last),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => lit(true),
        }
    }

    /// Whether partition `at` may have rows of it; when the types differ, it may.
    fn meets(&self, bounds: &Column, at: usize) -> bool {
        let compare = |bound: &Bound<Scalar>, to: usize| match bound {
            Bound::Included(value) | Bound::Excluded(value) => {
                let value = settle(value, &bounds.dtype());
                let is_one = value.dtype() == bounds.dtype() && !value.is_null();
                is_one.then(|| order(&Column::repeat(&value, 1), 0, bounds, to))
            }
            Bound::Unbounded => None,
        };
        let is_last = at + 2 == bounds.len();
        let begins_before_end = match compare(&self.first, at + 1) {
            None | Some(Ordering::Less) => true,
            Some(Ordering::Equal) => is_last,
            Some(Ordering::Greater) => false,
        };
        begins_before_end && compare(&self.last, at).is_none_or(Ordering::is_ge)
    }
}

/// The first and the last microsecond of what a text names: a year, a month, a day, an hour, a minute, a second, or
/// one microsecond.
fn period(text: &str) -> Option<(i64, i64)> {
    let parse = |text: &str| time::parse(text.as_bytes());
    let text = text.trim().replace('T', " ");
    let next = |year: i64, month: i64| match month {
        12 => parse(&format!("{:04}-01-01", year + 1)),
        month => parse(&format!("{year:04}-{:02}-01", month + 1)),
    };
    let year = || text.get(..4)?.parse::<i64>().ok();
    let second = 1_000_000;
    let (first, end) = match text.len() {
        4 => (parse(&format!("{text}-01-01"))?, next(year()?, 12)?),
        7 => (parse(&format!("{text}-01"))?, next(year()?, text.get(5..)?.parse().ok()?)?),
        10 => (parse(&text)?, parse(&text)? + 86_400 * second),
        13 => (parse(&format!("{text}:00"))?, parse(&format!("{text}:00"))? + 3_600 * second),
        16 => (parse(&text)?, parse(&text)? + 60 * second),
        19 => (parse(&text)?, parse(&text)? + second),
        _ => (parse(&text)?, parse(&text)? + 1),
    };
    Some((first, end - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_a_period() {
        let shown = |text| {
            let (first, last) = period(text)?;
            Some(format!("{} to {}", time::Display(first), time::Display(last)))
        };
        let check = |text, expected: &str| assert_eq!(shown(text).as_deref(), Some(expected));
        check("2021", "2021-01-01 00:00:00 to 2021-12-31 23:59:59.999999");
        check("2020-02", "2020-02-01 00:00:00 to 2020-02-29 23:59:59.999999");
        check("2021-12", "2021-12-01 00:00:00 to 2021-12-31 23:59:59.999999");
        check("2021-03-15", "2021-03-15 00:00:00 to 2021-03-15 23:59:59.999999");
        check("2021-03-15 10", "2021-03-15 10:00:00 to 2021-03-15 10:59:59.999999");
        check("2021-03-15T10:20", "2021-03-15 10:20:00 to 2021-03-15 10:20:59.999999");
        check("2021-03-15 10:20:30", "2021-03-15 10:20:30 to 2021-03-15 10:20:30.999999");
        check("2021-03-15 10:20:30.5", "2021-03-15 10:20:30.500000 to 2021-03-15 10:20:30.500000");
        for text in ["", "year", "2021-13", "2021-02-30", "12"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
