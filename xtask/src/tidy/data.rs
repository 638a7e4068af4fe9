//! The golden messages are JSON, filed under the name of their type.

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

const EXAMPLES: &str = "protocol/examples/";

/// Every example that is not `<Type>/<name>.json` or does not parse.
pub fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in &tree.files {
        let Some(name) = file.path.strip_prefix(EXAMPLES).filter(|name| name.ends_with(".json")) else {
            continue;
        };
        if name.split('/').count() != 2 {
            let what = "an example is not filed under its type";
            faults.push(Fault::of_file(&file.path, what, format!("move it to {EXAMPLES}<Type>/")));
        }
        let parsed = serde_json::from_str::<serde_json::Value>(file.text.as_deref().unwrap_or_default());
        if let Err(error) = parsed {
            let what = format!("it is not JSON: {error}");
            faults.push(Fault::of_line(&file.path, error.line(), what, "an example is one JSON value"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::found;

    #[test]
    fn examples_parse_and_have_a_type() {
        let files = [
            ("protocol/examples/Media/text.json", "{\"kind\": \"text\"}"),
            ("protocol/examples/Media/broken.json", "{\n  \"kind\": \n}"),
            ("protocol/examples/stray.json", "{}"),
            ("protocol/examples/README.md", "{"),
            ("plugins/a/broken.json", "{"),
        ];
        let faults = found(&files, check);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("protocol/examples/Media/broken.json:3: it is not JSON: expected value"));
        assert_eq!(faults[1], "protocol/examples/stray.json: an example is not filed under its type");
    }
}
