//! Rotation while the tailer runs.

use crate::script::check;

#[test]
fn lines_are_handed_over_as_they_are_written() {
    check(
        "write a.log one two
         sweep
         write a.log three
         sweep",
        "added a.log
         a.log: one two
         a.log: three",
    );
}

#[test]
fn a_renamed_file_is_read_to_its_end_under_its_new_name() {
    check(
        "write a.log one
         sweep
         write a.log two
         rename a.log a.log.1
         write a.log three
         sweep
         write a.log.1 late
         sweep",
        "added a.log
         a.log: one
         rotated a.log to a.log.1
         added a.log
         a.log: two
         a.log: three
         a.log: late",
    );
}

#[test]
fn two_rotations_between_two_sweeps_lose_nothing() {
    check(
        "write a.log one
         sweep
         write a.log two
         rename a.log a.log.1
         write a.log three
         rename a.log.1 a.log.2
         rename a.log a.log.1
         write a.log four
         sweep",
        "added a.log
         a.log: one
         rotated a.log to a.log.2
         added a.log
         added a.log.1
         a.log: two
         a.log: four
         a.log.1: three",
    );
}

#[test]
fn a_copy_made_before_a_truncation_is_not_read_again() {
    check(
        "write a.log one two
         sweep
         copy a.log a.log.1
         truncate a.log
         sweep
         write a.log three
         sweep
         sweep 3",
        "added a.log
         a.log: one two
         truncated a.log
         rotated a.log to a.log.1
         added a.log
         a.log: three",
    );
}

#[test]
fn what_was_written_before_a_truncation_is_read_from_the_copy() {
    check(
        "write a.log one
         sweep
         write a.log two
         copy a.log a.log.1
         truncate a.log
         write a.log three
         sweep
         sweep 3",
        "added a.log
         a.log: one
         truncated a.log
         added a.log
         rotated a.log to a.log.1
         a.log: three
         a.log: two",
    );
}

#[test]
fn a_copy_is_no_news_while_the_file_is_whole() {
    check(
        "write a.log one two
         sweep
         copy a.log a.log.1
         sweep
         write a.log three
         sweep
         truncate a.log
         write a.log four
         sweep 5",
        "added a.log
         a.log: one two
         copied a.log to a.log.1
         a.log: three
         truncated a.log
         added a.log
         a.log: four
         finished a.log at 14",
    );
}

#[test]
fn a_file_that_outgrew_its_truncation_begins_anew() {
    check(
        "write a.log one two
         sweep
         truncate a.log
         write a.log three four five
         sweep
         sweep 4",
        "added a.log
         a.log: one two
         truncated a.log
         added a.log
         a.log: three four five
         finished a.log at 8",
    );
}

#[test]
fn a_file_overwritten_with_as_many_bytes_begins_anew() {
    check(
        "write a.log one two
         sweep 2
         truncate a.log
         write a.log six ten
         sweep",
        "added a.log
         a.log: one two
         truncated a.log
         added a.log
         a.log: six ten",
    );
}

#[test]
fn a_partial_line_lost_to_a_truncation_is_counted() {
    check(
        "write a.log one
         part a.log tw
         sweep
         truncate a.log
         write a.log three
         sweep 5",
        "added a.log
         a.log: one
         truncated a.log
         added a.log
         a.log: three
         gap of 2 in a.log: Truncated",
    );
}

#[test]
fn a_deleted_file_is_read_to_its_end() {
    check(
        "write a.log one
         sweep
         write a.log two
         part a.log three
         delete a.log
         sweep 5",
        "added a.log
         a.log: one
         deleted a.log
         a.log: two
         a.log: three (no newline)
         finished a.log at 13",
    );
}

#[test]
fn a_deleted_and_recreated_file_is_a_new_one() {
    check(
        "write a.log one
         sweep
         delete a.log
         write a.log two
         sweep 4",
        "added a.log
         a.log: one
         deleted a.log
         added a.log
         a.log: two
         finished a.log at 4",
    );
}

#[test]
fn a_last_line_without_newline_is_taken_once_the_rotated_file_is_quiet() {
    check(
        "write a.log one
         part a.log tw
         sweep
         rename a.log a.log.1
         write a.log three
         sweep
         part a.log.1 o
         sweep
         sweep 3",
        "added a.log
         a.log: one
         rotated a.log to a.log.1
         added a.log
         a.log: three
         a.log: two (no newline)",
    );
}

#[test]
fn an_archive_of_a_file_that_was_read_is_not_read_again() {
    for pack in ["gzip", "zstd"] {
        let ending = if pack == "gzip" { "gz" } else { "zst" };
        check(
            &format!(
                "write a.log one two
                 sweep
                 rename a.log a.log.1
                 sweep
                 {pack} a.log.1
                 sweep 5
                 rename a.log.1.{ending} a.log.2.{ending}
                 sweep 3"
            ),
            &format!(
                "added a.log
                 a.log: one two
                 rotated a.log to a.log.1
                 deleted a.log.1
                 copied a.log to a.log.1.{ending}
                 finished a.log at 8"
            ),
        );
    }
}
