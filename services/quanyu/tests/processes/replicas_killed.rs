//! Two replicas of the ledger on one PostgreSQL are killed at random moments under load and started again: what was
//! acknowledged is there exactly once, and what was not gets its outcome when it is sent again, to whichever of the two.
//!
//! Only where there is PostgreSQL: SQLite has one process. For that one see `kill_nine`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::ledger_service_client::LedgerServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::posting::Request;
use contracts_points::v1::posting_result::Outcome as Told;
use contracts_points::v1::posting_service_client::PostingServiceClient;
use contracts_points::v1::transfer_service_client::TransferServiceClient;
use contracts_points::v1::{
    Asset, AssetKind, CreateAssetRequest, EarnPointsRequest, Entry, GetBalanceRequest, ListEntriesRequest,
    PostBatchRequest, PostStreamRequest, Posting, PostingResult, ReconcileAccountsRequest, RedeemPointsRequest,
    ReversePointsRequest, TransferPointsRequest,
};
use futures::StreamExt;
use futures::future::join_all;
use http::HeaderValue;
use kernel::{Clock, Id, Principal, Tenant};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rpc::{Channel, Signer};
use tests::reason;
use tokio::sync::watch;
use tonic::{Code, Status};

use crate::process::Process;
use crate::server::Server;
use crate::two_replicas::{Member, SIGNING_KEY, serve_points};

/// How often one replica, or both, are killed.
const KILLS: usize = 8;
/// Callers at once.
const CALLERS: u64 = 8;
/// Few, so that both replicas post to the same accounts.
const MEMBERS: usize = 5;
/// What a member has to spend from the beginning.
const FUNDS: i64 = 500;
/// How many postings a batch or a stream carries.
const POSTINGS: u64 = 12;
/// How long a caller waits before it takes the outcome for unknown.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before something is sent again that nobody answered.
const PAUSE: Duration = Duration::from_millis(20);
/// How often it is sent again.
const REPEATS_MAX: usize = 3_000;
/// How long the replicas work before the next kill, at the most.
const QUIET_MAX: Duration = Duration::from_millis(900);

/// What somebody asks for. Sent again, it is the same request to the last byte.
#[derive(Clone, Debug)]
enum Ask {
    Post(Posting),
    Transfer(TransferPointsRequest),
}

/// What is known of its outcome in the end.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Posted(Vec<Entry>),
    Refused(String),
}

#[derive(Clone, Copy)]
enum Way {
    Method,
    Batch,
    Stream,
}

/// The replicas, where they are reached by now.
struct Replicas {
    principal: HeaderValue,
    addresses: [watch::Sender<String>; 2],
}

struct Caller {
    name: String,
    replicas: Arc<Replicas>,
    members: Arc<Vec<String>>,
    dice: StdRng,
    answers: BTreeMap<String, (Ask, Answer)>,
}

impl Replicas {
    fn channel(&self, replica: usize) -> Channel {
        let address = format!("http://{}", *self.addresses[replica].borrow());
        Channel::remote("points", &contracts_points::CONTRACT, &address.parse().unwrap())
            .with_principal(self.principal.clone())
    }
}

impl Ask {
    fn id(&self) -> &str {
        match self {
            Self::Transfer(request) => &request.request_id,
            Self::Post(posting) => match posting.request.as_ref().unwrap() {
                Request::Earn(request) => &request.request_id,
                Request::Redeem(request) => &request.request_id,
                Request::Reverse(request) => &request.request_id,
                other => panic!("{other:?} is not asked for here"),
            },
        }
    }

    fn posting(&self) -> Posting {
        match self {
            Self::Post(posting) => posting.clone(),
            Self::Transfer(request) => panic!("{request:?} goes by its method alone"),
        }
    }

    async fn send(&self, channel: Channel) -> Result<Vec<Entry>, Status> {
        let mut points = PointsServiceClient::new(channel.clone());
        Ok(match self.clone() {
            Self::Transfer(request) => {
                let mut transfers = TransferServiceClient::new(channel);
                let answer = transfers.transfer_points(request).await?.into_inner();
                vec![answer.out_entry.unwrap(), answer.in_entry.unwrap()]
            }
            Self::Post(posting) => match posting.request.unwrap() {
                Request::Earn(request) => vec![points.earn_points(request).await?.into_inner().entry.unwrap()],
                Request::Redeem(request) => vec![points.redeem_points(request).await?.into_inner().entry.unwrap()],
                Request::Reverse(request) => vec![points.reverse_points(request).await?.into_inner().entry.unwrap()],
                other => panic!("{other:?} is not asked for here"),
            },
        })
    }
}

