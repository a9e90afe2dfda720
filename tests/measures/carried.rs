//! What is carried is the same whatever window asks and wherever days were closed.
//!
//! Each end of a window meets one set of closes; `FILLWATCH_CLOSES=all` lets it meet every one.

use fillwatch_query::Window;
use fillwatch_simulate::FleetOptions;

use super::logs::{DAY, HOUR, MINUTE, START, run, thinned};
use super::raw::Log;
use super::table::{Row, differences};
use super::world::{READ_AT, World};

/// Two days of one bot of each system, slow enough for a test and with trouble on both sides of
/// the midnights.
fn lives() -> Vec<Log> {
    let mut options = FleetOptions::one_of_each(5, START);
    options.lines_per_second = Some(0.1);
    for text in [
        "drawdown@gold1:+5h..+7h",
        "position_breach@mm1:+29h..+31h",
        "fat_tail_loss@agent1:+30h..+30.1h",
        "heartbeat_loss@arb1:+28h..+32h",
    ] {
        options.incidents.push(text.parse().unwrap());
    }
    run(options, 36 * HOUR).logs.into_iter().map(|log| thinned(log, 60)).collect()
}

/// What tells rows apart, in the views that have it.
const NAMES: [&str; 9] =
    ["bot", "run_id", "strategy", "market", "kind", "order_id", "date", "ts", "closed_at"];

/// The answers of every view whose header begins to say of what it reads `how`.
async fn answers(world: &World, window: Window, how: &str) -> Vec<(String, Vec<Row>)> {
    let look = world.look(window).await;
    let mut views = look.views();
    views.retain(|view| {
        let reads = view.doc.split("Reads:").nth(1).unwrap_or_default().trim_start();
        // Those that others are made of show all rows since the close, wherever it is.
        reads.starts_with(how) && !reads.contains("from the last close at or before the window")
    });
    assert!(views.len() > 8, "only {} views are {how}", views.len());
    let rows = look.ask_all(views.iter().map(|view| format!("select * from {}", view.name))).await;
    views.into_iter().map(|view| view.name).zip(rows).collect()
}

fn compare(what: &str, got: &[(String, Vec<Row>)], want: &[(String, Vec<Row>)]) -> Vec<String> {
    let pairs = got.iter().zip(want);
    let differing = pairs.filter_map(|((view, got), (_, want))| {
        let differences = differences(&NAMES, got, want);
        (!differences.is_empty()).then(|| format!("{view}, {what}: {differences}"))
    });
    differing.collect()
}

const MIDNIGHTS: [i64; 2] = [START + 6 * HOUR, START + 30 * HOUR];
/// A running close is one at any moment.
const MIDDAY: i64 = MIDNIGHTS[1] + 3 * HOUR + 1;

/// Where closes may lie. Days are closed one after the other, so no midnight is left out before
/// another close.
const CLOSINGS: [&[i64]; 4] = [
    &[MIDNIGHTS[0], MIDNIGHTS[1]],
    &[MIDNIGHTS[0]],
    &[MIDNIGHTS[0], MIDNIGHTS[1], MIDDAY],
    &[MIDNIGHTS[0] - 2 * HOUR, MIDNIGHTS[0], MIDNIGHTS[0] + HOUR],
];

/// One of `all`, or everything, asked for it.
fn one_or_all<T: Copy>(all: &[T], one: usize) -> Vec<T> {
    match std::env::var_os("FILLWATCH_CLOSES") {
        Some(_) => all.to_vec(),
        None => vec![all[one]],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn carried_views_hang_on_no_window_and_no_close() {
    let mut world = World::of(&lives()).await;
    let mut wrong = Vec::new();
    let ends = [MIDNIGHTS[1], START + 29 * HOUR + 7, READ_AT];
    for (number, to) in ends.into_iter().enumerate() {
        let as_of = |from: Option<i64>| Window { from, to: Some(to) };
        world.close_at(&[]).await;
        let want = answers(&world, as_of(None), "carried").await;
        for from in one_or_all(&[to, to - 10 * MINUTE, to - 25 * HOUR], number) {
            for closes in one_or_all(&CLOSINGS, number) {
                world.close_at(closes).await;
                let got = answers(&world, as_of(Some(from)), "carried").await;
                let what = format!("from {from} to {to}, closed at {closes:?}");
                wrong.extend(compare(&what, &got, &want));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a window needs from before it, it takes from the close or from the events: the same.
#[tokio::test(flavor = "multi_thread")]
async fn windowed_views_hang_on_no_close() {
    let mut world = World::of(&lives()).await;
    let mut wrong = Vec::new();
    let windows = [
        Window { from: Some(MIDNIGHTS[1]), to: Some(MIDNIGHTS[1] + 2 * HOUR) },
        Window { from: Some(MIDNIGHTS[1] + 10 * MINUTE), to: Some(START + 33 * HOUR) },
        Window { from: Some(MIDDAY + HOUR), to: None },
        Window { from: Some(START + DAY), to: None },
    ];
    // The end of one day, and of the day before it.
    let asked = if one_or_all(&windows, 0).len() == 1 { 2 } else { windows.len() };
    for (number, window) in windows.into_iter().take(asked).enumerate() {
        world.close_at(&[]).await;
        let want = answers(&world, window, "windowed").await;
        for closes in one_or_all(&CLOSINGS, number) {
            world.close_at(closes).await;
            let got = answers(&world, window, "windowed").await;
            wrong.extend(compare(&format!("{window:?}, closed at {closes:?}"), &got, &want));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
