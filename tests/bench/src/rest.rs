//! REST through the gateway beside Envoy's transcoder before the same service, in turns: rates, and what each spends of the
//! processors for a call. Envoy checks no key; it adds a principal that was signed beforehand.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bytes::Bytes;
use clap::Args;
use fault::Fault;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tonic::Status;

use crate::fleet::{Fleet, wait_for};
use crate::load::Load;
use crate::world::{ASSET, World};
use crate::{permille, process, say};

/// Where the other one is.
#[derive(Debug, Clone, Args)]
pub(crate) struct RestArgs {
    /// Envoy's program.
    #[arg(long)]
    envoy: PathBuf,
}

/// How often each is measured.
const TURNS: usize = 3;

/// One of the two that are compared.
struct Edge {
    name: &'static str,
    address: SocketAddr,
    process: u32,
    key: Option<String>,
}

/// A call for JSON.
#[derive(Clone, Copy)]
enum Case {
    Get,
    Post,
}

/// Measures a GET and a POST at both, and prints a table.
pub(crate) async fn run(fleet: &Fleet, load: &Load, members: usize, args: &RestArgs) -> Result<(), Fault> {
    let world = World::build(fleet, members).await?;
    let envoy = Envoy::start(&args.envoy, fleet).await?;
    let edges = [
        Edge {
            name: "gateway",
            address: fleet.address("gateway")?,
            process: fleet.process("gateway")?,
            key: Some(fleet.api_key().to_owned()),
        },
        Edge {
            name: "envoy",
            address: envoy.address,
            process: envoy.process.id().ok_or_else(|| Fault::internal("Envoy has ended"))?,
            key: None,
        },
    ];
    say(&format!(
        "{} callers, {TURNS} turns, {}",
        load.callers,
        fleet.database()
    ));
    say(&format!(
        "{:<28} {:>9} {:>14} {:>7}",
        "", "req/s", "CPU us a call", "errors"
    ));
    for (name, case) in [("GetBalance", Case::Get), ("RedeemPoints", Case::Post)] {
        let mut sums = [Sum::default(), Sum::default()];
        for turn in 0..TURNS {
            for (edge, sum) in edges.iter().zip(&mut sums) {
                sum.add(&measure(edge, case, load, &world, turn).await?);
            }
        }
        for (edge, sum) in edges.iter().zip(&sums) {
            let (rate, cpu) = (sum.rate(), sum.cpu());
            say(&format!(
                "{:<28} {rate:>9} {cpu:>14} {:>7}",
                format!("{name} {}", edge.name),
                sum.errors
            ));
        }
        let [gateway, envoy] = &sums;
        say(&format!(
            "{:<28} {:>9} {:>14}",
            "  gateway / envoy",
            permille(gateway.rate(), envoy.rate()),
            permille(gateway.cpu(), envoy.cpu())
        ));
    }
    Ok(())
}

/// What some turns came to.
#[derive(Debug, Default)]
struct Sum {
    turns: u64,
    rates: u64,
    calls: u64,
    cpu_micros: u64,
    errors: usize,
}

impl Sum {
    fn add(&mut self, turn: &Self) {
        self.turns = self.turns.saturating_add(turn.turns);
        self.rates = self.rates.saturating_add(turn.rates);
        self.calls = self.calls.saturating_add(turn.calls);
        self.cpu_micros = self.cpu_micros.saturating_add(turn.cpu_micros);
        self.errors = self.errors.saturating_add(turn.errors);
    }

    fn rate(&self) -> u64 {
        self.rates.checked_div(self.turns).unwrap_or(0)
    }

    fn cpu(&self) -> u64 {
        self.cpu_micros.checked_div(self.calls).unwrap_or(0)
    }
}

async fn measure(edge: &Edge, case: Case, load: &Load, world: &World, turn: usize) -> Result<Sum, Fault> {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (members, address, key) = (world.members(), edge.address, edge.key.clone());
    let prefix = format!("{}-{}-{turn}", world.run(), edge.name);
    let before = process::cpu(edge.process)?;
    let figures = load
        .measure(move |n| {
            let count = u64::try_from(members.len()).unwrap_or(1).max(1);
            let index = usize::try_from(n.checked_rem(count).unwrap_or(0)).unwrap_or(0);
            let member = members.get(index).cloned().unwrap_or_default();
            let request = request(case, address, &member, &format!("{prefix}-{n}"), key.as_deref());
            let client = client.clone();
            async move { answered(&client, request?).await }
        })
        .await;
    let spent = process::cpu(edge.process)?.saturating_sub(before);
    Ok(Sum {
        turns: 1,
        rates: figures.per_second(),
        calls: figures.calls(),
        cpu_micros: u64::try_from(spent.as_micros()).unwrap_or(u64::MAX),
        errors: figures.errors,
    })
}

