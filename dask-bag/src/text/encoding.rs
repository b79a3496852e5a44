//! Encodings of text, and what of them matters where text is cut into lines before it is decoded.
//!
//! Lines are cut from the bytes as they lie in the file, so that a file can be read from its middle. That is
//! right for every encoding in which the bytes of a delimiter are nothing else anywhere: for UTF-8 (no
//! character's bytes are inside another's), for those with one byte a character, for UTF-16 at even places, and
//! for the old ones with several bytes a character as long as the delimiter has no byte that may be the second
//! half of a character (0x30 and above). Others are refused.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::EncodingError;

/// An encoding in which lines can be cut and decoded one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding(&'static encoding_rs::Encoding);

impl Default for Encoding {
    fn default() -> Self {
        Self(UTF_8)
    }
}

impl Encoding {
    /// The encoding of a label of the WHATWG's Encoding Standard.
    pub(crate) fn for_label(label: &str) -> Result<Self, EncodingError> {
        match encoding_rs::Encoding::for_label(label.as_bytes()) {
            // The state that a line leaves behind decides what the bytes of the next one mean.
            Some(encoding) if encoding == ISO_2022_JP => Err(EncodingError::Stateful { label: label.into() }),
            Some(encoding) if encoding != REPLACEMENT => Ok(Self(encoding)),
            _ => Err(EncodingError::Unknown { label: label.into() }),
        }
    }

