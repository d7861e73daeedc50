//! Activities from CSV or JSON lines, recorded in batches.

use contracts::tagging::v1::{Activity, ActivityItem, ActivityOutcome, ActivityResult, RecordActivitiesRequest};
use contracts::r#type::v1::Money;
use fault::Fault;
use kernel::Time;
use prost::Message;
use prost_reflect::DynamicMessage;
use sha2::{Digest, Sha256};

use super::columns::{ATTRIBUTE, Columns};
use super::source::{Row, Source};
use super::{FileArgs, Target, amount, moment};
use crate::api::{Api, patiently};
use crate::terminal::complain;

const FIELDS: [&str; 13] = [
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
    "refunded_source_id",
    ATTRIBUTE,
];

/// How rows become activities.
#[derive(Debug)]
pub(super) struct Activities {
    /// None for JSON, which names its fields itself.
    columns: Option<Columns>,
    channel: Option<String>,
}

impl Activities {
    /// Stops where a column is missing without which no row can be recorded.
    pub(super) fn of_csv(source: &mut Source, args: &FileArgs) -> Result<Self, Fault> {
        let columns = Columns::find(source.headers(), &FIELDS, &args.maps)?;
        columns.need(&["source_id", "activity_type", "occur_time"])?;
        if !columns.has("member_id") {
            columns.need(if args.channel.is_some() {
                &["external_id"]
            } else {
                &["channel_code", "external_id"]
            })?;
        }
        if !columns.ignored.is_empty() {
            complain(format_args!("Ignored columns: {}", columns.ignored.join(", ")));
        }
        Ok(Self {
            columns: Some(columns),
            channel: args.channel.clone(),
        })
    }

    pub(super) fn of_json(args: &FileArgs) -> Self {
        Self {
            columns: None,
            channel: args.channel.clone(),
        }
    }
}

impl Target for Activities {
    const NOUN: &'static str = "activities";
    /// As many as a call takes.
    const CHUNK: usize = 500;
    /// Activities may be recorded in any order.
    const CHUNKS_AT_ONCE: usize = 4;
    type Item = Activity;

    fn read(&self, row: &Row) -> Result<Activity, Vec<String>> {
        let cells = row.cells.as_ref().map_err(|reason| vec![reason.clone()])?;
        let mut activity = match &self.columns {
            Some(columns) => from_columns(columns, row)?,
            None => from_json(cells.first().map_or("", String::as_str)).map_err(|reason| vec![reason])?,
        };
        if let (true, Some(channel)) = (activity.channel_code.is_empty(), &self.channel) {
            activity.channel_code.clone_from(channel);
        }
        Ok(activity)
    }

    async fn send(&self, api: &Api, items: Vec<(u64, Activity)>) -> Result<Vec<(u64, Vec<String>)>, Fault> {
        let (numbers, activities): (Vec<u64>, Vec<Activity>) = items.into_iter().unzip();
        let request = RecordActivitiesRequest {
            unreadable_items: Vec::new(),
            request_id: batch_id(&numbers, &activities),
            validate_only: false,
            activities,
        };
        let answer = patiently(async || api.activities().record_activities(request.clone()).await).await?;
        Ok(numbers.into_iter().zip(answer.results).filter_map(refused).collect())
    }
}

/// The id of a batch: the same rows at the same places make the same batch. The activities themselves are known by their
/// source ids, whatever batch they come in.
fn batch_id(numbers: &[u64], activities: &[Activity]) -> String {
    let mut digest = Sha256::new();
    for (number, activity) in numbers.iter().zip(activities) {
        digest.update(number.to_be_bytes());
        digest.update(activity.encode_length_delimited_to_vec());
    }
    hex::encode(digest.finalize())
}

fn refused((number, result): (u64, ActivityResult)) -> Option<(u64, Vec<String>)> {
    if result.outcome() != ActivityOutcome::Refused {
        return None;
    }
    let refusal = result.refusal.unwrap_or_default();
    let mut reasons: Vec<String> = refusal
        .violations
        .iter()
        .map(|violation| format!("{}: {}", violation.path, violation.message))
        .collect();
    if reasons.is_empty() {
        reasons.push(format!("{}: {}", refusal.reason, refusal.message));
    }
    Some((number, reasons))
}

/// An activity as REST takes it, in one line.
fn from_json(line: &str) -> Result<Activity, String> {
    const NAME: &str = "quanyu.tagging.v1.Activity";
    let descriptor = contracts::descriptors()
        .get_message_by_name(NAME)
        .ok_or("the contracts have no activity")?;
    let mut json = serde_json::Deserializer::from_str(line);
    let message = DynamicMessage::deserialize(descriptor, &mut json).map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    message.transcode_to().map_err(|error| error.to_string())
}

