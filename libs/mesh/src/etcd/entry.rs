use rpc::Address;
use serde::{Deserialize, Serialize};

/// What a replica tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is called: "<http://10.0.0.7:7401>".
    pub address: String,
    /// The service that it serves: "points".
    pub role: String,
    /// The version of its build.
    pub version: String,
    /// The zone that it is in, where there are zones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Its own for as long as its process lives.
    pub instance: String,
}

impl Entry {
    /// The key that it is registered under.
    pub(super) fn key(&self, prefix: &str) -> String {
        format!("{prefix}/{}/{}", self.role, self.instance)
    }

    /// Where it is called, as it is seen from a zone. Where either says nothing of its zone, it is as near as any.
    pub(super) fn address_from(&self, zone: Option<&str>) -> Option<Address> {
        let address: Address = match self.address.parse() {
            Ok(address) => address,
            Err(wrong) => {
                tracing::warn!(peer = self.role, instance = self.instance, "{}: {wrong}", self.address);
                return None;
            }
        };
        match (zone, self.zone.as_deref()) {
            (Some(here), Some(there)) if here != there => Some(address.far()),
            _ => Some(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(zone: Option<&str>, address: &str) -> Entry {
        Entry {
            address: address.to_owned(),
            role: "points".to_owned(),
            version: "0.1.0".to_owned(),
            zone: zone.map(str::to_owned),
            instance: "one".to_owned(),
        }
    }

    #[test]
    fn only_another_zone_is_far() {
        let is_far = |there: Option<&str>, here: Option<&str>| {
            let address = entry(there, "http://10.0.0.7:7401").address_from(here);
            address.unwrap().is_far()
        };
        assert!(is_far(Some("b"), Some("a")));
        assert!(!is_far(Some("a"), Some("a")) && !is_far(None, Some("a")) && !is_far(Some("a"), None));
    }

    #[test]
    fn what_is_no_address_is_left_out() {
        assert_eq!(entry(None, "10.0.0.7").address_from(None), None);
    }
}
