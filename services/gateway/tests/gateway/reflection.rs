//! What reflection tells: to tools that speak either version, with comments, options and the details of errors.

use prost::Message;
use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::FileDescriptorProto;

use crate::platform::Platform;

/// Asks for a symbol or a file by either version.
macro_rules! ask {
    ($platform:expr, $version:ident, $what:ident, $name:expr) => {{
        use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
        let request = tonic_reflection::pb::$version::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::$what($name.to_owned())),
        };
        let mut client = ServerReflectionClient::new($platform.connect().await);
        let answers = client.server_reflection_info(tokio_stream::iter([request])).await;
        match answers.unwrap().into_inner().message().await {
            Ok(answer) => match answer.unwrap().message_response.unwrap() {
                MessageResponse::FileDescriptorResponse(files) => files.file_descriptor_proto.into_iter().next(),
                other => panic!("{other:?}"),
            },
            Err(status) => {
                assert_eq!(status.code(), tonic::Code::NotFound);
                None
            }
        }
    }};
}

#[tokio::test]
async fn a_description_has_its_comments_and_options() {
    let platform = Platform::start().await;
    let service = "quanyu.points.v1.PointsService";
    let v1 = ask!(platform, v1, FileContainingSymbol, service).unwrap();
    assert_eq!(ask!(platform, v1alpha, FileContainingSymbol, service).unwrap(), v1);
    let file = FileDescriptorProto::decode(&*v1).unwrap();
    let comments = file.source_code_info.unwrap();
    let method = comments
        .location
        .iter()
        .find(|location| location.path == [6, 0, 2, 0])
        .unwrap();
    let name = file.service[0].method[0].name();
    assert!(!method.leading_comments().is_empty(), "{name} has no comment");
    // The addresses of REST are options, which tools show.
    assert!(v1.windows(10).any(|piece| piece == b"/v1/member"), "no address of REST");
}

#[tokio::test]
async fn the_details_of_errors_can_be_decoded() {
    let platform = Platform::start().await;
    for symbol in [
        "google.rpc.ErrorInfo",
        "google.rpc.BadRequest",
        "google.rpc.RetryInfo",
        "google.rpc.Status",
    ] {
        let v1 = ask!(platform, v1, FileContainingSymbol, symbol).unwrap_or_else(|| panic!("{symbol}"));
        assert_eq!(ask!(platform, v1alpha, FileContainingSymbol, symbol).unwrap(), v1);
    }
}

/// A tool asks for each import in turn, and shows nothing where one is missing.
#[tokio::test]
async fn every_file_comes_with_its_imports() {
    let platform = Platform::start().await;
    let mut wanted = vec![
        "quanyu/points/v1/posting_service.proto".to_owned(),
        "quanyu/identity/v1/member_service.proto".to_owned(),
        "google/rpc/error_details.proto".to_owned(),
        "google/rpc/status.proto".to_owned(),
    ];
    let mut files: Vec<FileDescriptorProto> = Vec::new();
    while let Some(name) = wanted.pop() {
        if files.iter().any(|file| file.name() == name) {
            continue;
        }
        let file = ask!(platform, v1, FileByFilename, name).unwrap_or_else(|| panic!("{name} is missing"));
        let file = FileDescriptorProto::decode(&*file).unwrap();
        wanted.extend(file.dependency.iter().cloned());
        files.push(file);
    }
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(files).unwrap();
    assert!(pool.get_message_by_name("google.rpc.ErrorInfo").is_some());
}

#[tokio::test]
async fn what_only_peers_may_call_is_not_described() {
    let platform = Platform::start().await;
    assert!(
        ask!(
            platform,
            v1,
            FileContainingSymbol,
            "quanyu.events.internal.v1.FeedService"
        )
        .is_none()
    );
}
