//! A brand with members, and the words in which the tests speak of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use contracts::r#type::v1::Money;
use contracts_identity::v1::member_service_server::MemberServiceServer;
use contracts_identity::v1::{MemberRegistered, MemberUpdated, MembersMerged, MergeUndone, ProfileSnapshot};
use contracts_rights::v1::TierChanged;
use contracts_tagging::v1::activity_service_client::ActivityServiceClient;
use contracts_tagging::v1::condition::Kind;
use contracts_tagging::v1::segment_service_client::SegmentServiceClient;
use contracts_tagging::v1::tag_service_client::TagServiceClient;
use contracts_tagging::v1::tag_value;
use contracts_tagging::v1::*;
use kernel::{Fact, Id, Kind as IdKind, Tenant, Time};
use prost::Message;
use rpc::Channel;
use testkit::{Harness, harness_with_peers};
use tonic::Status;
use tonic::service::Routes;
use uuid::Uuid;

use crate::identity::PlayedIdentity;

enum Mbr {}
impl IdKind for Mbr {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

/// The id of the member with a number.
pub(crate) fn member(number: u32) -> String {
    Id::<Mbr>::from_uuid(Uuid::from_u128(
        0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number),
    ))
    .to_string()
}

pub(crate) struct World {
    pub(crate) harness: Harness,
    pub(crate) identity: PlayedIdentity,
    requests: AtomicUsize,
}

impl World {
    /// A brand whose members 0 to 9 exist; tagging has not heard of them.
    pub(crate) async fn new() -> Self {
        let identity = PlayedIdentity::default();
        for number in 0..10 {
            identity.state().members.insert(member(number));
            identity
                .state()
                .externals
                .insert(("tmall".into(), format!("tb{number}")), member(number));
        }
        let peers = Routes::new(MemberServiceServer::new(identity.clone()));
        let harness = harness_with_peers(
            tagging::NAME,
            tagging::migrations(),
            tagging::service,
            peers,
            &contracts_identity::CONTRACT,
        )
        .await;
        Self {
            harness,
            identity,
            requests: AtomicUsize::new(0),
        }
    }

