//! Media: what they are, where they come from, and that they are saved whole or not at all.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use prizm_registry::{Capability, ErrorKind, Media, MediaKind, Model, PluginCommand};
use prizm_tests::{Lab, program, within};

use crate::registry::{TEXT, builder, close, provider, registry};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

fn pipe(path: &Path) {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the path is a string that ends with NUL.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

/// Nothing of a save that failed, or succeeded, is left beside the target.
fn no_rest(directory: &Path) {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let rest: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".prizm-")).collect();
    assert!(rest.is_empty(), "{rest:?}");
}

async fn picture(model: &Model) -> Media {
    within(60, "a picture", model.transform("a fox").into_future()).await.unwrap()
}

#[tokio::test]
async fn a_file_is_what_its_content_says() {
    let lab = crate::lab();
    for (name, content, kind, mime) in [
        ("lies.txt", PNG, MediaKind::Image, "image/png"),
        ("poem", "déjà vu".as_bytes(), MediaKind::Text, "text/plain"),
        ("sound.png", b"RIFF\x24\0\0\0WAVEfmt ", MediaKind::Audio, "audio/x-wav"),
        ("film", b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2", MediaKind::Video, "video/mp4"),
        ("thing.bin", b"glTF\x02\0\0\0", MediaKind::ThreeD, "model/gltf-binary"),
    ] {
        let path = lab.file(name);
        fs::write(&path, content).unwrap();
        let media = Media::from_path(&path).await.unwrap();
        assert_eq!((media.kind(), media.mime(), media.name()), (kind, mime, Some(name)));
        assert_eq!((media.path(), media.bytes().await.unwrap().as_slice()), (Some(path.as_path()), content));
        let media = Media::from_bytes(content).unwrap();
        assert_eq!((media.kind(), media.mime(), media.path()), (kind, mime, None));
        assert_eq!(media.bytes().await.unwrap(), content);
    }
    let text = Media::from(String::from("a red fox"));
    assert_eq!((text.kind(), text.as_text(), text.hash()), (MediaKind::Text, Some("a red fox"), None));
    assert_eq!(Media::from_bytes(*b"plain").unwrap().as_text(), Some("plain"));
}

#[tokio::test]
async fn what_cannot_be_an_input_is_named() {
    let lab = crate::lab();
    fs::write(lab.file("empty"), b"").unwrap();
    fs::write(lab.file("unknown"), b"\x00\x01\x02\x03").unwrap();
    pipe(&lab.file("pipe"));
    for (path, says) in [
        (lab.file("missing.png"), "there is no such file"),
        (lab.file("work"), "it is a directory"),
        (lab.file("pipe"), "it is no regular file"),
        (lab.file("empty"), "it is empty"),
        (lab.file("unknown"), "no known kind of media"),
        // A file that even the superuser may not read from its beginning.
        ("/proc/self/mem".into(), "Input/output error"),
    ] {
        let error = within(10, says, Media::from_path(&path)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error:?}");
        let message = error.to_string();
        assert!(message.contains(says) && message.contains(&path.display().to_string()), "{error:?}");
        assert!(error.hint().is_some(), "{error:?}");
    }
    let error = Media::from_bytes(*b"\x00\x01\x02\x03").unwrap_err();
    assert!(error.to_string().contains("4 bytes"), "{error:?}");
}

#[tokio::test]
async fn a_save_that_fails_leaves_the_target_as_it_was() {
    let lab = crate::lab();
    let (source, target) = (lab.file("source.png"), lab.file("target.png"));
    fs::write(&source, PNG).unwrap();
    fs::write(&target, "precious").unwrap();
    let media = Media::from_path(&source).await.unwrap();
    fs::remove_file(&source).unwrap();
    let error = media.save(&target).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    assert!(error.to_string().contains("target.png"), "{error:?}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");

    let text = Media::from("new");
    pipe(&lab.file("pipe"));
    for (path, says) in [
        (lab.file("nowhere/x.txt"), "No such file"),
        (lab.file("work"), "no regular file"),
        (lab.file("pipe"), "no regular file"),
        (lab.file("target.png").join("x"), "Not a directory"),
    ] {
        let error = within(10, says, text.save(&path)).await.unwrap_err();
        assert!(error.to_string().contains(says) && error.hint().is_some(), "{error:?}");
    }
    assert!(lab.file("work").is_dir(), "a directory is not replaced");
    assert!(fs::symlink_metadata(lab.file("pipe")).unwrap().file_type().is_fifo(), "nor is a pipe");
    no_rest(lab.path());

    text.save(&target).await.unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    Media::from_bytes(PNG).unwrap().save(&target).await.unwrap();
    assert_eq!(fs::read(&target).unwrap(), PNG);
    no_rest(lab.path());
}

#[tokio::test]
async fn an_output_is_saved_across_directories_and_outlives_its_job() {
    let lab = crate::lab();
    let registry = registry(&lab, "good");
    let model = provider(&registry).await.model_for(&Capability::TEXT_TO_IMAGE).unwrap();
    let media = picture(&model).await;
    assert_eq!((media.kind(), media.mime(), media.hash().unwrap().len()), (MediaKind::Image, "image/png", 64));
    let bytes = media.bytes().await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    // Memory is another file system than the home on most machines; it is another directory on all.
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let targets = [lab.file("first.png"), lab.file("second.png"), elsewhere.path().join("third.png")];
    fs::write(&targets[0], "what was here before").unwrap();
    for target in &targets {
        media.save(target).await.unwrap();
    }
    let taken = media.path().unwrap().to_owned();
    let clone = media.clone();
    drop(media);
    assert!(taken.exists(), "a clone holds it");
    drop(clone);
    assert!(!taken.exists(), "it goes with the last of them");
    for target in &targets {
        assert_eq!(fs::read(target).unwrap(), bytes);
        assert_eq!(fs::metadata(target).unwrap().nlink(), 1, "nobody shares the user's file");
        no_rest(target.parent().unwrap());
    }
    close(&lab, &registry).await;
}

#[tokio::test]
async fn a_file_that_a_provider_overwrites_is_a_copy() {
    let lab = crate::lab();
    let registry = registry(&lab, "modifies-input");
    let source = lab.file("poem.txt");
    fs::write(&source, "mine").unwrap();
    let model = provider(&registry).await.model("file").unwrap();
    let media = Media::from_path(&source).await.unwrap();
    let made = within(30, "the picture", model.transform(&media).into_future()).await.unwrap();
    assert_eq!(made.kind(), MediaKind::Image);
    assert_eq!(lab.confessions("modifies-input"), 1);
    assert_eq!(fs::read_to_string(&source).unwrap(), "mine");
    close(&lab, &registry).await;
}

fn canvas(lab: &Lab) -> prizm_registry::Registry {
    let registry = builder(lab).build().unwrap();
    registry.register("canvas", PluginCommand::new(program("prizm")).args(["__plugin", "canvas"])).unwrap();
    registry
}

#[tokio::test]
async fn an_output_is_an_input() {
    let lab = crate::lab();
    let registry = canvas(&lab);
    let canvas = within(60, "canvas", registry.get_provider("canvas")).await.unwrap();
    let card = canvas.model_for(&Capability::TEXT_TO_IMAGE).unwrap();
    let edit = canvas.model_for(&Capability::IMAGE_TO_IMAGE).unwrap();
    let made = card.transform("Prizm").option("width", 64).option("height", 32);
    let made = within(60, "a card", made.into_future()).await.unwrap();
    let outcome = within(60, "an edit", edit.transform(&made).option("rotate", 90).outcome()).await.unwrap();
    let turned = &outcome.outputs[0];
    let size = |media: &Media| {
        let meta = media.meta().unwrap();
        (meta["width"].as_u64().unwrap(), meta["height"].as_u64().unwrap())
    };
    assert_eq!((size(&made), size(turned)), ((64, 32), (32, 64)));
    let again = Media::from_bytes(turned.bytes().await.unwrap()).unwrap();
    let again =
        within(60, "an edit of bytes", edit.transform(again).option("format", "jpeg").into_future()).await.unwrap();
    assert_eq!((again.mime(), size(&again)), ("image/jpeg", (32, 64)));
    assert_eq!(edit.transform("text").check().unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(canvas.model_for(&TEXT).unwrap_err().kind(), ErrorKind::NotFound);
    close(&lab, &registry).await;
}
