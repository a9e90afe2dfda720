//! The general way through an object: any keys in any order, nested objects taken apart.

use fillwatch_model::limits::NESTING_MAX;

use crate::paths::{Child, FieldId, Paths};
use crate::scan::{self, Fault, Token};

/// What an object holds, flat.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) fields: Vec<FieldId>,
    /// The value of each field.
    pub(crate) tokens: Vec<Token>,
    /// How deep each value lies.
    pub(crate) depths: Vec<u8>,
    /// Keys and values of fields past all limits.
    pub(crate) unnamed: Vec<(Token, Token)>,
}

enum Stop {
    Fault(Fault),
    Again,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

impl Walked {
    /// Reads the object that begins at `start`; returns where it ends.
    pub(crate) fn read(
        &mut self,
        line: &[u8],
        start: usize,
        paths: &mut Paths,
    ) -> Result<usize, Fault> {
        loop {
            self.fields.clear();
            self.tokens.clear();
            self.depths.clear();
            self.unnamed.clear();
            match self.object(line, start, FieldId::ROOT, 0, paths) {
                Ok(end) => return Ok(end),
                Err(Stop::Fault(fault)) => return Err(fault),
                // At most once per object in the line: a collapsed object does not collapse.
                Err(Stop::Again) => {}
            }
        }
    }

    fn object(
        &mut self,
        line: &[u8],
        start: usize,
        parent: FieldId,
        depth: usize,
        paths: &mut Paths,
    ) -> Result<usize, Stop> {
        if depth >= NESTING_MAX {
            return Err(Fault::TooDeep.into());
        }
        let mut at = scan::skip_space(line, start + 1);
        if line.get(at) == Some(&b'}') {
            return Ok(at + 1);
        }
        loop {
            let (key, value_at) = scan::key(line, at)?;
            at = self.member(line, key, value_at, parent, depth, paths)?;
            at = scan::skip_space(line, at);
            match line.get(at) {
                Some(b',') => at = scan::skip_space(line, at + 1),
                Some(b'}') => return Ok(at + 1),
                _ => return Err(Fault::Malformed { expected: "a comma or the end", at }.into()),
            }
        }
    }

    fn member(
        &mut self,
        line: &[u8],
        key: Token,
        at: usize,
        parent: FieldId,
        depth: usize,
        paths: &mut Paths,
    ) -> Result<usize, Stop> {
        let field = match paths.child(parent, key.inner(line)) {
            Child::Known(field) => field,
            Child::NoRoom => {
                let value = scan::value(line, at, depth + 1)?;
                self.unnamed.push((key, value));
                return Ok(value.end as usize);
            }
            Child::Collapsed => return Err(Stop::Again),
        };
        if line.get(at) == Some(&b'{') && !stays_json(line, at, field, paths) {
            return self.object(line, at, field, depth + 1, paths);
        }
        let value = scan::value(line, at, depth + 1)?;
        self.fields.push(field);
        self.tokens.push(value);
        self.depths.push(depth as u8);
        Ok(value.end as usize)
    }
}

/// Whether the object that begins at `at` is a value: it has no fields, or is keyed by data.
pub(crate) fn stays_json(line: &[u8], at: usize, field: FieldId, paths: &Paths) -> bool {
    line.get(scan::skip_space(line, at + 1)) == Some(&b'}') || paths.is_collapsed(field)
}
