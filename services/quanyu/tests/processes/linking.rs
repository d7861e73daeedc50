//! `quanyu link`: the people of a file, without a platform.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::process::run;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The rows of a file of the outcome, without its header.
fn rows(path: &Path) -> Vec<Vec<String>> {
    // A rejected row keeps its cells, however few.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).unwrap();
    let rows = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect());
    rows.collect()
}

fn febrl() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/febrl/dataset3.csv")
}

fn link_febrl(out: &Path, more: &[&str]) -> Output {
    let febrl = febrl();
    let mut arguments = vec!["link", shown(&febrl), "--out", shown(out)];
    for map in [
        "id=rec_id",
        "birth_date=date_of_birth",
        "house_number=street_number",
        "address=address_1",
        "district=suburb",
        "province=state",
    ] {
        arguments.extend(["--map", map]);
    }
    arguments.extend(more);
    run(&arguments)
}

/// F1 over the pairs that were joined, by the ids, which tell the person: "rec-1496-dup-0".
fn f1(pairs: &[Vec<String>]) -> f64 {
    let person = |id: &str| id.split('-').nth(1).unwrap().to_owned();
    let mut counts: HashMap<String, u32> = HashMap::new();
    for line in fs::read_to_string(febrl()).unwrap().lines().skip(1) {
        *counts.entry(person(line.split(',').next().unwrap())).or_default() += 1;
    }
    let truth: u32 = counts.values().map(|count| count * (count - 1) / 2).sum();
    let joined: Vec<_> = pairs.iter().filter(|pair| pair[2] == "join").collect();
    let right = joined
        .iter()
        .filter(|pair| person(&pair[0]) == person(&pair[1]))
        .count();
    let count = |number: usize| f64::from(u32::try_from(number).unwrap());
    2.0 * count(right) / (count(joined.len()) + f64::from(truth))
}

#[test]
fn the_people_of_febrl_3_are_found_and_the_outcome_does_not_depend_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let outcome = link_febrl(&one, &["--map", "national_id=soc_sec_id", "--threads", "1"]);
    assert_eq!(outcome.status.code(), Some(0), "{}", text(&outcome.stderr));
    let told = text(&outcome.stdout);
    for part in [
        "5000 rows were compared",
        "5001 lines = 1 of the header + 5000 compared + 0 rejected + 0 blank",
        " persons, ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(f1(&rows(&one.join("pairs.csv"))) >= 0.997);
    let persons: BTreeSet<String> = rows(&one.join("clusters.csv"))
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert!(
        (1_990..=2_010).contains(&persons.len()),
        "there are 2,000: {}",
        persons.len()
    );

    link_febrl(&other, &["--map", "national_id=soc_sec_id", "--threads", "3"]);
    for file in ["pairs.csv", "clusters.csv"] {
        assert_eq!(
            fs::read(one.join(file)).unwrap(),
            fs::read(other.join(file)).unwrap(),
            "{file}"
        );
    }

    let without = folder.path().join("without");
    let outcome = link_febrl(&without, &[]);
    assert!(
        text(&outcome.stderr).contains("Ignored columns: soc_sec_id"),
        "{}",
        text(&outcome.stderr)
    );
    assert!(f1(&rows(&without.join("pairs.csv"))) >= 0.985);
}

#[test]
fn wrong_rows_come_back_with_reasons_and_the_good_ones_are_linked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    let families = ["王", "李", "张", "刘", "陈", "杨", "赵"];
    let given = ["伟", "小明", "芳", "静", "晓东", "秀英", "强", "磊", "洋"];
    let mut people = "id,name,birth_date,phone,city\n".to_owned();
    for n in 0..120_usize {
        let (family, name) = (families[n % 7], given[(n / 7) % 9]);
        let (month, day, phone) = (1 + n % 12, 1 + n % 28, 138_000_000 + n * 7_654_321 % 99_999_999);
        writeln!(
            people,
            "p{n},{family}{name},19{:02}-{month:02}-{day:02},13{phone},上海",
            50 + n % 45
        )
        .unwrap();
        if n % 4 == 0 {
            // As another till has it: day first, with the country, another city.
            writeln!(
                people,
                "q{n},{family}{name},{day:02}.{month:02}.19{:02},+86 13{phone},杭州",
                50 + n % 45
            )
            .unwrap();
        }
    }
    people.push_str("p0,王五,1990-01-01,13812345670,北京\n,无名,1990-01-01,13812345671,北京\nempty,,,-,未知\nlong,王五,1990-01-01\n");
    fs::write(&file, people).unwrap();
    let outcome = run(&["link", shown(&file)]);
    assert_eq!(outcome.status.code(), Some(2), "{}", text(&outcome.stderr));
    let out = folder.path().join("people.csv.linked");
    let reasons: Vec<String> = rows(&out.join("rejected.csv"))
        .into_iter()
        .map(|row| row[1].clone())
        .collect();
    for (reason, part) in reasons.iter().zip([
        "id: p0 is also that of line 2",
        "id: is needed",
        "says nothing by which",
        "cells",
    ]) {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    assert_eq!(reasons.len(), 4);
    let pairs = rows(&out.join("pairs.csv"));
    let joined: BTreeSet<(String, String)> = pairs
        .iter()
        .filter(|pair| pair[2] == "join")
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    let expected: BTreeSet<(String, String)> = (0..120)
        .step_by(4)
        .map(|n| (format!("p{n}"), format!("q{n}")))
        .collect();
    assert_eq!(joined, expected);
    let why = &pairs.iter().find(|pair| pair[0] == "p0").unwrap()[5..];
    assert!(
        why[..3].iter().all(|why| why.starts_with("same +")) && why[3].starts_with("different "),
        "{why:?}"
    );
    assert_eq!(rows(&out.join("clusters.csv")).len(), 150);
}

#[test]
fn a_command_to_link_that_is_wrong_says_all_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("link.toml");
    fs::write(&settings, "join = 2\n[fields]\nshoe = \"size\"\n").unwrap();
    let outcome = run(&["link", "people.csv", "--settings", shown(&settings)]);
    assert_eq!(outcome.status.code(), Some(64));
    let told = text(&outcome.stderr);
    assert!(
        told.contains("join must be a probability") && told.contains("size is no kind of field"),
        "{told}"
    );
    let outcome = run(&["link", "people.csv", "--map", "foo=bar", "--threads", "0"]);
    assert_eq!(outcome.status.code(), Some(64));
    let told = text(&outcome.stderr);
    assert!(
        told.contains("there is no field foo") && told.contains("--threads"),
        "{told}"
    );
    let outcome = run(&["link", "nowhere.csv"]);
    assert_eq!(outcome.status.code(), Some(1), "{}", text(&outcome.stderr));
}
