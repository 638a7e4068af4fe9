//! YAML, as strangers write it and as Compose version 1 does.

use serde_json::Value;

/// Reads a file that somebody wrote. What it comes to is bounded, however it is written: by the parser's
/// budgets.
pub(super) fn read(text: &str) -> Result<Value, String> {
    parse(text, serde_saphyr::options! { strict_booleans: true, legacy_octal_numbers: true })
}

/// Reads what Compose version 1 prints. It writes YAML 1.1, where some plain words are texts that are
/// numbers in YAML 1.2.
pub(super) fn read_printed(text: &str) -> Result<Value, String> {
    let lines: Vec<_> = text.lines().map(quoted).collect();
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
    };
    parse(&lines.join("\n"), options)
}

fn parse(text: &str, options: serde_saphyr::Options) -> Result<Value, String> {
    let value: Value = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let words = error.to_string();
        words.lines().next().unwrap_or_default().to_owned()
    })?;
    if value.is_object() { Ok(value) } else { Err("it is no mapping".to_owned()) }
}

/// Puts a line's last word in quotes where YAML 1.1 has a text and YAML 1.2 a number: `1e3`, `0o17`, `-.5`.
fn quoted(line: &str) -> String {
    let at = line.rfind([' ', '\t']).map_or(0, |at| at + 1);
    let (before, word) = line.split_at(at);
    let leads = before.trim_end().ends_with([':', '-']);
    let is_number = word.starts_with(|first: char| matches!(first, '0'..='9' | '+' | '-' | '.'))
        && (word.parse::<f64>().is_ok() || word.trim_start_matches(['+', '-']).starts_with("0o"));
    let is_plain = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-')) && !word.starts_with("-.");
    // With an exponent, YAML 1.1 wants a point and a sign.
    let is_scientific = word.contains('.') && (word.contains("e+") || word.contains("e-"));
    match leads && is_number && !is_plain && !is_scientific {
        true => format!("{before}'{word}'"),
        false => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_stranger_writes() {
        let text = "a: &x {k: yes, m: 0440}\nb: {<<: *x, n: 1.5}\nc: ~\nd: !reset null\n";
        let expected =
            json!({"a": {"k": "yes", "m": 288}, "b": {"k": "yes", "m": 288, "n": 1.5}, "c": null, "d": null});
        assert_eq!(read(text).unwrap(), expected);
        for bad in ["a: 1\na: 2", "a: 1\n---\nb: 2\n", "- a", "a: [", "", "a: *b"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn aliases_do_not_fill_memory() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for depth in 1..10 {
            let all = vec![format!("*a{}", depth - 1); 10].join(", ");
            text.push_str(&format!("a{depth}: &a{depth} [{all}]\n"));
        }
        assert!(read(&text).is_err());
    }

    #[test]
    fn what_version_1_prints() {
        let text = "a:\n- 1e3\n- 0o17\n- -.5\n- 08\n- y\n- 'on'\n- \"yes\"\n- 1.5e3\n- 8080\n- true\n- 1.0\n- 1.0e+20\n- -1\n- '1_0'\nb: {}\nc: +1\nd: x 1e3\n";
        let expected = json!({
            "a": ["1e3", "0o17", "-.5", "08", "y", "on", "yes", "1.5e3", 8080, true, 1.0, 1.0e20, -1, "1_0"],
            "b": {}, "c": "+1", "d": "x 1e3",
        });
        assert_eq!(read_printed(text).unwrap(), expected);
    }
}
