//! The user's own tables beside ours.

use std::fs;
use std::sync::Arc;

use expect_test::expect;

use super::{NINE, answer, events};
use crate::{Closes, Options, QueryError, Reference, Session, Tables, Views, Window};

/// A session that has the table `name` from a file of this text.
fn session(name: &str, text: &str) -> Result<Session, QueryError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("limits.csv");
    fs::write(&file, text).unwrap();
    let mut table = Reference::read(name, &file);
    table.file = "limits.csv".into();
    if let Err(error) = &mut table.table {
        error.file = table.file.clone();
    }
    let events = events();
    let tables = Tables {
        quarantine: Arc::clone(&events),
        sources: Arc::clone(&events),
        fields: Arc::clone(&events),
        closes: Closes::none(),
        alerts: crate::Alerts::default(),
        reference: vec![table],
        events,
    };
    let mut options = Options::at(NINE).unwrap();
    let views = folder.path().join("views");
    fs::create_dir(&views).unwrap();
    fs::write(views.join("over.sql"), "select max_size from limits where market = 'BTC'").unwrap();
    let shipped = Views::shipped().unwrap().over(["limits".to_owned()]);
    options.views = Arc::new(shipped.and(&views).unwrap());
    Session::new(tables, Window::ALL, options)
}

#[tokio::test]
async fn it_is_asked_by_its_name() {
    let session = session("limits", "market,max_size\nBTC,5\nETH,7\n").unwrap();
    let sql = "select order_id from events e join limits l on e.market = l.market
               where e.size > l.max_size";
    assert_eq!(answer(&session, sql).await.unwrap(), "order_id\n1\n");
    assert_eq!(answer(&session, "select * from over").await.unwrap(), "max_size\n5\n");
    let relation = session.relations().into_iter().find(|relation| relation.name == "limits");
    let relation = relation.unwrap();
    assert_eq!(relation.columns[1], ("max_size".to_owned(), "int".to_owned()));
    expect!["one row per entry of `limits.csv`, as it is now, whatever the window"]
        .assert_eq(&relation.doc);
    let slip = answer(&session, "select * from limit_s").await.unwrap_err();
    expect!["no table or view `limit_s`; did you mean `limits`?"].assert_eq(&slip.to_string());
}

#[tokio::test]
async fn one_that_is_broken_is_the_fault_of_those_who_ask_it() {
    let session = session("limits", "market,max_size\nBTC,5\nETH,7o\n").unwrap();
    assert_eq!(answer(&session, "select 1 as one").await.unwrap(), "one\n1\n");
    let broken = "limits.csv:3: column `max_size`: `7o` is not a number, as most of its values are";
    for sql in ["select * from limits", "select * from over"] {
        assert_eq!(answer(&session, sql).await.unwrap_err().to_string(), broken);
    }
    let relations = session.relations();
    let relation = relations.iter().find(|relation| relation.name == "limits").unwrap();
    assert_eq!(relation.broken.as_deref(), Some(broken));
}

#[test]
fn a_name_means_one_thing() {
    let complaint = |name: &str| session(name, "a\n1\n").unwrap_err().to_string();
    expect!["the table `events` of `limits.csv` has the name of the table `events`"]
        .assert_eq(&complaint("events"));
    expect![
        "the table `heartbeats` of `limits.csv` has the name of the view sql/views/heartbeats.sql"
    ]
    .assert_eq(&complaint("heartbeats"));
}
