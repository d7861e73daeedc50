//! A service whose methods are handed on to those of the same name, with a stream that is written out beside them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use contracts_points::v1::posting_service_client::PostingServiceClient;
use contracts_points::v1::posting_service_server::{PostingService, PostingServiceServer};
use contracts_points::v1::{PostBatchRequest, PostBatchResponse, PostStreamRequest, PostStreamResponse};
use fault::{Common, Fault};
use kernel::{Principal, Tenant};
use rpc::{Call, Channel, Signer, Stack, Switchboard};
use telemetry::Red;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::StatusExt;

const SECRET: [u8; 32] = [5; 32];

struct Ledger;

impl Ledger {
    /// Posts as many as are asked for; refuses to post none.
    async fn post_batch(&self, call: Call<PostBatchRequest>) -> Result<PostBatchResponse, Fault> {
        tokio::task::yield_now().await;
        let posted_count = i32::try_from(call.postings.len()).map_err(Fault::internal)?;
        if posted_count == 0 {
            return Err(Fault::refused(Common::Overloaded, "none is too many").with("postings", posted_count));
        }
        Ok(PostBatchResponse {
            posted_count,
            ..PostBatchResponse::default()
        })
    }
}

rpc::serve_methods! {
    impl PostingService for Ledger {
        post_batch(PostBatchRequest) -> PostBatchResponse;

        type PostStreamStream = tokio_stream::Iter<std::vec::IntoIter<Result<PostStreamResponse, Status>>>;

        async fn post_stream(
            &self,
            request: Request<Streaming<PostStreamRequest>>,
        ) -> Result<Response<Self::PostStreamStream>, Status> {
            let mut incoming = request.into_inner();
            let mut answers = Vec::new();
            while incoming.message().await?.is_some() {
                answers.push(Ok(PostStreamResponse::default()));
            }
            Ok(Response::new(tokio_stream::iter(answers)))
        }
    }
}

fn ledger() -> PostingServiceClient<Channel> {
    let stack = Stack {
        signer: Signer::new(&SECRET),
        red: Red::default(),
        concurrency_max: 8,
    };
    let switchboard = Switchboard::new();
    switchboard.connect(
        rpc::serve(
            Routes::new(PostingServiceServer::new(Ledger)),
            &contracts_points::CONTRACT,
            stack,
        )
        .unwrap(),
    );
    let principal = Signer::new(&SECRET)
        .sign(&Principal::service("campaign", Tenant::PLATFORM))
        .unwrap();
    PostingServiceClient::new(Channel::local(switchboard).with_principal(principal))
}

#[tokio::test]
async fn a_method_is_answered_by_the_one_of_its_name_and_its_fault_becomes_a_status() {
    let postings = vec![contracts_points::v1::Posting::default(); 3];
    let asked = PostBatchRequest {
        postings,
        ..PostBatchRequest::default()
    };
    let answer = ledger().post_batch(asked).await.unwrap().into_inner();
    assert_eq!(answer.posted_count, 3);
    let status = ledger().post_batch(PostBatchRequest::default()).await.unwrap_err();
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(
        (status.code(), &*info.reason, &*info.metadata["postings"]),
        (Code::ResourceExhausted, "OVERLOADED", "0")
    );
}

#[tokio::test]
async fn a_stream_that_is_written_out_stands_beside_the_methods_that_are_handed_on() {
    let asked = tokio_stream::iter(vec![PostStreamRequest::default(); 2]);
    let mut answers = ledger().post_stream(asked).await.unwrap().into_inner();
    let mut count = 0_usize;
    while answers.message().await.unwrap().is_some() {
        count = count.saturating_add(1);
    }
    assert_eq!(count, 2);
}
