use contracts::points::v1 as wire;

use ledger::Adjustment;

pub(crate) fn adjustment_to_wire(adjustment: &Adjustment) -> wire::Adjustment {
    wire::Adjustment {
        adjustment_id: adjustment.id.to_string(),
        member_id: adjustment.account.member.to_string(),
        asset_code: adjustment.account.asset.to_string(),
        amount: adjustment.amount,
        reason_code: adjustment.reason_code.clone(),
        note: adjustment.note.clone(),
        cost_centre: adjustment.cost_centre.as_deref().unwrap_or_default().to_owned(),
        state: adjustment.state.number(),
        creator: adjustment.creator.clone(),
        decider: adjustment.decider.clone().unwrap_or_default(),
        entry_id: adjustment.entry.map(|id| id.to_string()).unwrap_or_default(),
        create_time: Some(adjustment.create_time.to_wire()),
        decide_time: adjustment.decide_time.map(kernel::Time::to_wire),
    }
}
