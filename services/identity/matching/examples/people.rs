//! How fast people are linked: `cargo run --release -p matching --example people [RECORDS] [THREADS]`.
//!
//! Makes so many records of people, a fifth of them a second time with slips of the pen, missing cells and moved addresses, and
//! says how long it took to read, to train and to link them, how good the outcome is, and how much memory it took.

#![allow(
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "it measures, and is no part of the platform"
)]

use std::collections::HashMap;
use std::time::Instant;

use matching::{Blocks, Decision, Field, Kind, Model, Records, Settings, link_in};

const FIELDS: [(&str, Kind); 8] = [
    ("given_name", Kind::GivenName),
    ("surname", Kind::Surname),
    ("birth_date", Kind::Date),
    ("phone", Kind::Phone),
    ("email", Kind::Email),
    ("street", Kind::Street),
    ("city", Kind::Place),
    ("postcode", Kind::Postcode),
];

/// So many rows are read together.
const ROWS: usize = 50_000;

fn main() {
    let number = |place: usize, default: usize| {
        std::env::args()
            .nth(place)
            .and_then(|arg| arg.parse().ok())
            .unwrap_or(default)
    };
    let (count, threads) = (number(1, 500_000), number(2, 2));
    let mut dice = Dice(7);
    let people = people(&mut dice, count);
    let fields: Vec<Field> = FIELDS.iter().map(|(name, kind)| Field::new(*name, *kind)).collect();
    let settings = Settings {
        threads,
        ..Settings::of(&fields)
    };

    let began = Instant::now();
    let mut records = Records::new(&fields);
    for rows in people.chunks(ROWS) {
        let rows: Vec<&[String; 8]> = rows.iter().map(|(_, cells)| cells).collect();
        records.extend(&rows, threads);
    }
    let read = began.elapsed();
    let blocks = Blocks::of(&records, &settings);
    let blocked = began.elapsed();
    let model = Model::train_in(&records, &blocks, &settings);
    let trained = began.elapsed();
    let links = link_in(&records, &blocks, &model, &settings, &|_| {});
    let all = began.elapsed();

    let mut truth: HashMap<u32, u64> = HashMap::new();
    for (person, _) in &people {
        let copies = truth.entry(*person).or_default();
        *copies = copies.saturating_add(1);
    }
    let pairs = truth
        .values()
        .map(|copies| copies.saturating_mul(copies.saturating_sub(1)) / 2)
        .fold(0, u64::saturating_add);
    let person = |record: u32| {
        usize::try_from(record)
            .ok()
            .and_then(|place| people.get(place))
            .map(|(person, _)| *person)
    };
    let joined = || links.pairs.iter().filter(|pair| pair.decision == Decision::Join);
    let right = joined().filter(|pair| person(pair.one) == person(pair.other)).count();
    println!("{count} records of {} people, {threads} threads", truth.len());
    println!(
        "read {read:.1?}, blocked {:.1?}, trained {:.1?}, linked {:.1?}",
        blocked.saturating_sub(read),
        trained.saturating_sub(blocked),
        all.saturating_sub(trained)
    );
    println!(
        "all in {all:.1?}: {:.0} records a second; {} candidates",
        real(count) / all.as_secs_f64(),
        links.candidates
    );
    println!(
        "{right} of {} joined pairs are right, of {pairs} that there are; {} to review",
        joined().count(),
        links.pairs.len().saturating_sub(joined().count())
    );
    println!(
        "precision {:.4}, recall {:.4}, threshold {:.3}",
        real(right) / real(joined().count()),
        real(right) / real(usize::try_from(pairs).unwrap_or(usize::MAX)),
        links.threshold
    );
    for (rule, passed_over) in blocks
        .rules()
        .iter()
        .zip(blocks.passed_over())
        .filter(|(_, passed_over)| **passed_over > 0)
    {
        println!("passed over by {}: {passed_over}", rule.told(&fields));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    println!(
        "memory, with the generated people: {}",
        peak.collect::<Vec<_>>().join(", ")
    );
}

fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Records with the person whom each is of.
fn people(dice: &mut Dice, count: usize) -> Vec<(u32, [String; 8])> {
    let mut people: Vec<(u32, [String; 8])> = Vec::with_capacity(count);
    let originals = count / 5 * 4;
    for person in (0_u32..).take(originals) {
        people.push((person, somebody(dice)));
    }
    for _ in originals..count {
        let original = dice.below(originals);
        let copy = people
            .get(original)
            .map(|(person, cells)| (*person, blurred(dice, cells)));
        people.extend(copy);
    }
    people
}

fn somebody(dice: &mut Dice) -> [String; 8] {
    let city = dice.skewed(400);
    let (given, surname) = (
        word(dice.skewed(3_000), 3),
        word(dice.skewed(20_000).saturating_add(9_000), 3),
    );
    let email = format!("{given}.{surname}{}@{}.com", dice.below(1_000), word(dice.skewed(8), 2));
    [
        given,
        surname,
        format!(
            "{}-{:02}-{:02}",
            1_940 + dice.below(65),
            1 + dice.below(12),
            1 + dice.below(28)
        ),
        format!("13{:09}", dice.below(1_000_000_000)),
        email,
        format!(
            "{} {} street",
            1 + dice.below(200),
            word(dice.below(8_000).saturating_add(50_000), 3)
        ),
        word(city.saturating_add(90_000), 3),
        format!("{:05}", 10_000 + city * 10 + dice.below(10)),
    ]
}

/// The same person, as another till has written her down.
fn blurred(dice: &mut Dice, cells: &[String; 8]) -> [String; 8] {
    let mut copy = cells.clone();
    if dice.below(10) == 0 {
        // Moved.
        let other = somebody(dice);
        for place in 5..8 {
            if let (Some(cell), Some(new)) = (copy.get_mut(place), other.get(place)) {
                cell.clone_from(new);
            }
        }
    }
    for cell in &mut copy {
        match dice.below(20) {
            0 | 1 => cell.clear(),
            2 | 3 => *cell = slipped(dice, cell),
            _ => {}
        }
    }
    copy
}

fn slipped(dice: &mut Dice, cell: &str) -> String {
    let mut letters: Vec<char> = cell.chars().collect();
    let place = dice.below(letters.len().max(2) - 1);
    match dice.below(3) {
        0 if place < letters.len() => drop(letters.remove(place)),
        1 if place + 1 < letters.len() => letters.swap(place, place + 1),
        _ => letters.insert(
            place,
            char::from(b'a' + u8::try_from(dice.below(26)).unwrap_or_default()),
        ),
    }
    letters.into_iter().collect()
}

/// The word of a number.
fn word(number: usize, syllables: usize) -> String {
    const HEADS: &[u8] = b"bcdfghjklmnprstvwz";
    const VOWELS: &[u8] = b"aeiou";
    let mut rest = number.wrapping_mul(2_654_435_761) % 729_000;
    let mut word = String::new();
    for _ in 0..syllables {
        for letters in [HEADS, VOWELS] {
            word.extend(letters.get(rest % letters.len()).map(|letter| char::from(*letter)));
            rest /= letters.len();
        }
    }
    word
}

/// Numbers by chance, the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// Small numbers more often than large ones, as names and cities are.
    fn skewed(&mut self, bound: usize) -> usize {
        let (one, other) = (self.below(bound), self.below(bound));
        let third = self.below(bound);
        one.min(other).min(third)
    }
}
