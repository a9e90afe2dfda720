//! What follows from lines about trading: orders, fills, positions, and statistics that do not
//! drift.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no Arrow. Two laws hold
//! throughout, and the tests are about little else:
//!
//! - **Content, never place.** A result depends on what the lines say and when, not on the order,
//!   the file or the batch they came in. A line that is there twice changes nothing.
//! - **A fold may stop anywhere.** What follows from all lines is what follows from the later ones
//!   and the state that the earlier ones left, wherever the cut lies. Carried figures are the same
//!   whatever closes there are because of that.
//!
//! ```ignore
//! let folded = order::fold(None, &mut lines, to);
//! let state = folded.orders.last().map(|order| order.to_json());
//! ```

pub mod average_cost;
pub mod order;
pub mod rolling;
pub mod stats;
mod sum;

pub use sum::Sum;
