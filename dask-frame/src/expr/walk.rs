//! Walks over expressions, for the planner.

use std::convert::Infallible;
use std::sync::Arc;

use super::function::Function;
use super::{Expr, Node, WindowFunction};

impl Node {
    pub(super) fn for_each_child<'a>(&'a self, mut f: impl FnMut(&'a Expr)) {
        match self {
            Node::Column(_) | Node::Literal(_) => {}
            Node::Binary(_, a, b) | Node::FillNull(a, b) => {
                f(a);
                f(b);
            }
            Node::Unary(_, a) | Node::Cast(a, _) | Node::IsIn(a, _) => f(a),
            Node::Function(_, args) => args.iter().for_each(f),
            Node::When { condition, then, otherwise } => {
                f(condition);
                f(then);
                if let Some(otherwise) = otherwise {
                    f(otherwise);
                }
            }
        }
    }
}

impl Expr {
    /// Calls `f` for each column that the expression reads, from left to right, repetitions included.
    pub(crate) fn for_each_column<'a>(&'a self, f: &mut dyn FnMut(&'a Arc<str>)) {
        match self.node() {
            Node::Column(name) => f(name),
            node => node.for_each_child(|child| child.for_each_column(f)),
        }
    }

    /// Calls `f` for each operand.
    pub(crate) fn for_each_child<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        self.node().for_each_child(f);
    }

    /// Returns whether there is a window function in the expression.
    pub(crate) fn has_window(&self) -> bool {
        let mut any = self.as_window().is_some();
        self.node().for_each_child(|child| any = any || child.has_window());
        any
    }

    /// Returns the function and its arguments if the expression is a window function.
    pub(crate) fn as_window(&self) -> Option<(&WindowFunction, &[Expr])> {
        match self.node() {
            Node::Function(Function::Window(function), args) => Some((function, args)),
            _ => None,
        }
    }

    /// Returns the expression with each column replaced by `f` of its name.
    ///
    /// What was of the type of a column stays so: a bare number, which would take the type of what it meets, is given
    /// its own.
    pub(crate) fn map_columns(&self, f: &dyn Fn(&str) -> Expr) -> Expr {
        if let Node::Column(name) = self.node() {
            return f(name).unaliased().of_own_type().aliased_as(self);
        }
        let Ok(mapped) = self.try_map_children(&mut |child| Ok::<_, Infallible>(child.map_columns(f)));
        mapped
    }

    /// Returns the expression with each of its operands replaced by `f` of it.
    pub(crate) fn try_map_children<E>(&self, f: &mut dyn FnMut(&Expr) -> Result<Expr, E>) -> Result<Expr, E> {
        let node = match self.node() {
            Node::Column(_) | Node::Literal(_) => return Ok(self.clone()),
            Node::Binary(op, a, b) => Node::Binary(*op, f(a)?, f(b)?),
            Node::Unary(op, a) => Node::Unary(*op, f(a)?),
            Node::FillNull(a, b) => Node::FillNull(f(a)?, f(b)?),
            Node::Cast(a, to) => Node::Cast(f(a)?, to.clone()),
            Node::IsIn(a, values) => Node::IsIn(f(a)?, values.clone()),
            Node::Function(function, args) => {
                Node::Function(function.clone(), args.iter().map(f).collect::<Result<_, _>>()?)
            }
            Node::When { condition, then, otherwise } => Node::When {
                condition: f(condition)?,
                then: f(then)?,
                otherwise: otherwise.as_ref().map(f).transpose()?,
            },
        };
        Ok(Expr::over(node).aliased_as(self))
    }
}
