//! Records as the model sees them: each cell a number, each different value of a field kept once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};

use crate::field::Field;
use crate::normal::Value;
use crate::number::{at, index, real};
use crate::sound::{hash, mix};
use crate::threads::each;

/// No record has more fields.
pub const FIELDS_MAX: usize = 16;

/// A cell that says nothing.
pub(crate) const MISSING: u32 = 0;

/// Records under comparison. Each is known by its place, counted from 0.
#[derive(Clone, Debug)]
pub struct Records {
    fields: Vec<Field>,
    /// The field with which each may be confused.
    partners: Vec<Option<usize>>,
    columns: Vec<Column>,
    /// The cells of all records, one record behind the other: places in the columns.
    cells: Vec<u32>,
    /// What each record says, as one number that does not depend on its place.
    contents: Vec<u64>,
}

/// The values of a field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    /// The first one stands for nothing.
    values: Vec<Value>,
    counts: Vec<u32>,
    places: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    /// How many records say something.
    present: u64,
}

/// A record that is not among the others, to be compared with them.
#[derive(Clone, Debug)]
pub struct Probe {
    pub(crate) cells: Vec<u32>,
    pub(crate) values: Vec<Option<Value>>,
}

impl Records {
    /// No records yet, of fields of which those beyond `FIELDS_MAX` are left out.
    pub fn new(fields: &[Field]) -> Self {
        let fields: Vec<Field> = fields.iter().take(FIELDS_MAX).cloned().collect();
        let partner = |(place, field): (usize, &Field)| {
            let mut others = fields.iter().enumerate();
            others
                .find(|(other, it)| *other != place && field.kind.is_confused_with(it.kind))
                .map(|(other, _)| other)
        };
        Self {
            partners: fields.iter().enumerate().map(partner).collect(),
            columns: fields.iter().map(|_| Column::new()).collect(),
            fields,
            cells: Vec::new(),
            contents: Vec::new(),
        }
    }

    /// Adds records by the cells of their fields; those that are missing say nothing. Several threads share the fields. Answers
    /// whether there was room for all: records are counted by numbers of 32 bits.
    pub fn extend<S: AsRef<str> + Sync>(&mut self, rows: &[impl AsRef<[S]> + Sync], threads: usize) -> bool {
        let room = u32::MAX
            .saturating_sub(1)
            .saturating_sub(u32::try_from(self.len()).unwrap_or(u32::MAX));
        if rows.len() > at(room) {
            return false;
        }
        let columns: Vec<Mutex<Column>> = std::mem::take(&mut self.columns).into_iter().map(Mutex::new).collect();
        let read = each(threads, columns.len(), |field| {
            let (Some(column), Some(it)) = (columns.get(field), self.fields.get(field)) else {
                return Vec::new();
            };
            let mut column = column.lock().unwrap_or_else(PoisonError::into_inner);
            let cell = |row| AsRef::<[S]>::as_ref(row).get(field).map_or("", AsRef::as_ref);
            rows.iter()
                .map(|row| column.intern(Value::read(it.kind, cell(row))))
                .collect()
        });
        self.columns = columns
            .into_iter()
            .map(|column| column.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect();
        for row in 0..rows.len() {
            let mut content = 0_u64;
            for cells in &read {
                let (cell, key) = cells.get(row).copied().unwrap_or_default();
                self.cells.push(cell);
                content = mix(content.wrapping_add(1)) ^ key;
            }
            self.contents.push(content);
        }
        true
    }

    /// Adds one record.
    pub fn push(&mut self, cells: &[&str]) -> bool {
        self.extend(&[cells], 1)
    }

    /// Reads a record without adding it.
    pub fn probe(&self, cells: &[&str]) -> Probe {
        let values = self.fields.iter().enumerate().map(|(number, field)| {
            let cell = cells.get(number).copied().unwrap_or_default();
            Value::read(field.kind, cell)
        });
        let values: Vec<Option<Value>> = values.collect();
        let place = |(column, value): (&Column, &Option<Value>)| match value {
            Some(value) => column.place(&value.text).unwrap_or(u32::MAX),
            None => MISSING,
        };
        Probe {
            cells: self.columns.iter().zip(&values).map(place).collect(),
            values,
        }
    }

    /// A record that is there, as one to be compared.
    pub fn probe_of(&self, record: u32) -> Probe {
        let cells = self.row(record).to_vec();
        let values = cells
            .iter()
            .zip(&self.columns)
            .map(|(cell, column)| column.value(*cell).cloned());
        Probe {
            values: values.collect(),
            cells,
        }
    }

    /// The fields.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.contents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    pub(crate) fn row(&self, record: u32) -> &[u32] {
        let from = at(record).saturating_mul(self.fields.len());
        self.cells
            .get(from..from.saturating_add(self.fields.len()))
            .unwrap_or_default()
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn partner(&self, field: usize) -> Option<usize> {
        self.partners.get(field).copied().flatten()
    }

    /// What a record says, as a number.
    pub(crate) fn content(&self, record: u32) -> u64 {
        self.contents.get(at(record)).copied().unwrap_or_default()
    }

    /// A value of a record.
    pub(crate) fn value(&self, record: u32, field: usize) -> Option<&Value> {
        let place = self.row(record).get(field)?;
        self.columns.get(field)?.value(*place)
    }
}

impl Column {
    fn new() -> Self {
        Self {
            values: vec![Value::default()],
            counts: vec![0],
            ..Self::default()
        }
    }

