//! Views as people want to see them: `fillwatch bots`, `fills` and `orders`.
//!
//! The figures are the views'; here is how they are asked for and how they look.

mod figure;
mod filter;
mod layout;
mod list;
mod look;
mod rows;

pub(crate) use self::figure::{
    UNKNOWN, aligned, count, difference, milliseconds, money, plain, share, sigma, sparkline,
};
pub(crate) use self::filter::Filter;
pub(crate) use self::layout::{Board, tint_of};
pub(crate) use self::list::{Listing, list};
pub(crate) use self::look::Look;
pub(crate) use self::rows::Rows;
