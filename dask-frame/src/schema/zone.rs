//! Names of time zones, checked once and cheap to copy and compare.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use jiff::tz::TimeZone;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::FrameError;

/// A time zone by its name in the IANA database, like `Europe/Oslo` or `UTC`.
///
/// The database comes with the library, so that a zone means the same on every machine.
///
/// # Examples
///
/// ```
/// use dask_frame::Zone;
///
/// assert_eq!(Zone::new("Europe/Oslo")?.name(), "Europe/Oslo");
/// assert_eq!(Zone::new("Europe/Osl").unwrap_err().to_string(), "`Europe/Osl` is no time zone; names are like Europe/Oslo or UTC");
/// # Ok::<(), dask_frame::FrameError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(u16);

/// The names of the zones from number 1, in the order in which this process came to know them. They stay for
/// the life of the process; there are some six hundred.
static NAMES: RwLock<Vec<&'static str>> = RwLock::new(Vec::new());

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(0);

    /// Looks up a time zone.
    ///
    /// # Errors
    ///
    /// `BadZone` if there is none of that name.
    pub fn new(name: &str) -> Result<Self, FrameError> {
        let zone = TimeZone::get(name).map_err(|_| FrameError::BadZone { name: name.into() })?;
        let name = zone.iana_name().unwrap_or("UTC");
        if name == Self::UTC.name() {
            return Ok(Self::UTC);
        }
        let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
        let at = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(Box::leak(Box::<str>::from(name)));
            names.len() - 1
        });
        // There are fewer zones than numbers; were there more, the name would be refused.
        let number = u16::try_from(at + 1).map_err(|_| FrameError::BadZone { name: name.into() })?;
        Ok(Self(number))
    }

    /// Returns the name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "UTC",
            number => NAMES.read().unwrap_or_else(PoisonError::into_inner)[usize::from(number) - 1],
        }
    }

    pub(crate) fn rules(self) -> TimeZone {
        TimeZone::get(self.name()).unwrap_or(TimeZone::UTC)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.name().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}
