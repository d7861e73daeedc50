//! Callers who go away in the middle of what they send: it is told to nobody as a fault of the platform's.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tests::brand::TMALL;
use tests::{Api, brand, story};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::process::{Process, quanyu};
use crate::separate_processes::{Beside, Roles};
use crate::server::Server;

/// How long the part that is sent may take to arrive.
const UNDER_WAY: Duration = Duration::from_millis(300);
/// The beginning of a message of a hundred bytes.
const PART: &[u8] = &[0, 0, 0, 0, 100, 10, 3, b'a', b'b', b'c'];
const PATHS: [&str; 2] = [
    "/quanyu.points.v1.PointsService/EarnPoints",
    "/quanyu.tagging.v1.ActivityService/StreamActivities",
];

/// How a caller goes away.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Gives up the call: the stream is reset.
    Cancels,
    /// Fails to send the rest: the stream is reset as faulty.
    Fails,
    /// Goes with its connection.
    Vanishes,
}

async fn send_part(address: String, key: String, path: &'static str, way: Way) {
    let part = stream::iter([Ok(Frame::data(Bytes::from_static(PART)))]);
    let rest = stream::once(async move {
        kernel::pause(UNDER_WAY).await;
        match way {
            Way::Fails => Err(std::io::Error::other("nothing more comes")),
            Way::Cancels | Way::Vanishes => std::future::pending().await,
        }
    });
    let request = http::Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("x-api-key", key)
        .body(StreamBody::new(Box::pin(part.chain(rest))));
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    // Who goes away hears nothing.
    let _ = tokio::time::timeout(UNDER_WAY * 2, client.request(request.unwrap())).await;
}

/// The same in a runtime of its own, which ends with all of its connections.
fn go_away(address: &str, key: &str, path: &'static str, way: Way) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let call = send_part(address.to_owned(), key.to_owned(), path, way);
    match way {
        Way::Vanishes => {
            runtime.spawn(call);
            runtime.block_on(kernel::pause(UNDER_WAY));
        }
        Way::Cancels | Way::Fails => runtime.block_on(call),
    }
    runtime.shutdown_background();
}

/// A request of REST whose body ends before its length.
async fn begin_rest(address: &str, key: &str) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!("POST /v1/points:earn HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\ncontent-length: 100\r\n\r\n{{");
    connection.write_all(head.as_bytes()).await.unwrap();
    kernel::pause(UNDER_WAY).await;
}

/// In every way that there is, and then somebody comes who stays.
async fn all_go_away(address: &str, key: &str) {
    for path in PATHS {
        for way in [Way::Cancels, Way::Fails, Way::Vanishes] {
            let (address, key) = (address.to_owned(), key.to_owned());
            let going = tokio::task::spawn_blocking(move || go_away(&address, &key, path, way));
            going.await.unwrap();
        }
    }
    begin_rest(address, key).await;
    let api = Api::new(address, key);
    let member = story::arrive(&api, TMALL, "stays", None).await.unwrap();
    story::earn(&api, "stays", &member, 1).await.unwrap();
}

/// Has a process say to a file what it says to its operators.
fn say_to(command: &mut Command, log: &Path) {
    command.stderr(File::options().append(true).open(log).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_away_in_the_middle_of_a_request_is_no_fault_of_the_platform() {
    let (server, log) = (Server::new().await, tempfile::NamedTempFile::new().unwrap());
    let mut command = quanyu();
    command
        .args(["up", "--listen", "127.0.0.1:0", "--folder"])
        .arg(server.folder.path());
    if let Some(url) = &server.url {
        command.env("QUANYU_DATABASE_URL", url);
    }
    say_to(&mut command, log.path());
    let mut up = Process::start(command);
    let key = up.first_key();
    brand::found(&Api::new(&up.address, &key)).await.unwrap();
    all_go_away(&up.address, &key).await;
    up.signal("TERM");
    assert!(up.ended().await.success());
    let said = std::fs::read_to_string(log.path()).unwrap();
    assert!(!said.contains("ERROR"), "{said}");
    server.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_of_a_gateway_who_goes_away_is_no_fault_of_the_service_behind_it() {
    let (server, log) = (Server::new().await, tempfile::NamedTempFile::new().unwrap());
    let path = log.path().to_owned();
    let roles = Roles::start_with(&server, Beside::default(), move |_, command| say_to(command, &path));
    let (address, key) = (roles.gateway().address.clone(), roles.gateway().first_key());
    brand::found(&Api::new(&address, &key)).await.unwrap();
    // Those that started first have looked for the others.
    let begun = std::fs::read_to_string(log.path()).unwrap().len();
    all_go_away(&address, &key).await;
    let said = std::fs::read_to_string(log.path()).unwrap().split_off(begun);
    roles.stop().await;
    for words in ["ERROR", "cannot be reached", "fails one call after the other"] {
        assert!(!said.contains(words), "{words}: {said}");
    }
    server.remove().await;
}
