//! The subscripts of `einsum`.

use super::contract::Label;

/// Labels of the axes of operands and result.
#[derive(Debug, PartialEq)]
pub(super) struct Subscripts {
    pub(super) operands: Vec<Vec<Label>>,
    pub(super) out: Vec<Label>,
}

/// One term as it is written: letters before and behind the axes that `...` stands for.
struct Term<'a> {
    before: &'a str,
    /// None: there is no ellipsis.
    behind: Option<&'a str>,
}

/// Where the labels of axes begin that `...` stands for: behind all letters.
const ELLIPSIS: Label = 0x100;

impl Subscripts {
    /// Reads subscripts for operands with so many axes; the error is the reason.
    pub(super) fn new(text: &str, ndims: &[usize]) -> Result<Self, String> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (operands, out) = match text.split_once("->") {
            Some((operands, out)) => (operands, Some(out)),
            None => (&text[..], None),
        };
        let terms = operands.split(',').map(Term::new).collect::<Result<Vec<_>, _>>()?;
        if terms.len() != ndims.len() {
            return Err(format!("there are {} terms for {} arrays", terms.len(), ndims.len()));
        }
        // The axes of ellipses are matched from the last one.
        let hidden =
            terms.iter().zip(ndims).map(|(term, &ndim)| term.hidden(ndim)).collect::<Result<Vec<_>, _>>()?;
        let most = hidden.iter().copied().max().unwrap_or(0);
        let operands: Vec<Vec<Label>> =
            terms.iter().zip(&hidden).map(|(term, &hidden)| term.labels(most, hidden)).collect();
        let out = match out {
            Some(out) => explicit(&Term::new(out)?, most, &operands)?,
            None => implicit(most, &operands),
        };
        Ok(Self { operands, out })
    }

    /// A label as it was written.
    pub(super) fn name(label: Label) -> String {
        let letter = u8::try_from(label).ok().map(char::from);
        letter.map_or("...".into(), |letter| letter.to_string())
    }
}

fn explicit(term: &Term<'_>, most: usize, operands: &[Vec<Label>]) -> Result<Vec<Label>, String> {
    if term.behind.is_none() && most > 0 {
        return Err("axes of `...` are in the operands and not in the result".into());
    }
    let out = term.labels(most, most);
    for (at, label) in out.iter().enumerate() {
        let name = Subscripts::name(*label);
        if out[..at].contains(label) {
            return Err(format!("`{name}` stands twice in the result"));
        }
        if !operands.iter().any(|labels| labels.contains(label)) {
            return Err(format!("`{name}` is in the result and in no operand"));
        }
    }
    Ok(out)
}

/// Without an arrow: the axes of ellipses, then all that stands once, in the order of the alphabet.
fn implicit(most: usize, operands: &[Vec<Label>]) -> Vec<Label> {
    let mut all: Vec<Label> = operands.iter().flatten().copied().filter(|&label| label < ELLIPSIS).collect();
    all.sort_unstable();
    let once = all.chunk_by(|a, b| a == b).filter(|run| run.len() == 1).map(|run| run[0]);
    (0..most as Label).map(|axis| ELLIPSIS + axis).chain(once).collect()
}

impl<'a> Term<'a> {
    fn new(text: &'a str) -> Result<Self, String> {
        let (before, behind) = match text.split_once("...") {
            Some((before, behind)) => (before, Some(behind)),
            None => (text, None),
        };
        let strange = |c: &char| !c.is_ascii_alphabetic();
        match before.chars().chain(behind.unwrap_or_default().chars()).find(strange) {
            Some(c) => Err(format!("`{c}` is no letter")),
            None => Ok(Self { before, behind }),
        }
    }

    /// The number of axes of an array with `ndim` that `...` stands for.
    fn hidden(&self, ndim: usize) -> Result<usize, String> {
        let letters = self.before.len() + self.behind.unwrap_or_default().len();
        match ndim.checked_sub(letters) {
            Some(0) => Ok(0),
            Some(hidden) if self.behind.is_some() => Ok(hidden),
            _ => Err(format!("the term `{self}` has {letters} letters, its array {ndim} axes")),
        }
    }

    /// The labels, if `...` stands for the last `hidden` of `most` axes.
    fn labels(&self, most: usize, hidden: usize) -> Vec<Label> {
        let letters = |text: &str| text.bytes().map(Label::from).collect::<Vec<_>>();
        let mut labels = letters(self.before);
        if let Some(behind) = self.behind {
            labels.extend((most - hidden..most).map(|axis| ELLIPSIS + axis as Label));
            labels.extend(letters(behind));
        }
        labels
    }
}

impl std::fmt::Display for Term<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.behind {
            Some(behind) => write!(f, "{}...{behind}", self.before),
            None => f.write_str(self.before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, ndims: &[usize]) -> (Vec<String>, String) {
        let text_of = |labels: &Vec<Label>| {
            let letter = |&label: &Label| match label.checked_sub(ELLIPSIS) {
                Some(axis) => axis.to_string(),
                None => Subscripts::name(label),
            };
            labels.iter().map(letter).collect::<String>()
        };
        let read = Subscripts::new(text, ndims).unwrap();
        (read.operands.iter().map(text_of).collect(), text_of(&read.out))
    }

    #[test]
    fn results_are_read_or_follow() {
        let case =
            |operands: &[&str], out: &str| (operands.iter().map(|x| (*x).into()).collect(), out.into());
        assert_eq!(read("ij,jk->ki", &[2, 2]), case(&["ij", "jk"], "ki"));
        assert_eq!(read(" b a ", &[2]), case(&["ba"], "ab"));
        assert_eq!(read("ij,jk", &[2, 2]), case(&["ij", "jk"], "ik"));
        assert_eq!(read("ii", &[2]), case(&["ii"], ""));
        assert_eq!(read("...ij,...j", &[4, 2]), case(&["01ij", "1j"], "01i"));
        assert_eq!(read("i...->...", &[3]), case(&["i01"], "01"));
        assert_eq!(read("...,...", &[0, 1]), case(&["", "0"], "0"));
        assert_eq!(read("->", &[0]), case(&[""], ""));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = |text: &str, ndims: &[usize]| Subscripts::new(text, ndims).unwrap_err();
        assert_eq!(error("ij,jk", &[2]), "there are 2 terms for 1 arrays");
        assert_eq!(error("ij", &[3]), "the term `ij` has 2 letters, its array 3 axes");
        assert_eq!(error("...ij", &[1]), "the term `...ij` has 2 letters, its array 1 axes");
        assert_eq!(error("i1", &[2]), "`1` is no letter");
        assert_eq!(error("i->i->i", &[1]), "`-` is no letter");
        assert_eq!(error("ij->ii", &[2]), "`i` stands twice in the result");
        assert_eq!(error("ij->k", &[2]), "`k` is in the result and in no operand");
        assert_eq!(error("...i->i", &[2]), "axes of `...` are in the operands and not in the result");
    }
}
