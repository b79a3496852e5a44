//! How stores of objects are reached.

use std::fmt;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

/// How stores of objects are reached: pairs of keys and values, some of them secret.
///
/// The keys are those of the crate `object_store`, `aws_access_key_id`, `endpoint`, `allow_http` and so on, for the kind
/// of store that an URL names. Nothing is taken from the environment; without keys that library asks the machine that it
/// runs on for some, unless `skip_signature` says that there are none. Values are never shown.
///
/// ```
/// use dask_graph_files::StorageOptions;
///
/// let options = StorageOptions::new([("aws_secret_access_key", "hush")]);
/// assert_eq!(format!("{options:?}"), "[\"aws_secret_access_key\"]");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StorageOptions(Vec<(String, String)>);

impl StorageOptions {
    /// These keys and values.
    pub fn new<K: Into<String>, V: Into<String>>(options: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(options.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// The keys and values.
    #[cfg(feature = "object-store")]
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

impl fmt::Debug for StorageOptions {
    /// Shows the keys alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(key, _)| key)).finish()
    }
}

impl Tokenize for StorageOptions {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.add(&self.0);
    }
}
