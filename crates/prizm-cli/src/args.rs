//! What can be said on the command line.

mod choice;
mod conformance;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

pub(crate) use choice::Choice;
pub(crate) use conformance::Conformance;

/// What stands below the help of every command: its examples, a line each, and the exit codes.
macro_rules! examples {
    ($lines:literal) => {
        concat!(
            "Examples:",
            $lines,
            "\n\nExit codes: 0 done, 2 usage, 3 not found, 4 refused by policy, 5 fetch or build failed,\n\
             6 the plugin failed, 7 the provider answered with an error, 8 no provider qualifies, 9 deadline,\n\
             130 cancelled."
        )
    };
}

mod key;
mod new;
mod service;

pub(crate) use key::{KeyCommand, KeyName};
pub(crate) use new::{Language, New};
pub(crate) use service::{Gc, Logs, ServiceCommand, Start, Status, Stop};

/// Turns media into media, through providers.
#[derive(Parser)]
#[command(name = "prizm", version, about = "Turns media into media, through providers", long_about = None, max_term_width = 100, after_help = examples!("
  prizm run text-to-image \"Hello from Prizm\" -o hello.png
  prizm run video-to-audio talk.mp4 -o talk.mp3
  prizm run canvas/edit photo.jpg -o small.png --option width=640
  prizm providers --capability text-to-image
  prizm inspect canvas"))]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What every command takes.
#[derive(ClapArgs)]
pub(crate) struct Global {
    /// Print one JSON document on stdout, whatever happens; `dev` prints one for each event
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Answer every question of trust with yes
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// Change no lock: what is not pinned is refused
    #[arg(long, global = true)]
    pub(crate) locked: bool,
    /// --locked and --offline
    #[arg(long, global = true)]
    pub(crate) frozen: bool,
    /// Use no network
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Say more on stderr; twice for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Turn a medium into another
    ///
    /// TARGET is a capability (text-to-image), a provider (canvas), a provider's model (canvas/card) or the
    /// URL of a provider (github:acme/echo@v1.0.0, npm:@acme/echo, file:///srv/providers/echo). INPUT is the text itself for text-to-*, else a
    /// path; `-` reads it from stdin.
    Run(Run),
    /// List the providers and what they can do
    Providers(Providers),
    /// List the models
    Models(Models),
    /// Show all that is known of a provider: its models, their options, prices and formats
    Inspect(Inspect),
    /// Say which provider is the best for a capability, and why
    Best(Best),
    /// Load providers and pin them in the project's prizm.lock
    ///
    /// A URL is `github:OWNER/REPO@TAG`, `https://github.com/OWNER/REPO`, `git+https://HOST/PATH@REF`,
    /// `npm:NAME@VERSION`, `@SCOPE/NAME@VERSION` or `file:///ABSOLUTE/DIRECTORY`. Several are loaded at once.
    Add(Add),
    /// Take providers out of prizm.lock
    Remove(Remove),
    /// Look for newer revisions of what is pinned, and pin them
    Update(Update),
    /// List what is pinned
    #[command(after_help = examples!("\n  prizm list\n  prizm list --json"))]
    List,
    /// Begin a provider of your own: a project that builds, passes its tests and runs at once
    ///
    /// It is the reference provider under another name: a manifest, the provider, a test of its own, a README and a
    /// workflow for continuous integration, with the SDK in it. Nothing is fetched, and nothing is half made where it
    /// fails.
    New(New),
    /// Look after the keys of providers: in the platform's keyring, and where else they come from
    #[command(after_help = examples!("\n  prizm key list\n  prizm key set fal-ai\n  prizm key remove fal-ai"))]
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Look after the store of built providers
    #[command(after_help = examples!("\n  prizm cache list\n  prizm cache verify\n  prizm cache prune --dry-run"))]
    Cache {
        #[command(subcommand)]
        command: CacheCommand,
    },
    /// Look after services: what providers need, and starts by itself when they are used
    ///
    /// A service is a program or containers. Its configuration names it, too: one with another configuration is
    /// another instance. SERVICE is an id, a URL, or the name of an instance.
    #[command(after_help = examples!("
  prizm service start smollm2 --set maxConcurrent=2
  prizm service status
  prizm service logs smollm2 -f
  prizm service stop smollm2"))]
    Service {
        #[command(subcommand)]
        command: ServiceCommand,
    },
    /// Check a plugin by every rule of the protocol
    ///
    /// TARGET is the directory of a provider, its URL, or the id of one that is known; or the plugin is any COMMAND
    /// behind `--`, started in the working directory. It is started many times, and does many small jobs.
    Conformance(Conformance),
    /// Print figures about the registry
    #[command(after_help = examples!("\n  prizm stats\n  prizm stats --json"))]
    Stats,
    /// Develop a provider: build it, start it, watch it, show what passes on the wire
    ///
    /// Builds the provider in DIR where it is, starts it, and shows every frame that passes, with noise, stderr
    /// and times. Whenever a file changes it is built and started anew; the one before serves until then, and
    /// still does where that fails. What `.gitignore` leaves out is not watched, nor are hidden files and what
    /// builds write.
    ///
    /// Each line that is typed is a text for the first model that takes one, or a command: `help` lists them.
    /// At the end of a pipe, what was asked for is finished first; the exit code is then that of the first
    /// thing that failed.
    ///
    /// With --json each event is an object on a line of stdout, with its name in `event` and its time in `at`.
    /// On the wire: sent, received (pid, kind, id, method, call, bytes, body or text, ms), noise (pid, line,
    /// bytes, reason), stderr (pid, line), started (pid, command), ended (pid, how, failed, hint). Builds:
    /// changed (files), stage (stage, detail), output (line), ready (id, version, models, pid, buildMs,
    /// startMs), failed (error, serving). Lines: done (model, capability, outputs, usage, ms), answer (command,
    /// value), error (error), note (text). `error` is what other commands print; lost (count) says that events
    /// came faster than they were read.
    Dev(Dev),
    /// Check that everything that Prizm and its providers need is there
    #[command(after_help = examples!("\n  prizm doctor\n  prizm doctor --json"))]
    Doctor,
    /// Print a completion script for a shell
    Completions(Completions),
}

