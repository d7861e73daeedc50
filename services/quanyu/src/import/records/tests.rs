use std::fmt::Write;

use proptest::prelude::*;

use super::*;

fn records(bytes: &[u8]) -> Records {
    Records::new(Lines::new(Box::new(std::io::Cursor::new(bytes.to_vec())), 0, 0), b',')
}

/// The rows as text, and the troubles by the numbers of their lines.
fn read(bytes: &[u8]) -> (Vec<Vec<String>>, Vec<(u64, Trouble)>) {
    let (mut records, mut rows, mut troubles) = (records(bytes), Vec::new(), Vec::new());
    while let Some(record) = records.next().unwrap() {
        match record.trouble {
            Some(trouble) => troubles.push((record.line(), trouble)),
            None => rows.push(
                record
                    .cells
                    .into_iter()
                    .map(|cell| String::from_utf8(cell).unwrap())
                    .collect(),
            ),
        }
    }
    (rows, troubles)
}

#[test]
fn an_open_quote_costs_its_own_line() {
    let mut text = "id,name\n".to_owned();
    for row in 1..=1_000 {
        let name = if row == 4 { "\"Li" } else { "Li" };
        writeln!(text, "{row},{name}").unwrap();
    }
    let (rows, troubles) = read(text.as_bytes());
    assert_eq!((rows.len(), troubles), (1_000, vec![(5, Trouble::OpenQuote(1))]));
}

#[test]
fn quotes_are_taken_where_they_mean_something_and_told_where_they_do_not() {
    for (text, cells) in [
        (r#"a,"b","c""d""#, vec!["a", "b", "c\"d"]),
        (r#"a, "b" ,c"#, vec!["a", "b", "c"]),
        (r#"a,5" disk,c"#, vec!["a", "5\" disk", "c"]),
        (r#"a,Li "Tom" Lei,"""""#, vec!["a", "Li \"Tom\" Lei", "\""]),
        ("a,\"two\r\nlines\",", vec!["a", "two\r\nlines", ""]),
        (r#""","#, vec!["", ""]),
    ] {
        assert_eq!(
            read(text.as_bytes()),
            (vec![cells.iter().map(|cell| (*cell).to_owned()).collect()], vec![]),
            "{text}"
        );
    }
    for (text, trouble) in [
        (r#"a,"b"c"#, Trouble::OpenQuote(1)),
        (r#"a,b",c"#, Trouble::StrayQuote(1)),
        (r#"a,b,c""#, Trouble::StrayQuote(2)),
        (r#"a,""#, Trouble::OpenQuote(1)),
    ] {
        assert_eq!(read(text.as_bytes()), (vec![], vec![(1, trouble)]), "{text}");
    }
}

#[test]
fn a_quote_that_meets_the_next_quoted_cell_is_found_there() {
    let (rows, troubles) = read(b"1,\"Li\n2,Mei\n3,\"Han, M\"\n4,\"x\"\n");
    assert_eq!(troubles, [(1, Trouble::OpenQuote(1))]);
    assert_eq!(rows, [["2", "Mei"], ["3", "Han, M"], ["4", "x"]]);
}

#[test]
fn a_row_of_several_lines_can_be_parted() {
    let mut records = records(b"1,\"Li\n2,Mei\",x\n3,y\n");
    let record = records.next().unwrap().unwrap();
    assert_eq!((record.cells.len(), record.line_count()), (3, 2));
    let first = records.part(record).unwrap();
    assert_eq!((first.trouble, first.line_count()), (Some(Trouble::OpenQuote(1)), 1));
    assert_eq!(first.cells, [&b"1"[..], b"\"Li"]);
    assert_eq!(records.next().unwrap().map(|record| record.line()), Some(2));
}

#[test]
fn a_cell_that_holds_whole_rows_is_told_from_a_text_of_several_lines() {
    let cell = |text: &str, columns| {
        let record = records(text.as_bytes()).next().unwrap().unwrap();
        assert_eq!(record.trouble, None, "{text}");
        record.cell_of_rows(columns, b',')
    };
    for (text, columns, at) in [
        ("3,\"Li\n4,Mei\n5,Han\"", 2, 1),
        ("3,\"Li\r\n4,Mei\r\n5,Han\"", 2, 1),
        ("3,\"Li,a\n4,Mei,b\n\n5,Han\",c", 3, 1),
        ("3,\"Li,a,\n4,Mei,b,\n5,Han\",c,", 3, 1),
        ("3,\"Li,a\n4,short\n5,Han\",c", 3, 1),
        ("\"3,Li\n4\",Mei", 2, 0),
        ("3,\"Li\n4,\"\"Mei\"\"\n5,Han\"", 2, 1),
    ] {
        assert_eq!(cell(text, columns), Some(at), "{text}");
    }
    for (text, columns) in [
        ("3,\"Room 1\nShanghai\"", 2),
        ("3,\"Dear Li, Mei, Han\nthanks, all\"", 2),
        ("3,\"Building 1, Road 2\nPudong, Shanghai, 200000\",x", 3),
        ("3,Li,\"calls\nat noon, or at one\nor later\"", 3),
        ("\"two\nlines\"", 1),
        ("3,\"a\n\n\nb\"", 2),
    ] {
        assert_eq!(cell(text, columns), None, "{text}");
    }
}

#[test]
fn neither_a_long_line_nor_a_long_quote_ends_the_file() {
    let long = "x".repeat(ROW_BYTES_MAX + 1);
    let (rows, troubles) = read(format!("{long}\nb\n").as_bytes());
    assert_eq!((rows.len(), troubles), (1, vec![(1, Trouble::TooLong(1_048_577))]));
    let lines = "x\n".repeat(2 * ROW_LINES_MAX);
    let (rows, troubles) = read(format!("\"{lines}\"\n").as_bytes());
    assert_eq!((rows.len(), troubles.len()), (2 * ROW_LINES_MAX - 1, 2));
}

proptest! {
    /// What the crate csv writes is read as it reads it.
    #[test]
    fn well_formed_rows_are_read_as_the_crate_csv_reads_them(
        rows in proptest::collection::vec(proptest::collection::vec("[a \",\r\n\u{4e2d}]{0,6}", 1..4), 1..6)
    ) {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let text = writer.into_inner().unwrap();
        let expected: Vec<Vec<String>> = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .from_reader(&*text)
            .into_records()
            .map(|row| row.unwrap().iter().map(str::to_owned).collect())
            .collect();
        prop_assert_eq!(read(&text), (expected, vec![]));
    }

    #[test]
    fn every_line_is_in_one_row(text in "[a\",\n\r]{0,60}") {
        let (mut records, mut lines) = (records(text.as_bytes()), 0);
        while let Some(record) = records.next().unwrap() {
            prop_assert_eq!(record.line(), lines + 1);
            lines += record.line_count();
        }
        prop_assert_eq!(lines, super::super::lines::count(text.as_bytes()).unwrap());
    }
}
