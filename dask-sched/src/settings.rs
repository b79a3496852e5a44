//! The environment settings: which scheduler, how many workers, how much memory, and where what does not fit goes.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use thiserror::Error;

/// The variable that names the scheduler.
pub const SCHEDULER: &str = "DASK_SCHEDULER";
/// The variable that says how many workers the scheduler has.
pub const NUM_WORKERS: &str = "DASK_NUM_WORKERS";
/// The variable that says how many bytes of results may be alive in memory.
pub const MEMORY_LIMIT: &str = "DASK_MEMORY_LIMIT";
/// The variable that names the directory for results for which there is no memory.
pub const TEMPORARY_DIRECTORY: &str = "DASK_TEMPORARY_DIRECTORY";

/// A scheduler by name, whether or not its feature is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchedulerName {
    /// One thread, in order: `sync`, `synchronous` or `single-threaded`.
    Sync,
    /// Work stealing on all cores: `threaded` or `threads`.
    Threaded,
    /// Worker processes: `multiprocess`, `multiprocessing` or `processes`.
    Multiprocess,
}

/// What the environment asks for; `None` where it asks for nothing.
///
/// # Examples
///
/// ```
/// use dask_sched::settings::{SchedulerName, Settings};
///
/// let settings = Settings::from_vars(|name| match name {
///     "DASK_SCHEDULER" => Some("threads".into()),
///     "DASK_MEMORY_LIMIT" => Some("1.5 GiB".into()),
///     _ => None,
/// })?;
/// assert_eq!(settings.scheduler, Some(SchedulerName::Threaded));
/// assert_eq!(settings.num_workers, None);
/// assert_eq!(settings.memory_limit, Some(1_610_612_736));
/// # Ok::<_, dask_sched::settings::SettingsError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// `DASK_SCHEDULER`.
    pub scheduler: Option<SchedulerName>,
    /// `DASK_NUM_WORKERS`.
    pub num_workers: Option<NonZeroUsize>,
    /// `DASK_MEMORY_LIMIT`, in bytes.
    pub memory_limit: Option<u64>,
    /// `DASK_TEMPORARY_DIRECTORY`; whether it can be used shows when a result has to go there.
    pub temporary_directory: Option<PathBuf>,
}

/// A setting whose value makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// `DASK_SCHEDULER` names no scheduler of ours.
    #[error(
        "{SCHEDULER} is `{value}`, which is no scheduler; expected `threaded` (or `threads`), `multiprocess` (or \
         `multiprocessing`, `processes`) or `sync` (or `synchronous`, `single-threaded`)"
    )]
    UnknownScheduler {
        /// What the variable holds.
        value: String,
    },
    /// `DASK_NUM_WORKERS` is no number of workers.
    #[error("{NUM_WORKERS} is `{value}`; expected a whole number of workers from 1 to {MAX_WORKERS}")]
    NumWorkers {
        /// What the variable holds.
        value: String,
    },
    /// `DASK_MEMORY_LIMIT` is no number of bytes.
    #[error(
        "{MEMORY_LIMIT} is `{value}`; expected a positive number of bytes such as 536870912, 512MB (powers of \
         1000) or 2GiB (powers of 1024)"
    )]
    MemoryLimit {
        /// What the variable holds.
        value: String,
    },
}

/// More workers than this is a slip of the keyboard.
const MAX_WORKERS: usize = 65_535;

impl Settings {
    /// Reads the settings from the environment of this process.
    ///
    /// A variable that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// One of [`SettingsError`], naming the variable, what it holds and what it should hold.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from_vars(|name| std::env::var_os(name))
    }

    /// Reads the settings from `var`, which gives the value of a variable by its name.
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, SettingsError> {
        let text = |name| {
            let value = var(name)?.to_string_lossy().trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        Ok(Settings {
            scheduler: text(SCHEDULER).map(parse_scheduler).transpose()?,
            num_workers: text(NUM_WORKERS).map(parse_num_workers).transpose()?,
            memory_limit: text(MEMORY_LIMIT).map(parse_memory_limit).transpose()?,
            temporary_directory: text(TEMPORARY_DIRECTORY)
                .and_then(|_| var(TEMPORARY_DIRECTORY))
                .map(PathBuf::from),
        })
    }
}

fn parse_scheduler(value: String) -> Result<SchedulerName, SettingsError> {
    match value.to_ascii_lowercase().as_str() {
        "sync" | "synchronous" | "single-threaded" => Ok(SchedulerName::Sync),
        "threaded" | "threads" => Ok(SchedulerName::Threaded),
        "multiprocess" | "multiprocessing" | "processes" => Ok(SchedulerName::Multiprocess),
        _ => Err(SettingsError::UnknownScheduler { value }),
    }
}

