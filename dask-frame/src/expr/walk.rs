//! Walks over expressions, for the planner.

use std::sync::Arc;

use super::{Expr, Node};

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

    /// Returns the expression with each column replaced by `f` of its name.
    pub(crate) fn map_columns(&self, f: &dyn Fn(&str) -> Expr) -> Expr {
        let of = |child: &Expr| child.map_columns(f);
        let mapped = match self.node() {
            Node::Column(name) => f(name).unaliased(),
            Node::Literal(_) => self.clone(),
            Node::Binary(op, a, b) => Expr::over(Node::Binary(*op, of(a), of(b))),
            Node::Unary(op, a) => Expr::over(Node::Unary(*op, of(a))),
            Node::FillNull(a, b) => Expr::over(Node::FillNull(of(a), of(b))),
            Node::Cast(a, to) => Expr::over(Node::Cast(of(a), *to)),
            Node::IsIn(a, values) => Expr::over(Node::IsIn(of(a), values.clone())),
            Node::Function(function, args) => {
                Expr::over(Node::Function(function.clone(), args.iter().map(of).collect()))
            }
            Node::When { condition, then, otherwise } => Expr::over(Node::When {
                condition: of(condition),
                then: of(then),
                otherwise: otherwise.as_ref().map(of),
            }),
        };
        Expr { alias: self.alias.clone(), ..mapped }
    }
}
