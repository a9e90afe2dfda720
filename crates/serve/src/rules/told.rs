//! What there is to ask about alerts, as tables.

use fillwatch_journal::Ledger;
use fillwatch_model::{Micros, Row, Value};
use fillwatch_query::Alerts;
use fillwatch_store::Layout;

use crate::ServeError;

/// The tables about alerts of a store. What is about events is asked without its state, too: one
/// that is gone or damaged says nothing of alerts, and `fillwatch alerts` says that it does not.
pub(crate) fn alerts(layout: &Layout) -> Alerts {
    let ledger = Ledger::look(&layout.state()).ok().flatten();
    ledger.and_then(|ledger| read(&ledger).ok()).unwrap_or_default()
}

fn read(ledger: &Ledger) -> Result<Alerts, ServeError> {
    let alerts = Alerts::default()
        .with("alerts", &ledger.alerts()?)?
        .with("alert_history", &ledger.history()?)?
        .with("rule_health", &ledger.rules()?)?;
    with_expected(alerts, &ledger.expected()?)
}

/// The tables, and the bots that are expected.
pub(crate) fn with_expected(
    alerts: Alerts,
    expected: &[(String, Micros)],
) -> Result<Alerts, ServeError> {
    let row = |(bot, since): &(String, Micros)| {
        Row(vec![
            ("bot".to_owned(), Value::Text(bot.clone())),
            ("since".to_owned(), Value::Time(*since)),
        ])
    };
    Ok(alerts.with("expected_bots", &expected.iter().map(row).collect::<Vec<_>>())?)
}
