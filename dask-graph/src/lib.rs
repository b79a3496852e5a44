//! The graph specification: keys, values, ops, tasks, layers, plans and the scheduler contract.
