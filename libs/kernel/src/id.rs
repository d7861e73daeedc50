use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use mti::prelude::TypeIdSuffix;
use uuid::Uuid;

use crate::Clock;

/// What an id is of. Declare it as an empty enum beside the thing it names.
pub trait Kind {
    /// The prefix of the text form: "mbr" for `mbr_01jd...`.
    const PREFIX: &'static str;
    /// The thing in words, for messages.
    const NOUN: &'static str;
}

/// The id of one thing of the kind `K`: a `UUIDv7`, written as a TypeID (prefix, underscore, 26 letters of base 32).
///
/// Source: the TypeID specification, version 0.3.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// Why a text is no id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be {} {noun} id, \"{prefix}_\" followed by 26 letters and digits",
    article(noun)
)]
pub struct IdError {
    noun: &'static str,
    prefix: &'static str,
}

/// "a" or "an", as the noun is spoken.
fn article(noun: &str) -> &'static str {
    match noun.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) {
        true => "an",
        false => "a",
    }
}

impl<K: Kind> Id<K> {
    /// A new id, later in order than every id that this clock gave before.
    pub fn generate(clock: &Clock) -> Self {
        Self::from_uuid(clock.uuid())
    }

    /// The id with the given number.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The number, as the databases keep it.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

/// An id of a kind that is somebody else's: it is kept and compared, and never shown. None where there is no id.
pub fn uuid_of_any(text: &str) -> Result<Option<Uuid>, IdError> {
    if text.is_empty() {
        return Ok(None);
    }
    let suffix = text.rsplit_once('_').map(|(_, suffix)| TypeIdSuffix::from_str(suffix));
    match suffix {
        Some(Ok(suffix)) => Ok(Some(suffix.to_uuid())),
        Some(Err(_)) | None => Err(IdError {
            noun: "TypeID",
            prefix: "kind",
        }),
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, TypeIdSuffix::from(self.0))
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = IdError {
            noun: K::NOUN,
            prefix: K::PREFIX,
        };
        let suffix = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .ok_or(error.clone())?;
        let suffix = TypeIdSuffix::from_str(suffix).map_err(|_| error)?;
        Ok(Self::from_uuid(suffix.to_uuid()))
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// By hand, because a derive would ask the same of `K`.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug)]
    enum Thing {}
    impl Kind for Thing {
        const PREFIX: &'static str = "thg";
        const NOUN: &'static str = "thing";
    }

    proptest! {
        #[test]
        fn text_and_number_are_one(number in any::<u128>()) {
            let id = Id::<Thing>::from_uuid(Uuid::from_u128(number));
            prop_assert_eq!(id.to_string().parse::<Id<Thing>>(), Ok(id));
        }

        #[test]
        fn a_reader_who_does_not_know_the_kind_reads_the_number(number in any::<u128>()) {
            let id = Id::<Thing>::from_uuid(Uuid::from_u128(number));
            prop_assert_eq!(uuid_of_any(&id.to_string()), Ok(Some(id.uuid())));
        }

        #[test]
        fn no_text_breaks_the_parser(text in ".{0,60}") {
            let _ = uuid_of_any(&text);
            let _ = text.parse::<Id<Thing>>();
            let _ = format!("thg_{text}").parse::<Id<Thing>>();
        }
    }

    #[test]
    fn no_id_is_none_and_what_is_no_id_is_an_error() {
        assert_eq!(uuid_of_any(""), Ok(None));
        for wrong in [
            "thg",
            "thg_",
            "01h455vb4pex5vsknk084sn02q",
            "thg_01h455vb4pex5vsknk084sn02",
        ] {
            assert!(uuid_of_any(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_text_form_is_the_specification_s() {
        let uuid = Uuid::parse_str("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
        assert_eq!(
            Id::<Thing>::from_uuid(uuid).to_string(),
            "thg_01h455vb4pex5vsknk084sn02q"
        );
    }

    #[test]
    fn another_kind_s_id_is_refused() {
        let error = "mbr_01h455vb4pex5vsknk084sn02q".parse::<Id<Thing>>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "must be a thing id, \"thg_\" followed by 26 letters and digits"
        );
        assert_eq!(
            (article("API key"), article("entry"), article("member")),
            ("an", "an", "a")
        );
    }
}
