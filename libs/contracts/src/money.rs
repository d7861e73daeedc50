//! Money between the contract's message and the value, for every service in the same way.

use fault::Violations;
use kernel::Money;

use crate::r#type::v1 as wire;

impl wire::Money {
    /// The amount, or a violation of the field of the money at `path` that is wrong.
    pub fn parse(&self, path: &str, violations: &mut Violations) -> Option<Money> {
        Money::new(&self.currency_code, self.minor_units)
            .map_err(|error| violations.add(format!("{path}.{}", error.field()), error.to_string()))
            .ok()
    }

    /// The amount as it was stored or told, perhaps before codes were checked.
    pub fn stored(&self) -> Option<Money> {
        Money::stored(&self.currency_code, self.minor_units)
    }
}

impl From<Money> for wire::Money {
    fn from(money: Money) -> Self {
        Self {
            currency_code: money.currency_code().to_owned(),
            minor_units: money.minor_units(),
        }
    }
}
