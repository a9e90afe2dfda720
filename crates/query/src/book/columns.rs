//! The columns of the book's pages.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use fillwatch_model::ColumnType;

use super::Page;
use crate::close::arrow_type;

pub(super) fn schema(page: Page) -> SchemaRef {
    static ORDERS: LazyLock<SchemaRef> = LazyLock::new(|| schema_of(ORDER_COLUMNS));
    static FILLS: LazyLock<SchemaRef> = LazyLock::new(|| schema_of(FILL_COLUMNS));
    match page {
        Page::Orders => Arc::clone(&ORDERS),
        Page::Fills => Arc::clone(&FILLS),
    }
}

/// Names and types of a page's columns.
pub(super) fn of(page: Page) -> &'static [(&'static str, ColumnType)] {
    match page {
        Page::Orders => ORDER_COLUMNS,
        Page::Fills => FILL_COLUMNS,
    }
}

fn schema_of(columns: &[(&str, ColumnType)]) -> SchemaRef {
    let field = |(name, of): &(&str, ColumnType)| {
        let data_type = match of {
            ColumnType::Bool => DataType::Boolean,
            other => arrow_type(*other),
        };
        Field::new(*name, data_type, true)
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

use ColumnType::{Bool, Float, Int, Text, Time};

/// In the order in which `fold` builds them.
const ORDER_COLUMNS: &[(&str, ColumnType)] = &[
    ("bot", Text),
    ("run_id", Text),
    ("order_id", Text),
    ("strategy", Text),
    ("market", Text),
    ("side", Text),
    ("sign", Int),
    ("price", Float),
    ("size", Float),
    ("fair", Float),
    ("placed_at", Time),
    ("acked_at", Time),
    ("placement_latency_ms", Float),
    ("first_fill_at", Time),
    ("last_fill_at", Time),
    ("time_to_fill_ms", Float),
    ("fill_count", Int),
    ("filled_size", Float),
    ("avg_fill_price", Float),
    ("fee", Float),
    ("status", Text),
    ("closed_at", Time),
    ("reject_code", Int),
    ("reject_reason", Text),
    ("first_at", Time),
    ("last_at", Time),
    ("filled_size_1s", Float),
    ("filled_size_10s", Float),
    ("filled_size_60s", Float),
    ("filled_size_300s", Float),
    ("keep", Bool),
    ("state", Text),
];

/// In the order in which `fold` builds them.
const FILL_COLUMNS: &[(&str, ColumnType)] = &[
    ("ts", Time),
    ("bot", Text),
    ("run_id", Text),
    ("strategy", Text),
    ("market", Text),
    ("order_id", Text),
    ("trade_id", Text),
    ("side", Text),
    ("sign", Int),
    ("fill_price", Float),
    ("fill_size", Float),
    ("order_price", Float),
    ("order_size", Float),
    ("fair", Float),
    ("expected_edge", Float),
    ("mid", Float),
    ("fee", Float),
    ("pnl", Float),
    ("liquidity", Text),
    ("latency_ms", Float),
    ("placed_at", Time),
    ("fill_number", Int),
    ("tie", Int),
    ("file", Text),
    ("offset", Int),
];
