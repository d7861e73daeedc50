//! By what it is known that a request was done.

use contracts_points::v1::Entry;

use crate::simulation::answer::Answer;
use crate::simulation::ask::Ask;
use crate::simulation::history::Op;

/// By what a request is known to have taken effect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Effect {
    Entry(String),
    Held(String),
    Released(String),
    Confirmed(String),
    Dissolved(usize),
}

/// By what a request is known to have taken effect, if it has.
pub(super) fn effect(op: &Op) -> Option<Effect> {
    Some(match (op.done()?, &op.ask) {
        (Answer::Hold(held), _) => Effect::Held(held.hold.clone().unwrap().hold_id),
        (Answer::HoldPool(held), _) => Effect::Held(held.hold.clone().unwrap().hold_id),
        (Answer::Release(released), _) => Effect::Released(released.hold.clone().unwrap().hold_id),
        (Answer::Confirm(_), Ask::Confirm { entry, .. }) => Effect::Confirmed(entry.clone()),
        (Answer::Dissolve(_), Ask::Dissolve { pool }) => Effect::Dissolved(*pool),
        (Answer::Place(_), _) => return None,
        (other, _) => Effect::Entry(entry_of(other).entry_id.clone()),
    })
}

/// The entry that was asked for.
pub(super) fn entry_of(answer: &Answer) -> &Entry {
    let entry = match answer {
        Answer::Earn(answer) => answer.entry.as_ref(),
        Answer::Redeem(answer) => answer.entry.as_ref(),
        Answer::Reverse(answer) => answer.entry.as_ref(),
        Answer::Capture(answer) => answer.entry.as_ref(),
        Answer::Transfer(answer) => answer.out_entry.as_ref(),
        Answer::Adjust(answer) => answer.entry.as_ref(),
        Answer::Cancel(answer) => answer.entries.first(),
        Answer::Contribute(answer) => answer.out_entry.as_ref(),
        Answer::Spend(answer) => answer.entry.as_ref(),
        Answer::GiveBack(answer) => answer.entry.as_ref(),
        Answer::Hold(_)
        | Answer::HoldPool(_)
        | Answer::Release(_)
        | Answer::Confirm(_)
        | Answer::Place(_)
        | Answer::Dissolve(_) => None,
    };
    entry.unwrap_or_else(|| panic!("no entry in {answer:?}"))
}
