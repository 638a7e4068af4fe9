//! `prizm new`: a project in each language passes its own test and the conformance kit, and runs at once, by the lines
//! that the command prints.

use std::fs;
use std::path::Path;

use prizm_tests::{Ended, Home, Running, program};
use serde_json::Value;

/// Seconds that the project in Rust may take, which compiles what it depends on.
const LONG: u64 = 600;

/// A picture of one pixel.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\
                     \0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

struct Project {
    home: Home,
    /// What `prizm new --json` said.
    made: Value,
}

impl Project {
    async fn new(language: &str) -> Self {
        let home = Home::new();
        let made = home.run(&["new", language, "my-demo", "--json"]).await.json();
        assert_eq!((&made["id"], &made["name"]), (&"my-demo".into(), &"My Demo".into()));
        let written = files(&home.file("my-demo"), "");
        let told: Vec<_> = made["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
        assert_eq!(written, told);
        Self { home, made }
    }

    /// Types one of the lines that are to be typed next.
    async fn next(&self, which: &str) -> Ended {
        let line = self.made["next"][which].as_str().unwrap_or_else(|| panic!("{}", self.made));
        let mut command = self.home.typed(line);
        // What one test of this project has compiled is there for the next.
        command
            .env("CARGO_TARGET_DIR", program("prizm").with_file_name("new-projects"))
            .env("CARGO_PROFILE_DEV_DEBUG", "none");
        Running::start(command).ended_within(LONG).await
    }

    async fn keeps_its_word(&self) {
        self.next("test").await.ok();
        let first = self.next("run").await;
        assert_eq!(first.ok(), "hello\n", "{first}");
        let url = format!("file://{}", self.made["directory"].as_str().unwrap());
        let again = self.home.run(&["run", &url, "hi", "--option", "times=3"]).await;
        assert_eq!(
            (again.ok(), again.stderr.as_str()),
            ("hi hi hi\n", ""),
            "the second time nothing is built: {again}"
        );
        fs::write(self.home.file("in.png"), PNG).unwrap();
        let image = self.home.run(&["run", &url, "--capability", "image-to-image", "in.png", "-o", "out.png"]).await;
        image.ok();
        assert_eq!(fs::read(self.home.file("out.png")).unwrap(), PNG);
        self.next("conformance").await.ok();
    }
}

/// The files below a directory, sorted.
fn files(directory: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path(), &format!("{name}/"))),
            false => found.push(name),
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_project_in_python_works_at_once() {
    Project::new("python").await.keeps_its_word().await;
}

#[tokio::test]
async fn a_project_in_typescript_works_at_once() {
    Project::new("typescript").await.keeps_its_word().await;
}

#[tokio::test]
async fn a_project_in_bash_works_at_once() {
    Project::new("bash").await.keeps_its_word().await;
}

#[tokio::test]
async fn a_project_in_rust_works_at_once() {
    let project = Project::new("rust").await;
    // The compiler has the same to say without optimising, and says it sooner.
    let manifest = project.home.file("my-demo/Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text + "\n[profile.release]\nopt-level = 0\n").unwrap();
    project.keeps_its_word().await;
}

#[tokio::test]
async fn people_are_told_what_was_made_and_what_to_type_next() {
    let home = Home::new();
    let ended = home.run(&["new", "bash", "deep/acme-sd"]).await;
    let lines: Vec<_> = ended.ok().lines().collect();
    assert!(lines[0].starts_with("made `acme-sd` in Bash: "), "{ended}");
    let root = home.file("deep/acme-sd");
    assert_eq!(lines[3], format!("  cd deep/acme-sd && bash test.sh"), "{ended}");
    assert_eq!(lines[4], format!("  prizm conformance file://{}", root.display()), "{ended}");
    assert_eq!(lines[5], format!("  prizm run file://{} hello --yes", root.display()), "{ended}");
    let manifest = fs::read_to_string(root.join("prizm.toml")).unwrap();
    assert!(manifest.contains("id = \"acme-sd\"\nname = \"Acme Sd\"\n"), "{manifest}");
    // In the directory where people stand, under another name.
    let here = Home::new();
    assert_eq!(here.run(&["new", "bash", ".", "--id", "x1", "--json"]).await.json()["id"], "x1");
    assert!(here.file("prizm.toml").is_file());
}

#[tokio::test]
async fn nothing_is_overwritten_and_what_is_wrong_is_named() {
    let home = Home::new();
    fs::create_dir(home.file("full")).unwrap();
    fs::write(home.file("full/notes.txt"), "mine").unwrap();
    fs::write(home.file("file"), "").unwrap();
    for (arguments, message, hint) in [
        (&["new", "python", "full"][..], "`full` is not empty: it has `notes.txt`", "or is empty"),
        (&["new", "python", "file"], "`file` is there already, and is no directory", "does not exist yet"),
        (&["new", "python", "My_Sd"], "`My_Sd` is not a provider id", "--id my-sd"),
        (&["new", "python", "sd", "--id", "-"], "`-` is not a provider id", ""),
        (&["new", "cobol", "sd"], "invalid value 'cobol' for '<LANG>'", ""),
    ] {
        let ended = home.run(&[arguments, &["--json"]].concat()).await;
        let error = ended.error(2);
        assert!(error["message"].as_str().unwrap().contains(message), "{ended}");
        assert!(error["hint"].as_str().unwrap_or_default().contains(hint), "{ended}");
    }
    let cobol = home.run(&["new", "cobol", "sd"]).await;
    assert!(cobol.failed(2).contains("[possible values: rust, typescript, python, bash]"), "{cobol}");
    assert_eq!(home.files(), ["file", "full"]);
    assert_eq!(fs::read_to_string(home.file("full/notes.txt")).unwrap(), "mine");
}
