//! How far two texts are apart.

/// So many characters are looked at where likeness is asked for.
const LENGTH_MAX: usize = 64;
/// So many cells of a row are near enough to the diagonal for three slips, with one more at the end that is not.
const BAND: usize = 8;
const TOO_MANY: u8 = 100;

/// How many slips of the pen (a letter too many, too few, another one, or two turned around) lead from one text to another:
/// optimal string alignment. None where it is more than `most`, which is 3 at the highest.
pub fn slips<T: Copy + Eq>(one: &[T], other: &[T], most: usize) -> Option<usize> {
    let most = most.min(3);
    let (one, other) = without_common_ends(one, other);
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if long.len().saturating_sub(short.len()) > most {
        return None;
    }
    if short.is_empty() {
        return Some(long.len());
    }
    aligned(short, long, most)
}

fn without_common_ends<'t, T: Eq>(one: &'t [T], other: &'t [T]) -> (&'t [T], &'t [T]) {
    let prefix = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (
        one.get(prefix..).unwrap_or_default(),
        other.get(prefix..).unwrap_or_default(),
    );
    let suffix = one
        .iter()
        .rev()
        .zip(other.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let cut = |text: &'t [T]| text.get(..text.len().saturating_sub(suffix)).unwrap_or_default();
    (cut(one), cut(other))
}

/// Three rows of the table of distances, of each the cells that are near enough to the diagonal: what is further away has cost
/// too much already.
fn aligned<T: Copy + Eq>(short: &[T], long: &[T], most: usize) -> Option<usize> {
    // A cell of the row stands where the column is the row's number, less `most`, plus the cell's own.
    let width = most.saturating_mul(2).saturating_add(1);
    let (mut before, mut last) = ([TOO_MANY; BAND], [TOO_MANY; BAND]);
    for (cell, cost) in last.iter_mut().skip(most).take(width.saturating_sub(most)).zip(0_u8..) {
        *cell = cost;
    }
    let get = |row: &[u8; BAND], cell: usize| row.get(cell).copied().unwrap_or(TOO_MANY);
    let letter = |text: &[T], number: usize| number.checked_sub(1).and_then(|place| text.get(place)).copied();
    for down in 1..=long.len() {
        let (mut row, mut left, mut least) = ([TOO_MANY; BAND], TOO_MANY, TOO_MANY);
        let (there, there_before) = (letter(long, down), letter(long, down.saturating_sub(1)));
        for cell in 0..width {
            let Some(across) = down
                .saturating_add(cell)
                .checked_sub(most)
                .filter(|across| *across <= short.len())
            else {
                left = TOO_MANY;
                continue;
            };
            let cost = if across == 0 {
                u8::try_from(down).unwrap_or(TOO_MANY)
            } else {
                let here = letter(short, across);
                let changed = get(&last, cell).saturating_add(u8::from(here != there));
                let added = left.min(get(&last, cell.saturating_add(1))).saturating_add(1);
                let is_turned =
                    across > 1 && down > 1 && here == there_before && letter(short, across.saturating_sub(1)) == there;
                let turned = if is_turned {
                    get(&before, cell).saturating_add(1)
                } else {
                    TOO_MANY
                };
                changed.min(added).min(turned)
            };
            if let Some(place) = row.get_mut(cell) {
                *place = cost;
            }
            (left, least) = (cost, least.min(cost));
        }
        // Two letters turned around reach back one row further.
        if usize::from(least) > most.saturating_add(1) {
            return None;
        }
        (before, last) = (last, row);
    }
    let end = short.len().saturating_add(most).checked_sub(long.len())?;
    let cost = usize::from(get(&last, end));
    (cost <= most).then_some(cost)
}

/// How alike two texts are, from 0 to 1, with more weight on how they begin: Jaro-Winkler. Only so many characters of each are
/// looked at.
pub fn likeness<T: Copy + Eq>(one: &[T], other: &[T]) -> f64 {
    let one = one.get(..LENGTH_MAX).unwrap_or(one);
    let other = other.get(..LENGTH_MAX).unwrap_or(other);
    let jaro = jaro(one, other);
    if jaro <= 0.7 {
        return jaro;
    }
    let prefix = one.iter().zip(other).take(4).take_while(|(a, b)| a == b).count();
    jaro + 0.1 * real(prefix) * (1.0 - jaro)
}

