//! The host of the benchmark of the seam, through the public API of the registry with everything switched on. It prints
//! one line of JSON, so that it runs beside other hosts: `--metrics idle,cold,seq,tput,crash,bulk --seq-n N …`.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod figures;
mod measure;
mod settings;

use std::error::Error;
use std::path::PathBuf;

use serde_json::{Map, Value};

use settings::Settings;

/// Returns the plugin, which is built beside this program.
fn plugin() -> std::io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("seam_plugin"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::read(std::env::args().skip(1))?;
    let runtime = match settings.runtime.as_str() {
        "ct" => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        _ => tokio::runtime::Builder::new_multi_thread().enable_all().build()?,
    };
    let plugin = settings.plugin.clone().map_or_else(plugin, Ok)?;
    let peer = Value::from(settings.peer.clone());
    let mut figures = Map::from_iter([("peer".to_owned(), peer)]);
    // The caller is a task, as a handler of requests would be.
    let work = async move {
        measure::all(&settings, &plugin, &mut figures).await?;
        Ok::<_, prizm_registry::Error>(figures)
    };
    let figures = if runtime.metrics().num_workers() == 1 {
        runtime.block_on(work)?
    } else {
        runtime.block_on(async { tokio::spawn(work).await })??
    };
    println!("{}", Value::Object(figures));
    Ok(())
}