/// An answer tells the lots in the order in which they were taken or given back, a list in that of their expiry.
fn by_lot(mut entries: Vec<Entry>) -> Vec<Entry> {
    for entry in &mut entries {
        entry.lots.sort_by(|one, other| one.lot_id.cmp(&other.lot_id));
    }
    entries
}

/// What a status tells of the outcome: why the request was refused, or nothing, because nobody was there or somebody else
/// was faster. Anything else is a fault.
fn outcome_of(code: Code, reason: String, message: &str) -> Option<Answer> {
    match (code, &*reason) {
        (_, "INSUFFICIENT_POINTS" | "REVERSAL_EXCEEDS_ENTRY") => Some(Answer::Refused(reason)),
        // Without a reason it does not come from the service.
        (Code::Unavailable | Code::Aborted | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Unknown, _)
        | (_, "") => None,
        _ => panic!("{code:?} {reason}: {message}"),
    }
}

fn outcome_of_result(result: PostingResult) -> Option<Answer> {
    let entry = match result.outcome.unwrap() {
        Told::Earn(answer) => answer.entry,
        Told::Redeem(answer) => answer.entry,
        Told::Reverse(answer) => answer.entry,
        Told::Refusal(refusal) => {
            return outcome_of(Code::from_i32(refusal.code), refusal.reason, &refusal.message);
        }
        other => panic!("{other:?} was not asked for"),
    };
    Some(Answer::Posted(vec![entry.unwrap()]))
}

/// Sends all of them, and answers what is known then, of as many as were answered.
async fn send(channel: Channel, way: Way, asks: &[Ask]) -> Vec<Option<Answer>> {
    let mut answers = Vec::new();
    let collect = async {
        let mut client = PostingServiceClient::new(channel.clone());
        let postings = || asks.iter().map(Ask::posting);
        match way {
            Way::Method => {
                for ask in asks {
                    answers.push(match ask.send(channel.clone()).await {
                        Ok(entries) => Some(Answer::Posted(entries)),
                        Err(status) => outcome_of(status.code(), reason(&status), status.message()),
                    });
                }
            }
            Way::Batch => {
                let request = PostBatchRequest {
                    unreadable_items: Vec::new(),
                    postings: postings().collect(),
                    all_or_nothing: false,
                };
                match client.post_batch(request).await {
                    Ok(answer) => answers.extend(answer.into_inner().results.into_iter().map(outcome_of_result)),
                    Err(status) => assert_eq!(outcome_of(status.code(), reason(&status), status.message()), None),
                }
            }
            Way::Stream => {
                let requests: Vec<PostStreamRequest> = postings()
                    .map(|posting| PostStreamRequest {
                        unreadable_items: Vec::new(),
                        posting: Some(posting),
                    })
                    .collect();
                let Ok(results) = client.post_stream(tokio_stream::iter(requests)).await else {
                    return;
                };
                let mut results = results.into_inner();
                while let Some(Ok(answer)) = results.next().await {
                    answers.push(outcome_of_result(answer.result.unwrap()));
                }
            }
        }
    };
    // A test that loses patience knows what was answered before.
    let _ = tokio::time::timeout(PATIENCE, collect).await;
    answers.resize(asks.len(), None);
    answers
}

impl Caller {
    /// Asks until it is told to stop, and knows the outcome of everything then.
    async fn run(mut self, stopped: Arc<AtomicBool>) -> BTreeMap<String, (Ask, Answer)> {
        for step in 0_u64.. {
            if stopped.load(Ordering::SeqCst) {
                break;
            }
            match self.dice.random_range(0..6) {
                0..2 => {
                    let ask = self.draw(&format!("{step}"));
                    self.until_known(Way::Method, vec![ask]).await;
                }
                2 => {
                    let ask = self.transfer(&format!("{step}"));
                    self.until_known(Way::Method, vec![ask]).await;
                }
                3..5 => {
                    let asks = (0..POSTINGS)
                        .map(|number| self.draw(&format!("{step}-{number}")))
                        .collect();
                    self.until_known(Way::Batch, asks).await;
                }
                _ => {
                    let asks = (0..POSTINGS)
                        .map(|number| self.draw(&format!("{step}-{number}")))
                        .collect();
                    self.until_known(Way::Stream, asks).await;
                }
            }
        }
        self.answers
    }

    fn member(&mut self) -> String {
        self.members.choose(&mut self.dice).unwrap().clone()
    }

