//! Records to columns and back: what bags give to and take from frames.

mod cell;
mod fields;
mod record;
mod row;

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Args, Collection, ColumnField, ColumnPartitions, Columns, Graph, Key, Materialized, Name, Node, Op,
    OpError, Packer, Refused, Task, Tokenizer, Unpack, UnpackError, Unpacked, Unpacker, Value,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Bag;
use crate::error::FieldsError;
use crate::partition::Partition;
use crate::stream::stored::Stored;
use crate::stream::{Flow, NEXT, Of, Pipeline, Run, Sink};
use record::RecordColumns;

/// # Records as columns
impl<T: Serialize + Clone + Send + Sync + 'static> Bag<T> {
    /// The fields of the items as columns, which a frame can be made of; the type tells which fields there are.
    ///
    /// Items are structs, or tuples, whose fields are named `0`, `1` and so on, or single values, which are the
    /// field `0`. Their fields are numbers, truth values, texts, enums without data, which become texts, and
    /// `Option`s of these, which are missing where they are `None`. The type is asked by way of its `Deserialize`,
    /// so that nothing has to be computed to know the columns.
    ///
    /// As dask's `Bag.to_dataframe`, which computes the first items to find out.
    ///
    /// # Errors
    ///
    /// - When the type does not tell its fields (a map, a JSON value), or one of them is none of the above; say which
    ///   they are, with [`to_columns_of`](Self::to_columns_of).
    ///
    /// Integers of all types become [`Int64`](dask_graph::ColumnKind::Int64). When an item does not fit (an integer
    /// beyond that, for which a field can be declared [`UInt64`](dask_graph::ColumnKind::UInt64)), the run ends with an
    /// [`ItemError`](crate::ItemError) of a [`RecordError`](crate::RecordError).
    ///
    /// ```
    /// use dask_bag::Bag;
    /// use dask_graph::{Collection, ColumnField, ColumnKind, ColumnValues};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Clone, Serialize, Deserialize)]
    /// struct Flight {
    ///     carrier: String,
    ///     delay: Option<i64>,
    /// }
    ///
    /// let flights = Bag::from_partitions([vec![
    ///     Flight { carrier: "UA".into(), delay: Some(7) },
    ///     Flight { carrier: "AA".into(), delay: None },
    /// ]]);
    /// let columns = flights.to_columns()?;
    /// assert_eq!(columns.fields()[1], ColumnField::new("delay", ColumnKind::Int64));
    /// let partitions = columns.compute_with(&dask_sched_sync::Sync::new())?;
    /// let (name, delays) = &partitions[0].columns()[1];
    /// assert_eq!((&**name, &delays.values), ("delay", &ColumnValues::Int64(vec![7, 0])));
    /// assert_eq!(delays.valid, Some(vec![true, false]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn to_columns(&self) -> Result<ColumnPartitions, FieldsError>
    where
        T: DeserializeOwned,
    {
        self.to_columns_of(fields::of::<T>()?)
    }

    /// The given fields of the items as columns, which a frame can be made of.
    ///
    /// Items are structs, maps or JSON objects, whose fields are found by name: one that is not there is missing, one
    /// that was not asked for is left out. Or they are tuples or lists, whose values are taken in order, of which
    /// there may be fewer than fields and not more. A field of kind
    /// [`Timestamp`](dask_graph::ColumnKind::Timestamp) holds microseconds since 1970.
    ///
    /// # Errors
    ///
    /// - When two fields have one name.
    ///
    /// An item that does not fit ends the run, as with [`to_columns`](Self::to_columns).
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use dask_bag::Bag;
    /// use dask_graph::{Collection, ColumnKind};
    ///
    /// let items = [HashMap::from([("a", 1), ("b", 2)]), HashMap::from([("b", 4)])];
    /// let columns = Bag::from_partitions([items.to_vec()]).to_columns_of([("a", ColumnKind::Float64)])?;
    /// let partitions = columns.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(partitions[0].columns()[0].1.valid, Some(vec![true, false]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn to_columns_of<F: Into<ColumnField>>(
        &self,
        fields: impl IntoIterator<Item = F>,
    ) -> Result<ColumnPartitions, FieldsError> {
        let fields: Vec<ColumnField> = fields.into_iter().map(Into::into).collect();
        fields::check_names(&fields)?;
        let told: Vec<_> = fields.iter().map(|field| (field.name.clone(), field.kind.to_string())).collect();
        let token = Tokenizer::new("to_columns").feed(&self.name).feed(&told).finish();
        let sink = ToColumns { fields: fields.clone() };
        let columns: Bag<()> = self.blockwise("to_columns", token, Pipeline::op(Stored::<T>::new(), sink));
        let keys = (0..columns.npartitions).map(|i| columns.key(i));
        Ok(ColumnPartitions::from_graph(columns.graph.clone(), keys, fields))
    }
}

