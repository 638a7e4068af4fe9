//! What `${NAME}` stands for in a stranger's file: what its author and the user say, and nothing of the
//! environment that Compose itself runs in.
//!
//! Compose takes variables from its own environment, and puts those of `.env` into it. Both would let a
//! stranger's file reach the user's secrets, or steer Compose and what it starts. So each name in the file
//! is given a prefix, and Compose gets the values under the names that begin with it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::paths::own;

/// What the names in the file begin with.
pub(super) const PREFIX: &str = "PRIZM_VALUE_";
/// The largest `.env`, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The variables of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Reads `.env` of the root; above it stands what the user's settings say.
    pub(super) fn of(root: &Path, settings: &BTreeMap<String, String>) -> Result<Self, String> {
        let text = match own(root, ".env") {
            Some(path) => {
                prizm_install::read_text_bounded(&path, MAX_BYTES).map_err(|error| format!(".env: {error}"))?
            }
            None => None,
        };
        let mut all: BTreeMap<_, _> = text.as_deref().unwrap_or_default().lines().filter_map(assignment).collect();
        all.extend(settings.clone());
        Ok(Self(all))
    }

    /// Returns them as Compose gets them.
    pub(super) fn environment(&self) -> impl Iterator<Item = (String, &str)> {
        self.0.iter().map(|(name, value)| (format!("{PREFIX}{name}"), value.as_str()))
    }

    /// Gives each name in a file its prefix, in all values; Compose leaves keys alone.
    pub(super) fn rename(value: &mut Value) {
        match value {
            Value::String(text) => *text = renamed(text),
            Value::Array(all) => all.iter_mut().for_each(Self::rename),
            Value::Object(all) => all.values_mut().for_each(Self::rename),
            _ => {}
        }
    }

    /// Gives those of a list or table of variables a value that have none, and takes those away for which
    /// there is none: Compose would look into its own environment.
    pub(super) fn fill(&self, variables: &mut Value) {
        let known = |name: &str| self.0.get(name).map(|value| value.replace('$', "$$"));
        match variables {
            Value::Array(all) => {
                let filled = |entry: Value| match entry.as_str() {
                    Some(name) if !name.contains('=') => known(name).map(|value| json!(format!("{name}={value}"))),
                    _ => Some(entry),
                };
                *all = std::mem::take(all).into_iter().filter_map(filled).collect();
            }
            Value::Object(all) => all.retain(|name, value| {
                if value.is_null() {
                    *value = known(name).map_or(Value::Null, Value::String);
                }
                !value.is_null()
            }),
            _ => {}
        }
    }
}

fn renamed(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at + 1);
        made.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            made.push('$');
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix('{') {
            made.push('{');
            rest = after;
        }
        if rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            made.push_str(PREFIX);
        }
    }
    made + rest
}

/// Reads a line of `.env`: `NAME=VALUE`, where the value may stand in quotes. References to other variables
/// are left as they are.
fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let value = match value.chars().next() {
        Some(quote @ ('\'' | '"')) => value[1..].split(quote).next().unwrap_or_default(),
        _ => value.split_once(" #").map_or(value, |(value, _)| value.trim_end()),
    };
    (is_name && !value.contains('\0')).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_gets_the_prefix() {
        for (text, expected) in [
            ("plain", "plain"),
            ("$A-${B}", "$PRIZM_VALUE_A-${PRIZM_VALUE_B}"),
            ("${A:-${B:?no}}", "${PRIZM_VALUE_A:-${PRIZM_VALUE_B:?no}}"),
            ("$$A $$$A", "$$A $$$PRIZM_VALUE_A"),
            ("$1 ${1} $", "$1 ${1} $"),
        ] {
            assert_eq!(renamed(text), expected);
        }
    }

    #[test]
    fn the_settings_stand_above_the_file() {
        let root = tempfile::tempdir().unwrap();
        let text = "# no\nA=1\nexport B = 'x #y' # z\nC=\"q\"\nD=a b # c\nE=\n1X=no\nnothing\n";
        std::fs::write(root.path().join(".env"), text).unwrap();
        let settings = BTreeMap::from([("A".to_owned(), "2".to_owned())]);
        let variables = Variables::of(root.path(), &settings).unwrap();
        let expected = [("A", "2"), ("B", "x #y"), ("C", "q"), ("D", "a b"), ("E", "")];
        let expected = expected.map(|(name, value)| (format!("{PREFIX}{name}"), value));
        assert_eq!(variables.environment().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_link_to_a_file_of_this_machine_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/os-release", root.path().join(".env")).unwrap();
        assert_eq!(Variables::of(root.path(), &BTreeMap::new()), Ok(Variables::default()));
    }

    #[test]
    fn a_name_without_a_value_is_never_looked_up_outside() {
        let variables = Variables(BTreeMap::from([("A".to_owned(), "$x".to_owned())]));
        let mut list = json!(["A", "HOME", "B=1", "C="]);
        variables.fill(&mut list);
        assert_eq!(list, json!(["A=$$x", "B=1", "C="]));
        let mut table = json!({"A": null, "HOME": null, "B": 1});
        variables.fill(&mut table);
        assert_eq!(table, json!({"A": "$$x", "B": 1}));
    }
}
