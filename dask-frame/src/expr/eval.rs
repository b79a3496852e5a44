//! Evaluation of an expression for one partition, a column at a time.

use super::{Binary, Expr, Node, Unary, arith, cast, common, compare, settle, time_arith};
use crate::column::{Categories, Column, Mask, NumberArray, Scalar, Stored, View, each_number};
use crate::error::EvalError;
use crate::schema::DataType;
use crate::table::Table;

/// What a part of an expression comes to: constants stay one value until they have to be a column.
#[derive(Clone)]
pub(super) enum Eval {
    Column(Column),
    Constant(Scalar),
}

impl Expr {
    /// Computes the expression for the rows of `table`, whose schema it was written for.
    ///
    /// # Errors
    ///
    /// `Overflow`, `DivisionByZero`, `NegativePower` or `Cast`, naming the part of the expression.
    pub(crate) fn eval(&self, table: &Table) -> Result<Column, EvalError> {
        Ok(self.part(table)?.into_column(table.n_rows()))
    }

    /// Computes which rows of `table` the condition holds for; where it is missing, it does not.
    pub(crate) fn eval_filter(&self, table: &Table) -> Result<Mask, EvalError> {
        let column = self.eval(table)?;
        Ok(column.to_filter().expect("a condition was checked to be Bool when it was written"))
    }

    /// Returns the rows of a table that fulfil the condition.
    ///
    /// # Panics
    ///
    /// As [`eval_filter`](Expr::eval_filter).
    pub(crate) fn filter(&self, table: &Table) -> Result<Table, EvalError> {
        Ok(table.filter(&self.eval_filter(table)?))
    }

    fn part(&self, table: &Table) -> Result<Eval, EvalError> {
        let n_rows = table.n_rows();
        Ok(match self.node() {
            Node::Column(name) => Eval::Column(table.column(name)?.clone()),
            Node::Literal(value) => Eval::Constant(value.clone()),
            Node::Binary(op, left, right) => {
                let (left, right) = settled(left, right, table)?;
                if let (Eval::Constant(_), Eval::Constant(_)) = (&left, &right) {
                    let one = self.binary_columns(*op, &left, &right, 1)?;
                    return Ok(Eval::Constant(one.get(0)));
                }
                Eval::Column(self.binary_columns(*op, &left, &right, n_rows)?)
            }
            Node::Unary(op, of) => Eval::Column(self.unary_column(*op, &of.eval(table)?)?),
            Node::FillNull(of, with) => {
                let (of, with) = settled(of, with, table)?;
                self.filled(of, with, n_rows)?
            }
            // A number of a type of its own.
            Node::Cast(of, to) if matches!(of.node(), Node::Literal(value) if value.dtype() == *to) => {
                of.part(table)?
            }
            Node::Cast(of, to) => Eval::Column(cast::cast(&of.eval(table)?, to, &|| self.to_string())?),
            Node::IsIn(of, values) => Eval::Column(is_in(&of.eval(table)?, values)),
            Node::Function(function, args) => {
                let args = args.iter().map(|arg| arg.part(table)).collect::<Result<Vec<_>, _>>()?;
                let constant = args.iter().all(|arg| matches!(arg, Eval::Constant(_)));
                let len = if constant { 1 } else { n_rows };
                let column = function.eval(args, len, &|| self.to_string())?;
                match constant.then(|| column.get(0)) {
                    None => Eval::Column(column),
                    Some(value) if value.dtype() == column.dtype() => Eval::Constant(value),
                    // A value does not know its categories.
                    Some(_) => Eval::Column(column.take(&vec![0; n_rows])),
                }
            }
            Node::When { condition, then, otherwise } => {
                let condition = condition.eval_filter(table)?;
                match otherwise {
                    None => Eval::Column(then.eval(table)?.masked(&condition)),
                    Some(otherwise) => {
                        let (then, otherwise) = settled(then, otherwise, table)?;
                        let (then, otherwise) = unify(then, otherwise);
                        let (then, otherwise) = (then.into_column(n_rows), otherwise.into_column(n_rows));
                        Eval::Column(choose(&condition, &then, &otherwise))
                    }
                }
            }
        })
    }

    /// Puts values in the place of missing ones. Texts in the place of known categories are to be among these.
    fn filled(&self, of: Eval, with: Eval, n_rows: usize) -> Result<Eval, EvalError> {
        let dtype = of.dtype();
        let is_known = dtype.categories().is_some_and(Categories::is_known);
        let (of, with) = match is_known && with.dtype() == DataType::Utf8 {
            true => {
                let with = cast::cast(&with.into_column(n_rows), &dtype, &|| self.to_string())?;
                (of, Eval::Column(with))
            }
            false => unify(of, with),
        };
        let of = of.into_column(n_rows);
        Ok(Eval::Column(match of.validity() {
            None => of,
            Some(valid) => choose(&valid, &of, &with.into_column(n_rows)),
        }))
    }

