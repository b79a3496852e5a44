//! Window functions as operations of a plan.
//!
//! An expression may hold window functions anywhere; a plan computes them in nodes of their own, so that no filter
//! is moved below one and each is computed once. [`taken_out`] does the separation: of `x - x.shift(1)` it makes a
//! node that adds the column `shift(x; 1)`, and the expression `x - col("shift(x; 1)")` over it.

use std::collections::HashMap;
use std::sync::Arc;

use dask_graph::{LayerInfo, Packer, Refused, Token, Tokenizer, UnpackError, Unpacker};
use serde::{Deserialize, Serialize};

use super::Plan;
use super::node::{MapSpec, PlanNode, PlanOp};
use super::ops::{EachGroupOp, GroupWindowOp, Results};
use crate::error::FrameError;
use crate::expr::{Expr, WindowFunction, col};
use crate::kernel::window::{Carry, Reach, carry, state_dtypes};
use crate::schema::{DataType, Field, Schema};

/// Window functions of some columns, each added as a column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WindowSpec {
    pub(crate) columns: Vec<WindowColumn>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WindowColumn {
    pub(crate) name: Arc<str>,
    pub(crate) function: WindowFunction,
    pub(crate) args: Vec<Arc<str>>,
}

impl WindowColumn {
    pub(crate) fn carry(&self) -> Option<Carry> {
        carry(&self.function)
    }

    pub(crate) fn is_rank(&self) -> bool {
        matches!(self.function, WindowFunction::Rank { .. })
    }

    fn dtype(&self, schema: &Schema) -> Result<DataType, FrameError> {
        let args = self.args.iter().map(|name| col(Arc::clone(name))).collect::<Vec<_>>();
        let dtypes = args.iter().map(|arg| arg.dtype(schema)).collect::<Result<Vec<_>, _>>()?;
        self.function.dtype(&args, &dtypes)
    }
}

impl WindowSpec {
    /// Returns the columns of the result.
    pub(super) fn schema(&self, input: &Schema) -> Result<Schema, FrameError> {
        let field = |column: &WindowColumn| Ok(Field::new(Arc::clone(&column.name), column.dtype(input)?));
        let new = self.columns.iter().map(field).collect::<Result<Vec<_>, FrameError>>()?;
        Schema::new(input.fields().iter().cloned().chain(new))
    }

    /// Returns the spec with some of the columns.
    pub(super) fn with_columns(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self { columns: self.columns.iter().filter(|column| keep(&column.name)).cloned().collect() }
    }

    /// Returns the columns that the functions of some of the columns take.
    pub(super) fn read_by<'a>(
        &'a self,
        wanted: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Arc<str>> {
        self.columns.iter().filter(move |column| wanted(&column.name)).flat_map(|column| &column.args)
    }

    /// Returns the columns of the rows that are handed from partition to partition.
    pub(super) fn edge_schema(&self, input: &Schema) -> Schema {
        let reaching = self.columns.iter().filter(|column| column.carry().is_none());
        let names = reaching.flat_map(|column| &column.args).collect::<Vec<_>>();
        let fields = input.fields().iter().filter(|field| names.iter().any(|name| ***name == *field.name()));
        Schema::new(fields.cloned()).expect("the columns of a schema have different names")
    }

    /// Returns how many rows the partitions behind (or before) reach, and how far by which columns of times.
    pub(super) fn reach(&self, last: bool) -> (usize, Vec<(Arc<str>, i64)>) {
        let reaches = || self.columns.iter().map(|column| (Reach::of(&column.function), column.args.last()));
        let n = reaches().map(|(reach, _)| if last { reach.before } else { reach.after }).max().unwrap_or(0);
        let times = reaches().filter_map(|(reach, by)| {
            let micros = if last { reach.micros_before } else { reach.micros_after };
            Some((Arc::clone(by?), micros?))
        });
        (n, times.collect())
    }

    /// Returns the columns of what is carried in one direction.
    pub(super) fn state_schema(&self, direction: Carry, input: &Schema, output: &Schema) -> Schema {
        let carried = self.columns.iter().enumerate().filter(|(_, column)| column.carry() == Some(direction));
        let fields = carried.flat_map(|(at, column)| {
            let (from, to) = column.dtypes(input, output);
            let dtypes = state_dtypes(&column.function, &from, &to).into_iter().enumerate();
            dtypes.map(move |(part, dtype)| Field::new(format!("state {at}.{part}"), dtype))
        });
        Schema::new(fields).expect("numbered names differ")
    }

    /// Packs the functions of the user, which travel apart from the data.
    pub(super) fn pack_closures(&self, to: &mut Packer) -> Result<(), Refused> {
        self.columns.iter().filter_map(|column| column.function.closure()).try_for_each(|one| to.op(one.op()))
    }

    /// Puts the functions of the user back in.
    pub(super) fn unpack_closures(&mut self, from: &mut Unpacker<'_>) -> Result<(), UnpackError> {
        for closure in self.columns.iter_mut().filter_map(|column| column.function.closure_mut()) {
            closure.fill(from.op()?);
        }
        Ok(())
    }

    pub(super) fn token(&self) -> Token {
        let columns = self.columns.iter();
        columns
            .fold(Tokenizer::new("window"), |tokenizer, column| {
                let function = format!("{:?}", column.function);
                tokenizer.feed(&*column.name).feed(&function).feed(&column.args)
            })
            .finish()
    }
}

