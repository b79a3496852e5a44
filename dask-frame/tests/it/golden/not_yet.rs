/// Cases that need what there is not, and what that is.
#[rustfmt::skip]
pub(crate) const NOT_YET: &[(&str, &str)] = &[
    ("merge-021", "no `merge_asof` yet"),
    ("merge-022", "no `merge_asof` yet"),
    ("read_csv-006", "no `skiprows` argument yet"),
];
