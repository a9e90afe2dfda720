//! What is in some files and how it would be read: what `fillwatch inspect` prints.
//!
//! A survey reads as the decoder does (it is one) and counts what it sees, file by file.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use fillwatch_model::{
    Body, CANONICAL, ColumnType, Decoded, Fields, FileId, Kind, LineChunk, LogFile, Reject,
};

use crate::decoder::Decoder;
use crate::mapping::Mapping;
use crate::time::Form;

/// Counts what some files hold.
#[derive(Debug)]
pub struct Survey {
    mappings: Arc<[Mapping]>,
    fields: Arc<Fields>,
    files: Vec<Surveyed>,
    by_id: BTreeMap<FileId, usize>,
}

/// What one file holds.
#[derive(Clone, Debug)]
pub struct FileSurvey {
    /// The file.
    pub file: Arc<LogFile>,
    /// Bytes read.
    pub bytes: u64,
    /// Lines that are not blank.
    pub lines: u64,
    /// Rows they gave.
    pub rows: u64,
    /// Lines, or parts of lines, that would go to quarantine.
    pub rejects: u64,
    /// The first of them.
    pub reject: Option<Reject>,
    /// The first line that is a row.
    pub sample: Option<String>,
    /// Rows of each bot.
    pub bots: Vec<(String, u64)>,
    /// The log's words for what happened, the most frequent first.
    pub vocabulary: Vec<Term>,
    /// Rows by the form of their time.
    pub times: Vec<(Form, u64)>,
    /// Rows without a time of their own.
    pub times_inferred: u64,
    /// The canonical columns that have values, in their order.
    pub canonical: Vec<Coverage>,
    /// The other columns that have values.
    pub others: Vec<Coverage>,
    /// What happened, in their order, and what is told of it.
    pub kinds: Vec<KindCoverage>,
}

/// What the events of a kind tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindCoverage {
    /// The kind.
    pub kind: Kind,
    /// Rows.
    pub rows: u64,
    /// The columns that have values in some of them, and in how many.
    pub columns: BTreeMap<Arc<str>, u64>,
}

/// A word for what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The log's word; none if nothing but the fields told the kind.
    pub event: Option<String>,
    /// What it is taken for.
    pub kind: Kind,
    /// Rows.
    pub rows: u64,
}

/// How a column came by its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The column.
    pub column: Arc<str>,
    /// Its type.
    pub column_type: ColumnType,
    /// Rows that have a value in it.
    pub rows: u64,
    /// Values that did not fit its type, or not exactly.
    pub conflicts: u64,
    /// The fields it was taken from, as dotted paths, and the rows that have them, the most
    /// frequent first. Empty for a column that is none of the canonical ones: its own field's.
    pub paths: Vec<(String, u64)>,
}

#[derive(Debug)]
struct Surveyed {
    decoder: Decoder,
    survey: FileSurvey,
    bots: BTreeMap<String, u64>,
    terms: BTreeMap<(Option<String>, Kind), u64>,
    columns: BTreeMap<Arc<str>, (ColumnType, u64, u64)>,
    kinds: BTreeMap<Kind, KindCoverage>,
}

/// How much of a sample line is shown.
const SAMPLE_CHARS_MAX: usize = 2000;

impl Survey {
    /// A survey by these mappings, indexed by source.
    pub fn new(mappings: Arc<[Mapping]>, fields: Arc<Fields>) -> Survey {
        Survey { mappings, fields, files: Vec::new(), by_id: BTreeMap::new() }
    }

    /// Counts what these chunks hold; those of one file in order.
    pub fn feed(&mut self, chunks: &[LineChunk]) {
        for chunk in chunks {
            let at = *self.by_id.entry(chunk.file.id).or_insert_with(|| {
                let decoder = Decoder::new(Arc::clone(&self.mappings), Arc::clone(&self.fields));
                self.files.push(Surveyed::new(decoder, Arc::clone(&chunk.file)));
                self.files.len() - 1
            });
            self.files[at].feed(chunk, &self.fields);
        }
    }

    /// What was counted, one entry a file, in the order they were first fed.
    pub fn finish(self) -> Vec<FileSurvey> {
        self.files.into_iter().map(Surveyed::finish).collect()
    }
}

impl Surveyed {
    fn new(decoder: Decoder, file: Arc<LogFile>) -> Surveyed {
        let survey = FileSurvey {
            file,
            bytes: 0,
            lines: 0,
            rows: 0,
            rejects: 0,
            reject: None,
            sample: None,
            bots: Vec::new(),
            vocabulary: Vec::new(),
            times: Vec::new(),
            times_inferred: 0,
            canonical: Vec::new(),
            others: Vec::new(),
            kinds: Vec::new(),
        };
        Surveyed {
            decoder,
            survey,
            bots: BTreeMap::new(),
            terms: BTreeMap::new(),
            columns: BTreeMap::new(),
            kinds: BTreeMap::new(),
        }
    }

    fn feed(&mut self, chunk: &LineChunk, fields: &Fields) {
        let decoded = self.decoder.decode(std::slice::from_ref(chunk));
        let survey = &mut self.survey;
        survey.bytes += chunk.to - chunk.from;
        survey.lines += lines(&chunk.body);
        survey.rows += decoded.batch.num_rows() as u64;
        survey.rejects += decoded.rejects.len() as u64;
        if survey.sample.is_none() {
            survey.sample = sample(chunk, &decoded);
        }
        for use_ in &decoded.fields {
            let column = fields.column(use_.column);
            let counts = self.columns.entry(column.name).or_insert((column.column_type, 0, 0));
            counts.1 += use_.values;
            counts.2 += use_.conflicts;
        }
        self.count_rows(&decoded.batch);
        if self.survey.reject.is_none() {
            self.survey.reject = decoded.rejects.into_iter().next();
        }
    }

