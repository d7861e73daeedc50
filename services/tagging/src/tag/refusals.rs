use contracts_tagging::v1::ErrorReason;
use fault::Fault;

use super::value::ValueType;
use super::{AssignError, TAGS_MAX};

pub(crate) fn tag_exists(code: &str) -> Fault {
    Fault::refused(ErrorReason::TagExists, format!("there is a tag {code} already")).with("tag_code", code)
}

pub(crate) fn too_many_tags() -> Fault {
    Fault::refused(ErrorReason::TooManyTags, format!("a brand has at most {TAGS_MAX} tags")).with("tags_max", TAGS_MAX)
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

pub(crate) fn value_type_mismatch(code: &str, path: &str, value_type: ValueType) -> Fault {
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
