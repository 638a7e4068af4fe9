//! `cargo xtask new`: a bundled provider, made of what `prizm new` makes.

mod place;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::cli::Language;
use crate::sh::Argv;

/// What a project of its own needs and a part of this repository does not.
const OWN: &[&str] = &[".github", ".gitignore", "Cargo.lock", "rustfmt.toml", "vendor", "prizm_plugin"];

/// Makes `plugins/ID`, registers it and says what to do next.
pub fn run(root: &Path, language: Language, id: &str) -> Result<()> {
    let word = match language {
        Language::Rust => "rust",
        Language::Python => "python",
        Language::Bash => "bash",
    };
    let plugin = format!("plugins/{id}");
    let make = Argv::new("cargo run --quiet --package prizm-cli -- new").args([word, &plugin, "--id", id]);
    let made = make.output(root)?;
    if !made.status.success() {
        bail!("{}", String::from_utf8_lossy(&made.stderr).trim().trim_start_matches("error: "));
    }
    let registered = bundle(root, language, id)?;
    Argv::new("cargo fmt --all").run(root)?;
    eprintln!("\n`{plugin}` is registered in {}", registered.join(", "));
    eprintln!("next:\n  cargo xtask tidy && git diff\n  cargo run -- run {id} hello");
    eprintln!("and say in README.md, under \"Bundled providers\", what it does");
    Ok(())
}

/// Turns the project in `plugins/ID` into a bundled provider; returns the files in which it is registered.
fn bundle(root: &Path, language: Language, id: &str) -> Result<Vec<&'static str>> {
    let plugin = root.join("plugins").join(id);
    for name in OWN {
        let path = plugin.join(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("`{}` cannot be removed", path.display()));
            }
            _ => {}
        }
    }
    match language {
        Language::Rust => {
            link(&plugin, id)?;
            place::linked(root, id)
        }
        Language::Python => {
            // A link serves those who run it where it is; what is embedded are the files that it leads to.
            symlink(Path::new("../../protocol/python/prizm_plugin"), &plugin.join("prizm_plugin"))?;
            place::embedded(root, id)
        }
        Language::Bash => place::embedded(root, id),
    }
}

/// Makes the package a member of the workspace, and a library that `prizm` links.
fn link(plugin: &Path, id: &str) -> Result<()> {
    let package = package(id);
    let inherited = ["version", "edition", "rust-version", "license", "publish"];
    let inherited: String = inherited.iter().map(|key| format!("{key}.workspace = true\n")).collect();
    let manifest = format!(
        "[package]\nname = \"{package}\"\ndescription = \"Provider: says what it is told\"\n{inherited}\n\
         [[bin]]\nname = \"{id}\"\npath = \"src/main.rs\"\ndoc = false\n\n[lints]\nworkspace = true\n\n\
         [dependencies]\nprizm-plugin.workspace = true\nserde.workspace = true\ntokio.workspace = true\n"
    );
    let library = format!(
        "//! The bundled provider `{id}`, which `prizm` links and starts itself as.\n\nmod provider;\n#[cfg(test)]\nmod tests;\n\n\
         use std::process::ExitCode;\n\n/// The manifest.\npub const MANIFEST: &str = include_str!(\"../prizm.toml\");\n\n\
         /// Serves the provider in this process until the host is done with it.\npub fn serve() -> ExitCode {{\n    \
         prizm_plugin::serve(provider::Plugin)\n}}\n"
    );
    let program = format!(
        "//! The provider `{id}` as a program of its own.\n\nuse std::process::ExitCode;\n\nfn main() -> ExitCode {{\n    {}::serve()\n}}\n",
        package.replace('-', "_")
    );
    for (name, text) in [("Cargo.toml", manifest), ("src/lib.rs", library), ("src/main.rs", program)] {
        let path = plugin.join(name);
        fs::write(&path, text).with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    Ok(())
}

/// The package of a bundled provider in Rust.
fn package(id: &str) -> String {
    format!("prizm-{id}")
}

#[cfg(unix)]
fn symlink(to: &Path, at: &Path) -> Result<()> {
    std::os::unix::fs::symlink(to, at).with_context(|| format!("`{}` cannot be made", at.display()))
}

#[cfg(not(unix))]
fn symlink(to: &Path, at: &Path) -> Result<()> {
    bail!("`{}` must be a symbolic link to `{}`; make it on a system that has them", at.display(), to.display())
}
