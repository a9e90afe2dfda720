//! A seeded fleet of trading bots that writes realistic logs with known incidents.
//!
//! ```text
//! FleetOptions ─▶ Fleet ─ Emission ─▶ a demo, a file, a test
//!                   └──── Truth ────▶ whoever judges what was read out of the logs
//! ```
//!
//! A bot is a small discrete-event simulation: a market walks, a model values it, orders are
//! placed, answered, filled and withdrawn, books are kept. What happens is put into words by the
//! logger of one of five systems. The same options give the same bytes, on one platform; time is
//! simulated and no clock is read; an [`Incident`] changes no byte before it begins and no byte of
//! another bot.
//!
//! ```
//! use fillwatch_simulate::{Fleet, FleetOptions};
//!
//! let mut options = FleetOptions::one_of_each(1, 1_767_571_200_000_000);
//! options.incidents.push("reject_storm@mm1:+10m..+15m".parse().unwrap());
//! let mut fleet = Fleet::new(options).unwrap();
//! for emission in fleet.by_ref().take(1_000) {
//!     assert_eq!(emission.line.last(), Some(&b'\n'));
//! }
//! assert_eq!(fleet.truth().lines, 1_000);
//! ```

mod account;
mod bot;
mod calendar;
mod desk;
mod fleet;
mod happening;
mod incident;
mod json;
mod market;
mod mishap;
mod profile;
mod rng;
mod routine;
mod systems;
mod trading;
mod truth;
mod write;

pub use calendar::Micros;
pub use fleet::{BotSpec, Emission, Fleet, FleetError, FleetOptions};
pub use incident::{Incident, IncidentError, IncidentKind};
pub use systems::{System, SystemError};
pub use truth::{BotTruth, FileCount, IncidentTruth, Truth};
pub use write::{Extent, WriteError, write_to};
