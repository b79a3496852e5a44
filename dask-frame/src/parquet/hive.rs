//! Directories whose names are values: `year=2013/month=01/part-00000.parquet`, as Hive has them.

use std::path::{Component, Path};

use crate::column::Scalar;
use crate::parse;
use crate::schema::DataType;

/// What stands for a missing value in the name of a directory.
const MISSING: &str = "__HIVE_DEFAULT_PARTITION__";

/// The names and values in the path of a file.
pub(super) type Keys = Vec<(String, Option<String>)>;

/// Returns the keys in the directories of the path of a file.
pub(super) fn keys(below: &Path) -> Keys {
    let directories = below.parent().into_iter().flat_map(Path::components);
    let pair = |component| match component {
        Component::Normal(name) => {
            let (name, value) = name.to_str()?.split_once('=')?;
            (!name.is_empty()).then(|| (decoded(name), (value != MISSING).then(|| decoded(value))))
        }
        _ => None,
    };
    directories.filter_map(pair).collect()
}

/// Returns the type of a key with these values: integers if all of them are.
pub(super) fn dtype<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> DataType {
    // Digits alone, with zeros before them or not: `month=01` is a number.
    let int = |value: &str| {
        let digits = value.strip_prefix('-').unwrap_or(value);
        digits.bytes().all(|byte| byte.is_ascii_digit()) && parse::int(value.as_bytes()).is_some()
    };
    match values.into_iter().flatten().all(int) {
        true => DataType::Int64,
        false => DataType::Utf8,
    }
}

pub(super) fn scalar(value: Option<&str>, dtype: DataType) -> Scalar {
    match (value, dtype.clone()) {
        (None, _) => Scalar::Null(dtype),
        (Some(value), DataType::Int64) => {
            parse::int(value.as_bytes()).map_or(Scalar::Null(dtype), Scalar::Int64)
        }
        (Some(value), _) => Scalar::Utf8(value.into()),
    }
}

/// Returns the name of the directory of a value.
pub(super) fn directory(name: &str, value: &Scalar) -> String {
    let value = match value.is_null() {
        true => MISSING.into(),
        false => encoded(&value.to_string()),
    };
    format!("{}={value}", encoded(name))
}

/// Writes bytes that file systems or readers take for something else as `%` and two digits.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_. ".contains(&byte) || !byte.is_ascii();
    let mut bytes = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match plain(byte) {
            true => bytes.push(byte),
            false => bytes.extend(format!("%{byte:02X}").bytes()),
        }
    }
    String::from_utf8(bytes).expect("bytes beyond ASCII are kept, and with them UTF-8")
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| str::from_utf8(hex).ok());
        match hex.filter(|_| byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_come_back(name in ".{1,9}", value in ".{0,9}") {
            let scalar = Scalar::Utf8(value.as_str().into());
            let path = Path::new(&directory(&name, &scalar)).join("part-0.parquet");
            prop_assert_eq!(keys(&path), vec![(name, Some(value))]);
        }
    }

    #[test]
    fn keys_are_in_the_names_of_directories() {
        let path = Path::new("year=2013/note/carrier=__HIVE_DEFAULT_PARTITION__/a=b.parquet");
        let expected = vec![("year".to_owned(), Some("2013".to_owned())), ("carrier".to_owned(), None)];
        assert_eq!(keys(path), expected);
    }

    #[test]
    fn keys_are_integers_if_all_are() {
        assert_eq!(dtype([Some("1"), None, Some("-20")]), DataType::Int64);
        assert_eq!(dtype([Some("1"), Some("x")]), DataType::Utf8);
        assert_eq!(scalar(Some("7"), DataType::Int64), Scalar::Int64(7));
        assert_eq!(scalar(None, DataType::Utf8), Scalar::Null(DataType::Utf8));
    }
}