fn parse_num_workers(value: String) -> Result<NonZeroUsize, SettingsError> {
    match value.parse::<NonZeroUsize>() {
        Ok(number) if number.get() <= MAX_WORKERS => Ok(number),
        _ => Err(SettingsError::NumWorkers { value }),
    }
}

fn parse_memory_limit(value: String) -> Result<u64, SettingsError> {
    parse_bytes(&value).ok_or(SettingsError::MemoryLimit { value })
}

/// Reads `512MB`, `1.5 GiB` or `1000` into bytes: at least one, and no more than fit.
fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = unit_factor(unit.trim())?;
    let bytes = match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(factor)?,
        // A fraction of a unit; precise to the byte up to 2^53 bytes, which is more than any machine has.
        Err(_) => {
            let bytes = number.parse::<f64>().ok()? * factor as f64;
            (bytes < u64::MAX as f64).then_some(bytes as u64)?
        }
    };
    (bytes > 0).then_some(bytes)
}

fn unit_factor(unit: &str) -> Option<u64> {
    let power = |base: u64, exponent| Some(base.pow(exponent));
    match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kb" => power(1000, 1),
        "m" | "mb" => power(1000, 2),
        "g" | "gb" => power(1000, 3),
        "t" | "tb" => power(1000, 4),
        "kib" => power(1024, 1),
        "mib" => power(1024, 2),
        "gib" => power(1024, 3),
        "tib" => power(1024, 4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, SettingsError> {
        Settings::from_vars(|asked| (asked == name).then(|| value.into()))
    }

    #[test]
    fn nothing_set_is_nothing_asked() {
        assert_eq!(Settings::from_vars(|_| None), Ok(Settings::default()));
        assert_eq!(Settings::from_vars(|_| Some(" ".into())), Ok(Settings::default()));
    }

    #[test]
    fn schedulers_have_their_names_and_those_of_dask() {
        for name in ["sync", "synchronous", "single-threaded", "SYNC"] {
            assert_eq!(read(SCHEDULER, name).unwrap().scheduler, Some(SchedulerName::Sync), "{name}");
        }
        for name in ["threaded", "threads", " threads "] {
            assert_eq!(read(SCHEDULER, name).unwrap().scheduler, Some(SchedulerName::Threaded), "{name}");
        }
        for name in ["multiprocess", "multiprocessing", "processes"] {
            assert_eq!(read(SCHEDULER, name).unwrap().scheduler, Some(SchedulerName::Multiprocess), "{name}");
        }
        let error = read(SCHEDULER, "thredded").unwrap_err().to_string();
        assert!(error.contains("DASK_SCHEDULER is `thredded`") && error.contains("`threaded`"), "{error}");
    }

    #[test]
    fn workers_are_a_positive_number() {
        assert_eq!(read(NUM_WORKERS, "8").unwrap().num_workers, NonZeroUsize::new(8));
        for nonsense in ["0", "-1", "two", "1.5", "99999999999999999999", "70000"] {
            let error = read(NUM_WORKERS, nonsense).unwrap_err().to_string();
            assert!(error.contains(&format!("DASK_NUM_WORKERS is `{nonsense}`")), "{error}");
        }
    }

    #[test]
    fn a_directory_is_a_path() {
        let path = read(TEMPORARY_DIRECTORY, "/scratch/of mine").unwrap().temporary_directory;
        assert_eq!(path, Some("/scratch/of mine".into()));
        assert_eq!(read(TEMPORARY_DIRECTORY, "").unwrap().temporary_directory, None);
    }

    #[test]
    fn memory_has_units() {
        for (text, bytes) in [
            ("1000", 1000),
            ("512MB", 512_000_000),
            ("2GiB", 2 << 30),
            ("2 gib", 2 << 30),
            ("0.5k", 500),
            ("1.5MiB", 1_572_864),
            ("1tb", 1_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(read(MEMORY_LIMIT, text).unwrap().memory_limit, Some(bytes), "{text}");
        }
        for nonsense in ["0", "0.0001", "-5MB", "much", "5 XB", "MB", "1.2.3GB", "99999999TiB", "1e99"] {
            let error = read(MEMORY_LIMIT, nonsense).unwrap_err().to_string();
            assert!(error.contains(&format!("DASK_MEMORY_LIMIT is `{nonsense}`")), "{error}");
        }
    }
}
