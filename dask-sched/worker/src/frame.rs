//! Frames: messages in a stream of bytes, whatever carries it.
//!
//! ```text
//! u32 length of the head | u64 length of the bulk | head | bulk
//! ```
//!
//! The head is the message itself, small and encoded; the bulk are values that it speaks of, as they are. Both
//! lengths have a limit, which is checked before any memory is taken.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most bytes of a head.
pub const MAX_HEAD: usize = 1 << 28;
/// The most bytes of a bulk.
pub const MAX_BULK: usize = 1 << 30;

const LENGTHS: usize = 12;
/// What is read at once, if so much is there.
const READ: usize = 1 << 16;
/// Room for more than this is given back after a long message.
const ROOM: usize = 1 << 22;

/// How heads are written. What one decodes to may claim several times the memory of its bytes.
const CONFIG: Configuration<LittleEndian, Varint, Limit<{ 4 * MAX_HEAD }>> =
    bincode::config::standard().with_limit::<{ 4 * MAX_HEAD }>();

/// A frame that is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The stream could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A message that is too long to be sent.
    #[error("a message is too long: {length} bytes where {limit} are allowed")]
    TooLong {
        /// Its length.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The stream ended within a frame.
    #[error("the connection ended within a message")]
    Truncated,
    /// A head that is not a message.
    #[error("what came is not a message: {0}")]
    Malformed(Box<dyn std::error::Error + Send + Sync>),
}

/// Frames that are going to be sent.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    /// Bytes that have been sent already.
    sent: usize,
}

impl Outbox {
    /// Adds a frame.
    ///
    /// # Errors
    ///
    /// - When the message cannot be encoded or is too long; nothing is added then.
    pub fn push<M: Serialize>(&mut self, message: &M, bulk: &[&[u8]]) -> Result<(), FrameError> {
        let start = self.bytes.len();
        let added = self.try_push(message, bulk);
        if added.is_err() {
            self.bytes.truncate(start);
        }
        added
    }

    fn try_push<M: Serialize>(&mut self, message: &M, bulk: &[&[u8]]) -> Result<(), FrameError> {
        let start = self.bytes.len();
        self.bytes.extend([0; LENGTHS]);
        bincode::serde::encode_into_std_write(message, &mut self.bytes, CONFIG)
            .map_err(|error| FrameError::Malformed(error.into()))?;
        let head = checked(self.bytes.len() - start - LENGTHS, MAX_HEAD)?;
        let n_bulk = checked(bulk.iter().map(|bytes| bytes.len()).sum(), MAX_BULK)?;
        bulk.iter().for_each(|bytes| self.bytes.extend_from_slice(bytes));
        let lengths = &mut self.bytes[start..start + LENGTHS];
        lengths[..4].copy_from_slice(&(head as u32).to_le_bytes());
        lengths[4..].copy_from_slice(&(n_bulk as u64).to_le_bytes());
        Ok(())
    }

