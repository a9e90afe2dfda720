//! Names and phrases as lists of words: `BuyOrderCreatedEvent`, `ORDER_FILLED` and `order filled`
//! are the same few words.

/// The words of `text` in lower case, joined with `_`. A word ends where letters do and where a
/// capital follows a small letter. Reads no more than `words_max` words.
pub(crate) fn snake(text: &str, words_max: usize) -> String {
    let mut snake = String::with_capacity(text.len() + 4);
    let mut words = 0;
    let mut in_word = false;
    let mut after_small = false;
    for character in text.chars() {
        if !character.is_alphanumeric() {
            in_word = false;
            continue;
        }
        if !in_word || (after_small && character.is_uppercase()) {
            if words == words_max {
                break;
            }
            if words > 0 {
                snake.push('_');
            }
            words += 1;
        }
        in_word = true;
        after_small = character.is_lowercase() || character.is_numeric();
        snake.extend(character.to_lowercase());
    }
    snake
}

/// Where the `count`th word of `text` ends, as [`snake`] counts them.
pub(crate) fn words_end(text: &str, count: usize) -> usize {
    let (mut words, mut end) = (0, 0);
    let (mut in_word, mut after_small) = (false, false);
    for (at, character) in text.char_indices() {
        let is_word = character.is_alphanumeric();
        if is_word && (!in_word || (after_small && character.is_uppercase())) {
            words += 1;
        }
        if words > count || (words == count && !is_word) {
            return end;
        }
        in_word = is_word;
        after_small = character.is_lowercase() || character.is_numeric();
        end = at + character.len_utf8();
    }
    text.len()
}

/// The letters and digits of a name in lower case: what is left when everybody's way of joining
/// words (`fill_price`, `fillPrice`, `fill.price`, `@fill-price`) is taken out. In the one- and
/// two-letter names of Serilog (`@x`, `@mt`) the sign stays: without it they mean something else.
pub(crate) fn squash(name: &str) -> String {
    if name.starts_with('@') && name.len() <= 3 {
        return name.to_lowercase();
    }
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_they_are_joined() {
        let check = |text, expected: &str| assert_eq!(snake(text, 6), expected);
        check("BuyOrderCreatedEvent", "buy_order_created_event");
        check("ORDER_FILLED", "order_filled");
        check("Order filled: 100 AAPL @ 150.25", "order_filled_100_aapl_150_25");
        check("ws-idle.alert", "ws_idle_alert");
        check("  ", "");
        assert_eq!(snake("one two three", 2), "one_two");
    }

    #[test]
    fn words_have_an_end() {
        let check = |text: &str, count, expected: &str| {
            assert_eq!(&text[..words_end(text, count)], expected);
        };
        check("Order filled: 100 AAPL", 2, "Order filled");
        check("OrderFilled(x=1)", 2, "OrderFilled");
        check("Heartbeat", 1, "Heartbeat");
        check("[x] Order filled", 3, "[x] Order filled");
    }

    #[test]
    fn names_are_squashed() {
        assert_eq!(squash("@fill-Price.usd"), "fillpriceusd");
        assert_eq!(squash("@X"), "@x");
    }
}
