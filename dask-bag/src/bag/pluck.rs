//! Fields of JSON values.

use std::fmt;

use dask_graph::{
    Codec, CodecError, Encoding, Packer, Refused, Token, Tokenizer, UnpackError, Unpacker,
    make_list_portable, make_portable_by,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Bag;
use crate::error::FieldError;
use crate::stream::step::Step;
use crate::stream::{Flow, Run};

/// A field of a JSON value: of an object by its name, or of an array by its place, from 0.
///
/// Made of a `&str`, a `String` or a `usize`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    /// The name.
    Name(String),
    /// The place.
    Index(usize),
}

impl From<&str> for Field {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for Field {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for Field {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name:?}"),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

/// # Fields of JSON values
///
/// With the feature `json`.
impl Bag<Value> {
    /// A bag of one field of each item.
    ///
    /// An item without that field ends the run with an [`ItemError`](crate::ItemError) around a [`FieldError`];
    /// [`pluck_or`](Self::pluck_or) has something else for it.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    /// use serde_json::json;
    ///
    /// let people = Bag::from_sequence([json!({"name": "Ada", "born": [1815, 12]})], Partitions::count(1));
    /// let years = people.pluck("born").pluck(0);
    /// assert_eq!(years.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [json!(1815)]);
    /// ```
    #[track_caller]
    pub fn pluck(&self, field: impl Into<Field>) -> Self {
        self.plucked(One(field.into()), None)
    }

    /// A bag of one field of each item, and of `default` for each item without it.
    #[track_caller]
    pub fn pluck_or(&self, field: impl Into<Field>, default: Value) -> Self {
        self.plucked(One(field.into()), Some(default))
    }

    /// A bag of several fields of each item; an item without one of them ends the run.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    /// use serde_json::json;
    ///
    /// let people = Bag::from_sequence([json!({"name": "Ada", "born": 1815})], Partitions::count(1));
    /// let rows = people.pluck_many(["born", "name"]);
    /// assert_eq!(rows.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [[json!(1815), json!("Ada")]]);
    /// ```
    #[track_caller]
    pub fn pluck_many<F: Into<Field>>(&self, fields: impl IntoIterator<Item = F>) -> Bag<Vec<Value>> {
        self.plucked(Many(fields.into_iter().map(Into::into).collect()), None)
    }

    /// A bag of several fields of each item, with `default` for each that it does not have.
    #[track_caller]
    pub fn pluck_many_or<F: Into<Field>>(
        &self,
        fields: impl IntoIterator<Item = F>,
        default: Value,
    ) -> Bag<Vec<Value>> {
        self.plucked(Many(fields.into_iter().map(Into::into).collect()), Some(default))
    }

    #[track_caller]
    fn plucked<F: Fields>(&self, fields: F, default: Option<Value>) -> Bag<F::Taken> {
        make_portable_by::<Value, AsText>();
        make_list_portable::<Vec<Value>>();
        let token = self.plucking(fields.as_slice(), default.as_ref());
        self.step(token, Pluck { fields, default })
    }

    fn plucking(&self, fields: &[Field], default: Option<&Value>) -> Token {
        let default = default.map(Value::to_string);
        let mut token = Tokenizer::new("pluck").feed(self.name()).feed(&default);
        for field in fields {
            match field {
                Field::Name(name) => token.add(name),
                Field::Index(index) => token.add(index),
            }
        }
        token.finish()
    }
}

/// One field or several.
trait Fields: Serialize + for<'de> Deserialize<'de> + Send + Sync + 'static {
    /// What is made of what they hold.
    type Taken: Send + Sync + 'static;

    fn as_slice(&self) -> &[Field];

    /// Takes them out of a value.
    fn take(&self, value: Value, default: Option<&Value>) -> Result<Self::Taken, FieldError>;
}

#[derive(Serialize, Deserialize)]
struct One(Field);

impl Fields for One {
    type Taken = Value;

    fn as_slice(&self) -> &[Field] {
        std::slice::from_ref(&self.0)
    }

    fn take(&self, mut value: Value, default: Option<&Value>) -> Result<Value, FieldError> {
        let taken = match (&self.0, &mut value) {
            (Field::Name(name), Value::Object(fields)) => fields.remove(name),
            (Field::Index(index), Value::Array(items)) => items.get_mut(*index).map(Value::take),
            _ => None,
        };
        taken.or_else(|| default.cloned()).ok_or_else(|| FieldError::new(&self.0, &value))
    }
}

#[derive(Serialize, Deserialize)]
struct Many(Vec<Field>);

impl Fields for Many {
    type Taken = Vec<Value>;

    fn as_slice(&self) -> &[Field] {
        &self.0
    }

    /// Fields are cloned: one may be asked for twice.
    fn take(&self, value: Value, default: Option<&Value>) -> Result<Vec<Value>, FieldError> {
        let one = |field: &Field| {
            let found = match field {
                Field::Name(name) => value.get(name),
                Field::Index(index) => value.get(index),
            };
            found.or(default).cloned().ok_or_else(|| FieldError::new(field, &value))
        };
        self.0.iter().map(one).collect()
    }
}

impl FieldError {
    fn new(field: &Field, value: &Value) -> Self {
        let found = match value {
            Value::Object(fields) => {
                // Whether a map keeps the order of its fields is decided by features of other crates.
                let mut names: Vec<&String> = fields.keys().collect();
                names.sort();
                format!("an object with the fields {names:?}")
            }
            Value::Array(items) => format!("an array of {} items", items.len()),
            other => other.to_string(),
        };
        Self { field: field.to_string(), found }
    }
}

/// Takes fields out of items.
struct Pluck<F> {
    fields: F,
    default: Option<Value>,
}

impl<F: Fields> Step<Value> for Pluck<F> {
    type Out = F::Taken;
    /// Number of items seen.
    type State = u64;

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("pluck");
    }

    fn push(
        &self,
        run: &Run,
        seen: &mut u64,
        item: Value,
        out: &mut (impl FnMut(F::Taken) -> Flow + ?Sized),
    ) -> Flow {
        match self.fields.take(item, self.default.as_ref()) {
            Ok(taken) => {
                *seen += 1;
                out(taken)
            }
            Err(error) => run.fail("pluck", *seen, error.into()),
        }
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.fields)?;
        // As text: JSON values tell their types themselves, which the encoding of states cannot keep.
        to.state(&self.default.as_ref().map(Value::to_string))
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        let fields = from.state()?;
        let default: Option<String> = from.state()?;
        let default = default.map(|text| serde_json::from_str(&text)).transpose();
        Ok(Self { fields, default: default.map_err(UnpackError::of::<Self>)? })
    }
}

/// JSON values as their text.
struct AsText;

impl Encoding<Value> for AsText {
    fn codec() -> Codec<Value> {
        let texts = || Codec::<Vec<u8>>::of().ok_or(CodecError::from("bytes are always known"));
        Codec::new(
            move |value, bytes| texts()?.encode(&serde_json::to_vec(value)?, bytes),
            move |bytes| Ok(serde_json::from_slice(&texts()?.decode(bytes)?)?),
        )
    }
}