    /// A request id that was not used before.
    pub(crate) fn request_id(&self) -> String {
        format!("r{}", self.requests.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn activities(&self) -> ActivityServiceClient<Channel> {
        ActivityServiceClient::new(self.harness.channel())
    }

    pub(crate) fn tags(&self) -> TagServiceClient<Channel> {
        TagServiceClient::new(self.harness.channel())
    }

    pub(crate) fn segments(&self) -> SegmentServiceClient<Channel> {
        SegmentServiceClient::new(self.harness.channel())
    }

    pub(crate) fn now(&self) -> Time {
        self.harness.clock.now()
    }

    /// Turns the clock on and lets the workers do what is due.
    pub(crate) async fn pass_days(&self, days: i64) {
        self.harness.clock.turn_to(self.now().plus_days(days));
        self.harness.settle().await;
    }

    /// An order of a member, some days ago.
    pub(crate) fn order(&self, number: u32, source_id: &str, days_ago: i64) -> Activity {
        Activity {
            member_id: member(number),
            channel_code: "tmall".into(),
            source_id: source_id.into(),
            activity_type: "order_paid".into(),
            occur_time: Some(self.now().plus_days(-days_ago).to_wire()),
            amount: Some(Money {
                currency_code: "CNY".into(),
                minor_units: 100,
            }),
            ..Activity::default()
        }
    }

    pub(crate) async fn try_record(&self, activities: Vec<Activity>) -> Result<RecordActivitiesResponse, Status> {
        let request = RecordActivitiesRequest {
            unreadable_items: Vec::new(),
            request_id: self.request_id(),
            validate_only: false,
            activities,
        };
        Ok(self.activities().record_activities(request).await?.into_inner())
    }

    pub(crate) async fn record(&self, activities: Vec<Activity>) -> RecordActivitiesResponse {
        self.try_record(activities).await.unwrap()
    }

    pub(crate) async fn try_create_tag(&self, tag: Tag) -> Result<Tag, Status> {
        let request = CreateTagRequest {
            request_id: self.request_id(),
            tag: Some(tag),
        };
        Ok(self.tags().create_tag(request).await?.into_inner().tag.unwrap())
    }

    pub(crate) async fn create_tag(&self, tag: Tag) -> Tag {
        self.try_create_tag(tag).await.unwrap()
    }

    pub(crate) async fn try_assign(
        &self,
        number: u32,
        code: &str,
        value: Option<TagValue>,
    ) -> Result<MemberTag, Status> {
        let assignment = TagAssignment {
            tag_code: code.into(),
            value,
            expire_time: None,
        };
        let request = AssignTagsRequest {
            request_id: self.request_id(),
            member_id: member(number),
            assignments: vec![assignment],
            source: String::new(),
        };
        Ok(self.tags().assign_tags(request).await?.into_inner().tags.remove(0))
    }

    pub(crate) async fn assign(&self, number: u32, code: &str, value: Option<TagValue>) -> MemberTag {
        self.try_assign(number, code, value).await.unwrap()
    }

    pub(crate) async fn remove(&self, number: u32, code: &str) -> bool {
        let request = RemoveTagRequest {
            request_id: self.request_id(),
            member_id: member(number),
            tag_code: code.into(),
        };
        self.tags().remove_tag(request).await.unwrap().into_inner().removed
    }

    /// A member's tags with their values.
    pub(crate) async fn tags_of(&self, number: u32) -> BTreeMap<String, tag_value::Kind> {
        let request = ListMemberTagsRequest {
            member_id: member(number),
            page_size: 500,
            ..Default::default()
        };
        let tags = self.tags().list_member_tags(request).await.unwrap().into_inner().tags;
        tags.into_iter()
            .map(|tag| (tag.tag_code, tag.value.unwrap().kind.unwrap()))
            .collect()
    }

    pub(crate) async fn int_of(&self, number: u32, code: &str) -> Option<i64> {
        self.tags_of(number).await.remove(code).map(|value| match value {
            tag_value::Kind::IntValue(value) => value,
            other => panic!("{other:?} is not a number"),
        })
    }

    pub(crate) async fn try_create_segment(&self, code: &str, condition: Condition) -> Result<Segment, Status> {
        let segment = Segment {
            segment_code: code.into(),
            display_name: code.into(),
            condition: Some(condition),
            ..Segment::default()
        };
        let request = CreateSegmentRequest {
            request_id: self.request_id(),
            segment: Some(segment),
        };
        Ok(self
            .segments()
            .create_segment(request)
            .await?
            .into_inner()
            .segment
            .unwrap())
    }

    /// Creates a segment and lets it be evaluated.
    pub(crate) async fn create_segment(&self, code: &str, condition: Condition) -> Segment {
        let segment = self.try_create_segment(code, condition).await.unwrap();
        self.harness.settle().await;
        segment
    }

    pub(crate) async fn segment(&self, code: &str) -> Segment {
        let request = GetSegmentRequest {
            segment_code: code.into(),
        };
        self.segments()
            .get_segment(request)
            .await
            .unwrap()
            .into_inner()
            .segment
            .unwrap()
    }

    /// A segment's members, by every way of asking: list, count and check must agree.
    pub(crate) async fn members_of(&self, code: &str) -> BTreeSet<String> {
        let request = ListSegmentMembersRequest {
            segment_code: code.into(),
            page_size: 500,
            ..Default::default()
        };
        let listed = self
            .segments()
            .list_segment_members(request)
            .await
            .unwrap()
            .into_inner()
            .memberships;
        let listed: BTreeSet<String> = listed.into_iter().map(|membership| membership.member_id).collect();
        let request = CountSegmentMembersRequest {
            segment_code: code.into(),
        };
        let counted = self
            .segments()
            .count_segment_members(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            usize::try_from(counted.member_count),
            Ok(listed.len()),
            "count and list of {code} agree"
        );
        for number in 0..10 {
            let is_member = self.is_member(code, number).await;
            assert_eq!(
                is_member,
                listed.contains(&member(number)),
                "check and list of {code} agree on {number}"
            );
        }
        listed
    }

    pub(crate) async fn is_member(&self, code: &str, number: u32) -> bool {
        let request = CheckSegmentMembershipRequest {
            segment_code: code.into(),
            member_id: member(number),
        };
        self.segments()
            .check_segment_membership(request)
            .await
            .unwrap()
            .into_inner()
            .is_member
    }

    /// Identity tells that a member registered, in a city.
    pub(crate) fn registered(&self, number: u32, city: &str) {
        let fact = MemberRegistered {
            member_id: member(number),
            channel_code: "tmall".into(),
            register_time: Some(self.now().to_wire()),
            profile: Some(profile(city)),
        };
        self.harness.publish("identity", &fact, &member(number));
    }

    pub(crate) fn updated(&self, number: u32, profile: ProfileSnapshot, update_time: Time) {
        let fact = MemberUpdated {
            member_id: member(number),
            profile: Some(profile),
            update_time: Some(update_time.to_wire()),
        };
        self.harness.publish("identity", &fact, &member(number));
    }

    pub(crate) fn merged(&self, absorbed: u32, survivor: u32, city: &str) {
        let fact = MembersMerged {
            surviving_member_id: member(survivor),
            absorbed_member_id: member(absorbed),
            profile: Some(profile(city)),
            merge_time: Some(self.now().to_wire()),
            merge_id: String::new(),
        };
        self.harness.publish("identity", &fact, &member(survivor));
    }

    pub(crate) fn merged_as(&self, merge: &str, absorbed: u32, survivor: u32, city: &str) {
        let fact = MembersMerged {
            surviving_member_id: member(survivor),
            absorbed_member_id: member(absorbed),
            profile: Some(profile(city)),
            merge_time: Some(self.now().to_wire()),
            merge_id: merge.to_owned(),
        };
        self.harness.publish("identity", &fact, &member(survivor));
    }

    pub(crate) fn undone(&self, merge: &str, restored: (u32, &str), survivor: (u32, &str), led: &[u32]) {
        let fact = MergeUndone {
            merge_id: merge.to_owned(),
            restored_member_id: member(restored.0),
            surviving_member_id: member(survivor.0),
            led_member_ids: led.iter().map(|&number| member(number)).collect(),
            restored_profile: Some(profile(restored.1)),
            surviving_profile: Some(profile(survivor.1)),
            merge_time: Some(self.now().to_wire()),
            undo_time: Some(self.now().to_wire()),
        };
        self.harness.publish("identity", &fact, &member(survivor.0));
    }

    pub(crate) fn tier_changed(&self, number: u32, tier_code: &str, change_time: Time) {
        let fact = TierChanged {
            member_id: member(number),
            from_tier_code: String::new(),
            to_tier_code: tier_code.into(),
            growth_value: 0,
            change_time: Some(change_time.to_wire()),
        };
        self.harness.publish("rights", &fact, &member(number));
    }

    /// All facts of one kind that were told for a tenant.
    pub(crate) async fn facts_of<F: Fact + Message + Default>(&self, tenant: Tenant) -> Vec<F> {
        let rows = self.harness.published().await.into_iter();
        let rows = rows.filter(|row| row.kind == F::TYPE && row.tenant == tenant);
        rows.map(|row| F::decode(&*row.payload).unwrap()).collect()
    }

    pub(crate) async fn facts<F: Fact + Message + Default>(&self) -> Vec<F> {
        self.facts_of(self.harness.tenant).await
    }
}

pub(crate) fn profile(city: &str) -> ProfileSnapshot {
    ProfileSnapshot {
        city: city.into(),
        ..ProfileSnapshot::default()
    }
}

pub(crate) fn manual(code: &str, value_type: TagValueType) -> Tag {
    Tag {
        tag_code: code.into(),
        display_name: code.into(),
        value_type: value_type.into(),
        mutability: TagMutability::Dynamic.into(),
        source_kind: TagSourceKind::Manual.into(),
        ..Tag::default()
    }
}

pub(crate) fn computed(code: &str, aggregate: Aggregate, operand: Operand, window_days: i32) -> Tag {
    let computation = Computation {
        aggregate: aggregate.into(),
        operand: operand.into(),
        activity_types: vec!["order_paid".into()],
        currency_code: if operand == Operand::Amount {
            "CNY".into()
        } else {
            String::new()
        },
        window_days,
        ..Computation::default()
    };
    Tag {
        source_kind: TagSourceKind::Computed.into(),
        computation: Some(computation),
        ..manual(code, TagValueType::Unspecified)
    }
}

pub(crate) fn count(code: &str, window_days: i32) -> Tag {
    computed(code, Aggregate::Count, Operand::Unspecified, window_days)
}

pub(crate) fn int(value: i64) -> TagValue {
    TagValue {
        kind: Some(tag_value::Kind::IntValue(value)),
    }
}

pub(crate) fn text(value: &str) -> TagValue {
    TagValue {
        kind: Some(tag_value::Kind::StringValue(value.into())),
    }
}

pub(crate) fn tag_is(code: &str, comparison: Comparison, values: Vec<TagValue>) -> Condition {
    let condition = TagCondition {
        tag_code: code.into(),
        comparison: comparison.into(),
        values,
    };
    Condition {
        kind: Some(Kind::Tag(condition)),
    }
}

pub(crate) fn is_set(code: &str) -> Condition {
    tag_is(code, Comparison::IsSet, vec![])
}

pub(crate) fn at_least(code: &str, value: i64) -> Condition {
    tag_is(code, Comparison::AtLeast, vec![int(value)])
}

pub(crate) fn profile_is(field: ProfileField, values: &[&str]) -> Condition {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    Condition {
        kind: Some(Kind::Profile(ProfileCondition {
            field: field.into(),
            values,
        })),
    }
}

pub(crate) fn all(conditions: Vec<Condition>) -> Condition {
    Condition {
        kind: Some(Kind::All(ConditionList { conditions })),
    }
}

pub(crate) fn any(conditions: Vec<Condition>) -> Condition {
    Condition {
        kind: Some(Kind::Any(ConditionList { conditions })),
    }
}

pub(crate) fn not(condition: Condition) -> Condition {
    Condition {
        kind: Some(Kind::Not(Box::new(condition))),
    }
}

/// A set of members by their numbers.
pub(crate) fn members(numbers: &[u32]) -> BTreeSet<String> {
    numbers.iter().map(|&number| member(number)).collect()
}

/// The reason of a refusal, as a caller reads it from the status.
pub(crate) fn reason(status: &Status) -> String {
    use tonic_types::StatusExt;
    status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}