fn from_columns(columns: &Columns, row: &Row) -> Result<Activity, Vec<String>> {
    let text = |field| columns.get(row, field).unwrap_or_default().to_owned();
    let mut reasons = Vec::new();
    let occur_time = columns.get(row, "occur_time").and_then(moment::parse);
    if occur_time.is_none() {
        reasons.push("occur_time: must be RFC 3339, YYYY-MM-DD hh:mm:ss or YYYY-MM-DD".to_owned());
    }
    let amount = money(columns, row, &mut reasons);
    let items = item(columns, row, amount.as_ref(), &mut reasons).into_iter().collect();
    if !reasons.is_empty() {
        return Err(reasons);
    }
    Ok(Activity {
        member_id: text("member_id"),
        channel_code: text("channel_code"),
        external_id: text("external_id"),
        source_id: text("source_id"),
        activity_type: text("activity_type"),
        occur_time: occur_time.map(Time::to_wire),
        amount,
        items,
        refunded_source_id: text("refunded_source_id"),
        attributes: columns.attributes(row),
        ..Activity::default()
    })
}

fn money(columns: &Columns, row: &Row, reasons: &mut Vec<String>) -> Option<Money> {
    let amount = columns.get(row, "amount")?;
    let Some(currency) = columns.get(row, "currency_code") else {
        reasons.push("currency_code: is needed with an amount".to_owned());
        return None;
    };
    match amount::minor_units(amount, currency) {
        Ok(minor_units) => Some(Money {
            currency_code: currency.to_owned(),
            minor_units,
        }),
        Err(reason) => {
            reasons.push(reason);
            None
        }
    }
}

/// The one item that a row of CSV may have.
fn item(columns: &Columns, row: &Row, amount: Option<&Money>, reasons: &mut Vec<String>) -> Option<ActivityItem> {
    let sku = columns.get(row, "sku");
    let quantity = columns.get(row, "quantity").map_or(Some(1), |text| text.parse().ok());
    if quantity.is_none() {
        reasons.push("quantity: must be a whole number".to_owned());
    }
    let category = columns.get(row, "category");
    if sku.is_none() && (columns.get(row, "quantity").is_some() || category.is_some()) {
        reasons.push("sku: is needed with a quantity or a category".to_owned());
    }
    Some(ActivityItem {
        sku: sku?.to_owned(),
        quantity: quantity?,
        amount: amount.cloned(),
        category: category.unwrap_or_default().to_owned(),
        line_id: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::source::Position;
    use super::*;

    fn row(cells: &[&str]) -> Row {
        let cells = Ok(cells.iter().map(|cell| (*cell).to_owned()).collect());
        Row {
            number: 7,
            cells,
            end: Position::default(),
        }
    }

    fn columns(headers: &str) -> Columns {
        let headers: Vec<String> = headers.split(',').map(str::to_owned).collect();
        Columns::find(&headers, &FIELDS, &[]).unwrap()
    }

    #[test]
    fn a_row_of_csv_and_a_line_of_json_become_the_same_activity() {
        let columns = columns(
            "source_id,activity_type,occur_time,channel_code,external_id,amount,currency_code,sku,quantity,attributes.color",
        );
        let row = row(&[
            "T1",
            "order_paid",
            "2026-01-31",
            "tmall",
            "u1",
            "77.5",
            "CNY",
            "CD",
            "2",
            "red",
        ]);
        let line = r#"{"sourceId":"T1","activityType":"order_paid","occurTime":"2026-01-31T00:00:00Z","channelCode":"tmall",
            "externalId":"u1","amount":{"currencyCode":"CNY","minorUnits":"7750"},"items":[{"sku":"CD","quantity":"2",
            "amount":{"currencyCode":"CNY","minorUnits":"7750"}}],"attributes":{"color":"red"}}"#;
        assert_eq!(
            from_columns(&columns, &row),
            from_json(line).map_err(|reason| vec![reason])
        );
    }

    #[test]
    fn everything_that_is_wrong_with_a_row_is_told() {
        let columns = columns("source_id,activity_type,occur_time,amount,currency_code,quantity");
        let reasons = from_columns(
            &columns,
            &row(&["T1", "order_paid", "yesterday", "77.005", "CNY", "two"]),
        )
        .unwrap_err();
        assert_eq!(reasons.len(), 4, "{reasons:?}");
        let reasons = from_columns(&columns, &row(&["T1", "order_paid", "2026-01-31", "77", "", ""])).unwrap_err();
        assert_eq!(reasons, ["currency_code: is needed with an amount"]);
    }

    #[test]
    fn a_line_that_is_no_activity_is_told_why() {
        for (line, part) in [("{", "EOF"), (r#"{"sourceID":1}"#, "sourceID"), ("{} {}", "trailing")] {
            let reason = from_json(line).unwrap_err();
            assert!(reason.contains(part), "{reason}");
        }
    }

    #[test]
    fn a_batch_has_the_same_id_only_for_the_same_rows_at_the_same_places() {
        let activity = |source_id: &str| Activity {
            source_id: source_id.to_owned(),
            ..Activity::default()
        };
        let id = batch_id(&[1, 2], &[activity("a"), activity("b")]);
        assert_eq!(id, batch_id(&[1, 2], &[activity("a"), activity("b")]));
        assert_ne!(id, batch_id(&[1, 3], &[activity("a"), activity("b")]));
        assert_ne!(id, batch_id(&[1, 2], &[activity("a"), activity("c")]));
    }
}