    fn binary_columns(&self, op: Binary, left: &Eval, right: &Eval, len: usize) -> Result<Column, EvalError> {
        if let Some(done) = time_arith::binary(op, left, right, len) {
            return done.map_err(|fault| fault.of(self));
        }
        match op {
            Binary::And | Binary::Or => Ok(logic(op, left, right, len)),
            Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::FloorDivide => {
                arith::binary(op, left, right, len).map_err(|fault| fault.of(self))
            }
            Binary::Remainder | Binary::Power => {
                arith::binary(op, left, right, len).map_err(|fault| fault.of(self))
            }
            _ => Ok(compare::compare(op, left, right, len)),
        }
    }

    fn unary_column(&self, op: Unary, of: &Column) -> Result<Column, EvalError> {
        match (op, of.view()) {
            (Unary::IsNull, _) => {
                let valid = of.validity().unwrap_or_else(|| Mask::all(of.len(), true));
                Ok(Column::from_mask(valid.not(), None))
            }
            (Unary::Not, View::Bool(values)) => Ok(Column::from_mask(values.to_mask().not(), of.validity())),
            _ => time_arith::unary(op, of)
                .unwrap_or_else(|| arith::unary(op, of))
                .map_err(|fault| fault.of(self)),
        }
    }
}

impl Eval {
    pub(super) fn into_column(self, len: usize) -> Column {
        match self {
            Eval::Column(column) => column,
            Eval::Constant(value) => Column::repeat(&value, len),
        }
    }

    pub(super) fn dtype(&self) -> DataType {
        match self {
            Eval::Column(column) => column.dtype(),
            Eval::Constant(value) => value.dtype(),
        }
    }

    /// Returns which rows have a value; `None` if all do.
    pub(super) fn validity(&self, len: usize) -> Option<Mask> {
        match self {
            Eval::Column(column) => column.validity(),
            Eval::Constant(value) => value.is_null().then(|| Mask::all(len, false)),
        }
    }

    /// Converts to a type that can hold every value.
    pub(super) fn into_type(self, dtype: DataType) -> Self {
        let convert = |column: &Column| {
            cast::cast(column, &dtype, &String::new)
                .expect("a type that is common to two holds all their values")
        };
        match self {
            Eval::Column(column) => Eval::Column(convert(&column)),
            Eval::Constant(value) => Eval::Constant(convert(&Column::repeat(&value, 1)).get(0)),
        }
    }

    pub(super) fn into_floats(self) -> Self {
        match self {
            Eval::Column(column) => Eval::Column(cast::to_floats(&column)),
            Eval::Constant(value) => Eval::Constant(match value.wide() {
                Scalar::Int64(x) => Scalar::Float64(x as f64),
                Scalar::UInt64(x) => Scalar::Float64(x as f64),
                Scalar::Null(_) => Scalar::Null(DataType::Float64),
                value => value,
            }),
        }
    }

    /// Gives numbers one of the types that are computed in.
    pub(super) fn into_wide(self) -> Self {
        match self {
            Eval::Column(column) => Eval::Column(column.wide().into_owned()),
            Eval::Constant(value) => Eval::Constant(value.wide()),
        }
    }
}

/// Evaluates two parts that meet: where one is a bare number, it has the type of the other if it fits.
fn settled(left: &Expr, right: &Expr, table: &Table) -> Result<(Eval, Eval), EvalError> {
    let (a, b) = (left.part(table)?, right.part(table)?);
    let settled = |expr: &Expr, own: &Eval, other: &Eval| match expr.node() {
        Node::Literal(value) => Eval::Constant(settle(value, &other.dtype())),
        _ => own.clone(),
    };
    Ok((settled(left, &a, &b), settled(right, &b, &a)))
}

/// Brings numbers to the type that they are mixed in, dates and timestamps to timestamps, categories and texts to
/// texts; other sides have one type already.
pub(super) fn unify(a: Eval, b: Eval) -> (Eval, Eval) {
    match common(&a.dtype(), &b.dtype()) {
        _ if a.dtype() == b.dtype() => (a, b),
        Some(DataType::Float64) => (a.into_floats(), b.into_floats()),
        Some(
            dtype @ (DataType::Timestamp | DataType::Zoned(_) | DataType::Utf8 | DataType::Categorical(_)),
        ) => (a.into_type(dtype.clone()), b.into_type(dtype)),
        Some(number) if number.is_numeric() => (a.into_type(number.clone()), b.into_type(number)),
        _ => (a, b),
    }
}

