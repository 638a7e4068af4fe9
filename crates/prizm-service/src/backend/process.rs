//! A service that is a program on this machine: no Docker at all.

mod log;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use prizm_install::process::Invocation;
use prizm_protocol::service::{Endpoint, port_variable, volume_variable};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Endpoints, Report};
use crate::error::{Error, ErrorKind, LogTail, Phase};
use crate::lock::unusable;
use crate::place::Place;
use crate::{GpuChoice, Result, Spec, gpu, grant};

use log::Log;

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);
/// The variables by which the libraries of GPUs hear which they may use, and the number of none.
const GPUS: [&str; 2] = ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"];
const NO_GPU: &str = "-1";
/// Whose lines they are, in logs.
const SOURCE: &str = "process";

/// The program of one instance.
pub(crate) struct Process {
    spec: Arc<Spec>,
    directory: PathBuf,
    log: Log,
    running: Option<Running>,
}

struct Running {
    command: String,
    /// Reads its output and waits for its end; aborted, it kills the whole group.
    task: JoinHandle<std::io::Result<ExitStatus>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Process {
    pub(crate) fn new(spec: Arc<Spec>, place: &Place) -> Self {
        Self { directory: place.directory().to_owned(), log: Log::new(place.log()), spec, running: None }
    }

    pub(crate) async fn start(&mut self, report: &dyn Report) -> Result<Endpoints> {
        self.running = None;
        if self.spec.settings.gpu == GpuChoice::On {
            gpu::check(&self.spec).await?;
        }
        let ports = Ports::reserve(&self.spec)?;
        let variables = self.variables(&ports)?;
        let argv: Vec<_> = self.spec.argv.iter().map(|word| substitute(word, &variables)).collect();
        let mut invocation = Invocation::new(&argv, &self.spec.root).grant(&self.granted());
        // Its memory holds what it is told, secrets too.
        invocation = invocation.without_core_dumps();
        for (name, value) in &variables {
            invocation = invocation.set(name, value);
        }
        if let Some(bytes) = self.spec.settings.memory {
            invocation = invocation.limit_data(bytes);
        }
        let command = invocation.to_string();
        report.stage("start", &command);
        self.log.begin().map_err(|error| self.unwritable(&error))?;
        let endpoints = ports.endpoints(&self.spec);
        // The ports are let go of at the last moment.
        drop(ports);
        let failed = |reason: String| {
            Error::new(ErrorKind::Exit, Phase::Start, format!("`{command}` cannot be started: {reason}"))
                .of_command(&command)
        };
        let child = invocation.start().map_err(|error| failed(error.to_string()))?.map_err(|_| {
            let program = argv.first().cloned().unwrap_or_default();
            failed(format!("there is no program `{program}`")).hinted(format!("install `{program}`, or put it on PATH"))
        })?;
        let (stop, stopped) = oneshot::channel();
        let (out, err) = (self.log.clone(), self.log.clone());
        let wait = child.wait_or_stop(
            move |line| out.line(&line.shown()),
            move |line| err.line(&line.shown()),
            async move {
                if stopped.await.is_err() {
                    // Nobody will ever ask.
                    std::future::pending::<()>().await;
                }
            },
            GRACE,
        );
        self.running = Some(Running { command, task: tokio::spawn(wait), stop: Some(stop) });
        Ok(endpoints)
    }

    pub(crate) async fn ended(&mut self) -> Error {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let status = (&mut running.task).await;
        let command = running.command.clone();
        self.running = None;
        let tails = self.tails();
        let (ending, code) = match status {
            Ok(Ok(status)) => (ending(status), status.code()),
            Ok(Err(error)) => (format!("could not be watched: {error}"), None),
            Err(error) => (format!("could not be watched: {error}"), None),
        };
        let said = |words: &[&str]| {
            let lines = tails.iter().flat_map(|tail| &tail.lines);
            lines.map(|line| line.to_lowercase()).any(|line| words.iter().any(|word| line.contains(word)))
        };
        let limited = self.spec.settings.memory.is_some();
        let (kind, hint) = if limited && said(&["memoryerror", "cannot allocate memory", "bad_alloc", "out of memory"])
        {
            (ErrorKind::Oom, "it needs more than `memory` in its serviceConfig allows: raise that")
        } else if said(&["address already in use"]) {
            (ErrorKind::Port, "something else took the port at the same moment: start it again")
        } else {
            (ErrorKind::Exit, "its last lines say why: `prizm service logs` shows more")
        };
        let error = Error::new(kind, Phase::Run, format!("the service's process {ending}")).hinted(hint);
        let error = error.of_command(command).logged(tails);
        match code {
            Some(code) => error.exited(code.into()),
            None => error,
        }
    }

    pub(crate) async fn stop(&mut self) -> Result<()> {
        if let Some(mut running) = self.running.take() {
            if let Some(stop) = running.stop.take() {
                // A process that has ended by itself needs no asking.
                let _ = stop.send(());
            }
            let _ended = (&mut running.task).await;
        }
        self.remove(&["tmp"])?;
        let passing = self.spec.manifest.service.volumes.iter().filter(|(_, volume)| !volume.persist);
        let passing: Vec<_> = passing.map(|(name, _)| format!("volumes/{name}")).collect();
        self.remove(&passing)
    }

    pub(crate) async fn purge(&mut self) -> Result<()> {
        self.remove(&["volumes"])
    }

    pub(crate) fn keeps_volumes(&self) -> bool {
        let volumes = &self.spec.manifest.service.volumes;
        let passes = |name: &str| volumes.get(name).is_some_and(|volume| !volume.persist);
        let there = std::fs::read_dir(self.directory.join("volumes")).into_iter().flatten().flatten();
        there.map(|entry| entry.file_name()).any(|name| !name.to_str().is_some_and(passes))
    }

    pub(crate) fn tails(&self) -> Vec<LogTail> {
        vec![LogTail { source: SOURCE.to_owned(), lines: self.log.tail() }]
    }

    /// What the program is told by its environment.
    fn variables(&self, ports: &Ports) -> Result<BTreeMap<String, String>> {
        let mut variables = BTreeMap::new();
        for (name, (_, port)) in &ports.0 {
            variables.insert(port_variable(name), port.to_string());
            variables.entry("PORT".to_owned()).or_insert_with(|| port.to_string());
        }
        variables.insert("HOST".to_owned(), Ipv4Addr::LOCALHOST.to_string());
        variables.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
        variables.insert("PRIZM_SERVICE".to_owned(), self.spec.instance.clone());
        variables.insert("TMPDIR".to_owned(), self.make("tmp")?);
        for name in self.spec.manifest.service.volumes.keys() {
            variables.insert(volume_variable(name), self.make(&format!("volumes/{name}"))?);
        }
        variables.extend(self.spec.settings.env.clone());
        if self.spec.settings.gpu == GpuChoice::Off {
            // Over what its configuration maps there: which of them is no question then.
            variables.extend(GPUS.map(|name| (name.to_owned(), NO_GPU.to_owned())));
        }
        Ok(variables)
    }

    /// The variables of the environment that it asks for and the user grants.
    fn granted(&self) -> Vec<String> {
        let asked = self.spec.manifest.permissions.env.iter();
        asked.filter(|name| self.spec.grants.contains(&format!("{}{name}", grant::ENV))).cloned().collect()
    }

    fn make(&self, name: &str) -> Result<String> {
        let path = self.directory.join(name);
        std::fs::create_dir_all(&path).map_err(|error| self.unwritable(&error))?;
        path.into_os_string().into_string().map_err(|path| {
            let message = format!("`{}` is no text, and cannot be put into an environment", path.to_string_lossy());
            Error::new(ErrorKind::State, Phase::Start, message).hinted("set PRIZM_HOME to a path in UTF-8")
        })
    }

    fn remove(&self, names: &[impl AsRef<str>]) -> Result<()> {
        for name in names {
            match std::fs::remove_dir_all(self.directory.join(name.as_ref())) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(self.unwritable(&error)),
                _ => {}
            }
        }
        Ok(())
    }

