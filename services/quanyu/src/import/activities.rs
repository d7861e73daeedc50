//! Activities from CSV or JSON lines, recorded in batches.

mod json;
mod order;
mod reasons;
#[cfg(test)]
mod tests;

use contracts_tagging::v1::{Activity, RecordActivitiesRequest};
use fault::Fault;
use kernel::Clock;
use kernel::text::tidy;

use self::order::Order;

use super::columns::{ATTRIBUTE, Columns, Wishes};
use super::moment::Zone;
use super::orders::{EqualRows, OrderKey, UnfitOrders};
use super::sending::{Outcome, calls};
use super::source::{Limits, Row, Source};
use super::{Read, Target, rounded};
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

    /// Stops where a column of ids was rounded.
    pub(super) fn check_numbers(&self, source: &mut Source, trusted: &[String]) -> Result<(), Fault> {
        match &self.form {
            Form::Csv { columns, .. } => rounded::check(source, columns, &order::IDS, trusted),
            Form::JsonLines => Ok(()),
        }
    }

    pub(super) fn of_json(channel: Option<&str>) -> Self {
        Self {
            form: Form::JsonLines,
            channel: channel.map(str::to_owned),
            run: run_id(),
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
            Form::JsonLines => json::activity(rows)?,
            Form::Csv {
                columns,
                zone,
                equal_rows,
                unfit,
            } => {
                let key = rows.first().and_then(|row| key(columns, self.channel.as_deref(), row));
                if let Some(unfit) = key.and_then(|key| unfit.get(&key)) {
                    return Err(vec![unfit.reason(columns)]);
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
            let rows = items.iter().skip(outcomes.len()).map(|(rows, _)| *rows);
            let results: Vec<Outcome> = answer
                .results
                .into_iter()
                .zip(rows)
                .map(|(result, rows)| self.outcome(result, rows))
                .collect();
            outcomes.extend(results);
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
