//! A rule's query is planned once and asked at every tick. It must say what it would say if it were
//! planned for that tick alone.

use std::sync::Arc;

use fillwatch_model::Micros;
use fillwatch_query::Views;
use fillwatch_rules::{Held, RuleBook, RuleSource};
use fillwatch_serve::{Looks, Prepared};
use fillwatch_simulate::{Fleet, FleetOptions};

use super::world::World;

const MINUTE: Micros = 60_000_000;

#[test]
fn a_query_planned_once_says_what_one_planned_each_time_says() {
    let start = 1_767_571_200_000_000;
    let mut options = FleetOptions::one_of_each(3, start);
    for incident in [
        "reject_storm@mm1:+20m..+25m",
        "drawdown@gold1:+10m..+30m",
        "heartbeat_loss@mm1:+30m..+36m",
    ] {
        options.incidents.push(incident.parse().unwrap());
    }
    let world = World::of(Fleet::new(options).unwrap(), start + 45 * MINUTE);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let views = Arc::new(Views::shipped().unwrap());
    let (once, each) = (Looks::new(Arc::clone(&views)), Looks::planned_each_time(views));
    let book = RuleBook::read(&RuleSource::default());
    let rules: Vec<Prepared> = book.rules().map(|rule| Prepared::of(rule).unwrap()).collect();
    let mut with_rows = 0;
    for at in [22, 24, 35, 45] {
        let tick = start + at * MINUTE;
        let tables = runtime.block_on(world.tables());
        let (planned, anew) = (once.at(tables.clone(), tick), each.at(tables, tick));
        for rule in &rules {
            let got = runtime.block_on(planned.evaluate(rule, Held::Nobody)).outcome;
            let want = runtime.block_on(anew.evaluate(rule, Held::Nobody)).outcome;
            let (got, want) = (format!("{got:?}"), format!("{want:?}"));
            assert_eq!(got, want, "{} at +{at}m", rule.rule.name);
            assert!(!want.starts_with("Error"), "{}: {want}", rule.rule.name);
            with_rows += usize::from(want.contains("row:"));
        }
    }
    assert!(with_rows > 10, "{with_rows} answers had rows: this compares nothing");
    assert!(once.replanned().is_empty(), "some cannot be planned once");
}
