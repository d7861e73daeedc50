//! How many connections to PostgreSQL a process opens, and which of its services opens how many.
//!
//! Services of one process do not share connections: each has its own, whose statements run in its own schema. They do not
//! share the right to open one either. A service that waits for another one's answer may hold a connection of its own
//! meanwhile; if both drew on one number, the first could hold the last one that the second needs. With parts of their own
//! a service only ever waits for its own calls, none of which waits for a second connection while it holds one.

use fault::Fault;
use runtime::Problem;
use store::{Db, Room};

use crate::config::Config;
use crate::roles::ROLES;
use crate::terminal::complain;

/// What one service cannot do without: one that writes, and one for those who read meanwhile.
pub(crate) const OF_ONE_MIN: u32 = 2;
/// What a service keeps beside these that leases work: one by which others see that its process lives (`store::Presence`).
pub(crate) const OF_PRESENCE: u32 = 1;
/// What a process opens that serves one service and is told nothing. Seven of them fit into PostgreSQL's default of 100.
const OF_ONE: u32 = 13;
/// What a process opens that serves all of them and is told nothing.
const OF_ALL: u32 = 48;

impl Config {
    /// How many connections a process opens that serves one service.
    pub fn connections_of_one(&self) -> u32 {
        self.database_connections_max.unwrap_or(OF_ONE)
    }

    /// How many each service opens, in the order of [`ROLES`], where one process serves all of them.
    pub fn connections_of_all(&self) -> Result<[u32; ROLES.len()], Problem> {
        let total = self.database_connections_max.unwrap_or(OF_ALL);
        divide(total, mins(), ROLES.map(|role| role.connections_weight)).ok_or_else(|| {
            let message = format!(
                "must be at least {} where one process serves all services: {}",
                min_of_all(),
                told(&mins())
            );
            Problem::new("database_connections_max", message)
        })
    }
}

fn mins() -> [u32; ROLES.len()] {
    ROLES.map(|role| role.connections_min)
}

fn min_of_all() -> u32 {
    mins().into_iter().fold(0, u32::saturating_add)
}

/// Everybody gets what they cannot do without, and of the rest their weight's part; what is left over after that goes one by
/// one to the first.
fn divide<const N: usize>(total: u32, mins: [u32; N], weights: [u32; N]) -> Option<[u32; N]> {
    let rest = total.checked_sub(mins.into_iter().fold(0, u32::saturating_add))?;
    let weight = weights.iter().copied().fold(0, u32::saturating_add).max(1);
    let part = |of: u32| u64::from(rest).saturating_mul(of.into()).checked_div(weight.into());
    let mut parts = weights.map(|of| part(of).and_then(|part| u32::try_from(part).ok()).unwrap_or(0));
    let given = parts.iter().copied().fold(0, u32::saturating_add);
    let left = usize::try_from(rest.saturating_sub(given)).ok()?;
    parts
        .iter_mut()
        .take(left)
        .for_each(|part| *part = part.saturating_add(1));
    for (part, min) in parts.iter_mut().zip(mins) {
        *part = part.saturating_add(min);
    }
    Some(parts)
}

/// The parts in words: "identity 9, points 12".
pub(crate) fn told(parts: &[u32; ROLES.len()]) -> String {
    let each = ROLES
        .iter()
        .zip(parts)
        .map(|(role, part)| format!("{} {part}", role.name));
    each.collect::<Vec<_>>().join(", ")
}

/// Refuses to serve where the server would never admit all connections, before a call meets the one too many; and says so
/// where others have taken the room.
pub(crate) async fn check_room(db: &Db, connections: u32) -> Result<(), Fault> {
    let Some(room) = db.room().await? else {
        return Ok(());
    };
    if connections > room.admitted() {
        return Err(Fault::invalid("database_connections_max", too_many(connections, &room)));
    }
    let others = room.in_use.saturating_sub(room.own);
    if connections > room.admitted().saturating_sub(others) {
        complain(format_args!(
            "PostgreSQL may have no room: this process opens up to {connections} connections (database_connections_max), \
             {room}, and others have {others} open"
        ));
    }
    Ok(())
}

/// That a server never admits so many.
pub(crate) fn too_many(connections: u32, room: &Room) -> String {
    format!("is {connections}, and {room}: lower it, or raise the server's max_connections")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_is_divided_by_need_and_everybody_gets_what_they_cannot_do_without() {
        let weights = ROLES.map(|role| role.connections_weight);
        for total in min_of_all()..200 {
            let parts = divide(total, mins(), weights).unwrap();
            assert_eq!(parts.iter().sum::<u32>(), total);
            assert!(parts.iter().zip(mins()).all(|(part, min)| *part >= min), "{parts:?}");
        }
        assert_eq!(divide(min_of_all(), mins(), weights), Some(mins()));
        assert_eq!(divide(min_of_all() - 1, mins(), weights), None);
        assert!(divide(u32::MAX, mins(), weights).is_some());
    }
}
