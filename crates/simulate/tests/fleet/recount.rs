//! The truth, counted again from the lines by other means: floats, joins by order id, and the
//! definition of average cost written down once more.

use std::collections::{BTreeMap, HashMap};

use fillwatch_simulate::{BotTruth, Fleet, FleetOptions};
use serde_json::Value;

use crate::{Run, START, run};

/// A position at average cost.
#[derive(Clone, Copy, Default)]
struct Position {
    size: f64,
    average: f64,
}

/// What is recounted.
#[derive(Default)]
struct Books {
    positions: BTreeMap<String, Position>,
    realised: f64,
    fees: f64,
    edge: f64,
    counts: BTreeMap<&'static str, u64>,
}

impl Books {
    fn fill(&mut self, market: &str, signed: f64, price: f64, fair: f64, fee: f64) {
        let held = self.positions.entry(market.to_owned()).or_default();
        let closes = if held.size * signed < 0.0 { held.size.abs().min(signed.abs()) } else { 0.0 };
        self.realised += (price - held.average) * closes * held.size.signum();
        let after = held.size + signed;
        if closes < signed.abs() {
            let kept = if closes > 0.0 { 0.0 } else { held.size.abs() };
            let opened = signed.abs() - closes;
            held.average = (held.average * kept + price * opened) / (kept + opened);
        }
        held.size = if after.abs() < 1e-9 { 0.0 } else { after };
        self.edge += (fair - price) * signed;
        self.fees += fee;
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn check(&self, truth: &BotTruth, counted: &[&str]) {
        let near = |got: f64, want: f64, what: &str| {
            assert!((got - want).abs() < 0.01, "{} {what}: {got}, truth {want}", truth.name);
        };
        let held = self.positions.iter().filter(|(_, p)| p.size != 0.0);
        let held: BTreeMap<String, f64> = held.map(|(name, p)| (name.clone(), p.size)).collect();
        assert_eq!(held.keys().collect::<Vec<_>>(), truth.positions.keys().collect::<Vec<_>>());
        for (market, size) in &held {
            near(*size, truth.positions[market], market);
        }
        near(self.realised, truth.realised_pnl, "realised profit");
        near(self.fees, truth.fees, "fees");
        near(self.edge, truth.cumulative_edge, "edge");
        for what in counted {
            let got = self.counts.get(what).copied().unwrap_or(0);
            assert_eq!(got, truth.counts[*what], "{} {what}", truth.name);
        }
        assert!(self.counts["fills"] > 20, "{} has traded", truth.name);
    }
}

/// How a system calls what is recounted: the file, and by event what it is.
struct Dialect {
    bot: &'static str,
    file: &'static str,
    event: fn(&Value) -> Option<&'static str>,
    keys: Keys,
}

struct Keys {
    order_id: &'static str,
    market: &'static str,
    fair: &'static str,
    price: &'static str,
    size: &'static str,
    fee: &'static str,
}

const COUNTED: &[&str] = &["orders", "acks", "rejects", "cancels", "expiries", "fills"];

const DIALECTS: &[Dialect] = &[
    Dialect {
        bot: "mm1",
        file: "kalshi/mm1/bot.jsonl",
        event: |line| match line["event"].as_str()? {
            "order_placed" => Some("orders"),
            "order_ack" => Some("acks"),
            "order_rejected" => Some("rejects"),
            "order_cancelled" => Some("cancels"),
            "order_expired" => Some("expiries"),
            "fill_received" => Some("fills"),
            _ => None,
        },
        keys: Keys {
            order_id: "order_id",
            market: "market",
            fair: "model_fair",
            price: "fill_price",
            size: "fill_size",
            fee: "fee",
        },
    },
    Dialect {
        bot: "gold1",
        file: "qkt/gold1/events.jsonl",
        event: |line| match (line["type"].as_str()?, line["status"].as_str()) {
            ("order", Some("NEW")) => Some("orders"),
            ("order", Some("ACCEPTED")) => Some("acks"),
            ("rejection", _) => Some("rejects"),
            ("fill", _) => Some("fills"),
            _ => None,
        },
        keys: Keys {
            order_id: "orderId",
            market: "symbol",
            fair: "fairPrice",
            price: "fillPrice",
            size: "fillQty",
            fee: "commission",
        },
    },
    Dialect {
        bot: "arb1",
        file: "polybot/arb1/polybot.jsonl",
        event: |line| match line["message"].as_str()? {
            "Order placed" => Some("orders"),
            "Order acknowledged" => Some("acks"),
            "Order rejected" => Some("rejects"),
            "Order cancelled" => Some("cancels"),
            "Order expired" => Some("expiries"),
            "Order filled" | "Order partially filled" => Some("fills"),
            _ => None,
        },
        keys: Keys {
            order_id: "order_id",
            market: "market",
            fair: "fair_value",
            price: "fill_price",
            size: "fill_size",
            fee: "fee",
        },
    },
    Dialect {
        bot: "paper1",
        file: "catalyst/paper1/trading-bot.jsonl",
        event: |line| match line["message"].as_str()? {
            "Order placed" => Some("orders"),
            "Order accepted" => Some("acks"),
            "Order rejected" => Some("rejects"),
            "Order filled" => Some("fills"),
            _ => None,
        },
        keys: Keys {
            order_id: "order_id",
            market: "ticker",
            fair: "fair_price",
            price: "fill_price",
            size: "quantity",
            fee: "",
        },
    },
];

fn check(run: &Run, dialect: &Dialect) {
    let Dialect { bot, file, event, keys } = dialect;
    let mut books = Books::default();
    let mut orders: HashMap<String, Value> = HashMap::new();
    for (_, line) in run.file(file) {
        let Some(what) = event(&line) else { continue };
        books.count(what);
        let id = line[keys.order_id].as_str().unwrap().to_owned();
        match what {
            "orders" => assert!(orders.insert(id, line).is_none(), "an order id came twice"),
            "fills" => {
                let order = &orders[&id];
                let yes = matches!(order["side"].as_str().unwrap(), "yes" | "buy" | "BUY");
                let sign = if yes { 1.0 } else { -1.0 };
                let number = |line: &Value, key: &str| line[key].as_f64().unwrap();
                books.fill(
                    order[keys.market].as_str().unwrap(),
                    sign * number(&line, keys.size),
                    number(&line, keys.price),
                    number(order, keys.fair),
                    line[keys.fee].as_f64().unwrap_or(0.0),
                );
            }
            _ => {}
        }
    }
    let truth = run.truth.bots.iter().find(|truth| truth.name == *bot).unwrap();
    books.check(truth, COUNTED);
}

#[test]
fn the_truth_is_what_the_lines_say() {
    for dialect in DIALECTS {
        check(&run(3, 11, &[]), dialect);
        check(&run(3, 12, &["reject_storm@BOT:+20m..+60m", "drawdown@BOT:+90m..+2h"]), dialect);
        check(
            &run(3, 13, &["ws_silence@BOT:+20m..+60m", "heartbeat_loss@BOT:+2h..+2.2h"]),
            dialect,
        );
    }
}

#[test]
fn the_truth_holds_wherever_a_run_is_cut() {
    for lines in (4_000..4_012).chain([12_345]) {
        let mut fleet = Fleet::new(FleetOptions::one_of_each(21, START)).unwrap();
        let lines: Vec<_> = fleet.by_ref().take(lines).collect();
        let run = Run { lines, truth: fleet.truth() };
        check(&run, &DIALECTS[0]);
        check(&run, &DIALECTS[2]);
    }
}

#[test]
fn files_are_counted_by_kind_and_by_event() {
    let run = run(2, 11, &[]);
    for file in &run.truth.files {
        let lines = run.lines.iter().filter(|e| *e.file == *file.path);
        let (count, bytes) = lines.fold((0, 0), |(n, b), e| (n + 1, b + e.line.len() as u64));
        assert_eq!((count, bytes), (file.lines, file.bytes), "{}", file.path.display());
        assert_eq!(file.kinds.values().sum::<u64>(), file.lines);
        assert_eq!(file.events.values().sum::<u64>(), file.lines);
    }
    let kalshi = &run.truth.files[0];
    let counted = run.kalshi("api_call").len() as u64;
    assert_eq!((kalshi.events["api_call"], kalshi.kinds["api_call"]), (counted, counted));
    assert_eq!(run.truth.lines, run.lines.len() as u64);
}

#[test]
fn round_trips_add_up_to_the_profit_they_made() {
    let run = run(6, 11, &["fat_tail_loss@agent1:+2h..+2.1h"]);
    let (mut profit, mut loss, mut trips) = (0.0, 0.0, 0);
    for (_, trade) in run.file("purpleflea/agent1/trades.jsonl") {
        let number = |key: &str| trade[key].as_f64().unwrap();
        let sign = if trade["side"] == "buy" { 1.0 } else { -1.0 };
        let gross = (number("exit_price") - number("entry_price")) * sign * number("size");
        let net = gross - number("fees");
        profit += net.max(0.0);
        loss += (-net).max(0.0);
        trips += 1;
        assert!(number("entry_ts") < number("exit_ts"));
    }
    let truth = run.truth.bots.iter().find(|bot| bot.name == "agent1").unwrap();
    assert!((profit - truth.gross_profit).abs() < 0.01, "{profit}, truth {}", truth.gross_profit);
    assert!((loss - truth.gross_loss).abs() < 0.01, "{loss}, truth {}", truth.gross_loss);
    assert_eq!(trips, truth.counts["round_trips"]);
}
