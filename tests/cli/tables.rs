//! `[tables]`: the user's own tables beside the events.

use std::fs;

use expect_test::expect;

use super::{Place, check};

fn place(config: &str) -> Place {
    let place = Place::with_store();
    fs::write(place.dir.path().join("fillwatch.toml"), config).unwrap();
    place
}

#[test]
fn a_table_is_asked_by_its_name_and_follows_its_file() {
    let place = place("[tables]\nlimits = \"ref/limits.csv\"\nnames = \"names.toml\"\n");
    let over = "fillwatch sql --format csv 'select order_id, size, max_size from events join limits using (market) where size > max_size'";
    check(
        &place,
        over,
        expect![[r#"
        2> fillwatch: ref/limits.csv: there is no such file
        exit 2
    "#]],
    );
    place.sh("mkdir ref; printf 'market,max_size\\nGOLD,5\\nRAIN,50\\n' > ref/limits.csv");
    check(
        &place,
        over,
        expect![[r#"
        order_id,size,max_size
        a1,10.0,5
    "#]],
    );
    place.sh("printf 'market,max_size\\nGOLD,50\\nRAIN,2.5\\n' > ref/limits.csv");
    check(
        &place,
        over,
        expect![[r#"
        order_id,size,max_size
        b1,5.0,2.5
    "#]],
    );
    place.sh("printf 'market,max_size\\nGOLD,50\\nRAIN,2.5o\\n' > ref/limits.csv");
    check(
        &place,
        over,
        expect![[r#"
        2> fillwatch: ref/limits.csv:3: column `max_size`: `2.5o` is not a number, as most of its values are
        exit 2
    "#]],
    );
    place.sh("printf '[GOLD]\\nunit = \"ounce\"\\n[RAIN]\\nunit = \"mm\"\\n' > names.toml");
    check(
        &place,
        "fillwatch sql --format csv 'select * from names'",
        expect![[r#"
        name,unit
        GOLD,ounce
        RAIN,mm
    "#]],
    );
    check(
        &place,
        "fillwatch sql '\\d names'",
        expect![[r#"
        table names: one row per entry of `names.toml`, as it is now, whatever the window

        column  type
        name    text
        unit    text
    "#]],
    );
    let all = place.sh("fillwatch sql '\\d'");
    assert!(all.contains("\nnames ") && all.contains("cannot be used yet"), "{all}");
}

#[test]
fn a_view_may_read_it() {
    let place = place("[tables]\nlimits = \"limits.csv\"\n[sql]\nviews = \".\"\n");
    place.sh("printf 'market,max_size\\nGOLD,5\\n' > limits.csv");
    place.sh("echo 'select market from limits where max_size > 4' > tight.sql");
    check(
        &place,
        "fillwatch sql --format csv 'select * from tight'",
        expect![[r#"
        market
        GOLD
    "#]],
    );
}

#[test]
fn a_name_that_is_taken_is_refused_with_its_line() {
    let taken = place("store = \"store\"\n[tables]\nevents = \"limits.csv\"\n");
    check(
        &taken,
        "fillwatch sql 'select 1'",
        expect![[r#"
        2> fillwatch: fillwatch.toml:3: `events` in [tables]: it has the name of the table `events`
        exit 2
    "#]],
    );
    let taken = place("[tables]\nheartbeats = \"limits.csv\"\n");
    check(
        &taken,
        "fillwatch sql 'select 1'",
        expect![[r#"
        2> fillwatch: fillwatch.toml:2: `heartbeats` in [tables]: it has the name of the view sql/views/heartbeats.sql
        exit 2
    "#]],
    );
}
