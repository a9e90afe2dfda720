//! Which files are read, and how often: once.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use fillwatch_tail::Options;

use crate::script::{Stage, check, check_with, options};

#[test]
fn one_file_under_several_names_is_read_once() {
    check(
        "write a.log one
         symlink a.log b.log
         hardlink a.log c.log
         sweep
         write a.log two
         sweep
         delete a.log
         write c.log three
         sweep",
        "added a.log
         a.log: one
         a.log: two
         rotated a.log to c.log
         a.log: three",
    );
}

#[test]
fn links_that_lead_in_circles_end() {
    check(
        "write deep/a.log one
         symlink . deep/loop
         symlink deep again
         sweep",
        "added deep/a.log
         deep/a.log: one",
    );
}

#[test]
fn a_link_that_is_moved_to_another_file_starts_that_file() {
    check(
        "source current.log
         write run-a one
         symlink run-a current.log
         sweep
         write run-a two
         write run-b three
         delete current.log
         symlink run-b current.log
         sweep",
        "added current.log
         current.log: one
         deleted current.log
         added current.log
         current.log: two
         current.log: three",
    );
}

#[test]
fn new_files_and_directories_are_found() {
    check(
        "write a.log one
         sweep
         write new/b.log two
         write new/.hidden.log x
         write new/core x
         sweep",
        "added a.log
         a.log: one
         added new/b.log
         new/b.log: two",
    );
}

#[test]
fn excluded_files_are_not_read() {
    check(
        "exclude debug*
         write a.log one
         write debug.log x
         write debug/b.log x
         sweep",
        "added a.log
         a.log: one",
    );
}

#[test]
fn a_glob_reads_what_matches() {
    check(
        "source bot-*/*.jsonl
         write bot-1/a.jsonl one
         write bot-1/b.log x
         write other/a.jsonl x
         sweep
         write bot-2/a.jsonl two
         sweep",
        "added bot-1/a.jsonl
         bot-1/a.jsonl: one
         added bot-2/a.jsonl
         bot-2/a.jsonl: two",
    );
}

#[test]
fn more_files_than_descriptors() {
    let mut stage = Stage::new(Options { open_files_max: 4, ..options() });
    for round in 0..3 {
        for file in 0..40 {
            stage.act(&format!("write f{file}x.log line-{round}-of-{file}"));
        }
        stage.act("sweep");
    }
    for (round, file) in (0..3).flat_map(|round| (0..40).map(move |file| (round, file))) {
        let line = format!("f{file}x.log: line-{round}-of-{file}\n");
        assert_eq!(stage.log.text.matches(&line).count(), 1, "{}", stage.log.text);
    }
}

#[test]
fn a_corrupt_archive_is_said_and_others_go_on() {
    check(
        "repeat a.log 1000 one
         gzip a.log
         truncate a.log.gz 5
         write b.log two
         sweep 5
         write b.log three
         sweep",
        "added b.log
         b.log: two
         corrupt a.log.gz
         b.log: three",
    );
}

#[test]
fn what_an_archive_holds_before_the_damage_is_read() {
    let mut stage = Stage::new(options());
    stage.act("repeat a.log 400000 one");
    stage.act("gzip a.log");
    let len = stage.folder.len("a.log.gz").unwrap();
    stage.act(&format!("truncate a.log.gz {}", len / 2));
    stage.act("sweep 5");
    let handed: usize = stage
        .log
        .text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("a.log.gz: ")?.strip_suffix(" lines")?.parse::<usize>().ok()
        })
        .sum();
    assert!((100_000..400_000).contains(&handed), "{}", stage.log.text);
    assert_eq!(stage.log.text.matches("corrupt a.log.gz").count(), 1);
}

#[test]
fn an_archive_whose_checksum_is_wrong_is_corrupt() {
    let mut stage = Stage::new(options());
    stage.act("write a.log one two");
    stage.act("gzip a.log");
    let len = stage.folder.len("a.log.gz").unwrap();
    stage.folder.write_at("a.log.gz", len - 8, b"\x13").unwrap();
    stage.act("sweep 5");
    assert_eq!(stage.log.text, "added a.log.gz\na.log.gz: one two\ncorrupt a.log.gz\n");
}

#[test]
fn a_one_shot_run_says_which_archive_is_corrupt() {
    check(
        "repeat a.log 1000 one
         gzip a.log
         truncate a.log.gz 5
         sweep
         finish",
        "corrupt a.log.gz",
    );
}

#[test]
fn an_unreadable_file_is_said_once_and_recovers() {
    let mut stage = Stage::new(options());
    stage.act("write a.log one");
    stage.act("sweep");
    stage.act("write a.log two");
    let path = stage.folder.file("a.log");
    if !lock_out(&path) {
        return;
    }
    stage.act("write b.log x");
    stage.act("sweep 5");
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    stage.act("sweep");
    assert_eq!(
        stage.log.text, "added a.log\na.log: one\nadded b.log\na.log: two\nb.log: x\n",
        "what is open stays readable"
    );
}

#[test]
fn an_unreadable_new_file_is_said_once_and_recovers() {
    let mut stage = Stage::new(options());
    stage.act("write a.log one");
    let path = stage.folder.file("a.log");
    if !lock_out(&path) {
        return;
    }
    stage.act("sweep 5");
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    stage.act("sweep");
    assert_eq!(stage.log.text, "unreadable a.log\nadded a.log\na.log: one\nreadable a.log\n");
}

/// Takes our permission away; not from root, who has it anyway.
fn lock_out(path: &std::path::Path) -> bool {
    std::fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
    std::fs::File::open(path).is_err()
}

#[test]
fn the_state_of_each_file_can_be_seen() {
    check_with(
        options(),
        "write a.log one
         part a.log tw
         write b.log x
         sweep
         rename b.log b.log.1
         sweep
         files",
        "added a.log
         added b.log
         a.log: one
         b.log: x
         rotated b.log to b.log.1
         file a.log active 4/6
         file b.log.1 rotated 2/2",
    );
}
