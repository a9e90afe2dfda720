//! Lines that can be told apart, and the account of who has seen them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Numbered lines. Each says its number and carries a checksum, so that a line that was torn, or
/// put together from two, is none of ours.
#[derive(Clone, Debug, Default)]
pub struct Account {
    written: u64,
    read: BTreeMap<u64, u64>,
    excused: BTreeMap<u64, &'static str>,
    torn: Vec<String>,
}

/// What became of the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Lines written.
    pub written: u64,
    /// Numbers of lines that were not read and not excused.
    pub lost: Vec<u64>,
    /// Numbers of lines that were read more than once.
    pub doubled: Vec<u64>,
    /// What was read and is no line of ours.
    pub torn: Vec<String>,
}

impl Account {
    /// The next line, with its newline. Its length varies with its number.
    pub fn next_line(&mut self) -> Vec<u8> {
        let filler = "·".repeat((self.written.wrapping_mul(7919) % 23) as usize);
        self.line_with(&filler)
    }

    /// The next line, so long that it has `len` bytes with its newline; as short as a line can be
    /// if that is longer.
    pub fn next_line_of(&mut self, len: usize) -> Vec<u8> {
        let shortest = self.clone().line_with("").len();
        self.line_with(&"x".repeat(len.saturating_sub(shortest)))
    }

    fn line_with(&mut self, filler: &str) -> Vec<u8> {
        let number = self.written;
        self.written += 1;
        let text = format!("{{\"n\":{number},\"x\":\"{filler}\"}}");
        let mut line = format!("{text}{:016x}", checksum(text.as_bytes())).into_bytes();
        line.push(b'\n');
        line
    }

    /// The number of the line written last.
    pub fn last(&self) -> Option<u64> {
        self.written.checked_sub(1)
    }

    /// The number of a whole line, with or without its newline; `None` if it is none of ours.
    pub fn number(line: &[u8]) -> Option<u64> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let (text, sum) = line.split_at_checked(line.len().checked_sub(16)?)?;
        let sum = u64::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
        let digits = text.strip_prefix(b"{\"n\":")?;
        let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
        let number = std::str::from_utf8(&digits[..end]).ok()?.parse().ok()?;
        (checksum(text) == sum).then_some(number)
    }

    /// All that was read is forgotten again, except these numbers.
    pub fn go_back_to(&mut self, read: &BTreeSet<u64>) {
        self.read = read.iter().map(|number| (*number, 1)).collect();
    }

    /// The numbers of the lines that were read.
    pub fn numbers_read(&self) -> BTreeSet<u64> {
        self.read.keys().copied().collect()
    }

    /// A reader has seen these whole lines.
    pub fn read(&mut self, lines: &[u8]) {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            match Account::number(line) {
                Some(number) => *self.read.entry(number).or_default() += 1,
                None => self.torn.push(String::from_utf8_lossy(line).into_owned()),
            }
        }
    }

    /// Nobody can be asked to have read this line.
    pub fn excuse(&mut self, number: u64, why: &'static str) {
        self.excused.insert(number, why);
    }

    /// Whether a line was read.
    pub fn has_read(&self, number: u64) -> bool {
        self.read.contains_key(&number)
    }

    /// What became of the lines.
    pub fn verdict(&self) -> Verdict {
        let unread =
            |number: &u64| !self.read.contains_key(number) && !self.excused.contains_key(number);
        Verdict {
            written: self.written,
            lost: (0..self.written).filter(unread).collect(),
            doubled: self.read.iter().filter(|(_, times)| **times > 1).map(|(n, _)| *n).collect(),
            torn: self.torn.clone(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.written == 1 { "" } else { "s" };
        write!(f, "{} line{plural}", self.written)?;
        if self.lost.is_empty() && self.doubled.is_empty() && self.torn.is_empty() {
            return f.write_str(", each once");
        }
        if !self.lost.is_empty() {
            write!(f, ", lost {:?}", self.lost)?;
        }
        if !self.doubled.is_empty() {
            write!(f, ", doubled {:?}", self.doubled)?;
        }
        if !self.torn.is_empty() {
            write!(f, ", torn {:?}", self.torn)?;
        }
        Ok(())
    }
}

/// FNV-1a: no code shared with anything under test.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_what_is_lost_doubled_and_torn() {
        let mut account = Account::default();
        let lines: Vec<Vec<u8>> = (0..4).map(|_| account.next_line()).collect();
        account.read(&lines[0]);
        account.read(&[&lines[1][..], &lines[1][..]].concat());
        account.read(&lines[2][3..]);
        account.excuse(3, "nobody could");
        let verdict = account.verdict();
        assert_eq!((verdict.lost, verdict.doubled), (vec![2], vec![1]));
        assert_eq!(verdict.torn.len(), 1);
    }
}