    /// Whether there is nothing to be sent.
    pub fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    /// Sends what can be sent; returns whether that was all. To a stream that blocks, it is.
    ///
    /// # Errors
    ///
    /// - When writing fails.
    pub fn flush(&mut self, to: &mut impl Write) -> io::Result<bool> {
        while !self.is_empty() {
            match to.write(&self.bytes[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => self.sent += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.clear();
        self.bytes.shrink_to(ROOM);
        self.sent = 0;
        Ok(true)
    }
}

fn checked(length: usize, limit: usize) -> Result<usize, FrameError> {
    if length <= limit { Ok(length) } else { Err(FrameError::TooLong { length, limit }) }
}

/// Frames that have come.
#[derive(Debug, Default)]
pub struct Inbox {
    /// What has come, and behind it room for more.
    buffer: Vec<u8>,
    /// Where what has come and was not taken lies in the buffer.
    filled: Range<usize>,
}

impl Inbox {
    /// Reads once from the stream; returns whether there is more to come: `false` at its end.
    ///
    /// # Errors
    ///
    /// - When reading fails, or would block.
    pub fn fill(&mut self, from: &mut impl Read) -> io::Result<bool> {
        self.buffer.copy_within(self.filled.clone(), 0);
        self.filled = 0..self.filled.len();
        // Room once made stays, since making it anew would cost more than a short message.
        let room = self.filled.end + READ;
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        } else if room < ROOM && ROOM < self.buffer.len() {
            self.buffer.truncate(ROOM);
            self.buffer.shrink_to_fit();
        }
        let n = from.read(&mut self.buffer[self.filled.end..])?;
        self.filled.end += n;
        Ok(n > 0)
    }

    /// Takes the next frame, if it is there as a whole: the message and its bulk.
    ///
    /// # Errors
    ///
    /// - When it is too long, or its head is no `M`.
    pub fn take<M: DeserializeOwned>(&mut self) -> Result<Option<(M, &[u8])>, FrameError> {
        let Some([head, bulk]) = self.next()? else { return Ok(None) };
        self.filled.start = bulk.end;
        let decoded = bincode::serde::decode_from_slice(&self.buffer[head], CONFIG);
        let (message, _) = decoded.map_err(|error| FrameError::Malformed(error.into()))?;
        Ok(Some((message, &self.buffer[bulk])))
    }

    /// Whether a whole frame is there.
    pub fn has_next(&self) -> bool {
        matches!(self.next(), Ok(Some(_)) | Err(_))
    }

    /// To be called at the end of the stream.
    ///
    /// # Errors
    ///
    /// - When it ended within a frame.
    pub fn end(&self) -> Result<(), FrameError> {
        if self.filled.is_empty() { Ok(()) } else { Err(FrameError::Truncated) }
    }

    /// Where the head and the bulk of the next frame are.
    fn next(&self) -> Result<Option<[Range<usize>; 2]>, FrameError> {
        let rest = &self.buffer[self.filled.clone()];
        let Some((lengths, rest)) = rest.split_first_chunk::<LENGTHS>() else { return Ok(None) };
        let [a, b, c, d, bulk @ ..] = *lengths;
        let length = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
        let head = checked(length(u32::from_le_bytes([a, b, c, d]).into()), MAX_HEAD)?;
        let bulk = checked(length(u64::from_le_bytes(bulk)), MAX_BULK)?;
        if rest.len() < head + bulk {
            return Ok(None);
        }
        let start = self.filled.start + LENGTHS;
        Ok(Some([start..start + head, start + head..start + head + bulk]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Gives a few bytes at a time, and then nothing for a while.
    struct Dripping<'b> {
        bytes: &'b [u8],
        drops: std::iter::Cycle<std::slice::Iter<'b, usize>>,
    }

    impl Read for Dripping<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = *self.drops.next().unwrap_or(&1);
            if n == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let n = n.min(into.len()).min(self.bytes.len());
            into[..n].copy_from_slice(self.bytes.split_off(..n).unwrap());
            Ok(n)
        }
    }

    type Message = (String, Vec<u32>);

    fn all_from(inbox: &mut Inbox, from: &mut impl Read) -> Result<Vec<(Message, Vec<u8>)>, FrameError> {
        let mut all = vec![];
        loop {
            while let Some((message, bulk)) = inbox.take::<Message>()? {
                all.push((message, bulk.to_vec()));
            }
            match inbox.fill(from) {
                Ok(true) => {}
                Ok(false) => return inbox.end().map(|()| all),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    proptest! {
        #[test]
        fn frames_come_whole_however_they_drip(
            frames in vec((any::<Message>(), vec(any::<u8>(), 0..100)), 0..10),
            drops in vec(0_usize..50, 1..10),
        ) {
            prop_assume!(drops.iter().any(|&n| n > 0));
            let mut outbox = Outbox::default();
            for (message, bulk) in &frames {
                let (one, two) = bulk.split_at(bulk.len() / 2);
                outbox.push(message, &[one, two]).unwrap();
            }
            let mut bytes = vec![];
            prop_assert!(outbox.flush(&mut bytes).unwrap() && outbox.is_empty());
            let mut from = Dripping { bytes: &bytes, drops: drops.iter().cycle() };
            prop_assert_eq!(all_from(&mut Inbox::default(), &mut from).unwrap(), frames);
            // A stream that ends too soon is told from one that ends.
            if !bytes.is_empty() {
                let mut from = Dripping { bytes: &bytes[..bytes.len() - 1], drops: drops.iter().cycle() };
                let error = all_from(&mut Inbox::default(), &mut from).unwrap_err();
                prop_assert!(matches!(error, FrameError::Truncated), "{}", error);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(prop_oneof![Just(0), Just(2), any::<u8>()], 0..200)) {
            let _ = all_from(&mut Inbox::default(), &mut &bytes[..]);
        }
    }

    #[test]
    fn lengths_beyond_the_limits_are_refused_before_memory_is_taken() {
        for (head, bulk) in [(u32::MAX, 0), (0, u64::MAX), (MAX_HEAD as u32 + 1, 0), (1, MAX_BULK as u64 + 1)]
        {
            let mut bytes = head.to_le_bytes().to_vec();
            bytes.extend(bulk.to_le_bytes());
            let error = all_from(&mut Inbox::default(), &mut &bytes[..]).unwrap_err();
            assert!(matches!(error, FrameError::TooLong { .. }), "{error}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let mut outbox = Outbox::default();
        outbox.push(&u64::MAX, &[]).unwrap();
        let mut bytes = vec![];
        outbox.flush(&mut bytes).unwrap();
        let error = all_from(&mut Inbox::default(), &mut &bytes[..]).unwrap_err();
        assert!(matches!(error, FrameError::Malformed(_)), "{error}");
    }

    /// Takes few bytes at a time.
    struct Narrow(Vec<u8>, usize);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(ErrorKind::WouldBlock.into());
            }
            let n = bytes.len().min(5);
            self.0.extend_from_slice(&bytes[..n]);
            Ok(n)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_does_not_fit_is_sent_later() {
        let message: Message = ("a message".into(), vec![1, 2, 3]);
        let mut outbox = Outbox::default();
        outbox.push(&message, &[b"bulk"]).unwrap();
        let mut to = Narrow(vec![], 0);
        let mut flushes = 1;
        while !outbox.flush(&mut to).unwrap() {
            flushes += 1;
        }
        assert!(flushes > 1);
        let all = all_from(&mut Inbox::default(), &mut &to.0[..]).unwrap();
        assert_eq!(all, [(message, b"bulk".to_vec())]);
    }
}
