//! CSV as RFC 4180 has it, and as people write it: blanks around a value and blank lines are
//! nothing. The first line names the columns; nothing, quoted or not, is null.

use super::value::{Family, Value, most};
use super::{Column, Fault, checked, column_name, within};

/// A line that is not blank; quotes may stretch it over several.
struct Record {
    line: usize,
    fields: Vec<String>,
}

pub(super) fn columns(text: &str) -> Result<Vec<Column>, Fault> {
    let mut records = records(text)?.into_iter();
    let Some(header) = records.next() else { return Err(Fault::of_all("it is empty")) };
    if let [only] = &header.fields[..]
        && only.contains([';', '\t'])
    {
        return Err(Fault::at(header.line, "columns are parted by commas"));
    }
    let names: Vec<String> = header.fields.iter().map(|name| column_name(name)).collect();
    checked(&names, Some(header.line))?;
    let rows: Vec<Record> = records.collect();
    within(rows.len())?;
    if let Some(row) = rows.iter().find(|row| row.fields.len() != names.len()) {
        let (has, wants) = (row.fields.len(), names.len());
        return Err(Fault::at(row.line, format!("it has {has} values for {wants} columns")));
    }
    let column = |(at, name): (usize, String)| {
        let cells = rows.iter().map(|row| (row.line, row.fields[at].as_str()));
        let values = values(&name, &cells.collect::<Vec<_>>())?;
        Ok(Column { name, values })
    };
    names.into_iter().enumerate().map(column).collect()
}

/// The values of a column, all of one family. One that has a few values of another family among
/// its numbers, times or truths is no column of texts but one with slips in it: a limit of `25o`
/// would else make texts of all limits, and fail every query that compares them, without a place.
fn values(name: &str, cells: &[(usize, &str)]) -> Result<Vec<Option<(usize, Value)>>, Fault> {
    let text = |cell: &str| (!cell.is_empty()).then(|| Value::Text(cell.to_owned()));
    let with_line = |value: &dyn Fn(&str) -> Option<Value>| {
        let cells = cells.iter().map(|(line, cell)| value(cell).map(|value| (*line, value)));
        cells.collect::<Vec<_>>()
    };
    if name == "id" || name.ends_with("_id") {
        return Ok(with_line(&text));
    }
    let narrow = with_line(&|cell: &str| (!cell.is_empty()).then(|| Value::of(cell)));
    let there = narrow.iter().flatten().count();
    let (family, count) =
        most(narrow.iter().flatten().map(|(_, value)| value)).unwrap_or((Family::Text, 0));
    if count == there {
        return Ok(narrow);
    }
    if family == Family::Text || count * 2 < there {
        return Ok(with_line(&text));
    }
    let misfit = narrow
        .iter()
        .position(|value| value.as_ref().is_some_and(|(_, value)| value.family() != family));
    let (line, cell) = misfit.map_or((1, ""), |at| cells[at]);
    let family = family.describe();
    let cause = format!("column `{name}`: `{cell}` is not {family}, as most of its values are");
    Err(Fault::at(line, cause))
}

fn records(text: &str) -> Result<Vec<Record>, Fault> {
    let mut records = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let (record, after) = record(rest, line)?;
        line += rest[..rest.len() - after.len()].matches('\n').count();
        rest = after;
        if record.fields.len() > 1 || record.fields.iter().any(|field| !field.is_empty()) {
            records.push(record);
        }
    }
    Ok(records)
}

/// The record that `text` begins with, and what follows it.
fn record(text: &str, line: usize) -> Result<(Record, &str), Fault> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = field(rest, line)?;
        fields.push(field);
        rest = match after.strip_prefix(',') {
            Some(more) => more,
            None => {
                let after = after.strip_prefix('\r').unwrap_or(after);
                let after = after.strip_prefix('\n').unwrap_or(after);
                return Ok((Record { line, fields }, after));
            }
        };
    }
}

/// The field that `text` begins with, and the comma or the end of line that ends it.
fn field(text: &str, line: usize) -> Result<(String, &str), Fault> {
    let text = text.trim_start_matches([' ', '\t']);
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        return Ok((text[..end].trim_end().to_owned(), &text[end..]));
    };
    let mut field = String::new();
    loop {
        let Some(quote) = rest.find('"') else {
            return Err(Fault::at(line, "a quote is opened here and never closed"));
        };
        field.push_str(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => break,
        }
    }
    let rest = rest.trim_start_matches([' ', '\t', '\r']);
    if rest.is_empty() || rest.starts_with([',', '\n']) {
        Ok((field, rest))
    } else {
        Err(Fault::at(
            line,
            "a value goes on after its closing quote; a quote inside one is doubled",
        ))
    }
}
