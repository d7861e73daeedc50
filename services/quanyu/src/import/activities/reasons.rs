//! What the platform answers, by the columns of the file.

use contracts_tagging::v1::{ActivityDifference, ActivityOutcome, ActivityRefusal, ActivityResult};

use super::super::columns::{ATTRIBUTE, Columns};
use super::super::reason::name;
use super::super::sending::Outcome;
use super::super::source::Row;
use super::{Activities, Form, json};

/// What an item is made of.
const OF_ITEMS: [&str; 5] = ["sku", "quantity", "category", "line_id", "amount"];

impl Activities {
    pub(super) fn outcome(&self, result: ActivityResult, rows: &[Row]) -> Outcome {
        match result.outcome() {
            ActivityOutcome::Recorded => Outcome::Imported(Vec::new()),
            ActivityOutcome::Duplicate => Outcome::Repeated,
            ActivityOutcome::Refused | ActivityOutcome::Unspecified => {
                Outcome::Rejected(self.reasons(&result.refusal.unwrap_or_default(), rows))
            }
        }
    }

    fn reasons(&self, refusal: &ActivityRefusal, rows: &[Row]) -> Vec<String> {
        let called = |path: &str| self.called(path, rows);
        if !refusal.differences.is_empty() {
            let differences = refusal.differences.iter().map(|difference| differs(difference, called));
            let cure = format!(
                "{}: is recorded with another content, which stays; rows of one order belong into one activity with all of its \
                 items, and a refund or a correction has an id of its own",
                called("source_id")
            );
            return differences.chain([cure]).collect();
        }
        if !refusal.violations.is_empty() {
            let violations = refusal.violations.iter();
            let told = violations.flat_map(|violation| match &*violation.path {
                "" => vec![self.sentence(&violation.message, rows)],
                "member_id" if self.lacks_who(rows) => self.who_is_missing(rows),
                path => vec![format!("{}: {}", called(path), self.sentence(&violation.message, rows))],
            });
            let mut told: Vec<String> = told.collect();
            // An order of one row has its amount twice: as the item's, and as the whole.
            told.dedup();
            name(&mut told, &refusal.reason);
            return told;
        }
        vec![format!(
            "{}: {}",
            called("source_id"),
            self.sentence(&refusal.message, rows)
        )]
    }

    /// Whether a row does not say who did it, in a file that has no column for a member's own id.
    fn lacks_who(&self, rows: &[Row]) -> bool {
        match &self.form {
            Form::Csv { columns, .. } => !columns.has("member_id") && !self.who_is_missing(rows).is_empty(),
            Form::JsonLines => false,
        }
    }

    /// Which of the cells that say who did it are empty. The platform speaks of the member's id, which the file does not have.
    fn who_is_missing(&self, rows: &[Row]) -> Vec<String> {
        let (Form::Csv { columns, .. }, Some(row)) = (&self.form, rows.first()) else {
            return Vec::new();
        };
        let is_empty = |field| rows.iter().all(|row| columns.get(row, field).is_none());
        let mut missing = Vec::new();
        if self.channel.is_none() && columns.get(row, "channel_code").is_none() {
            let called = columns.called("channel_code");
            missing.push(format!(
                "{called}: must be given: it says whose external_id it is; --channel gives it to all rows"
            ));
        }
        if is_empty("external_id") {
            let called = columns.called("external_id");
            missing.push(format!("{called}: must be given: it says who did it"));
        }
        missing
    }

    /// A sentence of the platform, with the names of fields as a line of JSON spells them.
    fn sentence(&self, message: &str, rows: &[Row]) -> String {
        match &self.form {
            Form::Csv { .. } => message.to_owned(),
            Form::JsonLines => json::spelling(rows).sentence(message),
        }
    }

    /// A path of the contract as the file calls it: a column, or a field of a line of JSON.
    pub(super) fn called(&self, path: &str, rows: &[Row]) -> String {
        match &self.form {
            Form::Csv { columns, .. } => in_columns(columns, path),
            Form::JsonLines => {
                let spelling = json::spelling(rows);
                // The name of an attribute is the brand's own.
                match path.split_once("attributes.") {
                    Some((fields, name)) => format!("{}attributes.{name}", spelling.path(fields)),
                    None => spelling.path(path),
                }
            }
        }
    }
}

fn in_columns(columns: &Columns, path: &str) -> String {
    // As the contract's rules name an entry: attributes["note"].
    let attribute = path
        .strip_prefix("attributes[\"")
        .and_then(|rest| rest.strip_suffix("\"]"));
    if let Some(name) = attribute {
        return columns.called(&format!("{ATTRIBUTE}{name}"));
    }
    let item = path.strip_prefix("items[").and_then(|rest| rest.split_once(']'));
    let field = item.map_or(path, |(_, field)| field.trim_start_matches('.'));
    let field = match field {
        "" => "sku",
        "items" => return columns.all_called(&OF_ITEMS),
        "channel_code" if !columns.has("channel_code") => return "--channel".to_owned(),
        // Of an attribute's name nothing but the header can be wrong.
        "attributes" => return ATTRIBUTE.trim_end_matches('.').to_owned(),
        "member_id" if !columns.has("member_id") => "external_id",
        "amount.minor_units" => "amount",
        "discount_amount.minor_units" => "discount_amount",
        "surcharge_amount.minor_units" => "surcharge_amount",
        code if code.ends_with("amount.currency_code") => "currency_code",
        other => other,
    };
    columns.called(field)
}

fn differs(difference: &ActivityDifference, called: impl Fn(&str) -> String) -> String {
    let ActivityDifference { path, recorded, sent } = difference;
    let or_nothing = |value: &str| {
        if value.is_empty() {
            "nothing".to_owned()
        } else {
            value.to_owned()
        }
    };
    format!(
        "{}: {} is recorded, and {} was sent",
        called(path),
        or_nothing(recorded),
        or_nothing(sent)
    )
}
