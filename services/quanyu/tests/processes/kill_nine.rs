//! `quanyu up` is killed at random moments under load and started again: every acknowledged write is there exactly once,
//! and a request whose outcome nobody knows gets one when it is sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contracts_points::v1::Entry;
use contracts_tagging::v1::{ActivityOutcome, RecordActivitiesRequest};
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tests::brand::{GROWTH, POINTS, TMALL};
use tests::story::{self, Order};
use tests::{Api, brand, reason, until};
use tonic::{Code, Status};

use crate::process::{Process, quanyu};

const ROUNDS: u64 = 6;
/// Callers at once.
pub(crate) const CALLERS: u64 = 8;
/// Members from the beginning.
pub(crate) const MEMBERS: usize = 6;
/// What a member has to spend from the beginning.
pub(crate) const FUNDS: i64 = 500;
/// How long a caller waits before it takes the outcome for unknown.
const PATIENCE: Duration = Duration::from_secs(10);

/// What somebody asks of the platform. Sent again, it is the same request to the last byte.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Resolve { external_id: String },
    Earn { id: String, member: usize, amount: i64 },
    Redeem { id: String, member: usize, amount: i64 },
    Record { number: String, member: usize, yuan: i64 },
}

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Member(String),
    Posted(Box<Entry>),
    Recorded(String),
    /// Decided, and without effect.
    Insufficient,
}

/// One request and what is known of its outcome: `None` where the connection broke before the answer.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    ask: Ask,
    pub(crate) answer: Option<Answer>,
    /// When that was known.
    pub(crate) known: Instant,
}

/// Who the members of the load are.
pub(crate) fn external_id(member: usize) -> String {
    format!("tb-{member}")
}

impl Ask {
    fn draw(dice: &mut StdRng, id: String) -> Self {
        let member = dice.random_range(0..MEMBERS);
        match dice.random_range(0..10) {
            0..2 => Self::Resolve { external_id: id },
            2..4 => Self::Earn {
                id,
                member,
                amount: dice.random_range(1..50),
            },
            4..7 => Self::Redeem {
                id,
                member,
                amount: dice.random_range(1..80),
            },
            _ => Self::Record {
                number: id,
                member,
                yuan: dice.random_range(1..40),
            },
        }
    }

    async fn send(&self, api: &Api, members: &[String]) -> Result<Answer, Status> {
        match self {
            Self::Resolve { external_id } => story::arrive(api, TMALL, external_id, None).await.map(Answer::Member),
            Self::Earn { id, member, amount } => posted(story::earn(api, id, &members[*member], *amount).await),
            Self::Redeem { id, member, amount } => posted(story::redeem(api, id, &members[*member], *amount).await),
            Self::Record { number, member, yuan } => record(api, number, &external_id(*member), *yuan).await,
        }
    }
}

fn posted(outcome: Result<Entry, Status>) -> Result<Answer, Status> {
    match outcome {
        Ok(entry) => Ok(Answer::Posted(Box::new(entry))),
        Err(status) if reason(&status) == "INSUFFICIENT_POINTS" => Ok(Answer::Insufficient),
        Err(status) => Err(status),
    }
}

async fn record(api: &Api, number: &str, external_id: &str, yuan: i64) -> Result<Answer, Status> {
    let order = Order {
        channel: TMALL,
        external_id,
        number,
        time: kernel::Time::from_seconds(1_760_000_000),
        yuan,
    };
    let request = RecordActivitiesRequest {
        unreadable_items: Vec::new(),
        request_id: format!("record-{number}"),
        validate_only: false,
        activities: vec![order.activity()],
    };
    let answer = api.activities().record_activities(request).await?.into_inner();
    let result = &answer.results[0];
    let outcome = result.outcome();
    assert!(
        matches!(outcome, ActivityOutcome::Recorded | ActivityOutcome::Duplicate),
        "{result:?}"
    );
    Ok(Answer::Recorded(result.activity_id.clone()))
}

/// A status that leaves open whether the request took effect, because the process has gone. Anything else is a fault.
fn is_unknown(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Cancelled | Code::DeadlineExceeded | Code::Internal
    )
}

