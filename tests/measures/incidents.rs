//! Each way for a bot to fail moves the figures that it should, while it lasts and not before, and
//! no figure of another bot.

use fillwatch_query::Window;
use fillwatch_simulate::{BotSpec, FleetOptions, IncidentKind, Micros, System};

use super::logs::{MINUTE, START, run};
use super::table::{Cell, Row, differences};
use super::world::World;

const FROM: Micros = START + 60 * MINUTE;
const UNTIL: Micros = START + 90 * MINUTE;
const END: Micros = START + 100 * MINUTE;

/// While the incident lasts.
const DURING: Window = Window { from: Some(FROM), to: Some(UNTIL) };
/// As long, just before.
const BEFORE: Window = Window { from: Some(FROM - 30 * MINUTE), to: Some(FROM) };
/// With what came before, for figures that compare.
const AROUND: Window = Window { from: Some(FROM - 40 * MINUTE), to: Some(UNTIL) };
/// What it is found out in only when it is over.
const AFTERWARDS: Window = Window { from: Some(FROM - 5 * MINUTE), to: Some(END) };

/// A figure that an incident moves.
struct Figure {
    /// One number, `x`, of the bot that stands for `BOT`.
    sql: &'static str,
    window: Window,
    /// What it is without the incident, and with it.
    clean: fn(f64) -> bool,
    struck: fn(f64) -> bool,
}

