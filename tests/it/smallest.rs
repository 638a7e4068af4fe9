//! The provider in `protocol/README.md` runs as it is printed there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use prizm_tests::Home;

/// Returns the text of the only fenced block in this language.
fn block(text: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks: Vec<_> = text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 1, "blocks of {language} in protocol/README.md");
    blocks[0].to_owned()
}

#[tokio::test]
async fn the_provider_of_the_readme_runs_as_it_is_printed() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let home = Home::new();
    let url = home.provider("shout", &[("provider", &block(&readme, "python"))]);
    let program = Path::new(url.strip_prefix("file://").unwrap()).join("provider");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();

    let console = block(&readme, "console");
    let says = console.strip_prefix("$ chmod +x provider\n$ prizm run file://$PWD \"a red fox\"\n").unwrap();
    let ended = home.run(&["run", &url, "a red fox"]).await;
    assert_eq!(ended.ok(), says, "{ended}");
    home.processes().gone_within(5).await;

    let odd = home.run(&["run", &url, "a “quoted”\nfox 🦊"]).await;
    assert_eq!(odd.ok(), "A “QUOTED”\nFOX 🦊\n", "{odd}");
    let inspected = home.run(&["inspect", &url, "--json"]).await.json();
    assert_eq!(inspected["id"], "shout", "{inspected}");
    assert_eq!(inspected["models"][0]["id"], "shout", "{inspected}");
}
