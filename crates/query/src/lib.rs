//! How rows are asked.
//!
//! A [`Session`] is one look at one snapshot: it is handed the tables ([`Tables`]), the time it may
//! see ([`Window`]) and the shipped and the user's views ([`Views`]), and answers SQL over them. It
//! cannot write, cannot reach a file or another host, and reads no clock: the same question of the
//! same snapshot has the same answer, today and in a backtest.
//!
//! ```ignore
//! let session = Session::new(tables, Window::last(day, now), Options::at(now))?;
//! let answer = session.query("select bot, count(*) from events group by bot").await?;
//! output::write(answer, Format::Csv, &Layout::default(), &mut std::io::stdout()).await?;
//! ```

pub mod alerts;
mod answer;
mod book;
pub mod close;
mod epoch;
mod error;
mod functions;
mod guard;
pub mod header;
mod json;
mod late;
pub mod limits;
pub mod output;
mod question;
pub mod reference;
mod relation;
mod scope;
mod session;
mod settings;
pub mod stretch;
pub mod themes;
pub mod values;
mod views;
mod window;

#[cfg(test)]
mod tests;

pub use alerts::Alerts;
pub use answer::Answer;
pub use close::Closes;
pub use error::QueryError;
pub use output::Format;
pub use question::{Parameters, Question};
pub use reference::{Reference, ReferenceError};
pub use relation::{Relation, RelationKind};
pub use session::{Options, Session, Tables};
pub use views::Views;
pub use window::Window;
