//! One link of a tenant's chain, and its hash: pure, so that it can be computed by whoever has the rows.

use kernel::{Tenant, Time};
use sha2::{Digest, Sha256};

/// What stands before everything that is hashed, so that no other hash can be taken for one of these.
const DOMAIN: &[u8] = b"quanyu.audit.1";

/// The hash of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkHash([u8; 32]);

/// What is written of an administrative call, or of its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its place in the tenant's chain: 1, 2, 3 and so on.
    pub(crate) sequence: i64,
    pub(crate) create_time: Time,
    pub(crate) event: Event,
    /// The identifiers that the request or the answer names, by their fields: an object of JSON, as it is stored.
    pub(crate) resources: String,
}

/// What a link tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A call is about to be made.
    Call(CallMade),
    /// A call has ended.
    Outcome {
        /// The place of its call.
        call_sequence: i64,
        /// The name of the status code: "OK".
        code: String,
    },
}

/// Who calls what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CallMade {
    pub(crate) subject: String,
    pub(crate) method: String,
    pub(crate) request_id: String,
    pub(crate) peer_address: String,
}

impl LinkHash {
    /// What the first link of a chain has before it.
    pub(crate) const NONE: Self = Self([0; 32]);

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_row(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn text(&self) -> String {
        hex::encode(self.0)
    }
}

impl Link {
    /// The hash of the link behind another one. Every field is hashed with its length before it, so that no two links have
    /// the same bytes.
    pub(crate) fn hash(&self, tenant: Tenant, before: &LinkHash) -> LinkHash {
        let none = CallMade::default();
        let (call, call_sequence, code) = match &self.event {
            Event::Call(call) => (call, 0, ""),
            Event::Outcome { call_sequence, code } => (&none, *call_sequence, code.as_str()),
        };
        let tenant = tenant.uuid();
        let numbers = [self.sequence, self.create_time.micros(), call_sequence].map(i64::to_be_bytes);
        let [sequence, time, of] = &numbers;
        let fields: [&[u8]; 12] = [
            DOMAIN,
            before.bytes(),
            tenant.as_bytes(),
            sequence,
            time,
            of,
            call.subject.as_bytes(),
            call.method.as_bytes(),
            call.request_id.as_bytes(),
            call.peer_address.as_bytes(),
            code.as_bytes(),
            self.resources.as_bytes(),
        ];
        let mut digest = Sha256::new();
        for field in fields {
            let length = u64::try_from(field.len()).unwrap_or(u64::MAX);
            digest.update(length.to_be_bytes());
            digest.update(field);
        }
        LinkHash(digest.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Link {
        Link {
            sequence: 1,
            create_time: Time::from_seconds(1),
            event: Event::Call(CallMade {
                subject: "key_1".to_owned(),
                method: "quanyu.points.v1.AssetService/CreateAsset".to_owned(),
                request_id: "r".to_owned(),
                peer_address: "127.0.0.1".to_owned(),
            }),
            resources: "{}".to_owned(),
        }
    }

    fn changed(change: impl FnOnce(&mut CallMade)) -> Link {
        let mut link = call();
        if let Event::Call(call) = &mut link.event {
            change(call);
        }
        link
    }

    #[test]
    fn whatever_is_changed_of_a_link_changes_its_hash() {
        let outcome = |call_sequence, code: &str| Link {
            event: Event::Outcome {
                call_sequence,
                code: code.to_owned(),
            },
            ..call()
        };
        let links = [
            call(),
            Link { sequence: 2, ..call() },
            Link {
                create_time: Time::from_micros(1_000_001),
                ..call()
            },
            Link {
                resources: r#"{"asset_code":"points"}"#.to_owned(),
                ..call()
            },
            changed(|call| call.subject.push('1')),
            changed(|call| call.method.push('s')),
            changed(|call| call.request_id.clear()),
            changed(|call| call.peer_address.clear()),
            // The same letters, but in other fields.
            changed(|call| call.peer_address = std::mem::take(&mut call.request_id)),
            outcome(1, "OK"),
            outcome(2, "OK"),
            outcome(1, "ABORTED"),
        ];
        let mut hashes: Vec<String> = links
            .iter()
            .map(|link| link.hash(Tenant::PLATFORM, &LinkHash::NONE).text())
            .collect();
        let first = call().hash(Tenant::PLATFORM, &LinkHash::NONE);
        hashes.push(call().hash(Tenant::PLATFORM, &first).text());
        hashes.push(
            call()
                .hash(Tenant::from_uuid(kernel::Clock::system().uuid()), &LinkHash::NONE)
                .text(),
        );
        let number = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), number);
    }

    /// What was written once must be verified for ever: a hash that changes with the program is none.
    #[test]
    fn a_hash_stays_what_it_is() {
        let hash = call().hash(Tenant::PLATFORM, &LinkHash::NONE).text();
        assert_eq!(hash, "0fa632c2555f6e3843dea768b8f7122ef83d400a7bbc57d39b6b269673af52b8");
    }
}
