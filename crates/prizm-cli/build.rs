//! Lists the files of the providers that are embedded, so that none is forgotten.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Bundled providers that are not part of the program itself.
const EMBEDDED: &[&str] = &["ffmpeg"];

fn main() -> io::Result<()> {
    let plugins = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../../plugins");
    let mut code = String::from("const EMBEDDED: &[prizm_registry::BundledFiles] = &[\n");
    for plugin in EMBEDDED {
        let root = plugins.join(plugin).canonicalize()?;
        println!("cargo::rerun-if-changed={}", root.display());
        let mut files = Vec::new();
        collect(&root, &root, &mut files)?;
        files.sort();
        code.push_str("    prizm_registry::BundledFiles(&[\n");
        for file in files {
            let path = root.join(&file);
            writeln!(code, "        ({file:?}, include_bytes!({path:?})),").map_err(io::Error::other)?;
        }
        code.push_str("    ]),\n");
    }
    code.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("embedded.rs"), code)
}

/// Collects what a provider needs to run: neither its tests nor its documents.
fn collect(root: &Path, directory: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" && name != "__pycache__" {
                collect(root, &path, files)?;
            }
        } else if !name.ends_with(".md") && !name.ends_with(".pyc") {
            let relative = path.strip_prefix(root).map_err(io::Error::other)?;
            files.push(relative.to_string_lossy().into_owned());
        }
    }
    Ok(())
}
