//! A platform of one's own, with a shop's channel and asset, and the proxy that fails.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use quanyu_sdk::identity::{Arrival, Channel, ChannelKind, CreateChannelRequest, ResolveMemberRequest};
use quanyu_sdk::points::{Asset, AssetKind, CreateAssetRequest, EarnPointsRequest, GetBalanceRequest};
use quanyu_sdk::{Client, Options};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// A platform, which ends with it.
pub(crate) struct Platform {
    pub(crate) port: u16,
    pub(crate) key: String,
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
    child: Option<(Child, BufReader<ChildStdout>)>,
}

impl Platform {
    pub(crate) async fn start(settings: Vec<(&'static str, String)>) -> Self {
        let mut platform = Self {
            port: free_port(),
            key: String::new(),
            folder: tempfile::tempdir().unwrap(),
            settings,
            child: None,
        };
        platform.up().await;
        platform
    }

    /// One with a shop, and its client.
    pub(crate) async fn with_shop() -> (Self, Client) {
        let platform = Self::start(Vec::new()).await;
        let client = platform.client(Options::default());
        open_shop(&client).await;
        (platform, client)
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn client(&self, options: Options) -> Client {
        Client::with(&self.address(), self.key.as_str(), options).unwrap()
    }

    /// Starts it, and waits until it serves.
    pub(crate) async fn up(&mut self) {
        let mut child = program()
            .args(["up", "--folder", self.folder.path().join("data").to_str().unwrap()])
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .env("QUANYU_PRINT_FIRST_API_KEY", "true")
            .envs(self.settings.iter().map(|(name, value)| (*name, value)))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("Ctrl-C stops") {
            if let Some((_, key)) = line.split_once("QUANYU_API_KEY=") {
                let end = key.find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
                self.key.clear();
                self.key.push_str(&key[..end.unwrap_or(key.len())]);
            }
            line.clear();
            assert_ne!(
                out.read_line(&mut line).await.unwrap(),
                0,
                "the platform does not serve"
            );
        }
        self.child = Some((child, out));
    }

    /// Ends it at once, as a power failure does.
    pub(crate) async fn down(&mut self) {
        let (mut child, _) = self.child.take().unwrap();
        child.kill().await.unwrap();
    }
}

impl Drop for Platform {
    /// Waits until it has ended, which holds files of the folder until then.
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.child {
            child.start_kill().unwrap();
            while matches!(child.try_wait(), Ok(None)) {
                std::thread::yield_now();
            }
        }
    }
}

/// The platform's, without settings of the surroundings.
#[expect(clippy::disallowed_methods, reason = "tests are told by their environment")]
fn program() -> Command {
    let mut command = Command::new(std::env::var("QUANYU_BINARY").expect("QUANYU_BINARY names the platform's program"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("QUANYU_")) {
        command.env_remove(name);
    }
    command
}

/// The proxy that fails.
pub(crate) struct Faults {
    pub(crate) address: String,
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Faults {
    pub(crate) async fn before(platform: &Platform, seed: u32) -> Self {
        let port = free_port();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../faults.py");
        let mut child = Command::new("python3")
            .arg(program)
            .args([port.to_string(), platform.port.to_string(), seed.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).await.unwrap();
        Self {
            address: format!("http://127.0.0.1:{port}"),
            child,
            out,
        }
    }

    /// Ends it, and says how often it did what.
    pub(crate) async fn end(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        Command::new("kill").arg(id).status().await.unwrap();
        let mut told = String::new();
        self.out.read_to_string(&mut told).await.unwrap();
        told.trim().to_owned()
    }
}

pub(crate) async fn open_shop(quanyu: &Client) {
    let channel = Channel {
        channel_code: "shop".to_owned(),
        kind: ChannelKind::Pos.into(),
        display_name: "Shop".to_owned(),
        trust_rank: 100,
        ..Channel::default()
    };
    let request = CreateChannelRequest {
        channel: Some(channel),
        ..CreateChannelRequest::default()
    };
    quanyu.channels().create_channel(request).await.unwrap();
    let asset = Asset {
        kind: AssetKind::Points.into(),
        ..Asset::default()
    };
    let request = CreateAssetRequest {
        code: "points".to_owned(),
        asset: Some(asset),
        ..CreateAssetRequest::default()
    };
    quanyu.assets().create_asset(request).await.unwrap();
}

/// A new member with an amount of points.
pub(crate) async fn member_with(quanyu: &Client, external_id: &str, amount: i64) -> String {
    let arrival = Arrival {
        channel_code: "shop".to_owned(),
        external_id: external_id.to_owned(),
        ..Arrival::default()
    };
    let request = ResolveMemberRequest {
        arrival: Some(arrival),
        ..ResolveMemberRequest::default()
    };
    let member_id = quanyu
        .members()
        .resolve_member(request)
        .await
        .unwrap()
        .resolution
        .unwrap()
        .member_id;
    let request = EarnPointsRequest {
        member_id: member_id.clone(),
        asset_code: "points".to_owned(),
        amount,
        ..EarnPointsRequest::default()
    };
    quanyu.points().earn_points(request).await.unwrap();
    member_id
}

pub(crate) fn balance_request(member_id: &str) -> GetBalanceRequest {
    GetBalanceRequest {
        member_id: member_id.to_owned(),
        asset_code: "points".to_owned(),
        ..GetBalanceRequest::default()
    }
}

pub(crate) async fn balance_of(quanyu: &Client, member_id: &str) -> i64 {
    let answer = quanyu.points().get_balance(balance_request(member_id)).await.unwrap();
    answer.balance.unwrap().available
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
