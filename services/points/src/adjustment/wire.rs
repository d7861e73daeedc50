use contracts_points::v1 as wire;
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

#[cfg(test)]
mod tests {
    use contracts_points::v1 as wire;
    use ledger::AdjustmentState;

    #[test]
    fn our_numbers_of_the_states_of_adjustments_are_the_contract_s() {
        for number in 1..=3 {
            let name = AdjustmentState::from_number(number).unwrap().name();
            let wire = wire::AdjustmentState::try_from(number).unwrap();
            assert_eq!(wire.as_str_name(), format!("ADJUSTMENT_STATE_{name}"));
        }
        assert!(AdjustmentState::from_number(4).is_none() && wire::AdjustmentState::try_from(4).is_err());
    }
}
