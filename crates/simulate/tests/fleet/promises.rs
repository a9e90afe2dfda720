//! Determinism, order, pace, and files.

use std::fs;

use fillwatch_simulate::{Extent, Fleet, FleetError, FleetOptions, System, write_to};

use crate::{HOUR, MINUTE, START, minutes, run};

#[test]
fn the_same_seed_writes_the_same_bytes() {
    let (first, again, other) = (run(1, 1, &[]), run(1, 1, &[]), run(1, 2, &[]));
    assert!(first.lines == again.lines, "two runs of one seed differ");
    assert_eq!(first.truth, again.truth);
    assert!(first.lines != other.lines, "two seeds wrote the same");
}

#[test]
fn lines_come_in_time_order() {
    let run = run(1, 1, &["drawdown@BOT:+20m..+30m", "ws_silence@BOT:+40m..+45m"]);
    assert!(run.lines.is_sorted_by_key(|emission| emission.at));
    assert!(run.lines.iter().all(|e| (START..START + HOUR).contains(&e.at)));
}

#[test]
fn a_bot_writes_the_same_in_any_company() {
    let alone = |system| {
        let fleet = Fleet::new(FleetOptions::of(system, 1, 5, START)).unwrap();
        fleet.take_while(|e| e.at < START + 30 * MINUTE).collect::<Vec<_>>()
    };
    let mut together = run(1, 5, &[]).lines;
    together.retain(|e| e.at < START + 30 * MINUTE && e.file.starts_with("polybot"));
    assert!(together == alone(System::Polybot));
}

#[test]
fn an_incident_changes_nothing_before_it_and_nobody_else() {
    for kind in fillwatch_simulate::Incident::KINDS {
        let clean = run(1, 3, &[]);
        let struck = run(1, 3, &[&format!("{kind}@mm1:+20m..+40m")]);
        let differs = |(a, b): (&_, &_)| a != b;
        let others = |run: &crate::Run| {
            run.lines.iter().filter(|e| !e.file.starts_with("kalshi")).cloned().collect::<Vec<_>>()
        };
        assert!(others(&clean) == others(&struck), "{kind} of mm1 changed another bot");
        let first = clean.lines.iter().zip(&struck.lines).find(|pair| differs(*pair)).unwrap();
        let since = minutes(first.0.at.min(first.1.at));
        let truth = &struck.truth.incidents[0];
        let noted = minutes(truth.first_affected.expect("it has an effect"));
        assert!((20.0..40.0).contains(&noted), "{kind} is noted at +{noted}m");
        // What the bot does otherwise is written a moment later, if it is written.
        assert!((noted..noted + 1.0).contains(&since), "{kind}: noted +{noted}m, seen +{since}m");
    }
}

#[test]
fn a_fleet_keeps_the_pace_asked_for() {
    let check = |system: System, bots: usize, pace: f64, lines: u64| {
        let mut options = FleetOptions::of(system, bots, 1, START);
        options.lines_per_second = Some(pace);
        let mut fleet = Fleet::new(options).unwrap();
        let last = fleet.nth(lines as usize - 1).unwrap();
        let got = lines as f64 / ((last.at - START) as f64 / 1e6);
        assert!((got / pace - 1.0).abs() < 0.15, "{system}: asked {pace}, got {got}");
    };
    check(System::Kalshi, 1, 5.0, 10_000);
    check(System::Kalshi, 2, 100.0, 50_000);
    check(System::Kalshi, 4, 20_000.0, 300_000);
    check(System::Polybot, 1, 50.0, 50_000);
    check(System::Catalyst, 1, 5.0, 10_000);
    check(System::Qkt, 1, 5.0, 10_000);
}

#[test]
fn fleets_that_cannot_be_are_refused() {
    let check = |change: fn(&mut FleetOptions), want: &str| {
        let mut options = FleetOptions::one_of_each(1, START);
        change(&mut options);
        let error: FleetError = Fleet::new(options).unwrap_err();
        assert_eq!(error.to_string(), want);
    };
    check(|o| o.bots.clear(), "a fleet needs at least one bot");
    check(
        |o| o.bots.push(o.bots[0].clone()),
        "two bots are called `mm1`; a name is a folder, give each its own",
    );
    check(
        |o| o.incidents.push("drawdown@mm7:+1m..+2m".parse().unwrap()),
        "incident `drawdown@mm7:+60s..+120s` strikes no bot of this fleet; \
         there are mm1, gold1, arb1, paper1, agent1",
    );
    check(
        |o| o.lines_per_second = Some(f64::NAN),
        "NaN lines per second is no pace; give a number above 0 and up to 1000000",
    );
}

#[test]
fn files_hold_what_the_truth_says() {
    let dir = tempfile::tempdir().unwrap();
    let options = || FleetOptions::one_of_each(9, START);
    let truth = write_to(dir.path(), options(), Extent::Lines(5_001)).unwrap();
    let mut lines = 0;
    for file in &truth.files {
        let bytes = fs::read(dir.path().join(&file.path)).unwrap();
        assert_eq!(bytes.len() as u64, file.bytes);
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count() as u64, file.lines);
        lines += file.lines;
    }
    assert_eq!((lines, truth.lines), (5_001, 5_001));

    let error = write_to(dir.path(), options(), Extent::Time(MINUTE)).unwrap_err();
    assert!(error.to_string().starts_with("cannot write "), "{error}");

    let other = tempfile::tempdir().unwrap();
    let truth = write_to(other.path(), options(), Extent::Bytes(100_000)).unwrap();
    assert!((100_000..102_000).contains(&truth.bytes), "{} bytes", truth.bytes);
}

#[test]
fn a_truth_is_read_back_as_it_was_written() {
    let truth = run(1, 4, &["reject_storm@mm1:+10m..+15m"]).truth;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("truth.json");
    truth.save(&path).unwrap();
    let read = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(truth, read);
}