/// The system that fails in this way most visibly, and what shows it.
fn figures(kind: IncidentKind) -> (System, Vec<Figure>) {
    use IncidentKind as Kind;
    match kind {
        Kind::StaleFairValue => (
            System::Kalshi,
            vec![
                Figure {
                    sql: "select max(unchanged_s) as x from model_age where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x < 300.0,
                    struck: |x| (1_700.0..1_830.0).contains(&x),
                },
                Figure {
                    sql: "select avg(markout_60s) as x from markouts where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x > 0.005,
                    struck: |x| x < 0.0,
                },
                // Against a value that is no more, the fills look as good as ever.
                Figure {
                    sql: "select avg(edge / fill_size) as x from fills where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x > 0.005,
                    struck: |x| x > 0.005,
                },
            ],
        ),
        Kind::AdverseSelection => (
            System::Kalshi,
            vec![
                Figure {
                    sql: "select avg(slippage) as x from fills where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x < -0.005,
                    struck: |x| x > 0.0,
                },
                Figure {
                    sql: "select max(mean) as x from rolling_slippage where bot = 'BOT' and n = 50",
                    window: DURING,
                    clean: |x| x < 0.0,
                    struck: |x| x > 0.005,
                },
                Figure {
                    sql: "select avg(markout_10s) as x from markouts where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x > 0.005,
                    struck: |x| x < -0.005,
                },
                Figure {
                    sql: "select min(drift_sigma) as x from edge_drift where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x > -6.0,
                    struck: |x| x < -2.0,
                },
            ],
        ),
        Kind::RejectStorm => (
            System::Kalshi,
            vec![
                Figure {
                    sql: "select count(*) as x from rejections
                          where bot = 'BOT' and status_code = 401",
                    window: DURING,
                    clean: |x| x == 0.0,
                    struck: |x| x > 500.0,
                },
                Figure {
                    sql: "select max(rejection_rate) as x from order_success where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x < 0.02,
                    struck: |x| x > 0.98,
                },
                Figure {
                    sql: "select coalesce(sum(errors), 0) as x from api_errors
                          where bot = 'BOT' and status_code = 401",
                    window: DURING,
                    clean: |x| x == 0.0,
                    struck: |x| x > 500.0,
                },
            ],
        ),
        Kind::WsSilence => (
            System::Kalshi,
            vec![
                Figure {
                    sql: "select count(*) as x from quotes where bot = 'BOT' and bid is not null",
                    window: DURING,
                    clean: |x| x > 200.0,
                    struck: |x| x == 0.0,
                },
                Figure {
                    sql: "select coalesce(max(gap_s), 0) as x from ws_gaps where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x < 60.0,
                    struck: |x| x > 1_700.0,
                },
                Figure {
                    sql: "select count(*) as x from ws_gaps where bot = 'BOT' and what = 'idle'",
                    window: DURING,
                    clean: |x| x == 0.0,
                    struck: |x| x > 100.0,
                },
            ],
        ),
        Kind::HeartbeatLoss => (
            System::Kalshi,
            vec![
                Figure {
                    sql: "select max(silence_s) as x from heartbeats where bot = 'BOT'",
                    window: AFTERWARDS,
                    clean: |x| x < 61.0,
                    struck: |x| x > 1_800.0,
                },
                Figure {
                    sql: "select min(age_s) as x from last_seen where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x < 10.0,
                    struck: |x| (1_790.0..1_830.0).contains(&x),
                },
                Figure {
                    sql: "select count(*) as x from heartbeats where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x > 25.0,
                    struck: |x| x == 0.0,
                },
            ],
        ),
        Kind::PositionBreach => (
            System::Kalshi,
            vec![
                Figure {
                    sql: "select max(abs(position)) as x from positions where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x <= 2_000.0,
                    struck: |x| x > 2_000.0,
                },
                Figure {
                    sql: "select count(*) as x from limit_breaches where bot = 'BOT' and excess > 0",
                    window: DURING,
                    clean: |x| x == 0.0,
                    struck: |x| x > 10.0,
                },
            ],
        ),
        Kind::Drawdown => (
            System::Qkt,
            vec![
                Figure {
                    sql: "select max(drawdown) as x from drawdown where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x < 0.05,
                    struck: |x| (0.15..0.3).contains(&x),
                },
                Figure {
                    sql: "select min(equity) as x from equity where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x > 95_000.0,
                    struck: |x| x < 85_000.0,
                },
                Figure {
                    sql: "select max(drop_rate) as x from equity_drop where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x < 0.05,
                    struck: |x| x > 0.15,
                },
            ],
        ),
        Kind::FatTailLoss => (
            System::Purpleflea,
            vec![
                Figure {
                    sql: "select min(zscore) as x from return_zscores where bot = 'BOT'",
                    window: AROUND,
                    clean: |x| x > -8.0,
                    struck: |x| x < -20.0,
                },
                Figure {
                    sql: "select max(distance_iqr) as x from return_iqr where bot = 'BOT'",
                    window: AROUND,
                    clean: |x| x < 15.0,
                    struck: |x| x > 40.0,
                },
                Figure {
                    sql: "select min(gross_pnl / (entry_price * size)) as x from round_trips
                          where bot = 'BOT'",
                    window: DURING,
                    clean: |x| x > -0.02,
                    struck: |x| x < -0.05,
                },
            ],
        ),
    }
}

/// Two bots of a system, of which the first is struck or not.
async fn fleet(system: System, incident: Option<IncidentKind>) -> (World, [String; 2]) {
    let mut options = FleetOptions::of(system, 2, 8, START);
    let names = [1, 2].map(|number| BotSpec::numbered(system, number).name);
    if let Some(kind) = incident {
        options.incidents.push(format!("{kind}@{}:+60m..+90m", names[0]).parse().unwrap());
    }
    (World::of(&run(options, END - START).logs).await, names)
}

async fn ask(world: &World, figure: &Figure, window: Window, bot: &str) -> Cell {
    let rows = world.ask(window, &figure.sql.replace("BOT", bot)).await;
    rows[0]["x"].clone()
}

