/// Cases that need what there is not, and what that is.
#[rustfmt::skip]
pub(crate) const NOT_YET: &[(&str, &str)] = &[
];
