//! pairs.csv and clusters.csv.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use csv::Writer;
use fault::Fault;
use matching::{Decision, Level, Links, Model, Pair, Reason};

use super::reading::People;

/// Makes the folder of the outcome.
pub(super) fn make_folder(out: &Path) -> Result<(), Fault> {
    std::fs::create_dir_all(out).map_err(|error| unusable(out, &error))
}

/// Writes down what came of it.
pub(super) fn write(out: &Path, people: &People, model: &Model, links: &Links) -> Result<(), Fault> {
    with_file(&out.join("pairs.csv"), |writer| {
        let fields = people.records.fields();
        let headers = ["id", "other_id", "decision", "probability", "weight"].map(str::to_owned);
        writer.write_record(
            headers
                .into_iter()
                .chain(fields.iter().map(|field| format!("why.{}", field.name))),
        )?;
        for pair in &links.pairs {
            let reasons = Links::reasons(&people.records, model, pair);
            let cells = pair_cells(people, pair).into_iter().chain(reasons.iter().map(why));
            writer.write_record(cells)?;
        }
        Ok(())
    })?;
    with_file(&out.join("clusters.csv"), |writer| {
        writer.write_record(["person", "id", "line", "rows"])?;
        let mut persons: Vec<(usize, usize)> = (0..people.ids.len()).map(|record| (record, 1)).collect();
        for cluster in &links.clusters {
            let places = || cluster.iter().filter_map(|record| usize::try_from(*record).ok());
            for record in places() {
                if let (Some(person), Some(first)) = (persons.get_mut(record), places().next()) {
                    *person = (first, cluster.len());
                }
            }
        }
        for (record, (person, rows)) in persons.into_iter().enumerate() {
            let line = people.lines.get(record).copied().unwrap_or_default().to_string();
            writer.write_record([id(people, person), id(people, record), &line, &rows.to_string()])?;
        }
        Ok(())
    })
}

fn pair_cells(people: &People, pair: &Pair) -> [String; 5] {
    let id = |record: u32| id(people, usize::try_from(record).unwrap_or(usize::MAX)).to_owned();
    let decision = match pair.decision {
        Decision::Join => "join",
        Decision::Review => "review",
    };
    [
        id(pair.one),
        id(pair.other),
        decision.to_owned(),
        format!("{:.6}", pair.probability),
        format!("{:.2}", pair.weight),
    ]
}

/// What a field says: "same +7.6".
fn why(reason: &Reason) -> String {
    match reason.level {
        Level::Missing => String::new(),
        level => format!("{} {:+.1}", level.word(), reason.weight),
    }
}

fn id(people: &People, record: usize) -> &str {
    people.ids.get(record).map_or("", |id| id)
}

fn with_file(path: &Path, write: impl FnOnce(&mut Writer<BufWriter<File>>) -> csv::Result<()>) -> Result<(), Fault> {
    let file = File::create(path).map_err(|error| unusable(path, &error))?;
    let mut writer = Writer::from_writer(BufWriter::new(file));
    let written = write(&mut writer)
        .map_err(|error| Fault::invalid("out", format!("{} cannot be written: {error}", path.display())));
    written.and_then(|()| writer.flush().map_err(|error| unusable(path, &error)))
}

fn unusable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::invalid("out", format!("{} cannot be written: {error}", path.display()))
}
