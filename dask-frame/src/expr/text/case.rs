//! Upper, lower, title and folded case, as Python has them.
//!
//! The standard library maps to upper and lower case in full. Title case and case folding follow from these
//! but for the characters named here.

/// Writes the character in title case: as the first of a word.
pub(super) fn push_title(c: char, to: &mut String) {
    match c {
        'Ǆ'..='ǆ' => to.push('ǅ'),
        'Ǉ'..='ǉ' => to.push('ǈ'),
        'Ǌ'..='ǌ' => to.push('ǋ'),
        'Ǳ'..='ǳ' => to.push('ǲ'),
        'ŉ' => to.push_str("ʼN"),
        // Georgian has capitals that words do not begin with.
        '\u{10d0}'..='\u{10ff}' => to.push(c),
        // Greek with an iota below: the iota stays below.
        '\u{1f80}'..='\u{1faf}' => to.extend(char::from_u32(c as u32 | 8)),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => to.extend(char::from_u32(c as u32 + 9)),
        '\u{1fbc}' | '\u{1fcc}' | '\u{1ffc}' => to.push(c),
        '\u{1fb2}' | '\u{1fb4}' | '\u{1fb7}' | '\u{1fc2}' | '\u{1fc4}' | '\u{1fc7}' | '\u{1ff2}'
        | '\u{1ff4}' | '\u{1ff7}' => {
            to.extend(c.to_uppercase().map(|c| if c == 'Ι' { '\u{345}' } else { c }))
        }
        _ => {
            let mut upper = c.to_uppercase();
            to.extend(upper.next());
            to.extend(upper.flat_map(char::to_lowercase));
        }
    }
}

/// Whether the character has a case.
pub(super) fn is_cased(c: char) -> bool {
    c.is_uppercase() || c.is_lowercase() || is_title(c)
}

/// Whether the character is in title case: the digraphs, and Greek capitals with an iota.
pub(super) fn is_title(c: char) -> bool {
    matches!(
        c,
        'ǅ' | 'ǈ'
            | 'ǋ'
            | 'ǲ'
            | '\u{1f88}'..='\u{1f8f}'
            | '\u{1f98}'..='\u{1f9f}'
            | '\u{1fa8}'..='\u{1faf}'
            | '\u{1fbc}'
            | '\u{1fcc}'
            | '\u{1ffc}'
    )
}

/// Writes each word, a run of characters that have a case, with a title and lower case behind it.
pub(super) fn title(text: &str, to: &mut String) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if !is_cased(c) {
            to.push(c);
            rest = after;
            continue;
        }
        push_title(c, to);
        let end = after.find(|c| !is_cased(c)).unwrap_or(after.len());
        // In lower case a sigma that ends a word looks different: the word is mapped with what is before it.
        let word = &rest[..c.len_utf8() + end];
        to.extend(word.to_lowercase().chars().skip(c.to_lowercase().count()));
        rest = &after[end..];
    }
}

pub(super) fn capitalize(text: &str, to: &mut String) {
    let Some(c) = text.chars().next() else { return };
    push_title(c, to);
    to.extend(text.to_lowercase().chars().skip(c.to_lowercase().count()));
}

pub(super) fn swap(text: &str, to: &mut String) {
    for (at, c) in text.char_indices() {
        match c {
            'Σ' => to.push_str(&final_or_not(text, at)),
            _ if c.is_uppercase() => to.extend(c.to_lowercase()),
            _ if c.is_lowercase() => to.extend(c.to_uppercase()),
            _ => to.push(c),
        }
    }
}

/// The lower case of the sigma at `at`, which depends on whether it ends a word.
fn final_or_not(text: &str, at: usize) -> String {
    let sigma =
        text[..at].chars().map(|c| c.to_lowercase().map(char::len_utf8).sum::<usize>()).sum::<usize>();
    text.to_lowercase()[sigma..].chars().take(1).collect()
}

/// Writes the text as it is compared when case does not matter: the full case folding of Unicode.
pub(super) fn fold(text: &str, to: &mut String) {
    for c in text.chars() {
        match c {
            'ı' => to.push(c),
            // Cherokee had capitals first, and folds to them.
            '\u{13a0}'..='\u{13fd}' | '\u{ab70}'..='\u{abbf}' => to.extend(c.to_uppercase()),
            _ => to.extend(c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(f: fn(&str, &mut String), text: &str, expected: &str) {
        let mut got = String::new();
        f(text, &mut got);
        assert_eq!(got, expected, "of {text}");
    }

    /// The answers are Python's.
    #[test]
    fn cases_are_pythons() {
        check(title, "they're bill's 1st ǆungla ßtraße", "They'Re Bill'S 1St ǅungla Sstraße");
        check(title, "ΟΔΥΣΣΕΥΣ ΣΟΦΟΣ", "Οδυσσευς Σοφος");
        check(title, "ᾳ ŉa", "ᾼ ʼNa");
        check(capitalize, "éCLAIR À la", "Éclair à la");
        check(capitalize, "", "");
        check(swap, "Straße ΟΔΟΣ", "sTRASSE οδος");
        check(fold, "Straße ΟΔΟΣ ﬁ İ ı", "strasse οδοσ fi i̇ ı");
        check(fold, "ꭰᏸ", "ᎠᏰ");
    }
}
