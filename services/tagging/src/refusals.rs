//! The refusals of tagging, in the words of its contract.

use contracts::tagging::v1::ErrorReason;
use fault::Fault;

use crate::member::MemberId;
use crate::segment::SEGMENTS_MAX;
use crate::segment::condition::wire::Misfit;
use crate::tag::value::ValueType;
use crate::tag::{AssignError, TAGS_MAX};

pub(crate) fn member_not_found(member: MemberId) -> Fault {
    Fault::refused(ErrorReason::MemberNotFound, format!("there is no member {member}")).with("member_id", member)
}

pub(crate) fn tag_exists(code: &str) -> Fault {
    Fault::refused(ErrorReason::TagExists, format!("there is a tag {code} already")).with("tag_code", code)
}

pub(crate) fn too_many_tags() -> Fault {
    Fault::refused(ErrorReason::TooManyTags, format!("a brand has at most {TAGS_MAX} tags")).with("tags_max", TAGS_MAX)
}

pub(crate) fn segment_exists(code: &str) -> Fault {
    Fault::refused(ErrorReason::SegmentExists, format!("there is a segment {code} already")).with("segment_code", code)
}

pub(crate) fn too_many_segments() -> Fault {
    Fault::refused(
        ErrorReason::TooManySegments,
        format!("a brand has at most {SEGMENTS_MAX} segments"),
    )
    .with("segments_max", SEGMENTS_MAX)
}

pub(crate) fn tag_unknown(code: &str, path: &str) -> Fault {
    Fault::refused(
        ErrorReason::TagUnknown,
        format!("there is no tag {code}: create it first"),
    )
    .with("tag_code", code)
    .with("path", path)
}

pub(crate) fn tag_computed(code: &str) -> Fault {
    Fault::refused(ErrorReason::TagComputed, format!("{code}: {}", AssignError::Computed)).with("tag_code", code)
}

fn value_type_mismatch(code: &str, path: &str, value_type: ValueType) -> Fault {
    let value_type = value_type.name();
    Fault::refused(
        ErrorReason::TagValueTypeMismatch,
        format!("{path} does not fit {code}, which is {value_type}"),
    )
    .with("tag_code", code)
    .with("path", path)
    .with("value_type", value_type)
}

/// Why the tag at `path` was not assigned.
pub(crate) fn not_assigned(error: AssignError, code: &str, path: &str, value_type: ValueType) -> Fault {
    match error {
        AssignError::Computed => tag_computed(code),
        AssignError::Static => {
            Fault::refused(ErrorReason::TagStatic, format!("{code}: {error}")).with("tag_code", code)
        }
        AssignError::ValueType => value_type_mismatch(code, &format!("{path}.value"), value_type),
    }
}

impl From<Misfit> for Fault {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Unknown { path, tag_code } => tag_unknown(&tag_code, &path),
            Misfit::ValueType {
                path,
                tag_code,
                value_type,
            } => value_type_mismatch(&tag_code, &path, value_type),
        }
    }
}
