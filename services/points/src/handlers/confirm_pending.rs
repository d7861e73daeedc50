use contracts::points::v1::{ConfirmPendingRequest, ConfirmPendingResponse, ErrorReason};
use fault::Fault;
use rpc::Call;
use store::{Begun, Tx};

use super::PointsApi;
use crate::domain::{AccountKey, Act, ConfirmCause, EntryId, Posting};
use crate::post::{account_of, post_many};
use crate::store::{asset, pending_earns};
use crate::wire::parse_id;

impl PointsApi {
    pub(crate) async fn confirm_pending(
        &self,
        call: Call<ConfirmPendingRequest>,
    ) -> Result<ConfirmPendingResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let earn = Earn::parse(&call.entry_id, &call.reference)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let account = account_of(&tx, call.tenant(), member, &call.asset_code).await?;
        let cause = ConfirmCause::Call;
        let confirm = |entry| Posting::new(account.clone(), Act::Confirm { entry, cause });
        let postings: Vec<Posting> = earn.entries(&tx, &account).await?.into_iter().map(confirm).collect();
        let mut answer = ConfirmPendingResponse::default();
        for decided in post_many(&tx, &self.clock, &postings).await? {
            let effects = decided?;
            let amount = effects.confirmed.as_ref().map_or(0, |it| it.amount);
            let repaid = effects.repayment().map_or(0, |entry| entry.amount.saturating_abs());
            answer.confirmed_amount = answer.confirmed_amount.saturating_add(amount);
            answer.expired_amount = answer.expired_amount.saturating_add(effects.expired);
            answer.repaid_amount = answer.repaid_amount.saturating_add(repaid);
        }
        tx.commit(answer).await
    }
}

/// Which pending earns of an account are meant.
pub(super) enum Earn {
    Entry(EntryId),
    Reference(String),
}

impl Earn {
    /// Either of the two fields.
    pub(super) fn parse(entry: &str, reference: &str) -> Result<Self, Fault> {
        match (entry, reference) {
            ("", "") => Err(Fault::invalid("entry_id", "give it, or the reference")),
            (entry, "") => Ok(Self::Entry(parse_id("entry_id", entry)?)),
            ("", reference) => Ok(Self::Reference(reference.to_owned())),
            _ => Err(Fault::invalid("reference", "give it, or the entry_id, not both")),
        }
    }

    /// Their entries, at least one. Whether they are pending indeed is decided when the account is locked.
    pub(super) async fn entries(&self, tx: &Tx, account: &AccountKey) -> Result<Vec<EntryId>, Fault> {
        asset(&**tx, account.tenant, &account.asset).await?;
        let reference = match self {
            Self::Entry(entry) => return Ok(vec![*entry]),
            Self::Reference(reference) => reference,
        };
        let found = pending_earns(tx, account, reference).await?;
        if found.is_empty() {
            let message = format!("nothing is pending with the reference {reference}");
            return Err(Fault::refused(ErrorReason::NotPending, message).with("earn", reference));
        }
        Ok(found)
    }
}
