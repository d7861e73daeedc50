use std::collections::BTreeMap;

use contracts_campaign::v1::{GetJourneyStatisticsRequest, GetJourneyStatisticsResponse, NodeStatistics};
use fault::Fault;
use kernel::{Exact, Tenant};
use rpc::Call;

use super::Journey;
use super::versions;
use super::versions::rows::VersionKey;
use super::wire;
use super::{figures, rows};
use crate::api::CampaignApi;
use crate::run::advance::Tally;

impl CampaignApi {
    pub(crate) async fn get_journey_statistics(
        &self,
        call: Call<GetJourneyStatisticsRequest>,
    ) -> Result<GetJourneyStatisticsResponse, Fault> {
        let journey = rows::find(self.db.read(), call.tenant(), &call.journey_code).await?;
        let journey = journey.ok_or_else(|| Fault::not_found("journey", &call.journey_code))?;
        let version = (call.version > 0).then_some(call.version);
        let order = self.order(call.tenant(), &journey, version).await?;
        let figures = figures::read(self.db.read(), call.tenant(), &journey.code, version).await?;
        Ok(statistics(order, figures))
    }

    /// The ids of the nodes in the order of the definition that is asked about, or of the newest one.
    async fn order(&self, tenant: Tenant, journey: &Journey, version: Option<i32>) -> Result<Vec<String>, Fault> {
        let newest = journey.published_version;
        let number = version.unwrap_or(newest);
        let key = VersionKey {
            tenant,
            journey_code: journey.code.clone(),
            version: number,
        };
        let Some(row) = versions::rows::find(self.db.read(), &[key]).await?.pop() else {
            return match version {
                Some(version) => Err(Fault::not_found(
                    "journey version",
                    format!("{}/versions/{version}", journey.code),
                )),
                None => Ok(Vec::new()),
            };
        };
        let definition = wire::definition(&row.definition)?;
        Ok(definition.nodes.into_iter().map(|node| node.node_id).collect())
    }
}

fn statistics(order: Vec<String>, mut figures: BTreeMap<String, Tally>) -> GetJourneyStatisticsResponse {
    let mut total = Tally::default();
    for tally in figures.values() {
        total.add(*tally);
    }
    let mut nodes: Vec<NodeStatistics> = Vec::with_capacity(order.len());
    for node_id in order {
        let tally = figures.remove(&node_id).unwrap_or_default();
        nodes.push(node(node_id, tally));
    }
    nodes.extend(figures.into_iter().map(|(node_id, tally)| node(node_id, tally)));
    GetJourneyStatisticsResponse {
        started_count: total.started,
        active_count: total.started.exact_sub(total.ended).exact_sub(total.stopped),
        completed_count: total.ended,
        stopped_count: total.stopped,
        nodes,
    }
}

fn node(node_id: String, tally: Tally) -> NodeStatistics {
    let left = tally.waiting.exact_add(tally.completed).exact_add(tally.failed);
    NodeStatistics {
        node_id,
        entered_count: tally.entered,
        running_count: tally.entered.exact_sub(left),
        waiting_count: tally.waiting,
        completed_count: tally.completed,
        failed_count: tally.failed,
    }
}
