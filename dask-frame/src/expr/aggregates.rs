//! The aggregates of an expression.

use super::{Aggregate, AggregateKind, Expr};

macro_rules! aggregate_methods {
    ($($(#[$doc:meta])* $name:ident => $kind:expr;)*) => {
        impl Expr {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Aggregate {
                Aggregate::new($kind, Some(self.clone()))
            }
        )*}
    };
}

use AggregateKind::{
    All, Any, Count, First, IdxMax, IdxMin, Kurtosis, Last, List, Max, Mean, Min, Mode, NUnique,
    NUniqueApprox, Product, Quantile, Sem, Skew, Std, Sum, Unique, Var,
};

aggregate_methods! {
    /// Adds up; missing values are skipped, nothing adds up to 0. An integer sum that does not fit 64 bits
    /// is an error.
    sum => Sum;
    /// Multiplies; missing values are skipped, nothing gives 1. Overflows like [`sum`](Expr::sum).
    prod => Product;
    /// Averages, in floats; missing if there is no value.
    mean => Mean;
    /// Counts the values that are there.
    count => Count;
    /// Finds the smallest value; missing if there is none.
    min => Min;
    /// Finds the largest value; missing if there is none.
    max => Max;
    /// Takes the first value that is there.
    first => First;
    /// Takes the last value that is there.
    last => Last;
    /// Tells whether a value is true, or a number other than 0; false if there is no value.
    any => Any;
    /// Tells whether no value is false, or the number 0; true if there is no value.
    all => All;
    /// Computes the variance with `n - 1` in the denominator; missing if there are fewer than two values.
    var => Var { ddof: 1 };
    /// Computes the standard deviation with `n - 1` in the denominator.
    std => Std { ddof: 1 };
    /// Computes the standard error of the mean: the standard deviation over the root of the count.
    sem => Sem { ddof: 1 };
    /// Computes the skewness without bias, as pandas; missing if there are fewer than three values.
    skew => Skew;
    /// Computes the excess kurtosis without bias, as pandas; missing if there are fewer than four values.
    kurt => Kurtosis;
    /// Finds the first row with the smallest value, and gives its index, or its number in the whole frame, from 0, if
    /// there is no index; see [`idxmin_by`](Expr::idxmin_by) for other labels. Missing if there is no value.
    idxmin => IdxMin;
    /// Finds the first row with the largest value, and gives its index, or its number in the whole frame.
    idxmax => IdxMax;
    /// Finds the middle value, or the mean of the two in the middle. All values of a group are held in memory,
    /// those of a whole frame [need not be](crate::DataFrame::quantile).
    median => Quantile(0.5);
    /// Counts different values. All different values of a group are held in memory, those of a whole frame need not be;
    /// [`nunique_approx`](Expr::nunique_approx) needs less.
    nunique => NUnique;
    /// Counts different values by HyperLogLog (Flajolet, Fusy, Gandouet and Meunier, 2007): at most 2¹⁴ numbers a
    /// group are held in memory. The standard error is 1.04 / √2¹⁴ = 0.8 %; small counts are all but exact.
    nunique_approx => NUniqueApprox;
    /// Finds the value that comes most often; of several the smallest. All different values of a group are held in
    /// memory, those of a whole frame need not be.
    mode => Mode;
    /// Collects all values in a list, in the order of the rows, missing ones among them: pandas' `agg(list)`. Texts of
    /// categories are texts in lists.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, col};
    /// # use dask_graph::Collection;
    /// let columns = [("k", vec![Some(2), Some(1), Some(2)]), ("x", vec![Some(5), None, Some(3)])];
    /// let frame = DataFrame::from_columns(columns.map(|(name, values)| (name, Column::from(values))), 2)?;
    /// let lists = frame.group_by(["k"]).agg([col("x").list()])?;
    /// assert_eq!(lists.schema().to_string(), "k: Int64, x_list: List[Int64]");
    /// let table = lists.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("x_list")?, &Column::from(vec![vec![None], vec![Some(5), Some(3)]]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    list => List;
    /// Collects the different values in a list, in the order in which they first appear, a missing one among them:
    /// pandas' `SeriesGroupBy.unique`. All different values of a group are held in memory.
    unique => Unique;
}

impl Expr {
    /// Computes the variance with `n - ddof` in the denominator; missing if that is not positive.
    #[must_use]
    pub fn var_ddof(&self, ddof: u8) -> Aggregate {
        Aggregate::new(Var { ddof }, Some(self.clone()))
    }

    /// Computes the standard deviation with `n - ddof` in the denominator.
    #[must_use]
    pub fn std_ddof(&self, ddof: u8) -> Aggregate {
        Aggregate::new(Std { ddof }, Some(self.clone()))
    }

    /// Computes the standard error of the mean with `n - ddof` in the denominator of the variance.
    #[must_use]
    pub fn sem_ddof(&self, ddof: u8) -> Aggregate {
        Aggregate::new(Sem { ddof }, Some(self.clone()))
    }

    /// Computes the covariance with another expression, over the rows in which both have a value, with `n - 1`
    /// in the denominator.
    #[must_use]
    pub fn cov(&self, other: impl Into<Expr>) -> Aggregate {
        self.cov_ddof(other, 1)
    }

    /// Computes the covariance with another expression with `n - ddof` in the denominator.
    #[must_use]
    pub fn cov_ddof(&self, other: impl Into<Expr>, ddof: u8) -> Aggregate {
        Aggregate::new(AggregateKind::Cov { ddof }, Some(self.clone())).with(other.into())
    }

    /// Computes Pearson's correlation with another expression, over the rows in which both have a value; missing
    /// if one of them never changes.
    #[must_use]
    pub fn corr(&self, other: impl Into<Expr>) -> Aggregate {
        Aggregate::new(AggregateKind::Corr, Some(self.clone())).with(other.into())
    }

    /// Finds the first row with the smallest value, and gives what another expression is there.
    #[must_use]
    pub fn idxmin_by(&self, label: impl Into<Expr>) -> Aggregate {
        self.idxmin().with(label.into())
    }

    /// Finds the first row with the largest value, and gives what another expression is there.
    #[must_use]
    pub fn idxmax_by(&self, label: impl Into<Expr>) -> Aggregate {
        self.idxmax().with(label.into())
    }

    /// Finds the quantile of rank `q`, between 0 and 1, interpolated linearly between the two nearest values.
    /// All values of a group are held in memory, those of a whole frame [need not be](crate::DataFrame::quantile).
    ///
    /// That `q` is a rank is checked where the aggregate is used.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Aggregate {
        Aggregate::new(Quantile(q), Some(self.clone()))
    }

    /// Estimates the quantile of rank `q`, between 0 and 1, by a t-digest (Dunning and Ertl, 2019): at most a few
    /// hundred numbers a group are held in memory. The rank of the result is off by less than 1 %, and by much
    /// less near 0 and 1.
    #[must_use]
    pub fn quantile_approx(&self, q: f64) -> Aggregate {
        Aggregate::new(AggregateKind::QuantileApprox(q), Some(self.clone()))
    }
}
