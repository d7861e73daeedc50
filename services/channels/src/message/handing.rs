//! What a message means, handed on to those whom it concerns: identity hears who it was, tagging what was done.
//!
//! A peer is asked under an id that follows from the message's row, so that a crash at any moment repeats the same ask, which
//! the peer answers with what it did. A refusal is an answer: it is written into the row. A peer that is away is asked
//! again, for as long as it takes.

use channel_protocols::{Activity, Card, Meaning, Membership, Message, Outcome};
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use rpc::Peers;
use store::Db;

use super::peers::{Asker, Said};
use super::{Kept, Settled, memberships, rows};
use crate::account::{self, Account, speaker};

/// Hands messages on.
#[derive(Clone)]
pub(crate) struct Handing {
    db: Db,
    clock: Clock,
    asker: Asker,
}

impl Handing {
    pub(crate) fn new(db: &Db, clock: &Clock, peers: &Peers) -> Self {
        Self {
            db: db.clone(),
            clock: clock.clone(),
            asker: Asker::new(peers.clone()),
        }
    }

    /// Hands a message on and writes down what became of it.
    pub(crate) async fn settle(&self, tenant: Tenant, kept: &Kept) -> Result<Settled, Fault> {
        let account = account::rows::find(self.db.read(), tenant, kept.account_id).await?;
        let account = account.ok_or_else(|| account::wire::not_found(kept.account_id))?;
        self.settle_of(tenant, &account, kept).await
    }

    async fn settle_of(&self, tenant: Tenant, account: &Account, kept: &Kept) -> Result<Settled, Fault> {
        let settled = match speaker::meaning(account, &kept.message) {
            Err(problem) => Settled::NotUnderstood(problem.0),
            Ok(meaning) => self.hand_on(tenant, account, kept, &meaning).await?,
        };
        let tx = self.db.begin().await?;
        rows::settle(&*tx, (tenant, kept.id), &settled, self.clock.now()).await?;
        tx.commit().await?;
        Ok(settled)
    }

    /// The same for a platform that waits for the answer.
    pub(crate) async fn settle_and_tell(
        &self,
        tenant: Tenant,
        account: &Account,
        kept: &Kept,
    ) -> Result<Outcome, Fault> {
        Ok(match self.settle_of(tenant, account, kept).await? {
            Settled::HandedOn(Some(member_id)) => Outcome::Member(self.card(tenant, account, &member_id).await?),
            Settled::HandedOn(None) => Outcome::Unknown,
            Settled::NotUnderstood(_) | Settled::Refused(_) => Outcome::Conflict,
        })
    }

    /// Tells a platform of the member whom it asks about, and changes nothing.
    pub(crate) async fn look_up(
        &self,
        tenant: Tenant,
        account: &Account,
        question: &Message,
    ) -> Result<Outcome, Fault> {
        let Some(external_id) = channel_protocols::tmall::buyer(&question.content) else {
            return Ok(Outcome::Unknown);
        };
        let found = self.asker.look_up(tenant, &account.channel_code, &external_id).await?;
        Ok(match found {
            Some(member) => Outcome::Member(self.card(tenant, account, &member.member_id).await?),
            None => Outcome::Unknown,
        })
    }

    async fn card(&self, tenant: Tenant, account: &Account, member_id: &str) -> Result<Card, Fault> {
        self.asker.card(tenant, member_id, &account.points_asset_code).await
    }

    async fn hand_on(
        &self,
        tenant: Tenant,
        account: &Account,
        kept: &Kept,
        meaning: &Meaning,
    ) -> Result<Settled, Fault> {
        let Some(arrival) = &meaning.arrival else {
            return Ok(Settled::HandedOn(None));
        };
        if let Some(membership) = meaning.membership {
            self.note(tenant, kept, &arrival.external_id, membership).await?;
        }
        let name = |what: &str| format!("{}:{}:{what}", kept.id, kept.replays);
        let mut member = None;
        // Who leaves was a member; whoever was not does not become one by it.
        if meaning.membership != Some(Membership::Unbound) {
            let said = self
                .asker
                .resolve(tenant, name("resolve"), &account.channel_code, arrival)
                .await?;
            match said {
                Said::Yes(member_id) => member = Some(member_id),
                Said::No(problem) => return Ok(Settled::Refused(problem)),
            }
        }
        if meaning.membership.is_some()
            && !memberships::is_bound(self.db.read(), (tenant, account.id), &arrival.external_id).await?
        {
            self.asker
                .unlink(tenant, name("unlink"), &account.channel_code, &arrival.external_id)
                .await?;
            member = None;
        }
        if let Some(activity) = &meaning.activity {
            let occur_time = activity.occur_time.unwrap_or(kept.receive_time);
            let whose = (account.channel_code.as_str(), arrival.external_id.as_str());
            if let Said::No(problem) = self.record(tenant, name("record"), whose, activity, occur_time).await? {
                return Ok(Settled::Refused(problem));
            }
        }
        Ok(Settled::HandedOn(member))
    }

    async fn record(
        &self,
        tenant: Tenant,
        request_id: String,
        whose: (&str, &str),
        activity: &Activity,
        occur_time: Time,
    ) -> Result<Said<()>, Fault> {
        self.asker.record(tenant, request_id, whose, activity, occur_time).await
    }

    /// Writes down what a message says of a membership, unless a later event has said something already.
    async fn note(&self, tenant: Tenant, kept: &Kept, external_id: &str, membership: Membership) -> Result<(), Fault> {
        let event_time = kept.message.event_time.unwrap_or(kept.receive_time);
        let event = (event_time, kept.message.source_id.as_str());
        let tx = self.db.begin().await?;
        memberships::note(&*tx, (tenant, kept.account_id), external_id, membership, event).await?;
        tx.commit().await
    }
}
