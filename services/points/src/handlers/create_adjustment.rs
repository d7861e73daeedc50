use contracts::points::v1::{CreateAdjustmentRequest, CreateAdjustmentResponse};
use fault::Fault;
use kernel::Clock;
use rpc::Call;
use store::{Begun, Tx};

use super::PointsApi;
use crate::domain::{Act, Adjustment, AdjustmentId, AdjustmentState, Effects, Posting};
use crate::post::{account_of, post_one};
use crate::store::{asset, save_adjustment};
use crate::wire::{adjustment_to_wire, entry_to_wire, parse_id};

impl PointsApi {
    pub(crate) async fn create_adjustment(
        &self,
        call: Call<CreateAdjustmentRequest>,
    ) -> Result<CreateAdjustmentResponse, Fault> {
        let member = parse_id("member_id", &call.member_id)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let asset = asset(&**tx, call.tenant(), &call.asset_code).await?.asset;
        let now = self.clock.now();
        let alone = call.amount.saturating_abs() <= asset.adjustment_alone_max;
        let mut adjustment = Adjustment {
            id: AdjustmentId::generate(&self.clock),
            account: account_of(&tx, call.tenant(), member, &call.asset_code).await?,
            amount: call.amount,
            reason_code: call.reason_code.clone(),
            note: call.note.clone(),
            state: if alone {
                AdjustmentState::Posted
            } else {
                AdjustmentState::Pending
            },
            creator: call.principal().subject.clone(),
            decider: None,
            entry: None,
            create_time: now,
            decide_time: alone.then_some(now),
        };
        let effects = if alone {
            post_adjustment(&tx, &self.clock, &mut adjustment).await?
        } else {
            Effects::default()
        };
        save_adjustment(&tx, &adjustment).await?;
        tx.commit(CreateAdjustmentResponse {
            adjustment: Some(adjustment_to_wire(&adjustment)),
            entry: effects.entry().map(entry_to_wire),
        })
        .await
    }
}

/// Posts an adjustment, to whoever its member is by now.
pub(super) async fn post_adjustment(tx: &Tx, clock: &Clock, adjustment: &mut Adjustment) -> Result<Effects, Fault> {
    let account = &adjustment.account;
    adjustment.account = account_of(tx, account.tenant, account.member, &account.asset).await?;
    let act = Act::Adjust {
        adjustment: adjustment.id,
        amount: adjustment.amount,
    };
    let posting = Posting {
        reference: adjustment.reason_code.clone(),
        ..Posting::new(adjustment.account.clone(), act)
    };
    let effects = post_one(tx, clock, posting).await?;
    adjustment.entry = effects.entry().map(|entry| entry.id);
    Ok(effects)
}
