use std::collections::BTreeMap;

use fault::Fault;
use store::Db;

use super::{Report, good};
use crate::roles::ROLES;
use crate::terminal::say;

/// After how many rows of a table it is told how far the reading has come: a multiple of what is read at a time.
const ROWS_PER_LINE: u64 = 1_000_000;

/// Looks for ids that were stored before ids had one form.
pub(super) async fn look(databases: &BTreeMap<&'static str, Db>, report: &mut Report) -> Result<(), Fault> {
    for role in &ROLES {
        let Some(db) = databases.get(role.name) else { continue };
        for of in role.identifiers {
            let (name, table) = (role.name, of.table);
            let progress = |rows: u64| {
                if rows.is_multiple_of(ROWS_PER_LINE) {
                    say(format_args!("  ...   {name}: {rows} rows of {table} were read"));
                }
            };
            let looked = db.unclean_texts(of, progress).await?;
            if looked.unclean == 0 {
                good(format_args!(
                    "{name}: {} rows of {table} have ids in their form",
                    looked.rows
                ));
                continue;
            }
            let told: Vec<String> = looked.told.iter().map(ToString::to_string).collect();
            report.bad(
                format_args!(
                    "{name}: {} ids among {} rows of {table} are older than the one form of an id: {}{}",
                    looked.unclean,
                    looked.rows,
                    told.join("; "),
                    if told.len() < usize::try_from(looked.unclean).unwrap_or(usize::MAX) {
                        "; ..."
                    } else {
                        ""
                    },
                ),
                of.mend,
            );
        }
    }
    Ok(())
}
