//! What an import says when it is over.

use std::path::PathBuf;
use std::process::ExitCode;

use super::figures::Figures;
use super::local_time::LocalTime;
use super::source::separator_name;

/// The exit code when rows were rejected.
const SOME_REJECTED: u8 = 2;

/// What has become of a file.
#[derive(Clone, Debug)]
pub struct Report {
    /// "members".
    pub noun: &'static str,
    /// Every line, once.
    pub figures: Figures,
    /// How many lines the file has.
    pub lines: u64,
    /// How fast this run was.
    pub rows_per_second: u64,
    /// Whether nothing was written.
    pub is_trial: bool,
    /// The characters of the file.
    pub encoding: &'static str,
    /// What parts its cells; none where each line is one JSON object.
    pub separator: Option<u8>,
    /// How times are read that name no zone themselves; none where each must name one.
    pub local_time: Option<LocalTime>,
    /// Columns that are no field.
    pub ignored: Vec<String>,
    /// Where rejected rows are, if there are any.
    pub rejected: PathBuf,
    /// Where rows are of which something was left out, if there are any.
    pub notes: PathBuf,
}

impl Report {
    /// 0 when every row was imported, 2 when some were rejected.
    pub fn exit_code(&self) -> ExitCode {
        if self.figures.rejected.rows == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(SOME_REJECTED)
        }
    }

    /// What was done.
    pub(super) fn told(&self) -> Vec<String> {
        let Figures {
            header_lines,
            blank_lines,
            imported,
            repeated,
            rejected,
            ..
        } = self.figures;
        let good = imported.rows.saturating_add(repeated.rows);
        let verb = if self.is_trial {
            "can be imported"
        } else {
            "were imported"
        };
        let mut told = vec![
            format!(
                "{good} of {} {} {verb}, {} rows a second",
                self.figures.rows(),
                self.noun,
                self.rows_per_second
            ),
            format!(
                "{} lines = {header_lines} of the header + {} imported + {} imported before + {} rejected + {blank_lines} blank",
                self.lines, imported.lines, repeated.lines, rejected.lines
            ),
            self.reading(),
        ];
        if imported.lines > imported.rows {
            told.push(format!(
                "{} imported rows are on {} lines: quoted cells with line breaks",
                imported.rows, imported.lines
            ));
        }
        if !self.ignored.is_empty() {
            told.push(format!("Ignored columns: {}", self.ignored.join(", ")));
        }
        if self.is_trial {
            told.push(
                "Nothing was written. What cannot be known before: how rows meet other rows that were not written either"
                    .to_owned(),
            );
        }
        told
    }

    /// How the file was read.
    fn reading(&self) -> String {
        let parted = match self.separator {
            Some(separator) => format!("cells parted by {}", separator_name(separator)),
            None => "one JSON object a line".to_owned(),
        };
        let times = self.local_time.as_ref().map(|times| format!("; {times}"));
        format!("Read as {}, {parted}{}", self.encoding, times.unwrap_or_default())
    }

    /// What people should look at.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if self.figures.noted_rows > 0 {
            let verb = match (self.is_trial, self.figures.noted_rows) {
                (true, _) => "can be imported",
                (false, 1) => "was imported",
                (false, _) => "were imported",
            };
            complaints.push(format!(
                "{} {verb} with something left out: {} has them with the notes",
                rows(self.figures.noted_rows),
                self.notes.display()
            ));
        }
        if self.figures.rejected.rows > 0 {
            let verb = if self.figures.rejected.rows == 1 { "was" } else { "were" };
            complaints.push(format!(
                "{} {verb} rejected: {} has them with the reasons; correct them there and import that file",
                rows(self.figures.rejected.rows),
                self.rejected.display()
            ));
        }
        complaints
    }
}

/// So many rows, in words.
fn rows(count: u64) -> String {
    format!("{count} {}", if count == 1 { "row" } else { "rows" })
}

#[cfg(test)]
mod tests {
    use super::super::figures::Count;
    use super::super::local_time::ZoneOrigin;
    use super::*;

    fn report(rejected_rows: u64) -> Report {
        Report {
            noun: "members",
            figures: Figures {
                header_lines: 1,
                blank_lines: 2,
                imported: Count { rows: 5, lines: 6 },
                repeated: Count { rows: 1, lines: 1 },
                rejected: Count {
                    rows: rejected_rows,
                    lines: rejected_rows,
                },
                noted_rows: 1,
            },
            lines: 10 + rejected_rows,
            rows_per_second: 7,
            is_trial: false,
            encoding: "gb18030",
            separator: Some(b';'),
            local_time: Some(LocalTime {
                zone: "Asia/Shanghai".to_owned(),
                origin: ZoneOrigin::Tenant,
            }),
            ignored: vec!["shoe_size".to_owned()],
            rejected: PathBuf::from("members.csv.rejected.csv"),
            notes: PathBuf::from("members.csv.notes.csv"),
        }
    }

    #[test]
    fn the_closing_lines_account_for_every_line_and_say_how_the_file_was_read() {
        assert_eq!(
            report(3).told(),
            [
                "6 of 9 members were imported, 7 rows a second",
                "13 lines = 1 of the header + 6 imported + 1 imported before + 3 rejected + 2 blank",
                "Read as gb18030, cells parted by semicolons; times without a zone are of Asia/Shanghai, the tenant's time zone; \
                 --time-zone names another one",
                "5 imported rows are on 6 lines: quoted cells with line breaks",
                "Ignored columns: shoe_size",
            ]
        );
        let complaints = report(3).complaints();
        assert!(complaints[0].starts_with("1 row was imported with something left out: members.csv.notes.csv"));
        assert!(complaints[1].starts_with("3 rows were rejected: members.csv.rejected.csv"));
        assert_eq!(report(0).complaints().len(), 1);
    }

    #[test]
    fn what_is_only_left_out_fails_nothing_and_what_is_rejected_does() {
        assert_eq!(report(0).exit_code(), ExitCode::SUCCESS);
        assert_eq!(report(1).exit_code(), ExitCode::from(2));
    }

    #[test]
    fn who_named_the_zone_is_told_and_lines_of_json_need_none() {
        let named = LocalTime {
            zone: "Europe/Berlin".to_owned(),
            origin: ZoneOrigin::Named,
        };
        let of_json = Report {
            separator: None,
            local_time: None,
            ..report(0)
        };
        assert_eq!(
            named.to_string(),
            "times without a zone are of Europe/Berlin, as --time-zone or QUANYU_TIME_ZONE says"
        );
        assert_eq!(of_json.told()[2], "Read as gb18030, one JSON object a line");
    }
}
