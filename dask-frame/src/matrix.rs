//! Tables of floats from and to two-dimensional arrays of `ndarray`.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2, ShapeBuilder};

use crate::column::Column;
use crate::error::FrameError;
use crate::expr::to_floats;
use crate::frame::DataFrame;
use crate::schema::{DataType, Field, Schema};
use crate::table::Table;

impl Table {
    /// Makes a table of an array: its columns, named, of floats. NaN is a missing value.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there are not as many names as columns.
    /// - `DuplicateColumn` if two names are one, `TooManyRows` if there are.
    pub fn from_ndarray<N: Into<Arc<str>>>(
        array: ArrayView2<'_, f64>,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, FrameError> {
        let fields = names.into_iter().map(|name| Field::new(name, DataType::Float64)).collect::<Vec<_>>();
        if fields.len() != array.ncols() {
            let problem = format!("{} names for {} columns", fields.len(), array.ncols());
            return Err(FrameError::BadArgument { operation: "from_ndarray", problem });
        }
        let column = |at| Column::from(array.column(at).to_vec());
        Self::with_rows(Schema::new(fields)?, (0..array.ncols()).map(column).collect(), array.nrows())
    }

    /// Returns the table as an array of its rows and columns, NaN for missing values; its memory is column after
    /// column.
    ///
    /// Integers become the nearest floats, truth values 0 and 1.
    ///
    /// Source: [`pandas.DataFrame.to_numpy`](https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.to_numpy.html).
    ///
    /// # Errors
    ///
    /// `WrongType` if a column has other values.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, Table};
    /// use ndarray::array;
    ///
    /// let table = Table::new([("n", Column::from(vec![1, 2])), ("x", Column::from(vec![Some(0.5), None]))])?;
    /// let array = table.to_ndarray()?;
    /// assert_eq!(array.dim(), (2, 2));
    /// assert_eq!(array.column(0), array![1.0, 2.0]);
    /// assert!(array[(1, 1)].is_nan());
    /// assert_eq!(Table::from_ndarray(array.view(), ["n", "x"])?.column("x")?, table.column("x")?);
    /// # Ok::<(), dask_frame::FrameError>(())
    /// ```
    pub fn to_ndarray(&self) -> Result<Array2<f64>, FrameError> {
        let columns = self.schema().fields().iter().zip(self.columns());
        let values = columns.map(|(field, column)| floats(field, column)).collect::<Result<Vec<_>, _>>()?;
        let at = |(row, column): (usize, usize)| values[column][row];
        Ok(Array2::from_shape_fn((self.n_rows(), values.len()).f(), at))
    }
}

impl DataFrame {
    /// Makes a frame of an array in memory, as [`Table::from_ndarray`], in `n_partitions` partitions of about equal
    /// length.
    ///
    /// # Errors
    ///
    /// As [`Table::from_ndarray`], and `BadArgument` if `n_partitions` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{DataFrame, col};
    /// use dask_graph::Collection;
    /// use ndarray::array;
    ///
    /// let points = array![[0.0, 1.0], [3.0, 4.0], [6.0, 8.0]];
    /// let frame = DataFrame::from_ndarray(points.view(), ["x", "y"], 2)?;
    /// let lengths = frame.select([(col("x") * col("x") + col("y") * col("y")).alias("square")])?;
    /// let squares = lengths.compute_with(&dask_sched_sync::Sync::new())?.to_ndarray()?;
    /// assert_eq!(squares, array![[1.0], [25.0], [100.0]]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn from_ndarray<N: Into<Arc<str>>>(
        array: ArrayView2<'_, f64>,
        names: impl IntoIterator<Item = N>,
        n_partitions: usize,
    ) -> Result<Self, FrameError> {
        Self::from_table(&Table::from_ndarray(array, names)?, n_partitions)
    }
}

fn floats(field: &Field, column: &Column) -> Result<Vec<f64>, FrameError> {
    let got = field.dtype();
    if !got.is_numeric() && got != DataType::Bool {
        let (expr, expected) = (field.name().to_owned(), "a number or Bool");
        return Err(FrameError::WrongType { operation: "to_ndarray", expr, got, expected });
    }
    let floats = to_floats(column);
    let values = floats.f64s().expect("numbers were converted to floats");
    Ok(values.map(|x| x.unwrap_or(f64::NAN)).collect())
}
