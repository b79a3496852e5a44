//! One line that shows how far a run is.

use std::sync::Mutex;
use std::time::Duration;

use dask_graph::{Observer, Plan, RunEnd, TaskEnd};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// An observer that draws tasks done, bytes of results alive and the expected rest on one line of the
/// terminal; draws nothing where standard error is none.
pub struct ProgressLine {
    label: &'static str,
    bar: Mutex<Option<ProgressBar>>,
}

impl ProgressLine {
    /// A line that begins with `label`.
    pub fn new(label: &'static str) -> Self {
        Self { label, bar: Mutex::new(None) }
    }

    fn with_bar(&self, act: impl FnOnce(&ProgressBar)) {
        if let Ok(bar) = self.bar.lock()
            && let Some(bar) = &*bar
        {
            act(bar);
        }
    }
}

impl Observer for ProgressLine {
    fn started(&self, plan: &Plan) {
        let bar = ProgressBar::with_draw_target(
            Some(plan.n_tasks() as u64),
            ProgressDrawTarget::stderr_with_hz(10),
        );
        let template = "  {prefix} {wide_bar} {pos}/{len} tasks, {msg} alive, {elapsed} + {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(self.label);
        bar.enable_steady_tick(Duration::from_millis(200));
        if let Ok(mut slot) = self.bar.lock() {
            *slot = Some(bar);
        }
    }

    fn task_finished(&self, _: &Plan, task: &TaskEnd) {
        self.with_bar(|bar| {
            bar.inc(1);
            bar.set_message(crate::bytes(task.live_nbytes));
        });
    }

    fn finished(&self, _: &Plan, _: &RunEnd) {
        self.with_bar(ProgressBar::finish_and_clear);
    }
}
