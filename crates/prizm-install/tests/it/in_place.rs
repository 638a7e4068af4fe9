//! A directory that is run where it is: what it depends on, and what compiles it, as by hand.

use std::fs;
use std::path::Path;

use prizm_install::{Error, ErrorKind, InPlace, Installed, install_in_place};

use crate::common::{PROVIDER, Place, Recorder, output, package};

const NODE: &str =
    r#"{"name": "echo", "version": "1.0.0", "main": "index.js", "dependencies": {"is-number": "7.0.0"}}"#;
const SAYS: &str = "process.stdout.write(`plain ${require('is-number')(7)}`);\n";
const PYTHON: &str = "import six, sys\nsys.stdout.write(six.ensure_str(b'wheel'))\n";

const FOR_AUTHOR: InPlace = InPlace { offline: false, for_author: true };

async fn build(place: &Place, how: InPlace) -> (Result<Installed, Error>, Vec<String>) {
    let recorder = Recorder::default();
    let built = install_in_place(&place.source(), &place.store(), how, &recorder).await;
    let stages = recorder.stages.lock().unwrap().clone();
    (built, stages.into_iter().map(|(stage, what)| format!("{stage}: {what}")).collect())
}

fn write(place: &Place, name: &str, text: &str) {
    fs::write(place.source_dir().join(name), text).unwrap();
}

/// Makes a file look as if it was changed long after everything else.
fn touch(path: &Path) {
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
    fs::File::options().append(true).open(path).unwrap().set_modified(later).unwrap();
}

#[tokio::test]
async fn npm_installs_what_is_missing_or_older_than_what_names_it() {
    let place = Place::new(&[("package.json", NODE), ("index.js", SAYS)]);
    let (built, stages) = build(&place, InPlace::default()).await;
    assert_eq!(
        (output(&built.unwrap()).as_str(), stages),
        ("plain true", vec!["dependencies: npm install".to_owned()])
    );
    let (built, stages) = build(&place, InPlace { offline: true, ..InPlace::default() }).await;
    assert_eq!((output(&built.unwrap()).as_str(), stages), ("plain true", vec![]), "it is there");
    let lock = place.source_dir().join("package-lock.json");
    assert!(lock.is_file());
    touch(&lock);
    assert_eq!(build(&place, InPlace::default()).await.1, ["dependencies: npm install"]);

    let nothing = Place::new(&[("package.json", "{\"dependencies\": {}}"), ("index.js", "")]);
    assert!(build(&nothing, InPlace::default()).await.1.is_empty());
    assert_eq!(nothing.files(), ["index.js", "package.json"], "nothing is written");
    let foreign = Place::new(&[("package.json", NODE), ("index.js", SAYS), ("pnpm-lock.yaml", "")]);
    let error = build(&foreign, InPlace::default()).await.0.unwrap_err();
    assert_eq!((error.kind(), error.hint()), (ErrorKind::Build, Some("install them by hand: pnpm install")));
    fs::create_dir(foreign.source_dir().join("node_modules")).unwrap();
    build(&foreign, InPlace::default()).await.0.unwrap();
}

#[tokio::test]
async fn a_build_script_or_the_local_compiler_compiles() {
    let package = r#"{"main": "dist/index.js", "devDependencies": {"typescript": "5.9.3"}}"#;
    let config = r#"{"compilerOptions": {"module": "commonjs", "types": [], "outDir": "dist"}, "files": ["index.ts"]}"#;
    let says = |what: &str| format!("declare const process: any;\nprocess.stdout.write('{what}' as string);\n");
    let place = Place::new(&[("package.json", package), ("tsconfig.json", config), ("index.ts", &says("typed"))]);
    let (built, stages) = build(&place, FOR_AUTHOR).await;
    assert_eq!(
        (output(&built.unwrap()).as_str(), &*stages),
        ("typed", &["dependencies: npm install".to_owned(), "build: npx tsc".to_owned()][..])
    );
    write(&place, "index.ts", &says("again"));
    let (built, stages) = build(&place, FOR_AUTHOR).await;
    assert_eq!((output(&built.unwrap()).as_str(), &*stages), ("again", &["build: npx tsc".to_owned()][..]));
    write(&place, "index.ts", "const wrong: number = 'text';\n");
    let error = build(&place, FOR_AUTHOR).await.0.unwrap_err();
    assert!(error.to_string().starts_with("`npx tsc` failed with exit status"), "{error}");
    assert!(error.log().iter().any(|line| line.contains("index.ts(1,7): error TS2322")), "{error:?}");

    // Without a word on where it goes, it goes where a fetched one does.
    write(&place, "tsconfig.json", &config.replace(", \"outDir\": \"dist\"", ""));
    write(&place, "index.ts", &says("dist"));
    assert_eq!(output(&build(&place, FOR_AUTHOR).await.0.unwrap()), "dist");
    let script = "{\"main\": \"out/x.js\", \"scripts\": {\"build\": \"mkdir -p out && echo 'process.stdout.write(`script`)' > out/x.js\"}}";
    write(&place, "package.json", script);
    let (built, stages) = build(&place, FOR_AUTHOR).await;
    assert_eq!((output(&built.unwrap()).as_str(), &*stages), ("script", &["build: npm run build".to_owned()][..]));
    let bare = Place::new(&[("package.json", "{\"main\": \"dist/x.js\"}"), ("tsconfig.json", "{}")]);
    let error = build(&bare, InPlace::default()).await.0.unwrap_err();
    assert!(error.to_string().ends_with("depends on no `typescript` that could compile it"), "{error}");
}

