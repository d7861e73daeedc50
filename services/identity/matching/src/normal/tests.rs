use proptest::prelude::*;

use super::*;

fn text(kind: Kind, cell: &str) -> String {
    Value::read(kind, cell)
        .map(|value| value.text.into())
        .unwrap_or_default()
}

fn latin(kind: Kind, cell: &str) -> String {
    Value::read(kind, cell).unwrap().latin().to_owned()
}

#[test]
fn names_lose_case_accents_titles_and_marks() {
    for (cell, expected) in [
        (" Dr. José  O'Brien ", "jose obrien"),
        ("Müller-Lüdenscheidt", "muller ludenscheidt"),
        ("Ｓｍｉｔｈ, Ｊｏｈｎ", "john smith"),
        ("Strauß", "strauss"),
        ("Łukasz Øre", "lukasz ore"),
        ("Mr", "mr"),
        ("王小明先生", "王小明"),
        ("阿·买提", "阿买提"),
    ] {
        assert_eq!(text(Kind::FullName, cell), expected, "{cell}");
    }
}

#[test]
fn chinese_names_are_read_in_pinyin_and_surnames_by_their_own_readings() {
    for (cell, expected) in [
        ("张伟", "zhangwei"),
        ("单雄信", "shanxiongxin"),
        ("欧阳修", "ouyangxiu"),
        ("吕布", "lvbu"),
        ("曾国藩", "zengguofan"),
    ] {
        assert_eq!(latin(Kind::FullName, cell), expected, "{cell}");
    }
    let turned = Value::read(Kind::FullName, "Xiaoming Wang").unwrap();
    assert_eq!(turned.turned(), latin(Kind::FullName, "王小明"));
}

#[test]
fn nicknames_and_short_forms_are_in_the_order_by_which_they_are_found() {
    assert!(nickname::NICKNAMES.is_sorted_by(|one, next| one.0 < next.0));
    assert!(address::LONG_FORMS.is_sorted_by(|one, next| one.0 < next.0));
    assert_eq!(Value::read(Kind::GivenName, "Bob").unwrap().long(), "robert");
    assert_eq!(
        Value::read(Kind::FullName, "Bill Gates").unwrap().long(),
        "williamgates"
    );
}

#[test]
fn phones_are_their_digits_without_country_and_extension() {
    for (cell, expected) in [
        ("+86 137-1234-5678", "13712345678"),
        ("0086 137 1234 5678", "13712345678"),
        ("86 13712345678", "13712345678"),
        ("13712345678", "13712345678"),
        ("021-6434 5678 转 12", "02164345678"),
        ("+49 (30) 901820", "4930901820"),
        ("8613712", "8613712"),
        ("00000000000", ""),
        ("13111111111", "13111111111"),
        ("10000000000", ""),
        ("1234567890", ""),
        ("110", ""),
        ("1.38E+10", ""),
    ] {
        assert_eq!(text(Kind::Phone, cell), expected, "{cell}");
    }
}

#[test]
fn days_are_read_in_any_order_and_impossible_ones_are_kept() {
    for (cell, expected) in [
        ("1990-05-01", Some((1990, 5, 1))),
        ("1990/5/1 00:00:00", Some((1990, 5, 1))),
        ("1990-05-01T08:00:00Z", Some((1990, 5, 1))),
        ("1990年5月1日", Some((1990, 5, 1))),
        ("19900501", Some((1990, 5, 1))),
        ("01051990", Some((1990, 5, 1))),
        ("12311990", Some((1990, 12, 31))),
        ("31.12.1990", Some((1990, 12, 31))),
        ("12/31/1990", Some((1990, 12, 31))),
        ("3/4/90", Some((1990, 4, 3))),
        ("3/4/07", Some((2007, 4, 3))),
        ("May 5, 1990", Some((1990, 5, 5))),
        ("5th of", None),
        ("5 Sept 1990", Some((1990, 9, 5))),
        ("1st Jan 1990", Some((1990, 1, 1))),
        ("1989-02-31", Some((1989, 2, 31))),
        ("19893105", Some((1989, 31, 5))),
        ("1989-99-99", Some((1989, 99, 99))),
        ("yesterday", None),
        ("1990", None),
    ] {
        let day = expected.map(|(year, month, day)| Day { year, month, day });
        assert_eq!(Day::read(cell), day, "{cell}");
    }
    assert!(
        Day {
            year: 2000,
            month: 2,
            day: 29
        }
        .is_possible()
    );
    assert!(
        !Day {
            year: 1900,
            month: 2,
            day: 29
        }
        .is_possible()
    );
    for nobody in ["1900-01-01", "0001-01-01", "9999-12-31", "00000000", "1970/1/1"] {
        assert_eq!(text(Kind::Date, nobody), "", "{nobody}");
    }
}

#[test]
fn addresses_mail_and_codes_have_one_form() {
    assert_eq!(text(Kind::Street, "12 Main St."), text(Kind::Street, "12  main street"));
    assert_eq!(
        Value::read(Kind::Street, "Main Street 12").unwrap().words(),
        Value::read(Kind::Street, "12 Main St").unwrap().words()
    );
    assert_eq!(
        text(Kind::Street, "南京西路１２３４号"),
        text(Kind::Street, "南京西路 1234号")
    );
    assert_eq!(text(Kind::Email, " Jo.Li+shop@GMail.com"), "joli@gmail.com");
    assert_eq!(text(Kind::Email, "jo.li@qq.com"), "jo.li@qq.com");
    assert_eq!(text(Kind::Identifier, "ab-12 34"), "ab1234");
    for kind in Kind::ALL.map(|(_, kind)| kind) {
        for nothing in ["", "  ", "-", "N/A", "null", "unknown", "未知", "--"] {
            assert_eq!(Value::read(kind, nothing), None, "{kind:?} {nothing}");
        }
    }
}

proptest! {
    #[test]
    fn no_cell_whatever_it_holds_stops_the_reading(cell in any::<String>(), digits in "[0-9 /.\\-年月日:TZ]{0,30}") {
        for (_, kind) in Kind::ALL {
            for cell in [&cell, &digits] {
                if let Some(value) = Value::read(kind, cell) {
                    prop_assert!(!value.text().is_empty());
                    // What is read once more is the same.
                    prop_assert_eq!(Value::read(kind, cell), Some(value));
                }
            }
        }
    }

    #[test]
    fn every_day_of_a_calendar_is_read_in_every_order(year in 1900_u16..2100, month in 1_u8..=12, day in 13_u8..=28) {
        let expected = Some(Day { year, month, day });
        for text in [
            format!("{year}-{month:02}-{day:02}"),
            format!("{year}/{month}/{day}"),
            format!("{year}{month:02}{day:02}"),
            format!("{day:02}.{month:02}.{year}"),
            format!("{month}/{day}/{year}"),
            format!("{year}年{month}月{day}日"),
        ] {
            prop_assert_eq!(Day::read(&text), expected, "{}", text);
        }
    }

    #[test]
    fn letters_never_tell_apart_what_few_slips_do(one in "[a-z0-9]{0,12}", other in "[a-z0-9]{0,12}") {
        let (a, b) = (Letters::of(&one), Letters::of(&other));
        if let Some(slips) = crate::slips(one.as_bytes(), other.as_bytes(), 3) {
            prop_assert!(a.may_be_slips(b, slips), "{} slips", slips);
        }
        prop_assert!(a.likeness_max(b) + 1e-9 >= crate::likeness(one.as_bytes(), other.as_bytes()));
    }
}
