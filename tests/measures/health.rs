//! Signs of life and of trouble: `heartbeats`, `last_seen`, `activity`, `ws_gaps`, `errors`,
//! `error_rates`, `signals`, `model_age`, `system_usage`, `limit_breaches`.

use std::collections::{BTreeMap, BTreeSet};

use super::logs::{MINUTE, SECOND};
use super::raw::{Line, What, number};
use super::table::{Cell, Row, row};
use super::{Case, check, time};

/// The lines of the window, each once.
fn once<'a>(case: &'a Case<'a>) -> Vec<&'a Line> {
    let mut seen = BTreeSet::new();
    case.inside().filter(|line| seen.insert((&line.bot, &line.text))).collect()
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / SECOND as f64
}

fn heartbeats(case: &Case) -> Vec<Row> {
    let mut last: BTreeMap<&String, i64> = BTreeMap::new();
    let mut rows = Vec::new();
    for line in once(case).into_iter().filter(|line| line.what == What::Beat) {
        let before = last.insert(&line.bot, line.at);
        rows.push(row! {
            "ts" => Cell::Time(line.at), "bot" => &line.bot, "strategy" => line.strategy.clone(),
            "status" => line.string("status"),
            "silence_s" => before.map(|before| seconds(line.at - before)),
        });
    }
    rows
}

/// When a bot first and last did each kind of thing; how often is counted by instants, so it is not
/// compared where a system's clock has whole seconds only.
fn last_seen(case: &Case) -> Vec<Row> {
    let mut kinds: BTreeMap<(&String, &str), (i64, i64)> = BTreeMap::new();
    for line in case.before_end() {
        let seen = kinds.entry((&line.bot, line.what.kind())).or_insert((line.at, line.at));
        *seen = (seen.0.min(line.at), seen.1.max(line.at));
    }
    let rows = kinds.into_iter().map(|((bot, kind), (first, last))| {
        row! {
            "bot" => bot, "kind" => kind, "first_ts" => Cell::Time(first),
            "ts" => Cell::Time(last), "age_s" => seconds(case.now() - last),
        }
    });
    rows.collect()
}

/// What counts as a strategy's action.
fn action(line: &Line) -> Option<(&'static str, i64)> {
    match line.what {
        What::Placed
        | What::Cancelled
        | What::Filled
        | What::Signal
        | What::Scan
        | What::Closed => Some((line.what.kind(), line.at)),
        What::Beat => {
            let ago = number(&line.value["checks"]["strategy_heartbeat"]["last_action_secs_ago"])?;
            Some(("last_action", line.at - (ago * 1e6).round() as i64))
        }
        _ => None,
    }
}

fn activity(case: &Case) -> Vec<Row> {
    let mut last: BTreeMap<(String, Option<String>), (i64, &str)> = BTreeMap::new();
    let mut told: BTreeMap<(String, Option<String>), i64> = BTreeMap::new();
    for line in case.before_end() {
        let Some((what, at)) = action(line) else { continue };
        for strategy in BTreeSet::from([None, line.strategy.clone()]) {
            let whose = (line.bot.clone(), strategy);
            let known = last.entry(whose.clone()).or_insert((at, what));
            *known = (*known).max((at, what));
            if what == "last_action" {
                let known = told.entry(whose).or_insert(at);
                *known = (*known).max(at);
            }
        }
    }
    let rows = last.into_iter().map(|(whose, (at, action))| {
        row! {
            "action" => action, "action_at" => Cell::Time(at),
            "age_s" => seconds(case.now() - at),
            "logged_action_at" => time(told.get(&whose).copied()),
            "bot" => whose.0, "strategy" => whose.1,
        }
    });
    rows.collect()
}

/// The gaps that a bot's own watchdog tells of, and from each lost connection to the next.
fn ws_gaps(case: &Case) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut down: BTreeMap<&String, i64> = BTreeMap::new();
    let mut gap = |line: &Line, what: &str, at: i64, gap: Option<f64>, ended: Option<i64>| {
        rows.push(row! {
            "bot" => &line.bot, "what" => what, "ts" => Cell::Time(at), "gap_s" => gap,
            "ended_at" => time(ended),
        });
    };
    let lines = once(case);
    for line in lines.iter().filter(|line| line.what == What::Socket) {
        let words = line.string("event").or(line.string("message")).unwrap().to_lowercase();
        let idle = line.float("idle_seconds").or(line.float("idleMs").map(|ms| ms / 1e3));
        if idle.is_some() {
            gap(line, "idle", line.at, idle, None);
        } else if words.contains("disconnected") {
            down.entry(&line.bot).or_insert(line.at);
        } else if words.contains("connected") {
            match down.remove(&line.bot) {
                Some(since) => {
                    gap(line, "down", since, Some(seconds(line.at - since)), Some(line.at));
                }
                None if words.contains("reconnected") => {
                    gap(line, "reconnect", line.at, None, None)
                }
                None => {}
            }
        }
    }
    for line in lines.iter().rev() {
        if let Some(since) = down.remove(&line.bot) {
            gap(line, "down", since, Some(seconds(case.now() - since)), None);
        }
    }
    rows
}