#[tokio::test]
async fn pip_fills_an_environment_beside_a_provider_in_python() {
    let place = Place::new(&[("requirements.txt", "six==1.16.0\n"), ("provider.py", PYTHON)]);
    let (built, stages) = build(&place, InPlace::default()).await;
    let built = built.unwrap();
    assert_eq!(built.argv, ["./.venv/bin/python3", "-B", "provider.py"]);
    assert_eq!(output(&built), "wheel");
    let made = ["dependencies: python3 -m venv .venv", "dependencies: python3 -m pip install -r requirements.txt"];
    assert_eq!(stages, made);
    assert!(build(&place, InPlace::default()).await.1.is_empty(), "it is there");
    write(&place, "requirements.txt", "six==1.17.0\n");
    assert_eq!(build(&place, InPlace::default()).await.1, made[1..], "it was changed");
    write(&place, "requirements.txt", "no-such-package-2718==1\n");
    let error = build(&place, InPlace { offline: true, ..InPlace::default() }).await.0.unwrap_err();
    assert!(error.log().iter().any(|line| line.contains("no-such-package-2718")), "{error:?}");

    // The command of the manifest runs in it, too; and one without pip is its author's own.
    let run = format!("{PROVIDER}[run]\ncommand = [\"python3\", \"provider.py\"]\n");
    write(&place, "prizm.toml", &run);
    let packages = fs::read_dir(place.source_dir().join(".venv/lib")).unwrap().next().unwrap().unwrap().path();
    fs::remove_dir_all(packages.join("site-packages/pip")).unwrap();
    let (built, stages) = build(&place, InPlace::default()).await;
    assert_eq!((output(&built.unwrap()).as_str(), stages), ("wheel", vec![]));
}

#[tokio::test]
async fn what_a_project_depends_on_is_installed_without_a_list() {
    let project = "[project]\nname = \"echo\"\nversion = \"1\"\ndependencies = [\"six==1.16.0\"]\n";
    let place = Place::new(&[("pyproject.toml", project), ("echo/__main__.py", PYTHON)]);
    let (built, stages) = build(&place, FOR_AUTHOR).await;
    assert_eq!(output(&built.unwrap()), "wheel");
    assert_eq!(stages[1], "dependencies: python3 -m pip install 'six==1.16.0'");
    let bare = Place::new(&[("pyproject.toml", "[project]\nname = \"echo\"\n"), ("main.py", "print('bare', end='')")]);
    let (built, stages) = build(&bare, FOR_AUTHOR).await;
    assert_eq!((output(&built.unwrap()).as_str(), stages), ("bare", vec![]));
    assert_eq!(bare.files(), ["main.py", "pyproject.toml"]);
}

#[tokio::test]
async fn cargo_builds_for_the_author_as_by_hand() {
    let mut files = package("fn main() { print!(\"{}\", cfg!(debug_assertions)) }");
    files.remove(1);
    let place = Place::new(&files);
    let (built, stages) = build(&place, FOR_AUTHOR).await;
    let built = built.unwrap();
    assert_eq!(
        (output(&built).as_str(), &*stages),
        ("true", &["build: cargo build --package echo --bin echo".to_owned()][..])
    );
    assert_eq!(Path::new(&built.argv[0]), place.source_dir().join("target/debug/echo"));
    assert_eq!(output(&build(&place, InPlace::default()).await.0.unwrap()), "false", "others run what is released");
}
