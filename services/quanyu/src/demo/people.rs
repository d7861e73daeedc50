//! Who the customers are: what the data does not say is drawn by dice, the same for the same seed.
//!
//! The data knows a person by one number. Here the same person turns up in up to three shops, in each under another id, as
//! it is for a brand; how much each shop learns of who it is decides whether the brand can know.

use super::dice::Dice;

/// One of the brand's three shops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Shop {
    /// The flagship store on Tmall.
    Tmall,
    /// The mini program in WeChat.
    WechatMini,
    /// The tills of the stores.
    Pos,
}

impl Shop {
    pub(super) const ALL: [Self; 3] = [Self::Tmall, Self::WechatMini, Self::Pos];

    /// The channel's code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Tmall => "tmall",
            Self::WechatMini => "wechat_mini",
            Self::Pos => "pos",
        }
    }

    /// What people call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tmall => "Tmall flagship store",
            Self::WechatMini => "WeChat mini program",
            Self::Pos => "Stores",
        }
    }

    /// The id by which this shop knows a customer; nothing in it tells who it is in another shop.
    pub(super) fn external_id(self, customer: u32) -> String {
        let scrambled =
            Dice::of(u64::from(customer), self.code().len().try_into().unwrap_or(0)).between(0, u64::MAX >> 8);
        match self {
            Self::Tmall => format!("ouid-{customer:05}-{scrambled:014x}"),
            Self::WechatMini => format!("o{scrambled:014x}{customer:05}"),
            Self::Pos => format!("till-{customer:05}"),
        }
    }
}

/// How a second shop comes to know who its customer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recognition {
    /// The phone comes along at the first visit: the shop's id is linked to the member.
    AtOnce,
    /// The first visit is anonymous and makes a second member; the phone comes along later, and the two are merged.
    Later,
    /// The shop never learns: the brand keeps two members.
    Never,
}

/// A shop besides the one where the person is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Away {
    pub(super) shop: Shop,
    pub(super) recognition: Recognition,
}

/// A customer, as drawn.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) customer: u32,
    /// Where the person bought first.
    pub(super) home: Shop,
    /// Given to every shop that learns who the person is; who gives none is never recognised elsewhere.
    pub(super) phone: Option<String>,
    pub(super) is_female: bool,
    pub(super) province: &'static str,
    pub(super) city: &'static str,
    /// None for most people.
    pub(super) away: Vec<Away>,
}

const PHONE_PERCENT: u64 = 88;
const AWAY_PERCENT: u64 = 45;
const THIRD_SHOP_PERCENT: u64 = 20;
const AT_ONCE_PERCENT: u64 = 60;
const LATER_PERCENT: u64 = 30;

const CITIES: [(&str, &str); 10] = [
    ("Shanghai", "Shanghai"),
    ("Beijing", "Beijing"),
    ("Guangdong", "Guangzhou"),
    ("Guangdong", "Shenzhen"),
    ("Zhejiang", "Hangzhou"),
    ("Jiangsu", "Nanjing"),
    ("Jiangsu", "Suzhou"),
    ("Sichuan", "Chengdu"),
    ("Hubei", "Wuhan"),
    ("Shaanxi", "Xi'an"),
];

impl Person {
    /// Draws who a customer is.
    pub(super) fn draw(seed: u64, customer: u32) -> Self {
        let mut dice = Dice::of(seed, u64::from(customer));
        let home = match dice.between(1, 100) {
            ..=45 => Shop::Tmall,
            46..=75 => Shop::WechatMini,
            _ => Shop::Pos,
        };
        let phone = dice.chance(PHONE_PERCENT).then(|| phone(customer));
        let (province, city) = *dice.pick(&CITIES).unwrap_or(&CITIES[0]);
        let is_female = dice.chance(60);
        let away = draw_away(&mut dice, home, phone.is_some());
        Self {
            customer,
            home,
            phone,
            is_female,
            province,
            city,
            away,
        }
    }

    /// The person's id over all apps of the brand's WeChat account.
    pub(super) fn union_id(&self) -> String {
        format!(
            "u-{:016x}",
            Dice::of(u64::from(self.customer), 99).between(0, u64::MAX >> 1)
        )
    }

    /// The number of the card that the stores hand out.
    pub(super) fn card_number(&self) -> String {
        format!("8800{:05}", self.customer)
    }
}

fn draw_away(dice: &mut Dice, home: Shop, has_phone: bool) -> Vec<Away> {
    if !dice.chance(AWAY_PERCENT) {
        return Vec::new();
    }
    let mut shops: Vec<Shop> = Shop::ALL.into_iter().filter(|shop| *shop != home).collect();
    if dice.chance(50) {
        shops.reverse();
    }
    if !dice.chance(THIRD_SHOP_PERCENT) {
        shops.truncate(1);
    }
    let mut recognise = || match dice.between(1, 100) {
        _ if !has_phone => Recognition::Never,
        ..=AT_ONCE_PERCENT => Recognition::AtOnce,
        at if at <= AT_ONCE_PERCENT.saturating_add(LATER_PERCENT) => Recognition::Later,
        _ => Recognition::Never,
    };
    shops
        .into_iter()
        .map(|shop| Away {
            shop,
            recognition: recognise(),
        })
        .collect()
}

/// A mobile number of one's own: 7,919 is prime to 10,000,000, so no two customers share one.
fn phone(customer: u32) -> String {
    let number = u64::from(customer)
        .saturating_mul(7_919)
        .checked_rem(10_000_000)
        .unwrap_or(0);
    format!("1370{number:07}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const CUSTOMERS: std::ops::RangeInclusive<u32> = 1..=23_570;

    #[test]
    fn no_two_customers_share_an_id_of_any_kind() {
        let people: Vec<Person> = CUSTOMERS.map(|customer| Person::draw(1, customer)).collect();
        let phones: Vec<_> = people.iter().filter_map(|p| p.phone.clone()).collect();
        assert_eq!(phones.iter().collect::<BTreeSet<_>>().len(), phones.len());
        assert_eq!(
            people.iter().map(Person::union_id).collect::<BTreeSet<_>>().len(),
            people.len()
        );
        assert_eq!(
            people.iter().map(Person::card_number).collect::<BTreeSet<_>>().len(),
            people.len()
        );
        for shop in Shop::ALL {
            assert_eq!(
                CUSTOMERS.map(|c| shop.external_id(c)).collect::<BTreeSet<_>>().len(),
                people.len()
            );
        }
    }

    #[test]
    fn nobody_is_away_at_home_and_who_gives_no_phone_is_never_recognised() {
        for customer in CUSTOMERS {
            let person = Person::draw(1, customer);
            assert!(person.away.iter().all(|away| away.shop != person.home));
            if person.phone.is_none() {
                assert!(person.away.iter().all(|away| away.recognition == Recognition::Never));
            }
        }
    }
}
