//! The rows of one order as one activity.

use std::collections::BTreeMap;
use std::fmt;

use contracts::r#type::v1::Money;
use contracts_tagging::v1::{Activity, ActivityItem};
use kernel::text::tidy;
use kernel::{Currency, CurrencyError, Time};

use super::super::columns::{ATTRIBUTE, Columns};
use super::super::moment::Zone;
use super::super::orders::EqualRows;
use super::super::reason::note;
use super::super::source::Row;
use super::super::{Read, amount};

/// What is compared with what others send.
pub(super) const IDS: [&str; 9] = [
    "source_id",
    "activity_type",
    "member_id",
    "channel_code",
    "external_id",
    "currency_code",
    "sku",
    "line_id",
    "refunded_source_id",
];
/// Cells that say the same of all rows of one activity, where they say anything.
const ONCE: [&str; 7] = [
    "member_id",
    "external_id",
    "occur_time",
    "currency_code",
    "refunded_source_id",
    "discount_amount",
    "surcharge_amount",
];
/// Stands where a row has no sku but needs one, and is not imported.
const NO_SKU: &str = "none";
/// The currency of an activity, where it has one.
type OrderCurrency = Option<Result<Currency, NoCurrency>>;

/// The currency's code is none, which was told.
#[derive(Clone, Copy, Debug)]
struct NoCurrency;

