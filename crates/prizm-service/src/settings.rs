//! `serviceConfig`: checked, with its defaults, and what its values mean.

mod schema;

use prizm_protocol::service::{Admission, Destination, Gpu, Limit, ServiceSection, WELL_KNOWN};
use prizm_protocol::{ByteSize, ServiceManifest};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Phase};
use crate::{GpuChoice, Result, Settings};

/// Checks what a user says of a service. Returns it with its defaults, and what it means.
///
/// # Errors
/// A key is unknown, or a value is of the wrong type or form; the message names its path.
pub fn resolve(manifest: &ServiceManifest, config: &Map<String, Value>) -> Result<(Map<String, Value>, Settings)> {
    let service = &manifest.service;
    let declared = schema::Declared::of(service)?;
    let config = declared.complete(config)?;
    let mut settings = Settings::default();
    if service.resources.gpu == Gpu::Required {
        settings.gpu = GpuChoice::On;
    }
    for (key, value) in &config {
        apply(&mut settings, key, value, service)?;
    }
    if settings.gpu != GpuChoice::Off && settings.gpu_memory.is_none() {
        settings.gpu_memory = service.resources.gpu_memory.map(|size| size.0);
    }
    if settings.gpu == GpuChoice::Off {
        settings.gpu_memory = None;
    }
    settings.cpus = settings.cpus.or(service.resources.cpus);
    Ok((config, settings))
}

/// Takes what one value means: by the manifest's map, and for what every service has by itself.
fn apply(settings: &mut Settings, key: &str, value: &Value, service: &ServiceSection) -> Result<()> {
    let mapped = service.map.get(key);
    let is_own = schema::describes(service, key);
    let well_known = WELL_KNOWN.contains(&key) && !is_own;
    let leads = |test: fn(&Destination) -> bool| mapped.is_some_and(test);
    if leads(|to| to.gpu) || (well_known && key == "enableGPU") {
        settings.gpu = gpu(key, value)?;
    }
    if leads(|to| to.limit == Some(Limit::Memory)) || (well_known && key == "memory") {
        settings.memory = Some(size(key, value)?);
    }
    if leads(|to| to.limit == Some(Limit::Cpus)) {
        let cpus = value.as_f64().filter(|cpus| *cpus > 0.0 && *cpus <= 4096.0);
        settings.cpus = Some(cpus.ok_or_else(|| wrong(key, value, "a number of processors, such as 2 or 0.5"))?);
    }
    if leads(|to| to.admission == Some(Admission::GpuMemory)) || (well_known && key == "gpuMemory") {
        settings.gpu_memory = Some(size(key, value)?);
    }
    if leads(|to| to.admission == Some(Admission::Concurrency)) || (well_known && key == "maxConcurrent") {
        let calls = value.as_u64().and_then(|calls| u32::try_from(calls).ok()).filter(|calls| *calls > 0);
        settings.max_concurrent = Some(calls.ok_or_else(|| wrong(key, value, "a number of calls above 0"))?);
    }
    let variable = match mapped {
        Some(destination) => destination.env.as_deref(),
        None if well_known => well_known_variable(key),
        None => None,
    };
    if let Some(variable) = variable {
        settings.env.insert(variable.to_owned(), text(key, value, is_own)?);
    }
    Ok(())
}

/// The variables by which a service hears of what every service has, where its manifest names no others.
fn well_known_variable(key: &str) -> Option<&'static str> {
    match key {
        "maxConcurrent" => Some("MAX_CONCURRENT"),
        "gpuMemory" => Some("GPU_MEMORY"),
        _ => None,
    }
}

fn gpu(key: &str, value: &Value) -> Result<GpuChoice> {
    match value {
        Value::Bool(true) => Ok(GpuChoice::On),
        Value::Bool(false) => Ok(GpuChoice::Off),
        Value::String(text) if text == "auto" => Ok(GpuChoice::Auto),
        _ => Err(wrong(key, value, "true, false or \"auto\"")),
    }
}

fn size(key: &str, value: &Value) -> Result<u64> {
    let size = ByteSize::try_from(value);
    size.map(|size| size.0).map_err(|error| fault(key, error.to_string()))
}

/// What a variable holds: texts as they are, sizes and numbers as digits.
fn text(key: &str, value: &Value, is_own: bool) -> Result<String> {
    match value {
        Value::String(text) if text.contains('\0') => Err(wrong(key, value, "a text without NUL")),
        Value::String(text) if matches!(key, "memory" | "gpuMemory") => {
            size(key, &text.as_str().into()).map(|b| b.to_string())
        }
        Value::String(text) => Ok(text.clone()),
        Value::Null => Ok(String::new()),
        Value::Array(_) | Value::Object(_) if !is_own => Err(wrong(key, value, "a text, a number, true or false")),
        other => Ok(other.to_string()),
    }
}

fn wrong(key: &str, value: &Value, expected: &str) -> Error {
    let shown: String = value.to_string().chars().take(80).collect();
    fault(key, format!("{shown} is wrong here: write {expected}"))
}

fn fault(key: &str, reason: impl std::fmt::Display) -> Error {
    let path = if key.is_empty() { "serviceConfig".to_owned() } else { format!("serviceConfig.{key}") };
    Error::new(ErrorKind::Config, Phase::Prepare, format!("{path}: {reason}"))
        .hinted("correct it in the configuration of whoever uses the service")
}

#[cfg(test)]
mod tests;