    fn draw(&mut self, number: &str) -> Ask {
        let (request_id, member_id) = (format!("{}-{number}", self.name), self.member());
        let spent = self.answers.values().filter_map(|(_, answer)| match answer {
            Answer::Posted(entries) if entries[0].amount < 0 && entries.len() == 1 => Some(&entries[0]),
            Answer::Posted(_) | Answer::Refused(_) => None,
        });
        let spent: Vec<&Entry> = spent.collect();
        let kind = self.dice.random_range(0..10);
        let request = match spent.choose(&mut self.dice) {
            Some(spent) if kind < 2 => Request::Reverse(ReversePointsRequest {
                reference: request_id.clone(),
                request_id,
                member_id: spent.member_id.clone(),
                entry_id: spent.entry_id.clone(),
                amount: self.dice.random_range(1..20),
            }),
            _ if kind < 6 => Request::Redeem(RedeemPointsRequest {
                reference: request_id.clone(),
                request_id,
                member_id,
                asset_code: "points".to_owned(),
                amount: self.dice.random_range(1..60),
                cost_centre: String::new(),
            }),
            _ => Request::Earn(earn(request_id, member_id, self.dice.random_range(1..40))),
        };
        Ask::Post(Posting { request: Some(request) })
    }

    fn transfer(&mut self, number: &str) -> Ask {
        let request_id = format!("{}-{number}", self.name);
        let (from, others) = (self.member(), self.members.clone());
        let others: Vec<&String> = others.iter().filter(|member| **member != from).collect();
        Ask::Transfer(TransferPointsRequest {
            reference: request_id.clone(),
            request_id,
            member_id: from,
            to_member_id: (*others.choose(&mut self.dice).unwrap()).clone(),
            asset_code: "points".to_owned(),
            amount: self.dice.random_range(1..50),
        })
    }

    /// Sends, and sends again what nobody has answered, to either replica.
    async fn until_known(&mut self, way: Way, mut asks: Vec<Ask>) {
        for _ in 0..REPEATS_MAX {
            let channel = self.replicas.channel(self.dice.random_range(0..2));
            let answers = send(channel, way, &asks).await;
            let sent = asks.len();
            let mut unknown = Vec::new();
            for (ask, answer) in asks.into_iter().zip(answers) {
                match answer {
                    Some(answer) => {
                        self.answers.insert(ask.id().to_owned(), (ask, answer));
                    }
                    None => unknown.push(ask),
                }
            }
            asks = unknown;
            if asks.is_empty() {
                return;
            }
            if asks.len() == sent {
                kernel::pause(PAUSE).await;
            }
        }
        panic!("nobody answers {asks:?}");
    }
}

