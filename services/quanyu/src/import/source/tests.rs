use std::io::Write;

use super::*;

const LIMITS: Limits = Limits { rows: 2, bytes: 1_000 };

fn file(text: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    file
}

fn csv(file: &tempfile::NamedTempFile) -> Result<Source, String> {
    let survey = Survey::of(file.path(), None).unwrap();
    let fields = ["a", "b", "c"];
    Source::csv(file.path(), survey, None, known_fields(&fields, &[])).map_err(|fault| fault.to_string())
}

fn json(file: &tempfile::NamedTempFile) -> Source {
    Source::json_lines(file.path(), Survey::of(file.path(), None).unwrap()).unwrap()
}

fn all(source: &mut Source) -> Vec<Row> {
    let stretches = std::iter::from_fn(|| source.stretch(LIMITS, |_, _| false).unwrap());
    stretches.flat_map(|stretch| stretch.rows).collect()
}

fn cells(text: &str) -> Vec<Vec<String>> {
    all(&mut csv(&file(text.as_bytes())).unwrap())
        .into_iter()
        .map(|row| row.cells)
        .collect()
}

#[test]
fn reading_may_go_on_after_any_row_of_csv() {
    let file = file("\u{feff}a,b\n1,\"two\nlines\"\n\n2\n3,x\n,\n4,y\n".as_bytes());
    let mut source = csv(&file).unwrap();
    assert_eq!(
        (source.headers(), source.header_lines()),
        (&["a".to_owned(), "b".to_owned()][..], 1)
    );
    let rows = all(&mut source);
    let placed: Vec<(u64, u64, u64)> = rows.iter().map(|row| (row.number, row.line, row.blank_lines)).collect();
    assert_eq!(placed, [(1, 2, 0), (2, 5, 1), (3, 6, 0), (4, 8, 1)]);
    assert_eq!(rows[0].cells, ["1", "two\nlines"]);
    assert!(
        rows[1]
            .trouble
            .as_ref()
            .unwrap()
            .starts_with("the row has 1 cells, but the header has 2")
    );
    for (done, row) in rows.iter().enumerate() {
        source.go_to(&row.end).unwrap();
        assert_eq!(all(&mut source), rows[done + 1..]);
    }
    source.go_to(&source.start()).unwrap();
    assert_eq!(all(&mut source), rows);
}

#[test]
fn rows_that_belong_together_stay_together() {
    let file = file(b"a,b\n1,x\n2,x\n2,y\n2,z\n3,x\n\n");
    let mut source = csv(&file).unwrap();
    let belong = |one: &Row, other: &Row| one.cells[0] == other.cells[0];
    let stretches: Vec<Stretch> = std::iter::from_fn(|| source.stretch(LIMITS, belong).unwrap()).collect();
    let rows: Vec<usize> = stretches.iter().map(|stretch| stretch.rows.len()).collect();
    assert_eq!((rows, stretches[1].blank_lines), (vec![4, 1], 1));
    let large = Limits { rows: 100, bytes: 3 };
    source.go_to(&source.start()).unwrap();
    assert_eq!(
        source.stretch(large, |_, _| false).unwrap().unwrap().rows.len(),
        2,
        "cut by bytes"
    );
}

#[test]
fn separators_are_recognised_by_the_fields_of_the_header() {
    for (text, separator) in [
        ("a,b\n1,x;y\n", b','),
        ("a;b\n1;x,y\n", b';'),
        ("a\tb\n1\tx,y\n", b'\t'),
        ("sep=;\r\na;b\r\n1;x\r\n", b';'),
        ("a\n1\n", b','),
        ("\"a\";\"x,b,c\"\n1;2\n", b';'),
        ("a|b\n1|x,y\n", b'|'),
        ("a^b\n1^x|y\n", b'^'),
        ("a~b\n1~x|y\n", b'~'),
        ("a\u{1}b\n1\u{1}x|y\n", b'\x01'),
    ] {
        let file = file(text.as_bytes());
        let mut source = csv(&file).unwrap();
        assert_eq!(source.separator(), Some(separator), "{text}");
        let rows = all(&mut source);
        assert_eq!(rows.len(), 1, "{text}");
        assert_eq!(rows[0].trouble, None, "{text}");
    }
}

#[test]
fn blank_rows_and_surplus_separators_pass_and_surplus_cells_do_not() {
    assert_eq!(
        cells("a,b,,\n1,x,,\n,,,\n2,y\n\n3,z, ,\n"),
        [["1", "x"], ["2", "y"], ["3", "z"]]
    );
    assert_eq!(cells("\n,\na,b\n1,x\n"), [["1", "x"]], "blank rows before the header");
    let file = file(b"a,b\n1,x,surplus\n");
    let rows = all(&mut csv(&file).unwrap());
    assert_eq!(rows[0].cells, ["1", "x", "surplus"], "what is rejected keeps its cells");
    assert!(
        rows[0]
            .trouble
            .as_ref()
            .unwrap()
            .contains("3 cells, but the header has 2")
    );
    let [short] = &cells("a,b,c\n1,x\n")[..] else { panic!() };
    assert_eq!(
        short,
        &["1", "x"],
        "nor does it gain cells with which it would pass when it comes again"
    );
}

