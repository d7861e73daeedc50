//! Activities from CSV or JSON lines, recorded in batches.

use std::collections::BTreeMap;
use std::fmt;

use contracts::tagging::v1::{Activity, ActivityItem, ActivityOutcome, ActivityResult, RecordActivitiesRequest};
use contracts::r#type::v1::Money;
use fault::Fault;
use kernel::text::tidy;
use kernel::{Clock, Currency, CurrencyError, Time};
use prost_reflect::DynamicMessage;

use super::columns::{ATTRIBUTE, Columns, Wishes};
use super::moment::Zone;
use super::orders::{EqualRows, OrderKey, UnfitOrders};
use super::sending::{Outcome, calls};
use super::source::{Limits, Row, Source};
use super::{Read, Target, amount};
use crate::api::{Api, patiently};

/// What a row may have.
pub(super) const FIELDS: [&str; 16] = [
    "source_id",
    "activity_type",
    "occur_time",
    "member_id",
    "channel_code",
    "external_id",
    "amount",
    "currency_code",
    "sku",
    "quantity",
    "category",
    "line_id",
    "discount_amount",
    "surcharge_amount",
    "refunded_source_id",
    ATTRIBUTE,
];
/// What is compared with what others send.
const IDS: [&str; 9] = [
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
/// As many as a call takes.
const CALL_ROWS: usize = 500;

/// How rows become activities.
#[derive(Debug)]
pub(super) struct Activities {
    form: Form,
    channel: Option<String>,
    /// No two runs share a request id: what was refused once may be right by now, and what was recorded is known by its
    /// source id.
    run: String,
}

#[derive(Debug)]
enum Form {
    Csv {
        columns: Columns,
        zone: Zone,
        equal_rows: Option<EqualRows>,
        unfit: UnfitOrders,
    },
    /// Names its fields itself.
    JsonLines,
}

impl Activities {
    /// Stops where a column is missing without which no row can be recorded. Reads the file through.
    pub(super) fn of_csv(
        source: &mut Source,
        wishes: Wishes<'_>,
        channel: Option<&str>,
        zone: Zone,
        equal_rows: Option<EqualRows>,
    ) -> Result<Self, Fault> {
        let columns = Columns::find(source.headers(), &FIELDS, wishes)?;
        columns.need(&["source_id", "activity_type", "occur_time"])?;
        if !columns.has("member_id") {
            columns.need(if channel.is_some() {
                &["external_id"]
            } else {
                &["channel_code", "external_id"]
            })?;
        }
        let unfit = UnfitOrders::find(source, |row| key(&columns, channel, row).map(|key| key.digest()))?;
        Ok(Self {
            form: Form::Csv {
                columns,
                zone,
                equal_rows,
                unfit,
            },
            channel: channel.map(str::to_owned),
            run: run_id(),
        })
    }

    pub(super) fn of_json(channel: Option<&str>) -> Self {
        Self {
            form: Form::JsonLines,
            channel: channel.map(str::to_owned),
            run: run_id(),
        }
    }

    /// A path of the contract as the column that it comes from.
    fn called(&self, path: &str) -> String {
        let Form::Csv { columns, .. } = &self.form else {
            return path.to_owned();
        };
        let item = path.strip_prefix("items[").and_then(|rest| rest.split_once(']'));
        let field = item.map_or(path, |(_, field)| field.trim_start_matches('.'));
        let field = match field {
            "" => "sku",
            "amount.minor_units" => "amount",
            "discount_amount.minor_units" => "discount_amount",
            "surcharge_amount.minor_units" => "surcharge_amount",
            code if code.ends_with("amount.currency_code") => "currency_code",
            other => other,
        };
        columns.called(field)
    }

    fn outcome(&self, result: ActivityResult) -> Outcome {
        match result.outcome() {
            ActivityOutcome::Recorded => Outcome::Imported(Vec::new()),
            ActivityOutcome::Duplicate => Outcome::Repeated,
            ActivityOutcome::Refused | ActivityOutcome::Unspecified => {
                let refusal = result.refusal.unwrap_or_default();
                let violations = refusal.violations.iter();
                let mut reasons: Vec<String> = violations
                    .map(|violation| format!("{}: {}", self.called(&violation.path), violation.message))
                    .collect();
                if reasons.is_empty() {
                    reasons.push(format!("{}: {}", refusal.reason, refusal.message));
                }
                Outcome::Rejected(reasons)
            }
        }
    }
}

fn run_id() -> String {
    Clock::system().uuid().simple().to_string()
}

impl Target for Activities {
    const NOUN: &'static str = "activities";
    const CHUNK: Limits = Limits {
        rows: CALL_ROWS,
        bytes: 8 * 1024 * 1024,
    };
    /// Activities may be recorded in any order.
    const CHUNKS_AT_ONCE: usize = 4;
    type Item = Activity;

    fn ignored(&self) -> &[String] {
        match &self.form {
            Form::Csv { columns, .. } => &columns.ignored,
            Form::JsonLines => &[],
        }
    }

    fn belong(&self, one: &Row, other: &Row) -> bool {
        let Form::Csv { columns, unfit, .. } = &self.form else {
            return false;
        };
        let key = |row| key(columns, self.channel.as_deref(), row);
        match (key(one), key(other)) {
            // Of an order that is rejected anyway each row is by itself: there may be any number of them.
            (Some(one), Some(other)) => one == other && unfit.get(&one).is_none(),
            _ => false,
        }
    }

    fn read(&self, rows: &[Row]) -> Result<Read<Activity>, Vec<String>> {
        let mut read = match &self.form {
            Form::JsonLines => from_json(rows)?,
            Form::Csv {
                columns,
                zone,
                equal_rows,
                unfit,
            } => {
                let key = rows.first().and_then(|row| key(columns, self.channel.as_deref(), row));
                if let Some(unfit) = key.and_then(|key| unfit.get(&key)) {
                    return Err(vec![unfit.reason()]);
                }
                Order {
                    columns,
                    zone,
                    equal_rows: *equal_rows,
                    rows,
                    reasons: Vec::new(),
                    notes: Vec::new(),
                }
                .read()?
            }
        };
        if let (true, Some(channel)) = (read.item.channel_code.is_empty(), &self.channel) {
            read.item.channel_code.clone_from(channel);
        }
        Ok(read)
    }

    async fn send(&self, api: &Api, items: &[(&[Row], Activity)], validate_only: bool) -> Result<Vec<Outcome>, Fault> {
        let activities: Vec<Activity> = items.iter().map(|(_, activity)| activity.clone()).collect();
        let first = items
            .first()
            .and_then(|(rows, _)| rows.first())
            .map_or(0, |row| row.number);
        let mut outcomes = Vec::with_capacity(items.len());
        for (index, activities) in calls(activities, CALL_ROWS).into_iter().enumerate() {
            let request = RecordActivitiesRequest {
                request_id: format!("import-{}-{first}-{}-{index}", self.run, items.len()),
                validate_only,
                activities,
                unreadable_items: Vec::new(),
            };
            let answer = patiently(async || api.activities().record_activities(request.clone()).await).await?;
            outcomes.extend(answer.results.into_iter().map(|result| self.outcome(result)));
        }
        Ok(outcomes)
    }
}

/// What a row's order is known by, in the form that the platform keeps; none where the row does not say.
fn key<'r>(columns: &Columns, channel: Option<&'r str>, row: &'r Row) -> Option<OrderKey<'r>> {
    Some(OrderKey {
        channel_code: tidy(columns.get(row, "channel_code").or(channel).unwrap_or_default()),
        activity_type: tidy(columns.get(row, "activity_type")?),
        source_id: tidy(columns.get(row, "source_id")?),
    })
}

/// An activity as REST takes it, in one line.
fn from_json(rows: &[Row]) -> Result<Read<Activity>, Vec<String>> {
    let Some(row) = rows.first() else {
        return Err(Vec::new());
    };
    match &row.trouble {
        Some(trouble) => Err(vec![trouble.clone()]),
        None => parse_json(row.cells.first().map_or("", String::as_str))
            .map(|item| Read {
                item,
                notes: Vec::new(),
            })
            .map_err(|reason| vec![reason]),
    }
}

fn parse_json(line: &str) -> Result<Activity, String> {
    const NAME: &str = "quanyu.tagging.v1.Activity";
    let descriptor = contracts::descriptors()
        .get_message_by_name(NAME)
        .ok_or("the contracts have no activity")?;
    let mut json = serde_json::Deserializer::from_str(line);
    let message = DynamicMessage::deserialize(descriptor, &mut json).map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    message.transcode_to().map_err(|error| error.to_string())
}

/// The currency of an activity, where it has one.
type OrderCurrency = Option<Result<Currency, NoCurrency>>;

/// The currency's code is none, which was told.
#[derive(Clone, Copy, Debug)]
struct NoCurrency;

/// The rows of one activity: what they say of it together, and an item each.
struct Order<'a> {
    columns: &'a Columns,
    zone: &'a Zone,
    equal_rows: Option<EqualRows>,
    rows: &'a [Row],
    reasons: Vec<String>,
    notes: Vec<String>,
}

