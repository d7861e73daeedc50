use contracts_points::v1 as wire;
use ledger::Hold;

use crate::account::wire::expiry_to_wire;
use crate::pool::wire::holder_to_wire;

pub(crate) fn hold_to_wire(hold: &Hold) -> wire::Hold {
    let lots = hold.parts.iter().map(|part| wire::LotAmount {
        lot_id: part.lot.to_string(),
        amount: part.amount,
        expire_time: expiry_to_wire(part.expire_time),
    });
    wire::Hold {
        hold_id: hold.id.to_string(),
        member_id: holder_to_wire(hold.account.member),
        acting_member_id: hold.acting.map(|id| id.to_string()).unwrap_or_default(),
        asset_code: hold.account.asset.to_string(),
        amount: hold.amount,
        state: hold.state.number(),
        lots: lots.collect(),
        captured_amount: hold.captured,
        entry_id: hold.entry.map(|id| id.to_string()).unwrap_or_default(),
        reference: hold.reference.clone(),
        cost_centre: hold.cost_centre.as_deref().unwrap_or_default().to_owned(),
        create_time: Some(hold.create_time.to_wire()),
        expire_time: Some(hold.expire_time.to_wire()),
        end_time: hold.end_time.map(kernel::Time::to_wire),
    }
}

#[cfg(test)]
mod tests {
    use contracts_points::v1 as wire;
    use ledger::HoldState;

    #[test]
    fn our_numbers_of_the_states_of_holds_are_the_contract_s() {
        for number in 1..=4 {
            let name = HoldState::from_number(number).unwrap().name();
            let wire = wire::HoldState::try_from(number).unwrap();
            assert_eq!(wire.as_str_name(), format!("HOLD_STATE_{name}"));
        }
        assert!(HoldState::from_number(5).is_none() && wire::HoldState::try_from(5).is_err());
    }
}