pub(crate) fn start(data: &std::path::Path) -> Process {
    let mut command = quanyu();
    command.args(["up", "--listen", "127.0.0.1:0", "--folder"]).arg(data);
    Process::start(command)
}

/// Asks and asks until the process is killed.
pub(crate) async fn load(
    api: Api,
    members: Arc<Vec<String>>,
    mut dice: StdRng,
    name: String,
    killed: Arc<AtomicBool>,
) -> Vec<Sent> {
    let mut all = Vec::new();
    for number in 0.. {
        let ask = Ask::draw(&mut dice, format!("{name}-{number}"));
        let outcome = tokio::time::timeout(PATIENCE, ask.send(&api, &members)).await;
        let answer = match outcome {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(status)) => {
                assert!(is_unknown(&status), "{ask:?}: {status}");
                None
            }
            Err(_) => None,
        };
        let broken = answer.is_none();
        all.push(Sent {
            ask,
            answer,
            known: Instant::now(),
        });
        if broken {
            assert!(
                killed.load(Ordering::SeqCst),
                "a live platform answers: {:?}",
                all.last()
            );
            break;
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_survives_and_is_there_once() {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");

    let mut up = start(&data);
    let key = up.first_key();
    let mut api = Api::new(&up.address, &key);
    brand::found(&api).await.unwrap();
    let mut members = Vec::new();
    for member in 0..MEMBERS {
        members.push(story::arrive(&api, TMALL, &external_id(member), None).await.unwrap());
        story::earn(&api, &format!("funds-{member}"), &members[member], FUNDS)
            .await
            .unwrap();
    }
    let members = Arc::new(members);

    let mut history: Vec<Sent> = Vec::new();
    for round in 0..ROUNDS {
        let killed = Arc::new(AtomicBool::new(false));
        let callers = (0..CALLERS).map(|caller| {
            // A name with letters: "0-0-0" is a placeholder, which stands for no person.
            let name = format!("load-{round}-{caller}");
            let dice = StdRng::seed_from_u64(dice.random());
            tokio::spawn(load(api.clone(), members.clone(), dice, name, killed.clone()))
        });
        let callers: Vec<_> = callers.collect();
        kernel::pause(Duration::from_millis(dice.random_range(50..1_500))).await;
        killed.store(true, Ordering::SeqCst);
        up.kill();
        let mut sent: Vec<Sent> = join_all(callers).await.into_iter().flat_map(Result::unwrap).collect();

        up = start(&data);
        api = Api::new(&up.address, &key);
        let unknown = sent.iter().filter(|sent| sent.answer.is_none()).count();
        println!("round {round}: {} requests, {unknown} unknown", sent.len());
        settle_unknown(&api, &members, &mut sent).await;
        history.extend(sent);
        // Anybody may ask again, at any time: the answer is the first one.
        for sent in history.iter().filter(|_| dice.random_bool(0.1)) {
            assert_replayed(&api, &members, sent, seed).await;
        }
    }

    assert!(history.len() > 50, "there was hardly any load: {}", history.len());
    check_members(&api, &members, &history).await;
    check_orders(&api, &members, &history).await;
    check_ledger(&api, &members, &history).await;
    drop(api);
    up.signal("TERM");
    assert!(up.ended().await.success());
}

/// Sends what nobody knows the outcome of again, under the same request id.
pub(crate) async fn settle_unknown(api: &Api, members: &[String], sent: &mut [Sent]) {
    for sent in sent.iter_mut().filter(|sent| sent.answer.is_none()) {
        let answer = sent
            .ask
            .send(api, members)
            .await
            .unwrap_or_else(|status| panic!("{:?}: {status}", sent.ask));
        sent.answer = Some(answer);
    }
}

pub(crate) async fn assert_replayed(api: &Api, members: &[String], sent: &Sent, seed: u64) {
    // A refusal is decided afresh, and would now perhaps take effect.
    if sent.answer != Some(Answer::Insufficient) {
        let again = sent.ask.send(api, members).await.unwrap();
        assert_eq!(Some(again), sent.answer, "seed {seed}, {:?}", sent.ask);
    }
}

/// Every person is one member, and nobody else is.
pub(crate) async fn check_members(api: &Api, members: &[String], history: &[Sent]) {
    let mut known: BTreeSet<String> = members.iter().cloned().collect();
    for sent in history {
        if let (Ask::Resolve { external_id }, Some(Answer::Member(member))) = (&sent.ask, &sent.answer) {
            assert_eq!(story::arrive(api, TMALL, external_id, None).await.unwrap(), *member);
            assert!(known.insert(member.clone()), "two persons are one member: {member}");
        }
    }
    let mut listed = BTreeSet::new();
    let mut request = contracts_identity::v1::ListMembersRequest {
        page_size: 500,
        ..Default::default()
    };
    loop {
        let page = api.members().list_members(request.clone()).await.unwrap().into_inner();
        listed.extend(page.members.into_iter().map(|member| member.member_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(listed, known);
}

/// Every order is on its member's timeline once, and has earned once by each rule: nothing was lost between the services.
pub(crate) async fn check_orders(api: &Api, members: &[String], history: &[Sent]) {
    let mut orders: BTreeMap<usize, BTreeMap<String, (String, i64)>> = BTreeMap::new();
    for sent in history {
        if let (Ask::Record { number, member, yuan }, Some(Answer::Recorded(activity_id))) = (&sent.ask, &sent.answer) {
            orders
                .entry(*member)
                .or_default()
                .insert(number.clone(), (activity_id.clone(), *yuan));
        }
    }
    for (member, orders) in &orders {
        let id = &members[*member];
        let numbers: Vec<String> = story::timeline(api, id)
            .await
            .into_iter()
            .map(|(_, number)| number)
            .collect();
        assert_eq!(numbers.len(), orders.len());
        assert_eq!(
            numbers.into_iter().collect::<BTreeSet<_>>(),
            orders.keys().cloned().collect()
        );
        let expected: Vec<(String, i64)> = {
            let mut expected: Vec<_> = orders.values().cloned().collect();
            expected.sort();
            expected
        };
        for asset in [POINTS, GROWTH] {
            until("every order has earned once", expected.clone(), async || {
                let entries = story::entries(api, id, asset).await.into_iter();
                let earned = entries.filter_map(|entry| Some((entry.earned_by?.activity_id, entry.amount)));
                let mut earned: Vec<(String, i64)> = earned.filter(|(activity, _)| !activity.is_empty()).collect();
                earned.sort();
                earned
            })
            .await;
        }
    }
}

/// Every acknowledged posting is one entry, no other is, and all figures agree.
pub(crate) async fn check_ledger(api: &Api, members: &[String], history: &[Sent]) {
    for (member, id) in members.iter().enumerate() {
        let mut expected: BTreeMap<String, Option<Entry>> = BTreeMap::new();
        for sent in history {
            let (Ask::Earn { id, member: whose, .. } | Ask::Redeem { id, member: whose, .. }) = &sent.ask else {
                continue;
            };
            if *whose == member {
                let entry = match &sent.answer {
                    Some(Answer::Posted(entry)) => Some((**entry).clone()),
                    _ => None,
                };
                expected.insert(id.clone(), entry);
            }
        }
        let entries = story::entries(api, id, POINTS).await;
        for (request_id, expected) in &expected {
            let found: Vec<&Entry> = entries.iter().filter(|entry| entry.reference == *request_id).collect();
            assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{request_id}");
        }
        let mut sequences: Vec<i64> = entries.iter().map(|entry| entry.sequence).collect();
        sequences.reverse();
        assert_eq!(
            sequences,
            (1..).take(entries.len()).collect::<Vec<i64>>(),
            "numbered without a gap"
        );
        let sum: i64 = entries.iter().map(|entry| entry.amount).sum();
        assert_eq!(story::balance(api, id, POINTS).await, sum);
    }
    story::reconcile(api).await;
}
