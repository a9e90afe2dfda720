//! The real binary, killed at random moments while a bot writes and rotates, and checked by a
//! program that shares no code with it.
//!
//! `FILLWATCH_KILLS=10000 cargo test --workspace kill -- --nocapture` runs it for longer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const KILLS: u32 = 30;

/// Short intervals, so that a life of a second or two crosses many commits and checkpoints.
const CONFIG: &str = "
store = \"store\"

[[source]]
path = \"logs\"

[ingest]
commit_interval = \"100ms\"
";

#[test]
fn nothing_is_lost_doubled_or_torn_by_kill_9() {
    let kills = std::env::var("FILLWATCH_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let seed = std::env::var("FILLWATCH_SEED").map_or(1, |seed| seed.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let world = dir.path();
    fs::create_dir(world.join("logs")).unwrap();
    fs::write(world.join("fillwatch.toml"), CONFIG).unwrap();
    let python = python();
    let mut writer = Command::new(&python)
        .arg(here("verifiable_writer.py"))
        .args([world.join("logs"), world.join("written.json")])
        .args(["--seed", &seed.to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut random = Random(seed);
    for _ in 0..kills {
        let mut watch = fillwatch(world, &["watch"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200 + random.next() % 1800));
        // Still alive until now: a crash of its own is a failure, and not one more kill.
        assert!(watch.try_wait().unwrap().is_none(), "watch ended by itself: {}", said(watch));
        watch.kill().unwrap();
        watch.wait().unwrap();
    }
    drop(writer.stdin.take());
    assert!(writer.wait().unwrap().success());
    run(&mut fillwatch(world, &["ingest"]));
    run(&mut fillwatch(world, &["verify"]));
    let check = Command::new(&python)
        .arg(here("check_store.py"))
        .args([world.join("store"), world.join("written.json")])
        .output()
        .unwrap();
    let verdict = String::from_utf8_lossy(&check.stdout).into_owned();
    println!("{kills} kills, seed {seed}: {}", verdict.trim());
    assert!(check.status.success(), "{verdict}{}", String::from_utf8_lossy(&check.stderr));
}

/// A checker that cannot fail would prove nothing: it is shown lost, doubled and torn lines.
#[test]
fn the_checker_finds_what_it_is_shown() {
    let mut check = Command::new(python());
    run(check.arg(here("check_store.py")).arg("--self-test"));
}

fn fillwatch(world: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fillwatch"));
    command.args(arguments).current_dir(world).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn said(child: Child) -> String {
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr).into_owned()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {said}{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(name)
}

/// A Python that has what the checker needs: made once, beside the build.
fn python() -> PathBuf {
    static MADE: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        let python = dir.join("bin/python");
        if !dir.join("ready").exists() {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&dir));
            let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
            run(Command::new(&python).args(install).arg(here("requirements.txt")));
            fs::write(dir.join("ready"), "").unwrap();
        }
        python
    })
    .clone()
}

/// SplitMix64: the same kills for the same seed, as far as a scheduler lets them be.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
