//! Whatever a file holds, and wherever its import is interrupted: every line is accounted for.

use std::cell::RefCell;
use std::sync::Mutex;

use contracts_identity::v1::MemberRow;
use proptest::prelude::*;

use super::*;

/// A platform that has an opinion of each row by its first cell, and is away after so many calls.
#[derive(Default)]
struct Opinions {
    calls: Mutex<u32>,
    calls_max: Option<u32>,
}

impl Target for Opinions {
    const NOUN: &'static str = "opinions";
    const CHUNK: Limits = Limits { rows: 3, bytes: 200 };
    const CHUNKS_AT_ONCE: usize = 2;
    type Item = MemberRow;

    fn ignored(&self) -> &[String] {
        &[]
    }

    fn belong(&self, one: &Row, other: &Row) -> bool {
        one.cells.first() == other.cells.first()
    }

    fn read(&self, rows: &[Row]) -> Result<Read<MemberRow>, Vec<String>> {
        if rows.iter().any(|row| row.trouble.is_some()) {
            return Err(vec!["trouble".to_owned()]);
        }
        let notes = rows
            .iter()
            .map(|row| row.line.to_string())
            .filter(|line| line.ends_with('1'));
        Ok(Read {
            item: MemberRow::default(),
            notes: notes.collect(),
            reasons: Vec::new(),
        })
    }

    async fn send(&self, _: &Api, items: &[(&[Row], MemberRow)], _: bool) -> Result<Vec<Outcome>, Fault> {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        if self.calls_max.is_some_and(|max| *calls > max) {
            return Err(Fault::unavailable("gone"));
        }
        let outcome = |(rows, _): &(&[Row], MemberRow)| match rows[0].cells[0].chars().next() {
            Some('r') => Outcome::Repeated,
            Some('x') => Outcome::Rejected(vec!["x".to_owned()]),
            _ => Outcome::Imported(Vec::new()),
        };
        Ok(items.iter().map(outcome).collect())
    }
}

fn run(file: &Path, target: Opinions) -> Result<Report, Fault> {
    thread_local! {
        static RUNTIME: RefCell<tokio::runtime::Runtime> =
            RefCell::new(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    }
    let args = FileArgs::new(file, "127.0.0.1:1", "key");
    let survey = Survey::of(file, None)?;
    let source = Source::csv(file, survey, None, known_fields(&["a", "b"], &[]))?;
    RUNTIME.with_borrow(|runtime| {
        runtime.block_on(async {
            let api = Api::new(&args.address, &args.key)?;
            Import::new(&args, api, source, target, None)?.run().await
        })
    })
}

/// Bytes that mean something to a reader of CSV, in any order.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 20] = [
        b"a",
        b"b",
        b"r",
        b"x",
        b",",
        b",",
        b";",
        b"\t",
        b"\"",
        b"\"\"",
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        b" ",
        b"\0",
        "中".as_bytes(),
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xd6\xd0",
    ];
    let piece = (0..pieces.len()).prop_map(move |piece| pieces[piece].to_vec());
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_file_ends_with_every_line_accounted_for_or_with_a_sentence(
        content in prop_oneof![bytes(), bytes().prop_map(|rest| [&b"a,b\n"[..], &rest].concat()), any::<Vec<u8>>()]
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.csv");
        std::fs::write(&file, content).unwrap();
        match run(&file, Opinions::default()) {
            Ok(report) => {
                prop_assert_eq!(report.figures.lines(), report.lines);
                let rejected = std::fs::read(&report.rejected).is_ok();
                prop_assert_eq!(rejected, report.figures.rejected.rows > 0);
            }
            Err(fault) => prop_assert!(matches!(fault, Fault::Refused(_)) && !fault.to_string().is_empty()),
        }
    }

    #[test]
    fn an_import_that_is_interrupted_anywhere_comes_to_the_same(rest in bytes(), calls_max in 0_u32..6) {
        let folder = tempfile::tempdir().unwrap();
        let [whole, broken] = ["whole.csv", "broken.csv"].map(|name| folder.path().join(name));
        let content = [&b"a,b\n1,1\n2,2\nx,3\n3,4\n4,5\n"[..], &rest].concat();
        for file in [&whole, &broken] {
            std::fs::write(file, &content).unwrap();
        }
        let report = run(&whole, Opinions::default());
        let target = Opinions { calls_max: Some(calls_max), ..Opinions::default() };
        let first = run(&broken, target);
        let Ok(report) = report else {
            prop_assert!(first.is_err());
            return Ok(());
        };
        let second = match first {
            Ok(report) => report,
            Err(_) => run(&broken, Opinions::default()).unwrap(),
        };
        prop_assert_eq!(second.figures, report.figures);
        let read = |path: &Path| std::fs::read(path).unwrap_or_default();
        prop_assert_eq!(read(&second.rejected), read(&report.rejected));
        prop_assert_eq!(read(&second.notes), read(&report.notes));
        prop_assert!(!beside(&broken, "quanyu-import.json").exists());
    }
}

#[test]
fn a_row_that_is_too_large_by_itself_is_no_message() {
    let read = |bytes: usize| Read {
        item: MemberRow {
            request_id: "x".repeat(bytes),
            ..MemberRow::default()
        },
        notes: Vec::new(),
        reasons: Vec::new(),
    };
    assert!(fitting(read(ITEM_BYTES_MAX - 10)).is_ok());
    let reasons = fitting(read(ITEM_BYTES_MAX)).unwrap_err();
    assert!(reasons[0].contains("the platform takes at most 1048576"), "{reasons:?}");
}

#[test]
fn a_file_that_was_changed_since_is_imported_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.csv");
    std::fs::write(&file, "a,b\n1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n7,7\n").unwrap();
    let stopped = Opinions {
        calls_max: Some(1),
        ..Opinions::default()
    };
    run(&file, stopped).unwrap_err();
    // As long as before, and with the same beginning.
    std::fs::write(&file, "a,b\n1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n7,8\n").unwrap();
    let report = run(&file, Opinions::default()).unwrap();
    assert_eq!((report.figures.imported.rows, report.lines), (7, 8));
}

#[tokio::test]
async fn an_option_about_a_column_is_no_option_of_lines_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("activities.jsonl");
    std::fs::write(&file, "{}\n").unwrap();
    for option in ["map", "ignore", "not-rounded"] {
        let mut args = FileArgs::new(&file, "127.0.0.1:1", "key");
        match option {
            "map" => args.maps.push("sku=Code".to_owned()),
            "ignore" => args.ignored.push("Code".to_owned()),
            _ => args.not_rounded.push("Code".to_owned()),
        }
        let fault = import(&What::Activities(args)).await.unwrap_err();
        let expected = format!("{option}: is about a column, and lines of JSON have none");
        assert_eq!(fault.to_string(), expected);
    }
}
