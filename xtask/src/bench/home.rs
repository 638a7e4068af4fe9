//! A home of `prizm` with many installed providers.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::sh::Argv;

/// The id of the provider that says what it hears.
pub const ECHO: &str = "seam";
/// What it can do.
const CAPABILITIES: &[&str] = &["text-to-text", "text-to-audio", "audio-to-audio"];

/// A provider that does nothing: what is measured is not its own start, and installing it is no more than that.
const IDLE: &str = r#"#!/usr/bin/env bash
while read -r line; do
  [[ $line ]] || continue
  [[ $line =~ \"id\":([0-9]+) ]] || exit 0
  id=${BASH_REMATCH[1]}
  case $line in
    *'"method":"initialize"'*)
      result='{"protocolVersion":"1.0","provider":{"id":"ID","version":"1.0.0"},"capabilities":["text-to-text"],"models":[{"id":"none","capabilities":["text-to-text"]}]}' ;;
    *'"method":"configure"'*) result='{"ready":true}' ;;
    *) result='{}' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
"#;

/// Where it is.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// Makes one below `directory` unless there is one that these very programs have made. Each provider is a directory that
    /// the configuration names, as people name theirs; the first `prizm providers` installs them all: it copies, starts
    /// and checks each.
    pub fn made(directory: &Path, prizm: &Path, echo: &Path, providers: usize) -> Result<Self> {
        let home = Self(directory.join(format!("home-{providers}")));
        let stamp = home.0.join("made");
        let said = manifest(ECHO, &echo.display().to_string(), CAPABILITIES);
        let mark = format!("{} {}\n{said}{IDLE}", built(prizm)?, built(echo)?);
        if fs::read_to_string(&stamp).is_ok_and(|text| text == mark) {
            return Ok(home);
        }
        let _ = fs::remove_dir_all(&home.0);
        let mut config = "[policy]\nallow = [\"file:///**\"]\n".to_owned();
        let mut add = |id: &str, command: &str, capabilities: &[&str]| -> Result<PathBuf> {
            let root = home.0.join("providers").join(id);
            fs::create_dir_all(&root)?;
            fs::write(root.join("prizm.toml"), manifest(id, command, capabilities))?;
            config += &format!("[providers.{id}]\nsource = \"file://{}\"\n", root.display());
            Ok(root)
        };
        // The program is named and not copied, so that it is the very one that is driven directly, too.
        add(ECHO, &echo.display().to_string(), CAPABILITIES)?;
        for number in 0..providers {
            let id = format!("many-{number}");
            let program = add(&id, "./provider", &["text-to-text"])?.join("provider");
            fs::write(&program, IDLE.replace("ID", &id))?;
            fs::set_permissions(&program, Permissions::from_mode(0o755))?;
        }
        for name in ["home", "here", "job"] {
            fs::create_dir_all(home.0.join(name))?;
        }
        fs::write(home.0.join("home/config.toml"), config)?;
        home.install(prizm, providers)?;
        fs::write(stamp, mark)?;
        Ok(home)
    }

    fn install(&self, prizm: &Path, providers: usize) -> Result<()> {
        let output = self.prizm(prizm, &["providers", "--json"]).output(&self.0)?;
        let known: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let is_ready = |provider: &&Value| {
            provider["status"] == "available" && provider["id"].as_str().is_some_and(|id| id.starts_with("many-"))
        };
        let ready = known.as_array().into_iter().flatten().filter(is_ready).count();
        if ready != providers {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{ready} of {providers} providers could be installed: {}", said.lines().next().unwrap_or_default());
        }
        Ok(())
    }

    /// Returns a command of `prizm` in this home, outside of any project.
    pub fn prizm(&self, prizm: &Path, words: &[&str]) -> Argv {
        let home = self.0.join("home").display().to_string();
        let argv = Argv::from_words([prizm.display().to_string()]).args(words.iter().copied());
        argv.variable("PRIZM_HOME", &home).without("LD_LIBRARY_PATH").directory("here")
    }

    /// Returns the directory in which its commands are run.
    pub fn root(&self) -> &Path {
        &self.0
    }
}

/// Returns when a program was built, in nanoseconds.
fn built(program: &Path) -> Result<u128> {
    let modified = fs::metadata(program).and_then(|meta| meta.modified());
    Ok(modified.context("there is no release build")?.duration_since(UNIX_EPOCH)?.as_nanos())
}

fn manifest(id: &str, command: &str, capabilities: &[&str]) -> String {
    format!(
        "[provider]\nid = \"{id}\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
         capabilities = {capabilities:?}\n[run]\ncommand = [{command:?}]\n"
    )
}
