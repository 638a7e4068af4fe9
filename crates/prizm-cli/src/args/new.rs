//! What `prizm new` can be told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Args)]
#[command(after_help = examples!("
  prizm new python demo
  prizm new rust ~/providers/acme-sd
  prizm new typescript . --id acme-sd"))]
pub(crate) struct New {
    /// The language
    #[arg(value_enum, value_name = "LANG")]
    pub(crate) language: Language,
    /// Where it goes: a directory that does not exist yet, or is empty
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) directory: PathBuf,
    /// What the provider is called; without it, the last part of DIR
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

/// The languages that a provider can be begun in.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    Rust,
    Typescript,
    Python,
    Bash,
}

impl Language {
    /// Returns the word for it on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Typescript => "typescript",
            Self::Python => "python",
            Self::Bash => "bash",
        }
    }

    /// Returns its name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Typescript => "TypeScript",
            Self::Python => "Python",
            Self::Bash => "Bash",
        }
    }
}
