//! Timelines: what is logged when, and which alerts are wanted then. The form is described in
//! `sql/rules/README.md`.

use std::path::{Path, PathBuf};

use chrono::DateTime;
use fillwatch_model::{Micros, Severity, parse_span};

use crate::RuleError;

/// A file of timelines.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// The rule they test.
    pub rule: String,
    /// Where it was read.
    pub file: PathBuf,
    /// The cases, in order.
    pub cases: Vec<Case>,
}

/// One timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What it shows.
    pub title: String,
    /// The line it begins in.
    pub line: usize,
    /// Its time 0.
    pub start: Micros,
    /// Params: name, value, and the bot they are for.
    pub set: Vec<(String, toml::Value, Option<String>)>,
    /// The user's tables: name and CSV.
    pub tables: Vec<(String, String)>,
    /// Bots that the configuration declares.
    pub declared: Vec<String>,
    /// What happens, in order of time.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When.
    pub at: Micros,
    /// The line that says so.
    pub line: usize,
    /// What.
    pub act: Act,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A line is written to a bot's log.
    Log {
        /// Whose.
        bot: String,
        /// The line, without its newline.
        text: String,
    },
    /// The bot's log file is renamed and begun anew.
    Rotate(String),
    /// It is cut to nothing.
    Truncate(String),
    /// fillwatch stops reading logs.
    Stall,
    /// It goes on.
    Resume,
    /// It is killed and started again.
    Restart,
    /// This must be so.
    Expect(Expect),
}

/// What must be so.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// No alert of the rule fires.
    Nothing,
    /// This one fires.
    Firing(Wanted),
    /// This one waits for its `for`.
    Pending(Wanted),
    /// The last evaluation failed, with this in its message.
    Error(Option<String>),
    /// The last evaluation was not ready.
    NotReady,
}

/// An alert that is wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Columns of its row and their values, as text.
    pub columns: Vec<(String, String)>,
    /// Its severity, if it matters.
    pub severity: Option<Severity>,
    /// What its summary has in it.
    pub summary: Option<String>,
}

/// 2026-01-05T12:00:00Z, a Monday.
const START: Micros = 1_767_614_400_000_000;
/// Lines of one span: a day of one each second, and a slip is told before it fills the memory.
const REPEATS_MAX: i64 = 100_000;

