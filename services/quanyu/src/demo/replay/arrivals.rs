//! People turn up in shops: who they are is the platform's to find out.

use contracts_identity::v1::batch_resolve_members_result::Result as Outcome;
use contracts_identity::v1::{
    Arrival as WireArrival, BatchResolveMembersRequest, Evidence, EvidenceOutcome, Gender, IdentityKind, Profile,
    Proof, Resolution, ResolutionOutcome,
};
use fault::Fault;
use kernel::Time;

use super::{Deed, Replay};
use crate::api::patiently;
use crate::demo::people::{Person, Shop};
use crate::demo::plan::Arrival;

/// As many as a call takes.
const ARRIVALS_MAX: usize = 500;

impl Replay<'_> {
    /// Lets the people of a day arrive, in their order.
    pub(super) async fn arrive(&mut self, date: Time, arrivals: &[Arrival]) -> Result<(), Fault> {
        for (number, arrivals) in arrivals.chunks(ARRIVALS_MAX).enumerate() {
            let people = arrivals
                .iter()
                .filter_map(|arrival| Some((arrival, self.plan.people.get(&arrival.customer)?)));
            let request = BatchResolveMembersRequest {
                unreadable_items: Vec::new(),
                request_id: format!("arrivals-{}-{number}", date.millis()),
                arrivals: people.map(|(arrival, person)| on_wire(*arrival, person)).collect(),
            };
            let answer = patiently(async || self.api.members().batch_resolve_members(request.clone()).await).await?;
            for (arrival, result) in arrivals.iter().zip(answer.results) {
                match result.result {
                    Some(Outcome::Resolution(resolution)) => self.count(*arrival, &resolution),
                    refused => self
                        .tally
                        .complain(format!("customer {} was refused: {refused:?}", arrival.customer)),
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, arrival: Arrival, resolution: &Resolution) {
        let tally = &mut self.tally;
        match resolution.outcome() {
            ResolutionOutcome::Created => tally.created = tally.created.saturating_add(1),
            ResolutionOutcome::Linked => tally.linked = tally.linked.saturating_add(1),
            ResolutionOutcome::Merged => {
                tally.merged = tally.merged.saturating_add(1);
                tally.saw(arrival.customer, Deed::Merge);
            }
            ResolutionOutcome::Found | ResolutionOutcome::Unspecified => {
                tally.complain(format!(
                    "customer {} was known already in {}",
                    arrival.customer,
                    arrival.shop.code()
                ));
            }
        }
        let doubtful = resolution
            .evidence_results
            .iter()
            .find(|result| result.outcome() != EvidenceOutcome::Confirmed);
        if let Some(doubtful) = doubtful {
            tally.complain(format!(
                "evidence of customer {} was not taken: {doubtful:?}",
                arrival.customer
            ));
        }
    }
}

fn on_wire(arrival: Arrival, person: &Person) -> WireArrival {
    let profile = arrival.is_recognised.then(|| Profile {
        gender: if person.is_female { Gender::Female } else { Gender::Male }.into(),
        province: person.province.to_owned(),
        city: person.city.to_owned(),
        ..Profile::default()
    });
    WireArrival {
        channel_code: arrival.shop.code().to_owned(),
        external_id: arrival.shop.external_id(person.customer),
        evidence: evidence(arrival, person),
        profile,
    }
}

/// What a shop learns besides its own id: WeChat always tells the union id; who says who it is gives a phone, and in the
/// stores gets a card.
fn evidence(arrival: Arrival, person: &Person) -> Vec<Evidence> {
    let union_id =
        (arrival.shop == Shop::WechatMini).then(|| (IdentityKind::UnionId, person.union_id(), Proof::Platform));
    let card = (arrival.shop == Shop::Pos && arrival.is_recognised)
        .then(|| (IdentityKind::CardNumber, person.card_number(), Proof::Presented));
    let phone = person.phone.clone().filter(|_| arrival.is_recognised).map(|phone| {
        let proof = if arrival.shop == Shop::Pos {
            Proof::Code
        } else {
            Proof::Platform
        };
        (IdentityKind::Phone, phone, proof)
    });
    let given = [union_id, card, phone].into_iter().flatten();
    given
        .map(|(kind, value, proof)| Evidence {
            kind: kind.into(),
            value,
            proof: proof.into(),
            channel_code: String::new(),
        })
        .collect()
}
