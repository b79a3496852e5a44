//! Sums and moments of numbers.

use std::any::type_name;

use dask_graph::{
    Key, OpError, Packer, Refused, UnpackError, Unpacker, Value, make_option_portable, make_pair_portable,
    make_portable,
};
use serde::{Deserialize, Serialize};

use super::Reduction;
use super::joins::Finish;
use crate::bag::Bag;
use crate::error::BagError;
use crate::item::Item;
use crate::stream::NEXT;

/// The number types of the language, and what sums of them are.
///
/// Integers are added up in 128 bits, so only the end result can be too large, which is an error then.
/// Floating point numbers are added up in 64 bits.
pub trait Number: Copy + Send + Sync + 'static {
    /// What sums are added up in.
    type Total: Copy + Send + Sync + 'static;
    /// The type of a sum: `i64`, `u64` or `f64`.
    type Sum: Send + Sync + 'static;

    /// The sum of nothing.
    const ZERO: Self::Total;

    /// `total` and this number.
    fn add_to(self, total: Self::Total) -> Self::Total;

    /// The sum of both.
    fn join(a: Self::Total, b: Self::Total) -> Self::Total;

    /// The end result.
    ///
    /// # Errors
    ///
    /// - When it does not fit its type.
    fn sum(total: Self::Total) -> Result<Self::Sum, BagError>;

    /// The total as the nearest `f64`.
    fn total_to_f64(total: Self::Total) -> f64;

    /// The nearest `f64`.
    fn to_f64(self) -> f64;
}

