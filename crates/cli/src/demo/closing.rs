//! What the demo says at its end: each incident as it looks in SQL.

use std::time::Duration;

use fillwatch_model::Micros;
use fillwatch_query::output::Layout;
use fillwatch_serve::Report;
use fillwatch_simulate::{IncidentKind, IncidentTruth, Truth};

use super::place::Place;
use crate::asker::Asker;
use crate::failure::Failure;
use crate::quantity;

/// What came of it.
pub(crate) struct Played {
    pub(crate) truth: Truth,
    pub(crate) report: Report,
    /// Median and worst time from a newline to an answer that counts it.
    pub(crate) latencies: Option<(Duration, Duration)>,
}

/// All of it.
pub(crate) async fn text(
    asker: &Asker,
    played: &Played,
    place: &Place,
    layout: &Layout,
) -> Result<String, Failure> {
    let mut text = summary(played);
    text += "\nThe fleet, by SQL over the store:\n\n";
    text += &asker.table(BY_BOT, layout).await?;
    for incident in &played.truth.incidents {
        text += &tell(asker, incident, layout).await?;
    }
    Ok(text + &next(place))
}

fn summary(played: &Played) -> String {
    let Played { truth, report, latencies } = played;
    let mut text = format!(
        "{} wrote {} ({}) into {}; fillwatch has {} and {} of them, in {}.\n",
        quantity::of(truth.bots.len() as u64, "bot", "bots"),
        quantity::of(truth.lines, "line", "lines"),
        quantity::bytes(truth.bytes),
        quantity::of(truth.files.len() as u64, "file", "files"),
        quantity::of(report.rows, "row", "rows"),
        quantity::of(report.rejects, "reject", "rejects"),
        quantity::of(report.commits, "commit", "commits"),
    );
    if let Some((median, worst)) = latencies {
        text += &format!(
            "From a newline in a log to an answer that counts it, query included: median {}, worst {}.\n",
            quantity::duration(*median),
            quantity::duration(*worst)
        );
    }
    text
}

/// What to try next.
fn next(place: &Place) -> String {
    if !place.is_kept() {
        return "\nTry next:\n  \
            fillwatch demo --keep demo             # the same, and the logs and the store stay\n  \
            fillwatch inspect DIR                  # what is in your own logs\n  \
            fillwatch watch DIR                    # follow them\n"
            .to_owned();
    }
    let (logs, store) = (place.logs(), place.store());
    let (logs, store) = (logs.display(), store.display());
    format!(
        "\nTry next:\n  \
         fillwatch bots --store {store}         # each bot in a line\n  \
         fillwatch fills --store {store}        # what was filled, and what it cost\n  \
         fillwatch sql --store {store}          # ask it more; \\d lists what there is\n  \
         fillwatch status --store {store}       # how far each log is read\n  \
         fillwatch verify --store {store}       # every line is there, once\n  \
         fillwatch inspect {logs}             # how these logs are read\n"
    )
}

/// The whole fleet in a line per bot.
pub(crate) const BY_BOT: &str = "\
select bot, count(*) as events,
       count(*) filter (where kind = 'order_placed') as orders,
       count(*) filter (where kind = 'fill') as fills,
       count(*) filter (where kind = 'order_rejected') as rejects,
       max(ts) filter (where kind = 'heartbeat') as last_heartbeat,
       max(ts) as last_seen
from events group by bot order by bot";

/// The measure an incident shows in, before, during and after it.
fn measures(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::RejectStorm => {
            "count(*) filter (where kind = 'order_placed') as placed,
       count(*) filter (where kind = 'order_rejected') as rejected,
       max(status_code) as worst_status"
        }
        IncidentKind::PositionBreach => {
            "count(*) filter (where kind = 'fill') as fills,
       count(*) filter (where kind = 'limit_breach') as breaches"
        }
        IncidentKind::Drawdown | IncidentKind::FatTailLoss => {
            "count(*) filter (where kind = 'order_placed') as placed,
       min(equity) as equity_min,
       count(*) filter (where kind = 'halt') as halts"
        }
        IncidentKind::WsSilence => {
            "count(*) filter (where kind = 'quote') as quotes,
       count(*) filter (where kind = 'model') as model_updates,
       count(*) filter (where kind = 'ws') as ws_events"
        }
        IncidentKind::HeartbeatLoss => {
            "count(*) as events,
       count(*) filter (where kind = 'heartbeat') as heartbeats"
        }
        IncidentKind::StaleFairValue | IncidentKind::AdverseSelection => {
            "count(*) filter (where kind = 'order_placed') as placed,
       count(*) filter (where kind = 'fill') as fills,
       count(distinct fair) as fair_values"
        }
    }
}

/// The query that shows it.
fn query(incident: &IncidentTruth) -> String {
    let time = |at: Micros| quantity::moment(at).replace('Z', "");
    format!(
        "select case when ts < '{from}' then '1 before'
            when ts < '{until}' then '2 during' else '3 after' end as incident,
       {measures}
from events where bot = '{bot}' group by 1 order by 1",
        from = time(incident.at),
        until = time(incident.until),
        measures = measures(incident.kind),
        bot = incident.bot,
    )
}

/// An incident: what was done, the question, the answer.
async fn tell(asker: &Asker, incident: &IncidentTruth, layout: &Layout) -> Result<String, Failure> {
    let sql = query(incident);
    let answer = asker.table(&sql, layout).await?;
    Ok(format!(
        "\n{kind} of {bot}, {from} to {until}:\n\n{sql}\n\n{answer}",
        kind = incident.kind,
        bot = incident.bot,
        from = quantity::moment(incident.at),
        until = quantity::moment(incident.until),
    ))
}
