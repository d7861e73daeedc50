use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contracts_points::v1::EarnPointsRequest;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_rights::v1::coupon_service_client::CouponServiceClient;
use contracts_rights::v1::{IssueCouponsRequest, IssueItem, IssueResult, issue_result};
use contracts_tagging::v1::segment_service_client::SegmentServiceClient;
use contracts_tagging::v1::tag_service_client::TagServiceClient;
use contracts_tagging::v1::{
    AssignTagsRequest, BatchAssignTagsRequest, BatchAssignTagsResult, CheckSegmentMembershipRequest, TagAssignment,
    batch_assign_tags_result, tag_value,
};
use fault::{Code, Fault, Reason, Refusal};
use futures::StreamExt;
use futures::future::BoxFuture;
use kernel::{Tenant, Time};
use rpc::Peers;
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::journey::definition::{Action, TagValue};
use crate::run::advance::Answer;
use crate::run::{MemberId, RunId};

/// How many calls are under way at a time.
const CALLS_MAX: usize = 32;
/// How many coupons are asked for in one call.
const COUPONS_MAX: usize = 500;
/// How many members are tagged by one call.
const TAGGED_MAX: usize = 500;
/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A run that needs something of a peer.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) tenant: Tenant,
    pub(crate) run_id: RunId,
    pub(crate) member: MemberId,
    /// Names this step of this run for ever: the peer does once what is asked under it.
    pub(crate) key: String,
    pub(crate) journey_code: String,
    /// The run's own time, from which lifetimes count: the same when the ask is repeated.
    pub(crate) clock: Time,
    pub(crate) need: Need,
    /// The same for those that are asked together, for ever: they are repeated together.
    pub(crate) asked_with: Uuid,
    /// The trace that the run's trigger happened in; empty where there was none.
    pub(crate) traceparent: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Need {
    Act(Action),
    InSegment(String),
}

/// The answers by who asked.
pub(crate) type Answers = BTreeMap<(Tenant, RunId), Answer>;

/// Asks peers on behalf of runs.
#[derive(Clone)]
pub(crate) struct Asker {
    peers: Peers,
}

/// Which peers did not answer: they are not asked again in this round, so that a peer that is away costs one timeout and
/// not one for each run.
#[derive(Default)]
struct Away {
    points: AtomicBool,
    rights: AtomicBool,
    tagging: AtomicBool,
}

impl Asker {
    pub(crate) fn new(peers: Peers) -> Self {
        Self { peers }
    }

    /// Asks everything, with a bounded number of calls at a time, and answers everybody.
    pub(crate) async fn ask(&self, asks: Vec<Ask>) -> Answers {
        let away = Away::default();
        let mut calls: Vec<BoxFuture<'_, Answers>> = Vec::new();
        let mut coupons: BTreeMap<(Tenant, String, Uuid), Vec<Ask>> = BTreeMap::new();
        let mut tags: BTreeMap<Tenant, Vec<(Ask, TagAssignment)>> = BTreeMap::new();
        for ask in asks {
            match ask.need.clone() {
                Need::Act(Action::IssueCoupon { template_code }) => {
                    let together = (ask.tenant, template_code, ask.asked_with);
                    coupons.entry(together).or_default().push(ask);
                }
                Need::Act(Action::GrantPoints { asset_code, amount }) => {
                    calls.push(Box::pin(
                        self.one(&away.points, ask, move |ask| self.grant(ask, asset_code, amount)),
                    ));
                }
                Need::Act(Action::AssignTag {
                    tag_code,
                    value,
                    lifetime,
                }) => {
                    let assignment = assignment(&ask, tag_code, value, lifetime);
                    tags.entry(ask.tenant).or_default().push((ask, assignment));
                }
                Need::InSegment(segment_code) => {
                    calls.push(Box::pin(
                        self.one(&away.tagging, ask, move |ask| self.belongs(ask, segment_code)),
                    ));
                }
            }
        }
        for ((tenant, template_code, _), mut asks) in coupons {
            // In the same order each time, so that each call has the same ones.
            asks.sort_unstable_by(|one, other| one.key.cmp(&other.key));
            for asks in asks.chunks(COUPONS_MAX) {
                calls.push(Box::pin(self.issue(
                    &away.rights,
                    tenant,
                    template_code.clone(),
                    asks.to_vec(),
                )));
            }
        }
        for (tenant, asks) in tags {
            for asks in asks.chunks(TAGGED_MAX) {
                calls.push(Box::pin(self.assign(&away.tagging, tenant, asks.to_vec())));
            }
        }
        let mut answered = futures::stream::iter(calls).buffer_unordered(CALLS_MAX);
        let mut answers = Answers::new();
        while let Some(more) = answered.next().await {
            answers.extend(more);
        }
        answers
    }

