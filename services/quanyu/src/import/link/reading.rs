//! The rows of a file as records, and those that are none.

use std::collections::HashMap;
use std::path::Path;

use fault::Fault;
use matching::{Records, Value};

use super::super::figures::Count;
use super::super::listing::Listing;
use super::super::source::{Limits, Row, Source};
use super::fields::{ID, Plan};
use crate::progress::Progress;

/// Where rejected rows go.
pub(super) const REJECTED: &str = "rejected.csv";
/// So many rows are read together.
const ROWS: Limits = Limits {
    rows: 20_000,
    bytes: 16 * 1024 * 1024,
};

/// The people of a file.
pub(super) struct People {
    pub(super) records: Records,
    /// What each is called in the outcome.
    pub(super) ids: Vec<Box<str>>,
    /// Where each stands.
    pub(super) lines: Vec<u64>,
    pub(super) header_lines: u64,
    pub(super) blank_lines: u64,
    pub(super) compared: Count,
    pub(super) rejected: Count,
}

impl People {
    /// Reads all rows; writes down those that are wrong.
    pub(super) fn read(source: &mut Source, plan: &Plan, out: &Path, threads: usize) -> Result<Self, Fault> {
        let mut people = Self {
            records: Records::new(&plan.fields),
            ids: Vec::new(),
            lines: Vec::new(),
            header_lines: source.header_lines(),
            blank_lines: 0,
            compared: Count::default(),
            rejected: Count::default(),
        };
        let mut rejected = Listing::open(out.join(REJECTED), "quanyu.reasons", source.form(), 0)?;
        let mut seen: HashMap<Box<str>, u64> = HashMap::new();
        let ids = plan.ids();
        let bytes = source.survey().bytes;
        let mut progress = Progress::new("bytes", bytes);
        let mut before = 0;
        while let Some(stretch) = source.stretch(ROWS, |_, _| false)? {
            people.blank_lines = people.blank_lines.saturating_add(stretch.blank_lines);
            let mut good: Vec<Vec<&str>> = Vec::new();
            let mut wrong: Vec<(&Row, String)> = Vec::new();
            for row in &stretch.rows {
                match judged(row, plan, &ids, &mut seen) {
                    Ok((id, cells)) => {
                        people.ids.push(id);
                        people.lines.push(row.line);
                        people.compared.add(row.line_count);
                        good.push(cells);
                    }
                    Err(reasons) => {
                        people.rejected.add(row.line_count);
                        wrong.push((row, reasons.join("; ")));
                    }
                }
            }
            if !people.records.extend(&good, threads) {
                return Err(Fault::invalid(
                    "file",
                    "has more rows than can be compared at once: part it, by region or by year",
                ));
            }
            rejected.add(wrong)?;
            progress.at(format!("{} rows", people.ids.len()));
            progress.add(stretch.end.byte.saturating_sub(before), "read");
            before = stretch.end.byte.max(before);
        }
        progress.finish();
        Ok(people)
    }

    /// How many lines are accounted for.
    pub(super) fn lines(&self) -> u64 {
        let counted = [
            self.header_lines,
            self.compared.lines,
            self.rejected.lines,
            self.blank_lines,
        ];
        counted.into_iter().fold(0, u64::saturating_add)
    }
}

/// The id and the cells of a row; or why it is compared with none.
fn judged<'r>(
    row: &'r Row,
    plan: &Plan,
    ids: &[&str],
    seen: &mut HashMap<Box<str>, u64>,
) -> Result<(Box<str>, Vec<&'r str>), Vec<String>> {
    if let Some(trouble) = &row.trouble {
        return Err(vec![trouble.clone()]);
    }
    let mut reasons = Vec::new();
    plan.columns.check(row, ids, &mut reasons);
    let cells: Vec<&str> = plan
        .fields
        .iter()
        .map(|field| plan.columns.get(row, &field.name).unwrap_or_default())
        .collect();
    let mut told = cells.iter().zip(&plan.fields);
    if !told.any(|(cell, field)| Value::read(field.kind, cell).is_some()) {
        let fields: Vec<&str> = plan.fields.iter().map(|field| field.name.as_str()).collect();
        let called = plan.columns.all_called(&fields);
        reasons.push(format!("{called}: says nothing by which somebody could be recognised"));
    }
    let id = if plan.columns.has(ID) {
        plan.columns.get(row, ID).unwrap_or_default().to_owned()
    } else {
        row.line.to_string()
    };
    if id.is_empty() {
        reasons.push(format!("{}: is needed", plan.columns.called(ID)));
    } else if let Some(line) = seen.get(id.as_str()) {
        reasons.push(format!("{}: {id} is also that of line {line}", plan.columns.called(ID)));
    }
    if !reasons.is_empty() {
        return Err(reasons);
    }
    let id: Box<str> = id.into();
    if plan.columns.has(ID) {
        seen.insert(id.clone(), row.line);
    }
    Ok((id, cells))
}
