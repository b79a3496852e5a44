//! The type of an expression, known when it is written.

use super::{Binary, Expr, MOST_DEPTH, Node, Unary};
use crate::column::{Categories, Scalar, Stored, number_of};
use crate::error::FrameError;
use crate::schema::{DataType, Schema};

impl Expr {
    /// Returns the type of the expression over columns of `schema`.
    ///
    /// # Errors
    ///
    /// `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep`: after this has succeeded, evaluation can
    /// fail for a value, but not for a name or a type.
    pub(crate) fn dtype(&self, schema: &Schema) -> Result<DataType, FrameError> {
        self.check_depth()?;
        match self.node() {
            Node::Column(name) => Ok(schema.field(name)?.dtype()),
            Node::Literal(value) => Ok(value.dtype()),
            Node::Binary(op, left, right) => binary(*op, left, right, schema),
            Node::Unary(op, of) => unary(*op, of, schema),
            Node::FillNull(of, with) => match settled(of, with, schema)? {
                (DataType::Categorical(known), DataType::Utf8) if known.is_known() => {
                    if let Node::Literal(Scalar::Utf8(text)) = with.node() {
                        among(&known, "fill_null", text)?;
                    }
                    Ok(DataType::Categorical(known))
                }
                _ => same("fill_null", of, with, schema),
            },
            Node::Cast(of, to) => {
                let from = of.dtype(schema)?;
                if can_cast(&from, to) {
                    return Ok(to.clone());
                }
                let expected = "a type that converts to the one asked for";
                Err(FrameError::WrongType { operation: "cast", expr: of.to_string(), got: from, expected })
            }
            Node::IsIn(of, values) => {
                let dtype = of.dtype(schema)?;
                dtype.expect_key("is_in", of)?;
                match values.iter().find(|value| common(&dtype, &value.dtype()).is_none()) {
                    Some(value) => {
                        Err(mismatch("is_in", of, dtype, &super::lit(value.clone()), value.dtype()))
                    }
                    None => Ok(DataType::Bool),
                }
            }
            Node::Function(function, args) => function.dtype(args, schema),
            Node::When { condition, then, otherwise } => {
                expect_bool("when", condition, schema)?;
                match otherwise {
                    Some(otherwise) => same("when", then, otherwise, schema),
                    None => then.dtype(schema),
                }
            }
        }
    }

    /// Checks that evaluation will not run out of stack.
    pub(super) fn check_depth(&self) -> Result<(), FrameError> {
        match self.depth {
            0..=MOST_DEPTH => Ok(()),
            depth => Err(FrameError::TooDeep { depth, limit: MOST_DEPTH }),
        }
    }

    /// Checks that the expression is a condition.
    pub(crate) fn expect_condition(&self, schema: &Schema) -> Result<(), FrameError> {
        expect_bool("filter", self, schema)
    }
}

fn expect_bool(operation: &'static str, expr: &Expr, schema: &Schema) -> Result<(), FrameError> {
    match expr.dtype(schema)? {
        DataType::Bool => Ok(()),
        got => Err(FrameError::WrongType { operation, expr: expr.to_string(), got, expected: "Bool" }),
    }
}

fn binary(op: Binary, left: &Expr, right: &Expr, schema: &Schema) -> Result<DataType, FrameError> {
    let operation = op.symbol();
    let (a, b) = settled(left, right, schema)?;
    match op {
        Binary::And | Binary::Or => {
            expect_bool(operation, left, schema)?;
            expect_bool(operation, right, schema)?;
            Ok(DataType::Bool)
        }
        Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual
            if a.categories().is_some() || b.categories().is_some() =>
        {
            ordered(operation, (left, a), (right, b))?;
            Ok(DataType::Bool)
        }
        Binary::Equal
        | Binary::NotEqual
        | Binary::Less
        | Binary::LessEqual
        | Binary::Greater
        | Binary::GreaterEqual => match common(&a, &b) {
            Some(both) => both.expect_key(operation, left).map(|()| DataType::Bool),
            None => Err(mismatch(operation, left, a, right, b)),
        },
        Binary::Add if a == DataType::Utf8 && b == DataType::Utf8 => Ok(DataType::Utf8),
        _ if super::time_arith::dtype(op, &a, &b).is_some() => {
            Ok(super::time_arith::dtype(op, &a, &b).unwrap_or(a))
        }
        _ => {
            for (expr, got) in [(left, a.clone()), (right, b.clone())] {
                if !got.is_numeric() {
                    let expected = "a number";
                    return Err(FrameError::WrongType { operation, expr: expr.to_string(), got, expected });
                }
            }
            let ints = a.is_integer() && b.is_integer();
            // As in numpy, integers are not raised to a power of which only the run knows that it is negative.
            let negative = matches!(right.node(), Node::Literal(Scalar::Int64(n)) if *n < 0);
            match op {
                Binary::Power if ints && negative => Err(FrameError::BadArgument {
                    operation: "pow",
                    problem: format!("`{left}` is {a} and the power negative; cast it to Float64"),
                }),
                _ => Ok(arithmetic(op, &a, &b)),
            }
        }
    }
}

