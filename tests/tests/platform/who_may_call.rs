//! The table of who may call what: each method of each service, with each kind of credential that must not open it. It
//! follows from the descriptors, so that a new method is in it by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use contracts_gateway::v1::{CreateApiKeyRequest, RevokeApiKeyRequest};
use http::StatusCode;
use kernel::Scopes;
use rpc::{Access, Method};
use serde_json::{Value, json};
use testkit::{PlayedIssuer, SigningKey};
use tests::{Api, Rest, until};
use tonic::Code;

use crate::auth_matrix::{call, code_and_reason, create_key};
use crate::host::Host;
use crate::place::Place;
use crate::tenants::{Known, addresses, bodies, fill, filled_with_everything, other_tenant, strangers};

const COLUMNS: [&str; 7] = [
    "no credential",
    "expired key",
    "revoked key",
    "expired token",
    "token, lesser scope",
    "key, lesser scope",
    "another tenant",
];

/// What another tenant is told of what it asks for by ids that are not its own; `Ok` with an empty list alone.
const OTHERS: [Code; 3] = [Code::NotFound, Code::FailedPrecondition, Code::Ok];

struct Row {
    method: &'static Method,
    codes: [Option<Code>; COLUMNS.len()],
}

/// The callers who must not come in.
struct Callers {
    expired_key: String,
    revoked_key: String,
    expired_token: String,
    /// Keys and tokens with scopes that some methods do not ask for.
    lesser: [(Scopes, String, String); 2],
}

impl Callers {
    async fn make(host: &Host, issuer: &PlayedIssuer, signs: &SigningKey) -> Self {
        let (revoked, revoked_key) = create_key(&host.api, &["*"]).await;
        let request = CreateApiKeyRequest {
            request_id: Api::request_id(),
            display_name: "short".to_owned(),
            scopes: vec!["*".to_owned()],
            expire_time: Some(host.now().plus(Duration::from_mins(1)).to_wire()),
            ..CreateApiKeyRequest::default()
        };
        let expired = host.api.api_keys().create_api_key(request).await.unwrap();
        let expired_key = expired.into_inner().secret;
        for secret in [&revoked_key, &expired_key] {
            let opened = host.rest_as(Some(secret)).get("/v1/channels").await.status;
            assert_eq!(opened, StatusCode::OK, "before it ends");
        }
        let request = RevokeApiKeyRequest {
            request_id: Api::request_id(),
            api_key_id: revoked.api_key_id,
        };
        host.api.api_keys().revoke_api_key(request).await.unwrap();
        host.platform.clock().advance(Duration::from_mins(1));
        let rest = host.rest_as(Some(&revoked_key));
        // Within a second, says the contract.
        until("revoked", StatusCode::UNAUTHORIZED, async || {
            rest.get("/v1/channels").await.status
        })
        .await;
        let mut lesser = Vec::new();
        for scope in ["identity.read", "points.read"] {
            let token = signs.sign(&issuer.claims(json!({"scope": scope})));
            let (_, key) = create_key(&host.api, &[scope]).await;
            lesser.push((Scopes::new([scope.to_owned()]), key, format!("Bearer {token}")));
        }
        let expired_token = signs.sign(&issuer.claims(json!({"scope": "*", "exp": 1})));
        Self {
            expired_key,
            revoked_key,
            expired_token: format!("Bearer {expired_token}"),
            lesser: lesser.try_into().unwrap(),
        }
    }

    /// The codes of one method, but for the last column.
    async fn ask(&self, host: &Host, method: &'static Method) -> Row {
        let (_, key, token) = self
            .lesser
            .iter()
            .find(|(scopes, _, _)| !method.access.admits(scopes))
            .expect("no method is open to both");
        let credentials = [
            None,
            Some(("x-api-key", &self.expired_key)),
            Some(("x-api-key", &self.revoked_key)),
            Some(("authorization", &self.expired_token)),
            Some(("authorization", token)),
            Some(("x-api-key", key)),
        ];
        let mut codes = [None; COLUMNS.len()];
        for (code, credential) in codes.iter_mut().zip(credentials) {
            let outcome = call(
                &host.api,
                method,
                credential.map(|(name, value)| (name, value.as_str())),
            )
            .await;
            *code = Some(code_and_reason(&outcome).0);
        }
        Row { method, codes }
    }
}

/// What each column must say.
fn expected(access: &Access, column: usize) -> Code {
    match (access, column) {
        (Access::Public, _) => Code::Ok,
        // To an outsider, what is internal does not exist.
        (Access::Internal, _) => Code::Unimplemented,
        (Access::Scopes(_), 0..4) => Code::Unauthenticated,
        (Access::Scopes(_), _) => Code::PermissionDenied,
    }
}

