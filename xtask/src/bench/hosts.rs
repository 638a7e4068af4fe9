//! Who is measured, and what of each.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::bench::Options;
use crate::bench::command::Commands;
use crate::bench::machine;
use crate::sh::Argv;

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
                    --crash-n 10 --build-reps 2";
/// Numbers that show that it works.
const QUICK: &str = "--cold-n 3 --seq-n 300 --tput-secs 0.2 --inflight 64 --bulk-mib 8 --bulk-reps 1 --idle-n 5 \
                     --crash-n 2 --grow-to 10 --inflight-to 16 --media-to 16 --loads-to 4 --query-n 20 \
                     --query-providers 50 --build-reps 1";

/// Returns everybody that is asked for, in the order in which they take turns.
pub fn all(root: &Path, release: &Path, options: &Options) -> Result<Vec<Host>> {
    let mut all = limits_and_ours(release, options);
    if let Some(peers) = &options.peers {
        let built = peers.join("rust/target/release");
        let built =
            built.canonicalize().with_context(|| format!("`--peers {}`: they are not built", peers.display()))?;
        all.extend(PEERS.map(|(name, line)| host(name, program(&built, line), theirs(), options)));
    }
    all.extend(options.extra.iter().map(|(name, words)| host(name, words.clone(), theirs(), options)));
    let [python, node] = interpreters(root);
    let script = |name: &str| root.join("tests/benches").join(name).display().to_string();
    for (name, words) in
        [("python", vec![python.clone(), script("echo.py")]), ("typescript", vec![node.clone(), script("echo.mjs")])]
    {
        let plugin = shlex::try_join(words.iter().map(String::as_str))?;
        let words = [program(release, "seam --rt ct --plugin"), vec![plugin]].concat();
        all.push(host(name, words, vec![group("cold"), one_core("seq")], options));
    }
    let commands = Commands::new(root, release, options.quick);
    let bare = commands.clone();
    all.push(measured("interpreters", move || bare.interpreters(&python, &node)));
    all.push(measured("command", move || commands.start()));
    let is_known = |name: &&String| all.iter().any(|host| host.name == **name);
    if let Some(unknown) = options.only.iter().find(|name| !is_known(name)) {
        let names: Vec<_> = all.iter().map(|host| host.name.as_str()).collect();
        bail!("`--only {unknown}`: there are {}", names.join(", "));
    }
    all.retain(|host| options.only.is_empty() || options.only.contains(&host.name));
    Ok(all)
}

fn limits_and_ours(release: &Path, options: &Options) -> Vec<Host> {
    let host = |name, line, groups| host(name, program(release, line), groups, options);
    vec![
        host("pipe", "limit --mode bytes", calls()),
        host("json", "limit --mode json", calls()),
        host("tmpfs", "limit --mode tmpfs", vec![group("bulk")]),
        host("prizm", "seam --rt ct", ours(options.quick)),
        host("prizm-mt", "seam --rt mt", [calls(), vec![group("bulk")]].concat()),
    ]
}

/// Returns the words of a line whose first is a program in a directory.
fn program(directory: &Path, line: &str) -> Vec<String> {
    let mut words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    words[0] = directory.join(&words[0]).display().to_string();
    words
}

fn host(name: &str, words: Vec<String>, groups: Vec<Group>, options: &Options) -> Host {
    let numbers = if options.quick { QUICK } else { LONG };
    let numbers = ["--peer", name].into_iter().chain(numbers.split_whitespace()).map(str::to_owned);
    Host { name: name.to_owned(), work: Work::Host(words.into_iter().chain(numbers).collect()), groups }
}

fn measured(name: &str, measure: impl Fn() -> Result<Value> + 'static) -> Host {
    Host { name: name.to_owned(), work: Work::Measure(Box::new(measure)), groups: vec![group("start")] }
}

fn theirs() -> Vec<Group> {
    [calls(), vec![group("idle"), group("bulk")]].concat()
}

/// What of ours is measured beside calls.
fn ours(quick: bool) -> Vec<Group> {
    let mut groups =
        [calls(), vec![group("idle"), group("bulk,bulk-files"), group("query,warm"), group("take")]].concat();
    groups.extend(["grow-plugins", "grow-inflight", "grow-media", "grow-loads"].map(once));
    if !quick {
        groups.push(once("build"));
    }
    groups
}

/// Returns the interpreters themselves: what is on PATH may be a script that looks for one.
fn interpreters(root: &Path) -> [String; 2] {
    let python = ["python3", "-c", "import sys; print(sys.executable)"];
    let node = ["node", "-p", "process.execPath"];
    [python, node].map(|words| machine::printed(root, &Argv::from_words(words)))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    fn options() -> Options {
        Options::default()
    }

    fn names(options: &Options) -> Result<Vec<String>> {
        let hosts = all(Path::new("/"), Path::new("/t/release"), options)?;
        Ok(hosts.into_iter().map(|host| host.name).collect())
    }

    /// Returns the names of everybody, peers included.
    pub fn everybody() -> Vec<String> {
        let peers = PEERS.map(|(name, _)| name.to_owned());
        names(&options()).unwrap().into_iter().chain(peers).collect()
    }

    #[test]
    fn who_is_asked_for_takes_turns() {
        let all = ["pipe", "json", "tmpfs", "prizm", "prizm-mt", "python", "typescript", "interpreters", "command"];
        assert_eq!(names(&options()).unwrap(), all);
        let extra = vec![("mine".to_owned(), vec!["/x".to_owned()])];
        let only = ["mine", "pipe"].map(str::to_owned).to_vec();
        assert_eq!(names(&Options { extra, only, ..options() }).unwrap(), ["pipe", "mine"]);
        let error = names(&Options { only: vec!["nobody".to_owned()], ..options() }).unwrap_err().to_string();
        assert!(error.starts_with("`--only nobody`: there are pipe, json, "), "{error}");
        let error = names(&Options { peers: Some("/no-peers".into()), ..options() }).unwrap_err().to_string();
        assert_eq!(error, "`--peers /no-peers`: they are not built");
    }

    #[test]
    fn hosts_are_told_how_often() {
        let quick = Options { quick: true, ..options() };
        let hosts = limits_and_ours(Path::new("/t/release"), &quick);
        let Work::Host(words) = &hosts[0].work else { panic!("{:?}", hosts[0]) };
        assert_eq!(words[..7], ["/t/release/limit", "--mode", "bytes", "--peer", "pipe", "--cold-n", "3"]);
        assert!(hosts.iter().flat_map(|host| &host.groups).all(|group| group.metrics != "build"));
    }
}
