//! Media that break one rule each, and traces that a job must not leave.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;

use serde_json::{Value, json};

use crate::channel::bend;
use crate::message::Request;
use crate::mode::{Deed, Mode};
use crate::provider::{image, text, write_image};
use crate::session::Session;

/// The picture in base64.
const BASE64: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEklEQVR42mM4YSOnEbCAAUIBAB+8BHUCDG2NAAAAAElFTkSuQmCC";

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("mime-without-slash", "Answers with a picture of the type `png`.").outputs(|_, directory| {
        write_image(directory, "out/image.png")?;
        Ok(json!([{"kind": "image", "mime": "png", "path": "out/image.png"}]))
    }),
    Mode::new("inline-picture", "Answers text-to-image with a picture in base64.")
        .sends(|message| instead_of_image(message, json!({"kind": "image", "mime": "image/png", "text": BASE64}))),
    Mode::new("picture-in-words", "Answers text-to-image with a text.")
        .sends(|message| instead_of_image(message, text("a red fox, very small"))),
    Mode::new("output-link-inside", "Answers with a link to another output.").outputs(|_, directory| {
        write_image(directory, "out/real.png")?;
        symlink("real.png", directory.join("out/image.png"))?;
        Ok(json!([image("out/image.png")]))
    }),
    Mode::new("writes-beside-out", "Leaves a file beside `out`, and is good.").outputs(|_, directory| {
        fs::write(directory.join("scratch.txt"), b"notes\n")?;
        good(directory)
    }),
    Mode::new("writes-after-answer", "Writes `out/late.txt` --ms (50) after its answer.").outputs(
        |session, directory| {
            let (path, wait) = (directory.join("out/late.txt"), session.options.wait(50));
            thread::spawn(move || {
                thread::sleep(wait);
                if let Err(error) = fs::write(&path, b"one more thing\n") {
                    eprintln!("hostile: {}: {error}", path.display());
                }
            });
            good(directory)
        },
    ),
    Mode::new("breaks-at-missing-input", "Answers a job whose input is not there with -32603.").sends(|message| {
        let missing = message["error"]["message"].as_str().is_some_and(|text| text.ends_with("is not there"));
        missing && bend(&mut message["error"]["code"], json!(-32603)) && bend(&mut message["error"]["data"], json!({}))
    }),
    Mode::new("reads-anywhere", "Takes an input from wherever its path leads.").asked(read_anywhere),
];

fn instead_of_image(message: &mut Value, output: Value) -> bool {
    let first = message.pointer_mut("/result/outputs/0");
    first.filter(|first| first["path"] == "out/image.png").is_some_and(|first| bend(first, output))
}

fn good(directory: &Path) -> io::Result<Value> {
    write_image(directory, "out/image.png")?;
    Ok(json!([image("out/image.png")]))
}

fn read_anywhere(session: &mut Session, request: &mut Request) -> Deed {
    let path = request.params["inputs"][0]["path"].as_str().unwrap_or_default();
    if request.method != "transform" || !(path.starts_with('/') || path.contains("..")) {
        return Deed::Nothing;
    }
    let Some(directory) = request.params["jobDir"].as_str().map(Path::new) else { return Deed::Nothing };
    if let Err(error) = fs::read(directory.join(path)) {
        eprintln!("hostile: {path}: {error}");
    }
    let outputs = match request.params["model"] == "echo" {
        true => Ok(json!([text("what was there")])),
        false => good(directory),
    };
    match outputs {
        Ok(outputs) => session.output.answer(request.id, json!({"outputs": outputs})),
        Err(error) => session.output.refuse(request.id, -32603, &format!("out/image.png: {error}")),
    }
    Deed::Done
}
