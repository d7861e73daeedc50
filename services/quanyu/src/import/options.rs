//! The command line of an import.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use encoding_rs::Encoding;
use runtime::Problem;

use super::columns;
use super::moment::Zone;
use super::orders::EqualRows;
use super::{activities, members};
use crate::api::Api;

/// Brings members or activities from a file into a running platform, through its public API.
///
/// Rows that are wrong are written to FILE.rejected.csv with all reasons and stop nothing: correct them there, and import
/// that file. Rows of which something is left out (a blocked phone, an unknown gender) are imported, and written to
/// FILE.notes.csv. Of a file of JSON lines both are JSON lines: FILE.rejected.jsonl, FILE.notes.jsonl. An import that was
/// interrupted goes on where it stood when it is started again; no row takes effect twice. The closing figures account for every line of the file. Exits with 0 when every row was imported, with 2 when some
/// were rejected, with 1 when the import had to stop, with 64 when the command itself is wrong.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    #[command(subcommand)]
    pub(super) what: What,
}

impl ImportArgs {
    /// Everything that is wrong with the command, whatever the file has and the platform says.
    pub fn problems(&self) -> Vec<Problem> {
        let (args, fields) = match &self.what {
            What::Members(args) => (args, &members::FIELDS[..]),
            What::Activities(args) => (args, &activities::FIELDS[..]),
        };
        let mut problems = Vec::new();
        let mut told = |option: &str, wrong: String| problems.push(Problem::new(option, wrong));
        if args.key.is_empty() {
            told("--key", NO_KEY.to_owned());
        }
        if let Err(wrong) = Api::check_address(&args.address, args.ca_file.is_some()) {
            told("--address", wrong);
        }
        for wrong in args.maps.iter().filter_map(|map| columns::mapped(map, fields).err()) {
            told("--map", wrong);
        }
        if let Some(wrong) = args.time_zone.as_deref().and_then(|name| Zone::find(name).err()) {
            told("--time-zone", wrong);
        }
        if let (What::Activities(_), true, Some(option)) = (&self.what, args.is_json_lines(), args.about_columns()) {
            told(&format!("--{option}"), NO_COLUMNS.to_owned());
        }
        problems
    }
}

/// What is told where no key is given.
pub(super) const NO_KEY: &str = "is needed, also to try an import: --key, or QUANYU_API_KEY in the environment";
/// What is told of an option about a column where there are none.
pub(super) const NO_COLUMNS: &str = "is about a column, and lines of JSON have none";

/// What a file holds.
#[derive(Subcommand, Clone, Debug)]
pub enum What {
    /// Imports members from a CSV file with a header row.
    #[command(after_long_help = MEMBER_COLUMNS)]
    Members(FileArgs),
    /// Imports activities from a CSV file with a header row, or from JSON lines.
    #[command(after_long_help = ACTIVITY_COLUMNS)]
    Activities(FileArgs),
}

const MEMBER_COLUMNS: &str = "\
Columns, by their headers, in any order; empty cells are unknown, other columns are ignored:
  channel_code, external_id    the channel and the member's id there
  phone, email, union_id, card_number, device
                               further ids; at least one id other than device is needed, and a
                               channel where there is an external_id or a union_id
  proof                        how the further ids were proved: none, platform, code, presented or
                               operator; without the column operator, that is, by the records of
                               the system that you move from
  name, gender (female, male, other; 女, 男), birth_date (1990-05-01, 1990/5/1), province, city,
  address
  register_time                2024-03-08 10:21:00, 2024/3/8 10:21, 2024年3月8日, 20240308 in the tenant's
                               time zone or that of --time-zone, or RFC 3339

A file is UTF-8, UTF-16 or GBK (GB 18030), parted by commas, semicolons, tabs, | ^ ~ or U+0001; which, is
recognised. A quoted cell may have several lines, unless its lines look like whole rows of the file.";

const ACTIVITY_COLUMNS: &str = "\
Columns, by their headers, in any order; empty cells are unknown, other columns are ignored:
  source_id                    the activity's id at its source, for example the order number; needed
  activity_type                order_paid, order_refunded, browsed ...; needed
  occur_time                   2024-03-08 10:21:00, 2024/3/8 10:21, 2024年3月8日, 20240308 in the tenant's
                               time zone or that of --time-zone, or RFC 3339; needed
  member_id, or channel_code with external_id
                               who did it; needed
  amount (77.00, 1,288.00, ￥77), currency_code (CNY)
  sku, quantity, category, line_id
                               of one item
  discount_amount, surcharge_amount
                               what was taken off the order as a whole, or came on top of its items
  refunded_source_id           of a refund: the order's source_id
  attributes.NAME              for each attribute

An order may have a row for each item. Rows with the same channel_code, activity_type and source_id that
follow each other are one activity: their amounts add up, so that amount is the item's and not the
order's. Where they contradict each other, or do not follow each other, they are rejected: sort the file.

A file is UTF-8, UTF-16 or GBK (GB 18030), parted by commas, semicolons, tabs, | ^ ~ or U+0001; which, is
recognised. A quoted cell may have several lines, unless its lines look like whole rows of the file.

