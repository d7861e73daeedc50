//! Calls that share a transaction: each is answered as if it were alone.

use std::collections::BTreeSet;
use std::time::Duration;

use contracts::r#type::v1::Money;
use contracts_tagging::v1::insight_service_client::InsightServiceClient;
use contracts_tagging::v1::*;
use futures::future::join_all;
use sea_orm::ConnectionTrait;
use store::Tx;
use tonic::{Code, Status};

use crate::world::*;

/// How long what is held is held: until all who call meanwhile wait.
const HELD: Duration = Duration::from_millis(300);

type Answers = Vec<Result<RecordActivitiesResponse, Status>>;

impl World {
    /// Keeps everybody from recording until it is dropped.
    async fn hold(&self) -> Tx {
        let tx = self.harness.db.begin().await.unwrap();
        let sql = "UPDATE catalog SET version = version WHERE tenant_id = $1";
        let held = store::statement(&*tx, sql, [self.harness.tenant.uuid().into()]);
        assert_eq!(tx.execute_raw(held).await.unwrap().rows_affected(), 1);
        tx
    }

    /// Calls that come while nobody can record: the first one alone, and the others together behind it.
    pub(crate) async fn record_together(&self, requests: Vec<RecordActivitiesRequest>) -> Answers {
        let held = self.hold().await;
        let mut calls = Vec::new();
        for request in requests {
            let mut activities = self.activities();
            calls.push(tokio::spawn(async move { activities.record_activities(request).await }));
            if calls.len() == 1 {
                kernel::pause(HELD / 4).await;
            }
        }
        kernel::pause(HELD).await;
        drop(held);
        let answers = join_all(calls).await.into_iter();
        answers
            .map(|answer| answer.unwrap().map(tonic::Response::into_inner))
            .collect()
    }

    pub(crate) fn request(&self, activities: Vec<Activity>) -> RecordActivitiesRequest {
        RecordActivitiesRequest {
            request_id: self.request_id(),
            activities,
            ..RecordActivitiesRequest::default()
        }
    }

    pub(crate) async fn summary(&self) -> GetSummaryResponse {
        let mut insight = InsightServiceClient::new(self.harness.channel());
        let summary = insight.get_summary(GetSummaryRequest::default()).await;
        summary.unwrap().into_inner()
    }

    pub(crate) async fn timeline(&self, number: u32) -> Vec<Activity> {
        let request = ListActivitiesRequest {
            member_id: member(number),
            page_size: 500,
            ..ListActivitiesRequest::default()
        };
        let activities = self.activities().list_activities(request).await.unwrap();
        activities.into_inner().activities
    }
}

