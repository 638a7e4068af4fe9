//! `cargo xtask demo`: the README's main command, its result kept apart; and how one provider is chosen among many.

mod routing;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::cli::Demo;
use crate::markdown;
use crate::sh::Argv;

/// How the README's main command begins.
pub const MAIN_COMMAND: &str = "cargo run --release -- run text-to-image";

/// Shows what is asked for.
pub fn run(root: &Path, what: Demo) -> Result<()> {
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec()?;
    let target = metadata.target_directory.into_std_path_buf();
    let directory = target.join("demo");
    std::fs::create_dir_all(&directory).with_context(|| format!("`{}` cannot be made", directory.display()))?;
    match what {
        Demo::Main => main_command(root, &directory),
        Demo::Routing => routing::run(root, &target),
    }
}

/// Runs the main command into `directory` and prints the path of what it made.
#[expect(clippy::print_stdout, reason = "the path is the command's result")]
fn main_command(root: &Path, directory: &Path) -> Result<()> {
    let readme = std::fs::read_to_string(root.join("README.md")).context("README.md cannot be read")?;

    let (argv, result) = demonstration(&readme, directory)?;
    if result.exists() {
        std::fs::remove_file(&result).with_context(|| format!("the old `{}` cannot be removed", result.display()))?;
    }
    eprintln!("{argv}");
    argv.run(root).context("the README's main command failed")?;
    if !result.is_file() {
        bail!("the README's main command succeeded, but there is no `{}`", result.display());
    }
    println!("{}", result.display());
    Ok(())
}

/// The README's main command with its output below `directory`, and the path of that output.
fn demonstration(readme: &str, directory: &Path) -> Result<(Argv, PathBuf)> {
    let commands = markdown::commands(readme);
    let (_, command) = commands
        .iter()
        .find(|(_, command)| command.starts_with(MAIN_COMMAND))
        .with_context(|| format!("README.md has no fenced command `{MAIN_COMMAND} …`"))?;
    let mut words = shlex::split(command).with_context(|| format!("`{command}` has an open quote"))?;
    let output = words
        .iter()
        .position(|word| word == "-o" || word == "--output")
        .and_then(|flag| words.get_mut(flag + 1))
        .with_context(|| format!("`{command}` has no `-o FILE`, so there is nothing to show"))?;
    let name = Path::new(output).file_name().with_context(|| format!("`{output}` names no file"))?;
    let result = directory.join(name);
    *output = text(&result)?.to_owned();
    let home = directory.join("home");
    Ok((Argv::from_words(words).variable("PRIZM_HOME", text(&home)?), result))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("`{}` is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_command_from_the_readme() {
        let readme = format!("# Prizm\n\n```console\n$ {MAIN_COMMAND} \"Hello, you\" -o out/hello.png\n```\n");
        let (argv, result) = demonstration(&readme, Path::new("/t/demo")).unwrap();
        assert_eq!(result, Path::new("/t/demo/hello.png"));
        assert_eq!(
            argv.to_string(),
            format!("PRIZM_HOME=/t/demo/home {MAIN_COMMAND} 'Hello, you' -o /t/demo/hello.png")
        );
    }

    #[test]
    fn says_what_the_readme_lacks() {
        for (readme, expected) in [
            ("# Prizm\n".to_owned(), "no fenced command"),
            (format!("```\n{MAIN_COMMAND} hello\n```\n"), "no `-o FILE`"),
            (format!("```\n{MAIN_COMMAND} 'hello -o a.png\n```\n"), "open quote"),
        ] {
            let error = demonstration(&readme, Path::new("/t")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
