//! Each incident changes what it is about, in its time, and a clean run has none of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Run, run};

const DURING: std::ops::Range<f64> = 60.0..90.0;

/// Three hours in which every bot is struck between the first and the half past.
fn struck(kind: &str) -> Run {
    run(3, 8, &[&format!("{kind}@BOT:+60m..+90m")])
}

/// Splits values by whether their time is in the incident: before and during; what comes after is
/// the aftermath and left out.
fn split<T>(lines: Vec<(f64, Value)>, read: impl Fn(&Value) -> T) -> (Vec<T>, Vec<T>) {
    let (mut before, mut during) = (Vec::new(), Vec::new());
    for (at, line) in lines {
        if at < DURING.start {
            before.push(read(&line));
        } else if at < DURING.end {
            during.push(read(&line));
        }
    }
    (before, during)
}

fn mean(values: &[f64]) -> f64 {
    assert!(values.len() > 20, "only {} values", values.len());
    values.iter().sum::<f64>() / values.len() as f64
}

fn number(key: &str) -> impl Fn(&Value) -> f64 {
    move |line| line[key].as_f64().unwrap()
}

#[test]
fn stale_fair_value_stands_still_while_the_market_moves() {
    let check = |run: &Run, stands_still: bool| {
        let mut fairs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut mids: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (_, line) in run.kalshi("order_placed").iter().filter(|(at, _)| DURING.contains(at)) {
            let market = line["market"].to_string();
            fairs.entry(market.clone()).or_default().push(line["model_fair"].to_string());
            mids.entry(market).or_default().push(line["mid"].as_f64().unwrap());
        }
        assert_eq!(fairs.len(), 4);
        for (market, mut fairs) in fairs {
            fairs.dedup();
            assert_eq!(fairs.len() == 1, stands_still, "{market}: {fairs:?}");
            let moved = mids[&market].iter().copied().fold(f64::MIN, f64::max)
                - mids[&market].iter().copied().fold(f64::MAX, f64::min);
            assert!(moved > 0.01, "{market} moved by {moved}");
        }
        let (before, during) = split(run.kalshi("model_update"), |_| ());
        assert!(!before.is_empty());
        assert_eq!(during.is_empty(), stands_still);
    };
    let (clean, stale) = (run(3, 8, &[]), struck("stale_fair_value"));
    check(&clean, false);
    check(&stale, true);
    let equity = |run: &Run| mean(&split(run.kalshi("equity_snapshot"), number("equity")).1);
    assert!(equity(&stale) < equity(&clean) - 20.0, "stale quotes are picked off");
}

#[test]
fn adverse_selection_takes_the_edge() {
    let edges = |run: &Run| split(run.kalshi("fill_edge"), number("edge_cents"));
    let (before, during) = edges(&struck("adverse_selection"));
    assert!(mean(&before) > 1.0, "before: {}", mean(&before));
    assert!(mean(&during) < -0.5, "during: {}", mean(&during));
    assert!(mean(&edges(&run(3, 8, &[])).1) > 1.0);
}

#[test]
fn a_reject_storm_refuses_every_order() {
    let run = struck("reject_storm");
    let (acks_before, acks) = split(run.kalshi("order_ack"), |_| ());
    let (rejects_before, rejects) =
        split(run.kalshi("order_rejected"), |line| line["status_code"].clone());
    assert_eq!(acks.len(), 0, "nothing is accepted without a key");
    assert!(rejects.len() > 500 && rejects.iter().all(|code| code == 401), "{}", rejects.len());
    assert!(rejects_before.len() * 100 < acks_before.len(), "a clean hour has few rejections");
    let private = |line: &Value| line["endpoint"].as_str().unwrap().contains("portfolio");
    for (at, line) in run.kalshi("api_call") {
        let refused = line["status_code"] == 401;
        assert_eq!(refused, DURING.contains(&at) && private(&line), "+{at}m {line}");
    }
    let (_, events) = split(run.file("qkt/gold1/events.jsonl"), |line| line["type"].clone());
    assert!(events.contains(&Value::from("rejection")) && !events.contains(&Value::from("fill")));
}

#[test]
fn a_silent_socket_brings_nothing_until_it_is_back() {
    let run = struck("ws_silence");
    for event in ["quote", "model_update", "fill_received"] {
        let (before, during) = split(run.kalshi(event), |_| ());
        assert!(!before.is_empty());
        // A fill matched just before has been on its way.
        assert!(during.len() <= 1, "{} × {event} in silence", during.len());
    }
    let (before, idle) = split(run.kalshi("ws_idle_alert"), number("idle_seconds"));
    assert_eq!(before.len(), 0);
    assert!(idle[0] > 30.0 && idle[0] <= 40.0 && idle.is_sorted(), "{idle:?}");
    assert!(*idle.last().unwrap() > 1_780.0);
    let late = run.kalshi("fill_received").into_iter().filter(|(at, _)| *at >= DURING.end);
    let longest = late.map(|(_, line)| line["latency_ms"].as_f64().unwrap()).fold(0.0, f64::max);
    assert!(longest > 1_700_000.0, "fills of the silence are heard after it: {longest} ms");
}

