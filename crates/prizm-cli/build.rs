//! Lists the files that are embedded, so that none is forgotten: those of what is bundled, and the projects that
//! `prizm new` makes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What of the repository goes where: `""` is the top.
type Parts = &'static [(&'static str, &'static str)];

/// Bundled providers and services that are not part of the program itself, and what they need beside their own
/// files. Their files tell which they are, and whether they must be installed before they can run.
const EMBEDDED: &[Parts] = &[
    // One a line: `cargo xtask new` adds to them.
    &[("plugins/elevenlabs", "")],
    &[("plugins/fal-ai", "")],
    &[("plugins/ffmpeg", "")],
    &[("plugins/huggingface", "")],
    &[("plugins/llm", "")],
    &[("plugins/ocr", "")],
    &[("plugins/openai", "")],
    &[("plugins/replicate", "")],
    &[("plugins/smollm2", "")],
    &[("plugins/speech", "")],
];

/// What a project in each language is made of. The reference provider `echo` is the template; the SDK travels with it.
const TEMPLATES: &[(&str, Parts)] = &[
    (
        "rust",
        &[
            ("protocol/echo/rust", ""),
            ("crates/prizm-plugin/Cargo.toml", "vendor/prizm-plugin/Cargo.toml"),
            ("crates/prizm-plugin/src", "vendor/prizm-plugin/src"),
            ("LICENSE-MIT", "vendor/prizm-plugin/LICENSE-MIT"),
            ("crates/prizm-protocol/Cargo.toml", "vendor/prizm-protocol/Cargo.toml"),
            ("crates/prizm-protocol/src", "vendor/prizm-protocol/src"),
            ("LICENSE-MIT", "vendor/prizm-protocol/LICENSE-MIT"),
        ],
    ),
    (
        "typescript",
        &[
            ("protocol/echo/typescript", ""),
            ("protocol/typescript/src", "vendor/prizm-plugin"),
            ("LICENSE-MIT", "vendor/prizm-plugin/LICENSE-MIT"),
        ],
    ),
    (
        "python",
        &[
            ("protocol/echo/python", ""),
            ("protocol/python/prizm_plugin", "prizm_plugin"),
            ("LICENSE-MIT", "prizm_plugin/LICENSE-MIT"),
        ],
    ),
    ("bash", &[("protocol/echo/bash", "")]),
];

/// What is made where a project is built and run.
const MADE: &[&str] = &["node_modules", "dist", "build", "target", "__pycache__", ".venv", ".mypy_cache"];

fn main() -> io::Result<()> {
    let repository = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../..");
    let repository = repository.canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("embedded.rs"), embedded(&repository)?)?;
    fs::write(out.join("templates.rs"), templates(&repository)?)
}

fn embedded(repository: &Path) -> io::Result<String> {
    let mut code = String::from("const EMBEDDED: &[prizm_registry::BundledFiles] = &[\n");
    for parts in EMBEDDED {
        let mut files = Vec::new();
        for (from, to) in *parts {
            collect(&repository.join(from), to, needed_to_run, &mut files)?;
        }
        writeln!(code, "    prizm_registry::BundledFiles({}),", literal(files)).map_err(io::Error::other)?;
    }
    Ok(code + "];\n")
}

fn templates(repository: &Path) -> io::Result<String> {
    let mut code = String::from("const TEMPLATES: &[(&str, Template)] = &[\n");
    for (language, parts) in TEMPLATES {
        let mut files = Vec::new();
        for (from, to) in *parts {
            collect(&repository.join(from), to, |_| true, &mut files)?;
        }
        writeln!(code, "    ({language:?}, {}),", literal(files)).map_err(io::Error::other)?;
    }
    let workspace = repository.join("Cargo.toml");
    println!("cargo::rerun-if-changed={}", workspace.display());
    writeln!(code, "];\nconst WORKSPACE: &str = include_str!({workspace:?});").map_err(io::Error::other)?;
    Ok(code)
}

/// Whether what is bundled needs it to run: it needs neither its tests nor its documents.
fn needed_to_run(name: &str) -> bool {
    name != "tests" && !name.ends_with(".md")
}

/// Collects a file, or the files of a directory, by the name that each gets.
fn collect(path: &Path, to: &str, wanted: fn(&str) -> bool, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    if !path.is_dir() {
        println!("cargo::rerun-if-changed={}", path.display());
        files.push((to.to_owned(), path.canonicalize()?));
        return Ok(());
    }
    println!("cargo::rerun-if-changed={}", path.display());
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if wanted(&name) && !MADE.contains(&&*name) && !name.ends_with(".pyc") {
            let to = if to.is_empty() { name } else { format!("{to}/{name}") };
            collect(&path, &to, wanted, files)?;
        }
    }
    Ok(())
}

/// Writes a list of names and contents.
fn literal(mut files: Vec<(String, PathBuf)>) -> String {
    files.sort();
    let files = files.iter().map(|(name, path)| format!("        ({name:?}, include_bytes!({path:?})),\n"));
    format!("&[\n{}    ]", files.collect::<String>())
}
