use contracts::Unreadable;
use contracts_identity::v1::batch_resolve_members_result::Result as Outcome;
use contracts_identity::v1::{BatchResolveMembersRequest, BatchResolveMembersResponse, BatchResolveMembersResult};
use fault::{Fault, together};
use rpc::Call;

use super::Arrival;
use super::arrival::{Importable, Judged};
use super::key::Key;
use super::refusals;
use super::rows::Wanted;
use super::{arrival, rows, wire};
use crate::api::IdentityApi;
use crate::{blocked_value, channel};

const ARRIVALS_MAX: usize = 500;

impl IdentityApi {
    pub(crate) async fn batch_resolve_members(
        &self,
        call: Call<BatchResolveMembersRequest>,
    ) -> Result<BatchResolveMembersResponse, Fault> {
        if !(1..=ARRIVALS_MAX).contains(&call.arrivals.len()) {
            return Err(Fault::invalid("arrivals", format!("must be 1 to {ARRIVALS_MAX}")));
        }
        let tx = store::begin_or_replay!(self.db, call);
        let channels = channel::rows::all(&**tx, call.tenant()).await?;
        let unreadable = Unreadable::of(&call.unreadable_items);
        let judge = |arrival| arrival::judge(arrival, &channels, Importable::No, self.clock.now());
        let judged: Vec<Judged> = call.arrivals.iter().map(judge).collect();
        let brought = judged.iter().flat_map(Judged::brought);
        let blocklist = blocked_value::rows::among(&**tx, call.tenant(), brought).await?;
        let heed = |(index, (wire, judged)): (usize, (_, Judged))| {
            let arrival = together(arrival::check_alone(wire), judged.heed(&blocklist));
            unreadable.judge(index, "arrival.", arrival)
        };
        let arrivals = call.arrivals.iter().zip(judged).enumerate().map(heed);
        let arrivals: Vec<Result<Arrival, Fault>> = arrivals.collect();
        let keys: Vec<Key> = arrivals.iter().flatten().flat_map(Arrival::keys).cloned().collect();
        let wanted = Wanted {
            tenant: call.tenant(),
            channels,
            keys,
            ids: Vec::new(),
        };
        let mut graph = rows::open(&tx, wanted).await?;
        let mut results = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            let result = match arrival {
                Ok(arrival) => {
                    let resolution = self.decide(|moment| graph.resolve(&arrival, moment));
                    Outcome::Resolution(wire::resolution(&resolution))
                }
                Err(fault) => Outcome::Refusal(refusals::refusal(fault)?),
            };
            results.push(BatchResolveMembersResult { result: Some(result) });
        }
        // Past this line nothing may refuse any resolution.
        let answer = BatchResolveMembersResponse { results };
        if graph.changes().is_empty() {
            drop(tx);
            return self.unless_answered(&call.key(&call.request_id), answer).await;
        }
        rows::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        tx.commit(answer).await
    }
}
