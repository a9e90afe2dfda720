//! Rules: rows as alerts, by timelines, by property, by simulated incidents and under kill -9.

mod again; // a query planned once says what one planned each time says
mod kills; // the real binary killed at random: no episode lost, none told twice
mod late; // what late lines change is amended
mod parity; // a timeline, one with restarts and a backtest of it say the same
mod timelines; // the timelines that ship
mod truth; // incidents page, and calm does not
mod world; // a store of a simulated fleet
