//! The bundled provider `canvas` through the command: the first thing that anybody does with it.

use std::fs;
use std::path::Path;

use prizm_tests::Home;

/// Reads the size in a PNG's header.
fn size(path: &Path) -> (u32, u32) {
    let bytes = fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && &bytes[12..16] == b"IHDR", "{} is no PNG", path.display());
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[tokio::test]
async fn a_text_becomes_a_picture() {
    let home = Home::new();
    let ended = home.run(&["run", "text-to-image", "Hello from Prizm", "-o", "hello.png"]).await;
    assert_eq!((ended.ok(), ended.stderr.as_str()), ("hello.png\n", ""), "{ended}");
    assert_eq!(size(&home.file("hello.png")), (1024, 1024));
    let again = home.run(&["run", "canvas/card", "Hello from Prizm", "-o", "again.png"]).await;
    again.ok();
    let same = fs::read(home.file("again.png")).unwrap() == fs::read(home.file("hello.png")).unwrap();
    assert!(same, "the same text gives the same bytes");

    let long = "Ein langer Satz voller Wörter: çédille, naïveté, œuvre, Ångström, žluťoučký kůň. ".repeat(12);
    for (name, width, height) in [("wide.png", "400", "200"), ("tall.png", "200", "400")] {
        let options = [format!("width={width}"), format!("height={height}")];
        let ended =
            home.run(&["run", "canvas", &long, "-o", name, "--option", &options[0], "--option", &options[1]]).await;
        assert_eq!((ended.ok(), ended.stderr.as_str()), (&*format!("{name}\n"), ""), "nothing was left out: {ended}");
        assert_eq!(size(&home.file(name)), (width.parse().unwrap(), height.parse().unwrap()));
    }
    let blank = ["run", "canvas", " . ", "--option", "width=400", "--option", "height=200", "-o", "blank.png"];
    home.run(&blank).await.ok();
    let bytes = |name: &str| fs::metadata(home.file(name)).unwrap().len();
    assert!(bytes("wide.png") > 2 * bytes("blank.png"), "there is something to see");
}

#[tokio::test]
async fn a_picture_that_it_made_is_changed() {
    let home = Home::new();
    let small = ["--option", "width=96", "--option", "height=64"];
    home.run(&[&["run", "text-to-image", "Prizm", "-o", "card.png"][..], &small].concat()).await.ok();
    let ended = home.run(&["run", "image-to-image", "card.png", "-o", "half.png", "--option", "width=48"]).await;
    assert_eq!(ended.ok(), "half.png\n");
    assert_eq!(size(&home.file("half.png")), (48, 32));
    let turned = home.run(&["run", "canvas", "half.png", "--option", "rotate=90", "--json"]).await.json();
    assert_eq!((&turned["model"], &turned["outputs"][0]["path"]), (&"edit".into(), &"canvas-edit.png".into()));
    assert_eq!(size(&home.file("canvas-edit.png")), (32, 48));
    for (name, magic) in [("half.jpg", &b"\xff\xd8\xff"[..]), ("half.webp", b"RIFF"), ("half.gif", b"GIF8")] {
        let ended = home.run(&["run", "image-to-image", "half.png", "-o", name]).await;
        assert_eq!((ended.ok().trim_end(), ended.stderr.as_str()), (name, ""), "{ended}");
        assert!(fs::read(home.file(name)).unwrap().starts_with(magic), "the name chooses the format: {name}");
    }
    let picture = fs::read(home.file("half.png")).unwrap();
    let ended = home.feed(&["run", "image-to-image", "-", "-o", "piped.png", "--option", "grayscale=true"], &picture);
    assert_eq!(ended.await.ok(), "piped.png\n");
    assert_eq!(size(&home.file("piped.png")), (48, 32));
}

#[tokio::test]
async fn what_it_cannot_do_it_says() {
    let home = Home::new();
    let error = home.run(&["run", "canvas/card", "", "--json"]).await.error(7);
    assert!(error["message"].as_str().unwrap().contains("empty") && error["hint"].is_string(), "{error}");
    let long = "word ".repeat(5000);
    let tiny = ["run", "canvas/card", &long, "--option", "width=64", "--option", "height=64", "--json"];
    let error = home.run(&tiny).await.error(7);
    assert!(error["message"].as_str().unwrap().contains("does not fit"), "{error}");
    let cut = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02";
    fs::write(home.file("cut.png"), cut).unwrap();
    let error = home.run(&["run", "image-to-image", "cut.png", "-o", "x.png", "--json"]).await.error(7);
    assert_eq!((&error["kind"], &error["stage"]), (&"InvalidMedia".into(), &"call".into()), "{error}");
    assert_eq!(home.files(), ["cut.png"], "no output of what failed");
    assert!(home.work().is_empty(), "{:?}", home.work());
}
