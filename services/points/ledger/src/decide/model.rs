//! The same commands to the ledger and to a plain model of it, a map of lots: both must come to the same.
//!
//! The model knows nothing of entries, plans or partial loads. It takes lots in the order of their expiry by a loop, and
//! keeps of each lot where every unit of it has gone.

mod beside;
mod both;
mod plain;

use std::collections::BTreeMap;

use super::tests::{Ledger, earn_of, member};
use super::*;
use crate::{AssetKind, ClawbackPolicy, ConfirmCause, Correction, Earns, Extent, HoldId, HoldState, ReleaseCause};
use both::Both;
use plain::Model;
use proptest::prelude::*;

const HOLDERS: [usize; 2] = [1, 2];

#[derive(Clone, Debug)]
enum Command {
    Earn { amount: i64, days: i64 },
    EarnPending { amount: i64, days: i64, wait: i64 },
    Confirm { which: usize, call: bool },
    Cancel { which: usize },
    Redeem { amount: i64 },
    Reverse { which: usize, amount: i64 },
    Hold { amount: i64, days: i64 },
    Capture { which: usize, amount: i64 },
    Release { which: usize },
    Lapse { which: usize },
    Transfer { amount: i64 },
    Adjust { amount: i64 },
    Expire,
    Pass { days: i64 },
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        5 => (1..200_i64, 1..20_i64).prop_map(|(amount, days)| Command::Earn { amount, days }),
        2 => (1..200_i64, 1..20_i64, 0..10_i64).prop_map(|(amount, days, wait)| Command::EarnPending { amount, days, wait }),
        2 => (0..8_usize, any::<bool>()).prop_map(|(which, call)| Command::Confirm { which, call }),
        1 => (0..8_usize).prop_map(|which| Command::Cancel { which }),
        3 => (1..250_i64).prop_map(|amount| Command::Redeem { amount }),
        4 => (0..32_usize, 1..150_i64).prop_map(|(which, amount)| Command::Reverse { which, amount }),
        4 => (1..150_i64, 1..15_i64).prop_map(|(amount, days)| Command::Hold { amount, days }),
        2 => (0..8_usize, 1..150_i64).prop_map(|(which, amount)| Command::Capture { which, amount }),
        2 => (0..8_usize).prop_map(|which| Command::Release { which }),
        2 => (0..8_usize).prop_map(|which| Command::Lapse { which }),
        2 => (1..150_i64).prop_map(|amount| Command::Transfer { amount }),
        2 => (-100..100_i64).prop_filter("not 0", |amount| *amount != 0).prop_map(|amount| Command::Adjust { amount }),
        1 => Just(Command::Expire),
        2 => (1..6_i64).prop_map(|days| Command::Pass { days }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_ledger_does_what_a_plain_map_of_lots_does(
        commands in prop::collection::vec((1..=2_usize, command()), 1..80),
        policy in prop_oneof![Just(ClawbackPolicy::WithinBalance), Just(ClawbackPolicy::Debt)],
    ) {
        let ledger = Ledger::with_policy(AssetKind::Points, 0, policy);
        let mut both = Both { ledger, model: Model::default(), holder: 1, policy };
        for (holder, command) in commands {
            both.holder = holder;
            both.run(command);
        }
    }
}

#[test]
fn the_two_holders_are_the_ledger_s_members() {
    let ledger = Ledger::new(AssetKind::Points, 0);
    assert_eq!(
        HOLDERS.map(|holder| ledger.key_of(holder).member),
        [member(1), member(2)]
    );
}
