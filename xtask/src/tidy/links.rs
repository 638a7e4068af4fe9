//! Every relative link in a document leads to a file of the repository.

use crate::markdown;
use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

/// Every relative link that leads nowhere.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".md")) {
        for (line, target) in markdown::links(text) {
            let Some(relative) = relative(&target) else {
                continue;
            };
            let exists = resolve(path, relative).is_some_and(|place| exists(tree, &place));
            if !exists {
                let what = format!("`{target}` is not a file of the repository");
                faults.push(Fault::of_line(path, line, what, "correct the link, or add the file that it means"));
            }
        }
    }
    faults
}

/// The path of a link into the repository; none for a link to elsewhere or within the document.
fn relative(target: &str) -> Option<&str> {
    let path = target.split(['#', '?']).next().unwrap_or_default();
    let is_scheme = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let has_scheme = target.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme));
    (!path.is_empty() && !has_scheme && !path.starts_with("//")).then_some(path)
}

/// The path from the top of what `document` calls `target`; none when that is outside the repository.
fn resolve(document: &str, target: &str) -> Option<String> {
    let from_top = target.starts_with('/');
    let mut place: Vec<_> = if from_top { Vec::new() } else { document.split('/').collect() };
    place.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                place.pop()?;
            }
            name => place.push(name),
        }
    }
    Some(place.join("/"))
}

fn exists(tree: &Tree, place: &str) -> bool {
    let directory = format!("{place}/");
    place.is_empty() || tree.file(place).is_some() || tree.files.iter().any(|file| file.path.starts_with(&directory))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::found;

    #[test]
    fn links_are_resolved_from_their_document() {
        for (target, good) in [
            ("../README.md", true),
            ("../README.md#usage", true),
            ("other.md", true),
            ("./deep/", true),
            ("..", true),
            ("/docs/other.md", true),
            ("#here", true),
            ("https://example.org/x.md", true),
            ("mailto:someone@example.org", true),
            ("other", false),
            ("deep/none.md", false),
            ("../../README.md", false),
            ("/other.md", false),
        ] {
            let text = format!("# Title\n\n[link]({target})\n");
            let files = [("README.md", ""), ("docs/a.md", &text), ("docs/other.md", ""), ("docs/deep/b.md", "")];
            let expected: Vec<_> = (!good)
                .then(|| format!("docs/a.md:3: `{target}` is not a file of the repository"))
                .into_iter()
                .collect();
            assert_eq!(found(&files, check), expected, "{target}");
        }
    }
}
