//! Words in lines.

/// `a, b or c`
pub(crate) fn listed(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

/// `text` in lines of at most `width` characters, all but the first indented. A word that is
/// longer has a line of its own.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut lines = String::new();
    let mut used = indent;
    for word in text.split_whitespace() {
        let long = word.chars().count();
        if used > indent && used + 1 + long > width {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            used = indent;
        } else if used > indent {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += long;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrapped("one two  three", 2, 9), "one two\n  three");
        assert_eq!(wrapped("unbreakable x", 2, 9), "unbreakable\n  x");
        assert_eq!(wrapped("", 2, 9), "");
    }

    #[test]
    fn the_last_is_set_apart() {
        let items =
            |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
        assert_eq!(listed(&items(&["a", "b", "c"]), "or"), "a, b or c");
        assert_eq!(listed(&items(&["a"]), "or"), "a");
        assert_eq!(listed(&[], "or"), "");
    }
}
