//! Copies that end before the place that was read: what a bot writes between the copying and the
//! truncation of `copytruncate` is in no copy.

use crate::script::{check, check_with, options};

/// Lines enough to be more than a header, and a commit at their end; then a line, the copy, and a
/// line that was read and is not in the copy.
const READ_PAST_A_COPY: &str = "repeat a.log 300 fifteen-letters
     sweep
     commit
     write a.log copied
     copy a.log a.log.1
     write a.log late
     sweep";

const READ: &str = "added a.log
     a.log: 300 lines
     copied a.log to a.log.1
     a.log: copied late";

#[test]
fn after_a_restart_it_is_not_read_again() {
    check(
        &format!(
            "{READ_PAST_A_COPY}
             truncate a.log
             write a.log next
             restart
             sweep 4
             restart
             rename a.log.1 a.log.2
             sweep"
        ),
        &format!(
            "{READ}
             truncated a.log
             added a.log
             copied a.log to a.log.1
             a.log: next
             gap of ? in a.log: WhileStopped
             resumed a.log at 5
             copied a.log to a.log.2"
        ),
    );
}

#[test]
fn after_a_restart_its_archive_is_not_read_again() {
    for (pack, ending) in [("gzip", "gz"), ("zstd", "zst")] {
        check(
            &format!(
                "{READ_PAST_A_COPY}
                 truncate a.log
                 restart
                 {pack} a.log.1
                 sweep 4
                 restart
                 sweep 4"
            ),
            &format!(
                "{READ}
                 truncated a.log
                 copied a.log to a.log.1.{ending}
                 gap of ? in a.log: WhileStopped
                 truncated a.log
                 copied a.log to a.log.1.{ending}
                 gap of ? in a.log: WhileStopped"
            ),
        );
    }
}

#[test]
fn a_copy_made_right_at_a_commit_is_recognised_however_short_it_is() {
    check(
        "write a.log one
         sweep
         commit
         copy a.log a.log.1
         write a.log two
         sweep
         truncate a.log
         write a.log three
         restart
         sweep",
        "added a.log
         a.log: one
         copied a.log to a.log.1
         a.log: two
         truncated a.log
         added a.log
         copied a.log to a.log.1
         a.log: three",
    );
}

#[test]
fn while_we_run_its_archive_is_not_read_again() {
    for (pack, ending) in [("gzip", "gz"), ("zstd", "zst")] {
        check(
            &format!(
                "write a.log one
                 sweep
                 write a.log two
                 copy a.log a.log.1
                 sweep
                 write a.log three
                 sweep
                 truncate a.log
                 sweep 5
                 {pack} a.log.1
                 sweep 5"
            ),
            &format!(
                "added a.log
                 a.log: one
                 copied a.log to a.log.1
                 a.log: two
                 a.log: three
                 truncated a.log
                 finished a.log at 14
                 copied a.log to a.log.1.{ending}"
            ),
        );
    }
}

/// Without notification a copy may be seen only after the truncation.
#[test]
fn while_we_run_a_copy_that_was_not_seen_in_time_is_not_read_again() {
    let options = fillwatch_tail::Options {
        discovery_interval: std::time::Duration::from_secs(3600),
        ..options()
    };
    check_with(
        options,
        "repeat a.log 300 fifteen-letters
         sweep
         write a.log one
         sweep
         write a.log two
         copy a.log a.log.1
         write a.log late
         sweep
         truncate a.log
         write a.log next
         sweep 4",
        "added a.log
         a.log: 300 lines
         a.log: one
         a.log: two late
         truncated a.log
         added a.log
         a.log: next
         copied a.log to a.log.1
         finished a.log at 4813",
    );
}

#[test]
fn a_header_is_no_reason_to_take_a_file_for_a_copy() {
    check(
        "write a.log header
         sweep
         commit
         write a.log one two three
         sweep
         rename a.log kept
         restart
         write a.log.1 header five
         write a.log header six
         sweep",
        "added a.log
         a.log: header
         a.log: one two three
         added a.log
         added a.log.1
         a.log: header six
         a.log.1: header five",
    );
}

#[test]
fn a_log_that_a_power_cut_made_shorter_is_read_again_and_not_taken_for_a_copy() {
    for (rename, name) in [("", "a.log"), ("rename a.log a.log.1", "a.log.1")] {
        check(
            &format!(
                "repeat a.log 300 fifteen-letters
                 sweep
                 commit
                 write a.log lost
                 sweep
                 restart
                 cut a.log 5
                 write a.log new
                 {rename}
                 sweep"
            ),
            &format!(
                "added a.log
                 a.log: 300 lines
                 a.log: lost
                 {}
                 added {name}
                 {name}: 301 lines",
                if rename.is_empty() { "truncated a.log" } else { "" },
            ),
        );
    }
}

#[test]
fn a_copy_that_turns_out_to_hold_more_than_was_read_is_read_from_there() {
    check(
        &format!(
            "{READ_PAST_A_COPY}
             truncate a.log
             restart
             sweep
             write a.log.1 late
             write a.log.1 later
             sweep"
        ),
        &format!(
            "{READ}
             truncated a.log
             copied a.log to a.log.1
             resumed a.log.1 at 4812
             a.log: later"
        ),
    );
}

/// It is copied in pieces; the truncation follows when that is done, and may be seen with it.
#[test]
fn a_copy_that_was_not_finished_when_it_was_seen_is_one_when_it_is() {
    check(
        "repeat a.log 301 fifteen-letters
         sweep
         repeat a.log.1 300 fifteen-letters
         sweep
         write a.log late
         sweep
         write a.log.1 fifteen-letters
         truncate a.log
         sweep 5",
        "added a.log
         a.log: 301 lines
         copied a.log to a.log.1
         a.log: late
         truncated a.log
         finished a.log at 4821",
    );
}

#[test]
fn a_copy_that_others_write_to_is_read_from_its_first_byte() {
    for truncate in ["", "truncate a.log"] {
        check(
            &format!(
                "write a.log one two three four
                 sweep
                 write a.log.1 one
                 sweep
                 {truncate}
                 sweep 5
                 write a.log.1 new
                 sweep"
            ),
            &format!(
                "added a.log
                 a.log: one two three four
                 copied a.log to a.log.1
                 {}
                 added a.log.1
                 a.log.1: one new",
                if truncate.is_empty() { "" } else { "truncated a.log\nfinished a.log at 19" },
            ),
        );
    }
}
