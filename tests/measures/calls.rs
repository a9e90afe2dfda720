//! How calls went: `api_calls`, `api_latency`, `api_errors`.

use std::collections::{BTreeMap, BTreeSet};

use super::raw::{Line, What};
use super::table::{Cell, Row, row};
use super::{Case, check, stats};

/// A call, or a latency that another line tells of one.
struct Call {
    at: i64,
    bot: String,
    provider: Option<String>,
    endpoint: Option<String>,
    code: Option<i64>,
    latency_ms: Option<f64>,
    failed: Option<bool>,
    kind: &'static str,
}

fn calls(case: &Case) -> Vec<Call> {
    let mut seen = BTreeSet::new();
    let once = case.inside().filter(|line| seen.insert((&line.bot, &line.text)));
    once.filter_map(call).collect()
}

fn call(line: &Line) -> Option<Call> {
    let text = |keys: &[&str]| keys.iter().find_map(|key| line.string(key)).map(str::to_owned);
    let named = |name: &str| Some(name.to_owned());
    let (mut provider, endpoint, mut latency_ms) =
        (text(&["provider", "api_name"]), None, line.latency_ms);
    let mut code = line.code;
    let (endpoint, failed) = match line.what {
        What::Call => (text(&["endpoint"]), code.map(|code| code >= 400 || code == 0)),
        What::Acked => (named("order"), Some(false)),
        What::Rejected => {
            code = code.or(line.value["code"].as_i64());
            (named("order"), Some(true))
        }
        What::Filled => (named("fill"), None),
        What::Beat => {
            let check = &line.value["checks"]["exchange_api"];
            let passed = check["ok"].as_bool()?;
            provider = named("exchange_api");
            latency_ms = check["latency_ms"].as_f64();
            (named("health"), Some(!passed))
        }
        What::Equity => {
            latency_ms = Some(line.float("api_latency_ms")?);
            (named("snapshot"), line.value["alive"].as_bool().map(|alive| !alive))
        }
        _ => (endpoint, None),
    };
    let tells = match line.what {
        What::Call | What::Beat | What::Equity => true,
        What::Acked | What::Filled => latency_ms.is_some(),
        What::Rejected => latency_ms.is_some() || code.is_some(),
        _ => false,
    };
    let kind = line.what.kind();
    tells.then(|| Call {
        at: line.at,
        bot: line.bot.clone(),
        provider,
        endpoint,
        code,
        latency_ms,
        failed,
        kind,
    })
}

fn api_calls(case: &Case) -> Vec<Row> {
    let rows = calls(case).into_iter().map(|call| {
        row! {
            "ts" => Cell::Time(call.at), "bot" => call.bot, "provider" => call.provider,
            "endpoint" => call.endpoint, "status_code" => call.code,
            "latency_ms" => call.latency_ms, "is_error" => call.failed, "kind" => call.kind,
        }
    });
    rows.collect()
}

/// Bot, provider and endpoint.
type Where = (String, Option<String>, Option<String>);

fn by_endpoint(case: &Case) -> BTreeMap<Where, Vec<Call>> {
    let mut endpoints: BTreeMap<Where, Vec<Call>> = BTreeMap::new();
    for call in calls(case) {
        let endpoint = (call.bot.clone(), call.provider.clone(), call.endpoint.clone());
        endpoints.entry(endpoint).or_default().push(call);
    }
    endpoints
}

fn api_latency(case: &Case) -> Vec<Row> {
    let mut rows = Vec::new();
    for ((bot, provider, endpoint), calls) in by_endpoint(case) {
        let latencies: Vec<f64> = calls.iter().filter_map(|call| call.latency_ms).collect();
        if latencies.is_empty() {
            continue;
        }
        let at = |q: f64, least: usize| {
            stats::quantile(&latencies, q).filter(|_| latencies.len() >= least)
        };
        // DataFusion takes the way between two values in a million steps.
        let largest = latencies.iter().copied().fold(0.0, f64::max);
        let at = |q, least| at(q, least).map(|value| Cell::Sum(value, 1e4 * largest));
        rows.push(row! {
            "bot" => bot, "provider" => provider, "endpoint" => endpoint, "n" => latencies.len(),
            "p50_ms" => at(0.5, 1), "p95_ms" => at(0.95, 20), "p99_ms" => at(0.99, 100),
            "max_ms" => latencies.iter().copied().fold(f64::MIN, f64::max),
            "mean_ms" => stats::mean(&latencies),
        });
    }
    rows
}

fn api_errors(case: &Case) -> Vec<Row> {
    let mut rows = Vec::new();
    for ((bot, provider, endpoint), calls) in by_endpoint(case) {
        let known: Vec<&Call> = calls.iter().filter(|call| call.failed.is_some()).collect();
        let mut errors: BTreeMap<Option<i64>, usize> = BTreeMap::new();
        for call in known.iter().filter(|call| call.failed == Some(true)) {
            *errors.entry(call.code).or_default() += 1;
        }
        let is_order = matches!(endpoint.as_deref(), Some("order" | "cancel"));
        for (code, count) in errors {
            let rate = (!is_order).then(|| count as f64 / known.len() as f64);
            let is_5xx = code.is_some_and(|code| (500..600).contains(&code));
            rows.push(row! {
                "bot" => &bot, "provider" => provider.clone(), "endpoint" => endpoint.clone(),
                "status_code" => code, "calls" => known.len(), "errors" => count,
                "error_rate" => rate, "rate_limited" => if code == Some(429) { count } else { 0 },
                "http_5xx" => if is_5xx { count } else { 0 },
            });
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_went_as_logged() {
    let key = ["bot", "ts", "provider", "endpoint", "kind", "status_code"];
    check("api_calls", &key, api_calls).await;
    check("api_latency", &["bot", "provider", "endpoint"], api_latency).await;
    check("api_errors", &["bot", "provider", "endpoint", "status_code"], api_errors).await;
}
