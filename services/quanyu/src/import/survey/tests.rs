use std::io::Write;

use super::*;

const TABLE: &str = "external_id,name,city\nu1,王小明,上海\nu2,李雷,北京\n";

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

fn read(bytes: &[u8], named: Option<&'static Encoding>) -> Result<(&'static str, u64, String), String> {
    let file = file(bytes);
    let survey = Survey::of(file.path(), named).map_err(|fault| fault.to_string())?;
    let mut text = Vec::new();
    survey
        .open(file.path(), survey.mark())
        .unwrap()
        .read_to_end(&mut text)
        .unwrap();
    Ok((survey.encoding.name(), survey.lines, survey.text(&text)))
}

#[test]
fn the_encodings_that_spreadsheets_write_are_recognised() {
    let (gbk, _, _) = GBK.encode(TABLE);
    let (gb18030, _, _) = GB18030.encode("name\n𠮷野家的王小明，上海的李雷\n");
    let files: [(&[u8], &str, &str); 9] = [
        (TABLE.as_bytes(), "UTF-8", TABLE),
        (&[b"\xef\xbb\xbf", TABLE.as_bytes()].concat(), "UTF-8", TABLE),
        (&gbk, "gb18030", TABLE),
        (b"name\n\xcd\xf5\xd0\xa1\xc3\xf7\n", "gb18030", "name\n王小明\n"),
        (&gb18030, "gb18030", "name\n𠮷野家的王小明，上海的李雷\n"),
        (
            &[b"\xff\xfe", &*utf16(TABLE, u16::to_le_bytes)].concat(),
            "UTF-16LE",
            TABLE,
        ),
        (
            &[b"\xfe\xff", &*utf16(TABLE, u16::to_be_bytes)].concat(),
            "UTF-16BE",
            TABLE,
        ),
        (&utf16(TABLE, u16::to_le_bytes), "UTF-16LE", TABLE),
        (&utf16(TABLE, u16::to_be_bytes), "UTF-16BE", TABLE),
    ];
    for (bytes, encoding, text) in files {
        let lines = u64::try_from(text.lines().count()).unwrap();
        assert_eq!(read(bytes, None), Ok((encoding, lines, text.to_owned())));
    }
}

#[test]
fn a_broken_character_in_a_file_of_utf_8_makes_it_no_other_encoding() {
    let bytes = [TABLE.as_bytes(), b"u3,\xff,\n"].concat();
    let (encoding, _, text) = read(&bytes, None).unwrap();
    assert_eq!((encoding, text), ("UTF-8", format!("{TABLE}u3,\u{fffd},\n")));
}

#[test]
fn a_small_file_of_utf_8_with_a_cut_character_is_no_gbk() {
    // One to three rows, of which a character was cut after its first or its second byte.
    for whole in ["王", "王小", "王小明,上海", "王小明\n李雷\n韩梅梅", "阿依古丽·买买提"] {
        for kept in [1, 2] {
            let cut = "明".as_bytes().get(..kept).unwrap();
            for end in [&b"\n"[..], b",x\n", b"", b"\xe4\xb8\x80\n"] {
                let bytes = [b"name,city\n", whole.as_bytes(), cut, end].concat();
                match read(&bytes, None) {
                    Ok((encoding, _, text)) => {
                        assert_eq!(encoding, "UTF-8", "{whole} {kept} {end:?}");
                        assert!(text.contains(whole) && text.contains('\u{fffd}'), "{text}");
                    }
                    Err(message) => {
                        assert!(whole.chars().count() == 1, "{whole} {kept} {end:?}: {message}");
                        assert!(message.contains("on line 2 (byte 4 of the line, 0xE6)"), "{message}");
                    }
                }
            }
        }
    }
}

#[test]
fn small_files_of_gbk_are_gbk() {
    for text in ["王小明\n", "上海市浦东新区\n张三,李四\n", "欧阳娜娜"] {
        let text = format!("name\n{text}");
        let (gbk, _, _) = GBK.encode(&text);
        assert_eq!(read(&gbk, None).map(|read| (read.0, read.2)), Ok(("gb18030", text)));
    }
}

