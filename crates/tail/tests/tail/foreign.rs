//! Copies and archives under names that say nothing of the log they were made from, and copies put
//! in the place of a log.

use crate::script::check;

/// Lines enough to be more than a header.
const READ: &str = "part archive/.kept x
     repeat a.log 300 fifteen-letters
     write a.log one
     sweep";

const SAID: &str = "added a.log
     a.log: 301 lines";

const NAMES: [&str; 4] =
    ["old.log", "archive/2026-01-05.log", "2026-01-05_a.log", "archive/other.log"];

#[test]
fn an_archive_of_any_name_is_not_read_again_after_a_restart() {
    for (pack, ending) in [("gzip", "gz"), ("zstd", "zst")] {
        for name in NAMES {
            check(
                &format!(
                    "{READ}
                     restart
                     write a.log two
                     {pack} a.log
                     rename a.log.{ending} {name}.{ending}
                     sweep 4
                     restart
                     sweep 4"
                ),
                &format!(
                    "{SAID}
                     resumed {name}.{ending} at 4804
                     a.log: two
                     resumed {name}.{ending} at 4808"
                ),
            );
        }
    }
}

#[test]
fn an_archive_of_any_name_is_not_read_again_while_we_run() {
    for name in NAMES {
        check(
            &format!(
                "{READ}
                 write a.log two
                 gzip a.log
                 rename a.log.gz {name}.gz
                 sweep 4"
            ),
            &format!(
                "{SAID}
                 deleted a.log
                 a.log: two
                 copied a.log to {name}.gz
                 finished a.log at 4808"
            ),
        );
    }
}

#[test]
fn a_copy_of_any_name_is_not_read_again_after_a_restart() {
    for name in NAMES {
        check(
            &format!(
                "{READ}
                 restart
                 copy a.log {name}
                 delete a.log
                 write {name} two
                 sweep 4"
            ),
            &format!(
                "{SAID}
                 resumed {name} at 4804
                 a.log: two"
            ),
        );
    }
}

#[test]
fn a_copy_of_any_name_is_not_read_again_while_we_run() {
    for name in NAMES {
        for between in ["", "sweep"] {
            check(
                &format!(
                    "{READ}
                     copy a.log {name}
                     {between}
                     delete a.log
                     sweep 4"
                ),
                &format!(
                    "{SAID}
                     {}
                     finished a.log at 4804",
                    if between.is_empty() {
                        format!("deleted a.log\ncopied a.log to {name}")
                    } else {
                        format!("copied a.log to {name}\ndeleted a.log")
                    },
                ),
            );
        }
    }
}

#[test]
fn a_short_archive_of_any_name_is_recognised_if_it_is_the_whole_log() {
    check(
        "repeat a.log 100 fifteen-letters
         sweep
         restart
         gzip a.log
         rename a.log.gz old.log.gz
         sweep 4",
        "added a.log
         a.log: 100 lines
         resumed old.log.gz at 1600",
    );
}

/// The line that tells them apart comes after sixty-four thousand bytes that do not.
#[test]
fn a_log_that_only_begins_like_another_is_no_copy_of_it() {
    for (first, ending) in [("gone", ""), ("gone", ".gz"), ("", "")] {
        let delete = if first == "gone" { "delete a.log" } else { "" };
        let pack = if ending.is_empty() { "" } else { "gzip b.log" };
        let resumed = if delete.is_empty() { "resumed a.log at 64004" } else { "" };
        check(
            &format!(
                "repeat a.log 4000 fifteen-letters
                 write a.log one
                 sweep
                 restart
                 repeat b.log 4000 fifteen-letters
                 write b.log two
                 {pack}
                 {delete}
                 sweep 4"
            ),
            &format!(
                "added a.log
                 a.log: 4001 lines
                 {resumed}
                 added b.log{ending}
                 b.log{ending}: 4001 lines"
            ),
        );
    }
}

#[test]
fn a_beginning_that_a_third_log_has_too_recognises_nothing() {
    for pack in ["", "gzip b.log"] {
        let name = if pack.is_empty() { "b.log" } else { "b.log.gz" };
        check(
            &format!(
                "repeat a.log 4000 fifteen-letters
                 repeat cc.log 4000 fifteen-letters
                 write cc.log three
                 sweep
                 restart
                 repeat b.log 4000 fifteen-letters
                 write b.log two
                 {pack}
                 delete a.log
                 sweep 4"
            ),
            &format!(
                "added a.log
                 added cc.log
                 a.log: 4000 lines
                 cc.log: 4001 lines
                 resumed cc.log at 64006
                 added {name}
                 {name}: 4001 lines"
            ),
        );
    }
}

#[test]
fn a_log_replaced_by_a_copy_of_itself_is_not_read_again() {
    for (stopped, more) in [("", ""), ("", "two"), ("restart", ""), ("restart", "two")] {
        for delete in ["", "delete a.log"] {
            let write = if more.is_empty() { String::new() } else { format!("write .t {more}") };
            let said = if more.is_empty() { String::new() } else { format!("a.log: {more}") };
            let gone = if stopped.is_empty() { "deleted a.log\nfinished a.log at 8" } else { "" };
            check(
                &format!(
                    "write a.log one new
                     sweep
                     {stopped}
                     copy a.log .t
                     {write}
                     {delete}
                     rename .t a.log
                     sweep 5"
                ),
                &format!(
                    "added a.log
                     a.log: one new
                     {gone}
                     resumed a.log at 8
                     {said}"
                ),
            );
        }
    }
}

#[test]
fn a_log_replaced_again_and_again_is_read_once() {
    check(
        "write a.log one
         sweep
         copy a.log .t
         write .t two
         rename .t a.log
         sweep
         copy a.log .t
         write .t three
         rename .t a.log
         sweep 9",
        "added a.log
         a.log: one
         deleted a.log
         finished a.log at 4
         resumed a.log at 4
         a.log: two
         finished a.log at 8
         resumed a.log at 8
         a.log: three",
    );
}

/// Nobody would find it anywhere else.
#[test]
fn what_is_written_to_a_file_after_it_was_replaced_is_read() {
    check(
        "write a.log one
         sweep
         hardlink a.log .kept
         copy a.log .t
         rename .t a.log
         sweep
         write .kept late
         sweep
         write a.log next
         sweep 9",
        "added a.log
         a.log: one
         deleted a.log
         a.log: late
         added a.log
         a.log: one next
         finished a.log at 9",
    );
}

#[test]
fn a_one_shot_run_reads_what_replaced_a_log_before_it_ends() {
    check(
        "write a.log one
         sweep
         copy a.log .t
         write .t two
         rename .t a.log
         sweep
         finish",
        "added a.log
         a.log: one
         deleted a.log
         finished a.log at 4
         resumed a.log at 4
         a.log: two",
    );
}

#[test]
fn a_new_log_in_the_place_of_one_that_was_renamed_or_deleted_is_new() {
    for (away, said) in [("rename a.log a.log.1", "rotated a.log to a.log.1"), ("delete a.log", "")]
    {
        check(
            &format!(
                "write a.log header one
                 sweep
                 {away}
                 write a.log header two
                 sweep"
            ),
            &format!(
                "added a.log
                 a.log: header one
                 {}
                 added a.log
                 a.log: header two",
                if said.is_empty() { "deleted a.log" } else { said },
            ),
        );
    }
}
