//! Facts for those who keep a place in them.

mod cursor;
mod places;
mod stream_facts;

use contracts_channels::v1::StreamFactsRequest;
use contracts_channels::v1::fact_stream_service_server::FactStreamService;
use rpc::accept;
use tonic::{Request, Response, Status, async_trait};

use crate::api::ChannelsApi;
use stream_facts::Told;

pub(crate) use places::Places;

#[async_trait]
impl FactStreamService for ChannelsApi {
    type StreamFactsStream = Told;

    async fn stream_facts(&self, request: Request<StreamFactsRequest>) -> Result<Response<Told>, Status> {
        let call = accept(request)?;
        Ok(Response::new(self.stream_facts(call).await?))
    }
}
