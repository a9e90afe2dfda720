//! The timelines that ship, played as `fillwatch rules test` plays them.

use std::path::Path;
use std::sync::{Arc, Mutex};

use fillwatch_query::Views;
use fillwatch_rules::timeline::{Case, Suite};
use fillwatch_rules::{Rule, RuleBook, RuleSource, SHIPPED_TESTS};
use fillwatch_serve::rehearse;

/// Cases at once; each is one query after the other.
const AT_ONCE: usize = 2;

#[test]
fn every_rule_that_ships_keeps_to_its_timelines() {
    let book = RuleBook::read(&RuleSource::default());
    let wanted = std::env::var("RULE").ok();
    let mut cases: Vec<(Rule, Case, String)> = Vec::new();
    for (name, text) in SHIPPED_TESTS {
        if wanted.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let file = format!("sql/rules/{name}.test");
        let suite = Suite::read(Path::new(&file), text).unwrap();
        let rule = book.get(name).unwrap();
        cases.extend(suite.cases.into_iter().map(|case| (rule.clone(), case, file.clone())));
    }
    assert!(!cases.is_empty());
    let views = Arc::new(Views::shipped().unwrap());
    let (left, faults) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|threads| {
        for _ in 0..AT_ONCE {
            threads.spawn(|| {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(1)
                    .enable_all()
                    .build()
                    .unwrap();
                loop {
                    let Some((rule, case, file)) = left.lock().unwrap().pop() else { return };
                    let played = runtime.block_on(rehearse(&rule, &case, &views));
                    let told: Vec<String> = match played {
                        Ok(played) => played
                            .faults
                            .iter()
                            .map(|fault| {
                                format!("{file}:{}: {}: {}", fault.line, case.title, fault.text)
                            })
                            .collect(),
                        Err(error) => {
                            vec![format!("{file}:{}: {}: {error}", case.line, case.title)]
                        }
                    };
                    faults.lock().unwrap().extend(told);
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
