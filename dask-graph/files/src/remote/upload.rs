//! New objects, sent in parts, which a store shows when the last is there.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

use object_store::path::Path as StorePath;
use object_store::{Error as StoreError, MultipartUpload, ObjectStore, ObjectStoreExt};

use super::{io_error, of_store, parse, store, wait};
use crate::error::FileError;
use crate::options::StorageOptions;

/// Bytes of a part. Stores refuse parts of less than 5 MiB, and more than 10 000 of them.
const PART: usize = 16 << 20;

/// An object on its way.
pub(crate) struct Upload {
    url: String,
    store: Arc<dyn ObjectStore>,
    path: StorePath,
    /// What is not sent.
    part: Vec<u8>,
    /// The parts that are, if there are any: what fits in one part is sent by a simple request in the end.
    sent: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    pub(crate) fn new(url: &str, options: &StorageOptions) -> Result<Self, FileError> {
        let (store, path) = store(&parse(url)?, options)?;
        Ok(Self { url: url.to_owned(), store, path, part: Vec::new(), sent: None })
    }

    /// Sends what is left and has the store show the object.
    pub(crate) fn finish(mut self) -> Result<(), FileError> {
        let outcome = self.send_rest();
        outcome.map_err(|e| io_error("write", &self.url, e))
    }

    fn send_rest(&mut self) -> Result<(), StoreError> {
        if self.sent.is_none() {
            let (store, path, part) = (Arc::clone(&self.store), self.path.clone(), mem::take(&mut self.part));
            return wait(async move { store.put(&path, part.into()).await.map(drop) });
        }
        if !self.part.is_empty() {
            self.send_part()?;
        }
        let Some(mut sent) = self.sent.take() else { return Ok(()) };
        let (sent, outcome) = wait(async move {
            let outcome = sent.complete().await;
            Ok((sent, outcome))
        })?;
        outcome.map(drop).inspect_err(|_| self.sent = Some(sent))
    }

    fn send_part(&mut self) -> Result<(), StoreError> {
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        let (part, sent) = (mem::take(&mut self.part), self.sent.take());
        let (sent, outcome) = wait(async move {
            let mut sent = match sent {
                Some(sent) => sent,
                None => store.put_multipart(&path).await?,
            };
            let outcome = sent.put_part(part.into()).await;
            Ok((sent, outcome))
        })?;
        self.sent = Some(sent);
        outcome
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(PART - self.part.len());
        self.part.extend_from_slice(&bytes[..n]);
        if self.part.len() == PART {
            self.send_part().map_err(of_store)?;
        }
        Ok(n)
    }

    /// Nothing: what is written is shown when all of it is.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut sent) = self.sent.take() {
            // Best effort, on the way out of another failure, which is the one to report.
            let _ = wait(async move { sent.abort().await });
        }
    }
}
