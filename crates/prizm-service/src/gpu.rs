//! GPUs: whether there is one, and whether its memory has room.

use std::fs;
use std::path::Path;
use std::time::Duration;

use prizm_install::process::Invocation;
use prizm_protocol::ByteSize;
use prizm_protocol::service::Gpu;

use crate::error::{Error, ErrorKind, Phase};
use crate::lock::FileLock;
use crate::place::Place;
use crate::{GpuChoice, Result, Spec};

/// How long the driver's tool may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks that this machine has a GPU for a program.
pub(crate) async fn check(spec: &Spec) -> Result<()> {
    match memory(spec).await {
        Some(_) => Ok(()),
        None => Err(none(spec, "`nvidia-smi` finds none on this machine")),
    }
}

/// Says that there is no GPU.
pub(crate) fn none(spec: &Spec, reason: &str) -> Error {
    let service = &spec.manifest.service;
    let (wanted, hint) = match service.resources.gpu {
        Gpu::Required => (
            format!("`resources.gpu` of service `{}` is \"required\"", service.name),
            "install the GPU's driver, or use a service that needs no GPU",
        ),
        Gpu::None | Gpu::Optional => {
            ("`enableGPU` is true".to_owned(), "set `enableGPU` to \"auto\" or false, or install the GPU's driver")
        }
    };
    Error::new(ErrorKind::NoGpu, Phase::Prepare, format!("{wanted}, and there is no GPU: {reason}")).hinted(hint)
}

/// Returns the memory of the largest GPU, in bytes: what the user declares, else what the driver tells.
async fn memory(spec: &Spec) -> Option<u64> {
    if let Some(declared) = spec.host.gpu_memory {
        return Some(declared);
    }
    let ask =
        Invocation::new(["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"], Path::new("/"));
    let running = ask.start().ok()?.ok()?;
    let mut largest = None;
    let listen = |line: prizm_install::process::Line<'_>| {
        let mebibytes = line.shown().trim().parse::<u64>().ok().and_then(|mebibytes| mebibytes.checked_mul(1 << 20));
        largest = largest.max(mebibytes);
    };
    let status = tokio::time::timeout(PATIENCE, running.wait(listen, |_| {})).await.ok()?.ok()?;
    largest.filter(|_| status.success())
}

/// Counts the memory of the GPU that a service asks for with that of those that run already. What is
/// admitted counts as long as the service's owner lives.
pub(crate) async fn admit(spec: &Spec) -> Result<()> {
    let Some(wanted) = spec.settings.gpu_memory else { return Ok(()) };
    let Some(total) = memory(spec).await else {
        return match spec.settings.gpu {
            GpuChoice::On => Err(none(spec, "its memory is not known").hinted(
                "say how much there is: `gpuMemory = \"24GB\"` under `[host]` in config.toml, or install the GPU's driver",
            )),
            _ => Ok(()),
        };
    };
    // One at a time, so that two do not both find the same room.
    let _turn = FileLock::take(&Place::all(&spec.home).join("gpu.lock")).await?;
    let used = in_use(spec)?;
    let sum: u64 = used.iter().map(|(_, bytes)| bytes).sum();
    if wanted <= total.saturating_sub(sum) {
        return Place::of(&spec.home, &spec.instance).admit(wanted);
    }
    let each: Vec<_> = used.iter().map(|(name, bytes)| format!("`{name}` has {}", ByteSize(*bytes))).collect();
    let message = format!(
        "`{}` asks for {} of the GPU's memory; of {} there are {} left{}{}",
        spec.manifest.service.name,
        ByteSize(wanted),
        ByteSize(total),
        ByteSize(total.saturating_sub(sum)),
        if each.is_empty() { "" } else { ": " },
        each.join(", "),
    );
    Err(Error::new(ErrorKind::GpuMemory, Phase::Prepare, message)
        .hinted("stop one of the others (`prizm service stop`), or lower `gpuMemory` in its serviceConfig"))
}

/// Returns who has how much.
fn in_use(spec: &Spec) -> Result<Vec<(String, u64)>> {
    let mut used = Vec::new();
    for entry in fs::read_dir(Place::all(&spec.home)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == spec.instance || !entry.path().is_dir() {
            continue;
        }
        let place = Place::of(&spec.home, &name);
        if let (Some(bytes), true) = (place.admitted(), place.is_owned()?) {
            used.push((name, bytes));
        }
    }
    used.sort();
    Ok(used)
}