#[test]
fn a_dead_bot_writes_nothing() {
    let run = struck("heartbeat_loss");
    for file in &run.truth.files {
        let lines = run.file(file.path.to_str().unwrap());
        assert!(lines.iter().any(|(at, _)| *at < DURING.start));
        assert!(!lines.iter().any(|(at, _)| DURING.contains(at)), "{}", file.path.display());
        assert!(lines.iter().any(|(at, _)| *at >= DURING.end), "{} is back", file.path.display());
    }
    let starts: Vec<f64> = run.kalshi("bot_started").iter().map(|(at, _)| *at).collect();
    assert_eq!(starts, [0.0, 90.0]);
}

#[test]
fn a_breach_is_a_position_past_its_limit() {
    let run = struck("position_breach");
    let (before, during) = split(run.kalshi("position_limit_breach"), |line| {
        (line["size"].as_i64().unwrap(), line["limit"].as_i64().unwrap())
    });
    assert_eq!(before.len(), 0);
    assert!(during.len() > 20 && during.iter().all(|(size, limit)| size > limit), "{during:?}");
    let (_, log) = split(run.file("qkt/gold1/strategy.log"), |line| line["message"].clone());
    assert!(log.contains(&Value::from("Position limit breach")));
}

#[test]
fn a_drawdown_costs_every_bot_more_than_its_limits() {
    let run = struck("drawdown");
    let files = [
        ("kalshi/mm1/bot.jsonl", "equity"),
        ("qkt/gold1/status.jsonl", "equity"),
        ("polybot/arb1/polybot.jsonl", "equity"),
        ("catalyst/paper1/trading-bot.jsonl", "portfolio_value"),
        ("purpleflea/agent1/snapshots.jsonl", "balance"),
    ];
    for (file, key) in files {
        let mut marks = run.file(file);
        marks.retain(|(_, line)| line[key].is_number());
        let (before, during) = split(marks, number(key));
        let lost = 1.0 - during.last().unwrap() / before.last().unwrap();
        assert!((0.15..0.3).contains(&lost), "{file} lost {lost}");
    }
    let (before, during) =
        split(run.file("qkt/gold1/status.jsonl"), |line| line["riskState"]["halted"] == true);
    assert!(!before.contains(&true) && during.last() == Some(&true), "qkt stops itself");
    let (_, log) =
        split(run.file("catalyst/paper1/trading-bot.jsonl"), |line| line["message"].clone());
    assert!(log.contains(&Value::from("Kill switch activated")));
}

#[test]
fn a_fat_tail_is_one_trade_far_outside_of_the_others() {
    let returns = |run: &Run| {
        split(run.file("purpleflea/agent1/trades.jsonl"), |trade| {
            let number = |key: &str| trade[key].as_f64().unwrap();
            let sign = if trade["side"] == "buy" { 1.0 } else { -1.0 };
            (number("exit_price") / number("entry_price") - 1.0) * sign
        })
    };
    let (before, during) = returns(&struck("fat_tail_loss"));
    let center = mean(&before);
    let spread = (before.iter().map(|r| (r - center).powi(2)).sum::<f64>()
        / (before.len() - 1) as f64)
        .sqrt();
    let worst = during.iter().copied().fold(f64::MAX, f64::min);
    assert!((worst - center) / spread < -10.0, "z {}", (worst - center) / spread);
    let (_, clean) = returns(&run(3, 8, &[]));
    let worst = clean.iter().copied().fold(f64::MAX, f64::min);
    assert!((worst - center) / spread > -6.0, "a clean half hour: z {}", (worst - center) / spread);
}

#[test]
fn a_clean_day_is_clean() {
    for (hours, seed) in [(24, 1), (6, 2), (6, 3)] {
        let run = run(hours, seed, &[]);
        for bot in &run.truth.bots {
            assert!(bot.max_drawdown < 0.05, "{} drew down {}", bot.name, bot.max_drawdown);
            assert!(!bot.halted && bot.counts["limit_breaches"] == 0, "{}", bot.name);
            assert!(
                bot.counts["rejects"] < 50,
                "{} has {} rejects",
                bot.name,
                bot.counts["rejects"]
            );
            assert!(bot.counts["round_trips"] > 10, "{} has traded", bot.name);
        }
        let kalshi = &run.truth.files[0].events;
        assert!(!kalshi.contains_key("ws_idle_alert"));
        let text = |e: &fillwatch_simulate::Emission| String::from_utf8(e.line.clone()).unwrap();
        let expired = run.lines.iter().any(|e| text(e).contains("\"status_code\": 401"));
        assert!(!expired, "no key expires by itself");
    }
}