A file whose name ends in .jsonl has one JSON object a line, as the REST API takes it:
  {\"sourceId\": \"T1\", \"activityType\": \"order_paid\", \"channelCode\": \"tmall\", \"externalId\": \"u1\",
   \"occurTime\": \"2026-01-01T00:00:00Z\", \"amount\": {\"currencyCode\": \"CNY\", \"minorUnits\": \"9900\"}}

Its rejected lines come back as JSON lines. Of each, \"quanyu.line\" and \"quanyu.reasons\" say what is wrong, and are left
out when it is imported again; a line that is no JSON object stands in \"quanyu.text\", to be mended there.";

/// A file and how it is read.
#[derive(Args, Clone, Debug)]
pub struct FileArgs {
    /// The file.
    pub file: PathBuf,
    /// The platform's address.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "QUANYU_ADDRESS",
        default_value = "127.0.0.1:7400"
    )]
    pub address: String,
    /// The CAs that you trust, as PEM, where the platform is called over TLS: /etc/ssl/certs/ca-certificates.crt, or your own.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// An API key with the scope identity.import or tagging.record.
    #[arg(
        long,
        value_name = "KEY",
        env = "QUANYU_API_KEY",
        hide_env_values = true,
        default_value = ""
    )]
    pub key: String,
    /// Reads a field from a column of another name: `--map external_id=openid`. May be given several times.
    #[arg(long = "map", value_name = "FIELD=HEADER")]
    pub maps: Vec<String>,
    /// Ignores a column although its header looks like a field's. May be given several times.
    #[arg(long = "ignore", value_name = "HEADER")]
    pub ignored: Vec<String>,
    /// The channel of every row that names none.
    #[arg(long, value_name = "CODE")]
    pub channel: Option<String>,
    /// The time zone of times that name none themselves, by its IANA name. Without it the tenant's own is taken.
    #[arg(long, value_name = "ZONE", env = "QUANYU_TIME_ZONE")]
    pub time_zone: Option<String>,
    /// What the file is written in, where that is not recognised: utf-8, gbk, gb18030, utf-16le, big5 ...
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    pub encoding: Option<&'static Encoding>,
    /// What parts the cells, where that is not recognised: comma, semicolon, tab, | ^ ~ or \x01.
    #[arg(long, value_name = "NAME", value_parser = separator)]
    pub separator: Option<u8>,
    /// Takes a cell in quotes for a cell although it holds what looks like whole rows: otherwise its lines are rejected.
    #[arg(long)]
    pub rows_in_cells: bool,
    /// Takes the long numbers of a column as they are although all end in zeros, as a spreadsheet's do that has rounded
    /// them. May be given several times.
    #[arg(long = "not-rounded", value_name = "HEADER")]
    pub not_rounded: Vec<String>,
    /// What rows of one activity are that are equal in every cell: otherwise they are rejected.
    #[arg(long, value_name = "MEANING", value_enum)]
    pub equal_rows: Option<EqualRows>,
    /// Checks the file as an import would, by the platform too, without writing anything.
    #[arg(long)]
    pub dry_run: bool,
}

impl FileArgs {
    /// A file that is read as it is recognised, sent to an address with a key.
    pub fn new(file: impl Into<PathBuf>, address: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            address: address.into(),
            ca_file: None,
            key: key.into(),
            maps: Vec::new(),
            ignored: Vec::new(),
            channel: None,
            time_zone: None,
            encoding: None,
            separator: None,
            rows_in_cells: false,
            not_rounded: Vec::new(),
            equal_rows: None,
            dry_run: false,
        }
    }
}

impl FileArgs {
    /// Whether the file is one of JSON lines, where it is one of activities.
    pub(super) fn is_json_lines(&self) -> bool {
        self.file.extension().is_some_and(|extension| extension == "jsonl")
    }

    /// The first option that names a column.
    pub(super) fn about_columns(&self) -> Option<&'static str> {
        let named = [
            ("map", &self.maps),
            ("ignore", &self.ignored),
            ("not-rounded", &self.not_rounded),
        ];
        named
            .into_iter()
            .find(|(_, headers)| !headers.is_empty())
            .map(|(option, _)| option)
    }
}

pub(super) fn encoding(name: &str) -> Result<&'static Encoding, String> {
    let found = Encoding::for_label(name.as_bytes());
    found
        .filter(|encoding| encoding.is_ascii_compatible() || encoding.name().starts_with("UTF-16"))
        .ok_or_else(|| "must be an encoding such as utf-8, gbk, gb18030, utf-16le or big5".to_owned())
}

pub(super) fn separator(name: &str) -> Result<u8, String> {
    match name {
        "comma" | "," => Ok(b','),
        "semicolon" | ";" => Ok(b';'),
        "tab" | "\\t" | "\t" => Ok(b'\t'),
        "pipe" | "|" => Ok(b'|'),
        "^" => Ok(b'^'),
        "~" => Ok(b'~'),
        "\\x01" | "\x01" => Ok(b'\x01'),
        _ => Err("must be comma, semicolon, tab, pipe, ^, ~ or \\x01".to_owned()),
    }
}