impl<'a> Order<'a> {
    fn read(mut self) -> Result<Read<Activity>, Vec<String>> {
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
        if !self.reasons.is_empty() {
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
        if self.reasons.is_empty() {
            Ok(Read {
                item: activity,
                notes: self.notes,
            })
        } else {
            Err(self.reasons)
        }
    }

    /// Notes what is wrong with a row; of several by their lines, for each of them gets all reasons.
    fn wrong(&mut self, row: &Row, reason: impl fmt::Display) {
        self.reasons.push(match self.rows {
            [_] => reason.to_string(),
            _ => format!("line {}: {reason}", row.line),
        });
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
        let Some(currency) = currency else {
            let called = self.columns.called("currency_code");
            self.wrong(row, format_args!("{called}: is needed with an amount"));
            return None;
        };
        // What is wrong with the currency is told once.
        let currency = currency.ok()?;
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
        if sku.is_none() && (quantity.is_some() || category.is_some()) {
            let called = self.columns.called("sku");
            self.wrong(row, format_args!("{called}: is needed with a quantity or a category"));
        }
        Some(ActivityItem {
            sku: sku?.to_owned(),
            quantity: count?,
            amount,
            category: category.unwrap_or_default().to_owned(),
            line_id: self.columns.get(row, "line_id").unwrap_or_default().to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(headers: &str) -> Columns {
        let headers: Vec<String> = headers.split(',').map(str::to_owned).collect();
        Columns::find(&headers, &FIELDS, Wishes::default()).unwrap()
    }

    fn read(headers: &str, rows: &[&[&str]], equal_rows: Option<EqualRows>) -> Result<Read<Activity>, Vec<String>> {
        let activities = Activities {
            form: Form::Csv {
                columns: columns(headers),
                zone: Zone::named("Asia/Shanghai").unwrap(),
                equal_rows,
                unfit: UnfitOrders::default(),
            },
            channel: Some("pos".to_owned()),
            run: run_id(),
        };
        let rows: Vec<Row> = rows
            .iter()
            .zip(2..)
            .map(|(cells, line)| Row { line, ..Row::of(cells) })
            .collect();
        activities.read(&rows)
    }

    const ORDER: &str =
        "source_id,activity_type,occur_time,external_id,amount,currency_code,sku,quantity,attributes.color";

    #[test]
    fn a_row_of_csv_and_a_line_of_json_become_the_same_activity() {
        let cells = [
            "T1",
            "order_paid",
            "2026/1/31 8:00",
            "u1",
            "￥1,277.5",
            "CNY",
            "CD",
            "2.0",
            "red",
        ];
        let line = r#"{"sourceId":"T1","activityType":"order_paid","occurTime":"2026-01-31T00:00:00Z","channelCode":"pos",
            "externalId":"u1","amount":{"currencyCode":"CNY","minorUnits":"127750"},"items":[{"sku":"CD","quantity":"2",
            "amount":{"currencyCode":"CNY","minorUnits":"127750"}}],"attributes":{"color":"red"}}"#;
        assert_eq!(read(ORDER, &[&cells], None).unwrap().item, parse_json(line).unwrap());
    }

    #[test]
    fn rows_of_one_order_become_one_activity_whose_amounts_add_up() {
        let rows: [&[&str]; 3] = [
            &["T1", "order_paid", "2026-01-31", "u1", "100", "CNY", "A", "1", "red"],
            &["T1", "order_paid", "", "", "100.50", "", "B", "2", ""],
            &["T1", "order_paid", "2026-01-31", "u1", "200", "CNY", "A", "3", "red"],
        ];
        let activity = read(ORDER, &rows, None).unwrap().item;
        assert_eq!(activity.amount.as_ref().map(|amount| amount.minor_units), Some(40_050));
        let items: Vec<(&str, i64, i64)> = activity
            .items
            .iter()
            .map(|item| (&*item.sku, item.quantity, item.amount.as_ref().unwrap().minor_units))
            .collect();
        assert_eq!(items, [("A", 1, 10_000), ("B", 2, 10_050), ("A", 3, 20_000)]);
    }

    #[test]
    fn what_is_taken_off_an_order_and_what_comes_on_top_belong_to_no_row() {
        let headers = "source_id,activity_type,occur_time,external_id,amount,currency_code,sku,line_id,discount_amount,Surcharge Amount";
        let row = |amount, line_id, discount| {
            [
                "T1",
                "order_paid",
                "2026-01-31",
                "u1",
                amount,
                "CNY",
                "A",
                line_id,
                discount,
                "8",
            ]
        };
        let rows = [row("100", "1", "20"), row("100", "2", "20")];
        let activity = read(headers, &[&rows[0], &rows[1]], None).unwrap().item;
        assert_eq!((activity.amount, &*activity.items[1].line_id), (None, "2"));
        let figures = [activity.discount_amount, activity.surcharge_amount].map(|amount| amount.unwrap().minor_units);
        assert_eq!(figures, [2_000, 800]);
        let reasons = read(headers, &[&rows[0], &row("1", "2", "x")], None).unwrap_err();
        assert!(
            reasons[0].starts_with("line 3: discount_amount: is x, but 20 on line 2"),
            "{reasons:?}"
        );
    }

    #[test]
    fn a_currency_that_is_none_is_told_once() {
        let rows: [&[&str]; 2] = [
            &["T1", "order_paid", "2026-01-31", "u1", "100", "RMB", "A", "1", ""],
            &["T1", "order_paid", "2026-01-31", "u1", "200", "RMB", "B", "1", ""],
        ];
        let reasons = read(ORDER, &rows, None).unwrap_err();
        assert_eq!(
            reasons,
            ["line 2: currency_code: RMB is no ISO 4217 code; did you mean CNY?"]
        );
    }

    #[test]
    fn rows_that_contradict_each_other_are_rejected_together() {
        let rows: [&[&str]; 2] = [
            &["T1", "order_paid", "2026-01-31", "u1", "100", "CNY", "A", "1", "red"],
            &["T1", "order_paid", "2026-02-01", "u2", "100", "USD", "B", "2", "blue"],
        ];
        let reasons = read(ORDER, &rows, None).unwrap_err();
        let told: Vec<&str> = reasons
            .iter()
            .filter_map(|reason| reason.split(": is").next())
            .collect();
        assert_eq!(
            told,
            [
                "line 3: external_id",
                "line 3: occur_time",
                "line 3: currency_code",
                "line 3: attributes.color"
            ]
        );
        assert!(
            reasons[0].ends_with("is u2, but u1 on line 2 of the same activity"),
            "{reasons:?}"
        );
    }

    #[test]
    fn equal_rows_of_an_order_are_asked_about() {
        let line: &[&str] = &["T1", "order_paid", "2026-01-31", "u1", "100", "CNY", "A", "1", ""];
        let amount = |equal_rows| {
            let read = read(ORDER, &[line, line], equal_rows)?;
            Ok::<_, Vec<String>>((read.item.amount.unwrap().minor_units, read.item.items.len()))
        };
        assert_eq!(amount(Some(EqualRows::Add)), Ok((20_000, 2)));
        assert_eq!(amount(Some(EqualRows::Once)), Ok((10_000, 1)));
        let reasons = amount(None).unwrap_err();
        assert!(reasons[0].starts_with("line 3: it is equal to line 2"), "{reasons:?}");
        let visit: &[&str] = &["V1", "browsed", "2026-01-31", "u1", "", "", "", "", "red"];
        assert!(read(ORDER, &[visit, visit], None).unwrap().item.items.is_empty());
    }

    #[test]
    fn everything_that_is_wrong_with_a_row_is_told() {
        let headers = "source_id,activity_type,occur_time,external_id,Amount,currency_code,quantity";
        let cells = ["T1", "order_paid", "yesterday", "u1", "77.005", "CNY", "two"];
        let reasons = read(headers, &[&cells], None).unwrap_err();
        let told: Vec<&str> = reasons.iter().filter_map(|reason| reason.split(':').next()).collect();
        assert_eq!(told, ["occur_time", "Amount (amount)", "quantity", "sku"]);
        let cells = ["T1", "order_paid", "2026-01-31", "u1", "77", "", ""];
        let reasons = read(headers, &[&cells], None).unwrap_err();
        assert_eq!(reasons, ["currency_code: is needed with an amount"]);
        let cells = ["4.2E+12", "order_paid", "2026-01-31", "u1", "", "", ""];
        let reasons = read(headers, &[&cells], None).unwrap_err();
        assert!(
            reasons[0].starts_with("source_id: a spreadsheet has rounded this number"),
            "{reasons:?}"
        );
    }

    #[test]
    fn a_line_that_is_no_activity_is_told_why() {
        for (line, part) in [("{", "EOF"), (r#"{"sourceID":1}"#, "sourceID"), ("{} {}", "trailing")] {
            let reason = parse_json(line).unwrap_err();
            assert!(reason.contains(part), "{reason}");
        }
    }

    #[test]
    fn refusals_are_told_by_the_columns_of_the_file() {
        let activities = Activities {
            form: Form::Csv {
                columns: columns("source_id,activity_type,occur_time,external_id,Price,sku"),
                zone: Zone::named("UTC").unwrap(),
                equal_rows: None,
                unfit: UnfitOrders::default(),
            },
            channel: None,
            run: run_id(),
        };
        for (path, called) in [
            ("amount.minor_units", "amount"),
            ("items[3].sku", "sku"),
            ("items", "items"),
            ("member_id", "member_id"),
        ] {
            assert_eq!(activities.called(path), called);
        }
    }
}
