//! What the platform answers, by the columns of the file.

use contracts::tagging::v1::{ActivityOutcome, ActivityResult};

use super::super::sending::Outcome;
use super::{Activities, Form};

impl Activities {
    /// A path of the contract as the column that it comes from.
    pub(super) fn called(&self, path: &str) -> String {
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

    pub(super) fn outcome(&self, result: ActivityResult) -> Outcome {
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