macro_rules! integers {
    ($($t:ty => $sum:ty),+ $(,)?) => {$(
        impl Number for $t {
            type Total = i128;
            type Sum = $sum;
            const ZERO: i128 = 0;

            #[inline]
            fn add_to(self, total: i128) -> i128 {
                // 2⁶³ numbers of 64 bits fit: more than any machine can count.
                total + self as i128
            }

            fn join(a: i128, b: i128) -> i128 {
                a + b
            }

            fn sum(sum: i128) -> Result<$sum, BagError> {
                <$sum>::try_from(sum)
                    .map_err(|_| BagError::SumOverflow { sum, type_name: type_name::<$sum>() })
            }

            fn total_to_f64(total: i128) -> f64 {
                total as f64
            }

            #[inline]
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )+};
}

macro_rules! floats {
    ($($t:ty),+) => {$(
        impl Number for $t {
            type Total = f64;
            type Sum = f64;
            const ZERO: f64 = 0.0;

            #[inline]
            fn add_to(self, total: f64) -> f64 {
                total + f64::from(self)
            }

            fn join(a: f64, b: f64) -> f64 {
                a + b
            }

            fn sum(total: f64) -> Result<f64, BagError> {
                Ok(total)
            }

            fn total_to_f64(total: f64) -> f64 {
                total
            }

            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    )+};
}

integers!(i8 => i64, i16 => i64, i32 => i64, i64 => i64, isize => i64, u8 => u64, u16 => u64, u32 => u64, u64 => u64, usize => u64);
floats!(f32, f64);

/// # Of numbers
impl<T: Number> Bag<T> {
    /// The sum of the items: `i64` for signed integers, `u64` for unsigned ones, `f64` for floating point.
    ///
    /// A sum of integers that does not fit is an error when it runs.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let sync = dask_sched_sync::Sync::new();
    /// let bytes = Bag::from_sequence([200_u8, 100, 50], Partitions::count(2));
    /// assert_eq!(bytes.sum().compute_with(&sync).unwrap(), 350);
    /// assert_eq!(bytes.mean().compute_with(&sync).unwrap(), Some(350.0 / 3.0));
    /// ```
    #[track_caller]
    pub fn sum(&self) -> Item<T::Sum> {
        let push = |total: &mut T::Total, item: T| {
            *total = item.add_to(*total);
            NEXT
        };
        let reduction = Reduction::accumulate("sum", || T::ZERO, push, T::join, Value::new);
        self.reduce_to_item(self.token("sum"), reduction, |total: T::Total| {
            T::sum(total).map_err(OpError::failed)
        })
    }

    /// The mean of the items; `None` for an empty bag.
    #[track_caller]
    pub fn mean(&self) -> Item<Option<f64>> {
        let push = |(n, total): &mut (u64, T::Total), item: T| {
            *n += 1;
            *total = item.add_to(*total);
            NEXT
        };
        let join = |a: (u64, T::Total), b: (u64, T::Total)| (a.0 + b.0, T::join(a.1, b.1));
        let reduction = Reduction::accumulate("mean", || (0_u64, T::ZERO), push, join, Value::new);
        make_pair_portable::<u64, T::Total>();
        make_option_portable::<f64>();
        self.reduce_to_item(self.token("mean"), reduction, |(n, total): (u64, T::Total)| {
            Ok((n > 0).then(|| T::total_to_f64(total) / n as f64))
        })
    }

    /// The variance of the items with `ddof` degrees of freedom taken off; `None` for no more than `ddof`
    /// items.
    ///
    /// Partial results are counts, means and sums of squared distances from these, so that large means do
    /// not take the digits of a small variance.
    #[track_caller]
    pub fn var(&self, ddof: u64) -> Item<Option<f64>> {
        self.moments("var", ddof, |var| var)
    }

    /// The standard deviation of the items with `ddof` degrees of freedom taken off; `None` for no more
    /// than `ddof` items.
    #[track_caller]
    pub fn std(&self, ddof: u64) -> Item<Option<f64>> {
        self.moments("std", ddof, f64::sqrt)
    }

    #[track_caller]
    fn moments(
        &self,
        label: &'static str,
        ddof: u64,
        last: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Item<Option<f64>> {
        make_portable::<Moments>();
        make_option_portable::<f64>();
        let push = |moments: &mut Moments, item: T| {
            moments.add(item.to_f64());
            NEXT
        };
        let reduction = Reduction::accumulate(label, Moments::default, push, Moments::join, Value::new);
        let token = dask_graph::Tokenizer::new(label).feed(self.name()).feed(&ddof).finish();
        let (graph, name) = self.reduce_tree(token, reduction, FromMoments { ddof, last });
        Item::from_graph(graph, Key::new(name, &[0]))
    }
}

/// Makes the result of all moments joined.
struct FromMoments<F> {
    ddof: u64,
    /// What is done to the variance.
    last: F,
}

impl<F: Fn(f64) -> f64 + Send + Sync + 'static> Finish<Moments> for FromMoments<F> {
    fn finish(&self, moments: Moments) -> Result<Value, OpError> {
        let freedom = moments.n.checked_sub(self.ddof).filter(|&n| n > 0);
        Ok(Value::new(freedom.map(|n| (self.last)(moments.squares / n as f64))))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.ddof)?;
        to.function::<fn(f64) -> f64, F>(&self.last)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { ddof: from.state()?, last: from.function::<fn(f64) -> f64, F>()? })
    }
}

/// Count, mean, and sum of squared distances from the mean.
///
/// Added to by Welford's method and joined by that of Chan, Golub and LeVeque.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Moments {
    n: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, x: f64) {
        self.n += 1;
        let before = x - self.mean;
        self.mean += before / self.n as f64;
        self.squares += before * (x - self.mean);
    }

    fn join(a: Self, b: Self) -> Self {
        if a.n == 0 || b.n == 0 {
            return if a.n == 0 { b } else { a };
        }
        let n = a.n + b.n;
        let (distance, share) = (b.mean - a.mean, b.n as f64 / n as f64);
        Self {
            n,
            mean: a.mean + distance * share,
            squares: a.squares + b.squares + distance * distance * a.n as f64 * share,
        }
    }
}
