//! How soon `quanyu up` is ready on a folder that is there already, and how much memory it holds while nobody calls.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fault::Fault;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::{millis, process, say};

/// How often it is started on the folder.
const TURNS: usize = 5;
/// How often it is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(2);
/// How long it may take.
const START_MAX: Duration = Duration::from_mins(1);
/// How long nobody calls before its memory is read.
const IDLE: Duration = Duration::from_secs(5);
/// How long it may take to stop.
const STOP_MAX: Duration = Duration::from_secs(30);

/// Starts it on a new folder once, and then again and again.
pub(crate) async fn run(binary: &Path) -> Result<(), Fault> {
    let folder = tempfile::tempdir().map_err(Fault::internal)?;
    let (first, platform) = start(binary, &folder).await?;
    let size = std::fs::metadata(binary).map_err(Fault::internal)?.len() / 1_000_000;
    say(&format!("{}: {size} MB", binary.display()));
    say(&format!("up on a new folder: ready in {} ms", millis(micros(first))));
    stop(platform).await?;
    let (mut longest, mut resident) = (Duration::ZERO, 0);
    for turn in 1..=TURNS {
        let (ready, platform) = start(binary, &folder).await?;
        longest = longest.max(ready);
        if turn == TURNS {
            kernel::pause(IDLE).await;
            resident = process::resident(platform.id().ok_or_else(|| Fault::internal("it has ended"))?)?;
        }
        stop(platform).await?;
    }
    say(&format!(
        "up on that folder again: ready in {} ms (the worst of {TURNS}), {} MB after {} s without a call",
        millis(micros(longest)),
        resident / 1_000,
        IDLE.as_secs()
    ));
    Ok(())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

async fn start(binary: &Path, folder: &TempDir) -> Result<(Duration, Child), Fault> {
    // Bound and let go again: the process takes it over.
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Fault::internal)?;
    let address = listener.local_addr().map_err(Fault::internal)?;
    drop(listener);
    let begun = Instant::now();
    let mut command = Command::new(binary);
    command
        .args(["up", "--listen", &address.to_string(), "--folder"])
        .arg(folder.path());
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let platform = command.spawn().map_err(Fault::internal)?;
    while !is_ready(address).await {
        if begun.elapsed() > START_MAX {
            return Err(Fault::unavailable("the platform does not become ready"));
        }
        kernel::pause(ASK_EVERY).await;
    }
    Ok((begun.elapsed(), platform))
}

async fn is_ready(address: SocketAddr) -> bool {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = Request::get(format!("http://{address}/readyz")).body(Full::default());
    let Ok(request) = request else { return false };
    let answer = client.request(request).await;
    answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
}

async fn stop(mut platform: Child) -> Result<(), Fault> {
    let id = platform.id().ok_or_else(|| Fault::internal("it has ended"))?;
    let mut asked = Command::new("kill");
    asked.arg(id.to_string()).status().await.map_err(Fault::internal)?;
    let ended = tokio::time::timeout(STOP_MAX, platform.wait()).await;
    ended.map_err(Fault::internal)?.map_err(Fault::internal)?;
    Ok(())
}
