//! Whether a row can fulfil a condition, by what is known of the smallest and largest values.

use std::cmp::Ordering;

use crate::column::Scalar;
use crate::expr::{Binary, Expr, Node, Unary, settle};

/// What is known of the values of a column in some rows.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// A value that none is below.
    pub(crate) min: Option<Scalar>,
    /// A value that none is above.
    pub(crate) max: Option<Scalar>,
    /// How many values are missing.
    pub(crate) nulls: Option<u64>,
    /// How many rows there are.
    pub(crate) rows: u64,
}

impl Known {
    fn all_missing(&self) -> bool {
        self.nulls == Some(self.rows)
    }

    /// Returns whether a value can compare so to `value`.
    fn may_compare(&self, op: Binary, value: &Scalar) -> bool {
        if self.all_missing() || value.is_null() {
            return false;
        }
        let below = |bound: &Option<Scalar>| bound.as_ref().and_then(|bound| order(bound, value));
        let (min, max) = (below(&self.min), below(&self.max));
        match op {
            Binary::Less => min.is_none_or(Ordering::is_lt),
            Binary::LessEqual => min.is_none_or(Ordering::is_le),
            Binary::Greater => max.is_none_or(Ordering::is_gt),
            Binary::GreaterEqual => max.is_none_or(Ordering::is_ge),
            Binary::Equal => min.is_none_or(Ordering::is_le) && max.is_none_or(Ordering::is_ge),
            // Only if all values are the one that is not wanted. Bounds of texts may be cut short.
            Binary::NotEqual => !(min == Some(Ordering::Equal) && max == Some(Ordering::Equal)),
            _ => true,
        }
    }
}

/// Returns whether a row can fulfil the condition; `known` tells of a column, if anything is known of it.
///
/// Where nothing is known, or the condition is none that is understood here, a row can.
pub(crate) fn may_hold(condition: &Expr, known: &dyn Fn(&str) -> Option<Known>) -> bool {
    let of = |expr: &Expr| expr.as_column().and_then(|name| known(name));
    match condition.node() {
        Node::Binary(Binary::And, a, b) => may_hold(a, known) && may_hold(b, known),
        Node::Binary(Binary::Or, a, b) => may_hold(a, known) || may_hold(b, known),
        Node::Binary(op, a, b) => match (a.node(), b.node()) {
            (_, Node::Literal(value)) => of(a).is_none_or(|known| known.may_compare(*op, value)),
            (Node::Literal(value), _) => of(b).is_none_or(|known| known.may_compare(op.mirrored(), value)),
            _ => true,
        },
        Node::IsIn(a, values) => of(a).is_none_or(|known| {
            let listed = |value: &Scalar| match value.is_null() {
                true => known.nulls != Some(0),
                false => known.may_compare(Binary::Equal, value),
            };
            values.iter().any(listed)
        }),
        Node::Unary(Unary::IsNull, a) => of(a).is_none_or(|known| known.nulls != Some(0)),
        Node::Unary(Unary::Not, negated) => match negated.node() {
            Node::Unary(Unary::IsNull, a) => of(a).is_none_or(|known| !known.all_missing()),
            _ => true,
        },
        _ => true,
    }
}

