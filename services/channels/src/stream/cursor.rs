//! A place in the facts of all services: a position for each.

use std::collections::BTreeMap;

use fault::Fault;
use kernel::{PageToken, Tenant};
use serde_json::Value;

/// What tells cursors from other tokens.
const FORM: &[u8] = b"channels.facts.1";

/// Positions by the names of services.
pub(crate) type Positions = BTreeMap<String, i64>;

/// The text of a place; of one tenant alone.
pub(crate) fn write(tenant: Tenant, positions: &Positions) -> String {
    let places: serde_json::Map<String, Value> = positions
        .iter()
        .map(|(stream, position)| (stream.clone(), (*position).into()))
        .collect();
    PageToken::encode(&form(tenant), Value::Object(places).to_string().as_bytes())
}

/// The place of a text; none where it is empty.
pub(crate) fn read(tenant: Tenant, text: &str) -> Result<Option<Positions>, Fault> {
    let Some(bytes) = Fault::check_page_token(&form(tenant), text)? else {
        return Ok(None);
    };
    // It was written by the platform, which the token's form has shown.
    let positions: Positions = serde_json::from_slice(&bytes).map_err(Fault::internal)?;
    Ok(Some(positions))
}

fn form(tenant: Tenant) -> Vec<u8> {
    [FORM, tenant.uuid().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_is_one_tenant_s_own() {
        let (one, other) = (
            Tenant::from_uuid(Uuid::from_u128(1)),
            Tenant::from_uuid(Uuid::from_u128(2)),
        );
        let positions = Positions::from([("points".to_owned(), 7), ("rights".to_owned(), i64::MAX)]);
        let text = write(one, &positions);
        assert_eq!(read(one, &text).unwrap(), Some(positions));
        assert!(read(other, &text).is_err());
        assert!(read(one, "elsewhere").is_err());
        assert_eq!(read(one, "").unwrap(), None);
    }
}
