//! Parquet and Arrow: numbers and times as they are, for programs.

use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::portable::{self, portable};
use super::{OutputError, Wants, Writer};
use crate::QueryError;

type Out<'a> = &'a mut (dyn Write + Send);

/// What a writer holds before it writes a row group.
const ROW_GROUP_ROWS: usize = 128 << 10;

pub(super) struct Parquet<'a> {
    writer: ArrowWriter<Out<'a>>,
}

impl<'a> Parquet<'a> {
    pub(super) fn new(schema: &SchemaRef, out: Out<'a>) -> Result<Parquet<'a>, OutputError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        Ok(Parquet { writer: ArrowWriter::try_new(out, schema.clone(), Some(properties))? })
    }
}

impl Writer for Parquet<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Wants, OutputError> {
        self.writer.write(batch)?;
        Ok(Wants::More)
    }

    fn finish(self: Box<Self>) -> Result<(), OutputError> {
        Ok(self.writer.into_inner()?.flush()?)
    }
}

impl From<ParquetError> for OutputError {
    fn from(error: ParquetError) -> OutputError {
        match error {
            ParquetError::External(error) => match error.downcast::<std::io::Error>() {
                Ok(error) => OutputError::Io(*error),
                Err(error) => QueryError::Failed(error.to_string()).into(),
            },
            other => QueryError::Failed(other.to_string()).into(),
        }
    }
}

pub(super) struct Arrow<'a> {
    writer: FileWriter<Out<'a>>,
}

impl<'a> Arrow<'a> {
    pub(super) fn new(schema: &SchemaRef, out: Out<'a>) -> Result<Arrow<'a>, OutputError> {
        Ok(Arrow { writer: FileWriter::try_new(out, &portable::schema(schema))? })
    }
}

impl Writer for Arrow<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Wants, OutputError> {
        let batch = portable(batch, self.writer.schema())?;
        self.writer.write(&batch)?;
        Ok(Wants::More)
    }

    fn finish(mut self: Box<Self>) -> Result<(), OutputError> {
        self.writer.finish()?;
        Ok(self.writer.into_inner()?.flush()?)
    }
}
