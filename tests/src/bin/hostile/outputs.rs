//! Outputs that are not what, or not where, they are said to be.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::json;

use crate::job::Job;
use crate::mode::Mode;
use crate::provider::{PNG, image, text, write_image};
use crate::session::Session;
use crate::sys;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("output-dotdot", "Writes `../escape.png` and answers with it.").outputs(|_, directory| {
        write_image(directory, "../escape.png")?;
        Ok(json!([image("../escape.png")]))
    }),
    Mode::new("output-dotdot-inside", "Answers with `out/../out/image.png`, which exists.").outputs(|_, directory| {
        write_image(directory, "out/image.png")?;
        Ok(json!([image("out/../out/image.png")]))
    }),
    Mode::new("output-absolute", "Answers with the absolute path of a good output.").outputs(|_, directory| {
        write_image(directory, "out/image.png")?;
        Ok(json!([image(&directory.join("out/image.png").to_string_lossy())]))
    }),
    Mode::new("output-symlink", "Answers with a link to /etc/passwd.").outputs(|_, directory| {
        fs::create_dir_all(directory.join("out"))?;
        symlink("/etc/passwd", directory.join("out/link"))?;
        Ok(json!([{"kind": "text", "mime": "text/plain", "path": "out/link"}, image("out/link")]))
    }),
    Mode::new("output-symlink-directory", "Answers with a file below a link to a directory.").outputs(
        |_, directory| {
            fs::create_dir_all(directory.join("real"))?;
            fs::create_dir_all(directory.join("out"))?;
            fs::write(directory.join("real/image.png"), PNG)?;
            symlink("../real", directory.join("out/link"))?;
            Ok(json!([image("out/link/image.png")]))
        },
    ),
    Mode::new("output-out-is-symlink", "Replaces `out` by a link to a directory elsewhere.").outputs(|_, directory| {
        fs::create_dir_all(directory.join("elsewhere"))?;
        fs::write(directory.join("elsewhere/image.png"), PNG)?;
        let _ = fs::remove_dir_all(directory.join("out"));
        symlink("elsewhere", directory.join("out"))?;
        Ok(json!([image("out/image.png")]))
    }),
    Mode::new("output-hardlink", "Answers with a hard link to a picture outside `out`.").outputs(|_, directory| {
        fs::create_dir_all(directory.join("out"))?;
        fs::write(directory.join("hidden.png"), PNG)?;
        fs::hard_link(directory.join("hidden.png"), directory.join("out/image.png"))?;
        Ok(json!([image("out/image.png")]))
    }),
    Mode::new("output-fifo", "Answers with a named pipe that nobody writes to.").outputs(|_, directory| {
        fs::create_dir_all(directory.join("out"))?;
        sys::make_fifo(&directory.join("out/image.png"))?;
        Ok(json!([image("out/image.png")]))
    }),
    Mode::new("output-directory", "Answers with a directory.").outputs(|_, directory| {
        fs::create_dir_all(directory.join("out/image.png"))?;
        Ok(json!([image("out/image.png")]))
    }),
    Mode::new("output-missing", "Answers with a file that does not exist.")
        .outputs(|_, _| Ok(json!([image("out/image.png")]))),
    Mode::new("output-empty", "Answers with an empty file.").outputs(|_, directory| {
        fs::create_dir_all(directory.join("out"))?;
        fs::write(directory.join("out/image.png"), b"")?;
        Ok(json!([image("out/image.png")]))
    }),
    Mode::new("output-mime-lies", "Says image/png of a text.").outputs(|_, directory| {
        fs::create_dir_all(directory.join("out"))?;
        fs::write(directory.join("out/image.png"), b"I am a picture. Believe me.\n")?;
        Ok(json!([image("out/image.png")]))
    }),
    Mode::new("output-kind-lies", "Says audio of a picture.").outputs(|_, directory| {
        write_image(directory, "out/image.png")?;
        Ok(json!([{"kind": "audio", "mime": "audio/wav", "path": "out/image.png"}]))
    }),
    Mode::new("output-wrong-kind", "Answers text-to-image with a text.").outputs(|_, _| Ok(json!([text("a red fox")]))),
    Mode::new("output-outside-out", "Writes `in/image.png` and answers with it.").outputs(|_, directory| {
        make_writable(&directory.join("in"))?;
        fs::write(directory.join("in/image.png"), PNG)?;
        Ok(json!([image("in/image.png")]))
    }),
    Mode::new("output-sparse-huge", "Answers with a file of 1 TB that has no contents.").outputs(|_, directory| {
        write_image(directory, "out/image.png")?;
        OpenOptions::new().write(true).open(directory.join("out/image.png"))?.set_len(1 << 40)?;
        Ok(json!([image("out/image.png")]))
    }),
    Mode::new("output-url-file", "Answers with the URL file:///etc/passwd.")
        .outputs(|_, _| Ok(json!([{"kind": "image", "mime": "image/png", "url": "file:///etc/passwd"}]))),
    Mode::new("output-url-loopback", "Answers with a URL on the host's own loopback.")
        .outputs(|_, _| Ok(json!([{"kind": "image", "mime": "image/png", "url": "http://127.0.0.1:9/image.png"}]))),
    Mode::new("output-two-sources", "Answers with an output that has a text, a path and a URL.").outputs(
        |_, directory| {
            write_image(directory, "out/image.png")?;
            let url = "https://example.org/image.png";
            Ok(json!([{"kind": "image", "mime": "image/png", "text": "a fox", "path": "out/image.png", "url": url}]))
        },
    ),
    Mode::new("output-no-source", "Answers with an output that has neither text, path nor URL.")
        .outputs(|_, _| Ok(json!([{"kind": "image", "mime": "image/png"}]))),
    Mode::new("output-twice", "Answers with one file as two outputs.").outputs(|_, directory| {
        write_image(directory, "out/image.png")?;
        Ok(json!([image("out/image.png"), image("out/image.png")]))
    }),
    Mode::new("output-nul-in-path", "Answers with a path that holds a NUL.")
        .outputs(|_, _| Ok(json!([image("out/image\u{0}.png")]))),
    Mode::new("output-unreadable", "Answers with a file that nobody may read.").outputs(|_, directory| {
        write_image(directory, "out/image.png")?;
        fs::set_permissions(directory.join("out/image.png"), Permissions::from_mode(0o000))?;
        Ok(json!([image("out/image.png")]))
    }),
    Mode::new("no-outputs", "Answers with an empty list of outputs.").outputs(|_, _| Ok(json!([]))),
    Mode::new("modifies-input", "Overwrites every file under `in`, or says on stderr that it may not, and is good.")
        .outputs(|_, directory| {
            overwrite_inputs(directory)?;
            write_image(directory, "out/image.png")?;
            Ok(json!([image("out/image.png")]))
        }),
    Mode::new("output-modified-after", "Answers, then rewrites the output through a descriptor that it kept open.")
        .transform(modify_after),
];

/// Gives itself the right to write, as the owner of a directory can.
fn make_writable(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

fn overwrite_inputs(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory.join("in")).into_iter().flatten() {
        let path = entry?.path();
        let overwrite = || {
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            OpenOptions::new().write(true).truncate(true).open(&path)?.write_all(b"overwritten by hostile\n")
        };
        if let Err(error) = overwrite() {
            eprintln!("hostile: {} stays as it is: {error}", path.display());
        }
    }
    Ok(())
}

fn modify_after(session: &mut Session, job: Job) {
    let Some(directory) = job.directory() else {
        return session.output.refuse(job.id, -32602, "`jobDir` is missing; use the model `file`");
    };
    let kept = write_image(directory, "out/image.png")
        .and_then(|()| OpenOptions::new().write(true).open(directory.join("out/image.png")));
    match kept {
        Ok(file) => {
            session.output.answer(job.id, json!({"outputs": [image("out/image.png")]}));
            if let Err(error) = rewrite(file) {
                eprintln!("hostile: the output stays as it was: {error}");
            }
        }
        Err(error) => session.output.refuse(job.id, -32603, &format!("out/image.png: {error}")),
    }
}

fn rewrite(mut file: File) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all(b"not a picture any more\n")
}