/// Quotes that stand still for half a minute, and until now.
fn silences(case: &Case) -> Vec<Row> {
    let mut quotes: BTreeMap<&String, Vec<i64>> = BTreeMap::new();
    for line in case.inside().filter(|line| line.what == What::Quote) {
        quotes.entry(&line.bot).or_default().push(line.at);
    }
    let mut rows = Vec::new();
    for (bot, quotes) in quotes {
        let nexts = quotes[1..].iter().map(|at| Some(*at)).chain([None]);
        for (at, next) in quotes.iter().zip(nexts) {
            let silence = next.unwrap_or(case.now()) - at;
            if silence >= 30 * SECOND {
                rows.push(row! {
                    "bot" => bot, "what" => "silent", "ts" => Cell::Time(*at),
                    "gap_s" => seconds(silence), "ended_at" => time(next),
                });
            }
        }
    }
    rows
}

fn is_error(line: &Line) -> bool {
    let level = line.string("level").unwrap_or_default();
    let has_its_own = matches!(line.what, What::Rejected | What::Halt | What::Breach);
    line.what == What::Fault || (matches!(level, "ERROR" | "CRITICAL") && !has_its_own)
}

/// Which part of the bot failed.
fn component(line: &Line) -> Option<&str> {
    ["component", "module", "logger", "logger_name"].iter().find_map(|key| line.string(key))
}

/// How: the log's word for it, or the class of the exception, or the event.
fn error_type(line: &Line) -> Option<String> {
    let trace = ["exception", "exc_info", "stack_trace"].iter().find_map(|key| line.string(key));
    let class = |text: &str| {
        let name = text.split(':').next()?.rsplit('.').next()?;
        let is_class = ["Error", "Exception"].iter().any(|end| name.ends_with(end));
        (is_class && !text.starts_with(' ') && !name.contains(' ')).then(|| name.to_owned())
    };
    // Words that say nothing of a kind are no event.
    let nameless = ["Gateway call failed", "Failed to fetch order book"];
    let message = line
        .string("message")
        .filter(|text| !nameless.contains(text) && !text.starts_with("Order execution failed"));
    line.string("error_type")
        .map(str::to_owned)
        .or_else(|| trace?.lines().find_map(class))
        .or_else(|| line.string("event").or(message).map(str::to_owned))
}

fn errors(case: &Case) -> Vec<Row> {
    let lines = once(case).into_iter().filter(|line| is_error(line));
    let rows = lines.map(|line| {
        row! {
            "ts" => Cell::Time(line.at), "bot" => &line.bot, "kind" => line.what.kind(),
            "strategy" => line.strategy.clone(), "market" => line.market.clone(),
            "component" => component(line), "error_type" => error_type(line),
            "status_code" => line.code,
        }
    });
    rows.collect()
}

/// Bot, component, type and minute.
type Minute<'a> = (&'a String, Option<&'a str>, Option<String>, i64);

fn error_rates(case: &Case) -> Vec<Row> {
    let mut minutes: BTreeMap<Minute, Vec<i64>> = BTreeMap::new();
    for line in once(case).into_iter().filter(|line| is_error(line)) {
        let minute = line.at.div_euclid(MINUTE) * MINUTE;
        let key = (&line.bot, component(line), error_type(line), minute);
        minutes.entry(key).or_default().push(line.at);
    }
    let rows = minutes.into_iter().map(|((bot, component, kind, minute), at)| {
        row! {
            "bot" => bot, "component" => component, "error_type" => kind,
            "minute" => Cell::Time(minute), "errors" => at.len(),
            "errors_per_s" => at.len() as f64 / 60.0,
            "first_at" => Cell::Time(at[0]), "last_at" => Cell::Time(*at.last().unwrap()),
        }
    });
    rows.collect()
}