impl WindowColumn {
    /// Returns the types of what the function takes and gives.
    pub(super) fn dtypes(&self, input: &Schema, output: &Schema) -> (DataType, DataType) {
        let of = |schema: &Schema, name: &str| {
            schema.field(name).map(Field::dtype).expect("the columns were there when the plan was made")
        };
        (of(input, &self.args[0]), of(output, &self.name))
    }
}

/// Takes the window functions out of expressions over a plan: returns the plan with a column for each, and the
/// expressions over it. What has none stays what it is.
pub(crate) fn taken_out(
    plan: Plan,
    exprs: Vec<Expr>,
    info: &LayerInfo,
) -> Result<(Plan, Vec<Expr>), FrameError> {
    taken_out_as(plan, exprs, info, |spec, _| Ok(PlanOp::Window(Arc::new(spec))))
}

/// [`taken_out`], with windows that end where groups do: over a plan that has the rows of equal keys in one partition.
pub(crate) fn taken_out_of_groups(
    plan: Plan,
    exprs: Vec<Expr>,
    keys: &[Arc<str>],
    info: &LayerInfo,
) -> Result<(Plan, Vec<Expr>), FrameError> {
    taken_out_as(plan, exprs, info, |spec, seen| {
        let output = spec.schema(seen)?;
        let function = GroupWindowOp { spec: Arc::new(spec), output: output.clone() };
        let function = EachGroupOp {
            functions: vec![Arc::new(function)],
            given: vec![output.clone()],
            keys: keys.to_vec(),
            seen: seen.clone(),
            results: Results::Alone,
            output: output.clone(),
        };
        Ok(PlanOp::Map(Arc::new(MapSpec::of_partitions(Arc::new(function), output))))
    })
}

fn taken_out_as(
    mut plan: Plan,
    mut exprs: Vec<Expr>,
    info: &LayerInfo,
    op: impl Fn(WindowSpec, &Schema) -> Result<PlanOp, FrameError>,
) -> Result<(Plan, Vec<Expr>), FrameError> {
    while exprs.iter().any(Expr::has_window) {
        let mut out = Out {
            schema: plan.schema().clone(),
            taken: HashMap::new(),
            args: Vec::new(),
            columns: Vec::new(),
        };
        exprs = exprs.iter().map(|expr| out.innermost(expr)).collect::<Result<_, _>>()?;
        let Out { args, columns, .. } = out;
        if !args.is_empty() {
            let kept = plan.schema().fields().iter().map(|field| field.shared_name());
            let kept = kept.map(|name| (Arc::clone(&name), col(name)));
            let all = kept.chain(args).collect();
            plan = PlanNode::new(PlanOp::Project(all), vec![plan], info.clone())?;
        }
        let op = op(WindowSpec { columns }, plan.schema())?;
        plan = PlanNode::new(op, vec![plan], info.clone())?;
    }
    Ok((plan, exprs))
}

/// Window functions on their way out of expressions.
struct Out {
    schema: Schema,
    /// The columns that stand for expressions that were taken out.
    taken: HashMap<Token, Arc<str>>,
    args: Vec<(Arc<str>, Expr)>,
    columns: Vec<WindowColumn>,
}

impl Out {
    /// Returns the expression with a column for each window function in which there is no other.
    fn innermost(&mut self, expr: &Expr) -> Result<Expr, FrameError> {
        let Some((function, args)) = expr.as_window().filter(|(_, args)| !args.iter().any(Expr::has_window))
        else {
            return expr.try_map_children(&mut |child| self.innermost(child));
        };
        expr.dtype(&self.schema)?;
        let token = Tokenizer::new("window").feed(&expr.clone().unaliased()).finish();
        if let Some(name) = self.taken.get(&token) {
            return Ok(col(Arc::clone(name)).aliased_as(expr));
        }
        let args = args.iter().map(|arg| self.column(arg)).collect();
        let name = self.unused(expr);
        self.columns.push(WindowColumn { name: Arc::clone(&name), function: function.clone(), args });
        self.taken.insert(token, Arc::clone(&name));
        Ok(col(name).aliased_as(expr))
    }

    /// Returns the name of a column that holds an expression.
    fn column(&mut self, arg: &Expr) -> Arc<str> {
        if let Some(name) = arg.as_column() {
            return Arc::clone(name);
        }
        let token = Tokenizer::new("argument").feed(&arg.clone().unaliased()).finish();
        if let Some(name) = self.taken.get(&token) {
            return Arc::clone(name);
        }
        let name = self.unused(arg);
        self.args.push((Arc::clone(&name), arg.clone().unaliased()));
        self.taken.insert(token, Arc::clone(&name));
        name
    }

    /// Returns a name like the expression that no column has.
    fn unused(&self, expr: &Expr) -> Arc<str> {
        let text = expr.clone().unaliased().to_string();
        let is_used = |name: &str| {
            self.schema.position(name).is_some() || self.taken.values().any(|taken| **taken == *name)
        };
        let numbered = (2..).map(|n| format!("{text} {n}"));
        let name = std::iter::once(text.clone()).chain(numbered).find(|name| !is_used(name));
        name.expect("there is always another number").into()
    }
}
