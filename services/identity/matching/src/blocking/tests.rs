use std::collections::BTreeSet;

use super::*;
use crate::field::{Field, Kind};
use crate::training::pairs_of;

fn records(rows: &[[&str; 3]]) -> Records {
    let mut records = Records::new(&[
        Field::new("given", Kind::GivenName),
        Field::new("family", Kind::Surname),
        Field::new("born", Kind::Date),
    ]);
    assert!(records.extend(rows, 1));
    records
}

fn settings(records: &Records, block_max: usize) -> Settings {
    Settings {
        block_max,
        ..Settings::of(records.fields())
    }
}

fn candidates(blocks: &Blocks) -> Vec<(u32, u32)> {
    let pairs = blocks.runs().flat_map(|run| {
        let is_first = move |(one, other): &(u32, u32)| !blocks.is_earlier(run.rule, *one, *other);
        pairs_of(run.records).filter(is_first).collect::<Vec<_>>()
    });
    pairs.map(|(one, other)| (one.min(other), one.max(other))).collect()
}

#[test]
fn a_pair_that_several_rules_find_is_one_candidate() {
    let records = records(&[
        ["Li", "Wang", "1990-05-01"],
        ["Li", "Wang", "1990-05-01"],
        ["Wang", "Li", "1985-05-01"],
        ["Anna", "Schmidt", ""],
    ]);
    let blocks = Blocks::of(&records, &settings(&records, 100));
    assert!(blocks.pairs() > 3, "several rules find the first two");
    let mut found = candidates(&blocks);
    found.sort_unstable();
    assert_eq!(found, [(0, 1), (0, 2), (1, 2)], "also with the names turned around");
}

#[test]
fn a_block_that_is_too_large_is_parted_by_what_else_is_known_and_else_passed_over() {
    let days = ["1990-01-05", "1990-02-05", "1990-03-05", "1990-04-05", "1990-06-05"];
    let mut rows: Vec<[&str; 3]> = days.iter().map(|day| ["Li", "Wang", *day]).collect();
    rows.push(["Li", "Wang", "1990-01-05"]);
    rows.extend([["Mei", "Zhao", ""]; 4]);
    let records = records(&rows);
    let rule = Rule {
        parts: vec![Part::Both(0, 1)],
    };
    let settings = Settings {
        rules: vec![rule],
        ..settings(&records, 3)
    };
    let blocks = Blocks::of(&records, &settings);
    assert_eq!(candidates(&blocks), [(0, 5)]);
    // Of the others nothing else is known.
    assert_eq!(blocks.passed_over(), [0]);
    let alike = vec![["Li", "Wang", "1990-01-05"]; 9];
    let alike = self::records(&alike);
    let blocks = Blocks::of(&alike, &Settings { ..settings });
    assert_eq!((blocks.passed_over(), blocks.pairs()), (&[9][..], 0));
}

#[test]
fn blocks_do_not_depend_on_the_order_of_the_records_nor_on_threads() {
    let rows: Vec<[String; 3]> = (0..60_u32)
        .map(|n| {
            [
                format!("name{}", n % 7),
                format!("family{}", n % 5),
                format!("199{}-0{}-11", n % 10, 1 + n % 9),
            ]
        })
        .collect();
    let rows: Vec<[&str; 3]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    let mut turned = rows.clone();
    turned.reverse();
    let of = |rows: &[[&str; 3]], threads: usize| {
        let records = records(rows);
        let blocks = Blocks::of(
            &records,
            &Settings {
                threads,
                ..settings(&records, 4)
            },
        );
        candidates(&blocks).into_iter().collect::<BTreeSet<_>>()
    };
    let there: BTreeSet<(u32, u32)> = of(&turned, 3).into_iter().map(|(a, b)| (59 - b, 59 - a)).collect();
    assert_eq!(of(&rows, 1), there);
}

#[test]
fn one_record_finds_those_that_share_a_key_with_it() {
    let records = records(&[
        ["Li", "Wang", "1990-05-01"],
        ["Anna", "Schmidt", "1980-07-07"],
        ["Ann", "Schmitt", "1980-07-07"],
    ]);
    let blocks = Blocks::of(&records, &settings(&records, 100));
    assert_eq!(
        blocks.candidates(&records, &["Ana", "Schmid", "1980-07-07"], 10),
        [1, 2]
    );
    assert_eq!(blocks.candidates(&records, &["Wang", "Li", ""], 10), [0]);
    assert!(blocks.candidates(&records, &["", "", ""], 10).is_empty());
}
