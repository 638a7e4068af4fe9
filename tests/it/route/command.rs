//! The command: who is tried after whom is said, kept and shown.

use prizm_tests::Home;
use serde_json::{Value, json};

use super::stage::{ACTOR, Props, costs, fails};

/// A home whose providers `a` and `b` are actors, in this order.
fn home() -> (Home, Props) {
    let home = Home::new();
    let props = Props::new(home.file("props"));
    home.configure("[routing.criteria]\norder = [\"a\", \"b\"]\nbudget = \"day\"");
    home.configure("[routing.budgets.day]\nlimit = \"1\"\nper = \"24h\"");
    for id in ["a", "b"] {
        props.declare(id, costs("0.01"));
        let command = ["python3", "-I", "-S", ACTOR, &props.path().display().to_string(), id].map(|word| json!(word));
        let manifest = format!(
            "[provider]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"1.0.0\"\ntype = \"remote\"\nprotocol = \"1.0\"\n\
             capabilities = [\"text-to-text\"]\n[run]\ncommand = {}\n",
            Value::from(command.to_vec())
        );
        let url = home.provider(id, &[("prizm.toml", &manifest)]);
        home.configure(&format!("[providers.{id}]\nsource = \"{url}\""));
    }
    (home, props)
}

#[tokio::test]
async fn it_says_who_is_tried_after_a_failure_and_keeps_it() {
    let (home, props) = home();
    props.play("a", &[json!({"error": 1201, "message": "the weights are gone"})]);
    props.play("b", &[json!({"text": "done by b", "cost": "0.02"})]);
    let ended = home.run(&["run", "text-to-text", "hello"]).await;
    assert_eq!(ended.ok(), "done by b\n");
    for warning in
        ["warning: the weights are gone (upstream); trying a/m", "warning: the weights are gone (upstream); trying b/m"]
    {
        assert_eq!(ended.stderr.matches(warning).count(), 1, "{ended}");
    }
    assert_eq!((props.calls("a"), props.calls("b")), (2, 1));

    let shown = home.run(&["best", "--request", "last"]).await;
    shown.ok();
    let said = format!("{}{}", shown.stdout, shown.stderr);
    let tried: Vec<_> = said.lines().skip_while(|line| !line.starts_with("TRIED")).skip(1).collect();
    let columns: Vec<Vec<_>> = tried.iter().map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(columns, [["a/m", "upstream"], ["a/m", "upstream"], ["b/m", "done"]], "{said}");
    assert!(tried[2].contains("$0.02"), "{said}");
    let kept = home.run(&["best", "--request", "last", "--json"]).await.json();
    assert_eq!(kept["attempts"].as_array().map(Vec::len), Some(3), "{kept}");
    assert_eq!(kept["attempts"][0]["message"], "the weights are gone");
    assert_eq!(kept["decision"]["plan"][0], "a/m");

    let stats = home.run(&["stats", "--json"]).await.json();
    assert_eq!(stats["budgets"], json!([{"id": "day", "left": "0.98"}]));
    let of = |id: &str| {
        let all = stats["learned"].as_array().unwrap();
        all.iter().find(|one| one["provider"] == id).unwrap_or_else(|| panic!("{stats}"))["live"].clone()
    };
    assert!(of("a")["success"].as_u64() < of("b")["success"].as_u64(), "{stats}");
    assert_eq!(of("b")["latency"]["samples"], 1, "{stats}");
    let table = home.run(&["stats"]).await;
    for part in ["LEARNED OF", "a/m", "b/m", "day", "$0.98"] {
        assert!(table.ok().contains(part), "{part}: {table}");
    }
}

#[tokio::test]
async fn the_error_of_all_names_each() {
    let (home, props) = home();
    props.play("a", &[fails(1201)]);
    props.play("b", &[fails(1104)]);
    let ended = home.run(&["run", "text-to-text", "hello", "--json"]).await;
    let error = ended.error(7);
    let message = error["message"].as_str().unwrap();
    for part in ["3 tries failed", "a/m (upstream)", "b/m (quota)"] {
        assert!(message.contains(part), "{message}");
    }
    let stats = home.run(&["stats"]).await;
    assert!(stats.ok().contains("its key or its account was refused"), "{stats}");
    assert!(stats.ok().contains("$1"), "nothing was spent: {stats}");
}

#[tokio::test]
async fn a_part_that_is_not_shown_commits_nobody() {
    let (home, props) = home();
    props.play("a", &[json!({"chunk": "half", "error": 1104})]);
    props.play("b", &[json!({"text": "whole"})]);
    let shown = home.run(&["run", "text-to-text", "hello"]).await;
    assert_eq!(shown.status.code(), Some(7), "its reader has seen the half: {shown}");
    assert_eq!((props.calls("a"), props.calls("b")), (1, 0));
    let (home, props) = self::home();
    props.play("a", &[json!({"chunk": "half", "error": 1104})]);
    props.play("b", &[json!({"text": "whole"})]);
    let kept = home.run(&["run", "text-to-text", "hello", "--json"]).await;
    assert_eq!(kept.json()["outputs"][0]["text"], "whole", "{kept}");
}
