use std::fmt;
use std::str::FromStr;

/// A currency by its ISO 4217 code, for example `CNY`. Every code that may name money is known here, and how many
/// decimals it has; nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Why a text names no currency of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// It is empty.
    #[error("must be the currency's ISO 4217 code, for example CNY")]
    Missing,
    /// ISO 4217 does not have it, but people write it and mean another code.
    #[error("{given} is no ISO 4217 code; did you mean {meant}?")]
    Meant {
        /// What was given.
        given: String,
        /// The code that is meant.
        meant: &'static str,
    },
    /// ISO 4217 does not have it.
    #[error("{given} is no ISO 4217 code: give the code of a currency, three capital letters such as CNY")]
    Unknown {
        /// What was given.
        given: String,
    },
    /// ISO 4217 has it for something else than the money of a country.
    #[error("{given} is no money: ISO 4217 has this code for \"{name}\"; give the code of a currency such as CNY")]
    NoMoney {
        /// What was given.
        given: String,
        /// What the code is for.
        name: String,
    },
}

/// What people write instead of a code. Withdrawn codes that the table of the library no longer has are not here: what
/// replaced them has another worth.
const NICKNAMES: [(&str, &str); 15] = [
    ("RMB", "CNY"),
    ("CNH", "CNY"),
    ("YUAN", "CNY"),
    ("元", "CNY"),
    ("人民币", "CNY"),
    ("¥", "CNY"),
    ("NTD", "TWD"),
    ("NT$", "TWD"),
    ("HK$", "HKD"),
    ("US$", "USD"),
    ("$", "USD"),
    ("EURO", "EUR"),
    ("€", "EUR"),
    ("UKP", "GBP"),
    ("£", "GBP"),
];

/// As much of a wrong code as an error repeats.
const GIVEN_CHARS_MAX: usize = 16;

impl FromStr for Currency {
    type Err = CurrencyError;

    /// Reads the code of a currency that money may be in. Codes that were withdrawn lately (HRK, BGN) are among them, for
    /// orders of those days are recorded, too; precious metals, funds of accounting units, `XTS` and `XXX` are not.
    fn from_str(code: &str) -> Result<Self, CurrencyError> {
        let given = || code.chars().take(GIVEN_CHARS_MAX).collect::<String>();
        if code.is_empty() {
            return Err(CurrencyError::Missing);
        }
        match iso_currency::Currency::from_code(code) {
            Some(known) if known.is_special() && !is_issued(known) => Err(CurrencyError::NoMoney {
                given: given(),
                name: known.name().to_owned(),
            }),
            Some(known) => Ok(Self::of(known)),
            None => Err(match meant(code) {
                Some(meant) => CurrencyError::Meant { given: given(), meant },
                None => CurrencyError::Unknown { given: given() },
            }),
        }
    }
}

impl Currency {
    /// A currency as it was stored, perhaps before codes were checked: any three capital letters.
    pub fn stored(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many decimals an amount has: 2 of CNY, 0 of JPY, 3 of KWD. None for a code that was stored before codes were
    /// checked and that is none.
    pub fn decimals(&self) -> Option<usize> {
        let known = iso_currency::Currency::from_code(self.code())?;
        known.exponent().map(usize::from)
    }

    /// Reads an amount such as "1234.5" in minor units: 123,450 of CNY. Never by way of a float. None where it is no plain
    /// number of 0 or more, where it is finer than the currency, and where it is too large.
    pub fn minor_units(&self, text: &str) -> Option<i64> {
        let decimals = self.decimals()?;
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > decimals || !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        format!("{whole}{fraction:0<decimals$}").parse().ok()
    }

    /// Writes an amount of minor units as people do: "1234.50".
    pub fn decimal(&self, minor_units: i64) -> String {
        let decimals = self.decimals().unwrap_or(0);
        let sign = if minor_units < 0 { "-" } else { "" };
        let digits = format!(
            "{:0>width$}",
            minor_units.unsigned_abs(),
            width = decimals.saturating_add(1)
        );
        match digits.split_at_checked(digits.len().saturating_sub(decimals)) {
            Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
            _ => format!("{sign}{digits}"),
        }
    }

    fn of(known: iso_currency::Currency) -> Self {
        let mut letters = [b'X'; 3];
        for (letter, code) in letters.iter_mut().zip(known.code().bytes()) {
            *letter = code;
        }
        Self(letters)
    }
}

/// Of the codes that begin with X, for no single country, those are money that is issued and has decimals; the library
/// counts some of them as special, others not.
fn is_issued(known: iso_currency::Currency) -> bool {
    matches!(known.code(), "XAF" | "XCD" | "XCG" | "XOF" | "XPF")
}

/// The code that somebody means who writes this: the same letters in another case or with spaces, or a usual other name.
fn meant(given: &str) -> Option<&'static str> {
    let tidy = given.trim().to_uppercase();
    if tidy.len() > GIVEN_CHARS_MAX {
        return None;
    }
    let nickname = NICKNAMES
        .iter()
        .find(|(name, _)| *name == tidy)
        .map(|(_, meant)| *meant);
    nickname.or_else(|| {
        let known = iso_currency::Currency::from_code(&tidy)?;
        let is_money = !known.is_special() || is_issued(known);
        is_money.then(|| known.code())
    })
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    /// ISO 4217, list one of 2026-01-01: all codes of money that are in force, by their decimals.
    const TWO_DECIMALS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
        CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD \
        HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU \
        MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK \
        SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG \
        YER ZAR ZMW ZWG";
    const NO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
    const FOUR_DECIMALS: &str = "CLF UYW";

