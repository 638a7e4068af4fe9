//! Amounts as people read them: with as many digits as matter.

use crate::{Millis, Money};

/// Writes dollars: cents from a dollar on, else three digits.
///
/// ```
/// use prizm_route::{Money, brief};
///
/// assert_eq!(brief::money("0.0262144".parse()?), "$0.0262");
/// assert_eq!(brief::money("12.5".parse()?), "$12.50");
/// # Ok::<(), prizm_route::ParseAmountError>(())
/// ```
pub fn money(amount: Money) -> String {
    let nanos = amount.nanos();
    let digits = nanos.checked_ilog10().unwrap_or(0);
    // From $0.9995 on three digits are a dollar.
    let step = if digits >= 9 { 10_000_000 } else { 10_u64.pow(digits.saturating_sub(2)) };
    let rounded = nanos.saturating_add(step / 2) / step * step;
    if rounded < 1_000_000_000 {
        return format!("${}", Money::from_nanos(rounded));
    }
    let cents = rounded / 10_000_000;
    if cents.is_multiple_of(100) { format!("${}", cents / 100) } else { format!("${}.{:02}", cents / 100, cents % 100) }
}

/// Writes a time: milliseconds below a second, tenths below ten, else whole seconds.
///
/// ```
/// use prizm_route::brief;
///
/// assert_eq!([380, 5188, 12_500].map(brief::time), ["380 ms", "5.2 s", "13 s"]);
/// ```
pub fn time(millis: Millis) -> String {
    let tenths = millis.saturating_add(50) / 100;
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..9950 => format!("{}.{} s", tenths / 10, tenths % 10),
        _ => format!("{} s", millis.saturating_add(500) / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_do_not_matter_are_left_out() {
        for (amount, expected) in [
            ("0", "$0"),
            ("0.003", "$0.003"),
            ("0.012096", "$0.0121"),
            ("0.0000000375", "$0.000000038"),
            ("0.9994", "$0.999"),
            ("0.9996", "$1"),
            ("1", "$1"),
            ("2.487904", "$2.49"),
            ("1999.999", "$2000"),
        ] {
            assert_eq!(money(amount.parse().unwrap()), expected);
        }
        for (millis, expected) in [(0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (9949, "9.9 s"), (9950, "10 s")] {
            assert_eq!(time(millis), expected);
        }
    }
}
