//! What the SDK costs a call. Told, not asserted: how long one takes is the machine's as well.

use std::time::{Duration, Instant};

use quanyu_sdk::points::{GetBalanceRequest, GetBalanceResponse};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use crate::process::{Platform, balance_request, member_with};

const TURNS: usize = 1000;
const UNCOUNTED: usize = 100;

/// As code that tonic generates makes the call.
async fn bare(channel: &Channel, key: &MetadataValue<Ascii>, request: GetBalanceRequest) -> GetBalanceResponse {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let mut request = tonic::Request::new(request);
    request.metadata_mut().insert("authorization", key.clone());
    request.set_timeout(Duration::from_secs(10));
    let path = PathAndQuery::from_static("/quanyu.points.v1.PointsService/GetBalance");
    grpc.unary(request, path, ProstCodec::default())
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
#[ignore = "needs a platform: sdks/rust/test"]
async fn what_the_sdk_costs_a_call() {
    let (platform, quanyu) = Platform::with_shop().await;
    let request = balance_request(&member_with(&quanyu, "costs", 10).await);
    let channel = Endpoint::from_shared(platform.address())
        .unwrap()
        .tcp_nodelay(true)
        .connect_lazy();
    let key = format!("Bearer {}", platform.key).parse().unwrap();
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..TURNS {
        let began = Instant::now();
        if turn % 2 == 0 {
            bare(&channel, &key, request.clone()).await;
        } else {
            quanyu.points().get_balance(request.clone()).await.unwrap();
        }
        if turn >= UNCOUNTED {
            times[turn % 2].push(began.elapsed());
        }
    }
    let [alone, sdk] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1000.0
    });
    println!(
        "a call takes {sdk:.3} ms, {:.3} of the generated client alone",
        sdk / alone
    );
}
