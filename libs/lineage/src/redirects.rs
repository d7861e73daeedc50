//! Where the ids of members lead.

use std::collections::{BTreeSet, HashMap};

use fault::Fault;
use kernel::{Id, Kind, Tenant};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

/// Where a member's id leads: to itself, unless it was absorbed.
pub async fn follow<K: Kind>(conn: &impl ConnectionTrait, tenant: Tenant, id: Id<K>) -> Result<Id<K>, Fault> {
    let to = store::redirects::follow(conn, tenant, id.uuid()).await?;
    Ok(Id::from_uuid(to))
}

/// Where the ids of some members lead, as it was read, with what was added since.
#[derive(Debug)]
pub struct Redirects<K: Kind>(HashMap<(Tenant, Id<K>), Id<K>>);

impl<K: Kind> Redirects<K> {
    /// Those of the members that are named. The caller keeps their number bounded.
    pub async fn of(
        conn: &impl ConnectionTrait,
        ids: impl IntoIterator<Item = (Tenant, Id<K>)>,
    ) -> Result<Self, Fault> {
        let ids: BTreeSet<(Tenant, Uuid)> = ids.into_iter().map(|(tenant, id)| (tenant, id.uuid())).collect();
        let ids: Vec<(Tenant, Uuid)> = ids.into_iter().collect();
        let led = store::redirects::follow_many(conn, &ids).await?.into_iter();
        Ok(Self(
            led.map(|((tenant, from), to)| ((tenant, Id::from_uuid(from)), Id::from_uuid(to)))
                .collect(),
        ))
    }

    /// None of anybody.
    pub fn none() -> Self {
        Self(HashMap::new())
    }

    /// Whom a member leads to: itself, unless it was absorbed.
    pub fn follow(&self, tenant: Tenant, id: Id<K>) -> Id<K> {
        // It ends: `add` lets no id lead back to itself.
        let mut end = id;
        while let Some(next) = self.0.get(&(tenant, end)) {
            end = *next;
        }
        end
    }

    /// Whether a member was absorbed.
    pub fn is_absorbed(&self, tenant: Tenant, id: Id<K>) -> bool {
        self.0.contains_key(&(tenant, id))
    }

    /// From now on `from` leads to `to`, and so does whatever leads to `from`. Each stands for whom it leads to by now;
    /// where that is the same member, nothing changes, and it answers so.
    pub fn add(&mut self, tenant: Tenant, from: Id<K>, to: Id<K>) -> bool {
        let (from, to) = (self.follow(tenant, from), self.follow(tenant, to));
        if from != to {
            self.0.insert((tenant, from), to);
        }
        from != to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Member {}
    impl Kind for Member {
        const PREFIX: &'static str = "mbr";
        const NOUN: &'static str = "member";
    }

    #[test]
    fn redirects_that_are_added_lead_to_the_end_of_their_chain_and_never_in_a_circle() {
        let [brand, stranger] = [1, 2].map(|number| Tenant::from_uuid(Uuid::from_u128(number)));
        let [a, b, c, d] = [1, 2, 3, 4].map(|number| Id::<Member>::from_uuid(Uuid::from_u128(number)));
        let mut redirects = Redirects::none();
        assert!(redirects.add(brand, a, b));
        assert!(redirects.add(brand, b, c));
        assert!(redirects.add(brand, a, d), "a stands for c by now");
        for member in [a, b, c, d] {
            assert_eq!(redirects.follow(brand, member), d);
            assert_eq!(redirects.is_absorbed(brand, member), member != d);
            assert_eq!(redirects.follow(stranger, member), member);
        }
        for (from, to) in [(d, a), (a, b), (c, c)] {
            assert!(!redirects.add(brand, from, to), "they are one");
        }
        assert_eq!(redirects.follow(brand, a), d);
    }
}
