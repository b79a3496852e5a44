//! The golden cases that do not run yet, by name, with the reason.

/// Why a case does not run, if it does not.
pub(crate) fn reason(id: &str) -> Option<&'static str> {
    TABLE.iter().find(|(ids, _)| ids.contains(&id)).map(|(_, reason)| *reason)
}

/// Cases by what is missing: features that are off.
#[rustfmt::skip]
pub(crate) const TABLE: &[(&[&str], &str)] = &[
    #[cfg(not(feature = "linalg"))]
    (&[
        "linalg-001", "linalg-002", "linalg-003", "linalg-004", "linalg-005", "linalg-006", "linalg-007",
        "linalg-008", "linalg-009", "linalg-010", "linalg-011", "linalg-012",
    ], "the feature `linalg` is off"),
    #[cfg(not(feature = "fft"))]
    (&[
        "fft-001", "fft-002", "fft-003", "fft-004", "fft-005", "fft-006", "fft-007", "fft-008", "fft-009",
        "fft-010",
    ], "the feature `fft` is off"),
];
