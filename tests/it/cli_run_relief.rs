//! The bundled provider `relief` through the command: solids of a text and of a picture.

use std::fs;
use std::path::Path;

use prizm_tests::Home;

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Counts the triangles of a binary STL.
fn triangles(path: &Path) -> usize {
    let bytes = fs::read(path).unwrap();
    let count = word(&bytes, 80);
    assert_eq!(bytes.len(), 84 + 50 * count, "{} is no STL", path.display());
    count
}

#[tokio::test]
async fn a_text_becomes_letters_in_the_format_of_the_outputs_name() {
    let home = Home::new();
    let ended = home.run(&["run", "text-to-3d", "Prizm", "-o", "prizm.stl"]).await;
    assert_eq!((ended.ok(), ended.stderr.as_str()), ("prizm.stl\n", ""), "{ended}");
    let alone = triangles(&home.file("prizm.stl"));
    home.run(&["run", "relief", "Prizm", "-o", "plate.stl", "--option", "plate=true"]).await.ok();
    assert!(alone > 300 && triangles(&home.file("plate.stl")) > alone);
    let ended = home.run(&["run", "text-to-3d", "Prizm", "--json"]).await.json();
    assert_eq!((&ended["model"], &ended["outputs"][0]["path"]), (&"letters".into(), &"relief-letters.glb".into()));
    let glb = fs::read(home.file("relief-letters.glb")).unwrap();
    assert!(glb.starts_with(b"glTF\x02\0\0\0") && word(&glb, 8) == glb.len());
}

#[tokio::test]
async fn a_picture_of_canvas_becomes_a_relief() {
    let home = Home::new();
    let small = ["--option", "width=64", "--option", "height=32"];
    home.run(&[&["run", "text-to-image", "Prizm", "-o", "card.png"][..], &small].concat()).await.ok();
    let ended = home.run(&["run", "image-to-3d", "card.png", "-o", "card.stl"]).await;
    assert_eq!((ended.ok(), ended.stderr.as_str()), ("card.stl\n", ""), "{ended}");
    assert_eq!(triangles(&home.file("card.stl")), 2 * 63 * 31 + 3 * 2 * (63 + 31));
    let ended = home.run(&["run", "image-to-3d", "card.png", "-o", "card.glb", "--option", "resolution=20"]).await;
    assert_eq!(ended.ok(), "card.glb\n");
    assert!(fs::read(home.file("card.glb")).unwrap().starts_with(b"glTF"));
}

#[tokio::test]
async fn what_it_cannot_do_it_says() {
    let home = Home::new();
    let long = "long ".repeat(390);
    for (text, kind, part) in [("", "InvalidMedia", "empty"), (&long, "ResourceExhausted", "2000 mm a side")] {
        let error = home.run(&["run", "relief/letters", text, "-o", "x.stl", "--json"]).await.error(7);
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
        assert_eq!(error["kind"], kind, "{error}");
    }
    fs::write(home.file("cut.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02").unwrap();
    let error = home.run(&["run", "image-to-3d", "cut.png", "-o", "x.stl", "--json"]).await.error(7);
    assert_eq!(error["kind"], "InvalidMedia", "{error}");
    assert_eq!(home.files(), ["cut.png"], "no output of what failed");
}
