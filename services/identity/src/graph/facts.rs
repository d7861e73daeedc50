//! The facts that this service tells.

use contracts_identity::v1::{MemberRegistered, MemberUpdated, MembersMerged, MergeUndone, ProfileSnapshot};
use kernel::Tenant;
use store::Draft;

use super::Event;
use super::member::Member;
use crate::profile::Field;

/// The fact of an event.
pub(crate) fn draft(tenant: Tenant, event: &Event) -> Draft {
    match event {
        Event::Registered(member) => {
            let fact = MemberRegistered {
                member_id: member.id.to_string(),
                channel_code: member.register_channel.clone().unwrap_or_default(),
                register_time: Some(member.register_time.to_wire()),
                profile: Some(snapshot(member)),
            };
            Draft::new(tenant, &*fact.member_id, &fact)
        }
        Event::Updated(member) => {
            let fact = MemberUpdated {
                member_id: member.id.to_string(),
                profile: Some(snapshot(member)),
                update_time: Some(member.update_time.to_wire()),
            };
            Draft::new(tenant, &*fact.member_id, &fact)
        }
        Event::Merged(merge) => {
            let fact = MembersMerged {
                surviving_member_id: merge.survivor.id.to_string(),
                absorbed_member_id: merge.absorbed.to_string(),
                profile: Some(snapshot(&merge.survivor)),
                merge_time: Some(merge.time.to_wire()),
                merge_id: merge.id.to_string(),
            };
            Draft::new(tenant, &*fact.surviving_member_id, &fact)
        }
        Event::Undone(undo) => {
            let fact = MergeUndone {
                merge_id: undo.merge.to_string(),
                restored_member_id: undo.restored.id.to_string(),
                surviving_member_id: undo.survivor.id.to_string(),
                led_member_ids: undo.led.iter().map(ToString::to_string).collect(),
                restored_profile: Some(snapshot(&undo.restored)),
                surviving_profile: Some(snapshot(&undo.survivor)),
                merge_time: Some(undo.merge_time.to_wire()),
                undo_time: Some(undo.time.to_wire()),
            };
            Draft::new(tenant, &*fact.surviving_member_id, &fact)
        }
    }
}

fn snapshot(member: &Member) -> ProfileSnapshot {
    let value = |field| member.profile.value(field).to_owned();
    ProfileSnapshot {
        gender: value(Field::Gender),
        birth_date: value(Field::BirthDate),
        province: value(Field::Province),
        city: value(Field::City),
        channel_codes: member.channel_codes().into_iter().map(ToOwned::to_owned).collect(),
        register_time: Some(member.register_time.to_wire()),
    }
}
