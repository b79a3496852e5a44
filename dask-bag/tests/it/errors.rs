//! Errors as texts.

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str("\n  caused by: ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