    /// The place of a value, which is added where it is new, and what it is as a number.
    fn intern(&mut self, value: Option<Value>) -> (u32, u64) {
        let Some(value) = value else { return (MISSING, 0) };
        self.present = self.present.saturating_add(1);
        let key = hash(value.text.as_bytes());
        match self.find(key, &value.text) {
            Ok(place) => {
                if let Some(count) = self.counts.get_mut(at(place)) {
                    *count = count.saturating_add(1);
                }
                (place, key)
            }
            Err(free) => {
                let place = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
                self.places.insert(free, place);
                self.values.push(value);
                self.counts.push(1);
                (place, key)
            }
        }
    }

    fn place(&self, text: &str) -> Option<u32> {
        self.find(hash(text.as_bytes()), text).ok()
    }

    /// The place of a text, or the key under which it would stand: two texts of one hash have keys that follow each other.
    fn find(&self, mut key: u64, text: &str) -> Result<u32, u64> {
        loop {
            match self.places.get(&key) {
                Some(place) if self.values.get(at(*place)).is_some_and(|value| &*value.text == text) => {
                    return Ok(*place);
                }
                Some(_) => key = key.wrapping_add(1),
                None => return Err(key),
            }
        }
    }

    /// A value; none of a cell that says nothing, or that no record has.
    pub(crate) fn value(&self, place: u32) -> Option<&Value> {
        self.values.get(at(place)).filter(|_| place != MISSING)
    }

    /// The share of a value among all that is said.
    pub(crate) fn share(&self, place: u32) -> f64 {
        let count = self.counts.get(at(place)).copied().unwrap_or_default();
        f64::from(count) / real(self.present.max(1))
    }

    /// The probability that two records that say something say the same.
    pub(crate) fn coincidence(&self) -> f64 {
        let pairs = |count: f64| count * (count - 1.0);
        let same: f64 = self
            .counts
            .iter()
            .map(|count| f64::from(*count))
            .filter(|count| *count > 1.0)
            .map(pairs)
            .sum();
        if self.present < 2 {
            0.0
        } else {
            same / pairs(real(self.present))
        }
    }

    /// How many different values there are.
    pub(crate) fn distinct(&self) -> u64 {
        index(self.values.len()).saturating_sub(1)
    }
}

/// A number that is a hash already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
