//! `cargo xtask demo routing`: five offerings, and the commands of the page that says how one is chosen.

use std::path::Path;

use anyhow::{Context, Result};

use crate::demo::text;
use crate::sh::Argv;

/// Builds `prizm`, and runs the commands in a home of their own below the target directory.
pub fn run(root: &Path, target: &Path) -> Result<()> {
    let directory = target.join("demo/routing");
    if directory.exists() {
        std::fs::remove_dir_all(&directory)
            .with_context(|| format!("the old `{}` cannot be removed", directory.display()))?;
    }
    for argv in [Argv::new("cargo build --quiet -p prizm-cli"), demonstration(target, &directory)?] {
        eprintln!("{argv}");
        argv.run(root).context("the demonstration failed")?;
    }
    Ok(())
}

fn demonstration(target: &Path, directory: &Path) -> Result<Argv> {
    let script = Argv::new("python3 -B crates/prizm-route/demo/demo.py");
    Ok(script.args([text(&target.join("debug/prizm"))?, text(directory)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_is_run_is_shown() {
        let line = "python3 -B crates/prizm-route/demo/demo.py /t/debug/prizm /t/demo/routing";
        assert_eq!(demonstration(Path::new("/t"), Path::new("/t/demo/routing")).unwrap().to_string(), line);
    }
}
