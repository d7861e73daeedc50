//! The table in which both sides stand beside each other.

use store::moving::{Compared, Table};

use super::figures::Figures;
use crate::terminal::say;

/// How many digits of a checksum are shown; all of them are compared.
const DIGITS: usize = 16;

/// What has been told so far.
pub(super) struct Report {
    tables: u64,
    empty: u64,
    rows: u64,
    differences: u64,
}

impl Report {
    /// Writes the heads of the columns.
    pub(super) fn begun() -> Self {
        line("service", "table", "in the files", "in PostgreSQL", "checksum");
        Self {
            tables: 0,
            empty: 0,
            rows: 0,
            differences: 0,
        }
    }

    /// A table, unless it is empty on both sides.
    pub(super) fn table(&mut self, table: &Table, compared: &Compared) {
        let Compared {
            source,
            target,
            difference,
        } = compared;
        self.tables = self.tables.saturating_add(1);
        if compared.are_equal() && source.rows == 0 {
            self.empty = self.empty.saturating_add(1);
            return;
        }
        let short = |checksum: &str| checksum.chars().take(DIGITS).collect::<String>();
        let outcome = match compared.are_equal() {
            true => short(&source.checksum),
            false => format!("{} DIFFERS {}", short(&source.checksum), short(&target.checksum)),
        };
        line(
            table.service(),
            table.name(),
            &source.rows.to_string(),
            &target.rows.to_string(),
            &outcome,
        );
        if let Some(difference) = difference {
            say(format_args!("           {difference}"));
        }
        self.rows = self.rows.saturating_add(source.rows);
        self.differs(!compared.are_equal());
    }

    /// The figures of the ledger, of which each is known by its name.
    pub(super) fn figures(&mut self, files: &Figures, database: &Figures) {
        let mut names: Vec<&String> = files.keys().chain(database.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let told = |figures: &Figures| figures.get(name).map_or_else(|| "none".to_owned(), i64::to_string);
            let (one, other) = (told(files), told(database));
            let outcome = if one == other { "" } else { "DIFFERS" };
            line("ledger", name, &one, &other, outcome);
            self.differs(one != other);
        }
    }

    fn differs(&mut self, differs: bool) {
        self.differences = self.differences.saturating_add(u64::from(differs));
    }

    /// Sums it up, and answers whether all is equal.
    pub(super) fn ended(self) -> bool {
        let Self {
            tables,
            empty,
            rows,
            differences,
        } = self;
        match differences {
            0 => say(format_args!(
                "{rows} rows of {tables} tables ({empty} of them empty), and the figures of the ledger, are equal"
            )),
            _ => say(format_args!("{differences} lines DIFFER, see above")),
        }
        differences == 0
    }
}

fn line(service: &str, what: &str, files: &str, database: &str, outcome: &str) {
    let line = format!("{service:<10} {what:<54} {files:>14} {database:>14}  {outcome}");
    say(line.trim_end());
}
