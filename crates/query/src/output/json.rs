//! JSON: one array, or one object a line.
//!
//! Every object has every column, null or not: a program that reads the first row knows them all.
//! A float that is no number is null, since JSON has no word for it.

use std::io::Write;

use arrow::json::WriterBuilder;
use arrow::json::writer::{JsonArray, JsonFormat, LineDelimited};
use arrow::record_batch::RecordBatch;

use super::cell::{RFC3339, RFC3339_UTC};
use super::plain::plain;
use super::{OutputError, Wants, Writer};

type Out<'a> = &'a mut (dyn Write + Send);

pub(super) struct Json<'a, F: JsonFormat> {
    writer: arrow::json::Writer<Out<'a>, F>,
}

impl<'a> Json<'a, JsonArray> {
    pub(super) fn array(out: Out<'a>) -> Self {
        Json { writer: options().build(out) }
    }
}

impl<'a> Json<'a, LineDelimited> {
    pub(super) fn lines(out: Out<'a>) -> Self {
        Json { writer: options().build(out) }
    }
}

fn options() -> WriterBuilder {
    WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_timestamp_format(RFC3339.to_owned())
        .with_timestamp_tz_format(RFC3339_UTC.to_owned())
        .with_datetime_format("%Y-%m-%d".to_owned())
}

impl<F: JsonFormat> Writer for Json<'_, F> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Wants, OutputError> {
        self.writer.write(&plain(batch)?)?;
        Ok(Wants::More)
    }

    fn finish(mut self: Box<Self>) -> Result<(), OutputError> {
        self.writer.finish()?;
        let out = self.writer.into_inner();
        if F::default().is_array() {
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }
}

/// Whether the whole is one value, which then wants a newline of its own.
trait IsArray {
    fn is_array(&self) -> bool;
}

impl<F: JsonFormat> IsArray for F {
    fn is_array(&self) -> bool {
        let mut start = Vec::new();
        self.start_stream(&mut start).is_ok() && !start.is_empty()
    }
}
