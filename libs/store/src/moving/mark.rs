//! The mark of a schema that is being filled: one more name among its migrations, which no service has.
//!
//! So that every program refuses such a schema that looks at its migrations before it works with it, those of releases before
//! there was a `quanyu move` as well.

use uuid::Uuid;

const BEGINNING: &str = "move_";

/// Whether what stands among migrations is such a mark.
pub(crate) fn is_mark(version: &str) -> bool {
    version.starts_with(BEGINNING)
}

/// The mark of a move.
pub(super) fn of(id: Uuid) -> String {
    format!("{BEGINNING}{}", id.simple())
}

/// Whose mark it is.
pub(super) fn read(version: &str) -> Option<Uuid> {
    Uuid::try_parse(version.strip_prefix(BEGINNING)?).ok()
}