    fn unwritable(&self, error: &std::io::Error) -> Error {
        Error::new(ErrorKind::State, Phase::Start, format!("`{}` cannot be written: {error}", self.directory.display()))
            .hinted("check that PRIZM_HOME can be written and that there is room")
    }
}

/// Prints what the process of an instance wrote.
pub(super) async fn logs(
    path: &Path,
    lines: usize,
    follow: bool,
    line: &mut (dyn FnMut(&str, &str) + Send),
) -> Result<()> {
    let printed = log::print(path, lines, follow, &mut |text: &str| line(SOURCE, text)).await;
    printed.map_err(|error| unusable(path, &error))
}

/// Ports of the loopback that are nobody's, held until the program is about to start.
struct Ports(BTreeMap<String, (TcpListener, u16)>);

impl Ports {
    fn reserve(spec: &Spec) -> Result<Self> {
        let reserve = |name: &String| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port();
            Ok((name.clone(), (listener, port)))
        };
        let ports: std::io::Result<_> = spec.manifest.service.endpoints.keys().map(reserve).collect();
        ports.map(Self).map_err(|error| {
            Error::new(ErrorKind::Port, Phase::Start, format!("no port of the loopback can be had: {error}"))
                .hinted("close programs that hold many connections")
        })
    }

    fn endpoints(&self, spec: &Spec) -> Endpoints {
        let url = |(name, endpoint): (&String, &Endpoint)| {
            let (_, port) = self.0.get(name)?;
            let scheme = endpoint.protocol.as_str();
            Some((name.clone(), format!("{scheme}://{}:{port}{}", Ipv4Addr::LOCALHOST, endpoint.path)))
        };
        spec.manifest.service.endpoints.iter().filter_map(url).collect()
    }
}

/// Puts variables in place of `${NAME}` in a word of a command. What is no variable stays as it is.
fn substitute(word: &str, variables: &BTreeMap<String, String>) -> String {
    let mut done = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once("${") {
        done.push_str(before);
        match after.split_once('}').and_then(|(name, tail)| Some((variables.get(name)?, tail))) {
            Some((value, tail)) => {
                done.push_str(value);
                rest = tail;
            }
            None => {
                done.push_str("${");
                rest = after;
            }
        }
    }
    done + rest
}

fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(9)) => "was killed by signal 9, as a system does that is out of memory".to_owned(),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_in_a_command() {
        let variables = BTreeMap::from([("PORT".to_owned(), "80".to_owned()), ("A".to_owned(), "${PORT}".to_owned())]);
        for (word, expected) in [
            ("--port=${PORT}", "--port=80"),
            ("${PORT}:${PORT}", "80:80"),
            ("${A}", "${PORT}"),
            ("${HOME}/$PORT", "${HOME}/$PORT"),
            ("${", "${"),
            ("x${PORT", "x${PORT"),
        ] {
            assert_eq!(substitute(word, &variables), expected);
        }
    }
}
