//! Finding the place again after a restart, and telling files apart that look alike.

use crate::script::check;

#[test]
fn a_restart_goes_on_where_the_last_commit_was() {
    check(
        "write a.log one
         sweep
         commit
         write a.log two
         sweep
         crash
         sweep",
        "added a.log
         a.log: one
         a.log: two
         resumed a.log at 4
         a.log: two",
    );
}

#[test]
fn a_file_rotated_while_we_were_stopped_is_read_to_its_end() {
    check(
        "write a.log one
         sweep
         restart
         write a.log two
         rename a.log a.log.1
         write a.log three
         rename a.log.1 a.log.2
         rename a.log a.log.1
         write a.log four
         sweep",
        "added a.log
         a.log: one
         resumed a.log.2 at 4
         added a.log
         added a.log.1
         a.log: two
         a.log: four
         a.log.1: three",
    );
}

#[test]
fn a_file_copied_and_truncated_while_we_were_stopped_is_read_from_the_copy() {
    check(
        "write a.log one
         sweep
         restart
         write a.log two
         copy a.log a.log.1
         truncate a.log
         write a.log six ten
         sweep",
        "added a.log
         a.log: one
         truncated a.log
         added a.log
         resumed a.log.1 at 4
         a.log: six ten
         a.log: two",
    );
}

#[test]
fn a_file_compressed_while_we_were_stopped_is_read_from_where_we_were() {
    for (pack, ending) in [("gzip", "gz"), ("zstd", "zst")] {
        check(
            &format!(
                "write a.log one
                 sweep
                 restart
                 write a.log two
                 part a.log three
                 rename a.log a.log.1
                 write a.log four
                 {pack} a.log.1
                 sweep
                 restart
                 sweep"
            ),
            &format!(
                "added a.log
                 a.log: one
                 added a.log
                 a.log: four
                 resumed a.log.1.{ending} at 4
                 a.log: two
                 a.log: three (no newline)
                 resumed a.log at 5
                 resumed a.log.1.{ending} at 13"
            ),
        );
    }
}

#[test]
fn another_device_number_changes_nothing() {
    check(
        "write a.log one
         write b.log one
         sweep
         restart
         remount
         write a.log two
         sweep",
        "added a.log
         added b.log
         a.log: one
         b.log: one
         resumed a.log at 4
         resumed b.log at 4
         a.log: two",
    );
}

#[test]
fn a_longer_copy_put_in_its_place_is_the_same_log() {
    check(
        "write a.log one
         sweep
         copy a.log .a.log.tmp
         write .a.log.tmp two
         rename .a.log.tmp a.log
         sweep 4",
        "added a.log
         a.log: one
         deleted a.log
         finished a.log at 4
         resumed a.log at 4
         a.log: two",
    );
}

#[test]
fn what_was_lost_while_we_were_stopped_is_said() {
    check(
        "write a.log one
         sweep
         restart
         write a.log two
         delete a.log
         write b.log x
         write a.log three
         sweep 4",
        "added a.log
         a.log: one
         added a.log
         added b.log
         a.log: three
         b.log: x
         gap of ? in a.log: WhileStopped",
    );
}

#[test]
fn files_with_equal_beginnings_are_told_apart() {
    let mut script = String::new();
    for file in 0..20 {
        script += &format!("repeat bot-{file}.log 900 header-line-of-seventy-bytes-or-so\n");
    }
    script += "sweep\n";
    for file in 0..20 {
        script += &format!("write bot-{file}.log only-in-{file}\n");
    }
    script += "restart\n remount\n sweep\n";
    let mut stage = crate::script::Stage::new(crate::script::options());
    script.lines().for_each(|line| stage.act(line.trim()));
    for file in 0..20 {
        let line = format!("bot-{file}.log: only-in-{file}\n");
        assert_eq!(stage.log.text.matches(&line).count(), 1, "{}", stage.log.text);
    }
    assert_eq!(stage.log.text.matches("900 lines").count(), 20);
}
