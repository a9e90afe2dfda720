//! What the commands that show a view take: a window, and a way to write the answer down.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fillwatch_model::Micros;
use fillwatch_query::Format;

use crate::answering;
use crate::asker::{Asker, Range};
use crate::commands::sql::{TIMEOUT, format_of, parse_format, parse_memory};
use crate::context::Context;
use crate::failure::Failure;
use crate::quantity::{self, parse_duration, parse_moment};
use crate::whole_file::WholeFile;

/// How far back is looked if nobody says: as far as a person remembers.
const SINCE: Duration = Duration::from_secs(86_400);

/// The window and the format.
#[derive(Debug, clap::Args)]
pub(crate) struct Look {
    /// Look back so far (30m, 36h, 7d) [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    since: Option<Duration>,
    /// Look back from this time and not from now (RFC 3339, or a date in UTC)
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    until: Option<Micros>,
    /// table, csv, json, ndjson, markdown, parquet or arrow; all but table have every column of
    /// the view, as it is [default: from the name of --output, else table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<Format>,
    /// Write the answer to a file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Stop after this time [default: `timeout` in [sql], else 60s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Memory that it may take [default: `memory` in [sql], else 2GiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    memory: Option<u64>,
}

impl Look {
    pub(crate) fn asker(&self, context: &Context) -> Result<Arc<Asker>, Failure> {
        let sql = &context.config.sql;
        let timeout = self.timeout.or(sql.timeout).unwrap_or(TIMEOUT);
        Asker::new(context, self.range(), timeout, self.memory.or(sql.memory_bytes)).map(Arc::new)
    }

    fn range(&self) -> Range {
        let since = self.length();
        match self.until {
            None => Range::Since(since),
            Some(until) => {
                let back = Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX);
                Range::Between(Some(until.saturating_sub(back)), Some(until))
            }
        }
    }

    pub(crate) fn length(&self) -> Duration {
        self.since.unwrap_or(SINCE)
    }

    /// The end of the window.
    pub(crate) fn end(&self, context: &Context) -> Micros {
        self.until.unwrap_or_else(|| context.clock.now())
    }

    /// Whether the window ends now.
    pub(crate) fn is_now(&self) -> bool {
        self.until.is_none()
    }

    /// `in the last 1 h`
    pub(crate) fn words(&self) -> String {
        let length = quantity::duration(self.length());
        match self.until {
            None => format!("in the last {length}"),
            Some(until) => format!("in the {length} before {}", quantity::moment(until)),
        }
    }

    /// How the answer is written; `None` for people.
    pub(crate) fn raw(&self, context: &Context) -> Result<Option<Format>, Failure> {
        let format = format_of(self.format, self.output.as_deref(), context)?;
        Ok(Some(format).filter(|format| *format != Format::Table))
    }

    /// Writes the rows of `sql` as they are.
    pub(crate) fn write(
        &self,
        asker: &Arc<Asker>,
        sql: &str,
        format: Format,
        context: &Context,
    ) -> Result<(), Failure> {
        answering::write(asker, sql, format, self.output.as_deref(), context)
    }

    /// Shows what `text` makes of the store.
    pub(crate) fn show(
        &self,
        asker: &Arc<Asker>,
        text: impl Future<Output = Result<String, Failure>> + Send + 'static,
    ) -> Result<(), Failure> {
        let output = self.output.as_deref();
        let text = answering::within(asker, output, text)?;
        match output {
            Some(output) => {
                let mut file = WholeFile::create(output)?;
                file.write_all(text.as_bytes())?;
                file.keep()
            }
            None => Ok(io::stdout().write_all(text.as_bytes())?),
        }
    }
}
