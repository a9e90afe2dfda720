//! The columns of the table `quarantine`: every line that is no row, with its bytes.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use fillwatch_model::{ColumnType, Reject};

use crate::error::Result;

/// `raw` is text, so that it can be read in SQL; bytes that are no UTF-8 are written `\xNN`, and a
/// backslash before them `\\`, so that no byte is lost (`raw_escaped` says that it was done).
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = |name: &str, column_type: ColumnType| {
        Field::new(name, column_type.arrow(), !matches!(name, "ts" | "date"))
    };
    Arc::new(Schema::new(vec![
        field("ts", ColumnType::Time),
        field("date", ColumnType::Date),
        field("file", ColumnType::Text),
        field("file_id", ColumnType::Text),
        field("offset", ColumnType::Int),
        field("length", ColumnType::Int),
        field("reason", ColumnType::Text),
        field("raw", ColumnType::Text),
        field("raw_escaped", ColumnType::Bool),
    ]))
});

/// The rows of `rejects`. `ts` is when the line was read.
pub(crate) fn rows(rejects: &[Reject]) -> Result<RecordBatch> {
    let mut raw = StringBuilder::new();
    let mut escaped = Vec::with_capacity(rejects.len());
    for reject in rejects {
        match std::str::from_utf8(&reject.raw) {
            Ok(text) => raw.append_value(text),
            Err(_) => raw.append_value(escape(&reject.raw)),
        }
        escaped.push(std::str::from_utf8(&reject.raw).is_err());
    }
    let text = |of: &dyn Fn(&Reject) -> String| -> ArrayRef {
        Arc::new(rejects.iter().map(|reject| Some(of(reject))).collect::<StringArray>())
    };
    let ts: TimestampMicrosecondArray = rejects.iter().map(|reject| Some(reject.read_at)).collect();
    let int = |of: &dyn Fn(&Reject) -> u64| -> ArrayRef {
        Arc::new(rejects.iter().map(|reject| Some(of(reject) as i64)).collect::<Int64Array>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ts", Arc::new(ts.with_timezone("UTC"))),
        ("file", text(&|reject| reject.file.path.to_string_lossy().into_owned())),
        ("file_id", text(&|reject| reject.file.id.to_string())),
        ("offset", int(&|reject| reject.offset)),
        ("length", int(&|reject| reject.len)),
        ("reason", text(&|reject| reject.reason.to_string())),
        ("raw", Arc::new(raw.finish())),
        ("raw_escaped", Arc::new(arrow::array::BooleanArray::from(escaped))),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )?)
}

fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _written = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn no_byte_is_lost() {
        assert_eq!(escape(b"caf\xe9 \\ ok"), "caf\\xe9 \\\\ ok");
    }
}