/// Takes the rows of `a` where the bit is set, of `b` elsewhere. Both have one type.
fn choose(take_a: &Mask, a: &Column, b: &Column) -> Column {
    let validity = match (a.validity(), b.validity()) {
        (None, None) => None,
        (a_valid, b_valid) => {
            let all = || Mask::all(take_a.len(), true);
            let (a_valid, b_valid) = (a_valid.unwrap_or_else(all), b_valid.unwrap_or_else(all));
            Some(take_a.and(&a_valid).or(&take_a.not().and(&b_valid)))
        }
    };
    let pick = |a: &[i64], b: &[i64]| (0..a.len()).map(|i| if take_a.get(i) { a[i] } else { b[i] }).collect();
    if a.categories().is_some() || a.as_lists().is_some() {
        let rows =
            (0..a.len()).map(|i| if take_a.get(i) { i } else { a.len() + i } as u32).collect::<Vec<_>>();
        return Column::concat(&[a, b]).take(&rows);
    }
    match (a.view(), b.view()) {
        (View::Int64(a), View::Int64(b)) => Column::from_i64s(pick(a, b), validity),
        (View::Ticks(a, dtype), View::Ticks(b, _)) => Column::from_ticks(dtype.clone(), pick(a, b), validity),
        (View::Float64(a), View::Float64(b)) => {
            let values = (0..a.len()).map(|i| if take_a.get(i) { a[i] } else { b[i] }).collect();
            Column::from_f64s(values, validity)
        }
        (View::Numbers(numbers), _) => each_number!(numbers, a => chosen(take_a, a, b, validity)),
        (View::Bool(a), View::Bool(b)) => {
            let (a, b) = (a.to_mask(), b.to_mask());
            Column::from_mask(take_a.and(&a).or(&take_a.not().and(&b)), validity)
        }
        (View::Utf8(a), View::Utf8(b)) => {
            let valid = |i| validity.as_ref().is_none_or(|valid| valid.get(i));
            let text = |i| if take_a.get(i) { a.get(i) } else { b.get(i) };
            (0..take_a.len()).map(|i| valid(i).then(|| text(i))).collect()
        }
        _ => unreachable!("the sides of a choice were given one type when it was written"),
    }
}

fn chosen<T: Stored>(take_a: &Mask, a: &NumberArray<T>, b: &Column, validity: Option<Mask>) -> Column {
    let Some(b) = T::array(b) else {
        unreachable!("the sides of a choice were given one type when it was written")
    };
    let (a, b) = (a.values(), b.values());
    let values = (0..a.len()).map(|i| if take_a.get(i) { a[i] } else { b[i] }).collect();
    Column::from_numbers(values, validity)
}

/// Three-valued logic: what one side decides alone does not depend on whether the other is missing.
fn logic(op: Binary, left: &Eval, right: &Eval, len: usize) -> Column {
    // For each side, where it is certainly true and where it is certainly false.
    let certain = |side: &Eval| {
        let column = side.clone().into_column(len);
        let yes = column.to_filter().expect("the sides of and/or were checked to be Bool");
        let valid = column.validity().unwrap_or_else(|| Mask::all(len, true));
        let no = valid.and(&yes.not());
        (yes, no)
    };
    let ((a_yes, a_no), (b_yes, b_no)) = (certain(left), certain(right));
    let (yes, no) = match op {
        Binary::And => (a_yes.and(&b_yes), a_no.or(&b_no)),
        _ => (a_yes.or(&b_yes), a_no.and(&b_no)),
    };
    let known = yes.or(&no);
    let validity = (known.count() < len).then_some(known);
    Column::from_mask(yes, validity)
}

fn is_in(of: &Column, values: &[Scalar]) -> Column {
    let null_listed = values.iter().any(Scalar::is_null);
    let found = match of.view() {
        View::Utf8(texts) => {
            let listed = values.iter().filter_map(|value| match value {
                Scalar::Utf8(text) => Some(&**text),
                _ => None,
            });
            let listed = listed.collect::<std::collections::HashSet<_>>();
            Mask::from_fn(of.len(), |i| listed.contains(texts.get(i)))
        }
        _ => {
            let column = Eval::Column(of.clone());
            let one = |value: &Scalar| {
                let value = Eval::Constant(settle(value, &of.dtype()));
                compare::compare(Binary::Equal, &column, &value, of.len()).to_filter()
            };
            let found = values.iter().filter(|value| !value.is_null()).filter_map(one);
            found.reduce(|a, b| a.or(&b)).unwrap_or_else(|| Mask::all(of.len(), false))
        }
    };
    match of.validity() {
        None => Column::from_mask(found, None),
        Some(valid) if null_listed => Column::from_mask(found.and(&valid).or(&valid.not()), None),
        Some(valid) => Column::from_mask(found.and(&valid), None),
    }
}