fn request(
    case: Case,
    address: SocketAddr,
    member: &str,
    request_id: &str,
    key: Option<&str>,
) -> Result<Request<Full<Bytes>>, Status> {
    let (method, path, body) = match case {
        Case::Get => ("GET", format!("balances/{ASSET}"), String::new()),
        Case::Post => (
            "POST",
            "points:redeem".to_owned(),
            format!(r#"{{"requestId":"{request_id}","assetCode":"{ASSET}","amount":"1"}}"#),
        ),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{address}/v1/members/{member}/{path}"));
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Status::internal(error.to_string()))
}

async fn answered(client: &Client<HttpConnector, Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<(), Status> {
    let unavailable = |error: &dyn std::error::Error| Status::unavailable(error.to_string());
    let answer = client.request(request).await.map_err(|error| unavailable(&error))?;
    let status = answer.status();
    answer
        .into_body()
        .collect()
        .await
        .map_err(|error| unavailable(&error))?;
    match status.is_success() {
        true => Ok(()),
        false => Err(Status::unknown(status.to_string())),
    }
}

/// Envoy before the service of points.
struct Envoy {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Envoy {
    async fn start(program: &Path, fleet: &Fleet) -> Result<Self, Fault> {
        let folder = tempfile::tempdir().map_err(Fault::internal)?;
        // Bound and let go again: the process takes it over.
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Fault::internal)?;
        let address = listener.local_addr().map_err(Fault::internal)?;
        drop(listener);
        let descriptors = folder.path().join("contracts.bin");
        std::fs::write(&descriptors, contracts_all::CONTRACT.descriptor_set()).map_err(Fault::internal)?;
        let principal = fleet.principal()?;
        let principal = principal.to_str().map_err(Fault::internal)?;
        let config = config(address, fleet.address("points")?, &descriptors, principal);
        let file = folder.path().join("envoy.json");
        std::fs::write(&file, config).map_err(Fault::internal)?;
        let mut command = Command::new(program);
        command.args(["--disable-hot-restart", "-l", "error", "-c"]).arg(&file);
        command.stdout(Stdio::null()).kill_on_drop(true);
        let process = command
            .spawn()
            .map_err(|error| Fault::internal(format!("{} cannot be started: {error}", program.display())))?;
        wait_for("envoy", address).await?;
        Ok(Self {
            process,
            address,
            _folder: folder,
        })
    }
}

fn config(address: SocketAddr, points: SocketAddr, descriptors: &Path, principal: &str) -> String {
    let socket = |address: SocketAddr| serde_json::json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}});
    let http = "type.googleapis.com/envoy.extensions.filters.http";
    let filters = serde_json::json!([
        {"name": "transcoder", "typed_config": {
            "@type": format!("{http}.grpc_json_transcoder.v3.GrpcJsonTranscoder"),
            "proto_descriptor": descriptors,
            "services": ["quanyu.points.v1.PointsService"],
        }},
        {"name": "router", "typed_config": {"@type": format!("{http}.router.v3.Router")}},
    ]);
    let route = serde_json::json!({
        "match": {"prefix": "/"},
        "route": {"cluster": "points", "timeout": "60s"},
        "request_headers_to_add": [{"header": {"key": rpc::PRINCIPAL_HEADER.as_str(), "value": principal}}],
    });
    let connections = serde_json::json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "rest",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": filters,
    });
    let cluster = serde_json::json!({
        "name": "points",
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": "points", "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": socket(points)}}]},
        ]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }},
    });
    let chain = serde_json::json!([{"filters": [{"name": "http", "typed_config": connections}]}]);
    let listener = serde_json::json!({"name": "rest", "address": socket(address), "filter_chains": chain});
    serde_json::json!({"static_resources": {"listeners": [listener], "clusters": [cluster]}}).to_string()
}