    #[test]
    fn every_code_in_force_is_known_with_its_decimals() {
        for (codes, decimals) in [
            (NO_DECIMALS, 0),
            (TWO_DECIMALS, 2),
            (THREE_DECIMALS, 3),
            (FOUR_DECIMALS, 4),
        ] {
            for code in codes.split_whitespace() {
                assert_eq!(
                    code.parse::<Currency>().map(|it| it.decimals()),
                    Ok(Some(decimals)),
                    "{code}"
                );
            }
        }
        // What was withdrawn lately is still the money of older orders.
        for code in ["BGN", "CUC", "HRK", "SLL", "ZWL"] {
            assert_eq!(currency(code).decimals(), Some(2), "{code}");
        }
    }

    #[test]
    fn what_is_no_money_is_refused_with_a_sentence() {
        for code in [
            "XXX", "XTS", "XAU", "XAG", "XPT", "XPD", "XDR", "XUA", "XSU", "XAD", "XBA", "XBB", "XBC", "XBD",
        ] {
            let error = code.parse::<Currency>().unwrap_err();
            assert!(matches!(error, CurrencyError::NoMoney { .. }), "{code}: {error}");
        }
        let said = |code: &str| code.parse::<Currency>().unwrap_err().to_string();
        assert_eq!(said("RMB"), "RMB is no ISO 4217 code; did you mean CNY?");
        assert_eq!(said("cny"), "cny is no ISO 4217 code; did you mean CNY?");
        assert_eq!(said(" CNY"), " CNY is no ISO 4217 code; did you mean CNY?");
        assert_eq!(said("¥"), "¥ is no ISO 4217 code; did you mean CNY?");
        assert!(said("DEM").starts_with("DEM is no ISO 4217 code: "), "{}", said("DEM"));
        assert!(said("xau").starts_with("xau is no ISO 4217 code: "), "{}", said("xau"));
        assert!(said("").contains("for example CNY"));
        assert!(said(&"A".repeat(9_000)).len() < 200);
    }

    #[test]
    fn what_was_stored_before_codes_were_checked_is_still_read() {
        let stored = Currency::stored("RMB").unwrap();
        assert_eq!((stored.code(), stored.decimals()), ("RMB", None));
        assert_eq!(stored.decimal(-1_999), "-1999");
        assert_eq!((Currency::stored("rmb"), Currency::stored("CN")), (None, None));
    }

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        let read = |code: &str, text: &str| currency(code).minor_units(text);
        assert_eq!(
            ["77.00", "77.5", "77", "0.01", "0"].map(|text| read("CNY", text)),
            [Some(7_700), Some(7_750), Some(7_700), Some(1), Some(0)]
        );
        assert_eq!(["77", "77.0"].map(|text| read("JPY", text)), [Some(77), None]);
        assert_eq!(
            ["1.234", "1.2", "1.2345"].map(|text| read("KWD", text)),
            [Some(1_234), Some(1_200), None]
        );
        assert_eq!(
            [read("XOF", "5000"), read("CLF", "1.0001")],
            [Some(5_000), Some(10_001)]
        );
        for wrong in [
            "",
            "-1",
            "+1",
            "1,000.00",
            "1.005",
            ".5",
            "5.",
            "1e3",
            "1.2.3",
            "１",
            "99999999999999999999",
        ] {
            assert_eq!(read("CNY", wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(minor_units in 0..=i64::MAX, code in proptest::sample::select(vec!["CNY", "JPY", "KWD", "CLF"])) {
            let currency = currency(code);
            prop_assert_eq!(currency.minor_units(&currency.decimal(minor_units)), Some(minor_units));
        }
    }
}
