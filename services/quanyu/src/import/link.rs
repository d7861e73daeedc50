//! `quanyu link`: which rows of a file are the same person's.
//!
//! The file is read as an import reads one, and no platform is needed. Rows that are wrong go into rejected.csv with their
//! reasons, the others are compared (crate `matching`), and what came of it is in pairs.csv and clusters.csv. The same file gives
//! the same files.

mod fields;
mod reading;
mod settings;
mod writing;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Args;
use encoding_rs::Encoding;
use fault::Fault;
use matching::{Blocks, Decision, Field, Links, Model, link_in};
use runtime::Problem;

use self::fields::Plan;
use self::reading::People;
use self::settings::LinkSettings;
use super::columns::{self, Wishes};
use super::options::{encoding, separator};
use super::source::{Source, known_fields};
use super::survey::Survey;
use crate::progress::{Progress, rate};
use crate::terminal::{complain, say};

/// The exit code when rows were rejected.
const SOME_REJECTED: u8 = 2;
/// No more threads compare records than this, whatever the machine has.
const THREADS_MAX: usize = 64;

/// Finds the rows of a file that are the same person's, by names, birthdays, phones, addresses and ids, with slips of the pen.
///
/// Nothing is sent to a platform, and nobody need say beforehand which rows belong together: what an agreement is worth is
/// learnt from the file. Into the folder --out go pairs.csv (two ids, the probability, the decision, and what each field says),
/// clusters.csv (every row with the person that it is of) and, where rows were wrong, rejected.csv with the reasons. Exits with
/// 0 when every row was compared, with 2 when some were rejected, with 1 when it had to stop, with 64 when the command itself is
/// wrong.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = COLUMNS)]
pub struct LinkArgs {
    /// The file: CSV with a header row.
    file: PathBuf,
    /// Reads a field from a column of another name: `--map birth_date=dob`. May be given several times.
    #[arg(long = "map", value_name = "FIELD=HEADER")]
    maps: Vec<String>,
    /// Ignores a column although its header looks like a field's. May be given several times.
    #[arg(long = "ignore", value_name = "HEADER")]
    ignored: Vec<String>,
    /// Further fields, and the thresholds (TOML).
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Where the outcome goes [default: FILE.linked].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// What the file is written in, where that is not recognised: utf-8, gbk, gb18030, utf-16le, big5 ...
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    encoding: Option<&'static Encoding>,
    /// What parts the cells, where that is not recognised: comma, semicolon, tab, | ^ ~ or \x01.
    #[arg(long, value_name = "NAME", value_parser = separator)]
    separator: Option<u8>,
    /// Takes a cell in quotes for a cell although it holds what looks like whole rows: otherwise its lines are rejected.
    #[arg(long)]
    rows_in_cells: bool,
    /// Takes the long numbers of a column as they are although all end in zeros, as a spreadsheet's do that has rounded
    /// them. May be given several times.
    #[arg(long = "not-rounded", value_name = "HEADER")]
    not_rounded: Vec<String>,
    /// How many threads compare; the outcome does not depend on it [default: one for each processor].
    #[arg(long, value_name = "NUMBER")]
    threads: Option<usize>,
}

const COLUMNS: &str = "\
Columns, by their headers, in any order; empty cells are unknown, other columns are ignored:
  id                           what the row is called in the outcome; without the column, its line
  name, or given_name and surname
                               Latin or Chinese, in whatever order; 张伟 is Zhang Wei, Bob is Robert
  birth_date                   in any order of day, month and year; impossible days are slips
  phone, email                 with or without +86, extensions, tags
  card_number, national_id     numbers that somebody gave to the person
  house_number, address, address_2, district, city, postcode, province, gender

Further columns, and when rows are joined, are told by a file, --settings:
  join = 0.9                   the probability from which on rows are one person's; without it, that
                               of which the model expects the best F1
  review = 0.05                the probability from which on somebody should look
  block_max = 100              how many rows of one key are compared with each other
  [fields]
  member_no = \"identifier\"     or full_name, given_name, surname, date, phone, email, street,
                               house_number, place, postcode, category";

impl LinkArgs {
    /// Everything that is wrong with the command, whatever the file has.
    pub fn problems(&self) -> Vec<Problem> {
        let settings = match LinkSettings::read(self.settings.as_deref()) {
            Ok(settings) => settings,
            Err(wrong) => return vec![Problem::new("--settings", wrong)],
        };
        let known = settings.known();
        let names: Vec<&str> = known
            .iter()
            .map(|field| field.name.as_str())
            .chain([fields::ID])
            .collect();
        let wrong = self.maps.iter().filter_map(|map| columns::mapped(map, &names).err());
        let mut problems: Vec<Problem> = wrong.map(|wrong| Problem::new("--map", wrong)).collect();
        if self
            .threads
            .is_some_and(|threads| !(1..=THREADS_MAX).contains(&threads))
        {
            problems.push(Problem::new(
                "--threads",
                format!("must be a number from 1 to {THREADS_MAX}"),
            ));
        }
        problems
    }

