//! What comes with the program is known before it has been installed, and that is what it is.

use std::path::{Path, PathBuf};

use prizm_registry::Registry;
use prizm_tests::{Home, Running};
use serde_json::{Value, json};

/// Seconds that may pass until the slowest is installed.
const LONG: u64 = 300;

fn plugins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins").canonicalize().unwrap()
}

/// Returns the providers whose declaration comes along with their files.
fn declared() -> Vec<String> {
    let names = std::fs::read_dir(plugins()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| plugins().join(name).join("declaration.json").exists()).collect();
    names.sort();
    names
}

/// Prints a declaration with a line for each model, so that a difference can be read.
fn printed(declaration: &Value) -> String {
    let models: Vec<_> = declaration["models"].as_array().unwrap().iter().map(|model| format!("  {model}")).collect();
    let mut rest = declaration.clone();
    rest["models"] = json!([]);
    let rest = serde_json::to_string_pretty(&rest).unwrap();
    rest.replace("\"models\": []", &format!("\"models\": [\n{}\n  ]", models.join(",\n"))) + "\n"
}

/// `WRITE_DECLARATIONS=1` writes what they declare: read the difference before it is taken.
#[tokio::test]
async fn what_comes_along_is_what_they_declare() {
    let home = Home::new();
    let registry = Registry::builder().home(home.path()).build().unwrap();
    for name in declared() {
        let directory = plugins().join(&name);
        let source = format!("file://{}", directory.display());
        let loading = tokio::time::timeout(std::time::Duration::from_secs(LONG), registry.link_provider(&source));
        let provider = loading.await.unwrap().unwrap_or_else(|error| panic!("{name}: {error}"));
        let declared = serde_json::to_value(&*provider.info().unwrap().declaration).unwrap();
        let file = directory.join("declaration.json");
        if std::env::var_os("WRITE_DECLARATIONS").is_some() {
            std::fs::write(&file, printed(&declared)).unwrap();
        }
        let along: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        // Some take as many jobs as the machine has processors.
        let anywhere = |mut declaration: Value| {
            declaration["limits"].take();
            declaration
        };
        assert_eq!(anywhere(along), anywhere(declared), "{name}: renew its declaration.json with WRITE_DECLARATIONS=1");
    }
    registry.shutdown().await;
}

#[tokio::test]
async fn a_fresh_machine_shows_what_works_and_what_is_lacking() {
    let home = Home::new();
    let ended = home.run(&["providers", "--json", "--offline"]).await;
    assert!(!ended.stderr.contains("dependencies"), "nothing is installed for it: {ended}");
    let list = ended.json();
    let of = |id: &str| list.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    assert_eq!((&of("ffmpeg")["status"], &of("ffmpeg")["lacks"]), (&json!("available"), &json!([])));
    let fal = of("fal-ai");
    assert_eq!((&fal["status"], &fal["source"]), (&json!("needs-key"), &json!("bundled")));
    assert_eq!(fal["lacks"][0]["env"], json!(["FAL_KEY"]));
    let remedy = fal["lacks"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("prizm key set fal-ai apiKey") && remedy.contains("grantEnv = [\"FAL_KEY\"]"), "{remedy}");
    let shown = home.run(&["providers"]).await;
    assert!(shown.ok().contains("fal-ai: it needs the key `apiKey` (FAL_KEY): "), "{shown}");

    home.configure("[providers.fal-ai]\napiKey = \"not-shown\"");
    let given = home.run(&["providers", "--json"]).await;
    assert!(!given.stdout.contains("not-shown") && !given.stderr.contains("not-shown"), "{given}");
    let list = given.json();
    let fal = list.as_array().unwrap().iter().find(|one| one["id"] == "fal-ai").unwrap();
    assert_eq!((&fal["status"], &fal["lacks"]), (&json!("available"), &json!([])));
}

#[tokio::test]
async fn without_its_engine_nobody_is_chosen_and_all_are_told_how_it_is_had() {
    let home = Home::new();
    // Only what Prizm itself needs is on PATH.
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink("/bin/sh", bin.join("sh")).unwrap();
    let run = async |args: &[&str]| {
        let mut command = home.prizm(args);
        command.env("PATH", &bin);
        Running::start(command).ended().await
    };
    let list = run(&["providers", "--json"]).await.json();
    let ffmpeg = list.as_array().unwrap().iter().find(|one| one["id"] == "ffmpeg").unwrap();
    assert_eq!(ffmpeg["status"], "missing-engine");
    let names: Vec<_> = ffmpeg["lacks"].as_array().unwrap().iter().map(|lack| lack["name"].clone()).collect();
    assert_eq!(names, ["ffmpeg", "ffprobe", "python3"]);
    let shown = run(&["providers"]).await;
    assert!(shown.ok().contains("ffmpeg: `ffmpeg` is not on PATH: apt-get install ffmpeg"), "{shown}");
    let best = run(&["best", "video-to-audio", "--explain"]).await;
    assert_eq!(best.status.code(), Some(8), "{best}");
    assert!(best.stdout.contains("engine.missing") || best.stderr.contains("engine.missing"), "{best}");
    let doctor = run(&["doctor"]).await;
    assert!(doctor.stdout.contains("absent  engine ffmpeg: not on PATH; ffmpeg needs it"), "{doctor}");
    assert!(doctor.stdout.contains("remedy: apt-get install ffmpeg"), "{doctor}");
}