#[test]
fn what_is_gbk_and_utf_8_alike_is_not_guessed() {
    // Each is one letter of UTF-8 that stands alone: U+0127, U+00E9.
    for name in ["魔", "茅", "魔茅"] {
        let (gbk, _, _) = GBK.encode(name);
        let bytes = [b"name,city\n", &*gbk, b",x\n"].concat();
        assert!(std::str::from_utf8(&bytes).is_ok(), "{name}");
        let message = read(&bytes, None).unwrap_err();
        assert!(message.contains("--encoding gbk or --encoding utf-8"), "{message}");
        let named = read(&bytes, Some(GBK)).unwrap();
        assert_eq!(named.2, format!("name,city\n{name},x\n"));
    }
    // Letters within words are nobody's hanzi, nor are those of other scripts.
    for text in [
        "name\nJosé\n",
        "name\nÉlodie\n",
        "name\nИван\n",
        "name\nΑθήνα\n",
        "name\nZoë Šimková\n",
    ] {
        assert_eq!(read(text.as_bytes(), None).map(|read| read.0), Ok("UTF-8"), "{text}");
    }
}

#[test]
fn a_broken_byte_makes_a_file_of_gbk_no_other_encoding_or_is_named() {
    let rows = "name,city\n欧阳娜娜,上海市浦东新区\n王小明,北京市朝阳区\n李雷,广州\n";
    let (gbk, _, _) = GBK.encode(rows);
    let places = (0..gbk.len()).filter(|place| !gbk[*place].is_ascii());
    for place in places {
        let mut bytes = gbk.to_vec();
        bytes[place] = 0xff;
        let (encoding, _, text) = read(&bytes, None).unwrap();
        assert_eq!(encoding, "gb18030", "{place}");
        let whole = rows.lines().filter(|row| text.lines().any(|line| line == *row));
        assert!(text.contains('\u{fffd}'), "{text}");
        assert_eq!(whole.count(), rows.lines().count() - 1, "{text}");
    }
    // Of a few characters nobody knows what they are, and the broken byte is named.
    let (short, _, _) = GBK.encode("王小明");
    let bytes = [b"name\n", &short[..4], b"\xff\n"].concat();
    let message = read(&bytes, None).unwrap_err();
    assert!(message.contains("line 2 (byte 5 of the line, 0xFF)"), "{message}");
}

#[test]
fn what_is_no_text_or_of_an_unknown_encoding_is_told() {
    let shift_jis = encoding_rs::SHIFT_JIS.encode("name\nカタカナひらがな東京都渋谷区\n").0;
    for (bytes, part) in [
        (&b"PK\x03\x04rest"[..], "Excel workbook (.xlsx)"),
        (b"\xd0\xcf\x11\xe0rest", "Excel workbook (.xls)"),
        (b"", "is empty"),
        (&*shift_jis, "--encoding"),
    ] {
        let message = read(bytes, None).unwrap_err();
        assert!(message.contains(part), "{message}");
    }
    let named = read(&shift_jis, Some(encoding_rs::SHIFT_JIS)).unwrap();
    assert_eq!(named.2, "name\nカタカナひらがな東京都渋谷区\n");
}

#[test]
fn utf_16_is_read_on_after_any_place_and_the_mark_is_no_part_of_the_text() {
    let file = file(&[b"\xff\xfe", &*utf16(TABLE, u16::to_le_bytes)].concat());
    let survey = Survey::of(file.path(), None).unwrap();
    let (mut rest, after) = (String::new(), "external_id,name,city\n".len());
    let mut input = survey.open(file.path(), u64::try_from(after).unwrap()).unwrap();
    input.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, TABLE[after..]);
}

#[test]
fn a_file_that_was_changed_meanwhile_is_told() {
    let mut file = file(TABLE.as_bytes());
    let survey = Survey::of(file.path(), None).unwrap();
    survey.check_unchanged(file.path()).unwrap();
    file.write_all(b"u3,,\n").unwrap();
    let message = survey.check_unchanged(file.path()).unwrap_err().to_string();
    assert!(message.contains("was changed while it was read"), "{message}");
}

#[test]
fn a_file_that_is_not_there_is_told_by_its_name() {
    let message = Survey::of(Path::new("/nowhere/members.csv"), None)
        .unwrap_err()
        .to_string();
    assert!(message.contains("/nowhere/members.csv cannot be read"), "{message}");
}
