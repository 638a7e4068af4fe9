//! What a document quotes from a file stands in that file, which the tests compile or run.

use crate::markdown::{self, Fence};
use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

/// The guide for authors: all its code is quoted, but for what people type, which a test types.
const GUIDE: &str = "plugins/README.md";
const TYPED: &str = "console";

/// Every fence after `<!-- quotes PATH -->` that is no run of lines of that file, and every fence of the guide that
/// nothing checks.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".md")) {
        for fence in markdown::fences(text) {
            faults.extend(fault(tree, path, &fence));
        }
    }
    faults
}

fn fault(tree: &Tree, document: &str, fence: &Fence) -> Option<Fault> {
    let fault = |what: String, remedy: &str| Some(Fault::of_line(document, fence.line, what, remedy));
    let Some(path) = &fence.quotes else {
        if document != GUIDE || fence.language == TYPED {
            return None;
        }
        let what = format!("nothing checks this `{}`", fence.language);
        return fault(what, "quote a file that is tested: `<!-- quotes PATH -->` before it");
    };
    let Some(text) = tree.text(path) else {
        return fault(format!("`{path}` is not a file of the repository"), "name the file that it quotes");
    };
    match holds(text, &fence.code) {
        true => None,
        false => fault(format!("`{path}` does not hold these lines"), "copy them anew; only indentation may differ"),
    }
}

/// Whether `excerpt` is a run of lines of `text`, all of them indented alike.
fn holds(text: &str, excerpt: &str) -> bool {
    let excerpt: Vec<_> = excerpt.lines().map(str::trim_end).collect();
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    let Some(first) = excerpt.first().filter(|line| !line.is_empty()) else {
        return false;
    };
    lines.windows(excerpt.len()).any(|window| {
        window[0].strip_suffix(first).filter(|indent| indent.trim().is_empty()).is_some_and(|indent| {
            window.iter().zip(&excerpt).all(|(line, quoted)| match quoted.is_empty() {
                true => line.is_empty(),
                false => line.strip_prefix(indent) == Some(*quoted),
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::found;

    const SOURCE: &str = "fn a() {\n    one();\n\n    if b {\n        two();\n    }\n}\n";

    #[test]
    fn an_excerpt_is_a_run_of_lines() {
        for (excerpt, is_one) in [
            ("one();\n\nif b {\n    two();\n}\n", true),
            ("    one();\n", true),
            ("fn a() {\n    one();\n", true),
            ("one();\nif b {\n", false),
            ("one();\n\n    if b {\n", false),
            ("ne();\n", false),
            ("three();\n", false),
            ("", false),
        ] {
            assert_eq!(holds(SOURCE, excerpt), is_one, "{excerpt}");
        }
    }

    #[test]
    fn what_rots_is_found() {
        let guide = "<!-- quotes a.rs -->\n```rust\none();\n```\n\n```console\n$ prizm\n```\n\n```rust\nfree();\n```\n\
                     \n<!-- quotes a.rs -->\n```rust\nthree();\n```\n\n<!-- quotes gone.rs -->\n```rust\none();\n```\n";
        let expected = [
            "plugins/README.md:10: nothing checks this `rust`",
            "plugins/README.md:15: `a.rs` does not hold these lines",
            "plugins/README.md:20: `gone.rs` is not a file of the repository",
        ];
        assert_eq!(found(&[(GUIDE, guide), ("a.rs", SOURCE)], check), expected);
        assert!(found(&[("README.md", "```rust\nfree();\n```\n")], check).is_empty(), "only the guide must quote");
    }
}
