//! Money, prices of a unit, and numbers of units: integers, so that the same is the same everywhere.

use crate::fixed::decimal;

/// An amount of US dollars, in billionths.
///
/// ```
/// use prizm_route::Money;
///
/// assert_eq!("0.0025".parse::<Money>()?.nanos(), 2_500_000);
/// # Ok::<(), prizm_route::ParseAmountError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

/// The price of one unit: US dollars, in trillionths. A token may cost less than a billionth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

/// A number of units, in millionths: a pixel is a millionth of a megapixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u64);

decimal!(Money, 9, "amount of money");
decimal!(Rate, 12, "price");
decimal!(Quantity, 6, "number of units");

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Makes an amount of billionths.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the billionths.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Multiplies with a number of thousandths, rounding half up.
    #[must_use]
    pub fn times_permille(self, permille: u64) -> Self {
        Self(clamp((u128::from(self.0) * u128::from(permille) + 500) / 1000))
    }

    /// Adds; what cannot be counted any more is the largest amount.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Takes away, down to nothing.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Rate {
    /// Costs nothing.
    pub const FREE: Self = Self(0);

    /// Returns the price of one unit as an amount, and the next larger one where it is none exactly.
    pub const fn per_unit(self) -> Money {
        Money(self.0.div_ceil(1000))
    }

    /// Adds; what cannot be counted any more is the largest price.
    #[must_use]
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Multiplies with a rate of exchange: dollars for one unit of the currency.
    pub fn times(self, dollars: Self) -> Option<Self> {
        let product = u128::from(self.0) * u128::from(dollars.0);
        u64::try_from((product + 500_000_000_000) / 1_000_000_000_000).ok().map(Self)
    }
}

impl Quantity {
    /// Makes a number of whole units.
    pub const fn whole(units: u64) -> Self {
        Self(units.saturating_mul(1_000_000))
    }

    /// Makes a number of millionths of a unit.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Makes a number of thousandths of a unit, such as milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Returns the millionths.
    pub const fn micros(self) -> u64 {
        self.0
    }
}

/// Adds what so many units cost, exactly, and rounds once.
pub(crate) fn total(parts: impl IntoIterator<Item = (Rate, Quantity)>) -> Money {
    let exact = |(rate, quantity): (Rate, Quantity)| u128::from(rate.0) * u128::from(quantity.0);
    let sum = parts.into_iter().map(exact).fold(0_u128, u128::saturating_add);
    // Trillionths times millionths, to billionths.
    Money(clamp(sum.saturating_add(500_000_000) / 1_000_000_000))
}

/// The largest amount that is counted leaves room for sums of some: 2 billion dollars.
fn clamp(nanos: u128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX).min(i64::MAX as u64 / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_rounded_once() {
        let rate: Rate = "0.0000000375".parse().unwrap();
        assert_eq!(total([(rate, Quantity::whole(1))]).nanos(), 38);
        assert_eq!(total([(rate, Quantity::whole(1_000_000))]).to_string(), "0.0375");
        assert_eq!(total([(rate, Quantity::whole(1)), (rate, Quantity::whole(1))]).nanos(), 75);
        assert_eq!(total([]), Money::ZERO);
        assert_eq!(rate.per_unit().nanos(), 38);
    }

    #[test]
    fn what_is_too_much_stays_countable() {
        let dear: Rate = "18000000".parse().unwrap();
        let much = total([(dear, Quantity::whole(u64::MAX))]);
        assert_eq!(much.nanos(), i64::MAX as u64 / 4);
        assert_eq!(Money::from_nanos(3).times_permille(500).nanos(), 2);
    }
}
