//! Lines that are not as lines should be.

use fillwatch_tail::Options;

use crate::script::{check, check_with, options};

#[test]
fn a_partial_line_waits_for_its_newline() {
    check(
        "part a.log on
         sweep
         part a.log e
         sweep
         write a.log ,two
         sweep",
        "added a.log
         a.log: one,two",
    );
}

#[test]
fn a_one_shot_run_takes_the_last_line_as_it_is() {
    check(
        "write a.log one
         part a.log two
         sweep
         finish",
        "added a.log
         a.log: one
         a.log: two (no newline)",
    );
}

#[test]
fn a_line_over_the_limit_is_kept_by_its_head() {
    let options = Options { line_bytes_max: 100_000, chunk_bytes: 1000, ..options() };
    check_with(
        options.clone(),
        "write a.log one
         long a.log 30000
         write a.log ,two
         long a.log 3000000
         sweep
         write a.log ,three
         write a.log four
         sweep",
        &format!(
            "added a.log
             a.log: one
             a.log: {},two
             line of 3000007 bytes
             a.log: four",
            "x".repeat(30000)
        )
        .replace("line of", "a.log: long line, head of 4096\nline of"),
    );
}

#[test]
fn a_line_over_the_limit_in_an_archive_is_kept_by_its_head() {
    let options = Options { line_bytes_max: 100_000, chunk_bytes: 1000, ..options() };
    check_with(
        options,
        "write a.log one
         long a.log 3000000
         write a.log ,two
         write a.log three
         gzip a.log
         sweep",
        "added a.log.gz
         a.log.gz: one
         a.log.gz: long line, head of 4096
         line of 3000005 bytes
         a.log.gz: three",
    );
}

#[test]
fn holes_are_skipped_and_counted() {
    check(
        "write a.log one
         hole a.log 10000000000
         sweep
         write a.log two
         sweep",
        "added a.log
         a.log: one
         hole of 10000000000 bytes
         a.log: two",
    );
}

#[test]
fn a_writer_that_goes_on_at_its_old_offset_leaves_a_hole() {
    check(
        "write a.log one two
         sweep
         copy a.log a.log.1
         truncate a.log
         write-at a.log 8 three
         sweep
         write a.log four
         sweep",
        "added a.log
         a.log: one two
         truncated a.log
         added a.log
         rotated a.log to a.log.1
         hole of 8 bytes
         a.log: three
         a.log: four",
    );
}

#[test]
fn blank_lines_and_carriage_returns_are_left_to_the_decoder() {
    check(
        "write a.log \u{feff}one\r  \0 two\0
         sweep",
        "added a.log
         a.log: \u{feff}one\\r 
         hole of 1 bytes
         a.log:  two\\0",
    );
}
