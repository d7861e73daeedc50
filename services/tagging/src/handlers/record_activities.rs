use contracts::tagging::v1::{ActivityOutcome, RecordActivitiesRequest, RecordActivitiesResponse};
use fault::Fault;
use rpc::Call;
use store::Begun;

use super::TaggingApi;
use crate::recording::ACTIVITIES_MAX;

impl TaggingApi {
    pub(super) async fn record_activities(
        &self,
        call: Call<RecordActivitiesRequest>,
    ) -> Result<RecordActivitiesResponse, Fault> {
        if !(1..=ACTIVITIES_MAX).contains(&call.activities.len()) {
            return Err(Fault::invalid(
                "activities",
                format!("must hold 1 to {ACTIVITIES_MAX} activities"),
            ));
        }
        let arrivals = self.recorder.receive(call.tenant(), &call.activities).await?;

        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let results = self.recorder.record(&tx, call.tenant(), arrivals).await?;
        let count = |outcome: ActivityOutcome| {
            let count = results.iter().filter(|result| result.outcome() == outcome).count();
            i32::try_from(count).map_err(Fault::internal)
        };
        let answer = RecordActivitiesResponse {
            recorded_count: count(ActivityOutcome::Recorded)?,
            duplicate_count: count(ActivityOutcome::Duplicate)?,
            refused_count: count(ActivityOutcome::Refused)?,
            results,
        };
        tx.commit(answer).await
    }
}
