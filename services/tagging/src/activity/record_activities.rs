use contracts::Unreadable;
use contracts_tagging::v1::{RecordActivitiesRequest, RecordActivitiesResponse};
use fault::Fault;
use rpc::Call;

use super::recording::ACTIVITIES_MAX;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn record_activities(
        &self,
        call: Call<RecordActivitiesRequest>,
    ) -> Result<RecordActivitiesResponse, Fault> {
        if !(1..=ACTIVITIES_MAX).contains(&call.activities.len()) {
            return Err(Fault::invalid(
                "activities",
                format!("must hold 1 to {ACTIVITIES_MAX} activities"),
            ));
        }
        let unreadable = Unreadable::of(&call.unreadable_items);
        let (tenant, activities) = (call.tenant(), call.activities.clone());
        let arrivals = self.recorder.receive(tenant, activities, &unreadable).await?;
        if call.validate_only {
            return self.recorder.validate(tenant, &arrivals).await;
        }
        let key = call.key(&call.request_id);
        self.recorder.record(tenant, Some(key), arrivals).await
    }
}
