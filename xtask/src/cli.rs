//! The command line, and the help that teaches it.

use clap::{Parser, Subcommand, ValueEnum};

use crate::bench;

/// The contributor's commands of Prizm
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  cargo xtask test          what continuous integration runs
  cargo xtask test --fast   the same on a machine that is set up
  cargo xtask tidy          seconds: the rules of the repository
  cargo xtask codegen       after a change of the protocol's types or rules
  cargo xtask conformance   minutes: the matrix of rules and misbehaviour
  cargo xtask bench --quick a minute: see that the benchmarks work
  cargo xtask demo          see the product work
  cargo xtask demo routing  see how one of five providers is chosen
  cargo xtask new rust tint begin a bundled provider";

/// One contributor's command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Install what the tests need, where it is missing
    ///
    /// Looks for each program and its version, and for cargo's rustfmt and clippy. What is missing is installed with
    /// apt-get when this is root or sudo asks no password; otherwise the exact line to run is printed and the command
    /// fails. Changes nothing when all is there.
    Setup,

    /// Set up, check and test everything; stops at the first failure
    ///
    /// In order: setup, formatting, clippy with warnings denied, tidy, the generated files, the binaries, all Rust tests (with
    /// cargo-nextest when it is installed), documentation tests, the documentation with warnings denied, and the
    /// Python tests of every plugin that has them. Each step prints its time; a failure prints the line that
    /// reproduces it.
    #[command(visible_alias = "ci")]
    Test {
        /// Skip setup: this machine has what the tests need
        #[arg(long)]
        fast: bool,
    },

    /// Check the rules of the repository; reports every fault at once
    ///
    /// Which crate may depend on which, the length of files, unfinished work, crate manifests, paths of somebody's
    /// machine, forgotten test files, links in documents, what documents quote, the README's commands, the example messages. Reads the
    /// files that git tracks and the new ones that it does not ignore. Also a test of this package, so `cargo test`
    /// enforces it.
    Tidy,

    /// Write the files that are made of others
    ///
    /// The JSON Schemas and the OpenRPC document below protocol/, of the types in crates/prizm-protocol; the list of
    /// requirements, of the tables in protocol/SPEC.md. They are committed, so that readers need no build.
    Codegen {
        /// Write nothing; fail where a file is not what its source says
        #[arg(long)]
        check: bool,
    },

    /// Print the matrix of the protocol's rules and of plugins that break them
    ///
    /// For each rule for plugins there is a mode of the hostile plugin that breaks it: its check must fail, and no
    /// other. Prints a line for each mode with a letter for each rule, and what is wrong, if anything. It is a test of
    /// `prizm-tests`, so `cargo xtask test` runs it too.
    Conformance {
        /// Rules to try, such as CH-2; all by default
        #[arg(value_name = "RULE")]
        rules: Vec<String>,
    },

    /// Measure what the seam between a program and its plugins costs
    ///
    /// Builds for release, and measures in turn, for some rounds: the raw pipe, the same with JSON and by a file in
    /// memory, our host through the public API, plugins with the SDKs beside bare interpreters, the start of `prizm`, and,
    /// where they were built, peers. Ratios are taken within a round. Prints a table with a row for each target; it,
    /// the conditions and the plots are written to tests/benches, where README.md keeps what people wrote. All samples
    /// are in a file below bench/ in cargo's target directory, of which --report makes the tables again. What is about
    /// one core runs on the one that has the least to do; a sample during which the hypervisor gave more than 15 % to
    /// others is taken anew, twice at most.
    Bench(bench::Options),

    /// Run the README's main command and print the path of the result, or show how a provider is chosen
    ///
    /// Takes the command from README.md, so that it is the one that a reader runs. `routing` registers five offerings
    /// with prices and times of their kinds, and runs the commands of crates/prizm-route/README.md. The result and a
    /// PRIZM_HOME of its own go to demo/ in cargo's target directory; nothing of yours is touched.
    Demo {
        /// What to show
        #[arg(value_enum, default_value = "main")]
        what: Demo,
    },

    /// Begin a bundled provider in plugins/ID
    ///
    /// It is what `prizm new` makes, as a part of this repository: in Rust a member of the workspace that `prizm` links
    /// and starts itself as, in Python and Bash files that `prizm` embeds. The SDK is the repository's own. It is
    /// registered where `prizm`, cargo and tidy look for it; `git diff` shows where. A provider in TypeScript is not
    /// bundled, since what is embedded is not compiled: `prizm new typescript DIR` begins one elsewhere.
    New {
        /// The language
        #[arg(value_enum, value_name = "LANG")]
        language: Language,
        /// What the provider is called
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// What there is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Demo {
    /// The README's main command.
    Main,
    /// How a provider is chosen.
    Routing,
}

/// The languages of bundled providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Linked.
    Rust,
    /// Embedded.
    Python,
    /// Embedded.
    Bash,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn ci_is_test() {
        for (line, fast) in [("test", false), ("ci", false), ("test --fast", true)] {
            let words = ["cargo xtask"].into_iter().chain(line.split(' '));
            let cli = Cli::try_parse_from(words).unwrap();
            assert!(matches!(cli.command, Command::Test { fast: f } if f == fast), "{line}");
        }
    }

    #[test]
    fn every_command_has_a_long_help() {
        for command in Cli::command().get_subcommands() {
            let about = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.lines().count() > 1, "`{}` explains itself in one line only", command.get_name());
        }
    }
}
