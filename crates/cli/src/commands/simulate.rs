//! `fillwatch simulate`: logs of a fleet that does not exist, with its ground truth.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use fillwatch_model::Micros;
use fillwatch_simulate::{BotSpec, Extent, FleetOptions, Incident, System, Truth, WriteError};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::quantity::{self, parse_duration, parse_moment, parse_size};
use crate::whole_file::WholeFile;

const EXAMPLES: &str = "\
Examples:
  fillwatch simulate logs --system kalshi --bots 4 --lines 3000000 --seed 1
  fillwatch simulate logs --duration 1d --incident reject_storm@mm1:+10m..+15m --truth truth.json
  fillwatch ingest logs && fillwatch sql 'select kind, count(*) from events group by 1'

The same seed writes the same bytes. Incidents: stale_fair_value, adverse_selection, reject_storm,
ws_silence, heartbeat_loss, position_breach, drawdown, fat_tail_loss; written
KIND@BOT:+FROM..+UNTIL, with times after the start.";

/// Write the logs of a simulated fleet of bots
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Directory to write into; files that are there already are left alone, and are an error
    dir: PathBuf,
    /// Whose log lines: kalshi, qkt, polybot, catalyst or purpleflea; may be given again [default: all]
    #[arg(long, value_name = "NAME")]
    system: Vec<System>,
    /// How many bots of each system
    #[arg(long, value_name = "N", default_value_t = 1)]
    bots: usize,
    /// Stop after so many lines in all
    #[arg(long, value_name = "N", group = "extent")]
    lines: Option<u64>,
    /// Stop after so many bytes in all
    #[arg(long, value_name = "SIZE", group = "extent", value_parser = parse_size)]
    size: Option<u64>,
    /// Stop after so much time of the bots' lives [default: 1h]
    #[arg(long, value_name = "TIME", group = "extent", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Lines that all bots write in a second of their lives [default: each system's natural pace]
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// What the fleet lives through
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// When their lives begin (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = parse_moment, default_value = "2026-01-05T00:00:00Z")]
    start: Micros,
    /// Something that goes wrong, as in reject_storm@mm1:+10m..+15m; may be given again
    #[arg(long, value_name = "INCIDENT")]
    incident: Vec<Incident>,
    /// Write down what really happened, as JSON
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    if let Extent::Time(length) = args.extent() {
        args.all_incidents_begin_before(length)?;
    }
    // Before the logs, so that none are without the truth that was asked for.
    let place = args.truth.as_deref().map(WholeFile::create).transpose()?;
    let truth = fillwatch_simulate::write_to(&args.dir, args.fleet(), args.extent())?;
    if let Some(mut place) = place {
        let json = truth.to_json().map_err(Failure::failed)?;
        writeln!(place, "{json}")?;
        place.keep()?;
    }
    io::stdout().write_all(summary(&truth, args).as_bytes())?;
    args.all_incidents_begin_before(truth.last.unwrap_or(truth.start) - truth.start)?;
    Ok(ExitCode::Ok)
}

impl Args {
    /// An incident that the run is over before would be missed, and its absence taken for health.
    fn all_incidents_begin_before(&self, length: Micros) -> Result<(), Failure> {
        match self.incident.iter().find(|incident| incident.at >= length) {
            None => Ok(()),
            Some(late) => {
                let length = Duration::from_micros(length.cast_unsigned());
                Err(Failure::usage(format!(
                    "{late} begins after the end of the run, which is {} long",
                    quantity::duration(length)
                ))
                .hint("--duration, --lines or --size makes it longer"))
            }
        }
    }

    fn fleet(&self) -> FleetOptions {
        let systems = if self.system.is_empty() { System::ALL } else { &self.system[..] };
        let bots = systems
            .iter()
            .flat_map(|system| (1..=self.bots).map(|number| BotSpec::numbered(*system, number)));
        FleetOptions {
            seed: self.seed,
            start: self.start,
            bots: bots.collect(),
            lines_per_second: self.rate,
            incidents: self.incident.clone(),
        }
    }

    fn extent(&self) -> Extent {
        let hour = Duration::from_secs(3_600);
        match (self.lines, self.size) {
            (Some(lines), _) => Extent::Lines(lines),
            (_, Some(bytes)) => Extent::Bytes(bytes),
            _ => Extent::Time(
                Micros::try_from(self.duration.unwrap_or(hour).as_micros()).unwrap_or(Micros::MAX),
            ),
        }
    }
}

fn summary(truth: &Truth, args: &Args) -> String {
    let mut text = format!(
        "wrote {} ({}) of {} into {} below {}\n",
        quantity::of(truth.lines, "line", "lines"),
        quantity::bytes(truth.bytes),
        quantity::of(truth.bots.len() as u64, "bot", "bots"),
        quantity::of(truth.files.len() as u64, "file", "files"),
        args.dir.display(),
    );
    if let Some(last) = truth.last {
        text += &format!("from {} to {}\n", quantity::moment(truth.start), quantity::moment(last));
    }
    for incident in &truth.incidents {
        text += &format!(
            "{} of {} from {} to {}\n",
            incident.kind,
            incident.bot,
            quantity::moment(incident.at),
            quantity::moment(incident.until)
        );
    }
    text
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        match &error {
            WriteError::Fleet(_) => Failure::usage(error),
            WriteError::Io { path, error } => Failure::path("cannot write", path, error),
        }
    }
}
