//! Lines of items.

use std::error::Error;

/// How an item is written as a line.
pub(crate) trait ToLine<T>: Send + Sync + 'static {
    /// The operation that writes such lines.
    const LABEL: &'static str;

    /// The line, made in `buffer` if it does not lie in the item.
    fn line<'a>(item: &'a T, buffer: &'a mut String) -> Result<&'a str, Box<dyn Error + Send + Sync>>;
}

/// The text that an item is.
pub(crate) struct AsText;

impl<T: AsRef<str>> ToLine<T> for AsText {
    const LABEL: &'static str = "to_textfiles";

    fn line<'a>(item: &'a T, _: &'a mut String) -> Result<&'a str, Box<dyn Error + Send + Sync>> {
        Ok(item.as_ref())
    }
}
