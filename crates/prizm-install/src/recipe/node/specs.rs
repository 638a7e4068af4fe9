//! What a package may depend on: versions of packages in a registry, and nothing else.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::fetch::redact;

/// An alias and the package that it stands for.
pub(super) type Alias = (String, String);

/// A dependency that is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Elsewhere {
    pub(super) name: String,
    pub(super) spec: String,
    /// Such as `a git repository`.
    pub(super) place: &'static str,
}

impl Elsewhere {
    /// Returns what it is, as the end of a sentence.
    pub(super) fn told(&self) -> String {
        let (name, spec) = (shown(&self.name), shown(&self.spec));
        format!("depends on {name} from {}: {spec}", self.place)
    }
}

/// Checks dependencies, and collects the aliases among them.
pub(super) fn check(dependencies: &Map<String, Value>, aliases: &mut BTreeSet<Alias>) -> Result<(), Elsewhere> {
    for (name, spec) in dependencies {
        let refused = |place| {
            let spec = spec.as_str().map_or_else(|| spec.to_string(), str::to_owned);
            Elsewhere { name: name.clone(), spec, place }
        };
        if !is_name(name) {
            return Err(refused("a name that no package may have"));
        }
        match read(spec.as_str().ok_or_else(|| refused("something that is no text"))?) {
            Spec::Registry => {}
            Spec::Alias(package) => drop(aliases.insert((name.clone(), package.to_owned()))),
            Spec::Elsewhere(place) => return Err(refused(place)),
        }
    }
    Ok(())
}

/// Checks `overrides`, which may be nested.
pub(super) fn check_overrides(overrides: &Map<String, Value>, aliases: &mut BTreeSet<Alias>) -> Result<(), Elsewhere> {
    for (name, value) in overrides {
        // `react@^17` overrides some versions only.
        let package = name.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(&**name, |(at, _)| &name[..at]);
        match value {
            Value::Object(nested) => check_overrides(nested, aliases)?,
            Value::String(reference) if reference.starts_with('$') => {}
            spec if name == "." => check(&[("overrides".to_owned(), spec.clone())].into_iter().collect(), aliases)?,
            spec => check(&[(package.to_owned(), spec.clone())].into_iter().collect(), aliases)?,
        }
    }
    Ok(())
}

/// Where a specification leads, as npm reads it.
#[derive(Debug, PartialEq, Eq)]
enum Spec<'a> {
    Registry,
    /// A package of the registry, under another name.
    Alias(&'a str),
    Elsewhere(&'static str),
}

fn read(spec: &str) -> Spec<'_> {
    let spec = spec.trim();
    if let Some(aliased) = prefixed(spec, "npm:") {
        let at = aliased.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
        let (package, range) = at.map_or((aliased, ""), |at| (&aliased[..at], &aliased[at + 1..]));
        return match read(range) {
            Spec::Registry if is_name(package) => Spec::Alias(package),
            _ => Spec::Elsewhere("an alias of no package"),
        };
    }
    let is_path = spec.starts_with(['.', '/', '\\']) || spec.starts_with("~/");
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|end| spec.to_ascii_lowercase().ends_with(end));
    let starts = |all: &[&str]| all.iter().any(|start| prefixed(spec, start).is_some());
    if starts(&["file:", "link:", "portal:", "workspace:"]) || is_path {
        Spec::Elsewhere("a directory or a file")
    } else if starts(&["http:", "https:"]) {
        Spec::Elsewhere("an address of the web")
    } else if spec.contains([':', '/', '\\']) {
        // Also the short forms, `owner/repository` and `git@host:path`.
        Spec::Elsewhere("a git repository")
    } else if is_archive {
        Spec::Elsewhere("a directory or a file")
    } else {
        Spec::Registry
    }
}

