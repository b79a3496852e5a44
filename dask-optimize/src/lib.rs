//! Passes over task graphs: layer fusion.
