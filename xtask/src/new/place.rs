//! Where a bundled provider is registered: lines beside those of the ones that are there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::package;

const WORKSPACE: &str = "Cargo.toml";
const CLI: &str = "crates/prizm-cli/Cargo.toml";
const LINKED: &str = "crates/prizm-cli/src/bundled.rs";
const EMBEDDED: &str = "crates/prizm-cli/build.rs";
const TABLE: &str = "xtask/src/tidy/dependencies/table.rs";

/// Registers a provider that `prizm` links.
pub fn linked(root: &Path, id: &str) -> Result<Vec<&'static str>> {
    let package = package(id);
    let library = package.replace('-', "_");
    let row =
        format!("    row(\"{package}\", &[\"prizm-plugin\"], \"is a plugin like any other and has only the SDK\"),");
    after(root, WORKSPACE, "    \"plugins/canvas\",", &format!("    \"plugins/{id}\","))?;
    after(root, WORKSPACE, "prizm-canvas = {", &format!("{package} = {{ path = \"plugins/{id}\" }}"))?;
    after(root, CLI, "prizm-canvas.workspace", &format!("{package}.workspace = true"))?;
    after(root, LINKED, "    (\"canvas\"", &format!("    (\"{id}\", {library}::MANIFEST, {library}::serve),"))?;
    after(root, TABLE, "    row(\"prizm-canvas\"", &row)?;
    within(root, TABLE, "&[\"prizm-registry\", ", &format!("\"{package}\", "))?;
    Ok(vec![WORKSPACE, CLI, LINKED, TABLE])
}

/// Registers a provider that `prizm` embeds.
pub fn embedded(root: &Path, id: &str) -> Result<Vec<&'static str>> {
    after(root, EMBEDDED, "    &[(\"plugins/ffmpeg\"", &format!("    &[(\"plugins/{id}\", \"\")],"))?;
    Ok(vec![EMBEDDED])
}

/// Adds a line after the one that begins with `anchor`.
fn after(root: &Path, file: &str, anchor: &str, line: &str) -> Result<()> {
    edit(root, file, line, |text| {
        let at = text.lines().position(|line| line.starts_with(anchor))?;
        let mut lines: Vec<_> = text.lines().collect();
        lines.insert(at + 1, line);
        Some(lines.join("\n") + "\n")
    })
}

/// Adds words where `anchor` ends.
fn within(root: &Path, file: &str, anchor: &str, words: &str) -> Result<()> {
    edit(root, file, words, |text| {
        let end = text.find(anchor)? + anchor.len();
        Some(format!("{}{words}{}", &text[..end], &text[end..]))
    })
}

fn edit(root: &Path, file: &str, added: &str, change: impl FnOnce(&str) -> Option<String>) -> Result<()> {
    let path = root.join(file);
    let text = fs::read_to_string(&path).with_context(|| format!("`{file}` cannot be read"))?;
    let Some(changed) = change(&text) else {
        bail!("the place in {file} was not found; add it by hand: `{}`", added.trim());
    };
    fs::write(&path, changed).with_context(|| format!("`{file}` cannot be written"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of this repository, in which the places must be found.
    fn copy() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in [WORKSPACE, CLI, LINKED, EMBEDDED, TABLE] {
            let to = root.path().join(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(crate::root().join(file), to).unwrap();
        }
        root
    }

    #[test]
    fn a_linked_provider_is_registered_wherever_it_must_be() {
        let root = copy();
        let read = |file: &str| fs::read_to_string(root.path().join(file)).unwrap();
        linked(root.path(), "tint").unwrap();
        let workspace: toml::Table = read(WORKSPACE).parse().unwrap();
        let members = workspace["workspace"]["members"].as_array().unwrap();
        assert!(members.contains(&"plugins/tint".into()), "{members:?}");
        assert_eq!(workspace["workspace"]["dependencies"]["prizm-tint"]["path"].as_str(), Some("plugins/tint"));
        let cli: toml::Table = read(CLI).parse().unwrap();
        assert_eq!(cli["dependencies"]["prizm-tint"]["workspace"].as_bool(), Some(true));
        assert!(read(LINKED).contains("\n    (\"tint\", prizm_tint::MANIFEST, prizm_tint::serve),\n"));
        assert!(read(TABLE).contains("    row(\"prizm-tint\", &[\"prizm-plugin\"], "));
        assert!(read(TABLE).contains("&[\"prizm-registry\", \"prizm-tint\", "));
    }

    #[test]
    fn an_embedded_provider_is_registered_beside_the_others() {
        let root = copy();
        embedded(root.path(), "tint").unwrap();
        let text = fs::read_to_string(root.path().join(EMBEDDED)).unwrap();
        assert!(text.contains("\n    &[(\"plugins/tint\", \"\")],\n"), "{text}");
    }

    #[test]
    fn a_place_that_is_gone_is_said_with_what_belongs_there() {
        let root = copy();
        fs::write(root.path().join(EMBEDDED), "").unwrap();
        let error = embedded(root.path(), "tint").unwrap_err().to_string();
        assert_eq!(
            error,
            "the place in crates/prizm-cli/build.rs was not found; add it by hand: `&[(\"plugins/tint\", \"\")],`"
        );
    }
}
