//! The host of the benchmark of the seam, through the public API of the registry with everything switched on. It prints
//! one line of JSON, so that it runs beside other hosts: `--metrics idle,cold,seq,tput,crash,bulk --seq-n N …`.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod figures;
mod measure;
mod settings;

use std::error::Error;

use serde_json::{Map, Value};
use tokio::runtime::Builder;

use settings::Settings;

fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::read(std::env::args().skip(1))?;
    let one_thread = settings.runtime == "ct";
    let work = async move {
        let mut figures = Map::from_iter([("peer".to_owned(), Value::from(settings.peer.clone()))]);
        measure::all(&settings, &mut figures).await?;
        Ok::<_, prizm_registry::Error>(figures)
    };
    let mut runtime = if one_thread { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    // The work is a task, as a handler of requests would be: what is blocked on costs more to wake.
    let figures = runtime.enable_all().build()?.block_on(async { tokio::spawn(work).await })??;
    println!("{}", Value::Object(figures));
    Ok(())
}