fn earn(request_id: String, member_id: String, amount: i64) -> EarnPointsRequest {
    EarnPointsRequest {
        reference: request_id.clone(),
        request_id,
        member_id,
        asset_code: "points".to_owned(),
        amount,
        expire_time: None,
        cost_centre: String::new(),
        available_time: None,
        awaits_confirmation: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: set QUANYU_TEST_DATABASE_URL and run the ignored tests too"]
async fn every_acknowledged_posting_of_two_killed_replicas_is_there_once() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let server = Server::new().await;
    let url = server.url.clone().expect("QUANYU_TEST_DATABASE_URL names a server");
    let mut processes = [serve_points(&url), serve_points(&url)].map(Process::start);
    let clock = Clock::system();
    let principal = Principal::service("test", Tenant::from_uuid(clock.uuid()));
    let replicas = Arc::new(Replicas {
        principal: Signer::new(SIGNING_KEY.as_bytes()).sign(&principal).unwrap(),
        addresses: [0, 1].map(|replica: usize| watch::Sender::new(processes[replica].address.clone())),
    });
    let members: Vec<String> = (0..MEMBERS)
        .map(|_| Id::<Member>::generate(&clock).to_string())
        .collect();
    let members = Arc::new(members);
    let mut answers = found(&replicas, &members).await;

    let stopped = Arc::new(AtomicBool::new(false));
    let callers = (0..CALLERS).map(|caller| {
        let caller = Caller {
            name: format!("caller-{caller}"),
            replicas: replicas.clone(),
            members: members.clone(),
            dice: StdRng::seed_from_u64(dice.random()),
            answers: BTreeMap::new(),
        };
        tokio::spawn(caller.run(stopped.clone()))
    });
    let callers: Vec<_> = callers.collect();
    for _ in 0..KILLS {
        kernel::pause(QUIET_MAX.mul_f64(dice.random_range(0.1..1.0))).await;
        let killed: &[usize] = [&[0][..], &[1], &[0, 1]][dice.random_range(0..3)];
        for &replica in killed {
            processes[replica].kill();
        }
        for &replica in killed {
            let command = serve_points(&url);
            let started = tokio::task::spawn_blocking(move || Process::start(command))
                .await
                .unwrap();
            replicas.addresses[replica].send_replace(started.address.clone());
            processes[replica] = started;
        }
    }
    stopped.store(true, Ordering::SeqCst);
    for caller in join_all(callers).await {
        answers.extend(caller.unwrap());
    }
    let posted = answers
        .values()
        .filter(|(_, answer)| matches!(answer, Answer::Posted(_)))
        .count();
    println!("{} requests, {posted} posted", answers.len());
    assert!(posted > 100, "there was hardly any load: {posted}");

    for replica in 0..2 {
        check_answers(&replicas.channel(replica), &answers, &mut dice).await;
        check_entries(&replicas.channel(replica), &members, &answers).await;
    }
    for process in &mut processes {
        process.signal("TERM");
        assert!(process.ended().await.success());
    }
    server.remove().await;
}

/// The asset, and what every member has to spend.
async fn found(replicas: &Replicas, members: &[String]) -> BTreeMap<String, (Ask, Answer)> {
    let create = CreateAssetRequest {
        request_id: "asset".to_owned(),
        code: "points".to_owned(),
        asset: Some(Asset {
            kind: AssetKind::Points.into(),
            ..Asset::default()
        }),
    };
    let mut assets = AssetServiceClient::new(replicas.channel(0));
    assets.create_asset(create).await.unwrap();
    let mut answers = BTreeMap::new();
    for (number, member) in members.iter().enumerate() {
        let request = earn(format!("funds-{number}"), member.clone(), FUNDS);
        let ask = Ask::Post(Posting {
            request: Some(Request::Earn(request)),
        });
        let answer = Answer::Posted(ask.send(replicas.channel(1)).await.unwrap());
        answers.insert(ask.id().to_owned(), (ask, answer));
    }
    answers
}

/// A caller who asks again gets the first answer, whichever replica gave it.
async fn check_answers(channel: &Channel, answers: &BTreeMap<String, (Ask, Answer)>, dice: &mut StdRng) {
    for (ask, answer) in answers.values().filter(|_| dice.random_bool(0.1)) {
        // A refusal is decided afresh, and would now perhaps take effect.
        if let Answer::Posted(entries) = answer {
            assert_eq!(&ask.send(channel.clone()).await.unwrap(), entries, "{ask:?}");
        }
    }
}

/// Every acknowledged posting is there once, nothing else is, and all figures agree.
async fn check_entries(channel: &Channel, members: &[String], answers: &BTreeMap<String, (Ask, Answer)>) {
    let mut points = PointsServiceClient::new(channel.clone());
    let mut found: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for member in members {
        let entries = entries(&mut points, member).await;
        let sequences: Vec<i64> = entries.iter().rev().map(|entry| entry.sequence).collect();
        let gapless: Vec<i64> = (1..).take(entries.len()).collect();
        assert_eq!(sequences, gapless, "numbered without a gap");
        let request = GetBalanceRequest {
            member_id: member.clone(),
            asset_code: "points".to_owned(),
            expiring_within_days: 0,
        };
        let balance = points.get_balance(request).await.unwrap().into_inner().balance.unwrap();
        assert_eq!(balance.available, entries.iter().map(|entry| entry.amount).sum::<i64>());
        for entry in entries {
            found.entry(entry.reference.clone()).or_default().push(entry);
        }
    }
    for (id, (ask, answer)) in answers {
        let mut found = found.remove(id).unwrap_or_default();
        // Of a transfer what went out comes first.
        found.sort_by_key(|entry| entry.amount);
        match answer {
            Answer::Posted(entries) => assert_eq!(by_lot(found), by_lot(entries.clone()), "{ask:?}"),
            Answer::Refused(reason) => assert_eq!(found, [], "{reason}: {ask:?}"),
        }
    }
    assert_eq!(found, BTreeMap::new(), "nobody asked for these");
    let mut ledger = LedgerServiceClient::new(channel.clone());
    let request = ReconcileAccountsRequest::default();
    let outcome = ledger.reconcile_accounts(request).await.unwrap().into_inner();
    assert_eq!(outcome.disagreements, []);
    assert_eq!(usize::try_from(outcome.checked_count).unwrap(), members.len());
}

/// The latest first.
async fn entries(points: &mut PointsServiceClient<Channel>, member: &str) -> Vec<Entry> {
    let mut request = ListEntriesRequest {
        member_id: member.to_owned(),
        asset_code: "points".to_owned(),
        page_size: 500,
        page_token: String::new(),
    };
    let mut entries = Vec::new();
    loop {
        let page = points.list_entries(request.clone()).await.unwrap().into_inner();
        entries.extend(page.entries);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return entries;
        }
    }
}
