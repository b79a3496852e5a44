//! Integration tests of the passes, in one binary.

mod it {
    mod fuse_layers;
    mod fuzz;
    mod pipeline;
    mod push_down;
    mod queries;
    mod recompute;
    mod rewrite;
    mod row;
    mod task_passes;
}
