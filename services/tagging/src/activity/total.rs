//! What an activity's lines say about its amount.

use std::fmt;

use kernel::{Currency, Money};

use super::Item;

/// The amounts of an activity, as its source tells them.
#[derive(Clone, Copy, Debug)]
pub struct Amounts<'a> {
    /// What it was about as a whole.
    pub amount: Option<Money>,
    /// Its lines.
    pub items: &'a [Item],
    /// What was taken off the whole.
    pub discount: Option<Money>,
    /// What was charged on top of the lines.
    pub surcharge: Option<Money>,
}

/// What is wrong with the amounts of an activity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Two currencies.
    #[error("is {own}, and {first_path} is in {first}: all amounts of an activity are in one currency")]
    Currency {
        /// The field.
        path: String,
        /// Its currency.
        own: Currency,
        /// The field that comes first.
        first_path: String,
        /// Its currency.
        first: Currency,
    },
    /// The amount is not what the lines come to.
    #[error(
        "is {given}, but the items come to {due}: correct one of the two, or tell the difference as discount_amount or \
         surcharge_amount"
    )]
    Contradicts {
        /// The amount.
        given: Figure,
        /// How the lines come to theirs.
        due: Sum,
    },
    /// The lines that have an amount come to more than the whole.
    #[error(
        "is {given}, but those of the items that have an amount come to {due} already: correct one of the two, or tell the \
         difference as discount_amount"
    )]
    TooSmall {
        /// The amount.
        given: Figure,
        /// How the lines come to theirs.
        due: Sum,
    },
    /// The amount is needed.
    #[error("must be given, since not every item has an amount")]
    Missing,
    /// More is taken off than there is.
    #[error("takes off more than there is: the items come to {0}")]
    Negative(Sum),
}

/// A figure that need not be money: a sum may be below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    minor_units: i128,
    currency: Currency,
}

/// How lines, discount and surcharge come to a total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    lines: i128,
    discount: i128,
    surcharge: i128,
    currency: Currency,
}

impl AmountError {
    /// The field that is wrong.
    pub fn path(&self) -> String {
        match self {
            Self::Currency { path, .. } => format!("{path}.currency_code"),
            Self::Contradicts { .. } | Self::TooSmall { .. } | Self::Missing => "amount".to_owned(),
            Self::Negative(_) => "discount_amount".to_owned(),
        }
    }
}

impl Amounts<'_> {
    /// The activity's amount: as it is given, or else what its lines come to. Refuses amounts that contradict each other.
    pub fn total(&self) -> Result<Option<Money>, AmountError> {
        let Some(currency) = self.currency()? else {
            return Ok(None);
        };
        let told: Vec<i128> = self.items.iter().filter_map(|item| units(item.amount)).collect();
        let sum = Sum {
            lines: told.iter().fold(0, |sum, line| sum.saturating_add(*line)),
            discount: units(self.discount).unwrap_or(0),
            surcharge: units(self.surcharge).unwrap_or(0),
            currency,
        };
        let is_whole = !self.items.is_empty() && told.len() == self.items.len();
        match self.amount {
            None if is_whole => sum.money().map(Some).ok_or(AmountError::Negative(sum)),
            None => Err(AmountError::Missing),
            Some(amount) if told.is_empty() => Ok(Some(amount)),
            Some(amount) => {
                let given = Figure {
                    minor_units: i128::from(amount.minor_units()),
                    currency,
                };
                match given.minor_units.cmp(&sum.total()) {
                    std::cmp::Ordering::Equal => Ok(Some(amount)),
                    std::cmp::Ordering::Greater if !is_whole => Ok(Some(amount)),
                    std::cmp::Ordering::Less if !is_whole => Err(AmountError::TooSmall { given, due: sum }),
                    std::cmp::Ordering::Greater | std::cmp::Ordering::Less => {
                        Err(AmountError::Contradicts { given, due: sum })
                    }
                }
            }
        }
    }

    /// The one currency of all amounts; none where there is no amount.
    fn currency(&self) -> Result<Option<Currency>, AmountError> {
        let whole = [
            ("amount", self.amount),
            ("discount_amount", self.discount),
            ("surcharge_amount", self.surcharge),
        ];
        let whole = whole.into_iter().map(|(path, money)| (path.to_owned(), money));
        let items = self.items.iter().enumerate();
        let items = items.map(|(index, item)| (format!("items[{index}].amount"), item.amount));
        let mut told = whole
            .chain(items)
            .filter_map(|(path, money)| Some((path, money?.currency())));
        let Some((first_path, first)) = told.next() else {
            return Ok(None);
        };
        match told.find(|(_, currency)| *currency != first) {
            None => Ok(Some(first)),
            Some((path, own)) => Err(AmountError::Currency {
                path,
                own,
                first_path,
                first,
            }),
        }
    }
}

