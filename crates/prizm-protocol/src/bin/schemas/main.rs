//! Prints the published descriptions of the protocol, made of its types: an object of paths below `protocol/` and the
//! text of each file. `cargo xtask codegen` runs it and writes them down.

mod documents;
mod frames;
mod methods;
mod openrpc;
mod polish;

use std::error::Error;
use std::io::Write;

use serde_json::{Map, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = Map::new();
    for (name, document) in documents::all()? {
        files.insert(format!("schema/1.0/{name}.json"), text(&document)?);
    }
    files.insert("openrpc.json".to_owned(), text(&openrpc::document()?)?);
    serde_json::to_writer(std::io::stdout(), &files)?;
    std::io::stdout().flush()?;
    Ok(())
}

/// A file as it is written: indented by two, with a line end.
fn text(document: &Value) -> Result<Value, serde_json::Error> {
    Ok(Value::String(format!("{}\n", serde_json::to_string_pretty(document)?)))
}
