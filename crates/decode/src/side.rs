//! Which side of a trade: `yes`, `no`, `buy`, `sell`, `long` or `short` where that is beyond doubt,
//! else the log's own word.

/// What a word for a side means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Known(&'static str),
    /// Selling what pays on *no*. Whether its price is that of *yes* or of *no* decides the sign
    /// of its slippage, and only the bot knows.
    SellNo,
}

/// The side that `text` names, if it names one.
pub(crate) fn in_text(text: &[u8]) -> Option<Side> {
    let mut word = [0; 16];
    let word = word.get_mut(..text.len())?;
    word.copy_from_slice(text);
    word.make_ascii_lowercase();
    word.iter_mut().filter(|b| matches!(b, b' ' | b'-')).for_each(|b| *b = b'_');
    // Python's and Java's enums print their class.
    let name = word.rsplit(|b| *b == b'.').next()?;
    Some(Side::Known(match name {
        b"buy" | b"b" | b"bid" | b"bot" | b"bought" => "buy",
        b"sell" | b"s" | b"ask" | b"sld" | b"sold" => "sell",
        b"yes" | b"buy_yes" => "yes",
        b"no" | b"buy_no" => "no",
        b"long" | b"buy_long" => "long",
        b"short" | b"sell_short" => "short",
        b"sell_yes" => "sell",
        b"sell_no" => return Some(Side::SellNo),
        _ => return None,
    }))
}

/// The side of an order that names an outcome and an action on it, as Kalshi's own API does.
pub(crate) fn with_action(outcome: Side, action: Side) -> Side {
    match (outcome, action) {
        (Side::Known("yes"), Side::Known("sell")) => Side::Known("sell"),
        (Side::Known("no"), Side::Known("sell")) => Side::SellNo,
        _ => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&'static str>) {
        assert_eq!(in_text(text.as_bytes()), expected.map(Side::Known), "{text}");
    }

    #[test]
    fn the_words_of_real_logs() {
        check("BUY", Some("buy"));
        check("TradeType.SELL", Some("sell"));
        check("OrderSide.BUY", Some("buy"));
        check("BUY YES", Some("yes"));
        check("BUY_NO", Some("no"));
        check("LONG", Some("long"));
        check("bid", Some("buy"));
    }

    #[test]
    fn what_might_mean_anything_stays_what_it_is() {
        for text in ["", "UP", "DOWN", "BOTH", "1", "-1", "A", "close", "tp", "做多开仓"] {
            check(text, None);
        }
    }

    #[test]
    fn selling_an_outcome() {
        let (yes, no, sell) = (Side::Known("yes"), Side::Known("no"), Side::Known("sell"));
        assert_eq!(with_action(yes, Side::Known("buy")), yes);
        assert_eq!(with_action(yes, sell), sell);
        assert_eq!(with_action(no, sell), Side::SellNo);
        assert_eq!(in_text(b"SELL_NO"), Some(Side::SellNo));
    }
}