impl Suite {
    /// Reads a file.
    pub fn read(file: &Path, text: &str) -> Result<Suite, RuleError> {
        let rule = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut suite = Suite { rule, file: file.to_owned(), cases: Vec::new() };
        let mut start = START;
        let mut in_table = false;
        for (at, line) in text.lines().enumerate() {
            let fault =
                |cause: String| RuleError { file: file.to_owned(), line: Some(at + 1), cause };
            let words = line.trim();
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            if in_table && line.starts_with([' ', '\t']) {
                let table = suite.cases.last_mut().and_then(|case| case.tables.last_mut());
                if let Some((_, csv)) = table {
                    csv.push_str(words);
                    csv.push('\n');
                }
                continue;
            }
            in_table = false;
            let (verb, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
            let rest = rest.trim();
            match verb {
                "start" => {
                    let at = moment(rest).map_err(&fault)?;
                    // Above the cases it is for all of them.
                    match suite.cases.last_mut() {
                        Some(case) if case.steps.is_empty() => case.start = at,
                        Some(_) => {
                            return Err(fault("`start` stands before the first time".to_owned()));
                        }
                        None => start = at,
                    }
                    continue;
                }
                "case" => {
                    suite.cases.push(Case {
                        title: rest.to_owned(),
                        line: at + 1,
                        start,
                        set: Vec::new(),
                        tables: Vec::new(),
                        declared: Vec::new(),
                        steps: Vec::new(),
                    });
                    continue;
                }
                _ => {}
            }
            let Some(case) = suite.cases.last_mut() else {
                return Err(fault("a timeline begins with `case` and what it shows".to_owned()));
            };
            match verb {
                "set" => case.set.push(set(rest).map_err(&fault)?),
                "table" => {
                    case.tables.push((rest.to_owned(), String::new()));
                    in_table = true;
                }
                "declare" => case.declared.push(rest.to_owned()),
                _ => steps(case, verb, rest, at + 1).map_err(&fault)?,
            }
        }
        for case in &mut suite.cases {
            // What is logged at a time is there when something is expected then.
            case.steps.sort_by_key(|step| (step.at, matches!(step.act, Act::Expect(_)), step.line));
            if !case.steps.iter().any(|step| matches!(step.act, Act::Expect(_))) {
                let cause = "this case expects nothing of anything: give it an `expect`".to_owned();
                return Err(RuleError { file: file.to_owned(), line: Some(case.line), cause });
            }
        }
        Ok(suite)
    }
}

/// `max_silence_s = 60 for mm1`
fn set(text: &str) -> Result<(String, toml::Value, Option<String>), String> {
    let form = || "write `set PARAM = VALUE` or `set PARAM = VALUE for BOT`".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(form)?;
    let (value, bot) = match value.rsplit_once(" for ") {
        Some((value, bot)) => (value, Some(bot.trim().to_owned())),
        None => (value, None),
    };
    let table: toml::Table =
        toml::from_str(&format!("v = {}", value.trim())).map_err(|_| form())?;
    Ok((name.trim().to_owned(), table.get("v").cloned().ok_or_else(form)?, bot))
}

/// `+0s..+10m every 1m log mm1 {…}`
fn steps(case: &mut Case, when: &str, rest: &str, line: usize) -> Result<(), String> {
    let (times, rest) = match when.split_once("..") {
        None => (vec![time(when, case.start)?], rest),
        Some((from, to)) => {
            let form = || format!("`{when}` is a span of time, and needs `every 1m` behind it");
            let rest = rest.strip_prefix("every ").ok_or_else(form)?.trim_start();
            let (every, rest) = rest.split_once(char::is_whitespace).ok_or_else(form)?;
            let step = parse_span(every).filter(|step| *step > 0).ok_or_else(form)?;
            let (from, to) = (time(from, case.start)?, time(to, case.start)?);
            let count = (to - from).div_euclid(step) + 1;
            if count <= 0 {
                return Err(format!("`{when}` ends before it begins"));
            }
            if count > REPEATS_MAX {
                return Err(format!(
                    "`{when} every {every}` is {count} times; {REPEATS_MAX} is the most"
                ));
            }
            ((0..count).map(|i| from + i * step).collect(), rest.trim())
        }
    };
    let (verb, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let rest = rest.trim();
    for (i, at) in times.into_iter().enumerate() {
        let act = act(verb, rest, at, i)?;
        case.steps.push(Step { at, line, act });
    }
    Ok(())
}

fn act(verb: &str, rest: &str, at: Micros, i: usize) -> Result<Act, String> {
    let bot = || match rest {
        "" => Err(format!("`{verb}` needs a bot")),
        bot => Ok(bot.to_owned()),
    };
    Ok(match verb {
        "log" => log(rest, at, i)?,
        "rotate" => Act::Rotate(bot()?),
        "truncate" => Act::Truncate(bot()?),
        "stall" => Act::Stall,
        "resume" => Act::Resume,
        "restart" => Act::Restart,
        "expect" => Act::Expect(expect(rest)?),
        other => {
            return Err(format!(
                "`{other}` is no verb; there are log, rotate, truncate, stall, resume, restart and expect"
            ));
        }
    })
}

/// `mm1 late 30s {"event": "heartbeat"}`
fn log(rest: &str, at: Micros, i: usize) -> Result<Act, String> {
    let form = || "write `log BOT {…}`, `log BOT late 30s {…}` or `log BOT raw TEXT`".to_owned();
    let (bot, mut rest) = rest.split_once(char::is_whitespace).ok_or_else(form)?;
    rest = rest.trim();
    let mut stamp = at;
    if let Some(late) = rest.strip_prefix("late ") {
        let (by, line) = late.trim_start().split_once(char::is_whitespace).ok_or_else(form)?;
        stamp = at - parse_span(by).ok_or_else(form)?;
        rest = line.trim();
    }
    if let Some(line) = rest.strip_prefix("raw ") {
        return Ok(Act::Log { bot: bot.to_owned(), text: expanded(line.trim(), i) });
    }
    let text = expanded(rest, i);
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)
        .map_err(|error| format!("not a JSON object: {error}: {text}"))?;
    let has_time =
        ["ts", "timestamp", "time", "@timestamp"].iter().any(|name| object.contains_key(*name));
    let text = if has_time {
        text
    } else {
        let body = text.trim().trim_start_matches('{').trim_start();
        let comma = if body.starts_with('}') { "" } else { ", " };
        format!(
            "{{\"ts\": {}.{:06}{comma}{body}",
            stamp.div_euclid(1_000_000),
            stamp.rem_euclid(1_000_000)
        )
    };
    Ok(Act::Log { bot: bot.to_owned(), text })
}

/// `${i}` is `i`, and `${a|b|c}` one after the other.
fn expanded(text: &str, i: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((inside, behind)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        if inside == "i" {
            out.push_str(&i.to_string());
        } else {
            let choices: Vec<&str> = inside.split('|').collect();
            out.push_str(choices[i % choices.len()]);
        }
        rest = behind;
    }
    out + rest
}

fn expect(rest: &str) -> Result<Expect, String> {
    let (what, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let rest = rest.trim();
    Ok(match what {
        "nothing" => Expect::Nothing,
        "firing" => Expect::Firing(wanted(rest)?),
        "pending" => Expect::Pending(wanted(rest)?),
        "error" if rest.is_empty() => Expect::Error(None),
        "error" => Expect::Error(Some(rest.trim_matches('"').to_owned())),
        "not_ready" => Expect::NotReady,
        _ => return Err("expect nothing, firing, pending, error or not_ready".to_owned()),
    })
}

/// `bot=mm1 severity=critical summary~"no heartbeat"`
fn wanted(text: &str) -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest
            .find(['=', '~'])
            .ok_or_else(|| format!("`{rest}`: write bot=mm1 or summary~\"text\""))?;
        let (name, sign) = (rest[..at].trim(), &rest[at..=at]);
        let after = &rest[at + 1..];
        let (value, behind) = match after.strip_prefix('"') {
            Some(quoted) => {
                quoted.split_once('"').ok_or_else(|| format!("`{after}`: a quote is missing"))?
            }
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        match (name, sign) {
            ("summary", "~") => wanted.summary = Some(value.to_owned()),
            ("severity", "=") => {
                let severity = value.parse().map_err(|_| format!("`{value}` is no severity"))?;
                wanted.severity = Some(severity);
            }
            (name, "=") => wanted.columns.push((name.to_owned(), value.to_owned())),
            (name, _) => {
                return Err(format!("`{name}~`: only the summary is looked into with `~`"));
            }
        }
        rest = behind.trim();
    }
    Ok(wanted)
}

fn time(text: &str, start: Micros) -> Result<Micros, String> {
    if let Some(span) = text.strip_prefix('+') {
        let span =
            parse_span(span).ok_or_else(|| format!("`{text}` is no time; write +90s or +1h30m"))?;
        return Ok(start + span);
    }
    moment(text)
}

fn moment(text: &str) -> Result<Micros, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.timestamp_micros())
        .map_err(|_| format!("`{text}` is no time; write +90s, or 2026-01-05T12:00:00Z"))
}
