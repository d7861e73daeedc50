use contracts_points::v1::{ErrorReason, UnfreezeAccountRequest, UnfreezeAccountResponse};
use fault::Fault;
use ledger::{AccountKey, Act, MemberId, Posting, Refusal};
use rpc::Call;
use store::Tx;

use super::freezes::{unfreeze, waiting_for};
use super::rows::{lock, lock_one};
use crate::api::PointsApi;
use crate::member::return_waiting;
use crate::member::returns::waiting_returns;
use crate::pool::wire::parse_holder;
use crate::posting::post::post_many;
use crate::posting::refusals::refused;
use crate::proof::audit::discrepancy_of;

impl PointsApi {
    pub(crate) async fn unfreeze_account(
        &self,
        call: Call<UnfreezeAccountRequest>,
    ) -> Result<UnfreezeAccountResponse, Fault> {
        let key = AccountKey {
            tenant: call.tenant(),
            member: parse_holder("member_id", &call.member_id)?,
            asset: call.asset_code.as_str().into(),
        };
        let tx = store::begin_or_replay!(self.db, call);
        let waiting = waiting_moves(&tx, &key).await?;
        let returns = waiting_returns(&tx, &key).await?;
        let touched = waiting
            .iter()
            .flat_map(|(from, to)| [from.clone(), of_member(&key, *to)]);
        let parted = returns
            .iter()
            .flat_map(|it| [it.restored.clone(), of_member(&key, it.survivor)]);
        lock(&tx, &touched.chain(parted).chain([key.clone()]).collect()).await?;
        check(&tx, &key).await?;
        unfreeze(&tx, &key, self.clock.now(), &call.reason, &call.principal().subject).await?;
        tracing::warn!(member = %key.member, asset = %key.asset, by = call.principal().subject, "an account was unfrozen");

        // What an undone merge has to give back goes before a later merge moves on.
        return_waiting(&tx, &self.clock, &returns).await?;
        let postings = waiting
            .into_iter()
            .map(|(from, to)| Posting::new(from, Act::Move { to }));
        for moved in post_many(&tx, &self.clock, &postings.collect::<Vec<_>>()).await? {
            match moved {
                // The other side is frozen as well, and will be waited for.
                Ok(_) | Err(Refusal::Frozen { .. }) => {}
                Err(refusal) => return Err(refused(refusal)),
            }
        }
        let balance = lock_one(&tx, &key).await?.map_or(0, |account| account.standing.balance);
        tx.commit(UnfreezeAccountResponse { balance }).await
    }
}

/// Refuses to unfreeze what is not there, is not frozen, or does not agree with itself.
async fn check(tx: &Tx, key: &AccountKey) -> Result<(), Fault> {
    let account = lock_one(tx, key).await?;
    if account.is_none_or(|account| account.frozen.is_none()) {
        let message = format!("the account of {} is not frozen: there is nothing to do", key.asset);
        return Err(Fault::refused(ErrorReason::AccountNotFrozen, message).with("asset_code", &key.asset));
    }
    let Some(discrepancy) = discrepancy_of(tx, key).await? else {
        return Ok(());
    };
    let message = format!(
        "the account of {} does not agree with itself: {discrepancy}. Mend the cause in the database, with the entries as \
         the truth, then unfreeze it",
        key.asset
    );
    Err(Fault::refused(ErrorReason::AccountDisagrees, message)
        .with("asset_code", &key.asset)
        .with("discrepancy", discrepancy))
}

/// The merges that this account has kept waiting: its own, and those of members who were merged into its member.
async fn waiting_moves(tx: &Tx, key: &AccountKey) -> Result<Vec<(AccountKey, MemberId)>, Fault> {
    let survivor = lineage::follow(&**tx, key.tenant, key.member).await?;
    if survivor != key.member {
        return Ok(vec![(key.clone(), survivor)]);
    }
    let members = waiting_for(&**tx, key).await?;
    Ok(members
        .into_iter()
        .map(|member| (of_member(key, member), key.member))
        .collect())
}

fn of_member(key: &AccountKey, member: MemberId) -> AccountKey {
    AccountKey { member, ..key.clone() }
}