fn prefixed<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Tells whether a package may have this name. It is a part of paths and of addresses.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c);
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain);
    let whole = match name.strip_prefix('@').map(|scoped| scoped.split_once('/')) {
        Some(Some((scope, name))) => is_part(scope) && is_part(name),
        Some(None) => false,
        None => is_part(name),
    };
    whole && name.len() <= 214 && name != "node_modules"
}

/// Shows text of a stranger's.
pub(super) fn shown(text: &str) -> String {
    format!("`{}`", redact(&text.chars().take(200).collect::<String>()).escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_registry_is_depended_on() {
        for spec in ["", "*", "1.2.3", "^1.0.0 || >=2 <3", "1.0 - 2.0", "latest", "~1.2", "v1", "1.0.0-rc.1+b"] {
            assert_eq!(read(spec), Spec::Registry, "{spec}");
        }
        for (spec, package) in [("npm:other@1", "other"), ("npm:@a/b@^2", "@a/b"), ("NPM:x", "x"), (" npm:x@1 ", "x")] {
            assert_eq!(read(spec), Spec::Alias(package), "{spec}");
        }
        let cases: &[(&str, &[&str])] = &[
            (
                "a git repository",
                &[
                    "git+https://h/x.git",
                    "git://h/x",
                    "git+ssh://git@h/x#v1",
                    "git@h:a/b",
                    "ssh://h/x",
                    "github:a/b",
                    "gitlab:a/b",
                    "gist:11081aaa281",
                    "a/b",
                    "a/b#semver:^1",
                    "C:\\x",
                    "catalog:",
                ],
            ),
            ("an address of the web", &["http://h/x.tgz", "https://h/x.tgz", "HTTPS://h/x"]),
            (
                "a directory or a file",
                &[
                    "file:../x",
                    "FILE:x",
                    "link:x",
                    "workspace:*",
                    "portal:x",
                    "./x",
                    "../x",
                    "/x",
                    "~/x",
                    "x.tgz",
                    "a.tar.gz",
                ],
            ),
            (
                "an alias of no package",
                &["npm:", "npm:@1", "npm:../x", "npm:x@git+https://h/x", "npm:x@npm:y@1", "npm:a/b"],
            ),
        ];
        for (place, specs) in cases {
            for spec in *specs {
                assert_eq!(read(spec), Spec::Elsewhere(place), "{spec}");
            }
        }
    }

    #[test]
    fn names_are_those_of_packages() {
        for name in ["is-number", "@types/node", "JSONStream", "lodash.merge", "a_b", "@a/_b"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".bin",
            "a/b",
            "@a",
            "@a/",
            "@/b",
            "@a/b/c",
            "@../b",
            "@a/..",
            "a b",
            "a\\b",
            "node_modules",
            "é",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_refused_is_named_without_credentials() {
        let check = |value: Value| check(value.as_object().unwrap(), &mut BTreeSet::new()).unwrap_err().told();
        let told = check(serde_json::json!({"a": "1", "b": "git+https://me:hunter2@h/x.git"}));
        assert_eq!(told, "depends on `b` from a git repository: `git+https://***@h/x.git`");
        assert_eq!(check(serde_json::json!({"a": 1})), "depends on `a` from something that is no text: `1`");
        assert!(check(serde_json::json!({"../a": "1"})).contains("a name that no package may have"));
    }

    #[test]
    fn overrides_are_read_to_the_bottom() {
        let mut aliases = BTreeSet::new();
        let mut check = |value: Value| check_overrides(value.as_object().unwrap(), &mut aliases);
        check(serde_json::json!({"a": "1", "@b/c@^1": {".": "2", "d": "$d", "e": "npm:f@1"}})).unwrap();
        let refused = check(serde_json::json!({"a": {"b@1": {".": "github:x/y"}}})).unwrap_err();
        assert_eq!(refused.place, "a git repository");
        assert_eq!(aliases.into_iter().collect::<Vec<_>>(), [("e".to_owned(), "f".to_owned())]);
    }
}