/// Checks that categories can be ordered: both sides have the same of a meaningful order, or one side is one of them.
fn ordered(
    operation: &'static str,
    (left, a): (&Expr, DataType),
    (right, b): (&Expr, DataType),
) -> Result<(), FrameError> {
    for (expr, got) in [(left, &a), (right, &b)] {
        if !got.has_order() {
            let expected =
                "a type with an order: `cat().as_ordered` gives one, a cast to Utf8 compares letters";
            return Err(FrameError::WrongType {
                operation,
                expr: expr.to_string(),
                got: got.clone(),
                expected,
            });
        }
    }
    for (categories, expr, got) in [(a.categories(), right, &b), (b.categories(), left, &a)] {
        match (categories, expr.node(), got) {
            (Some(categories), Node::Literal(Scalar::Utf8(text)), _) => among(categories, operation, text)?,
            (None, ..) | (_, Node::Literal(Scalar::Null(DataType::Utf8)), _) => {}
            (Some(_), ..) if a == b => {}
            (Some(_), ..) => return Err(mismatch(operation, left, a.clone(), right, b.clone())),
        }
    }
    Ok(())
}

/// Checks that a text is one of the categories.
fn among(categories: &Categories, operation: &'static str, text: &str) -> Result<(), FrameError> {
    match categories.place(text) {
        Some(_) => Ok(()),
        None => {
            let problem = format!(
                "{text:?} is none of the categories {categories}; add it with `cat().add_categories`"
            );
            Err(FrameError::BadArgument { operation, problem })
        }
    }
}

fn unary(op: Unary, of: &Expr, schema: &Schema) -> Result<DataType, FrameError> {
    let got = of.dtype(schema)?;
    let (fits, output, expected) = match op {
        Unary::IsNull => (true, DataType::Bool, ""),
        Unary::Not => (got == DataType::Bool, DataType::Bool, "Bool"),
        Unary::Negative | Unary::Absolute => {
            (got.is_numeric() || got == DataType::Duration, got.clone(), "a number or Duration")
        }
    };
    match fits {
        true => Ok(output),
        false => Err(FrameError::WrongType { operation: op.word(), expr: of.to_string(), got, expected }),
    }
}

fn same(operation: &'static str, left: &Expr, right: &Expr, schema: &Schema) -> Result<DataType, FrameError> {
    let (a, b) = settled(left, right, schema)?;
    common(&a, &b).ok_or_else(|| mismatch(operation, left, a, right, b))
}

/// Returns the types of two expressions that meet: where one is a bare number, it has the type of the other if it fits.
fn settled(left: &Expr, right: &Expr, schema: &Schema) -> Result<(DataType, DataType), FrameError> {
    let (a, b) = (left.dtype(schema)?, right.dtype(schema)?);
    let settled = |expr: &Expr, own: &DataType, other: &DataType| match expr.node() {
        Node::Literal(value) => settle(value, other).dtype(),
        _ => own.clone(),
    };
    Ok((settled(left, &a, &b), settled(right, &b, &a)))
}

/// Gives a bare number the type `other` that it meets, if that is a narrower one and it fits, as Python's numbers have
/// no type of their own in numpy.
pub(crate) fn settle(value: &Scalar, other: &DataType) -> Scalar {
    let narrow = match (value, other) {
        (Scalar::Int64(x), DataType::Float32) => Some(Scalar::Float32(*x as f32)),
        (Scalar::Float64(x), DataType::Float32) => {
            let rounded = *x as f32;
            (rounded.is_finite() || !x.is_finite()).then_some(Scalar::Float32(rounded))
        }
        (Scalar::Int64(x), _) => {
            number_of!(other, T => num_traits::cast::<i64, T>(*x).map(Stored::scalar), None)
        }
        (Scalar::Null(DataType::Int64), _) if other.is_numeric() => Some(Scalar::Null(other.clone())),
        (Scalar::Null(DataType::Float64), DataType::Float32) => Some(Scalar::Null(other.clone())),
        _ => None,
    };
    narrow.unwrap_or_else(|| value.clone())
}