    async fn one<W>(&self, away: &AtomicBool, ask: Ask, call: impl FnOnce(Ask) -> W) -> Answers
    where
        W: Future<Output = Result<Answer, Fault>>,
    {
        let key = (ask.tenant, ask.run_id);
        if away.load(Ordering::Relaxed) {
            return Answers::from([(key, Answer::Away)]);
        }
        let span = asking([&ask]);
        let answer = call(ask).instrument(span).await;
        let answer = answer.unwrap_or_else(|fault| answer_of(fault, away));
        Answers::from([(key, answer)])
    }

    async fn grant(&self, ask: Ask, asset_code: String, amount: i64) -> Result<Answer, Fault> {
        let mut points = PointsServiceClient::new(self.peers.channel("points").on_behalf_of(ask.tenant)?);
        let request = EarnPointsRequest {
            request_id: ask.key,
            member_id: ask.member.to_string(),
            asset_code,
            amount,
            expire_time: None,
            reference: format!("journey/{}", ask.journey_code),
            cost_centre: String::new(),
            available_time: None,
            awaits_confirmation: false,
        };
        let entry = answered(points.earn_points(timed(request)).await)?
            .entry
            .unwrap_or_default();
        Ok(Answer::Done {
            reference: entry.entry_id,
        })
    }

    async fn belongs(&self, ask: Ask, segment_code: String) -> Result<Answer, Fault> {
        let mut segments = SegmentServiceClient::new(self.peers.channel("tagging").on_behalf_of(ask.tenant)?);
        let request = CheckSegmentMembershipRequest {
            segment_code,
            member_id: ask.member.to_string(),
        };
        let membership = answered(segments.check_segment_membership(timed(request)).await)?;
        Ok(Answer::Belongs(membership.is_member))
    }

    /// Asks for coupons of one template in one call. Those that were asked for together are asked for again together, under
    /// the same request id. A coupon is issued once for each item id under any request id, so that it is harmless where they
    /// cannot be: one of them was merged meanwhile, or another replica has it in hand.
    async fn issue(&self, away: &AtomicBool, tenant: Tenant, template_code: String, asks: Vec<Ask>) -> Answers {
        let results = if away.load(Ordering::Relaxed) {
            Err(Fault::unavailable("rights did not answer"))
        } else {
            let call = self.issue_call(tenant, template_code, &asks);
            call.instrument(asking(&asks)).await
        };
        let keys = asks.iter().map(|ask| (ask.tenant, ask.run_id));
        match results {
            Ok(results) => {
                let by_item: BTreeMap<String, Answer> = results
                    .into_iter()
                    .map(|result| (result.item_id.clone(), issued(result)))
                    .collect();
                let answers = asks
                    .iter()
                    .map(|ask| by_item.get(&ask.key).cloned().unwrap_or(Answer::Away));
                keys.zip(answers).collect()
            }
            Err(fault) => {
                let answer = answer_of(fault, away);
                keys.map(|key| (key, answer.clone())).collect()
            }
        }
    }

    /// Tags members in one call. Each assignment has a request id of its own, so that a repetition may gather other runs.
    async fn assign(&self, away: &AtomicBool, tenant: Tenant, asks: Vec<(Ask, TagAssignment)>) -> Answers {
        let keys: Vec<(Tenant, RunId)> = asks.iter().map(|(ask, _)| (ask.tenant, ask.run_id)).collect();
        let results = if away.load(Ordering::Relaxed) {
            Err(Fault::unavailable("tagging did not answer"))
        } else {
            let span = asking(asks.iter().map(|(ask, _)| ask));
            self.assign_call(tenant, asks).instrument(span).await
        };
        match results {
            Ok(results) => keys.into_iter().zip(results.into_iter().map(tagged)).collect(),
            Err(fault) => {
                let answer = answer_of(fault, away);
                keys.into_iter().map(|key| (key, answer.clone())).collect()
            }
        }
    }

    async fn assign_call(
        &self,
        tenant: Tenant,
        asks: Vec<(Ask, TagAssignment)>,
    ) -> Result<Vec<BatchAssignTagsResult>, Fault> {
        let mut tags = TagServiceClient::new(self.peers.channel("tagging").on_behalf_of(tenant)?);
        let requests = asks.into_iter().map(|(ask, assignment)| AssignTagsRequest {
            request_id: ask.key,
            member_id: ask.member.to_string(),
            assignments: vec![assignment],
            source: format!("journey/{}", ask.journey_code),
        });
        let request = BatchAssignTagsRequest {
            unreadable_items: Vec::new(),
            requests: requests.collect(),
        };
        Ok(answered(tags.batch_assign_tags(timed(request)).await)?.results)
    }

