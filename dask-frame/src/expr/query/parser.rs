//! The grammar of queries: that of Python's expressions, with `&`, `|` and `~` as loose as `and`, `or` and `not`.
//!
//! ```text
//! or         = and { ("or" | "|") and }
//! and        = not { ("and" | "&") not }
//! not        = ("not" | "~") not | comparison
//! comparison = sum { ("==" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" list }
//! sum        = term { ("+" | "-") term }
//! term       = factor { ("*" | "/" | "//" | "%") factor }
//! factor     = ("-" | "+") factor | atom [ "**" factor ]
//! atom       = number | text | "True" | "False" | name { "." method "(" ")" } | "(" or ")"
//! list       = ("[" | "(") value { "," value } ("]" | ")")
//! ```

use std::sync::Arc;

use super::words::{Placed, Word, problem, words};
use crate::column::Scalar;
use crate::error::FrameError;
use crate::expr::{Binary, Expr, Node, col, lit};
use crate::schema::{DataType, Schema};
use crate::time;

/// How deep parentheses and signs may nest: the parser recurses.
const MOST_DEPTH: usize = 60;

pub(super) struct Parser<'a> {
    text: &'a str,
    schema: &'a Schema,
    words: Vec<Placed>,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, schema: &'a Schema) -> Result<Self, FrameError> {
        Ok(Self { text, schema, words: words(text)?, at: 0, depth: 0 })
    }

    /// Reads an expression that is all of the text.
    pub(super) fn whole(mut self) -> Result<Expr, FrameError> {
        let expr = self.or()?;
        match self.peek() {
            Word::End => Ok(expr),
            _ => Err(self.expected("an operator or the end")),
        }
    }

    /// Reads a name, a `=` and an expression.
    pub(super) fn assignment(mut self) -> Result<(Arc<str>, Expr), FrameError> {
        let Word::Name(name) = self.peek().clone() else { return Err(self.expected("the name of a column")) };
        self.at += 1;
        if !self.take("=") {
            return Err(self.expected("`=`"));
        }
        Ok((name.into(), self.whole()?))
    }

    fn peek(&self) -> &Word {
        &self.words[self.at].0
    }

    /// Takes a sign or a word like `and`, if it comes next.
    fn take(&mut self, wanted: &str) -> bool {
        let is_next = match self.peek() {
            Word::Sign(sign) => *sign == wanted,
            Word::Name(name) => name == wanted,
            _ => false,
        };
        self.at += usize::from(is_next);
        is_next
    }

    fn one_of<T: Copy>(&mut self, wanted: &[(&str, T)]) -> Option<T> {
        wanted.iter().find(|(word, _)| self.take(word)).map(|(_, meaning)| *meaning)
    }

    fn problem(&self, what: impl Into<String>) -> FrameError {
        problem(self.text, self.words[self.at].1, what)
    }

    fn expected(&self, what: &str) -> FrameError {
        let got = match self.peek() {
            Word::Name(name) => format!("`{name}`"),
            Word::Int(x) => format!("`{x}`"),
            Word::Float(x) => format!("`{x}`"),
            Word::Text(text) => format!("{text:?}"),
            Word::Sign("@") => return self.problem("variables are not known here; write the value"),
            Word::Sign(sign) => format!("`{sign}`"),
            Word::End => "the end".into(),
        };
        self.problem(format!("expected {what}, got {got}"))
    }

    fn binary(op: Binary, left: Expr, right: Expr) -> Expr {
        Expr::over(Node::Binary(op, left, right))
    }

    fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, FrameError>) -> Result<T, FrameError> {
        if self.depth == MOST_DEPTH {
            return Err(self.problem("this nests too deeply"));
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Expr, FrameError> {
        let mut left = self.and()?;
        while self.take("or") || self.take("|") {
            left = Self::binary(Binary::Or, left, self.and()?);
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, FrameError> {
        let mut left = self.not()?;
        while self.take("and") || self.take("&") {
            left = Self::binary(Binary::And, left, self.not()?);
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, FrameError> {
        if self.take("not") || self.take("~") {
            return Ok(self.deeper(Self::not)?.not());
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr, FrameError> {
        const COMPARISONS: [(&str, Binary); 6] = [
            ("==", Binary::Equal),
            ("!=", Binary::NotEqual),
            ("<=", Binary::LessEqual),
            (">=", Binary::GreaterEqual),
            ("<", Binary::Less),
            (">", Binary::Greater),
        ];
        let mut left = self.sum()?;
        let mut all: Option<Expr> = None;
        loop {
            let begin = self.at;
            let next = if let Some(op) = self.one_of(&COMPARISONS) {
                // A list is compared as pandas does it: with any of its values.
                if matches!((op, self.peek()), (Binary::Equal | Binary::NotEqual, Word::Sign("["))) {
                    let found = left.is_in(self.list(&left)?);
                    if op == Binary::Equal { found } else { found.not() }
                } else {
                    let right = self.sum()?;
                    let (a, b) = (self.timed(&left, &right)?, self.timed(&right, &left)?);
                    left = right;
                    Self::binary(op, a, b)
                }
            } else if self.take("in") {
                left.is_in(self.list(&left)?)
            } else if self.take("not") {
                if !self.take("in") {
                    self.at = begin + 1;
                    return Err(self.expected("`in`"));
                }
                left.is_in(self.list(&left)?).not()
            } else {
                return Ok(all.unwrap_or(left));
            };
            all = Some(match all {
                Some(before) => Self::binary(Binary::And, before, next),
                None => next,
            });
        }
    }

    /// A text that is compared with times means one.
    fn timed(&self, value: &Expr, other: &Expr) -> Result<Expr, FrameError> {
        let (Node::Literal(literal), Ok(dtype)) = (value.node(), other.dtype(self.schema)) else {
            return Ok(value.clone());
        };
        Ok(lit(self.timed_value(literal.clone(), dtype)?))
    }

    fn timed_value(&self, value: Scalar, dtype: DataType) -> Result<Scalar, FrameError> {
        match &value {
            Scalar::Utf8(text) if dtype.is_temporal() || dtype == DataType::Duration => {
                let ticks = time::parse_as(text.as_bytes(), &dtype);
                let ticks =
                    ticks.ok_or_else(|| self.problem(format!("{text:?} before this is no {dtype}")))?;
                Ok(Scalar::from_ticks(ticks, &dtype))
            }
            _ => Ok(value),
        }
    }

    fn list(&mut self, of: &Expr) -> Result<Vec<Scalar>, FrameError> {
        let close = match self.one_of(&[("[", "]"), ("(", ")")]) {
            Some(close) => close,
            None => return Err(self.expected("a list like [1, 2]")),
        };
        let mut values = Vec::new();
        while !self.take(close) {
            let negative = self.take("-");
            let value = match self.peek().clone() {
                Word::Int(x) => Scalar::Int64(if negative { -x } else { x }),
                Word::Float(x) => Scalar::Float64(if negative { -x } else { x }),
                Word::Text(text) if !negative => Scalar::from(text),
                Word::Name(name) if !negative && name == "True" => Scalar::Bool(true),
                Word::Name(name) if !negative && name == "False" => Scalar::Bool(false),
                _ => return Err(self.expected("a value")),
            };
            self.at += 1;
            values.push(match of.dtype(self.schema) {
                Ok(dtype) => self.timed_value(value, dtype)?,
                Err(_) => value,
            });
            if !self.take(",") && *self.peek() != Word::Sign(close) {
                return Err(self.expected("`,` or the end of the list"));
            }
        }
        Ok(values)
    }

    fn sum(&mut self) -> Result<Expr, FrameError> {
        let mut left = self.term()?;
        while let Some(op) = self.one_of(&[("+", Binary::Add), ("-", Binary::Subtract)]) {
            left = Self::binary(op, left, self.term()?);
        }
        Ok(left)
    }

    fn term(&mut self) -> Result<Expr, FrameError> {
        const OPERATORS: [(&str, Binary); 4] = [
            ("*", Binary::Multiply),
            ("//", Binary::FloorDivide),
            ("/", Binary::Divide),
            ("%", Binary::Remainder),
        ];
        let mut left = self.factor()?;
        while let Some(op) = self.one_of(&OPERATORS) {
            left = Self::binary(op, left, self.factor()?);
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Expr, FrameError> {
        if self.take("-") {
            let of = self.deeper(Self::factor)?;
            return Ok(match of.node() {
                Node::Literal(Scalar::Int64(x)) => lit(-x),
                Node::Literal(Scalar::Float64(x)) => lit(-x),
                _ => -of,
            });
        }
        if self.take("+") {
            return self.deeper(Self::factor);
        }
        let base = self.atom()?;
        match self.take("**") {
            true => Ok(Self::binary(Binary::Power, base, self.deeper(Self::factor)?)),
            false => Ok(base),
        }
    }

    fn atom(&mut self) -> Result<Expr, FrameError> {
        let mut expr = match self.peek().clone() {
            Word::Int(x) => lit(x),
            Word::Float(x) => lit(x),
            Word::Text(text) => lit(text),
            Word::Name(name) => match &*name {
                "True" => lit(true),
                "False" => lit(false),
                "and" | "or" | "not" | "in" => return Err(self.expected("a value or a column")),
                _ => {
                    self.schema.field(&name)?;
                    col(name)
                }
            },
            Word::Sign("(") => {
                self.at += 1;
                let inside = self.deeper(Self::or)?;
                if *self.peek() != Word::Sign(")") {
                    return Err(self.expected("`)`"));
                }
                inside
            }
            _ => return Err(self.expected("a value or a column")),
        };
        self.at += 1;
        while self.take(".") {
            expr = self.method(&expr)?;
        }
        Ok(expr)
    }

    /// The methods that questions to a table need most; for others there are expressions.
    fn method(&mut self, of: &Expr) -> Result<Expr, FrameError> {
        let Word::Name(name) = self.peek().clone() else { return Err(self.expected("a method")) };
        let result = match &*name {
            "isnull" | "isna" => of.is_null(),
            "notnull" | "notna" => of.is_not_null(),
            "abs" => of.abs(),
            _ => {
                return Err(self.problem(format!(
                    "there is no method `{name}` here; write an expression with `filter`"
                )));
            }
        };
        self.at += 1;
        for sign in ["(", ")"] {
            if !self.take(sign) {
                return Err(self.expected(&format!("`{sign}`")));
            }
        }
        Ok(result)
    }
}
