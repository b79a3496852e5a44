//! Kinds of characters, as Python tells them apart.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

use regex::Regex;

use super::case::{is_cased, is_title};

/// What all characters of a text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Class {
    Letters,
    LettersOrNumbers,
    Decimals,
    Digits,
    Numbers,
    Spaces,
    Lower,
    Upper,
    Title,
}

/// Digits that are no decimal numbers: superscripts, circled digits and the like.
const DIGITS: &str = r"\x{b2}\x{b3}\x{b9}\x{1369}-\x{1371}\x{19da}\x{2070}\x{2074}-\x{2079}\x{2080}-\x{2089}\x{2460}-\x{2468}\x{2474}-\x{247c}\x{2488}-\x{2490}\x{24ea}\x{24f5}-\x{24fd}\x{24ff}\x{2776}-\x{277e}\x{2780}-\x{2788}\x{278a}-\x{2792}\x{10a40}-\x{10a43}\x{10e60}-\x{10e68}\x{11052}-\x{1105a}\x{1f100}-\x{1f10a}";

/// Letters that are numbers: those of Chinese.
const NUMERALS: &str = r"㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳贰阡陆陌陸零\x{f96b}\x{f973}\x{f978}\x{f9b2}\x{f9d1}\x{f9d3}\x{f9fd}\x{20001}\x{20064}\x{200e2}\x{20121}\x{2092a}\x{20983}\x{2098c}\x{2099c}\x{20aea}\x{20afd}\x{20b19}\x{22390}\x{22998}\x{23b1b}\x{2626d}\x{2f890}";

fn every(class: &str) -> Regex {
    Regex::new(&format!(r"\A[{class}]+\z")).expect("the classes are written here")
}

static LETTERS: LazyLock<Regex> = LazyLock::new(|| every(r"\p{L}"));
static LETTERS_OR_NUMBERS: LazyLock<Regex> = LazyLock::new(|| every(&format!(r"\p{{L}}\p{{N}}{NUMERALS}")));
static DECIMALS: LazyLock<Regex> = LazyLock::new(|| every(r"\p{Nd}"));
static DIGITS_AND_DECIMALS: LazyLock<Regex> = LazyLock::new(|| every(&format!(r"\p{{Nd}}{DIGITS}")));
static NUMBERS: LazyLock<Regex> = LazyLock::new(|| every(&format!(r"\p{{N}}{NUMERALS}")));

/// Whether a character is whitespace to Python, which counts the separators of ASCII, too.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

impl Class {
    pub(super) fn word(self) -> &'static str {
        match self {
            Class::Letters => "str.isalpha",
            Class::LettersOrNumbers => "str.isalnum",
            Class::Decimals => "str.isdecimal",
            Class::Digits => "str.isdigit",
            Class::Numbers => "str.isnumeric",
            Class::Spaces => "str.isspace",
            Class::Lower => "str.islower",
            Class::Upper => "str.isupper",
            Class::Title => "str.istitle",
        }
    }

    /// Returns whether the text is not empty and all of it of the class.
    pub(super) fn holds(self, text: &str) -> bool {
        match self {
            Class::Letters => LETTERS.is_match(text),
            Class::LettersOrNumbers => LETTERS_OR_NUMBERS.is_match(text),
            Class::Decimals => DECIMALS.is_match(text),
            Class::Digits => DIGITS_AND_DECIMALS.is_match(text),
            Class::Numbers => NUMBERS.is_match(text),
            Class::Spaces => !text.is_empty() && text.chars().all(is_space),
            // Characters without case do not matter, but one with it there must be.
            Class::Lower => {
                text.chars().any(char::is_lowercase) && !text.chars().any(|c| c.is_uppercase() || is_title(c))
            }
            Class::Upper => {
                text.chars().any(char::is_uppercase) && !text.chars().any(|c| c.is_lowercase() || is_title(c))
            }
            Class::Title => {
                let (mut before_is_cased, mut any) = (false, false);
                for c in text.chars() {
                    let begins = c.is_uppercase() || is_title(c);
                    if begins == before_is_cased && is_cased(c) {
                        return false;
                    }
                    before_is_cased = is_cased(c);
                    any |= before_is_cased;
                }
                any
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers are Python's.
    #[test]
    fn classes_are_pythons() {
        let all = [
            (Class::Letters, "aé日ªǅ", "aⅷ"),
            (Class::LettersOrNumbers, "a1½ⅷ五", "a b"),
            (Class::Decimals, "1٣", "²"),
            (Class::Digits, "1²①", "½"),
            (Class::Numbers, "½ⅷ五1", "a1"),
            (Class::Spaces, " \u{1f}\u{a0}\u{2003}", " x"),
            (Class::Lower, "x-ray 9", "xA"),
            (Class::Upper, "X-RAY 9", "ǅ"),
            (Class::Title, "They'Re ǅa 1", "TheY"),
        ];
        for (class, yes, no) in all {
            assert!(class.holds(yes), "{class:?} {yes}");
            assert!(!class.holds(no), "{class:?} {no}");
            assert!(!class.holds(""), "{class:?} of nothing");
        }
    }
}
