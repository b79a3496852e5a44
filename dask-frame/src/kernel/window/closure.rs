//! Functions of the user, called for windows and columns.

use std::ops::Range;

use dask_graph::{Args, OpError, Value};

use crate::column::Column;
use crate::error::EvalError;
use crate::expr::{Closure, to_floats};
use crate::schema::DataType;

fn failed(name: &str) -> impl Fn(OpError) -> EvalError + use<> {
    let expr = name.to_owned();
    move |source| EvalError::Function { expr: expr.clone(), source: Box::new(source) }
}

/// Calls a function for each window in which there are `least` values.
pub(super) fn applied(
    closure: &Closure,
    least: usize,
    of: &Column,
    ranges: &[Range<usize>],
    name: &str,
) -> Result<Column, EvalError> {
    let floats = to_floats(of);
    let values = floats.f64s().expect("numbers were converted to floats");
    let values = values.map(|x| x.unwrap_or(f64::NAN)).collect::<Vec<_>>();
    let enough =
        |range: &&Range<usize>| values[(*range).clone()].iter().filter(|x| !x.is_nan()).count() >= least;
    let windows = ranges.iter().filter(enough).map(|range| (range.start, range.end)).collect::<Vec<_>>();
    let rows = ranges.iter().map(|range| enough(&range)).collect::<Vec<_>>();
    let mut slots = [Some(Value::new(values)), Some(Value::new(windows))];
    let results = closure.op().call(Args::new(&mut slots)).map_err(failed(name))?;
    let results = results.into_inner::<Vec<f64>>().map_err(|error| failed(name)(OpError::failed(error)))?;
    let mut results = results.into_iter();
    let next = |enough| if enough { results.next().unwrap_or(f64::NAN) } else { f64::NAN };
    Ok(Column::from(rows.into_iter().map(next).collect::<Vec<_>>()))
}

/// Calls a function for a column; the result must have the type that was declared, and a value for each.
pub(super) fn mapped(
    closure: &Closure,
    of: &Column,
    output: DataType,
    name: &str,
) -> Result<Column, EvalError> {
    let mut slots = [Some(Value::new(of.clone()))];
    let result = closure.op().call(Args::new(&mut slots)).map_err(failed(name))?;
    let result = result.into_inner::<Column>().map_err(|error| failed(name)(OpError::failed(error)))?;
    if result.dtype() != output {
        let (got, expected) = (format!("{name}: {}", result.dtype()), format!("{name}: {output}"));
        return Err(EvalError::OtherSchema { got, expected });
    }
    match result.len() == of.len() {
        true => Ok(result),
        false => Err(EvalError::OtherLength { got: result.len(), expected: of.len() }),
    }
}