/// Compares a value of a column with a constant as expressions do; `None` for values that are not compared.
fn order(a: &Scalar, b: &Scalar) -> Option<Ordering> {
    let b = &settle(b, &a.dtype());
    match (&a.clone().wide(), &b.clone().wide()) {
        (Scalar::UInt64(a), Scalar::UInt64(b)) => Some(a.cmp(b)),
        (Scalar::UInt64(a), Scalar::Int64(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Scalar::Int64(a), Scalar::UInt64(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Scalar::UInt64(a), Scalar::Float64(b)) => (*a as f64).partial_cmp(b),
        (Scalar::Float64(a), Scalar::UInt64(b)) => a.partial_cmp(&(*b as f64)),
        (Scalar::Int64(a), Scalar::Int64(b)) => Some(a.cmp(b)),
        (Scalar::Int64(a), Scalar::Float64(b)) => (*a as f64).partial_cmp(b),
        (Scalar::Float64(a), Scalar::Int64(b)) => a.partial_cmp(&(*b as f64)),
        (Scalar::Float64(a), Scalar::Float64(b)) => a.partial_cmp(b),
        (Scalar::Bool(a), Scalar::Bool(b)) => Some(a.cmp(b)),
        (Scalar::Utf8(a), Scalar::Utf8(b)) => Some(a.cmp(b)),
        (a, b) if a.dtype() == b.dtype() => Some(a.ticks()?.cmp(&b.ticks()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::column::Column;
    use crate::expr::{cast_column, col, lit};
    use crate::schema::DataType;
    use crate::table::Table;

    fn literal() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            (-3_i64..4).prop_map(Scalar::from),
            (-3_i32..4).prop_map(|x| Scalar::from(f64::from(x) / 2.0))
        ]
    }

    fn conditions() -> impl Strategy<Value = Expr> {
        let leaf = (0..10, literal(), any::<bool>()).prop_map(|(kind, value, turned)| {
            let (a, b) = match turned {
                true => (lit(value.clone()), col("x")),
                false => (col("x"), lit(value.clone())),
            };
            match kind {
                0 => a.lt(b),
                1 => a.le(b),
                2 => a.gt(b),
                3 => a.ge(b),
                4 => a.eq(b),
                5 => a.ne(b),
                6 => col("x").is_null(),
                7 => col("x").is_not_null(),
                8 => col("x").is_in([value, Scalar::Null(DataType::Int64)]),
                _ => (col("x") + 1).eq(value),
            }
        });
        leaf.prop_recursive(3, 8, 2, |inner| {
            (inner.clone(), inner, any::<bool>()).prop_map(|(a, b, and)| if and { a.and(b) } else { a.or(b) })
        })
    }

    proptest! {
        /// Rows that fulfil the condition are never passed over.
        #[test]
        fn what_holds_may_hold(
            values in vec(prop::option::of(-3_i64..4), 0..5), condition in conditions(), kind in 0_usize..4,
        ) {
            let (min, max) = (values.iter().flatten().min(), values.iter().flatten().max());
            let dtype = [DataType::Int64, DataType::Int8, DataType::Int32, DataType::Float32][kind].clone();
            let column = |values| cast_column("x", &Column::from(values), &dtype).unwrap();
            let bound = |of: Option<&i64>| of.map(|&x| column(vec![Some(x)]).get(0));
            let known = Known {
                min: bound(min),
                max: bound(max),
                nulls: Some(values.iter().filter(|x| x.is_none()).count() as u64),
                rows: values.len() as u64,
            };
            let table = Table::new([("x", column(values))]).unwrap();
            let holds = condition.eval_filter(&table).unwrap().count() > 0;
            prop_assert!(!holds || may_hold(&condition, &|_| Some(known.clone())));
            prop_assert!(may_hold(&condition, &|_| None));
        }
    }

    #[test]
    fn what_cannot_hold_is_told() {
        let known = |min: i64, max: i64, nulls| Known {
            min: Some(min.into()),
            max: Some(max.into()),
            nulls,
            rows: 9,
        };
        let may = |condition: Expr, nulls| may_hold(&condition, &|_| Some(known(3, 5, nulls)));
        assert!(!may(col("x").lt(3), None) && may(col("x").le(3), None));
        assert!(!may(lit(5.5).lt(col("x")), None) && may(lit(4.5).lt(col("x")), None));
        assert!(!may(col("x").eq(6).or(col("x").eq(2)), None));
        assert!(!may(col("x").gt(3).and(col("x").gt(5)), None));
        assert!(!may(col("x").is_in([1, 9]), None));
        assert!(!may(col("x").is_null(), Some(0)) && may(col("x").is_null(), None));
        assert!(!may(col("x").is_not_null(), Some(9)) && !may(col("x").gt(0), Some(9)));
        let one = may_hold(&col("x").ne(4), &|_| Some(known(4, 4, None)));
        assert!(!one);
    }
}
