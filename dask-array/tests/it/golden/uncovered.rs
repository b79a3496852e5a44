//! The golden cases that do not run yet, by name, with the reason.

/// Why a case does not run, if it does not.
pub(crate) fn reason(id: &str) -> Option<&'static str> {
    TABLE.iter().find(|(ids, _)| ids.contains(&id)).map(|(_, reason)| *reason)
}

/// Cases by what is missing. All of it comes when the crate is extended to the breadth of numpy.
#[rustfmt::skip]
pub(crate) const TABLE: &[(&[&str], &str)] = &[
    (&[
                    ], "creation beyond zeros, ones, full, arange and their like"),
    (&[
        "reduction-006", "reduction-025", "reduction-026", "reduction-027", "reduction-028",
        "reduction-029", "reduction-030", "reduction-031", "reduction-032", "reduction-033",
        "reduction-034", "reduction-042", "reduction-043", "reduction-044", "reduction-045",
        "reduction-046", "reduction-047", "reduction-048", "reduction-049", "reduction-050",
        "reduction-051", "reduction-052", "reduction-053",
    ], "a reduction, or an option of one, that is not written yet"),
    (&[
        "argreduction-001", "argreduction-002", "argreduction-003", "argreduction-004", "argreduction-005",
        "argreduction-006", "argreduction-007", "argreduction-008",
    ], "reductions to positions"),
    (&[
        "cumulative-001", "cumulative-002", "cumulative-003", "cumulative-004", "cumulative-005",
        "cumulative-006", "cumulative-007", "cumulative-008", "cumulative-009", "cumulative-010",
    ], "cumulative operations"),
    (&[
       
                    ], "fancy, masked and pointwise indexing, and assignment"),
    (&[
        "search-001", "search-002", "search-003", "search-004", "search-005", "search-006", "search-007",
        "search-008", "search-009", "search-010", "search-011", "search-012", "search-013", "search-014",
        "search-015", "search-018", "search-019", "search-020", "search-021",
        "search-022", "search-023", "search-024",
    ], "searching, counting and statistics"),
    (&[
        "product-001", "product-002", "product-003", "product-004", "product-005", "product-006",
        "product-007", "product-008", "product-009", "product-010", "product-011", "product-012",
        "product-013",
    ], "products"),
    (&[
        "linalg-001", "linalg-002", "linalg-003", "linalg-004", "linalg-005", "linalg-006", "linalg-007",
        "linalg-008", "linalg-009", "linalg-010", "linalg-011", "linalg-012",
    ], "linear algebra"),
    (&[
        "fft-001", "fft-002", "fft-003", "fft-004", "fft-005", "fft-006", "fft-007", "fft-008", "fft-009",
        "fft-010", "fft-011",
    ], "Fourier transforms"),
    (&[
        "cast-011",
    ], "element type float16"),
    (&[
        "pipeline-001", "pipeline-003", "pipeline-006",
    ], "an operation of the pipeline"),
];