#[derive(ClapArgs)]
#[command(after_help = examples!("
  prizm run text-to-image \"Hello from Prizm\" -o hello.png
  prizm run text-to-image - -o poem.png --option width=1200 --option height=630 < poem.txt
  prizm run image-to-image photo.jpg -o square.webp --option width=512 --option height=512
  prizm run video-to-audio talk.mp4 -o talk.mp3
  prizm run github:acme/echo@v1.0.0 \"hello\" --json
  prizm run file:///srv/providers/echo \"hello\" --link"))]
pub(crate) struct Run {
    /// What to run: a capability, a provider, provider/model, or a URL
    pub(crate) target: String,
    /// The text for text-to-*, else a path; `-` for stdin
    pub(crate) input: Option<String>,
    /// Where the result goes; without it a name is made up and printed, and text goes to stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// An option of the model, as `prizm inspect` lists them; may be given many times
    #[arg(long = "option", value_name = "NAME=VALUE")]
    pub(crate) options: Vec<String>,
    /// A setting of the provider; may be given many times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// A further input with a role, such as `--input audio=song.mp3`; may be given many times
    #[arg(long = "input", value_name = "ROLE=FILE")]
    pub(crate) inputs: Vec<String>,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<std::time::Duration>,
    /// The model to use
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// The capability to use, where the target leaves a choice
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) capability: Option<String>,
    /// Run the directory that a file:/// URL names where it is, instead of a copy
    #[arg(long)]
    pub(crate) link: bool,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Say on stderr why this provider was chosen
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(ClapArgs)]
#[command(after_help = examples!("
  prizm providers
  prizm providers --capability text-to-image --json"))]
pub(crate) struct Providers {
    /// Only those that have this capability
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) capability: Option<String>,
}

#[derive(ClapArgs)]
#[command(after_help = examples!("
  prizm models
  prizm models ffmpeg --capability video-to-image
  prizm models fal-ai --refresh"))]
pub(crate) struct Models {
    /// Only those of this provider: an id or a URL
    pub(crate) provider: Option<String>,
    /// Ask the provider what it has and costs now, which installs and starts it
    #[arg(long, requires = "provider")]
    pub(crate) refresh: bool,
    /// Only those that have this capability
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) capability: Option<String>,
}

