use std::sync::Arc;
use std::time::Instant;
use fillwatch_query::Views;
use fillwatch_rules::timeline::Suite;
use fillwatch_rules::{Overrides, Rule};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    use std::io::Write;
    let views = Arc::new(Views::shipped().unwrap());
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let dir = std::path::PathBuf::from("sql/rules");
    let mut names: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "sql")).collect();
    names.sort();
    let mut out = std::io::stdout();
    for file in names {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if !wanted.is_empty() && !wanted.contains(&name) { continue; }
        let rule = match Rule::read(&file, &std::fs::read_to_string(&file).unwrap(), true, &Overrides::default()) { Ok(r) => r, Err(e) => { writeln!(out, "{e}").unwrap(); continue } };
        let test = file.with_extension("test");
        let suite = match std::fs::read_to_string(&test).map_err(|e| e.to_string()).and_then(|t| Suite::read(&test, &t).map_err(|e| e.to_string())) { Ok(s) => s, Err(e) => { writeln!(out, "{name}: {e}").unwrap(); continue } };
        for case in &suite.cases {
            let start = Instant::now();
            match fillwatch_serve::rehearse(&rule, case, &views).await {
                Ok(r) => {
                    writeln!(out, "{name:28} {:60} {} {} ticks {:.2}s", case.title, if r.faults.is_empty() {"ok"} else {"FAILED"}, r.ticks, start.elapsed().as_secs_f64()).unwrap();
                    for f in r.faults { writeln!(out, "    {}:{} {}", test.display(), f.line, f.text).unwrap(); }
                }
                Err(e) => writeln!(out, "{name}: {}: ERROR {e}", case.title).unwrap(),
            }
        }
    }
}
