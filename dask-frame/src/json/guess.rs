//! The types of values, found in a sample.

use serde_json::Value;

use crate::csv::widen;
use crate::schema::DataType;

/// What is known of the type of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Guess {
    /// Nothing yet.
    #[default]
    Unknown,
    /// Values of a type.
    Values(DataType),
    /// Lists, and what is known of their values.
    Lists(Box<Guess>),
}

/// Values in lists have another type than this.
#[derive(Debug)]
pub(super) struct Mixed(pub(super) DataType);

impl Guess {
    /// Returns the narrowest type that can hold a value.
    pub(super) fn of(value: &Value) -> Result<Self, Mixed> {
        let dtype = match value {
            Value::Null => return Ok(Guess::Unknown),
            Value::Bool(_) => DataType::Bool,
            Value::Number(number) if number.is_i64() => DataType::Int64,
            Value::Number(number) if number.is_f64() => DataType::Float64,
            // Objects in lists are text with the list.
            Value::Array(values) if !values.iter().any(has_object) => {
                let beside = |all: Guess, value| all.beside(Self::of(value)?);
                return Ok(Guess::Lists(Box::new(values.iter().try_fold(Guess::Unknown, beside)?)));
            }
            // Digits that do not fit 64 bits are an identifier sooner than a measurement: a float would round it.
            Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => DataType::Utf8,
        };
        Ok(Guess::Values(dtype))
    }

    /// Returns the narrowest type that can hold values of both.
    pub(super) fn with(self, other: Self) -> Result<Self, Mixed> {
        Ok(match (self, other) {
            (Guess::Unknown, one) | (one, Guess::Unknown) => one,
            (Guess::Values(a), Guess::Values(b)) => Guess::Values(widen(&a, &b)),
            (Guess::Lists(a), Guess::Lists(b)) => Guess::Lists(Box::new(a.beside(*b)?)),
            (Guess::Values(_), Guess::Lists(_)) | (Guess::Lists(_), Guess::Values(_)) => {
                Guess::Values(DataType::Utf8)
            }
        })
    }

    /// [`with`](Guess::with) for values of lists, which are not made texts.
    fn beside(self, other: Self) -> Result<Self, Mixed> {
        let before = self.clone();
        let both = self.with(other.clone())?;
        let is_text = |guess: &Guess| *guess == Guess::Values(DataType::Utf8);
        match is_text(&both)
            && [&before, &other].into_iter().any(|one| *one != Guess::Unknown && !is_text(one))
        {
            true => Err(Mixed(DataType::list_of(&before.into_dtype()))),
            false => Ok(both),
        }
    }

    /// Returns the type; where there are no values one of floats, as in pandas.
    pub(super) fn into_dtype(self) -> DataType {
        match self {
            Guess::Unknown => DataType::Float64,
            Guess::Values(dtype) => dtype,
            Guess::Lists(values) => DataType::list_of(&values.into_dtype()),
        }
    }
}

fn has_object(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::Array(values) => values.iter().any(has_object),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], expected: &str) {
        let guesses = values.iter().map(|text| Guess::of(&serde_json::from_str(text).unwrap()));
        let all = guesses.reduce(|all, next| all?.with(next?)).unwrap();
        assert_eq!(
            all.map_or_else(|Mixed(of)| format!("mixed with {of}"), |all| all.into_dtype().to_string()),
            expected
        );
    }

    #[test]
    fn types_are_guessed() {
        check(&["null"], "Float64");
        check(&["1", "null", "1.5"], "Float64");
        check(&["1", "true"], "Utf8");
        check(&["[]", "null"], "List[Float64]");
        check(&["[]", "[null, 1]", "[2]"], "List[Int64]");
        check(&["[1, 2.5]"], "List[Float64]");
        check(&["[1]", "[0.5]"], "List[Float64]");
        check(&["[[true], []]", "[]"], "List[List[Bool]]");
        check(&["[1]", "1"], "Utf8");
        check(&["[1, {}]"], "Utf8");
        check(&["{}", "[[{}]]"], "Utf8");
    }

    #[test]
    fn lists_of_several_types_are_mixed() {
        check(&["[1, \"a\"]"], "mixed with List[Int64]");
        check(&["[\"a\", null, true]"], "mixed with List[Utf8]");
        check(&["[1.5]", "[\"a\"]"], "mixed with List[Float64]");
        check(&["[[1], 2]"], "mixed with List[List[Int64]]");
    }
}
