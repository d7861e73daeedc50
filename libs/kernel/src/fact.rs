/// A message that tells of something that happened, under a name in the past tense.
///
/// Implemented by the build for every message whose contract carries the option `fact`.
pub trait Fact {
    /// The name: "points.earned".
    const TYPE: &'static str;
}
