//! Where rows live: in memory until their commit, then in a Delta Lake table of Parquet files.
//!
//! A commit holds the rows *and*, per log file, the offset up to which every line is in the table
//! or in quarantine, as a Delta application transaction. There is no second checkpoint to disagree
//! with it: what is not committed is read from the log again.
//!
//! What accumulates is carried from day to day in a third table, `daily_close`: the state of
//! everything at a midnight, computed elsewhere and kept here. A [`Snapshot`] says which closes may
//! be gone on from, and which days are still to be closed, from the counts of rows alone.
//!
//! ```no_run
//! # async fn example(clock: std::sync::Arc<dyn fillwatch_model::Clock>) -> Result<(), fillwatch_store::StoreError> {
//! use fillwatch_store::{Options, Store};
//!
//! let store = Store::open("./store".as_ref(), Options::default(), clock).await?;
//! // store.push(decoded)?;   rows are visible to SQL when this returns
//! store.commit().await?;     // and on disk, with their offsets, when this does
//! # Ok(()) }
//! ```

mod error;
mod layout;
// From the disk up: durable writes, the Delta log on top of them, a table on top of that.
mod durable;
mod file;
mod log;
mod rows;
mod table;
mod time;
// What is not in a table.
mod ledger;
mod pending;
mod quarantine;
mod recover;
mod state;
// What queries see.
mod snapshot;
mod view;
// State carried from day to day.
mod carry;
mod close;
mod running;
mod validity;
// The two ways in.
mod reader;
mod writer;
// In the background.
mod compact;
mod retain;

pub use carry::Closes;
pub use close::{Basis, DayClosed};
pub use compact::Compacted;
pub use error::StoreError;
pub use layout::Layout;
pub use ledger::SourceState;
pub use reader::Reader;
pub use retain::{Retained, Retaining, Retention};
pub use running::{RunningClose, RunningToken};
pub use snapshot::{Exported, Snapshot, TableSize};
pub use writer::{Closed, Committed, Late, Options, Store};
