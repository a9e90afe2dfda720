//! Whose rows are asked for, as SQL and in words.

use fillwatch_model::Micros;
use fillwatch_query::Session;

use super::rows::Rows;
use crate::failure::Failure;
use crate::suggest;

/// Rows of a bot, a market, a strategy.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Filter {
    /// Only of this bot
    #[arg(long)]
    pub(crate) bot: Option<String>,
    /// Only in this market
    #[arg(long)]
    market: Option<String>,
    /// Only of this strategy
    #[arg(long)]
    strategy: Option<String>,
}

impl Filter {
    /// The conditions; what was typed is text in them, whatever it holds.
    pub(crate) fn conditions(&self) -> Vec<String> {
        let wanted = [("bot", &self.bot), ("market", &self.market), ("strategy", &self.strategy)];
        let equal = |(column, wanted): (&str, &Option<String>)| {
            wanted.as_ref().map(|wanted| format!("{column} = {}", literal(wanted)))
        };
        wanted.into_iter().filter_map(equal).collect()
    }

    /// ` of mm1 in GOLD`
    pub(crate) fn words(&self) -> String {
        let wanted = [(" of", &self.bot), (" in", &self.market), (" by", &self.strategy)];
        let word = |(how, wanted): (&str, &Option<String>)| {
            wanted.as_ref().map(|wanted| format!("{how} {wanted}"))
        };
        wanted.into_iter().filter_map(word).collect()
    }

    /// Whether it asks for less than all of a bot.
    pub(crate) fn is_narrow(&self) -> bool {
        self.market.is_some() || self.strategy.is_some()
    }

    /// Complains of a bot that nobody has heard of.
    pub(crate) async fn check(&self, session: &Session) -> Result<(), Failure> {
        let Some(bot) = &self.bot else { return Ok(()) };
        let known = known_bots(session).await?;
        if known.contains(bot) {
            return Ok(());
        }
        let failure = Failure::usage(format!("no bot `{bot}` has written a line"));
        Err(match suggest::nearest(bot, known.iter().map(String::as_str)) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => failure,
            None => failure.hint(format!("there are {}", known.join(", "))),
        })
    }
}

/// A text of SQL. The grammar knows no escape but the doubled quote.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The rows of `view` where all `conditions` hold, in `order`, and of many the last.
pub(crate) fn newest(
    view: &str,
    conditions: &[String],
    order: &[&str],
    limit: Option<u64>,
) -> String {
    let mut rows = format!("select * from {view}");
    if !conditions.is_empty() {
        rows += &format!(" where {}", conditions.join(" and "));
    }
    let order_by = order.join(", ");
    match limit {
        None => format!("{rows} order by {order_by}"),
        Some(limit) => {
            let latest =
                order.iter().map(|key| format!("{key} desc")).collect::<Vec<_>>().join(", ");
            format!(
                "select * from ({rows} order by {latest} limit {limit}) as latest order by {order_by}"
            )
        }
    }
}

/// Every bot that ever wrote a line, before the window's end.
async fn known_bots(session: &Session) -> Result<Vec<String>, Failure> {
    let sql = "select distinct bot from last_seen where bot is not null order by bot";
    let rows = Rows::of(session.query(sql).await?).await?;
    Ok(rows.texts("bot").into_iter().flatten().collect())
}

/// When something of this kind last happened, before the window's end.
pub(crate) async fn last_time(
    session: &Session,
    kind: &str,
    bot: Option<&str>,
) -> Result<Option<Micros>, Failure> {
    let mut sql = format!("select max(ts) as last_at from last_seen where kind = '{kind}'");
    if let Some(bot) = bot {
        sql += &format!(" and bot = {}", literal(bot));
    }
    let rows = Rows::of(session.query(&sql).await?).await?;
    Ok(rows.times("last_at").into_iter().flatten().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_a_text() {
        let filter = Filter {
            bot: Some("x' or '1'='1".to_owned()),
            market: Some(r"back\".to_owned()),
            strategy: None,
        };
        assert_eq!(filter.conditions(), ["bot = 'x'' or ''1''=''1'", r"market = 'back\'"]);
        assert_eq!(filter.words(), r" of x' or '1'='1 in back\");
    }

    #[test]
    fn the_last_rows_are_asked_for_in_order() {
        assert_eq!(
            newest("fills", &["bot = 'a'".to_owned()], &["ts", "bot"], Some(3)),
            "select * from (select * from fills where bot = 'a' order by ts desc, bot desc limit 3) as latest order by ts, bot"
        );
        assert_eq!(newest("fills", &[], &["ts"], None), "select * from fills order by ts");
    }
}