#[test]
fn an_open_quote_is_named_by_its_column() {
    let file = file(b"a,b\n1,\"x\n2,y\n3,\"z\",\n");
    let rows = all(&mut csv(&file).unwrap());
    let trouble = rows[0].trouble.as_deref().unwrap();
    assert!(trouble.starts_with("b: a quote opens"), "{trouble}");
    assert_eq!((rows.len(), rows[0].line, rows[1].trouble.as_ref()), (3, 2, None));
}

#[test]
fn what_an_import_has_written_down_is_read_by_its_own_separator() {
    let file = file(b"quanyu.line,quanyu.reasons,a,b\n2,no,1,x\n");
    let survey = Survey::of(file.path(), None).unwrap();
    let fields = ["a", "b"];
    let source = Source::csv(file.path(), survey, Some(b'|'), known_fields(&fields, &[])).unwrap();
    assert_eq!(source.headers().len(), 4);
}

#[test]
fn rows_that_a_pair_of_quotes_has_swallowed_are_told_line_by_line_and_stay_together() {
    let text = b"a,b,c\n1,x,y\n2,\"x,y\n3,x,y\n\n4,x\",y\n5,\"two\nlines\",y\n";
    let file = file(text);
    let mut source = csv(&file).unwrap();
    let stretches: Vec<Stretch> = std::iter::from_fn(|| source.stretch(LIMITS, |_, _| false).unwrap()).collect();
    let rows: Vec<Vec<u64>> = stretches
        .iter()
        .map(|stretch| stretch.rows.iter().map(|row| row.line).collect())
        .collect();
    assert_eq!(
        rows,
        [vec![2, 3, 4, 6], vec![7]],
        "what was in one pair of quotes is settled together"
    );
    let wrong: Vec<&Row> = stretches
        .iter()
        .flat_map(|it| &it.rows)
        .filter(|row| row.trouble.is_some())
        .collect();
    assert_eq!(wrong.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 4, 6]);
    for row in &wrong {
        let trouble = row.trouble.as_deref().unwrap();
        assert!(
            trouble.starts_with("b: lines 3 to 6 stand in one pair of quotes"),
            "{trouble}"
        );
    }
    assert_eq!(wrong[1].cells, ["3", "x", "y"], "as it stands in the file");
    let lines: u64 = stretches
        .iter()
        .map(|it| it.blank_lines + it.rows.iter().map(|row| row.line_count).sum::<u64>())
        .sum();
    assert_eq!(lines, 7);
    let mut kept = csv(&file).unwrap().with_rows_in_cells(true);
    let rows = all(&mut kept);
    assert_eq!((rows.len(), &*rows[1].cells[1]), (3, "x,y\n3,x,y\n\n4,x"));
}

#[test]
fn a_header_that_cannot_be_read_is_told() {
    for (text, part) in [
        (&b"a,\"b\n1,2\n3,4\"\n"[..], "header row (line 1)"),
        (b"a,\"b\n1,2\n", "header row (line 1)"),
        (b"\n,,\n", "no header row"),
    ] {
        let message = csv(&file(text)).map(|_| ()).unwrap_err();
        assert!(message.contains(part), "{message}");
    }
    assert!(all(&mut csv(&file(b"a,b")).unwrap()).is_empty());
}

#[test]
fn reading_may_go_on_after_any_line_of_json_and_blank_lines_are_no_rows() {
    let file = file(
        b"{\"a\":1}\n\n  \n{\"a\":2}\n\xff\n{\"a\":\"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\"}",
    );
    let mut source = json(&file);
    let rows = all(&mut source);
    assert_eq!((rows.len(), rows[1].blank_lines), (4, 2));
    assert!(rows[2].trouble.as_ref().unwrap().contains("not in UTF-8"));
    source.go_to(&rows[1].end).unwrap();
    assert_eq!(all(&mut source), rows[2..]);
}

#[test]
fn a_sign_within_a_letter_of_gbk_parts_no_cells() {
    // Of these letters the second byte is | ^ or ~.
    for (separator, letters) in [("|", "亅王小明"), ("^", "乛王小明"), ("~", "亊王小明")] {
        let text = format!("a{separator}b\n1{separator}{letters}\n2{separator}韩梅梅和李雷在上海\n");
        let (gbk, _, _) = encoding_rs::GBK.encode(&text);
        assert_eq!(gbk.split(|byte| *byte == separator.as_bytes()[0]).count(), 5, "{text}");
        let file = file(&gbk);
        let mut source = csv(&file).unwrap();
        assert_eq!(source.separator(), Some(separator.as_bytes()[0]));
        let rows = all(&mut source);
        assert_eq!((rows.len(), &rows[0].trouble, &*rows[0].cells[1]), (2, &None, letters));
        source.go_to(&rows[0].end).unwrap();
        assert_eq!(all(&mut source), rows[1..]);
    }
}