/// # Records of columns
impl<T: DeserializeOwned + Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of the rows of columns, partition by partition: as structs or maps, which get the values by name, or as
    /// tuples, which get them in order.
    ///
    /// A missing value is a `None`; a row that has one where the type has no `Option`, or a value of another type,
    /// ends the run with a [`RowError`](crate::RowError), which names row and column.
    ///
    /// As dask's `DataFrame.to_bag`.
    ///
    /// ```
    /// use dask_bag::Bag;
    /// use dask_graph::Collection;
    ///
    /// let columns = Bag::from_partitions([vec![("UA".to_owned(), Some(7)), ("AA".to_owned(), None)]]).to_columns()?;
    /// let rows: Bag<(String, Option<f64>)> = Bag::from_columns(&columns);
    /// let rows = rows.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(rows, [("UA".to_owned(), Some(7.0)), ("AA".to_owned(), None)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn from_columns(columns: &ColumnPartitions) -> Self {
        let partitions = columns.keys();
        let type_name = std::any::type_name::<T>();
        let token = Tokenizer::new("from_columns").feed(&partitions).feed(&type_name).finish();
        let name = Name::from_token("from_columns", token);
        let mut layer = Materialized::new(&name);
        let op: Arc<dyn Op> = Arc::new(FromColumns(Of::<T>::default()));
        let n = partitions.len() as u32;
        for (key, i) in partitions.into_iter().zip(0..) {
            layer.insert(Key::new(&name, &[i]), Node::Task(Task::new(op.clone(), [key.into()])));
        }
        Self::from_graph(Graph::with_inputs(layer, [columns.graph()]), name, n)
    }
}

/// The sink that takes records apart.
struct ToColumns {
    fields: Vec<ColumnField>,
}

impl<T: Serialize + Send + Sync + 'static> Sink<T> for ToColumns {
    /// The columns, and the number of the item that comes next.
    type Acc = (RecordColumns, u64);

    fn label(&self) -> Option<&str> {
        Some("to_columns")
    }

    fn start(&self) -> Self::Acc {
        (RecordColumns::new(&self.fields), 0)
    }

    #[inline]
    fn push(&self, run: &Run, (columns, item): &mut Self::Acc, record: T) -> Flow {
        if let Err(error) = columns.push(&self.fields, &record) {
            return run.fail("to_columns", *item, Box::new(error));
        }
        *item += 1;
        NEXT
    }

    fn finish(&self, (columns, _): Self::Acc) -> Result<Value, OpError> {
        columns.finish(&self.fields).map(Value::sized).map_err(OpError::failed)
    }

    fn nbytes(&self, items: Option<u64>) -> Option<u64> {
        items
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.fields)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { fields: from.state()? })
    }
}

/// Makes records of the rows of a partition.
struct FromColumns<T>(Of<T>);

impl<T: DeserializeOwned + Send + Sync + 'static> Op for FromColumns<T> {
    fn name(&self) -> Cow<'_, str> {
        "from_columns".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let columns = args.get::<Columns>(0)?;
        let rows = (0..columns.n_rows()).map(|at| row::read::<T>(columns, at));
        let rows = rows.collect::<Result<Vec<T>, _>>().map_err(OpError::failed)?;
        Ok(Partition::new(rows).into_value())
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(Unpacked::op(FromColumns(Of::<T>::default()))))
    }
}
