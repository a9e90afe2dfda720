//! Rules over a simulated fleet, judged by what is known to have happened: an incident pages its rule
//! within one evaluation after it can be known, and a fleet without incidents pages nobody.
//!
//! Here an hour of it; `benches/README.md` has the figures of whole days.

use std::sync::Arc;

use fillwatch_model::{Micros, Severity, Transition, Turn};
use fillwatch_query::Views;
use fillwatch_rules::{Rule, RuleBook, RuleSource};
use fillwatch_serve::backtest;
use fillwatch_simulate::{Fleet, FleetOptions};

use super::world::World;

const MINUTE: Micros = 60_000_000;
/// 2026-01-05T00:00:00Z
const START: Micros = 1_767_571_200_000_000;

#[test]
fn an_incident_pages_its_rule_and_a_fleet_without_one_pages_nobody() {
    let book = RuleBook::read(&RuleSource::default());
    let critical: Vec<Rule> =
        book.enabled().filter(|rule| rule.severity() == Severity::Critical).cloned().collect();
    let calm = fired(&critical, &[], 30);
    assert!(calm.is_empty(), "nothing happened, and there fired {calm:?}");

    let incidents =
        ["reject_storm@mm1:+5m..+10m", "heartbeat_loss@mm1:+14m..+20m", "drawdown@gold1:+2m..+25m"];
    let told = fired(&critical, &incidents, 30);
    let at = |rule: &str, bot: &str| -> Vec<f64> {
        let of = told.iter().filter(|turn| turn.rule == rule);
        let of = of.filter(|turn| turn.key.iter().any(|(_, value)| value.text() == Some(bot)));
        of.map(|turn| (turn.at - START) as f64 / MINUTE as f64).collect()
    };
    // The key expires at +5m: two refused calls are two seconds of quoting away.
    let [auth] = at("auth_expired", "mm1")[..] else { panic!("{told:?}") };
    assert!((5.0..=6.0).contains(&auth), "auth_expired at +{auth}m");
    // The last heartbeat was at +13m or after; two minutes of silence later it is known.
    let [lost] = at("heartbeat_lost", "mm1")[..] else { panic!("{told:?}") };
    assert!((15.0..=16.5).contains(&lost), "heartbeat_lost at +{lost}m");
    assert_eq!(at("equity_drop", "gold1").len(), 1, "{told:?}");
    assert_eq!(at("risk_halted", "gold1").len(), 1, "{told:?}");
    let others: Vec<&Transition> = told
        .iter()
        .filter(|turn| {
            !turn.key.iter().any(|(_, value)| matches!(value.text(), Some("mm1" | "gold1")))
        })
        .collect();
    assert!(others.is_empty(), "an incident of one bot pages for another: {others:?}");
}

/// What fires, in so many minutes.
fn fired(rules: &[Rule], incidents: &[&str], minutes: Micros) -> Vec<Transition> {
    let mut options = FleetOptions::one_of_each(3, START);
    options.incidents.extend(incidents.iter().map(|incident| incident.parse().unwrap()));
    let until = START + minutes * MINUTE;
    let world = World::of(Fleet::new(options).unwrap(), until);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let views = Arc::new(Views::shipped().unwrap());
    let past = runtime.block_on(async {
        let tables = world.tables().await;
        backtest(rules, &tables, &views, START, until, &mut |_| true).await.unwrap()
    });
    assert!(past.failed.is_empty(), "{:?}", past.failed);
    past.transitions.into_iter().filter(|turn| turn.turn == Turn::Fired).collect()
}
