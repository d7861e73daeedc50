use contracts_tagging::v1;

use super::Segment;
use crate::member::MemberId;
use kernel::Time;

/// A segment's definition as the contract has it.
pub(crate) fn write(segment: Segment, condition: v1::Condition, member_count: i64) -> v1::Segment {
    let state = state(&segment);
    v1::Segment {
        segment_code: segment.code,
        display_name: segment.display_name,
        description: segment.description,
        condition: Some(condition),
        state: state.into(),
        failure: segment.failure.filter(|_| segment.is_evaluating).unwrap_or_default(),
        condition_version: segment.condition_version,
        member_count,
        evaluated_count: segment.evaluated_count,
        etag: segment.version.to_string(),
        create_time: Some(segment.create_time.to_wire()),
        update_time: Some(segment.update_time.to_wire()),
    }
}

/// Whether a segment is complete, as the contract has it.
pub(crate) fn state(segment: &Segment) -> v1::SegmentState {
    match (segment.is_evaluating, &segment.failure) {
        (false, _) => v1::SegmentState::Ready,
        (true, None) => v1::SegmentState::Evaluating,
        (true, Some(_)) => v1::SegmentState::Failed,
    }
}

/// A member's belonging to a segment.
pub(crate) fn membership(segment_code: String, member: MemberId, enter_time: Time) -> v1::SegmentMembership {
    v1::SegmentMembership {
        segment_code,
        member_id: member.to_string(),
        enter_time: Some(enter_time.to_wire()),
    }
}