    fn out(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| super::beside(&self.file, "linked"))
    }

    fn threads(&self) -> usize {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.unwrap_or(processors).clamp(1, THREADS_MAX)
    }
}

/// Links a file and says what came of it.
pub async fn run(args: LinkArgs) -> Result<ExitCode, Fault> {
    // It waits for nothing, and would keep a thread of the runtime from what does.
    let linked = tokio::task::spawn_blocking(move || linked(&args)).await;
    linked.map_err(Fault::internal)?
}

fn linked(args: &LinkArgs) -> Result<ExitCode, Fault> {
    let began = Instant::now();
    let settings = LinkSettings::read(args.settings.as_deref()).map_err(|wrong| Fault::invalid("settings", wrong))?;
    let survey = Survey::of(&args.file, args.encoding)?;
    let known = settings.known();
    let names: Vec<&str> = known
        .iter()
        .map(|field| field.name.as_str())
        .chain([fields::ID])
        .collect();
    let fields = known_fields(&names, &args.maps);
    let source = Source::csv(&args.file, survey.clone(), args.separator, fields)?;
    let mut source = source.with_rows_in_cells(args.rows_in_cells);
    let wishes = Wishes {
        maps: &args.maps,
        ignored: &args.ignored,
        trusted: &args.not_rounded,
    };
    let plan = Plan::of(source.headers(), &known, &names, wishes)?;
    plan.check_numbers(&mut source, &args.not_rounded)?;
    if !plan.columns.ignored.is_empty() {
        let ignored: Vec<&str> = plan.columns.ignored.iter().map(|header| header.trim()).collect();
        complain(format_args!("Ignored columns: {}", ignored.join(", ")));
    }
    let out = args.out();
    writing::make_folder(&out)?;
    let people = People::read(&mut source, &plan, &out, args.threads())?;
    survey.check_unchanged(&args.file)?;

    let settings = settings.of(&plan.fields, args.threads());
    complain("Learning how the rows of one person agree");
    let blocks = Blocks::of(&people.records, &settings);
    let model = Model::train_in(&people.records, &blocks, &settings);
    let progress = Mutex::new(Progress::new("pairs", blocks.pairs()));
    let watch = |pairs: u64| {
        if let Ok(mut progress) = progress.lock() {
            progress.add(pairs, "compared");
        }
    };
    let links = link_in(&people.records, &blocks, &model, &settings, &watch);
    if let Ok(progress) = progress.lock() {
        progress.finish();
    }
    writing::write(&out, &people, &model, &links)?;
    Told {
        people: &people,
        fields: &plan.fields,
        blocks: &blocks,
        links: &links,
        out: &out,
        took: began.elapsed(),
    }
    .say();
    Ok(match people.rejected.rows {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(SOME_REJECTED),
    })
}

/// What is said at the end.
struct Told<'t> {
    people: &'t People,
    fields: &'t [Field],
    blocks: &'t Blocks,
    links: &'t Links,
    out: &'t std::path::Path,
    took: Duration,
}

impl Told<'_> {
    fn say(&self) {
        let (people, links) = (self.people, self.links);
        let count = |decision: Decision| links.pairs.iter().filter(|pair| pair.decision == decision).count();
        let rows = u64::try_from(people.records.len()).unwrap_or(u64::MAX);
        let of_several = links.clusters.iter().map(Vec::len).fold(0, usize::saturating_add);
        let persons = people
            .records
            .len()
            .saturating_sub(of_several)
            .saturating_add(links.clusters.len());
        say(format_args!(
            "{rows} rows were compared by {}, in {:.1} s ({} rows a second)",
            self.fields
                .iter()
                .map(|field| field.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            self.took.as_secs_f64(),
            rate(rows, self.took),
        ));
        say(format_args!(
            "{} lines = {} of the header + {} compared + {} rejected + {} blank",
            people.lines(),
            people.header_lines,
            people.compared.lines,
            people.rejected.lines,
            people.blank_lines,
        ));
        say(format_args!(
            "{} candidates: {} pairs joined, {} to review",
            links.candidates,
            count(Decision::Join),
            count(Decision::Review),
        ));
        say(format_args!(
            "{persons} persons, {} of them with several rows",
            links.clusters.len()
        ));
        say(format_args!(
            "Joined from a probability of {:.3} on; the model expects a precision of {:.4} and a recall of {:.4}",
            links.threshold, links.expected.precision, links.expected.recall,
        ));
        for (rule, passed_over) in self.blocks.rules().iter().zip(&links.passed_over) {
            if *passed_over > 0 {
                say(format_args!(
                    "{passed_over} rows were not compared by the {}, which too many share; by other fields they were",
                    rule.told(self.fields),
                ));
            }
        }
        say(format_args!("{} has pairs.csv and clusters.csv", self.out.display()));
        if people.rejected.rows > 0 {
            complain(format_args!(
                "{} rows were rejected: {} has them with the reasons",
                people.rejected.rows,
                self.out.join(reading::REJECTED).display(),
            ));
        }
    }
}

#[cfg(test)]
mod tests;
