//! A tenant does not lock itself out: the scopes that would be lost with a key.

use kernel::Time;

use super::{ApiKey, State};

/// The scope that lets a key make and revoke keys.
pub(crate) const WRITES_KEYS: &str = "gateway.api_keys_write";

/// The scopes that nobody of the tenant could give to a key any more if this one were revoked; in vain for as long as it
/// would have given them.
///
/// A key gives what it holds, if it may write keys at all. Each of its scopes must be left with another one that gives, and
/// that ends no earlier: a successor for the next five minutes is none.
pub(crate) fn lost_with<'k>(key: &'k ApiKey, others: &[ApiKey], now: Time) -> Vec<&'k str> {
    if !gives(key, now) {
        return Vec::new();
    }
    let successors: Vec<&ApiKey> = others
        .iter()
        .filter(|other| other.id != key.id && gives(other, now) && lasts_as_long(other, key))
        .collect();
    let is_lost = |scope: &&str| !successors.iter().any(|other| other.scopes.allow(scope));
    key.scopes.iter().filter(is_lost).collect()
}

/// Whether a key can make keys, and so give what it holds.
pub(crate) fn gives(key: &ApiKey, now: Time) -> bool {
    key.state(now) == State::Active && key.scopes.allow(WRITES_KEYS)
}

fn lasts_as_long(other: &ApiKey, key: &ApiKey) -> bool {
    match (other.expire_time, key.expire_time) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(other), Some(key)) => key <= other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kernel::{Clock, Scopes};

    use super::*;
    use crate::key::BOOTSTRAP;
    use crate::key::secret::Secret;

    const NOW: Time = Time::from_seconds(1_000_000);

    /// A key that ends after so many days.
    fn key(scopes: &[&str], days: Option<u64>) -> ApiKey {
        let scopes = Scopes::new(scopes.iter().map(|&scope| scope.to_owned()));
        let end = days.map(|days| NOW.plus(Duration::from_hours(24 * days)));
        ApiKey::new(
            &Clock::manual(NOW),
            "key",
            scopes,
            BOOTSTRAP,
            end,
            &Secret::generate().unwrap(),
        )
    }

    #[test]
    fn each_scope_of_a_key_that_gives_has_to_be_left_with_another_one() {
        let owner = key(&["*", "platform.*"], None);
        for (others, lost) in [
            (vec![], vec!["*", "platform.*"]),
            (vec![key(&["*"], None)], vec!["platform.*"]),
            (vec![key(&["*", "platform.*"], None)], vec![]),
            (vec![key(&["gateway.*", "platform.*"], None), key(&["*"], None)], vec![]),
            // It may do much and give nothing.
            (vec![key(&["points.*", "platform.*"], None)], vec!["*", "platform.*"]),
            // It gives keys, but cannot give what it does not hold.
            (vec![key(&["gateway.api_keys_write"], None)], vec!["*", "platform.*"]),
        ] {
            assert_eq!(lost_with(&owner, &others, NOW), lost, "{others:?}");
            let with_itself: Vec<ApiKey> = others.into_iter().chain([owner.clone()]).collect();
            assert_eq!(lost_with(&owner, &with_itself, NOW), lost);
        }
    }

    #[test]
    fn a_successor_lasts_as_long() {
        let (week, month, ever) = (key(&["*"], Some(7)), key(&["*"], Some(30)), key(&["*"], None));
        assert_eq!(lost_with(&ever, std::slice::from_ref(&month), NOW), ["*"]);
        assert_eq!(lost_with(&month, std::slice::from_ref(&week), NOW), ["*"]);
        assert!(lost_with(&week, std::slice::from_ref(&month), NOW).is_empty());
        assert!(lost_with(&month, std::slice::from_ref(&ever), NOW).is_empty());
        assert!(lost_with(&month, &[key(&["*"], Some(30))], NOW).is_empty());
    }

    #[test]
    fn what_gives_nothing_is_no_loss_and_no_successor() {
        let revoked = ApiKey {
            revoke_time: Some(NOW),
            ..key(&["*"], None)
        };
        let owner = key(&["*"], None);
        assert_eq!(lost_with(&owner, std::slice::from_ref(&revoked), NOW), ["*"]);
        assert!(lost_with(&revoked, &[], NOW).is_empty());
        assert!(lost_with(&key(&["points.redeem"], None), &[], NOW).is_empty());
        assert!(lost_with(&key(&["*"], Some(0)), &[], NOW).is_empty(), "it has expired");
    }
}
