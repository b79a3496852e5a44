//! Conditions of a plan as conditions of a query.

use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

use super::database::quoted;
use super::types;
use crate::column::Scalar;
use crate::expr::{Binary, Expr, Node, Unary};
use crate::schema::{DataType, Schema};

/// A condition of a query, and the values that its question marks stand for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) values: Vec<Scalar>,
}

impl Condition {
    /// The condition that a filter's rows fulfil; `None` if nothing can be said in SQL. It may be fulfilled by more rows:
    /// the filter itself is applied to what is read.
    pub(super) fn of(filter: &Expr, schema: &Schema) -> Option<Self> {
        match filter.node() {
            Node::Binary(Binary::And, a, b) => match (Self::of(a, schema), Self::of(b, schema)) {
                (Some(a), Some(b)) => Some(a.joined("AND", b)),
                (one, other) => one.or(other),
            },
            Node::Binary(Binary::Or, a, b) => Some(Self::of(a, schema)?.joined("OR", Self::of(b, schema)?)),
            Node::Binary(op, a, b) => match (a.node(), b.node()) {
                (_, Node::Literal(value)) => Self::comparison(a, *op, value, schema),
                (Node::Literal(value), _) => Self::comparison(b, op.mirrored(), value, schema),
                _ => None,
            },
            Node::IsIn(a, values) => {
                let column = Column::of(a, schema)?;
                if values.iter().any(|value| !column.compares_with(value)) {
                    return None;
                }
                let marks = vec!["?"; values.len()].join(", ");
                Some(Self { text: format!("{} IN ({marks})", column.text), values: values.clone() })
            }
            Node::Unary(Unary::IsNull, a) => Some(Self::missing(a.as_column()?)),
            Node::Unary(Unary::Not, negated) => match negated.node() {
                Node::Unary(Unary::IsNull, a) => {
                    let text = format!("{} IS NOT NULL", quoted(a.as_column()?));
                    Some(Self { text, values: Vec::new() })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The condition that a column has no value.
    pub(super) fn missing(column: &str) -> Self {
        Self { text: format!("{} IS NULL", quoted(column)), values: Vec::new() }
    }

    /// The condition that a column compares so to a value, as frames compare.
    pub(super) fn comparison(column: &Expr, op: Binary, value: &Scalar, schema: &Schema) -> Option<Self> {
        let sign = match op {
            Binary::Equal => "=",
            Binary::NotEqual => "<>",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            _ => return None,
        };
        let column = Column::of(column, schema)?;
        let text = format!("{} {sign} ?", column.text);
        column.compares_with(value).then(|| Self { text, values: vec![value.clone()] })
    }

    pub(super) fn joined(self, word: &str, other: Self) -> Self {
        let text = format!("({} {word} {})", self.text, other.text);
        Self { text, values: self.values.into_iter().chain(other.values).collect() }
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = Value> {
        self.values.iter().cloned().map(types::value)
    }
}

/// A column that databases compare as frames do.
struct Column {
    text: String,
    dtype: DataType,
}

impl Column {
    fn of(expr: &Expr, schema: &Schema) -> Option<Self> {
        let name = expr.as_column()?;
        let dtype = schema.field(name).ok()?.dtype();
        let name = quoted(name);
        let text = match dtype {
            DataType::Int64 => name,
            // Integers in it are floats in the frame.
            DataType::Float64 => format!("CAST({name} AS REAL)"),
            // By letters, whatever order the database has for the column.
            DataType::Utf8 => format!("{name} COLLATE BINARY"),
            _ => return None,
        };
        Some(Self { text, dtype })
    }

    fn compares_with(&self, value: &Scalar) -> bool {
        matches!(
            (&self.dtype, value),
            (DataType::Int64, Scalar::Int64(_))
                | (DataType::Float64, Scalar::Float64(_))
                | (DataType::Utf8, Scalar::Utf8(_))
        ) && !value.is_null()
    }
}
