//! What a new provider is called, and the template's name replaced by it.

use prizm_registry::ProviderId;

/// What cargo does not take as the name of a package that is a program, beside what begins with a digit.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// What the template calls itself, as an id and for people. It says neither word of anything else.
const ID: &str = "echo";
const NAME: &str = "Echo";

/// The names of a new provider.
pub(super) struct Names {
    id: String,
    /// For people: `acme-sd` is `Acme Sd`.
    pub(super) name: String,
}

impl Names {
    pub(super) fn new(id: &ProviderId) -> Self {
        let id = id.as_str().to_owned();
        let words = id.split('-').filter(|word| !word.is_empty()).map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        });
        Self { name: words.collect::<Vec<_>>().join(" "), id }
    }

    /// Replaces the template's name.
    pub(super) fn rename(&self, text: &str) -> String {
        replace(&replace(text, ID, &self.id), NAME, &self.name)
    }

    /// Replaces the template's name in `Cargo.toml` and `Cargo.lock`, where `taken` are names of other packages.
    pub(super) fn rename_package(&self, text: &str, taken: &str) -> String {
        let id = &self.id;
        let is_taken = id != ID && taken.contains(&format!("name = \"{id}\"\n"));
        let refused = id.starts_with(|c: char| c.is_ascii_digit()) || RESERVED.contains(&&**id);
        let package = if is_taken || refused { format!("provider-{id}") } else { id.clone() };
        replace(&replace(text, ID, &package), NAME, &self.name)
    }
}

/// Replaces a word, and no part of a word.
fn replace(text: &str, word: &str, by: &str) -> String {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(at) = rest.find(word) {
        let (head, tail) = (&rest[..at], &rest[at + word.len()..]);
        before = head.chars().next_back().or(before);
        let is_word = !is_letter(before) && !is_letter(tail.chars().next());
        replaced.push_str(head);
        replaced.push_str(if is_word { by } else { word });
        before = word.chars().next_back();
        rest = tail;
    }
    replaced + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(id: &str) -> Names {
        Names::new(&id.parse().unwrap())
    }

    #[test]
    fn words_are_replaced_and_parts_of_words_are_not() {
        let text = "id = \"echo\"  out/echo.png echo-1 echoing echo_it reecho echoecho Echo Echoes\necho";
        let expected =
            "id = \"acme-sd\"  out/acme-sd.png acme-sd-1 echoing echo_it reecho echoecho Acme Sd Echoes\nacme-sd";
        assert_eq!(names("acme-sd").rename(text), expected);
        assert_eq!(names("echo").rename(text), text);
    }

    #[test]
    fn a_package_gets_a_name_that_cargo_takes() {
        let lock = "name = \"echo\"\nname = \"tokio\"\n";
        for (id, package) in
            [("demo", "demo"), ("3d", "provider-3d"), ("match", "provider-match"), ("tokio", "provider-tokio")]
        {
            assert!(names(id).rename_package(lock, lock).starts_with(&format!("name = \"{package}\"\n")), "{id}");
        }
        assert_eq!(names("echo").rename_package(lock, lock), lock);
        assert_eq!(names("a--b3d").name, "A B3d");
    }
}
