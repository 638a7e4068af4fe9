//! The limit of what the seam can reach: a plugin over anonymous pipes with nothing around it, blocking on both sides.
//! It takes the words of the other hosts of the benchmark and prints one line of JSON:
//! `--mode bytes|json|tmpfs --metrics cold,seq,tput,crash,bulk --seq-n N …`. It starts itself as the plugin.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

#[expect(dead_code, reason = "the other host of the benchmark has more of them")]
#[path = "../seam/figures.rs"]
mod figures;
mod measure;
mod plugin;
mod settings;
mod wire;

use std::error::Error;

use serde_json::Value;

use settings::{Mode, Settings};
use wire::{Bytes, Json};

/// The word by which the program is the plugin.
const PLUGIN: &str = "plugin";

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if let [PLUGIN, mode] = *words.iter().map(String::as_str).collect::<Vec<_>>() {
        return Ok(match Mode::of(mode)? {
            Mode::Json => plugin::serve::<Json>(),
            Mode::Bytes | Mode::Tmpfs => plugin::serve::<Bytes>(),
        }?);
    }
    let settings = Settings::read(words.into_iter())?;
    let figures = match settings.mode {
        Mode::Json => measure::calls::<Json>(&settings),
        Mode::Bytes => measure::calls::<Bytes>(&settings),
        Mode::Tmpfs => measure::files(&settings),
    }?;
    println!("{}", Value::Object(figures));
    Ok(())
}
