use super::EntryId;

/// What is written down about one account at one moment: its row, its lots and holds, and its entries after those that have
/// been proven before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Books {
    /// The account's row; none where it is missing.
    pub account: Option<Figures>,
    /// What is left, held and pending in its lots.
    pub lots: LotSums,
    /// What is in its open holds.
    pub holds_sum: i64,
    /// How far the account has been proven before.
    pub proven: Proven,
    /// The entries after it, in the order of their numbers, so many at the most.
    pub lines: Vec<Line>,
}

/// What an account's row says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The number of the last entry.
    pub sequence: i64,
    /// The balance.
    pub balance: i64,
    /// What is held of it.
    pub held: i64,
    /// What is pending of it.
    pub pending: i64,
    /// What is owed beside it.
    pub debt: i64,
}

/// What an account's lots sum up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LotSums {
    /// What can be spent.
    pub remaining: i64,
    /// What is held.
    pub held: i64,
    /// What is pending.
    pub pending: i64,
}

/// A number of an account's entry, and the balance and the debt after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proven {
    /// The number of the entry.
    pub sequence: i64,
    /// The balance after it.
    pub balance: i64,
    /// The debt after it.
    pub debt: i64,
}

/// What a proof needs of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub entry: EntryId,
    /// Its number.
    pub sequence: i64,
    /// The change of the balance, with its sign.
    pub amount: i64,
    /// The balance after it.
    pub balance: i64,
    /// The change of what is owed.
    pub debt: i64,
    /// The sum of its lots' parts.
    pub lots_sum: i64,
}

/// What a check of an account found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How far it has been proven now.
    pub proven: Proven,
    /// Whether there was nothing more to read.
    pub is_complete: bool,
    pub discrepancy: Option<Discrepancy>,
}

/// How an account disagrees with itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Discrepancy {
    #[error("there are entries, but the account's row is missing")]
    NoAccount,
    #[error("entry {expected} is missing: {found} follows")]
    Gap { expected: i64, found: i64 },
    #[error(
        "{entry}, number {sequence}, says {balance} is the balance: {expected} and its amount {amount} say otherwise"
    )]
    Chain {
        entry: EntryId,
        sequence: i64,
        expected: i64,
        amount: i64,
        balance: i64,
    },
    #[error("{entry}, number {sequence}, is about {amount}, but the lots in it sum up to {lots_sum}")]
    Parts {
        entry: EntryId,
        sequence: i64,
        amount: i64,
        lots_sum: i64,
    },
    #[error("the account counts {account} entries: the last one is number {last}")]
    Sequence { account: i64, last: i64 },
    #[error("the account's balance is {account}: its entries sum up to {entries}")]
    Balance { account: i64, entries: i64 },
    #[error("the account's balance is {account}: its open lots sum up to {lots}")]
    Lots { account: i64, lots: i64 },
    #[error("{account} are held of the account: {lots} are in its lots, {holds} in its holds")]
    Held { account: i64, lots: i64, holds: i64 },
    #[error("{account} are pending of the account: {lots} are in its lots")]
    Pending { account: i64, lots: i64 },
    #[error("the account owes {account}: by its entries it owes {entries}")]
    Debt { account: i64, entries: i64 },
}

/// Proves an account: its entries are numbered without a gap, each one's balance is the one before and its amount, each
/// one's lots sum up to its amount; the account's row, its last entry and its open lots say the same; and so do its row, its
/// lots and its holds of what is held, its row and its lots of what is pending, its row and its entries of what is owed.
///
/// The sum of all amounts needs no adding up: it is the last balance of a chain that begins at nothing. The row and the lots
/// are compared once all lines have been read, which the caller shows by fewer of them than `lines_max`.
pub fn prove(books: &Books, lines_max: usize) -> Finding {
    let (proven, mut discrepancy) = follow(books.proven, &books.lines);
    let is_complete = books.lines.len() < lines_max;
    if discrepancy.is_none() && is_complete {
        discrepancy = compare(books, proven);
    }
    Finding {
        proven,
        is_complete,
        discrepancy,
    }
}

/// Follows the chain as far as it holds.
fn follow(mut proven: Proven, lines: &[Line]) -> (Proven, Option<Discrepancy>) {
    for line in lines {
        let expected = proven.sequence.saturating_add(1);
        let found = if line.sequence != expected {
            Some(Discrepancy::Gap {
                expected,
                found: line.sequence,
            })
        } else if proven.balance.checked_add(line.amount) != Some(line.balance) {
            Some(Discrepancy::Chain {
                entry: line.entry,
                sequence: line.sequence,
                expected: proven.balance,
                amount: line.amount,
                balance: line.balance,
            })
        } else if line.lots_sum != line.amount {
            Some(Discrepancy::Parts {
                entry: line.entry,
                sequence: line.sequence,
                amount: line.amount,
                lots_sum: line.lots_sum,
            })
        } else {
            None
        };
        if found.is_some() {
            return (proven, found);
        }
        proven = Proven {
            sequence: line.sequence,
            balance: line.balance,
            // What cannot be counted agrees with no account, whose debt is never below nothing.
            debt: proven.debt.checked_add(line.debt).unwrap_or(i64::MIN),
        };
    }
    (proven, None)
}