impl Sum {
    fn total(&self) -> i128 {
        self.lines.saturating_sub(self.discount).saturating_add(self.surcharge)
    }

    fn money(&self) -> Option<Money> {
        Money::stored(self.currency.code(), i64::try_from(self.total()).ok()?)
    }

    fn figure(&self, minor_units: i128) -> Figure {
        Figure {
            minor_units,
            currency: self.currency,
        }
    }
}

fn units(money: Option<Money>) -> Option<i128> {
    money.map(|money| i128::from(money.minor_units()))
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i64::try_from(self.minor_units) {
            Ok(minor_units) => write!(f, "{} {}", self.currency.decimal(minor_units), self.currency),
            Err(_) => write!(f, "{} minor units of {}", self.minor_units, self.currency),
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.figure(self.total()))?;
        if self.discount == 0 && self.surcharge == 0 {
            return Ok(());
        }
        let [lines, discount, surcharge] = [self.lines, self.discount, self.surcharge].map(|part| self.figure(part));
        write!(f, " ({lines}, less {discount}, plus {surcharge})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cny(minor_units: i64) -> Option<Money> {
        Money::new("CNY", minor_units).ok()
    }

    fn line(amount: Option<Money>) -> Item {
        Item {
            line_id: String::new(),
            sku: "a".to_owned(),
            quantity: 1,
            amount,
            category: String::new(),
        }
    }

    fn total(amount: Option<Money>, items: &[Item], more: [Option<Money>; 2]) -> Result<Option<Money>, String> {
        let [discount, surcharge] = more;
        let amounts = Amounts {
            amount,
            items,
            discount,
            surcharge,
        };
        amounts.total().map_err(|error| format!("{}: {error}", error.path()))
    }

    #[test]
    fn an_absent_amount_is_what_the_lines_come_to() {
        let lines = [line(cny(10_000)), line(cny(30_000))];
        assert_eq!(total(None, &lines, [None, None]), Ok(cny(40_000)));
        assert_eq!(total(None, &lines, [cny(5_000), cny(1_200)]), Ok(cny(36_200)));
        assert_eq!(total(cny(36_200), &lines, [cny(5_000), cny(1_200)]), Ok(cny(36_200)));
        assert_eq!(total(None, &[], [None, None]), Ok(None));
        assert_eq!(total(None, &[line(None)], [None, None]), Ok(None));
        assert_eq!(total(cny(7), &[line(None)], [None, cny(1)]), Ok(cny(7)));
    }

    #[test]
    fn a_contradiction_shows_both_figures() {
        let lines = [line(cny(10_000)), line(cny(30_000))];
        let error = total(cny(10_000), &lines, [None, None]).unwrap_err();
        assert!(
            error.starts_with("amount: is 100.00 CNY, but the items come to 400.00 CNY: "),
            "{error}"
        );
        let error = total(cny(40_000), &lines, [cny(5_000), cny(1_200)]).unwrap_err();
        let how = "come to 362.00 CNY (400.00 CNY, less 50.00 CNY, plus 12.00 CNY): ";
        assert!(error.contains(how), "{error}");
        let error = total(None, &lines, [cny(50_000), None]).unwrap_err();
        assert!(error.starts_with("discount_amount: takes off more"), "{error}");
        assert!(error.contains("come to -100.00 CNY ("), "{error}");
    }

    #[test]
    fn lines_without_amounts_bound_the_whole_only_from_below() {
        let lines = [line(cny(10_000)), line(None)];
        assert_eq!(total(cny(10_000), &lines, [None, None]), Ok(cny(10_000)));
        assert_eq!(total(cny(15_000), &lines, [None, None]), Ok(cny(15_000)));
        let error = total(cny(9_999), &lines, [None, None]).unwrap_err();
        assert!(
            error.starts_with("amount: is 99.99 CNY, but those of the items"),
            "{error}"
        );
        let error = total(None, &lines, [None, None]).unwrap_err();
        assert_eq!(error, "amount: must be given, since not every item has an amount");
    }

    #[test]
    fn all_amounts_are_in_one_currency() {
        let yen = Money::new("JPY", 10_000).ok();
        let error = total(cny(10_000), &[line(cny(10_000)), line(yen)], [None, None]).unwrap_err();
        let told = "items[1].amount.currency_code: is JPY, and amount is in CNY: ";
        assert!(error.starts_with(told), "{error}");
        let error = total(None, &[line(cny(1))], [yen, None]).unwrap_err();
        assert!(
            error.starts_with("items[0].amount.currency_code: is CNY, and discount_amount is in JPY"),
            "{error}"
        );
    }
}
