//! How a word sounds, roughly: words that are alike in it are compared more closely.

/// So many consonants tell.
const CONSONANTS_MAX: u32 = 5;

/// The sound of Latin letters: the first one, and the classes of consonants behind it, as in Soundex. 0 where there is no
/// letter. A text in another script sounds as it is written.
pub(crate) fn sound(text: &str) -> u64 {
    let mut letters = text.chars().filter(|c| c.is_alphanumeric());
    let Some(first) = letters.next() else { return 0 };
    if !text.is_ascii() {
        return hash(text.as_bytes()) | 1;
    }
    let mut code = u64::from(u32::from(first));
    let mut last = class(first);
    let mut count = 0_u32;
    for c in letters {
        let class = class(c);
        match class {
            // h and w part nothing; vowels do.
            7 => {}
            0 => last = 0,
            _ if class != last && count < CONSONANTS_MAX => {
                code = code.wrapping_shl(3) | class;
                count = count.saturating_add(1);
                last = class;
            }
            _ => last = class,
        }
    }
    code
}

fn class(c: char) -> u64 {
    match c {
        'b' | 'f' | 'p' | 'v' => 1,
        'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => 2,
        'd' | 't' => 3,
        'l' => 4,
        'm' | 'n' => 5,
        'r' => 6,
        'h' | 'w' => 7,
        _ => 0,
    }
}

/// FNV-1a with a finish that moves every bit: the same on every machine and in every release.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix(hash)
}

/// Moves every bit of a number.
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let number = (number ^ (number >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    number ^ (number >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_sound_alike_have_one_sound() {
        for (one, other) in [
            ("robert", "rupert"),
            ("smith", "smyth"),
            ("stephen", "steven"),
            ("meyer", "maier"),
        ] {
            assert_eq!(sound(one), sound(other), "{one} {other}");
        }
        assert_ne!(sound("robert"), sound("rubin"));
        assert_ne!(sound("李雷"), sound("韩梅"));
        assert_eq!(sound(""), 0);
        assert_ne!(sound("李"), 0);
    }
}
