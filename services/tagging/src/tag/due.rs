use std::collections::BTreeSet;

use async_trait::async_trait;
use fault::Fault;
use kernel::{Tenant, Time};
use runtime::DueRows;
use store::{Db, Tx};

use super::catalogs::Hold;
use super::member_tags;
use crate::member::MemberId;
use crate::member::revision::{MEMBERS_MAX, Revisions};

/// The queue of members with a tag whose time has come, by their ids.
pub(crate) const LOOKS: &str = "tagging.look_at_due";

/// What becomes of windows and lifetimes: members with a tag whose time has come are revised, which lets assignments lapse
/// and folds computed tags afresh. Finds them by an index of due times, so its cost is that of what is due.
pub(crate) struct LookAtDue {
    pub(crate) db: Db,
    pub(crate) revisions: Revisions,
}

#[async_trait]
impl DueRows for LookAtDue {
    type Key = MemberId;

    fn name(&self) -> &'static str {
        LOOKS
    }

    async fn tenants(&self, now: Time) -> Result<Vec<Tenant>, Fault> {
        let next = member_tags::next_due(self.db.read()).await?.into_iter();
        Ok(next.filter(|(_, due)| *due <= now).map(|(tenant, _)| tenant).collect())
    }

    async fn find(&self, tenant: Tenant, now: Time) -> Result<Vec<MemberId>, Fault> {
        member_tags::due(self.db.read(), tenant, now, MEMBERS_MAX).await
    }

    fn item(&self, key: &MemberId) -> String {
        key.uuid().simple().to_string()
    }

    async fn end(&self, tx: &Tx, tenant: Tenant, keys: Vec<MemberId>, _: Time) -> Result<usize, Fault> {
        let revision = self.revisions.begin(tx, tenant, Hold::Shared).await?;
        let members: BTreeSet<MemberId> = keys.into_iter().collect();
        let subjects = revision.known_subjects(&members).await?;
        revision.settle(subjects, None, Vec::new()).await?;
        Ok(members.len())
    }

    async fn next(&self, after: Time) -> Result<Option<Time>, Fault> {
        member_tags::next_due_after(self.db.read(), after).await
    }
}
