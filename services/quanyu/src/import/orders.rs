//! Orders that have a row for each item. The rows of one order follow each other, and become one activity.
//!
//! Whether they do is found out before anything is sent: an order whose rows are scattered over the file would be recorded
//! by its first rows alone, and nothing could mend it afterwards. Its rows are rejected instead, all of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use fault::Fault;

use super::columns::Columns;
use super::source::{Row, Source};

/// No order has more rows: an activity has at most 200 items.
const ORDER_ROWS_MAX: u32 = 200;
/// An order takes this much at the most.
const ORDER_BYTES_MAX: usize = 512 * 1024;
/// A file has at most so many orders: they are remembered at sixteen bytes each.
const ORDERS_MAX: usize = 16 * 1024 * 1024;

/// What rows of one activity are that are equal in every cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EqualRows {
    /// Each counts: two of one kind were bought.
    Add,
    /// They are one row that was written several times.
    Once,
}

/// What an order is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct OrderKey<'r> {
    pub(super) channel_code: Cow<'r, str>,
    pub(super) activity_type: Cow<'r, str>,
    pub(super) source_id: Cow<'r, str>,
}

impl OrderKey<'_> {
    /// Enough to tell it from others.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// Why an order cannot be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Its rows do not follow each other; they are on this line and on others.
    Scattered { line: u64 },
    /// It has too many rows, or too large ones.
    TooLarge,
}

impl Unfit {
    pub(super) fn reason(self, columns: &Columns) -> String {
        match self {
            Self::Scattered { line } => format!(
                "{source_id}: the rows of this activity do not follow each other (one is on line {line}): sort the file by {}, \
                 or give what is another activity a {source_id} of its own",
                columns.all_called(&["channel_code", "activity_type", "source_id"]),
                source_id = columns.called("source_id"),
            ),
            Self::TooLarge => format!(
                "the rows of one activity are more than {ORDER_ROWS_MAX}, or larger than {ORDER_BYTES_MAX} bytes together"
            ),
        }
    }
}

/// The orders of a file that cannot be imported.
#[derive(Debug, Default)]
pub(super) struct UnfitOrders(HashMap<u64, Unfit>);

impl UnfitOrders {
    /// Reads a file through; `key` tells the digest of a row's key. The same rows at two places are an order that is told
    /// twice, which harms nothing.
    pub(super) fn find(source: &mut Source, key: impl Fn(&Row) -> Option<u64>) -> Result<Self, Fault> {
        let (mut orders, mut unfit) = (Vec::new(), HashMap::new());
        let mut present: Option<Present> = None;
        while let Some(row) = source.row()? {
            let found = key(&row);
            if let (Some(order), Some(found)) = (&mut present, found)
                && order.key == found
            {
                order.add(&row);
                continue;
            }
            if let Some(order) = present.take() {
                order.finish(&mut orders, &mut unfit);
            }
            present = found.map(|key| Present::begin(key, &row));
            if orders.len() >= ORDERS_MAX {
                let message = format!("the file has more than {ORDERS_MAX} activities: split it");
                return Err(Fault::invalid("file", message));
            }
        }
        if let Some(order) = present {
            order.finish(&mut orders, &mut unfit);
        }
        orders.sort_unstable_by_key(|order: &Order| (order.key, order.line));
        for pair in orders.windows(2) {
            if let [first, second] = pair
                && first.key == second.key
                && first.content != second.content
            {
                let line = u64::from(first.line);
                unfit.entry(first.key).or_insert(Unfit::Scattered { line });
            }
        }
        source.go_to(&source.start())?;
        Ok(Self(unfit))
    }

    /// Why an order cannot be imported; none where it can.
    pub(super) fn get(&self, key: &OrderKey<'_>) -> Option<Unfit> {
        self.0.get(&key.digest()).copied()
    }
}

/// An order whose rows were read: two words, since there are millions.
struct Order {
    key: u64,
    /// Enough to tell that two differ.
    content: u32,
    line: u32,
}

/// The order whose rows are being read.
struct Present {
    key: u64,
    content: DefaultHasher,
    line: u64,
    rows: u32,
    bytes: usize,
}

impl Present {
    fn begin(key: u64, row: &Row) -> Self {
        let mut order = Self {
            key,
            content: DefaultHasher::new(),
            line: row.line,
            rows: 0,
            bytes: 0,
        };
        order.add(row);
        order
    }

    fn add(&mut self, row: &Row) {
        row.cells.hash(&mut self.content);
        self.rows = self.rows.saturating_add(1);
        let bytes = row.cells.iter().map(String::len).fold(0, usize::saturating_add);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn finish(self, orders: &mut Vec<Order>, unfit: &mut HashMap<u64, Unfit>) {
        if self.rows > ORDER_ROWS_MAX || (self.rows > 1 && self.bytes > ORDER_BYTES_MAX) {
            unfit.insert(self.key, Unfit::TooLarge);
        }
        let [.., a, b, c, d] = self.content.finish().to_be_bytes();
        orders.push(Order {
            key: self.key,
            content: u32::from_be_bytes([a, b, c, d]),
            line: u32::try_from(self.line).unwrap_or(u32::MAX),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::source::known_fields;
    use super::super::survey::Survey;
    use super::*;

    fn key(row: &Row) -> Option<OrderKey<'_>> {
        Some(OrderKey {
            channel_code: "pos".into(),
            activity_type: "order_paid".into(),
            source_id: row.cells.first()?.into(),
        })
    }

    fn unfit(rows: &str) -> Vec<Option<Unfit>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "source_id,amount\n{rows}").unwrap();
        let survey = Survey::of(file.path(), None).unwrap();
        let fields = ["source_id", "amount"];
        let mut source = Source::csv(file.path(), survey, None, known_fields(&fields, &[])).unwrap();
        let found = UnfitOrders::find(&mut source, |row| key(row).map(|key| key.digest())).unwrap();
        std::iter::from_fn(|| source.row().unwrap())
            .map(|row| found.get(&key(&row).unwrap()))
            .collect()
    }

    #[test]
    fn rows_that_do_not_follow_each_other_are_found_before_anything_is_sent() {
        let scattered = Some(Unfit::Scattered { line: 2 });
        assert_eq!(
            unfit("T1,100\nT2,1\nT2,2\nT1,300\nT3,1\n"),
            [scattered, None, None, scattered, None]
        );
        assert_eq!(unfit("T1,100\nT2,1\nT1,100\n"), [None; 3], "told twice");
    }

    #[test]
    fn an_order_without_end_is_found_too() {
        let rows = "T1,1\n".repeat(201);
        assert_eq!(unfit(&format!("T0,1\n{rows}"))[..2], [None, Some(Unfit::TooLarge)]);
        assert_eq!(unfit(&"T1,1\n".repeat(200))[..1], [None]);
    }
}