/// The rows of one activity: what they say of it together, and an item each.
pub(super) struct Order<'a> {
    pub(super) columns: &'a Columns,
    pub(super) zone: &'a Zone,
    pub(super) equal_rows: Option<EqualRows>,
    pub(super) rows: &'a [Row],
    pub(super) reasons: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl<'a> Order<'a> {
    pub(super) fn read(mut self) -> Result<Read<Activity>, Vec<String>> {
        for row in self.rows {
            if let Some(trouble) = &row.trouble {
                self.wrong(row, trouble);
            } else {
                let mut reasons = Vec::new();
                self.columns.check(row, &IDS, &mut reasons);
                for reason in reasons {
                    self.wrong(row, reason);
                }
            }
        }
        if self.rows.iter().any(|row| row.trouble.is_some()) {
            // Cells of a row in trouble may stand in wrong columns: nothing more can be told.
            return Err(self.reasons);
        }
        let lines = self.lines();
        let [
            member_id,
            external_id,
            occur_time,
            currency,
            refunded_source_id,
            discount,
            surcharge,
        ] = ONCE.map(|field| self.once(field));
        let occur_time = self.occur_time(occur_time);
        let currency = self.currency(currency);
        let (sum, items) = self.items(&lines, currency);
        let discount = self.order_money("discount_amount", discount, currency);
        let surcharge = self.order_money("surcharge_amount", surcharge, currency);
        // What is taken off the whole, or comes on top, is no row's: the platform reckons it where every row is an item.
        let is_reckoned = (discount.is_some() || surcharge.is_some())
            && items.len() == lines.len()
            && items.iter().all(|item| item.amount.is_some());
        let amount = sum.filter(|_| !is_reckoned);
        let attributes = self.attributes();
        let text = |field| self.columns.get(self.rows.first()?, field);
        let activity = Activity {
            member_id: member_id.unwrap_or_default().to_owned(),
            channel_code: text("channel_code").unwrap_or_default().to_owned(),
            external_id: external_id.unwrap_or_default().to_owned(),
            source_id: text("source_id").unwrap_or_default().to_owned(),
            activity_type: text("activity_type").unwrap_or_default().to_owned(),
            occur_time: occur_time.map(Time::to_wire),
            amount,
            items,
            refunded_source_id: refunded_source_id.unwrap_or_default().to_owned(),
            attributes,
            discount_amount: discount,
            surcharge_amount: surcharge,
            ..Activity::default()
        };
        Ok(Read {
            item: activity,
            notes: self.notes,
            reasons: self.reasons,
        })
    }

    /// Notes what is wrong with a row; of several by their lines, for each of them gets all reasons.
    fn wrong(&mut self, row: &Row, reason: impl fmt::Display) {
        let reason = match self.rows {
            [_] => reason.to_string(),
            _ => format!("line {}: {reason}", row.line),
        };
        note(&mut self.reasons, reason);
    }

    /// The rows that count. Of rows without money or items the same one twice is the same one; else nobody can know
    /// whether two items were bought or one row was written twice, unless it is told.
    fn lines(&mut self) -> Vec<&'a Row> {
        let mut lines: Vec<&Row> = Vec::with_capacity(self.rows.len());
        for row in self.rows {
            let Some(first) = lines.iter().copied().find(|line| line.cells == row.cells) else {
                lines.push(row);
                continue;
            };
            let is_countable = ["amount", "sku", "quantity"]
                .iter()
                .any(|field| self.columns.get(row, field).is_some());
            match self.equal_rows {
                Some(EqualRows::Add) if is_countable => lines.push(row),
                None if is_countable => {
                    let reason = format!(
                        "it is equal to line {} in every cell: say --equal-rows add if both count, or --equal-rows once if it \
                         was written twice",
                        first.line
                    );
                    self.wrong(row, reason);
                }
                _ => {}
            }
        }
        lines
    }

    /// What all rows say of the activity, where any says something.
    fn once(&mut self, field: &str) -> Option<&'a str> {
        let mut said: Option<(&Row, &str)> = None;
        for row in self.rows {
            let (Some(cell), Some((first, before))) = (self.columns.get(row, field), said) else {
                said = said.or_else(|| Some((row, self.columns.get(row, field)?)));
                continue;
            };
            if cell != before {
                let called = self.columns.called(field);
                let reason = format!(
                    "{called}: is {cell}, but {before} on line {} of the same activity",
                    first.line
                );
                self.wrong(row, reason);
            }
        }
        said.map(|(_, cell)| cell)
    }

    fn occur_time(&mut self, text: Option<&str>) -> Option<Time> {
        let row = self.rows.first()?;
        let called = self.columns.called("occur_time");
        let moment = match self.zone.moment(text.unwrap_or_default()) {
            Ok(moment) => moment,
            Err(reason) => {
                self.wrong(row, format_args!("{called}: {reason}"));
                return None;
            }
        };
        if moment.is_first_of_two {
            self.notes.push(self.zone.note(&called));
        }
        Some(moment.time)
    }

    fn currency(&mut self, code: Option<&str>) -> OrderCurrency {
        let row = self.rows.first()?;
        let read = tidy(code?).parse();
        Some(read.map_err(|error: CurrencyError| {
            let called = self.columns.called("currency_code");
            self.wrong(row, format_args!("{called}: {error}"));
            NoCurrency
        }))
    }

    /// What the rows come to, and an item for each that names one.
    fn items(&mut self, lines: &[&Row], currency: OrderCurrency) -> (Option<Money>, Vec<ActivityItem>) {
        let (mut sum, mut items) = (None::<Money>, Vec::new());
        for row in lines {
            let amount = self.money(row, "amount", self.columns.get(row, "amount"), currency);
            if let Some(amount) = &amount {
                let before = sum.as_ref().map_or(0, |sum| sum.minor_units);
                let added = before.checked_add(amount.minor_units);
                if added.is_none() {
                    let called = self.columns.called("amount");
                    self.wrong(row, format_args!("{called}: the rows of the activity come to too much"));
                }
                sum = added.map(|minor_units| Money {
                    minor_units,
                    ..amount.clone()
                });
            }
            items.extend(self.item(row, amount));
        }
        (sum, items)
    }

    fn order_money(&mut self, field: &str, text: Option<&str>, currency: OrderCurrency) -> Option<Money> {
        self.money(self.rows.first()?, field, text, currency)
    }

    fn money(&mut self, row: &Row, field: &str, text: Option<&str>, currency: OrderCurrency) -> Option<Money> {
        let text = text?;
        if currency.is_none() {
            let called = self.columns.called("currency_code");
            self.wrong(row, format_args!("{called}: is needed with an amount"));
        }
        let Some(Ok(currency)) = currency else {
            // What is an amount of no currency is told now, and not once the currency is right.
            if let Err(reason) = amount::check(text) {
                let called = self.columns.called(field);
                self.wrong(row, format_args!("{called}: {reason}"));
            }
            return None;
        };
        match amount::minor_units(text, currency) {
            Ok(minor_units) => Some(Money {
                currency_code: currency.code().to_owned(),
                minor_units,
            }),
            Err(reason) => {
                let called = self.columns.called(field);
                self.wrong(row, format_args!("{called}: {reason}"));
                None
            }
        }
    }

    fn item(&mut self, row: &Row, amount: Option<Money>) -> Option<ActivityItem> {
        let sku = self.columns.get(row, "sku");
        let quantity = self.columns.get(row, "quantity");
        let count = quantity.map_or(Some(1), amount::whole);
        if count.is_none() {
            let called = self.columns.called("quantity");
            self.wrong(row, format_args!("{called}: must be a whole number of 0 or more"));
        }
        let category = self.columns.get(row, "category");
        let line_id = self.columns.get(row, "line_id");
        let needs_sku = quantity.is_some() || category.is_some() || line_id.is_some();
        if sku.is_none() && needs_sku {
            let called = self.columns.called("sku");
            self.wrong(
                row,
                format_args!("{called}: is needed with a quantity, a category or a line_id"),
            );
        }
        // An item that is wrong is only judged: it keeps its amount, without which the sum would be wrong, too.
        Some(ActivityItem {
            sku: sku.or(needs_sku.then_some(NO_SKU))?.to_owned(),
            quantity: count.unwrap_or(1),
            amount,
            category: category.unwrap_or_default().to_owned(),
            line_id: line_id.unwrap_or_default().to_owned(),
        })
    }

    fn attributes(&mut self) -> BTreeMap<String, String> {
        let mut attributes = BTreeMap::new();
        for row in self.rows {
            for (name, value) in self.columns.attributes(row) {
                let first = attributes.entry(name.clone()).or_insert_with(|| value.clone());
                if *first != value {
                    let called = self.columns.called(&format!("{ATTRIBUTE}{name}"));
                    let reason = format!("{called}: is {value}, but {first} on another line of the same activity");
                    self.wrong(row, reason);
                }
            }
        }
        attributes
    }
}