fn outcome(answer: &RecordActivitiesResponse) -> ActivityOutcome {
    assert_eq!(answer.results.len(), 1);
    answer.results[0].outcome()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_are_each_answered_and_nothing_is_lost_or_counted_twice() {
    const CALLERS: u32 = 60;
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    world.create_segment("frequent", at_least("orders", 10)).await;
    // Of five members, some as one caller, some as many; every third caller brings somebody unknown, or no order.
    let requests = (0..CALLERS).map(|caller| {
        let order = world.order(caller % 5, &format!("o{caller}"), 0);
        world.request(match caller % 6 {
            2 => vec![Activity {
                member_id: member(77),
                ..order
            }],
            5 => vec![
                order,
                Activity {
                    source_id: String::new(),
                    ..world.order(1, "", 0)
                },
            ],
            _ => vec![order],
        })
    });
    let answers = world.record_together(requests.collect()).await;
    for (caller, answer) in (0..CALLERS).zip(answers) {
        let answer = answer.unwrap();
        let counts = (answer.recorded_count, answer.duplicate_count, answer.refused_count);
        let expected = match caller % 6 {
            2 => (0, 0, 1),
            5 => (1, 0, 1),
            _ => (1, 0, 0),
        };
        assert_eq!(counts, expected, "{caller}");
        if answer.results[0].outcome() == ActivityOutcome::Recorded {
            assert_eq!(answer.results[0].member_id, member(caller % 5));
        }
    }
    for number in 0..5 {
        let own = (0..CALLERS).filter(|caller| caller % 5 == number && caller % 6 != 2);
        let own: BTreeSet<String> = own.map(|caller| format!("o{caller}")).collect();
        let timeline = world.timeline(number).await;
        let recorded: BTreeSet<String> = timeline.into_iter().map(|it| it.source_id).collect();
        assert_eq!(recorded, own);
        assert_eq!(
            world.int_of(number, "orders").await,
            Some(i64::try_from(own.len()).unwrap())
        );
    }
    assert_eq!(world.members_of("frequent").await, members(&[0, 1, 2, 3, 4]));
    let recorded = world.facts::<ActivityRecorded>().await;
    assert_eq!(recorded.len(), 50);
    let channel = world.summary().await.channels.remove(0);
    assert_eq!((channel.activity_count, channel.order_count), (50, 50));
    assert_eq!(channel.sales[0].minor_units, 50 * 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_share_a_transaction_and_what_follows_is_told_once() {
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    let requests = (0..30).map(|n| world.request(vec![world.order(1, &format!("o{n}"), 0)]));
    let answers = world.record_together(requests.collect()).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().recorded_count == 1));
    let told: Vec<_> = world.facts::<TagChanged>().await;
    let told: Vec<_> = told.into_iter().map(|fact| fact.value.unwrap()).collect();
    assert_eq!(told.last(), Some(&int(30)));
    // That of the first, who came alone, and that of all who came meanwhile.
    assert!(told.len() <= 2, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn persons_of_many_callers_are_looked_up_together() {
    const CALLERS: u32 = 40;
    let world = World::new().await;
    world.identity.state().takes = Duration::from_millis(50);
    let world = &world;
    let calls = (0..CALLERS).map(async |n| {
        let order = Activity {
            member_id: String::new(),
            // The last one is nobody's, and the one before can be nobody's.
            external_id: match n {
                39 => "tb77".to_owned(),
                38 => "null".to_owned(),
                n => format!("tb{}", n % 10),
            },
            ..world.order(0, &format!("o{n}"), 0)
        };
        (n, world.record(vec![order]).await)
    });
    for (n, answer) in join_all(calls).await {
        match n {
            38 | 39 => {
                let refusal = answer.results[0].refusal.clone().unwrap();
                let reason = if n == 38 { "INVALID_FIELD" } else { "MEMBER_NOT_FOUND" };
                assert_eq!(refusal.reason, reason, "{refusal:?}");
            }
            n => assert_eq!(answer.results[0].member_id, member(n % 10)),
        }
    }
    let calls = world.identity.state().calls;
    assert!(
        (1..=10).contains(&calls),
        "identity was called {calls} times for {CALLERS}"
    );
}

/// Identity is asked for as long as any of the callers waits.
#[tokio::test(flavor = "multi_thread")]
async fn an_impatient_caller_ends_nobody_s_look_up_but_its_own() {
    const TAKES: Duration = Duration::from_millis(400);
    let world = World::new().await;
    world.identity.state().takes = TAKES;
    let world = &world;
    let record = async |name: &str, timeout: Duration| {
        let order = Activity {
            member_id: String::new(),
            external_id: "tb1".into(),
            ..world.order(1, name, 0)
        };
        let mut request = tonic::Request::new(world.request(vec![order]));
        request.set_timeout(timeout);
        world.activities().record_activities(request).await
    };
    let (soon, late) = (TAKES.mul_f64(1.3), TAKES * 20);
    // Two look-ups are under way; the next one is for all others.
    let after = async |part: u32, name: &str, timeout: Duration| {
        kernel::pause(TAKES * part / 8).await;
        record(name, timeout).await
    };
    let (first, second, impatient, patient) = tokio::join!(
        record("a", late),
        after(1, "b", late),
        after(2, "c", soon),
        after(2, "d", late)
    );
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(impatient.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(patient.unwrap().into_inner().recorded_count, 1);
    assert_eq!(
        world.identity.state().calls,
        3,
        "the patient one did not have to ask again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_request_get_its_first_answer_and_another_content_is_refused_alone() {
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    let request = world.request(vec![world.order(1, "a", 0), world.order(2, "b", 0)]);
    let other = RecordActivitiesRequest {
        activities: vec![world.order(1, "c", 0)],
        ..request.clone()
    };
    let bystander = world.request(vec![world.order(1, "d", 0)]);
    let first = world.request(vec![world.order(1, "first", 0)]);
    let mut requests = vec![first, request.clone()];
    requests.extend(std::iter::repeat_n(request.clone(), 8));
    requests.push(bystander);
    let mut answers = world.record_together(requests).await;
    let (bystander, first) = (answers.pop().unwrap().unwrap(), answers.remove(0).unwrap());
    assert_eq!((bystander.recorded_count, first.recorded_count), (1, 1));
    let copies: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(copies[0].recorded_count, 2);
    assert!(copies.iter().all(|copy| *copy == copies[0]), "{copies:?}");
    // Together with one that is as it was, and with a stranger.
    let stranger = world.request(vec![world.order(3, "e", 0)]);
    let mut answers = world.record_together(vec![other, request, stranger]).await;
    assert_eq!(answers.pop().unwrap().unwrap().recorded_count, 1);
    assert_eq!(answers.pop().unwrap().unwrap(), copies[0]);
    assert_eq!(reason(&answers.pop().unwrap().unwrap_err()), "REQUEST_ID_REUSED");
    assert_eq!(world.int_of(1, "orders").await, Some(3));
    assert_eq!(world.int_of(2, "orders").await, Some(1));
}

/// Of several contents under one new request id that come together one counts, and the others are refused.
#[tokio::test(flavor = "multi_thread")]
async fn one_content_of_a_new_request_id_counts() {
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    let request = world.request(Vec::new());
    let requests = (0..12).map(|n| RecordActivitiesRequest {
        activities: vec![world.order(n % 3, &format!("o{n}"), 0)],
        ..request.clone()
    });
    let answers = world.record_together(requests.collect()).await;
    let (recorded, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((recorded.len(), refused.len()), (1, 11));
    for refused in refused {
        assert_eq!(reason(&refused.unwrap_err()), "REQUEST_ID_REUSED");
    }
    assert_eq!(world.facts::<ActivityRecorded>().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_activity_of_many_callers_is_recorded_once() {
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    // Callers come by the member's id and by its id in the channel; two say something else.
    let requests = (0..20_u32).map(|n| {
        let order = world.order(1, "same", 0);
        world.request(vec![match n {
            5 | 15 => Activity {
                amount: Some(Money {
                    currency_code: "CNY".into(),
                    minor_units: 7,
                }),
                ..order
            },
            n if n % 2 == 0 => Activity {
                member_id: String::new(),
                external_id: "tb1".into(),
                ..order
            },
            _ => order,
        }])
    });
    let first = world.request(vec![world.order(1, "another", 0)]);
    let answers = world
        .record_together([first].into_iter().chain(requests).collect())
        .await;
    let answers: Vec<_> = answers.into_iter().skip(1).map(Result::unwrap).collect();
    let ids: BTreeSet<&str> = answers.iter().map(|answer| &*answer.results[0].activity_id).collect();
    assert_eq!(ids.len(), 1);
    let outcomes: Vec<_> = answers.iter().map(outcome).collect();
    let of = |sought| outcomes.iter().filter(|outcome| **outcome == sought).count();
    assert_eq!(of(ActivityOutcome::Recorded), 1);
    let mut timeline = world.timeline(1).await;
    timeline.retain(|activity| activity.source_id == "same");
    let recorded = timeline.remove(0).amount.unwrap().minor_units;
    let (duplicates, conflicts) = if recorded == 100 { (17, 2) } else { (1, 18) };
    assert_eq!(
        (of(ActivityOutcome::Duplicate), of(ActivityOutcome::Refused)),
        (duplicates, conflicts)
    );
    assert_eq!(world.int_of(1, "orders").await, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_while_callers_record_leaves_the_survivor_with_everything() {
    const CALLS: u32 = 40;
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    world.registered(1, "Wuxi");
    world.registered(2, "Wuxi");
    world.harness.settle().await;
    let world = &world;
    let record = |n: u32| async move {
        kernel::pause(Duration::from_millis(u64::from(n % 8))).await;
        world.record(vec![world.order(1 + n % 2, &format!("o{n}"), 0)]).await
    };
    let merge = async {
        kernel::pause(Duration::from_millis(3)).await;
        world.merged(1, 2, "Wuxi");
        world.harness.settle().await;
    };
    let (answers, ()) = tokio::join!(join_all((0..CALLS).map(record)), merge);
    assert!(answers.iter().all(|answer| answer.recorded_count == 1));
    for number in [1, 2] {
        let timeline = world.timeline(number).await;
        assert_eq!(timeline.len(), CALLS as usize);
        assert!(timeline.iter().all(|activity| activity.member_id == member(2)));
        assert_eq!(world.int_of(number, "orders").await, Some(i64::from(CALLS)));
    }
    assert_eq!(world.summary().await.member_count, 1);
    // And together with callers who name the absorbed member.
    let requests = (0..10).map(|n| world.request(vec![world.order(1, &format!("later{n}"), 0)]));
    for answer in world.record_together(requests.collect()).await {
        assert_eq!(answer.unwrap().results[0].member_id, member(2));
    }
    assert_eq!(world.int_of(2, "orders").await, Some(i64::from(CALLS) + 10));
}

/// The version before counts in rows of its own, beside the stripes.
#[tokio::test]
async fn figures_that_the_version_before_counted_are_counted_in() {
    let world = World::new().await;
    world.create_tag(count("orders", 0)).await;
    world.create_segment("buyers", is_set("orders")).await;
    world.record(vec![world.order(1, "a", 0), world.order(2, "b", 0)]).await;
    let tenant = || [world.harness.tenant.uuid().into()];
    let before = [
        "INSERT INTO tally (tenant_id, kind, code, value, members) VALUES ($1, 'members', '', '', 5), \
         ($1, 'tag', 'orders', '', 5), ($1, 'segment', 'buyers', '', 5), ($1, 'channels', 'tmall', '', 5) \
         ON CONFLICT (tenant_id, kind, code, value) DO UPDATE SET members = tally.members + excluded.members",
        "INSERT INTO channel_total (tenant_id, channel_code, currency_code, activity_count, order_count, refund_count, \
         sales, refunds) VALUES ($1, 'tmall', 'CNY', 6, 5, 1, 500, 70) ON CONFLICT (tenant_id, channel_code, \
         currency_code) DO UPDATE SET activity_count = channel_total.activity_count + excluded.activity_count, \
         order_count = channel_total.order_count + excluded.order_count, \
         refund_count = channel_total.refund_count + excluded.refund_count, \
         sales = channel_total.sales + excluded.sales, refunds = channel_total.refunds + excluded.refunds",
    ];
    let tx = world.harness.db.begin().await.unwrap();
    for sql in before {
        tx.execute_raw(store::statement(&*tx, sql, tenant())).await.unwrap();
    }
    tx.commit().await.unwrap();
    let summary = world.summary().await;
    assert_eq!(summary.member_count, 7);
    assert_eq!((summary.tags[0].member_count, summary.segments[0].member_count), (7, 7));
    let channel = &summary.channels[0];
    assert_eq!(
        (channel.member_count, channel.activity_count, channel.order_count),
        (7, 8, 7)
    );
    assert_eq!(
        (channel.sales[0].minor_units, channel.refunds[0].minor_units),
        (700, 70)
    );
    assert_eq!(world.segment("buyers").await.member_count, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_tags_that_come_together_are_those_that_come_alone() {
    let world = World::new().await;
    for code in ["a", "b", "c"] {
        world.create_tag(manual(code, TagValueType::Int)).await;
    }
    for number in 0..8 {
        for (code, value) in ["a", "b", "c"].iter().zip(0..i64::from(number % 4)) {
            world.assign(number, code, Some(int(value + i64::from(number)))).await;
        }
    }
    world.merged(1, 3, "Wuxi");
    world.harness.settle().await;
    let world = &world;
    let request = |number: u32, page_size: i32, page_token: &str| ListMemberTagsRequest {
        member_id: member(number),
        page_size,
        page_token: page_token.to_owned(),
    };
    let list = async |request: &ListMemberTagsRequest| {
        let answer = world.tags().list_member_tags(request.clone()).await;
        answer.map(tonic::Response::into_inner).map_err(|status| status.code())
    };
    // The first pages, the second ones, and those for which the token is another list's.
    let mut requests = Vec::new();
    for number in 0..8 {
        for page_size in [1, 2, 500] {
            let first = request(number, page_size, "");
            let token = list(&first).await.unwrap().next_page_token;
            requests.extend([
                first,
                request(number, page_size, &token),
                request(number + 1, 1, &token),
            ]);
        }
    }
    let mut alone = Vec::new();
    for request in &requests {
        alone.push(list(request).await);
    }
    assert!(alone.contains(&Err(Code::InvalidArgument)));
    assert_eq!(alone[0].as_ref().unwrap().tags.len(), 0);
    let together = join_all(requests.iter().map(list)).await;
    assert_eq!(together, alone);
}