fn compare(books: &Books, proven: Proven) -> Option<Discrepancy> {
    let Some(account) = books.account else {
        return Some(Discrepancy::NoAccount);
    };
    if account.sequence != proven.sequence {
        return Some(Discrepancy::Sequence {
            account: account.sequence,
            last: proven.sequence,
        });
    }
    if account.balance != proven.balance {
        return Some(Discrepancy::Balance {
            account: account.balance,
            entries: proven.balance,
        });
    }
    let LotSums {
        remaining,
        held,
        pending,
    } = books.lots;
    let lots = remaining.checked_add(held).and_then(|sum| sum.checked_add(pending));
    // What cannot be counted agrees with no account, whose balance is never below nothing.
    let lots = lots.unwrap_or(i64::MIN);
    if lots != account.balance {
        return Some(Discrepancy::Lots {
            account: account.balance,
            lots,
        });
    }
    if held != account.held || books.holds_sum != account.held {
        return Some(Discrepancy::Held {
            account: account.held,
            lots: held,
            holds: books.holds_sum,
        });
    }
    if pending != account.pending {
        return Some(Discrepancy::Pending {
            account: account.pending,
            lots: pending,
        });
    }
    (proven.debt != account.debt).then_some(Discrepancy::Debt {
        account: account.debt,
        entries: proven.debt,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn line(sequence: i64, amount: i64, balance: i64) -> Line {
        Line {
            entry: EntryId::from_uuid(Uuid::nil()),
            sequence,
            amount,
            balance,
            debt: 0,
            lots_sum: amount,
        }
    }

    /// +100, -30, +5 of which 20 are held and 5 pending.
    fn sound() -> Books {
        Books {
            account: Some(Figures {
                sequence: 3,
                balance: 75,
                held: 20,
                pending: 5,
                debt: 0,
            }),
            lots: LotSums {
                remaining: 50,
                held: 20,
                pending: 5,
            },
            holds_sum: 20,
            proven: Proven::default(),
            lines: vec![line(1, 100, 100), line(2, -30, 70), line(3, 5, 75)],
        }
    }

    fn found(change: impl FnOnce(&mut Books)) -> Option<Discrepancy> {
        let mut books = sound();
        change(&mut books);
        prove(&books, 10).discrepancy
    }

    #[test]
    fn sound_books_are_proven_from_the_beginning_and_from_where_they_were_proven_before() {
        let whole = prove(&sound(), 10);
        let end = Proven {
            sequence: 3,
            balance: 75,
            debt: 0,
        };
        assert_eq!((whole.proven, whole.is_complete, whole.discrepancy), (end, true, None));
        let mut rest = sound();
        rest.lines.remove(0);
        rest.proven = Proven {
            sequence: 1,
            balance: 100,
            debt: 0,
        };
        assert_eq!(prove(&rest, 10).discrepancy, None);
        rest.lines.clear();
        rest.proven = end;
        assert_eq!(prove(&rest, 10).discrepancy, None);
    }

    #[test]
    fn every_kind_of_disagreement_is_found() {
        use Discrepancy::{Balance, Chain, Debt, Gap, Held, Lots, NoAccount, Parts, Pending, Sequence};
        assert_eq!(found(|books| books.account = None), Some(NoAccount));
        assert_eq!(
            found(|books| books.lines.retain(|line| line.sequence != 2)),
            Some(Gap { expected: 2, found: 3 })
        );
        assert!(matches!(
            found(|books| books.lines[1].balance = 71),
            Some(Chain { sequence: 2, .. })
        ));
        assert!(matches!(
            found(|books| books.lines[1].amount = -31),
            Some(Chain { sequence: 2, .. })
        ));
        assert!(matches!(
            found(|books| books.lines[2].lots_sum = 4),
            Some(Parts { sequence: 3, .. })
        ));
        assert_eq!(
            found(|books| books.lines.truncate(2)),
            Some(Sequence { account: 3, last: 2 })
        );
        let row = |sequence, balance| {
            Some(Figures {
                sequence,
                balance,
                ..sound().account.unwrap()
            })
        };
        assert_eq!(
            found(|books| books.account = row(2, 75)),
            Some(Sequence { account: 2, last: 3 })
        );
        assert_eq!(
            found(|books| books.account = row(3, 76)),
            Some(Balance {
                account: 76,
                entries: 75
            })
        );
        assert_eq!(
            found(|books| books.lots.remaining = 49),
            Some(Lots { account: 75, lots: 74 })
        );
        let held = |account, lots, holds| Some(Held { account, lots, holds });
        assert_eq!(found(|books| books.holds_sum = 19), held(20, 20, 19));
        assert_eq!(
            found(|books| books.account.as_mut().unwrap().held = 19),
            held(19, 20, 20)
        );
        let shifted = |remaining, held, pending| LotSums {
            remaining,
            held,
            pending,
        };
        assert_eq!(found(|books| books.lots = shifted(51, 19, 5)), held(20, 19, 20));
        assert_eq!(
            found(|books| books.lots = shifted(51, 20, 4)),
            Some(Pending { account: 5, lots: 4 })
        );
        assert_eq!(
            found(|books| books.account.as_mut().unwrap().debt = 1),
            Some(Debt { account: 1, entries: 0 })
        );
        assert_eq!(
            found(|books| books.lines[2].debt = 3),
            Some(Debt { account: 0, entries: 3 })
        );
        assert_eq!(
            found(|books| books.proven.debt = 2),
            Some(Debt { account: 0, entries: 2 })
        );
    }

    #[test]
    fn an_account_that_is_not_read_to_its_end_is_proven_as_far_as_it_was_read() {
        let mut books = sound();
        books.lines.truncate(2);
        let verdict = prove(&books, 2);
        assert_eq!((verdict.proven.sequence, verdict.is_complete), (2, false));
        assert_eq!(verdict.discrepancy, None, "the rest is still to be read");
        books.lines[1].sequence = 7;
        assert_eq!(
            prove(&books, 2).discrepancy,
            Some(Discrepancy::Gap { expected: 2, found: 7 })
        );
    }
}
