//! What starting `prizm` takes, and what bare interpreters take: measured from outside, by the clock.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::bench::home::{ECHO, Home};
use crate::bench::summary::Spread;
use crate::sh::Argv;

/// What is said: a hundred plain characters.
const SAID: &str =
    "The quick brown fox jumps over the lazy dog; The quick brown fox jumps over the lazy dog; The quick ";

/// What is started, and how often.
#[derive(Debug, Clone)]
pub struct Commands {
    root: PathBuf,
    release: PathBuf,
    times: usize,
    providers: usize,
}

impl Commands {
    /// Those of a release build.
    pub fn new(root: &Path, release: &Path, quick: bool) -> Self {
        let (times, providers) = if quick { (5, 20) } else { (25, 200) };
        Self { root: root.to_owned(), release: release.to_owned(), times, providers }
    }

    /// Measures interpreters that do next to nothing.
    pub fn interpreters(&self, python: &str, node: &str) -> Result<Value> {
        let bare = |words: &[&str]| {
            let argv = Argv::from_words(words.iter().copied()).without("LD_LIBRARY_PATH");
            self.median(|| timed(&argv, &self.root))
        };
        Ok(json!({"python_ms": bare(&[python, "-c", "import json,sys"])?, "node_ms": bare(&[node, "-e", "0"])?}))
    }

    /// Measures the command, with many providers that are installed.
    pub fn start(&self) -> Result<Value> {
        let (prizm, plugin) = (self.release.join("prizm"), self.release.join("seam_plugin"));
        let home = Home::made(&self.release.with_file_name("bench"), &prizm, &plugin, self.providers)?;
        let argv = |words: &[&str]| home.prizm(&prizm, words);
        let target = format!("{ECHO}/echo");
        let run = argv(&["run", &target, SAID]);
        let output = run.output(home.root())?;
        if String::from_utf8_lossy(&output.stdout).trim_end() != SAID.trim_end() {
            bail!("`prizm run` said something else: {}", String::from_utf8_lossy(&output.stderr));
        }
        let direct = Argv::from_words([plugin.display().to_string(), ECHO.to_owned()]).without("LD_LIBRARY_PATH");
        let direct = direct.variable("PRIZM_PLUGIN", "1").variable("PRIZM_PROTOCOL_VERSIONS", "1.0");
        let (mut through, mut alone) = (Vec::new(), Vec::new());
        for _ in 0..self.times {
            through.push(timed(&run, home.root())?);
            alone.push(conversation(&direct, home.root())?);
        }
        let median = |values| Spread::of(values).map(|spread| spread.median).unwrap_or_default();
        let (through, alone) = (median(through), median(alone));
        Ok(json!({
            "version_ms": self.median(|| timed(&argv(&["--version"]), home.root()))?,
            "providers_ms": self.median(|| timed(&argv(&["providers"]), home.root()))?,
            "providers": self.providers,
            "run_ms": through, "plugin_ms": alone, "added_ms": through - alone,
            "binary_mib": std::fs::metadata(&prizm)?.len() as f64 / f64::from(1 << 20),
        }))
    }

    /// Returns the median of many times; the first one, which warms the page cache, is not counted.
    fn median(&self, once: impl Fn() -> Result<f64>) -> Result<f64> {
        once()?;
        let values = (0..self.times).map(|_| once()).collect::<Result<Vec<_>>>()?;
        Ok(Spread::of(values).map(|spread| spread.median).unwrap_or_default())
    }
}

/// Returns the milliseconds from the start of a command to its end.
fn timed(argv: &Argv, root: &Path) -> Result<f64> {
    let began = Instant::now();
    let output = argv.output(root)?;
    let took = millis(began);
    if !output.status.success() {
        bail!("`{argv}`: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(took)
}

/// Returns the milliseconds from the start of a plugin to its end, with one job between: what a host must ask at least.
fn conversation(argv: &Argv, root: &Path) -> Result<f64> {
    let inputs = json!([{"kind": "text", "mime": "text/plain", "text": SAID}]);
    let questions = [
        (
            "initialize",
            json!({
                "protocolVersions": ["1.0"], "host": {"name": "bench", "version": "0.1.0"},
                "limits": {"maxFrameBytes": 8_388_608, "maxInFlight": 64}, "instanceId": "bench-1",
            }),
        ),
        ("configure", json!({"config": {}, "services": {}})),
        (
            "transform",
            json!({
                "model": "echo", "capability": "text-to-text", "inputs": inputs, "options": {}, "jobId": "j1",
                "jobDir": root.join("job"),
            }),
        ),
        ("shutdown", json!({})),
    ];
    let questions = questions.into_iter().enumerate().map(|(id, (method, params))| {
        format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
    });
    let questions: Vec<_> = questions.collect();
    let began = Instant::now();
    let mut child = argv.talk(root)?;
    let (mut input, output) = child.stdin.take().zip(child.stdout.take()).context("the plugin has no pipes")?;
    let mut lines = BufReader::new(output).lines();
    for (id, question) in questions.iter().enumerate() {
        input.write_all(question.as_bytes())?;
        let answer = lines.find_map(|line| match line {
            Ok(line) => serde_json::from_str(&line).ok().filter(|answer: &Value| answer["id"] == id),
            Err(_) => None,
        });
        let answer = answer.with_context(|| format!("the plugin does not answer {question}"))?;
        if answer.get("result").is_none() {
            bail!("the plugin answers {answer}");
        }
    }
    input.write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}\n")?;
    drop(input);
    child.wait()?;
    Ok(millis(began))
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_is_told_with_what_it_said() {
        let root = tempfile::tempdir().unwrap();
        assert!(timed(&Argv::new("true"), root.path()).unwrap() > 0.0);
        let error = timed(&Argv::from_words(["sh", "-c", "echo no >&2; exit 3"]), root.path()).unwrap_err().to_string();
        assert!(error.ends_with("exit status: 3: no"), "{error}");
    }

    #[test]
    fn a_plugin_is_asked_all_that_a_host_must_ask() {
        let root = tempfile::tempdir().unwrap();
        let plugin = r#"while read -r line; do case $line in
            *'"method":"exit"'*) exit 0 ;;
            *) id=${line#*\"id\":}; printf '\n{"jsonrpc":"2.0","id":%s,"result":{}}\n' "${id%%,*}" ;;
        esac; done"#;
        assert!(conversation(&Argv::from_words(["bash", "-c", plugin]), root.path()).unwrap() > 0.0);
        let error = conversation(&Argv::new("true"), root.path()).unwrap_err();
        assert!(!error.to_string().is_empty());
    }
}