/// Returns the type of what an operator makes of numbers of two types.
pub(super) fn arithmetic(op: Binary, a: &DataType, b: &DataType) -> DataType {
    match (op, promoted(a, b)) {
        (Binary::Divide, both) if both.is_integer() => DataType::Float64,
        (_, both) => both,
    }
}

/// Returns the type that numbers of two types are mixed in, as numpy has it: the narrowest that holds those of both,
/// where 64-bit floats are taken to hold all.
fn promoted(a: &DataType, b: &DataType) -> DataType {
    use DataType::{Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64};
    let width = |dtype: &DataType| match dtype {
        Int8 | UInt8 => 0,
        Int16 | UInt16 => 1,
        Int32 | UInt32 => 2,
        _ => 3,
    };
    match (a, b) {
        _ if a == b => a.clone(),
        (Float64, _) | (_, Float64) => Float64,
        (Float32, other) | (other, Float32) => {
            if width(other) < 2 {
                Float32
            } else {
                Float64
            }
        }
        _ if a.is_unsigned() == b.is_unsigned() => {
            if width(a) < width(b) {
                b.clone()
            } else {
                a.clone()
            }
        }
        _ => {
            let (signed, unsigned) = if a.is_unsigned() { (b, a) } else { (a, b) };
            match width(signed).max(width(unsigned) + 1) {
                1 => Int16,
                2 => Int32,
                3 if *unsigned != UInt64 => Int64,
                _ => Float64,
            }
        }
    }
}

/// Returns the type in which values of two types are compared or mixed, if there is one.
pub(crate) fn common(a: &DataType, b: &DataType) -> Option<DataType> {
    match (a, b) {
        _ if a == b => Some(a.clone()),
        _ if a.is_numeric() && b.is_numeric() => Some(promoted(a, b)),
        (DataType::Categorical(x), DataType::Categorical(y)) if x.same_texts(y) => Some(a.clone()),
        (DataType::Categorical(x), DataType::Categorical(y)) if !(x.is_known() && y.is_known()) => {
            Some(DataType::CATEGORICAL)
        }
        _ if a.is_text() && b.is_text() => Some(DataType::Utf8),
        (DataType::Zoned(_), DataType::Zoned(_)) => Some(a.clone()),
        (DataType::Date, DataType::Timestamp) | (DataType::Timestamp, DataType::Date) => {
            Some(DataType::Timestamp)
        }
        _ => None,
    }
}

/// As [`common`], but integers stay such: there are some that no type holds together, and floats would make one of two
/// that differ. `Int64` then is the type for those that fit it.
pub(crate) fn common_exact(a: &DataType, b: &DataType) -> Option<DataType> {
    match common(a, b) {
        Some(both) if a.is_integer() && b.is_integer() && !both.is_integer() => Some(DataType::Int64),
        both => both,
    }
}

fn mismatch(operation: &'static str, left: &Expr, a: DataType, right: &Expr, b: DataType) -> FrameError {
    let (left, right) = (left.to_string(), right.to_string());
    FrameError::TypeMismatch { operation, left, left_dtype: a, right, right_dtype: b }
}

fn can_cast(from: &DataType, to: &DataType) -> bool {
    use DataType::{Bool, Categorical, Date, Int64, Timestamp, Utf8};
    let number = |dtype: &DataType| dtype.is_numeric() || *dtype == Bool;
    match (from, to) {
        _ if from == to => true,
        (DataType::List(_), _) | (_, DataType::List(_)) => false,
        _ if number(from) && number(to) => true,
        (_, Utf8) | (Utf8, _) => true,
        (Categorical(_), Categorical(_)) => true,
        (_, Categorical(_)) | (Categorical(_), _) => false,
        (Timestamp, Date) | (Date, Timestamp) | (DataType::Zoned(_), DataType::Zoned(_)) => true,
        (ints, ticks) if ints.is_integer() => super::cast::is_ticks(ticks),
        (ticks, Int64) => super::cast::is_ticks(ticks),
        _ => false,
    }
}
