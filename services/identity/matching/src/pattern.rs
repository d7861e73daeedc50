//! The levels of two records, field by field, as one number.

use crate::field::Kind;
use crate::level::{Level, compare, is_turned};
use crate::normal::Value;
use crate::records::{MISSING, Probe, Records};

/// Four bits for each field, the first one lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pattern(u64);

const BITS: u32 = 4;

impl Pattern {
    pub(crate) fn with(self, field: usize, level: Level) -> Self {
        Self(self.0 | u64::from(level.number()).wrapping_shl(shift(field)))
    }

    pub(crate) fn level(self, field: usize) -> Level {
        Level::ALL.get(self.number(field)).copied().unwrap_or(Level::Missing)
    }

    /// The number of a field's level.
    pub(crate) fn number(self, field: usize) -> usize {
        usize::try_from(self.0.wrapping_shr(shift(field)) & 0b1111).unwrap_or_default()
    }
}

fn shift(field: usize) -> u32 {
    u32::try_from(field).unwrap_or(u32::MAX).wrapping_mul(BITS)
}

/// One of two records that are compared.
#[derive(Clone, Copy)]
pub(crate) struct Side<'r> {
    records: &'r Records,
    pub(crate) cells: &'r [u32],
    probe: Option<&'r Probe>,
}

impl<'r> Side<'r> {
    pub(crate) fn of(records: &'r Records, record: u32) -> Self {
        Self {
            records,
            cells: records.row(record),
            probe: None,
        }
    }

    pub(crate) fn probe(records: &'r Records, probe: &'r Probe) -> Self {
        Self {
            records,
            cells: &probe.cells,
            probe: Some(probe),
        }
    }

    pub(crate) fn cell(self, field: usize) -> u32 {
        self.cells.get(field).copied().unwrap_or(MISSING)
    }

    fn value(self, field: usize) -> Option<&'r Value> {
        match self.probe {
            Some(probe) => probe.values.get(field)?.as_ref(),
            None => self.records.columns().get(field)?.value(self.cell(field)),
        }
    }
}

/// The level of a field of two records; the same from both sides.
pub(crate) fn level(kind: Kind, field: usize, one: Side<'_>, other: Side<'_>) -> Level {
    let (a, b) = (one.cell(field), other.cell(field));
    if a == MISSING || b == MISSING {
        return Level::Missing;
    }
    if a == b && a != u32::MAX {
        return Level::Same;
    }
    let (Some(a), Some(b)) = (one.value(field), other.value(field)) else {
        return Level::Missing;
    };
    // Of records that are all in the columns, values of different places are different.
    let is_probed = one.probe.is_some() || other.probe.is_some();
    if is_probed && a.text == b.text {
        return Level::Same;
    }
    let level = compare(kind, a, b);
    if !matches!(level, Level::Different | Level::Similar) {
        return level;
    }
    let Some(partner) = one.records.partner(field) else {
        return level;
    };
    let crosses = |value: &Value, side: Side<'_>| side.value(partner).is_some_and(|it| is_turned(value, it));
    if crosses(a, other) || crosses(b, one) {
        Level::Turned
    } else {
        level
    }
}

/// The levels of all fields.
pub(crate) fn pattern(records: &Records, one: Side<'_>, other: Side<'_>) -> Pattern {
    let fields = records.fields().iter().enumerate();
    fields.fold(Pattern::default(), |pattern, (field, it)| {
        pattern.with(field, level(it.kind, field, one, other))
    })
}
