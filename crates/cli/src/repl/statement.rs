//! Where a statement ends: at a `;` that is not inside a text, a quoted name or a comment.

/// Typed text, cut into statements.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statements<'a> {
    /// Each without its `;`. None is blank.
    pub(crate) whole: Vec<&'a str>,
    /// What follows the last `;`.
    pub(crate) rest: &'a str,
}

/// Cuts `text` after each `;`.
pub(crate) fn split(text: &str) -> Statements<'_> {
    let mut whole = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(next) = text.as_bytes().get(at) {
        if *next == b';' {
            whole.push(text[start..at].trim());
            start = at + 1;
        }
        at += token_len(&text.as_bytes()[at..]);
    }
    whole.retain(|statement| !is_blank(statement));
    Statements { whole, rest: text[start..].trim() }
}

/// Whether there is nothing to run in it: white space and comments.
pub(crate) fn is_blank(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let comment = bytes[at..].starts_with(b"--") || bytes[at..].starts_with(b"/*");
        if !comment && !bytes[at].is_ascii_whitespace() {
            return false;
        }
        at += token_len(&bytes[at..]);
    }
    true
}

/// The length of what begins here: a text, a quoted name or a comment as a whole, else one byte.
/// What is not closed reaches to the end.
fn token_len(bytes: &[u8]) -> usize {
    match bytes {
        [quote @ (b'\'' | b'"'), rest @ ..] => {
            after(rest, &[*quote]).map_or(bytes.len(), |at| at + 1)
        }
        [b'-', b'-', rest @ ..] => after(rest, b"\n").map_or(bytes.len(), |at| at + 2),
        [b'/', b'*', rest @ ..] => after(rest, b"*/").map_or(bytes.len(), |at| at + 2),
        _ => 1,
    }
}

/// The position after the first `end`. A doubled quote ends one text and begins the next, which
/// comes to the same.
fn after(bytes: &[u8], end: &[u8]) -> Option<usize> {
    bytes.windows(end.len()).position(|window| window == end).map(|at| at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, whole: &[&str], rest: &str) {
        assert_eq!(split(text), Statements { whole: whole.to_vec(), rest });
    }

    #[test]
    fn a_semicolon_ends_a_statement() {
        check("select 1;", &["select 1"], "");
        check("select 1; select\n2 ; select 3", &["select 1", "select\n2"], "select 3");
        check(";;", &[], "");
    }

    #[test]
    fn a_semicolon_inside_something_does_not() {
        check("select ';' as \"a;b\";", &["select ';' as \"a;b\""], "");
        check("select 'it''s; fine';", &["select 'it''s; fine'"], "");
        check("select 1 -- one; two\n;", &["select 1 -- one; two"], "");
        check("select /* ; */ 1;", &["select /* ; */ 1"], "");
        check("select 'open; ", &[], "select 'open;");
    }

    #[test]
    fn comments_alone_are_nothing_to_run() {
        check("-- later\n; /* never */;", &[], "");
        assert!(is_blank(" \n-- a"));
        assert!(!is_blank("- a"));
    }
}
