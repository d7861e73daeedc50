use contracts::Unreadable;
use contracts_tagging::v1::{ActivityOutcome, ActivityResult, RecordActivitiesRequest, RecordActivitiesResponse};
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
        let arrivals = self
            .recorder
            .receive(call.tenant(), &call.activities, &unreadable)
            .await?;
        if call.validate_only {
            // The same code judges; its transaction ends here, and everything that it wrote with it.
            let tx = self.db.begin().await?;
            return answer(self.recorder.record(&tx, call.tenant(), arrivals).await?);
        }

        let tx = store::begin_or_replay!(self.db, call);
        let results = self.recorder.record(&tx, call.tenant(), arrivals).await?;
        tx.commit(answer(results)?).await
    }
}

fn answer(results: Vec<ActivityResult>) -> Result<RecordActivitiesResponse, Fault> {
    let count = |outcome: ActivityOutcome| {
        let count = results.iter().filter(|result| result.outcome() == outcome).count();
        i32::try_from(count).map_err(Fault::internal)
    };
    Ok(RecordActivitiesResponse {
        recorded_count: count(ActivityOutcome::Recorded)?,
        duplicate_count: count(ActivityOutcome::Duplicate)?,
        refused_count: count(ActivityOutcome::Refused)?,
        results,
    })
}
