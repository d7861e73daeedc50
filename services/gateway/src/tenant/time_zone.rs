use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone as Rules;

/// A time zone by its IANA name: "Asia/Shanghai".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeZone(String);

/// The violation by a name that no zone has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IANA name of a time zone, such as Asia/Shanghai or UTC")]
pub(crate) struct UnknownTimeZone;

impl Default for TimeZone {
    /// Where most brands are that use the platform. In UTC a day's orders would begin at eight in the morning, and nobody
    /// would notice.
    fn default() -> Self {
        Self("Asia/Shanghai".to_owned())
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    /// Reads a name in whichever case, and keeps it in its usual one.
    fn from_str(name: &str) -> Result<Self, UnknownTimeZone> {
        let rules = Rules::get(name).map_err(|_| UnknownTimeZone)?;
        match rules.iana_name() {
            Some(name) if !rules.is_unknown() => Ok(Self(name.to_owned())),
            Some(_) | None => Err(UnknownTimeZone),
        }
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TimeZone {
    /// As it was kept: a name that was known once stays, whatever the database of zones knows now.
    pub(crate) fn kept(name: String) -> Self {
        Self(name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_its_iana_name_and_by_nothing_else() {
        for (name, kept) in [
            ("Asia/Shanghai", "Asia/Shanghai"),
            ("asia/tokyo", "Asia/Tokyo"),
            ("UTC", "UTC"),
        ] {
            assert_eq!(name.parse::<TimeZone>().unwrap().name(), kept);
        }
        for name in ["", "Asia/Shangai", "+08:00", "CST8", "Etc/Unknown", "../etc/localtime"] {
            assert_eq!(name.parse::<TimeZone>(), Err(UnknownTimeZone), "{name}");
        }
        let default = TimeZone::default();
        assert_eq!(default.name().parse(), Ok(default.clone()), "the default is a zone");
    }
}
