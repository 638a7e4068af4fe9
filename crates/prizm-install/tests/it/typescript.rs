//! Providers in TypeScript: the real compiler, as the repository locked it.

use std::fs;
use std::path::Path;

use prizm_install::ErrorKind;
use serde_json::json;

use crate::common::output;
use crate::home::Home;
use crate::registry::Registry;

const PACKAGE: &str = r#"{"name": "echo", "version": "1.0.0", "main": "dist/index.js",
    "dependencies": {"is-number": "7.0.0"}, "devDependencies": {"typescript": "5.9.3"}}"#;
const SOURCE: &str = "declare const process: any, require: any;\n\
    const isNumber: (value: unknown) => boolean = require('is-number');\n\
    process.stdout.write(`typed ${isNumber(1)}`);\n";
/// A configuration that sends everything elsewhere.
fn escapes(files: &[&Path], elsewhere: &Path) -> String {
    json!({"files": files, "compilerOptions": {
        "target": "es2022", "module": "commonjs", "types": [], "rootDir": "src", "outDir": elsewhere,
        "declaration": true, "declarationDir": elsewhere, "declarationMap": true, "sourceMap": true,
        "incremental": true, "tsBuildInfoFile": elsewhere.join("info"), "generateTrace": elsewhere,
    }})
    .to_string()
}

#[tokio::test]
async fn the_locked_compiler_compiles_within_the_provider() {
    let mut home = Home::new(&[("package.json", PACKAGE), ("src/index.ts", SOURCE)]);
    let (source, elsewhere) = (Path::new("src/index.ts"), home.path().join("elsewhere"));
    home.write("tsconfig.json", &escapes(&[source], &elsewhere));
    let installed = home.install().await.unwrap();
    assert_eq!(installed.argv, ["node", "./dist/index.js"]);
    assert_eq!(output(&installed), "typed true");
    assert!(!elsewhere.exists());
    assert!(!installed.root.join("node_modules/typescript").exists());
    assert!(installed.root.join("node_modules/is-number").is_dir());
    let recipe = home.recipe();
    assert_eq!(recipe.tools["typescript"], "5.9.3");
    assert_eq!(recipe.tools.keys().collect::<Vec<_>>(), ["node", "npm", "typescript"]);
    assert!(recipe.dependency_lock_generated);

    // With the lock of the first, from the cache: the network is off.
    home.write("package-lock.json", &fs::read_to_string(installed.root.join("package-lock.json")).unwrap());
    home.offline = true;
    home.write("src/index.ts", &format!("{SOURCE}const wrong: number = 'text';\n"));
    let error = home.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Build, "{error:?}");
    let command = "`node node_modules/typescript/lib/tsc.js --outDir dist` failed with exit status";
    assert!(error.to_string().starts_with(command), "{error}");
    assert!(error.log().iter().any(|line| line.contains("src/index.ts(4,7): error TS2322")), "{error:?}");

    // What is compiled of a file outside of `rootDir` would be written beside it.
    let victim = home.path().join("victim.ts");
    fs::write(&victim, "export const x = 1;").unwrap();
    home.write("tsconfig.json", &escapes(&[source, &victim], &elsewhere));
    home.write("src/index.ts", SOURCE);
    let error = home.install().await.unwrap_err();
    assert!(error.log().iter().any(|line| line.contains("error TS6059")), "{error:?}");
    assert!(!victim.with_extension("js").exists() && !elsewhere.exists());
    assert!(fs::read_dir(home.path().join("home/store/staging")).unwrap().next().is_none());
}

#[tokio::test]
async fn no_compiler_is_an_error_unless_nothing_is_to_be_compiled() {
    let home =
        Home::new(&[("package.json", r#"{"main": "dist/index.js"}"#), ("tsconfig.json", "{}"), ("src/index.ts", "")]);
    let error = home.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Build, "{error:?}");
    assert!(error.to_string().contains("depends on no `typescript`"), "{error}");
    assert!(error.hint().unwrap().contains("npm install --save-dev typescript"));
    home.assert_nothing_left();
    home.write("dist/index.js", "process.stdout.write('committed')");
    assert_eq!(output(&home.install().await.unwrap()), "committed");
}

#[tokio::test]
async fn another_package_is_not_taken_for_the_compiler() {
    let evil = json!({"name": "evil", "version": "1.0.0"});
    let registry = Registry::serve(&[(evil, &[("lib/tsc.js", "require('fs').writeFileSync('/tmp/never', '')")])]);
    let package = r#"{"devDependencies": {"typescript": "npm:evil@1"}}"#;
    let mut home = Home::new(&[("package.json", package), ("tsconfig.json", "{}"), ("index.ts", "")]);
    home.registry = Some(registry.url.clone());
    let error = home.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Policy, "{error:?}");
    let message = "`node_modules/typescript` in `package-lock.json` is refused: it is really `evil`";
    assert!(error.to_string().starts_with(message), "{error}");
    assert!(!registry.was_asked_for("evil-1.0.0.tgz"));
    home.assert_nothing_left();
}
