//! Why no scheduler could be installed.

use crate::settings::SettingsError;
use thiserror::Error;

/// A scheduler that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InitError {
    /// A variable of the environment holds nonsense.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The scheduler that was asked for is not part of this build.
    #[error(
        "the scheduler `{name}` is not part of this build; switch on feature `{name}` of the crate dask-sched"
    )]
    NotBuilt {
        /// The scheduler, which is also the name of the feature.
        name: &'static str,
    },
    /// No scheduler is part of this build.
    #[error(
        "no scheduler is part of this build; switch on feature `threaded`, `multiprocess` or `sync` of the crate \
         dask-sched, or install one of your own with `dask_sched::install`"
    )]
    NoneBuilt,
}
