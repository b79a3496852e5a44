//! Work on whole columns and tables in memory: keys, groups, joins, orders.

pub(crate) mod aggregate;
pub(crate) mod asof;
pub(crate) mod best;
pub(crate) mod group;
pub(crate) mod join;
pub(crate) mod keys;
pub(crate) mod scan;
pub(crate) mod sort;
mod texts;
pub(crate) mod window;
