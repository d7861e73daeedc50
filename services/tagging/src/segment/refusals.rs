use contracts_tagging::v1::ErrorReason;
use fault::Fault;

use super::SEGMENTS_MAX;
use super::condition::wire::Misfit;
use crate::tag;

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

impl From<Misfit> for Fault {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Unknown { path, tag_code } => tag::refusals::tag_unknown(&tag_code, &path),
            Misfit::ValueType {
                path,
                tag_code,
                value_type,
            } => tag::refusals::value_type_mismatch(&tag_code, &path, value_type),
        }
    }
}
