//! Nothing unfinished: no marker of work to come, no test switched off, no dead code kept.

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

const SOURCES: &[&str] = &[
    ".rs", ".py", ".pyi", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".sh", ".pl", ".toml", ".yml", ".yaml",
];

const UNFINISHED: &str = "finish the work or take it out; what is left for later belongs in an issue";

/// What must not be in a source, and the remedy. Written so that this file does not hold it.
const MARKERS: &[(&str, &str)] = &[
    (concat!("to", "do!"), UNFINISHED),
    (concat!("unimple", "mented!"), UNFINISHED),
    (concat!("TO", "DO"), UNFINISHED),
    (concat!("FIX", "ME"), UNFINISHED),
    (concat!("NotImplemented", "Error"), UNFINISHED),
    (concat!("#[ig", "nore"), "make the test pass everywhere or remove it"),
    (concat!("allow(dead", "_code)"), "remove what nothing uses"),
    (concat!("d", "bg!"), "remove it, or log with tracing"),
];

/// Every line of a source that holds a marker.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let sources = tree.texts().filter(|(path, _)| SOURCES.iter().any(|suffix| path.ends_with(suffix)));
    let mut faults = Vec::new();
    for (path, text) in sources {
        for (index, line) in text.lines().enumerate() {
            let held = MARKERS.iter().filter(|(marker, _)| holds(line, marker));
            faults.extend(
                held.map(|(marker, remedy)| {
                    Fault::of_line(path, index + 1, format!("`{marker}` in a source"), *remedy)
                }),
            );
        }
    }
    faults
}

/// Whether `marker` is in `line`, and not as a part of a longer word.
fn holds(line: &str, marker: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let free = |outside: Option<char>, edge: Option<char>| !(is_word(outside) && is_word(edge));
    line.match_indices(marker).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + marker.len()..]);
        free(before.chars().next_back(), marker.chars().next())
            && free(after.chars().next(), marker.chars().next_back())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::found;

    #[test]
    fn every_marker_is_found_in_every_kind_of_source() {
        for (marker, _) in MARKERS {
            for path in ["a.rs", "b.py", "c/d.ts", "e.toml"] {
                let faults = found(&[(path, &format!("fine\n    {marker}(\"x\")\n"))], check);
                assert_eq!(faults, [format!("{path}:2: `{marker}` in a source")]);
            }
        }
    }

    #[test]
    fn parts_of_words_and_documents_are_no_sources_of_faults() {
        let (_, macro_marker, word) = (UNFINISHED, MARKERS[0].0, MARKERS[2].0);
        let text = format!("mas{macro_marker}()\n{word}S\nAU{word}\n");
        assert!(found(&[("a.rs", &text)], check).is_empty());
        assert!(found(&[("a.md", &format!("{word}\n"))], check).is_empty());
    }
}
