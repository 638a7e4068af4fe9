//! `prizm key`.

use clap::{Args, Subcommand};

/// What can be done with keys.
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Keep a key in the keyring, in place of the one before
    ///
    /// Its value is asked for on the terminal, where it is not shown, or read from stdin where that is none. It cannot
    /// be given as an argument: arguments are seen by everybody on the machine.
    #[command(after_help = examples!("
  prizm key set fal-ai
  prizm key set openai apiKey < key.txt
  pass show openai | prizm key set openai"))]
    Set(KeyName),
    /// Take a key out of the keyring
    #[command(after_help = examples!("
  prizm key remove fal-ai
  prizm key remove openai apiKey"))]
    Remove(KeyName),
    /// List the keys of all providers, and where each comes from; never their values
    ///
    /// ORIGIN is `settings` (config.toml), `environment` (a variable that is granted), `keyring` or `absent`; the first
    /// that has it counts, in this order.
    #[command(after_help = examples!("
  prizm key list
  prizm key list --json"))]
    List,
}

#[derive(Args)]
pub(crate) struct KeyName {
    /// The provider: its id
    pub(crate) provider: String,
    /// The setting; by default the only one that the provider's manifest names as a key
    pub(crate) setting: Option<String>,
}