/// What another tenant is told by each method that names something of the first one: the same as of what never was.
async fn another_tenant(known: &Known, rest: &Rest) -> BTreeMap<String, Code> {
    let mut codes = BTreeMap::new();
    let never = strangers(known);
    for read_only in [true, false] {
        for (verb, path, method) in addresses(read_only) {
            if !path.contains('{') {
                continue;
            }
            let mut told = Vec::new();
            for (which, ids) in [("theirs", known), ("nobody's", &never)] {
                let mut body = json!({"requestId": format!("{which} {}", method.name())});
                if read_only {
                    body = Value::Null;
                } else {
                    let of_theirs = bodies(known)[method.name()].clone();
                    merge(&mut body, with_ids(&of_theirs, known, ids));
                }
                let answer = rest.send(&verb, &fill(&path, ids), &body).await;
                let code = match answer.status {
                    // A list of what is of a member of nobody's is an empty one.
                    StatusCode::OK => {
                        assert!(read_only && is_empty_list(&answer.json()), "{path}: {}", answer.text);
                        Code::Ok
                    }
                    _ => Code::from_i32(i32::try_from(answer.json()["code"].as_i64().unwrap()).unwrap()),
                };
                told.push(code);
            }
            assert_eq!(
                told[0],
                told[1],
                "{} tells what is another tenant's",
                method.full_name()
            );
            codes.insert(
                format!("{}/{}", method.parent_service().full_name(), method.name()),
                told[0],
            );
        }
    }
    codes
}

fn is_empty_list(answer: &Value) -> bool {
    let mut lists = answer
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_array)
        .peekable();
    lists.peek().is_some() && lists.all(Vec::is_empty)
}

/// A body with other ids in place of the known ones, the longest first.
fn with_ids(body: &Value, known: &Known, ids: &Known) -> Value {
    let mut replaced: Vec<(&String, &String)> = known.iter().map(|(name, value)| (value, &ids[name])).collect();
    replaced.retain(|(value, _)| value.len() > 1);
    replaced.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    let text = replaced.into_iter().fold(body.to_string(), |text, (value, id)| {
        text.replace(&format!("\"{value}\""), &format!("\"{id}\""))
    });
    serde_json::from_str(&text).unwrap()
}

fn merge(body: &mut Value, more: Value) {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
}

/// The table, and how many methods of each service answer so to each credential.
fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut summary: BTreeMap<(&str, usize, String), usize> = BTreeMap::new();
    for row in rows {
        let codes = row
            .codes
            .map(|code| code.map_or_else(|| "-".to_owned(), |code| format!("{code:?}")));
        let _ = writeln!(text, "{:80} {}", row.method.full_name, codes.join(" | "));
        for (column, code) in codes.into_iter().enumerate() {
            *summary.entry((row.method.service, column, code)).or_default() += 1;
        }
    }
    let _ = writeln!(text, "\nservice: credential: methods by their code");
    for ((service, column, code), methods) in summary {
        let _ = writeln!(text, "{service:10} {:22} {code:18} {methods}", COLUMNS[column]);
    }
    text
}

#[tokio::test]
async fn each_method_refuses_each_credential_that_must_not_open_it_with_the_right_code() {
    let signs = SigningKey::p256("one");
    let issuer = PlayedIssuer::start(&[&signs]).await;
    let mut place = Place::new();
    let settings = json!([{
        "name": "corp",
        "issuer": issuer.issuer(),
        "audiences": ["quanyu"],
        "jwks_url": issuer.jwks_url(),
        "algorithms": ["ES256"],
        "tenant": "default",
    }]);
    place.config.gateway.issuers = serde_json::from_value(settings).unwrap();
    let (host, known) = filled_with_everything(Host::at(place).await).await;
    let other = other_tenant(&host).await;
    let callers = Callers::make(&host, &issuer, &signs).await;
    let others = another_tenant(&known, &other).await;
    let mut methods: Vec<_> = contracts_all::CONTRACT.methods().unwrap().iter().collect();
    methods.sort_by_key(|method| method.full_name);
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for method in methods {
        let mut row = callers.ask(&host, method).await;
        for (column, code) in row.codes.iter().enumerate() {
            let right = expected(&method.access, column);
            if code.is_some_and(|code| code != right) {
                wrong.push(format!("{}, {}: {code:?}", method.full_name, COLUMNS[column]));
            }
        }
        let last = others.get(method.full_name).copied();
        if last.is_some_and(|code| !OTHERS.contains(&code)) {
            wrong.push(format!("{}, another tenant: {last:?}", method.full_name));
        }
        row.codes[COLUMNS.len() - 1] = last;
        rows.push(row);
    }
    println!("{}", table(&rows));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let named = rows.iter().filter(|row| row.codes[COLUMNS.len() - 1].is_some()).count();
    assert!(
        named > 50,
        "only {named} methods were asked for what is another tenant's"
    );
    host.stop().await;
}
