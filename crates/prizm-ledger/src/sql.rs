//! Numbers as the database has them: signed, of 64 bits.

/// Returns the number; what cannot be counted is the largest.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns the number; the database has none below 0.
pub(crate) fn uint(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
