//! Running a query and writing down its answer, with Ctrl-C, the deadline and the memory limit
//! heard whatever the query does.

use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::Arc;

use fillwatch_query::output::{self, Format};

use crate::asker::Asker;
use crate::context::Context;
use crate::failure::Failure;
use crate::memory_limit::MemoryLimit;
use crate::waiting::Waiter;
use crate::whole_file;
use crate::whole_file::WholeFile;

/// What `work` gives, if it does within the limits. `output` is the file that it may have half
/// written when it does not.
pub(crate) fn within<T: Send + 'static>(
    asker: &Asker,
    output: Option<&Path>,
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    let half_written = output.map(whole_file::partial);
    let discard = move || drop(half_written.map(std::fs::remove_file));
    let limit = MemoryLimit::watch(asker.memory_bytes(), false, Box::new(discard));
    let done = Waiter::new()?.answer(asker.timeout(), async move {
        let _limit = limit;
        work.await
    });
    if let (Err(_), Some(output)) = (&done, output) {
        // A query that does not stop holds its file until the process ends.
        let _ = std::fs::remove_file(whole_file::partial(output));
    }
    // There is no background to go on in when the process ends.
    done.map_err(|failure| match failure {
        Failure::Stuck => Failure::Interrupted,
        failure => failure,
    })
}

/// Writes the answer to `sql` to `output`, or to standard output, as the rows come.
pub(crate) fn write(
    asker: &Arc<Asker>,
    sql: &str,
    format: Format,
    output: Option<&Path>,
    context: &Context,
) -> Result<(), Failure> {
    let file = output.map(WholeFile::create).transpose()?;
    let layout = context.terminal.layout();
    let (held, sql) = (Arc::clone(asker), sql.to_owned());
    within(asker, output, async move {
        let answer = held.session().await?.query(&sql).await?;
        match file {
            Some(mut file) => {
                output::write(answer, format, &layout, &mut file).await?;
                file.keep()
            }
            None => {
                // Standard output alone writes at each newline.
                let mut out = BufWriter::new(io::stdout());
                Ok(output::write(answer, format, &layout, &mut out).await?)
            }
        }
    })
}
