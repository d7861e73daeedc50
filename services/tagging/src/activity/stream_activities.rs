use std::pin::Pin;

use contracts::Unreadable;
use contracts::r#type::v1::{UnreadableItem, UnreadableViolation};
use contracts_tagging::v1::{Activity, ActivityResult, StreamActivitiesRequest, StreamActivitiesResponse};
use fault::Fault;
use futures::{Stream, StreamExt, stream};
use kernel::Tenant;
use kernel::text::check_identifier;
use tonic::{Status, Streaming};

use super::recording::ACTIVITIES_MAX;
use crate::api::TaggingApi;

/// The longest id of a message.
const REQUEST_ID_CHARS_MAX: usize = 128;

/// The answers of a stream, each as it becomes durable.
pub(crate) type Results = Pin<Box<dyn Stream<Item = Result<StreamActivitiesResponse, Status>> + Send>>;

impl TaggingApi {
    /// Results are made as the caller takes them: while it does not, nothing is read, and the transport's window holds
    /// the sender back. No queue is in between.
    pub(crate) fn stream_activities(&self, tenant: Tenant, incoming: Streaming<StreamActivitiesRequest>) -> Results {
        let api = self.clone();
        let groups = incoming.ready_chunks(ACTIVITIES_MAX).then(move |group| {
            let api = api.clone();
            async move { api.record_group(tenant, group).await }
        });
        Box::pin(groups.flat_map(stream::iter))
    }

    /// Records what has arrived; what came before a broken message is recorded, then the stream ends with its status.
    async fn record_group(
        &self,
        tenant: Tenant,
        group: Vec<Result<StreamActivitiesRequest, Status>>,
    ) -> Vec<Result<StreamActivitiesResponse, Status>> {
        let (mut request_ids, mut activities, mut broken) = (Vec::new(), Vec::new(), None);
        let mut unreadable = Unreadable::default();
        for message in group {
            match message {
                Ok(message) => {
                    unreadable.put(activities.len(), &message.unreadable_items);
                    unreadable.put(activities.len(), wrong_name(&message.request_id).as_slice());
                    request_ids.push(message.request_id);
                    activities.push(message.activity.unwrap_or_default());
                }
                Err(status) => {
                    broken = Some(Err(status));
                    break;
                }
            }
        }
        let answers = match rpc::retry(|| self.record_once(tenant, &activities, &unreadable)).await {
            Err(fault) => vec![Err(Status::from(fault))],
            Ok(results) => {
                let answer = |(request_id, result)| {
                    Ok(StreamActivitiesResponse {
                        request_id,
                        result: Some(result),
                    })
                };
                request_ids.into_iter().zip(results).map(answer).collect()
            }
        };
        answers.into_iter().chain(broken).collect()
    }

    async fn record_once(
        &self,
        tenant: Tenant,
        activities: &[Activity],
        unreadable: &Unreadable,
    ) -> Result<Vec<ActivityResult>, Fault> {
        if activities.is_empty() {
            return Ok(Vec::new());
        }
        let arrivals = self.recorder.receive(tenant, activities.to_vec(), unreadable).await?;
        Ok(self.recorder.record(tenant, None, arrivals).await?.results)
    }
}

/// What is wrong with a message's id. It refuses the message's own activity, and the stream goes on.
fn wrong_name(request_id: &str) -> Option<UnreadableItem> {
    let message = if (1..=REQUEST_ID_CHARS_MAX).contains(&request_id.chars().count()) {
        check_identifier(request_id).err()?.to_string()
    } else {
        format!("must have 1 to {REQUEST_ID_CHARS_MAX} characters")
    };
    let violation = UnreadableViolation {
        path: "request_id".to_owned(),
        message,
    };
    Some(UnreadableItem {
        index: 0,
        violations: vec![violation],
    })
}
