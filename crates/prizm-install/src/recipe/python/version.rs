//! Does a version of Python meet `requires-python`?

/// Tells whether a specifier, such as `>=3.9,<4`, admits a version. A clause that is not understood
/// admits everything: pip has the last word on packages, and the handshake on providers.
pub(super) fn admits(specifier: &str, version: &str) -> bool {
    let version = numbers(version);
    specifier.split(',').all(|clause| admits_one(clause.trim(), &version))
}

fn admits_one(clause: &str, version: &[u64]) -> bool {
    let at = clause.find(|c: char| !matches!(c, '<' | '>' | '=' | '!' | '~')).unwrap_or(clause.len());
    let (operator, wanted) = (&clause[..at], clause[at..].trim());
    let prefix = wanted.strip_suffix(".*");
    let wanted = numbers(prefix.unwrap_or(wanted));
    if wanted.is_empty() {
        return true;
    }
    let starts = |length: usize| padded(version, length) == padded(&wanted, length);
    let length = version.len().max(wanted.len());
    let ordering = padded(version, length).cmp(&padded(&wanted, length));
    match (operator, prefix) {
        (">=", _) => ordering.is_ge(),
        ("<=", _) => ordering.is_le(),
        (">", _) => ordering.is_gt(),
        ("<", _) => ordering.is_lt(),
        ("==" | "===", Some(_)) => starts(wanted.len()),
        ("==" | "===", None) => ordering.is_eq(),
        ("!=", Some(_)) => !starts(wanted.len()),
        ("!=", None) => ordering.is_ne(),
        ("~=", _) => ordering.is_ge() && starts(wanted.len().saturating_sub(1)),
        _ => true,
    }
}

/// The numbers that a version begins with: `3.13.0rc1` is 3.13.0.
fn numbers(version: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    for part in version.trim().split('.') {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let Ok(number) = part[..digits].parse() else { break };
        numbers.push(number);
        if digits < part.len() {
            break;
        }
    }
    numbers
}

fn padded(numbers: &[u64], length: usize) -> Vec<u64> {
    numbers.iter().copied().chain(std::iter::repeat(0)).take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifiers_mean_what_packaging_says() {
        for (specifier, version, expected) in [
            (">=3.9", "3.11.7", true),
            (">=3.12", "3.11.7", false),
            (">=3.8,<3.11", "3.11.7", false),
            (">= 3.8, < 4", "3.11.7", true),
            ("==3.11.*", "3.11.7", true),
            ("==3.1.*", "3.11.7", false),
            ("==3.11", "3.11.0", true),
            ("==3.11", "3.11.7", false),
            ("!=3.11.*", "3.11.7", false),
            ("!=3.11.6", "3.11.7", true),
            ("~=3.11", "3.13.1", true),
            ("~=3.11.5", "3.12.0", false),
            (">3.11", "3.11.7", true),
            ("<=3.11.7", "3.11.7", true),
            (">=3.14", "3.14.0rc2", true),
            ("", "3.11.7", true),
            ("whatever", "3.11.7", true),
        ] {
            assert_eq!(admits(specifier, version), expected, "{specifier} {version}");
        }
    }
}
