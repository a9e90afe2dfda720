//! What an evaluation of each rule costs, over a store: `rule_costs STORE FROM TO EVERY_S [RULE…]`,
//! times in RFC 3339.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_query::Views;
use fillwatch_rules::{Held, Outcome, RuleBook, RuleSource};
use fillwatch_serve::{Look, Prepared};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "rule_costs STORE FROM TO EVERY_S [RULE…]";
    let store = args.next().ok_or(usage)?;
    let moment = |text: Option<String>| -> Result<i64, Box<dyn std::error::Error>> {
        Ok(text.ok_or(usage)?.parse::<i64>()? * 1_000_000)
    };
    let (from, to) = (moment(args.next())?, moment(args.next())?);
    let every: i64 = args.next().ok_or(usage)?.parse::<i64>()? * 1_000_000;
    let wanted: Vec<String> = args.collect();
    let tables = fillwatch_serve::tables(store.as_ref()).await?;
    let views = Arc::new(Views::shipped()?);
    let source = RuleSource { directory: std::env::var_os("RULES").map(Into::into), ..RuleSource::default() };
    let book = RuleBook::read(&source);
    for broken in book.broken() {
        writeln(format!("broken: {}", broken.error));
    }
    let mut prepared = Vec::new();
    for rule in book.rules().filter(|rule| wanted.is_empty() || wanted.contains(&rule.name)) {
        match Prepared::of(rule) {
            Ok(ready) => prepared.push((ready, Duration::ZERO, 0_u32, 0_u32, String::new())),
            Err(error) => writeln(format!("broken: {error}")),
        }
    }
    let start = Instant::now();
    let mut tick = from;
    let mut ticks = 0;
    while tick <= to {
        let look = Look::new(tables.clone(), Arc::clone(&views), tick);
        for (ready, took, rows, errors, error) in &mut prepared {
            let evaluated = look.evaluate(ready, Held::Nobody).await;
            *took += evaluated.took;
            match evaluated.outcome {
                Outcome::Rows(found, _) if !found.is_empty() => *rows += 1,
                Outcome::Error(text) => {
                    *errors += 1;
                    *error = text;
                }
                _ => {}
            }
        }
        ticks += 1;
        tick += every;
    }
    let total = start.elapsed();
    prepared.sort_by_key(|(_, took, ..)| std::cmp::Reverse(*took));
    for (ready, took, rows, errors, error) in &prepared {
        let each = took.as_secs_f64() * 1e3 / f64::from(ticks);
        writeln(format!("{:28} {each:8.2} ms  {rows:5} with rows  {errors} errors {error}", ready.rule.name));
    }
    writeln(format!("{ticks} ticks, {:.2} ms each", total.as_secs_f64() * 1e3 / f64::from(ticks)));
    Ok(())
}

fn writeln(line: String) {
    use std::io::Write;
    let _closed = writeln!(std::io::stdout().lock(), "{line}");
}
