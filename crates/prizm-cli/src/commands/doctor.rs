//! `prizm doctor`: whether everything is there that Prizm and its providers need.

use std::collections::BTreeMap;
use std::process::ExitCode;

use prizm_registry::{HealthStatus, Isolation, Provider, Status};
use serde_json::{Value, json};

use crate::args::Global;
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output};

/// Exit code of an examination that found something broken: as that of a plugin that failed.
const UNWELL: u8 = 6;

/// Programs that Prizm itself needs: name, what for, how to get it.
const PROGRAMS: &[(&str, &str, &str)] = &[("sh", "the orphan guard", "install a POSIX shell as /bin/sh")];

/// Programs that only some sources need: name, what for, how to get it.
const TOOLCHAINS: &[(&str, &str, &str)] = &[
    ("git", "private repositories, whose credentials its helpers know,", "apt-get install git"),
    ("node", "providers in JavaScript and TypeScript", "apt-get install nodejs, or https://nodejs.org"),
    ("npm", "packages of npm's registry, and dependencies of providers in JavaScript,", "apt-get install npm"),
    ("python3", "providers in Python", "apt-get install python3 python3-venv"),
    ("cargo", "providers in Rust that are built from source", "see https://rustup.rs"),
    ("docker", "services", "apt-get install docker.io docker-compose"),
];

/// What was found about one thing.
struct Finding {
    what: String,
    good: bool,
    /// Whether the examination fails where it is not good.
    required: bool,
    detail: String,
    remedy: Option<String>,
}

pub(crate) async fn doctor(global: &Global) -> Result<ExitCode, Failure> {
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let mut findings = vec![home(&registry)];
    findings.extend(PROGRAMS.iter().map(program));
    findings.extend(TOOLCHAINS.iter().map(|tool| Finding { required: false, ..program(tool) }));
    findings.push(sandbox().await);
    // What cannot be loaded is a finding, not the end of the examination.
    let _ = registry.initialize().await;
    let providers = registry.providers();
    findings.extend(engines(&providers));
    for provider in &providers {
        findings.push(examine(provider).await);
    }
    registry.shutdown().await;
    if global.json {
        let list = findings.iter().map(
            |f| json!({"what": f.what, "ok": f.good, "required": f.required, "detail": f.detail, "remedy": f.remedy}),
        );
        output::json(&Value::Array(list.collect()));
    } else {
        findings.iter().for_each(print);
    }
    let well = findings.iter().all(|finding| finding.good || !finding.required);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(UNWELL) })
}

fn print(finding: &Finding) {
    let mark = match (finding.good, finding.required) {
        (true, _) => "ok     ",
        (false, true) => "not ok ",
        (false, false) => "absent ",
    };
    output::line(&format!("{mark} {}: {}", finding.what, finding.detail));
    if let Some(remedy) = &finding.remedy {
        output::line(&format!("        remedy: {remedy}"));
    }
}

fn home(registry: &prizm_registry::Registry) -> Finding {
    let home = registry.home();
    let usable = std::fs::create_dir_all(home).and_then(|()| tempfile::tempfile_in(home).map(drop));
    Finding {
        what: "PRIZM_HOME".to_owned(),
        good: usable.is_ok(),
        required: true,
        detail: match &usable {
            Ok(()) => home.display().to_string(),
            Err(error) => format!("{}: {error}", home.display()),
        },
        remedy: usable.err().map(|_| "set PRIZM_HOME to a directory that may be written".to_owned()),
    }
}

/// How far the code of strangers is kept from the network while it is built.
async fn sandbox() -> Finding {
    let isolation = Isolation::detect().await;
    let good = isolation != Isolation::None;
    let how = isolation.prefix().first().map(|program| format!(", by {}", program.to_string_lossy()));
    Finding {
        what: "sandbox".to_owned(),
        good,
        required: false,
        detail: format!("{} while a provider is built and tried{}", isolation.level(), how.unwrap_or_default()),
        remedy: (!good).then(|| "allow user namespaces, or apt-get install bubblewrap".to_owned()),
    }
}

fn program((name, purpose, remedy): &(&str, &str, &str)) -> Finding {
    let found = which::which(name);
    Finding {
        what: (*name).to_owned(),
        good: found.is_ok(),
        required: true,
        detail: found
            .as_ref()
            .map_or_else(|_| format!("not on PATH; {purpose} needs it"), |path| path.display().to_string()),
        remedy: found.err().map(|_| (*remedy).to_owned()),
    }
}

/// The programs that providers say they need, each once.
fn engines(providers: &[Provider]) -> Vec<Finding> {
    let mut wanted: BTreeMap<(Vec<String>, String), Vec<String>> = BTreeMap::new();
    for provider in providers {
        for (name, engine) in provider.engines() {
            let programs = engine.programs(&name).map(str::to_owned).collect();
            wanted.entry((programs, engine.install)).or_default().push(provider.id());
        }
    }
    let finding = |((programs, install), who): ((Vec<String>, String), Vec<String>)| {
        let found = programs.iter().find_map(|program| which::which(program).ok());
        Finding {
            what: format!("engine {}", programs.join(" or ")),
            good: found.is_some(),
            required: false,
            detail: match &found {
                Some(path) => path.display().to_string(),
                None => format!("not on PATH; {} needs it", who.join(", ")),
            },
            remedy: found.is_none().then_some(install),
        }
    };
    wanted.into_iter().map(finding).collect()
}

async fn examine(provider: &Provider) -> Finding {
    let what = format!("provider {}", provider.id());
    let lacks = provider.lacks();
    if matches!(provider.status(), Status::NeedsKey | Status::MissingEngine)
        && let Some(lack) = lacks.first()
    {
        let remedy = Some(provider.remedy(lack));
        return Finding { what, good: false, required: false, detail: lack.to_string(), remedy };
    }
    if provider.installs_first().await.is_ok_and(|installs| installs) {
        let detail = "fetched and built at its first use".to_owned();
        return Finding { what, good: true, required: false, detail, remedy: None };
    }
    match provider.health().await {
        Ok(health) => Finding {
            what,
            good: health.status != HealthStatus::Unhealthy,
            required: true,
            detail: match &health.last_error {
                Some(error) => format!("{}: {error}", health.status.as_str()),
                None => health.status.as_str().to_owned(),
            },
            remedy: None,
        },
        Err(error) => {
            let remedy = error.hint().map(str::to_owned);
            Finding { what, good: false, required: true, detail: error.to_string(), remedy }
        }
    }
}
