use contracts_tagging::v1::{ListActivitiesRequest, ListActivitiesResponse};
use fault::Fault;
use kernel::{Page, PageTokenError, Time};
use rpc::Call;
use uuid::Uuid;

use super::ActivityId;
use super::rows;
use super::rows::Place;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn list_activities(
        &self,
        call: Call<ListActivitiesRequest>,
    ) -> Result<ListActivitiesResponse, Fault> {
        let member = self.survivor(call.tenant(), &call.member_id).await?;
        let filter = format!("activities {member} {}", call.activity_type);
        let page = Page::parse(filter, call.page_size, &call.page_token)?;
        let before = page.cursor().map(read).transpose()?;
        let mut rows = rows::timeline(
            self.db.read(),
            call.tenant(),
            member,
            &call.activity_type,
            before,
            page.rows_max(),
        )
        .await?;
        let next_page_token = page.cut(&mut rows, |(place, _)| write(*place));
        let activities = rows.into_iter().map(|(_, activity)| activity).collect();
        Ok(ListActivitiesResponse {
            activities,
            next_page_token,
        })
    }
}

fn write(place: Place) -> Vec<u8> {
    [&place.occur_time.micros().to_be_bytes()[..], place.id.uuid().as_bytes()].concat()
}

fn read(cursor: &[u8]) -> Result<Place, Fault> {
    let place = || {
        let (time, id) = cursor.split_first_chunk()?;
        let id = Uuid::from_slice(id).ok()?;
        Some(Place {
            occur_time: Time::from_micros(i64::from_be_bytes(*time)),
            id: ActivityId::from_uuid(id),
        })
    };
    place().ok_or_else(|| PageTokenError::Malformed.into())
}
