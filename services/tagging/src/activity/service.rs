use contracts_tagging::v1::activity_service_server::ActivityService;
use contracts_tagging::v1::{
    ListActivitiesRequest, ListActivitiesResponse, RecordActivitiesRequest, RecordActivitiesResponse,
    StreamActivitiesRequest,
};
use tonic::{Request, Response, Status, Streaming};

use super::stream_activities::Results;
use crate::api::TaggingApi;

rpc::serve_methods! {
    impl ActivityService for TaggingApi {
        record_activities(RecordActivitiesRequest) -> RecordActivitiesResponse;
        list_activities(ListActivitiesRequest) -> ListActivitiesResponse;

        type StreamActivitiesStream = Results;

        async fn stream_activities(
            &self,
            request: Request<Streaming<StreamActivitiesRequest>>,
        ) -> Result<Response<Results>, Status> {
            let (metadata, extensions, incoming) = request.into_parts();
            let call = rpc::accept(Request::from_parts(metadata, extensions, ()))?;
            Ok(Response::new(self.stream_activities(call.tenant(), incoming)))
        }
    }
}
