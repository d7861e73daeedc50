use contracts_identity::v1 as proto;
use fault::{Fault, Violations};
use kernel::Time;
use prost_types::FieldMask;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use super::Attribute;
use super::{Field, Profile, Source};

/// Parses the profile that a channel sent.
pub(crate) fn profile(
    wire: Option<&proto::Profile>,
    source: &Source,
    now: Time,
    violations: &mut Violations,
) -> Profile {
    let Some(wire) = wire else { return Profile::default() };
    let attributes = Field::ALL.map(|field| {
        let value = value(field, wire, now).unwrap_or_else(|message| {
            violations.add(format!("arrival.profile.{}", field.name()), message);
            String::new()
        });
        (
            field,
            Attribute {
                value,
                source: source.clone(),
            },
        )
    });
    Profile::new(attributes)
}

/// Parses the new values of the fields that a mask names.
pub(crate) fn profile_changes(
    wire: Option<&proto::Profile>,
    mask: Option<&FieldMask>,
    now: Time,
) -> Result<Vec<(Field, String)>, Fault> {
    let erased = proto::Profile::default();
    let wire = wire.unwrap_or(&erased);
    let mut violations = Violations::new();
    let mut changes = Vec::new();
    for field in violations.mask(mask, &Field::ALL.map(|field| (field.name(), field))) {
        let value = violations.parse(format!("profile.{}", field.name()), value(field, wire, now));
        changes.extend(value.map(|value| (field, value)));
    }
    violations.finish()?;
    Ok(changes)
}

/// A field in the text form that the domain keeps; empty where it is unknown.
fn value(field: Field, wire: &proto::Profile, now: Time) -> Result<String, &'static str> {
    let text = match field {
        Field::Name => &wire.name,
        Field::Gender => gender(wire.gender()),
        Field::BirthDate => birth_date(&wire.birth_date, now)?,
        Field::Province => &wire.province,
        Field::City => &wire.city,
        Field::Address => &wire.address,
    };
    Ok(text.trim().to_owned())
}

fn gender(gender: proto::Gender) -> &'static str {
    match gender {
        proto::Gender::Unspecified => "",
        proto::Gender::Female => "female",
        proto::Gender::Male => "male",
        proto::Gender::Other => "other",
    }
}

fn birth_date(text: &str, now: Time) -> Result<&str, &'static str> {
    if text.is_empty() {
        return Ok(text);
    }
    let format = format_description!("[year]-[month]-[day]");
    let date = Date::parse(text, &format).map_err(|_| "must be a date that exists, as YYYY-MM-DD")?;
    // It may be tomorrow already where the person lives.
    let latest = now
        .to_datetime()
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .saturating_add(Duration::days(1))
        .date();
    let earliest = Time::BIRTHS_BEGIN.to_datetime().map(OffsetDateTime::date);
    if earliest.is_some_and(|earliest| date < earliest) || date > latest {
        Err("must lie between 1900-01-01 and today")
    } else {
        Ok(text)
    }
}