    async fn issue_call(&self, tenant: Tenant, template_code: String, asks: &[Ask]) -> Result<Vec<IssueResult>, Fault> {
        let mut coupons = CouponServiceClient::new(self.peers.channel("rights").on_behalf_of(tenant)?);
        let items = asks.iter().map(|ask| IssueItem {
            member_id: ask.member.to_string(),
            item_id: ask.key.clone(),
        });
        let items: Vec<IssueItem> = items.collect();
        let request = IssueCouponsRequest {
            request_id: request_id(&items),
            template_code,
            items,
        };
        Ok(answered(coupons.issue_coupons(timed(request)).await)?.results)
    }
}

/// The span of a call: a part of the trace of the first run that asks, linked to those of the others.
fn asking<'a>(asks: impl IntoIterator<Item = &'a Ask>) -> Span {
    let span = tracing::info_span!(parent: None, "ask", otel.name = "campaign.ask", otel.kind = "client");
    telemetry::continue_traces(&span, asks.into_iter().map(|ask| &*ask.traceparent));
    span
}

/// A request id that follows from the steps of the runs that ask, and from their members: the same items are the same request,
/// from any replica and however often. A step's key decides its template, too.
fn request_id(items: &[IssueItem]) -> String {
    let mut digest = Sha256::new();
    for text in items.iter().flat_map(|item| [&item.item_id, &item.member_id]) {
        digest.update(text);
        // In neither of them: the texts cannot run into each other.
        digest.update([0]);
    }
    let id = digest
        .finalize()
        .iter()
        .take(16)
        .fold(0, |id, byte| id << 8 | u128::from(*byte));
    format!("campaign/{id:032x}")
}

fn assignment(ask: &Ask, tag_code: String, value: TagValue, lifetime: Option<Duration>) -> TagAssignment {
    let kind = match value {
        TagValue::Bool(value) => tag_value::Kind::BoolValue(value),
        TagValue::Int(value) => tag_value::Kind::IntValue(value),
        TagValue::Text(value) => tag_value::Kind::StringValue(value),
        TagValue::Time(value) => tag_value::Kind::TimeValue(value.to_wire()),
    };
    let value = Some(contracts_tagging::v1::TagValue { kind: Some(kind) });
    TagAssignment {
        tag_code,
        value,
        expire_time: lifetime.map(|lifetime| ask.clock.plus(lifetime).to_wire()),
    }
}

fn issued(result: IssueResult) -> Answer {
    match result.outcome {
        Some(issue_result::Outcome::Coupon(coupon)) => Answer::Done {
            reference: coupon.coupon_id,
        },
        Some(issue_result::Outcome::Refusal(refusal)) => {
            let reason = refusal.reason().name().to_owned();
            Answer::Refused {
                reason,
                message: refusal.message,
            }
        }
        None => Answer::Away,
    }
}

fn tagged(result: BatchAssignTagsResult) -> Answer {
    match result.outcome {
        Some(batch_assign_tags_result::Outcome::Response(_)) => Answer::Done {
            reference: String::new(),
        },
        Some(batch_assign_tags_result::Outcome::Refusal(refusal)) => refused(refusal.reason, refusal.message),
        None => Answer::Away,
    }
}

/// A member whom a peer does not know may be unknown there for a moment only.
fn refused(reason: String, message: String) -> Answer {
    if reason == contracts_tagging::v1::ErrorReason::MemberNotFound.name() {
        Answer::MemberUnknown { reason, message }
    } else {
        Answer::Refused { reason, message }
    }
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(CALL_TIMEOUT);
    request
}

fn answered<T>(answer: Result<Response<T>, Status>) -> Result<T, Fault> {
    answer.map(Response::into_inner).map_err(Fault::from_peer)
}

/// The meaning of a peer's fault to a run: a refusal is an answer, trouble is none.
fn answer_of(fault: Fault, away: &AtomicBool) -> Answer {
    match fault {
        Fault::Refused(refusal) if is_final(&refusal) => {
            let Refusal { reason, message, .. } = *refusal;
            refused(reason, message)
        }
        Fault::Refused(_) | Fault::Contended => Answer::Away,
        // One call that a peer stumbles over is no reason to keep the others from it.
        Fault::Internal(_) => {
            tracing::error!(%fault, "a peer failed on a journey's call; it will be asked again");
            Answer::Away
        }
        Fault::Unavailable { .. } => {
            tracing::warn!(%fault, "a peer did not answer a journey; it will be asked again");
            away.store(true, Ordering::Relaxed);
            Answer::Away
        }
    }
}

/// Whether the brand's own doing is refused. A fault that the platform has to mend (an address, a right, a lack of room) is no
/// reason to pass over a member's coupon.
fn is_final(refusal: &Refusal) -> bool {
    let platforms = [
        Code::Unavailable,
        Code::DeadlineExceeded,
        Code::Unauthenticated,
        Code::PermissionDenied,
        Code::Unimplemented,
    ];
    refusal.retry_after.is_none() && !platforms.contains(&refusal.code)
}