fn jaro<T: Copy + Eq>(one: &[T], other: &[T]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return if one.is_empty() && other.is_empty() { 1.0 } else { 0.0 };
    }
    let reach = (one.len().max(other.len()) / 2).saturating_sub(1);
    let (mut found, mut taken) = (0_u64, 0_u64);
    let mut matches = 0_usize;
    for (index, here) in one.iter().enumerate() {
        let from = index.saturating_sub(reach);
        let window = other
            .iter()
            .enumerate()
            .skip(from)
            .take(index.saturating_add(reach).saturating_add(1).saturating_sub(from));
        for (place, there) in window {
            if here == there && taken & bit(place) == 0 {
                taken |= bit(place);
                found |= bit(index);
                matches = matches.saturating_add(1);
                break;
            }
        }
    }
    if matches == 0 {
        return 0.0;
    }
    let marked = |text: &[T], marks: u64| -> [Option<T>; LENGTH_MAX] {
        let mut kept = [None; LENGTH_MAX];
        let chosen = text.iter().enumerate().filter(|(index, _)| marks & bit(*index) != 0);
        for (place, (_, c)) in kept.iter_mut().zip(chosen) {
            *place = Some(*c);
        }
        kept
    };
    let (a, b) = (marked(one, found), marked(other, taken));
    let displaced = a.iter().zip(&b).take(matches).filter(|(a, b)| a != b).count();
    let matches = real(matches);
    let turned = real(displaced / 2);
    (matches / real(one.len()) + matches / real(other.len()) + (matches - turned) / matches) / 3.0
}

fn bit(place: usize) -> u64 {
    1_u64.wrapping_shl(u32::try_from(place).unwrap_or(u32::MAX))
}

fn real(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn slips_are_counted_as_by_hand() {
        for (one, other, expected) in [
            ("", "", Some(0)),
            ("smith", "smith", Some(0)),
            ("smith", "smtih", Some(1)),
            ("smith", "smyth", Some(1)),
            ("smith", "smithe", Some(1)),
            ("ca", "abc", Some(3)),
            ("19560409", "19560904", Some(2)),
            ("abcd", "badc", Some(2)),
            ("jones", "smith", None),
            ("", "abcd", None),
            ("李小明", "李晓明", Some(1)),
        ] {
            assert_eq!(slips(&chars(one), &chars(other), 3), expected, "{one} {other}");
        }
        assert_eq!(slips(b"abcd", b"badc", 1), None);
    }

    /// The examples of Winkler's papers.
    #[test]
    fn likeness_is_that_of_the_papers() {
        for (one, other, expected) in [
            ("martha", "marhta", 0.961),
            ("dwayne", "duane", 0.84),
            ("dixon", "dicksonx", 0.813),
            ("jones", "johnson", 0.832),
            ("abc", "xyz", 0.0),
        ] {
            let found = likeness(one.as_bytes(), other.as_bytes());
            assert!((found - expected).abs() < 0.001, "{one} {other}: {found}");
        }
    }

    proptest! {
        #[test]
        fn slips_are_those_of_strsim_and_the_same_from_both_sides(one in "[abc]{0,12}", other in "[abc]{0,12}") {
            let expected = strsim::osa_distance(&one, &other);
            let found = slips(one.as_bytes(), other.as_bytes(), 3);
            prop_assert_eq!(found, (expected <= 3).then_some(expected));
            prop_assert_eq!(found, slips(other.as_bytes(), one.as_bytes(), 3));
        }

        #[test]
        fn likeness_is_that_of_strsim_and_within_bounds(one in "[abcd李]{0,20}", other in "[abcd李]{0,20}") {
            let found = likeness(&chars(&one), &chars(&other));
            prop_assert!((0.0..=1.0).contains(&found));
            prop_assert!((found - strsim::jaro_winkler(&one, &other)).abs() < 1e-9, "{} {}", found, strsim::jaro_winkler(&one, &other));
        }
    }
}
