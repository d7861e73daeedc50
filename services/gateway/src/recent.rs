//! What is kept in mind of as many as fit.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// Values by their keys, up to a number. Where it is reached, the half is forgotten that was looked up longest ago: if all
/// were, those in use would all ask the database at the same moment, again and again.
pub(crate) struct Recent<K, V> {
    most: usize,
    /// How many look-ups there were: the time by which ages are told.
    looks: AtomicU64,
    kept: RwLock<HashMap<K, Kept<V>>>,
}

struct Kept<V> {
    value: V,
    looked_up: AtomicU64,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// Keeps so many at the most.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            looks: AtomicU64::new(0),
            kept: RwLock::default(),
        }
    }

    /// The value of a key, where it was not forgotten.
    pub(crate) fn find<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let all = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let found = all.get(key)?;
        found.looked_up.store(self.look(), Ordering::Relaxed);
        Some(found.value.clone())
    }

    /// The value of a key; a new one where there is none.
    pub(crate) fn find_or(&self, key: K, new: impl FnOnce() -> V) -> V {
        if let Some(found) = self.find(&key) {
            return found;
        }
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        // Another one may have come first.
        if let Some(found) = all.get(&key) {
            return found.value.clone();
        }
        let value = new();
        self.insert(&mut all, key, value.clone());
        value
    }

    /// Keeps a value, in place of the former one of its key.
    pub(crate) fn keep(&self, key: K, value: V) {
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        self.insert(&mut all, key, value);
    }

    /// Forgets the value of a key.
    pub(crate) fn forget<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        all.remove(key);
    }

    fn insert(&self, all: &mut HashMap<K, Kept<V>>, key: K, value: V) {
        if all.len() >= self.most && !all.contains_key(&key) {
            forget_half(all);
        }
        let looked_up = AtomicU64::new(self.look());
        all.insert(key, Kept { value, looked_up });
    }

    fn look(&self) -> u64 {
        self.looks.fetch_add(1, Ordering::Relaxed)
    }
}

/// Each look-up has a number of its own, so that half of them lie below the middle one.
fn forget_half<K, V>(all: &mut HashMap<K, Kept<V>>) {
    let looked_up = |kept: &Kept<V>| kept.looked_up.load(Ordering::Relaxed);
    let mut looks: Vec<u64> = all.values().map(looked_up).collect();
    let middle = looks.len().div_ceil(2);
    if middle >= looks.len() {
        return all.clear();
    }
    let (_, &mut oldest_kept, _) = looks.select_nth_unstable(middle);
    all.retain(|_, kept| looked_up(kept) >= oldest_kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_were_looked_up_longest_ago_are_forgotten_and_the_others_stay() {
        let recent = Recent::new(10);
        for number in 0..10 {
            recent.keep(number, number);
        }
        // Made first, and in use.
        assert_eq!((recent.find(&0), recent.find(&1)), (Some(0), Some(1)));
        recent.keep(10, 10);
        let kept: Vec<i32> = (0..=10).filter(|number| recent.find(number).is_some()).collect();
        assert_eq!(kept, [0, 1, 7, 8, 9, 10]);
        // A value that takes the place of another needs no room.
        for _ in 0..20 {
            recent.keep(10, 11);
        }
        assert_eq!((recent.find(&10), recent.find(&7)), (Some(11), Some(7)));
        recent.forget(&7);
        assert_eq!(recent.find(&7), None);
    }

    #[test]
    fn a_value_is_made_once_and_however_many_keys_come_no_more_than_fit_are_kept() {
        let recent = Recent::new(3);
        for number in 0..100 {
            assert_eq!(recent.find_or(number, || number), number);
            assert_eq!(recent.find_or(number, || -1), number, "it is kept");
            assert_eq!(recent.find_or(-7, || number), 0, "it was in use all the time");
            assert!(recent.kept.read().unwrap().len() <= 3);
        }
        let one = Recent::new(1);
        one.keep(1, 1);
        one.keep(2, 2);
        assert_eq!((one.find(&1), one.find(&2)), (None, Some(2)));
    }
}
