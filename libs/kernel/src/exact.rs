/// Arithmetic on amounts, counts and sums of them: exact, or it stops.
///
/// A sum that stays at the end of its range is wrong in silence, and every equation that it is part of with it. So what can
/// grow without bound is summed wider than its parts (`i128` of `i64`), what arrives is bounded so that the rest cannot
/// overflow, and these say so: where a bound was forgotten after all, they panic, which ends the one call or the one batch
/// and writes nothing. `saturating_*` is left for what may well stop at its end: durations, page sizes, numbers of retries.
pub trait Exact: Copy + Sized {
    /// The sum of nothing.
    const ZERO: Self;
    /// `self + other`.
    #[must_use]
    fn exact_add(self, other: Self) -> Self;
    /// `self - other`.
    #[must_use]
    fn exact_sub(self, other: Self) -> Self;
    /// `-self`.
    #[must_use]
    fn exact_neg(self) -> Self;
    /// `self * other`.
    #[must_use]
    fn exact_mul(self, other: Self) -> Self;
}

macro_rules! exact {
    ($($number:ty)*) => {$(
        impl Exact for $number {
            const ZERO: Self = 0;

            #[track_caller]
            fn exact_add(self, other: Self) -> Self {
                self.checked_add(other).unwrap_or_else(|| overflow(self, "+", other))
            }

            #[track_caller]
            fn exact_sub(self, other: Self) -> Self {
                self.checked_sub(other).unwrap_or_else(|| overflow(self, "-", other))
            }

            #[track_caller]
            fn exact_neg(self) -> Self {
                self.checked_neg().unwrap_or_else(|| overflow(0, "-", self))
            }

            #[track_caller]
            fn exact_mul(self, other: Self) -> Self {
                self.checked_mul(other).unwrap_or_else(|| overflow(self, "*", other))
            }
        }
    )*};
}

exact!(i64 i128);

#[track_caller]
fn overflow<T: std::fmt::Display>(left: T, operator: &str, right: T) -> ! {
    panic!("{left} {operator} {right} is more than can be counted: a bound was forgotten where they came from")
}

/// The sum, exact.
#[track_caller]
pub fn exact_sum<T: Exact>(parts: impl IntoIterator<Item = T>) -> T {
    parts.into_iter().fold(T::ZERO, T::exact_add)
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn what_can_be_counted_is_exact_and_what_cannot_stops() {
        assert_eq!(exact_sum([i64::MAX, -1, 1]), i64::MAX);
        assert_eq!(exact_sum(Vec::<i64>::new()), 0);
        assert_eq!(
            (2_i64.exact_sub(3), 2_i128.exact_mul(3), 2_i64.exact_neg()),
            (-1, 6, -2)
        );
        let stops: [fn() -> i64; 5] = [
            || exact_sum([9_000_000_000_000_000_000; 3]),
            || i64::MAX.exact_add(1),
            || i64::MIN.exact_sub(1),
            || i64::MIN.exact_neg(),
            || i64::MAX.exact_mul(2),
        ];
        for stop in stops {
            assert!(catch_unwind(stop).is_err());
        }
    }
}