fn signals(case: &Case) -> Vec<Row> {
    let lines = once(case).into_iter().filter(|l| matches!(l.what, What::Signal | What::Scan));
    let rows = lines.map(|line| {
        let action = line.string("action").or(line.string("side")).map(str::to_lowercase);
        let sign = action.as_deref().map(|action| if action == "buy" { 1.0 } else { -1.0 });
        row! {
            "ts" => Cell::Time(line.at), "bot" => &line.bot, "kind" => line.what.kind(),
            "strategy" => line.strategy.clone(), "market" => line.market.clone(),
            "model" => line.string("model_name"), "action" => action, "sign" => sign,
            "confidence" => line.float("confidence"), "strength" => line.float("strength"),
            "signal_price" => line.float("signalPrice"),
            "opportunities" => line.float("opportunities").or(line.float("candidates")),
            "markets_scanned" => line.float("markets_scanned"),
            "duration_ms" => line.float("duration_ms"),
        }
    });
    rows.collect()
}

fn model_age(case: &Case) -> Vec<Row> {
    type Model = (String, Option<String>, Option<String>);
    // The value, since when, and when it was last told.
    let mut models: BTreeMap<Model, (f64, i64, i64)> = BTreeMap::new();
    let told = case.before_end().filter(|line| {
        matches!(line.what, What::Model | What::Placed | What::Signal | What::Quote)
    });
    let mut told: Vec<(&Line, f64)> =
        told.filter_map(|line| line.fair.map(|fair| (line, fair))).collect();
    told.sort_by(|(a, a_fair), (b, b_fair)| a.at.cmp(&b.at).then(a_fair.total_cmp(b_fair)));
    for (line, fair) in told {
        let model = (line.bot.clone(), line.strategy.clone(), line.market.clone());
        let known = models.entry(model).or_insert((fair, line.at, line.at));
        let since = if known.0 == fair { known.1 } else { line.at };
        *known = (fair, since, line.at);
    }
    let rows = models.into_iter().map(|((bot, strategy, market), (fair, since, last))| {
        row! {
            "bot" => bot, "strategy" => strategy, "market" => market, "fair" => fair,
            "fair_since" => Cell::Time(since), "last_at" => Cell::Time(last),
            "age_s" => seconds(case.now() - last), "unchanged_s" => seconds(last - since),
        }
    });
    rows.collect()
}

fn system_usage(case: &Case) -> Vec<Row> {
    let rows = once(case).into_iter().filter_map(|line| {
        let checks = &line.value["checks"]["system"];
        let cpu = line.float("cpu_percent").or(number(&checks["cpu_pct"]));
        let memory = number(&checks["mem_pct"]);
        cpu.or(memory)?;
        Some(row! {
            "ts" => Cell::Time(line.at), "bot" => &line.bot, "kind" => line.what.kind(),
            "cpu_pct" => cpu, "mem_pct" => memory, "memory_mb" => line.float("memory_mb"),
            "disk_pct" => line.float("disk_usage_percent"),
        })
    });
    rows.collect()
}

fn limit_breaches(case: &Case) -> Vec<Row> {
    let lines = once(case).into_iter().filter(|line| line.what == What::Breach);
    let rows = lines.map(|line| {
        let (size, limit) = (line.size.unwrap(), line.float("limit").unwrap());
        row! {
            "ts" => Cell::Time(line.at), "bot" => &line.bot, "market" => line.market.clone(),
            "size" => size, "size_limit" => limit, "excess" => size - limit,
            "usage_rate" => size / limit,
        }
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bots_beat_and_act_as_logged() {
    check("heartbeats", &["bot", "ts"], heartbeats).await;
    check("last_seen", &["bot", "kind"], last_seen).await;
    check("activity", &["bot", "strategy"], activity).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_silent_as_logged() {
    let gaps = |case: &Case| ws_gaps(case).into_iter().chain(silences(case)).collect();
    check("ws_gaps", &["bot", "what", "ts"], gaps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_as_logged() {
    check("errors", &["bot", "ts", "kind"], errors).await;
    check("error_rates", &["bot", "component", "error_type", "minute"], error_rates).await;
    check("limit_breaches", &["bot", "ts", "market"], limit_breaches).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_and_hosts_are_as_logged() {
    check("signals", &["bot", "ts", "kind", "market"], signals).await;
    check("model_age", &["bot", "strategy", "market"], model_age).await;
    check("system_usage", &["bot", "ts", "kind"], system_usage).await;
}