    fn count_rows(&mut self, batch: &RecordBatch) {
        let events = batch.column_by_name("event").and_then(|array| array.as_string_opt::<i32>());
        let mut kinds = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let event = events.and_then(|events| value(events, row));
            let kind = entry(batch, "kind", row).and_then(Kind::parse).unwrap_or(Kind::Log);
            *self.terms.entry((event.map(str::to_owned), kind)).or_default() += 1;
            kinds.push(kind);
            let bot = entry(batch, "bot", row).unwrap_or_default();
            match self.bots.get_mut(bot) {
                Some(count) => *count += 1,
                None => drop(self.bots.insert(bot.to_owned(), 1)),
            }
        }
        self.count_columns(batch, &kinds);
        let inferred = batch.column_by_name("ts_inferred").and_then(|a| a.as_boolean_opt());
        self.survey.times_inferred += inferred.map_or(0, BooleanArray::true_count) as u64;
    }

    /// Which columns have values in the rows of each kind.
    fn count_columns(&mut self, batch: &RecordBatch, kinds: &[Kind]) {
        let mut counts = [0_u64; Kind::ALL.len()];
        let place = |kind: Kind| Kind::ALL.iter().position(|known| *known == kind).unwrap_or(0);
        let places: Vec<usize> = kinds.iter().map(|kind| place(*kind)).collect();
        let mut add = |counts: &mut [u64], column: Option<&str>| {
            for (kind, rows) in Kind::ALL.iter().zip(counts).filter(|(_, rows)| **rows > 0) {
                let coverage = self.kinds.entry(*kind).or_insert_with(|| KindCoverage {
                    kind: *kind,
                    rows: 0,
                    columns: BTreeMap::new(),
                });
                match column {
                    None => coverage.rows += *rows,
                    Some(column) => match coverage.columns.get_mut(column) {
                        Some(count) => *count += *rows,
                        None => drop(coverage.columns.insert(Arc::from(column), *rows)),
                    },
                }
                *rows = 0;
            }
        };
        places.iter().for_each(|place| counts[*place] += 1);
        add(&mut counts, None);
        for (field, values) in batch.schema().fields().iter().zip(batch.columns()) {
            if values.null_count() == values.len() {
                continue;
            }
            let nulls = values.logical_nulls();
            for (row, place) in places.iter().enumerate() {
                counts[*place] += u64::from(nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)));
            }
            add(&mut counts, Some(field.name()));
        }
    }

    fn finish(mut self) -> FileSurvey {
        let mut survey = self.survey;
        survey.bots = most_first(self.bots);
        survey.vocabulary = most_first(self.terms)
            .into_iter()
            .map(|((event, kind), rows)| Term { event, kind, rows })
            .collect();
        let mut paths: BTreeMap<&str, Vec<(String, u64)>> = BTreeMap::new();
        if let Some(source) = self.decoder.source(survey.file.source) {
            let times = Form::ALL.into_iter().zip(source.forms);
            survey.times = times.filter(|(_, rows)| *rows > 0).collect();
            for ((column, field), rows) in source.tally() {
                let path = String::from_utf8_lossy(&source.paths.field(field).path).into_owned();
                paths.entry(column).or_default().push((path, rows));
            }
        }
        for (name, _) in CANONICAL {
            let mut paths = paths.remove(name).unwrap_or_default();
            paths.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            survey.canonical.extend(coverage(&mut self.columns, name, paths));
        }
        let rest: Vec<Arc<str>> = self.columns.keys().cloned().collect();
        let rest = rest.iter().filter_map(|name| coverage(&mut self.columns, name, Vec::new()));
        survey.others = rest.collect();
        survey.kinds = self.kinds.into_values().collect();
        survey
    }
}

fn coverage(
    columns: &mut BTreeMap<Arc<str>, (ColumnType, u64, u64)>,
    name: &str,
    paths: Vec<(String, u64)>,
) -> Option<Coverage> {
    let (name, (column_type, rows, conflicts)) = columns.remove_entry(name)?;
    Some(Coverage { column: name, column_type, rows, conflicts, paths })
}

fn lines(body: &Body) -> u64 {
    match body {
        Body::Lines(bytes) => {
            let is_blank =
                |line: &&[u8]| line.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | 0));
            bytes.split(|b| *b == b'\n').filter(|line| !is_blank(line)).count() as u64
        }
        Body::TooLong { .. } => 1,
        Body::Hole => 0,
    }
}

fn sample(chunk: &LineChunk, decoded: &Decoded) -> Option<String> {
    let Body::Lines(bytes) = &chunk.body else { return None };
    let offsets = decoded.batch.column_by_name("offset")?;
    let offsets = offsets.as_primitive_opt::<arrow::datatypes::Int64Type>()?;
    let first = (!offsets.is_empty()).then(|| offsets.value(0) as u64)?;
    let line = bytes.get((first - chunk.from) as usize..)?.split(|b| *b == b'\n').next()?;
    Some(String::from_utf8_lossy(line).trim().chars().take(SAMPLE_CHARS_MAX).collect())
}

fn value(texts: &StringArray, row: usize) -> Option<&str> {
    texts.is_valid(row).then(|| texts.value(row))
}

fn entry<'b>(batch: &'b RecordBatch, column: &str, row: usize) -> Option<&'b str> {
    let dictionary = batch.column_by_name(column)?.as_dictionary_opt::<Int32Type>()?;
    let values = dictionary.values().as_string_opt::<i32>()?;
    value(values, dictionary.key(row)?)
}

fn most_first<T: Ord>(counts: BTreeMap<T, u64>) -> Vec<(T, u64)> {
    let mut counts: Vec<(T, u64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}