#[derive(ClapArgs)]
#[command(after_help = examples!("
  prizm inspect canvas
  prizm inspect file:///srv/providers/echo --json"))]
pub(crate) struct Inspect {
    /// The provider: an id or a URL
    pub(crate) provider: String,
    /// Run the directory that a file:/// URL names where it is, instead of a copy
    #[arg(long)]
    pub(crate) link: bool,
}

#[derive(ClapArgs)]
#[command(after_help = examples!("
  prizm add github:acme/echo@v1.0.0
  prizm add npm:@acme/sd file:///srv/providers/echo --yes"))]
pub(crate) struct Add {
    /// Where they come from
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
}

#[derive(ClapArgs)]
#[command(after_help = examples!("\n  prizm remove echo"))]
pub(crate) struct Remove {
    /// The providers: ids, or the URLs by which they were added
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
}

#[derive(ClapArgs)]
#[command(after_help = examples!("
  prizm update
  prizm update echo --yes"))]
pub(crate) struct Update {
    /// Only these: ids, or the URLs by which they were added
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum CacheCommand {
    /// List the entries of the store
    List,
    /// Read every file of every entry; what is damaged is put aside and made again when it is needed
    Verify,
    /// Remove the entries that no lock on this machine refers to and that nobody uses
    Prune {
        /// Only tell what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(ClapArgs)]
#[command(after_help = examples!("
  prizm best text-to-image
  prizm best text-to-image \"a red fox\" --option width=2048 --max-cost 0.05 --explain
  prizm best text-to-image --prefer cheap --json > decision.json
  prizm best --replay decision.json
  prizm best text-to-text --criteria '{\"deadline_ms\": 2000, \"location\": \"local\"}'"))]
pub(crate) struct Best {
    /// What is wanted, such as text-to-image
    #[arg(required_unless_present_any = ["replay", "request"])]
    pub(crate) capability: Option<String>,
    /// The text for text-to-*, else a path: what the call would cost depends on it
    pub(crate) input: Option<String>,
    /// An option of the model; may be given many times
    #[arg(long = "option", value_name = "NAME=VALUE")]
    pub(crate) options: Vec<String>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Show every provider that is known and what became of it
    #[arg(long)]
    pub(crate) explain: bool,
    /// Make a decision again from what --json printed, and check that it comes out the same
    #[arg(long, value_name = "FILE", conflicts_with_all = ["capability", "request"])]
    pub(crate) replay: Option<PathBuf>,
    /// Show a decision that `prizm run` carried out, and what came of each try; `last` is the last one
    #[arg(long, value_name = "DECISION", conflicts_with = "capability")]
    pub(crate) request: Option<String>,
}

#[derive(ClapArgs)]
#[command(after_help = examples!("
  prizm dev
  prizm dev ./echo --set apiKey=k --hide ping
  prizm dev ./echo --method transform -v
  echo 'run echo hello times=3' | prizm dev ./echo --no-watch -q
  prizm dev ./echo --json | jq -c 'select(.event == \"received\") | [.method, .ms]'"))]
pub(crate) struct Dev {
    /// The provider's directory
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Show only frames of this method, and of its calls; may be given many times
    #[arg(long = "method", value_name = "METHOD")]
    pub(crate) methods: Vec<String>,
    /// Hide frames of this method, `noise` or `stderr`; may be given many times
    #[arg(long, value_name = "METHOD")]
    pub(crate) hide: Vec<String>,
    /// A setting of the provider; may be given many times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Build and start it once: changes are not looked for
    #[arg(long)]
    pub(crate) no_watch: bool,
}

#[derive(ClapArgs)]
#[command(after_help = examples!("
  prizm completions bash > ~/.local/share/bash-completion/completions/prizm
  prizm completions zsh > \"${fpath[1]}/_prizm\"
  prizm completions fish > ~/.config/fish/completions/prizm.fish"))]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds, such as 30 or 0.5".to_owned())?;
    match std::time::Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Err(_) if seconds > 0.0 => Err("expected less, such as 3600".to_owned()),
        _ => Err("expected more than 0 seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn seconds_are_positive_numbers() {
        assert_eq!(seconds("0.5"), Ok(std::time::Duration::from_millis(500)));
        for bad in ["", "x", "0", "-1", "NaN", "inf", "1e400"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
