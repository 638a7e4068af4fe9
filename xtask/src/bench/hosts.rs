//! Who is measured, and what of each.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::bench::Options;
use crate::bench::command::Commands;
use crate::bench::machine;
use crate::sh::Argv;

/// The names of those that are always there.
pub const NAMES: [&str; 9] =
    ["pipe", "json", "tmpfs", "prizm", "prizm-mt", "python", "typescript", "interpreters", "command"];
/// The names of those that `--peers` adds, and their commands.
pub const PEERS: [(&str, &str); 4] = [
    ("rmcp", "rmcp-host"),
    ("jsonrpsee-naive", "jrpsee-host --preset naive"),
    ("jsonrpsee-tuned", "jrpsee-host --preset tuned"),
    ("lean", "lean-host --rt ct --simd 1"),
];

/// One of them.
pub struct Host {
    /// What it is called.
    pub name: String,
    /// How it is measured.
    pub work: Work,
    /// What of it, in this order.
    pub groups: Vec<Group>,
}

/// How somebody is measured.
pub enum Work {
    /// By a program that takes the words of the benchmark and prints a line of JSON.
    Host(Vec<String>),
    /// By `xtask` itself.
    Measure(Box<dyn Fn() -> Result<Value>>),
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("name", &self.name).field("groups", &self.groups).finish_non_exhaustive()
    }
}

/// What is measured in one go.
#[derive(Debug, Clone)]
pub struct Group {
    /// The metrics, as the host knows them.
    pub metrics: String,
    /// Whether both processes have one processor.
    pub one_core: bool,
    /// Whether the first round is enough.
    pub once: bool,
}

fn group(metrics: &str) -> Group {
    Group { metrics: metrics.to_owned(), one_core: false, once: false }
}

fn one_core(metrics: &str) -> Group {
    Group { one_core: true, ..group(metrics) }
}

fn once(metrics: &str) -> Group {
    Group { once: true, ..group(metrics) }
}

fn calls() -> Vec<Group> {
    vec![group("cold,seq,tput,crash"), one_core("seq,tput")]
}

/// Numbers that take a while.
const LONG: &str = "--cold-n 30 --seq-n 10000 --tput-secs 2 --inflight 64 --bulk-mib 64 --bulk-reps 3 --idle-n 50 \
                    --crash-n 10 --build-reps 1";
/// Numbers that show that it works.
const QUICK: &str = "--cold-n 3 --seq-n 300 --tput-secs 0.2 --inflight 64 --bulk-mib 8 --bulk-reps 1 --idle-n 5 \
                     --crash-n 2 --grow-to 10 --inflight-to 16 --media-to 16 --loads-to 4 --query-n 20 \
                     --query-providers 50 --build-reps 1";

/// Returns everybody that is asked for, in the order in which they take turns.
pub fn all(root: &Path, release: &Path, options: &Options) -> Result<Vec<Host>> {
    let numbers = if options.quick { QUICK } else { LONG };
    let program = |line: &str| {
        let mut words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        words[0] = release.join(&words[0]).display().to_string();
        words
    };
    let host = |name: &str, words: Vec<String>, groups: Vec<Group>| {
        let numbers = numbers.split_whitespace().map(str::to_owned);
        let words = words.into_iter().chain(["--peer".to_owned(), name.to_owned()]).chain(numbers).collect();
        Host { name: name.to_owned(), work: Work::Host(words), groups }
    };
    let mut all = vec![
        host("pipe", program("limit --mode bytes"), calls()),
        host("json", program("limit --mode json"), calls()),
        host("tmpfs", program("limit --mode tmpfs"), vec![group("bulk")]),
        host("prizm", program("seam --rt ct"), ours(options.quick)),
        host("prizm-mt", program("seam --rt mt"), [calls(), vec![group("bulk")]].concat()),
    ];
    if let Some(peers) = &options.peers {
        for (name, line) in PEERS {
            let mut words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            words[0] = peers.join("rust/target/release").join(&words[0]).display().to_string();
            all.push(host(name, words, [calls(), vec![group("idle"), group("bulk")]].concat()));
        }
    }
    for (name, words) in &options.extra {
        all.push(host(name, words.clone(), [calls(), vec![group("idle"), group("bulk")]].concat()));
    }
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let [python, node] = interpreters(root);
    for (name, words) in [
        ("python", [python.as_str(), "-B", "tests/benches/echo.py"]),
        ("typescript", [node.as_str(), "tests/benches/echo.mjs", ""]),
    ] {
        let plugin = shlex::try_join(words.into_iter().filter(|word| !word.is_empty()))?;
        let words = [program("seam --rt ct"), vec!["--plugin".to_owned(), plugin]].concat();
        all.push(host(name, words, vec![group("cold"), one_core("seq")]));
    }
    let commands = Commands::new(root, release, options.quick);
    let bare = {
        let commands = commands.clone();
        move || commands.interpreters(&python, &node)
    };
    all.push(Host {
        name: "interpreters".to_owned(),
        work: Work::Measure(Box::new(bare)),
        groups: vec![group("start")],
    });
    let start = move || commands.start();
    all.push(Host { name: "command".to_owned(), work: Work::Measure(Box::new(start)), groups: vec![group("start")] });
    all.retain(|host| wanted(&host.name));
    Ok(all)
}

/// What of ours is measured beside calls.
fn ours(quick: bool) -> Vec<Group> {
    let mut groups =
        [calls(), vec![group("idle"), group("bulk,bulk-files"), group("query,warm"), group("take")]].concat();
    groups.extend(["grow-plugins", "grow-inflight", "grow-media", "grow-loads"].map(once));
    if !quick {
        groups.push(group("build"));
    }
    groups
}

/// Returns the interpreters themselves: what is on PATH may be a script that looks for one.
fn interpreters(root: &Path) -> [String; 2] {
    let python = ["python3", "-c", "import sys; print(sys.executable)"];
    let node = ["node", "-p", "process.execPath"];
    [python, node].map(|words| machine::printed(root, &Argv::from_words(words)))
}
