//! Parts of expressions that read no column, computed when the plan is made.

use std::convert::Infallible;

use super::{Expr, Node};
use crate::column::Scalar;
use crate::schema::Schema;
use crate::table::Table;

impl Expr {
    /// Returns whether something is computed, rather than read or given.
    pub(crate) fn is_computed(&self) -> bool {
        !matches!(self.node(), Node::Column(_) | Node::Literal(_)) && !self.is_number_of_own_type()
    }

    /// Returns a bare number of the usual types as one that does not take the type of what it meets.
    pub(super) fn of_own_type(self) -> Expr {
        match self.node() {
            Node::Literal(value @ (Scalar::Int64(_) | Scalar::Float64(_))) => {
                let dtype = value.dtype();
                Expr::over(Node::Cast(self.clone().unaliased(), dtype)).aliased_as(&self)
            }
            _ => self,
        }
    }

    fn is_number_of_own_type(&self) -> bool {
        matches!(self.node(), Node::Cast(of, to) if matches!(of.node(), Node::Literal(value) if value.dtype() == *to))
    }

    /// Returns the expression with its constant parts computed, if there are any.
    ///
    /// What fails stays as it is, and fails when the frame is computed.
    pub(crate) fn folded(&self) -> Option<Expr> {
        self.has_constant_part().then(|| self.fold())
    }

    fn is_constant(&self) -> bool {
        let mut literals = self.is_computed();
        self.for_each_child(&mut |child| {
            literals &= matches!(child.node(), Node::Literal(_)) || child.is_number_of_own_type();
        });
        literals
    }

    fn has_constant_part(&self) -> bool {
        let mut any = self.is_constant();
        self.for_each_child(&mut |child| any = any || child.has_constant_part());
        any
    }

    fn fold(&self) -> Expr {
        // Where a number meets another, what was computed keeps its type.
        let mixes = match self.node() {
            Node::Binary(op, ..) => op.is_arithmetic(),
            Node::FillNull(..) | Node::When { .. } => true,
            _ => false,
        };
        let fold = |child: &Expr| match child.fold() {
            folded if mixes && child.is_computed() => folded.of_own_type(),
            folded => folded,
        };
        let Ok(folded) = self.try_map_children(&mut |child| Ok::<_, Infallible>(fold(child)));
        if !folded.is_constant() {
            return folded;
        }
        let row = Schema::new([]).and_then(|schema| Table::with_rows(schema, Vec::new(), 1));
        match row.map_err(Into::into).and_then(|row| folded.eval(&row)) {
            Ok(column) if column.get(0).dtype() == column.dtype() => {
                Expr::leaf(Node::Literal(column.get(0))).aliased_as(self)
            }
            _ => folded,
        }
    }
}