async fn check(kind: IncidentKind) {
    let (system, figures) = figures(kind);
    let (clean, [victim, other]) = fleet(system, None).await;
    let (struck, _) = fleet(system, Some(kind)).await;
    for figure in &figures {
        let sql = figure.sql;
        let without = ask(&clean, figure, figure.window, &victim).await;
        let with = ask(&struck, figure, figure.window, &victim).await;
        let is = |cell: &Cell, wanted: fn(f64) -> bool| cell.number().is_some_and(wanted);
        assert!(is(&without, figure.clean), "{kind}: {without} without it: {sql}");
        assert!(is(&with, figure.struck), "{kind}: {with} with it: {sql}");
        for (window, bot) in [(BEFORE, &victim), (figure.window, &other)] {
            let without = ask(&clean, figure, window, bot).await;
            let with = ask(&struck, figure, window, bot).await;
            // But for the last digit of a sum: its terms are added up in batches, and the rows of
            // the bot that is struck cut the batches elsewhere.
            assert!(
                with.is(&without),
                "{kind}: {bot} through {window:?}: {with}, not {without}: {sql}"
            );
        }
    }
}

macro_rules! incidents {
    ($($name:ident: $kind:ident,)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            check(IncidentKind::$kind).await;
        })*

        #[test]
        fn every_kind_of_incident_has_its_figures() {
            let checked = [$(IncidentKind::$kind),*];
            assert_eq!(checked, *fillwatch_simulate::Incident::KINDS);
        }
    };
}

incidents! {
    a_stale_value_shows_in_its_age_and_in_markouts: StaleFairValue,
    adverse_selection_shows_in_slippage: AdverseSelection,
    a_reject_storm_shows_in_rejections: RejectStorm,
    a_silent_socket_shows_in_gaps: WsSilence,
    a_lost_heartbeat_shows_in_silence: HeartbeatLoss,
    a_breach_shows_in_positions: PositionBreach,
    a_drawdown_shows_in_equity: Drawdown,
    a_fat_tail_shows_in_returns: FatTailLoss,
}

/// Every row of every view that is a bot's.
async fn everything(world: &World, window: Window) -> Vec<(String, Vec<Row>)> {
    let look = world.look(window).await;
    let mut views = look.views();
    views.retain(|view| view.columns.iter().any(|column| column == "bot"));
    assert!(views.len() > 40, "only {} views", views.len());
    let rows = look.ask_all(views.iter().map(|view| format!("select * from {}", view.name))).await;
    views.into_iter().map(|view| view.name).zip(rows).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strikes_one_bot_moves_nothing_of_another_nor_of_its_own_past() {
    let [victim, other] = ["mm1", "mm2"];
    let (from, end) = (START + 15 * MINUTE, START + 35 * MINUTE);
    let mut options = FleetOptions::of(System::Kalshi, 2, 8, START);
    let clean = World::of(&run(options.clone(), end - START).logs).await;
    for (number, kind) in fillwatch_simulate::Incident::KINDS.iter().enumerate() {
        let (from, until) = (15 + 2 * number, 17 + 2 * number);
        options.incidents.push(format!("{kind}@{victim}:+{from}m..+{until}m").parse().unwrap());
    }
    let struck = World::of(&run(options, end - START).logs).await;
    let through_all = Window { from: None, to: Some(end) };
    let before = Window { from: None, to: Some(from) };
    for (window, moved, still) in
        [(before, None, vec![victim, other]), (through_all, Some(victim), vec![other])]
    {
        let without = everything(&clean, window).await;
        let with = everything(&struck, window).await;
        let moves = |bot: &str| {
            let of_bot = |rows: &[Row]| -> Vec<Row> {
                rows.iter().filter(|row| row["bot"].text() == Some(bot)).cloned().collect()
            };
            let mut moves = Vec::new();
            for ((view, without), (_, with)) in without.iter().zip(&with) {
                let key = ["bot", "ts", "order_id", "trade_id", "strategy", "market"];
                let differences = differences(&key, &of_bot(with), &of_bot(without));
                if !differences.is_empty() {
                    moves.push(format!("{view}: {differences}"));
                }
            }
            moves
        };
        for bot in still {
            let moves = moves(bot);
            assert!(moves.is_empty(), "{bot}, {window:?}: {moves:#?}");
        }
        // Else nothing was struck, or nothing was asked.
        if let Some(bot) = moved {
            assert!(moves(bot).len() > 20, "{bot}");
        }
    }
}