    /// The name in the standard.
    pub(crate) fn name(self) -> &'static str {
        self.0.name()
    }

    pub(crate) fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    /// Characters begin at multiples of so many bytes.
    pub(crate) fn unit(self) -> usize {
        if self.is_utf16() { 2 } else { 1 }
    }

    fn is_utf16(self) -> bool {
        self.0 == UTF_16LE || self.0 == UTF_16BE
    }

    /// The encoding of a file that begins with `head`, and the length of the byte order mark there.
    ///
    /// A mark decides between the two forms of UTF-16, whatever was said.
    pub(crate) fn of_head(self, head: &[u8]) -> (Self, usize) {
        match encoding_rs::Encoding::for_bom(head) {
            Some((encoding, length)) if encoding == self.0 => (self, length),
            Some((encoding, length)) if self.is_utf16() && encoding != UTF_8 => (Self(encoding), length),
            _ => (self, 0),
        }
    }

    /// The bytes of `text` in this encoding, where these can be nothing but `text` in any line.
    pub(crate) fn delimiter(self, text: &[u8]) -> Result<Vec<u8>, EncodingError> {
        if text.is_empty() {
            return Err(EncodingError::EmptyDelimiter);
        }
        if self.is_utf8() {
            return Ok(text.to_vec());
        }
        let refused = || EncodingError::Delimiter {
            delimiter: String::from_utf8_lossy(text).into_owned(),
            encoding: self.name(),
        };
        let text = std::str::from_utf8(text).map_err(|_| refused())?;
        if self.is_utf16() {
            let bytes = |unit: u16| if self.0 == UTF_16LE { unit.to_le_bytes() } else { unit.to_be_bytes() };
            return Ok(text.encode_utf16().flat_map(bytes).collect());
        }
        let (bytes, _, unmapped) = self.0.encode(text);
        if unmapped || (!self.0.is_single_byte() && bytes.iter().any(|&byte| byte >= 0x30)) {
            return Err(refused());
        }
        Ok(bytes.into_owned())
    }

    /// The text of a line; the position of the first byte that is none, if there is one.
    pub(crate) fn decode(self, line: &[u8]) -> Result<Cow<'_, str>, usize> {
        if self.is_utf8() {
            return std::str::from_utf8(line).map(Cow::Borrowed).map_err(|e| e.valid_up_to());
        }
        let text = self.0.decode_without_bom_handling_and_without_replacement(line);
        text.ok_or_else(|| self.first_bad(line))
    }

    /// The text of a line, with `�` for bytes that are none.
    pub(crate) fn decode_lossy(self, line: &[u8]) -> Cow<'_, str> {
        self.0.decode_without_bom_handling(line).0
    }

    /// Appends `text` in this encoding; the first character that it lacks, if there is one.
    pub(crate) fn encode(self, text: &str, to: &mut Vec<u8>) -> Result<(), char> {
        if self.is_utf16() {
            let bytes = |unit: u16| if self.0 == UTF_16LE { unit.to_le_bytes() } else { unit.to_be_bytes() };
            to.extend(text.encode_utf16().flat_map(bytes));
            return Ok(());
        }
        let (bytes, _, unmapped) = self.0.encode(text);
        if unmapped {
            let lacks = |c: &char| self.0.encode(c.encode_utf8(&mut [0; 4])).2;
            return Err(text.chars().find(lacks).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        to.extend_from_slice(&bytes);
        Ok(())
    }

    #[cold]
    fn first_bad(self, line: &[u8]) -> usize {
        let mut decoder = self.0.new_decoder_without_bom_handling();
        let mut text = [0; 1024];
        let mut at = 0;
        loop {
            let (result, read, _) = decoder.decode_to_utf8_without_replacement(&line[at..], &mut text, true);
            at += read;
            match result {
                DecoderResult::Malformed(bad, after) => {
                    return at.saturating_sub(usize::from(bad) + usize::from(after));
                }
                DecoderResult::OutputFull => {}
                DecoderResult::InputEmpty => return at,
            }
        }
    }
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::for_label(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Whether two occurrences of `delimiter` can overlap: then what is one depends on where reading begins.
pub(crate) fn overlaps_itself(delimiter: &[u8]) -> bool {
    (1..delimiter.len()).any(|shift| delimiter[shift..] == delimiter[..delimiter.len() - shift])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(label: &str) -> Encoding {
        Encoding::for_label(label).unwrap()
    }

    #[test]
    fn delimiters_are_text_that_can_be_nothing_else() {
        assert_eq!(encoding("utf-16le").delimiter("\nä".as_bytes()).unwrap(), [10, 0, 0xe4, 0]);
        assert_eq!(encoding("utf-16be").delimiter(b"\n").unwrap(), [0, 10]);
        assert_eq!(encoding("latin1").delimiter("§".as_bytes()).unwrap(), [0xa7]);
        assert_eq!(encoding("utf-8").delimiter(&[0xff]).unwrap(), [0xff]);
        assert_eq!(encoding("shift_jis").delimiter(b"\r\n").unwrap(), b"\r\n");
        // The second byte of many a character in Shift_JIS.
        assert!(encoding("shift_jis").delimiter(b"|").is_err());
        assert!(encoding("latin1").delimiter("日".as_bytes()).is_err());
        assert!(encoding("latin1").delimiter(&[0xff]).is_err());
        assert!(encoding("utf-8").delimiter(b"").is_err());
    }

    #[test]
    fn labels_with_a_state_or_no_meaning_are_refused() {
        assert!(matches!(Encoding::for_label("iso-2022-jp"), Err(EncodingError::Stateful { .. })));
        assert!(matches!(Encoding::for_label("hz-gb-2312"), Err(EncodingError::Unknown { .. })));
        assert!(matches!(Encoding::for_label("utf-17"), Err(EncodingError::Unknown { .. })));
    }

    #[test]
    fn the_first_bad_byte_is_found() {
        assert_eq!(encoding("utf-8").decode(b"ab\xff"), Err(2));
        assert_eq!(encoding("utf-16le").decode(b"a\0\x00\xdcb\0"), Err(2));
        assert_eq!(encoding("utf-16le").decode(b"a\0b"), Err(2));
        assert_eq!(encoding("shift_jis").decode(b"a\x83\x41b\xff"), Err(4));
        let long = [vec![b'x'; 5000], vec![0xff]].concat();
        assert_eq!(encoding("gbk").decode(&long), Err(5000));
    }

    #[test]
    fn characters_that_an_encoding_lacks_are_told() {
        let mut bytes = Vec::new();
        assert_eq!(encoding("latin1").encode("é", &mut bytes), Ok(()));
        assert_eq!(encoding("latin1").encode("a日b", &mut bytes), Err('日'));
        assert_eq!(bytes, [0xe9]);
    }

    #[test]
    fn overlaps_are_seen() {
        for (delimiter, overlaps) in [("\n", false), ("\r\n", false), ("\n\n", true), ("aba", true)] {
            assert_eq!(overlaps_itself(delimiter.as_bytes()), overlaps, "{delimiter:?}");
        }
    }
}
