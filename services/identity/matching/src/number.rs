//! Numbers of one width as numbers of another one.

/// A place in a list.
pub(crate) fn at(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// A place as a number of 64 bits.
pub(crate) fn index(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}

/// A count as a real number; beyond 2^53 rounded.
pub(crate) fn real(count: u64) -> f64 {
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// How many pairs so many records make.
pub(crate) fn pairs(count: u64) -> u64 {
    count.saturating_mul(count.saturating_sub(1)) / 2
}
