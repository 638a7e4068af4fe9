//! `serviceConfig`: checked, with its defaults, and what its values mean.

mod schema;

use prizm_protocol::service::{Admission, Backend, Destination, Gpu, Limit, ServiceSection};
use prizm_protocol::{ByteSize, ServiceManifest};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Phase};
use crate::{GpuChoice, Result, Settings};

/// Checks what a user says of a service. Returns it with its defaults, and what it means.
///
/// # Errors
/// A key is unknown, a value is of the wrong type or form, or would do nothing; the message names its path.
pub fn resolve(manifest: &ServiceManifest, asked: &Map<String, Value>) -> Result<(Map<String, Value>, Settings)> {
    let service = &manifest.service;
    let declared = schema::Declared::of(service)?;
    let config = declared.complete(asked)?;
    let mut settings = Settings::default();
    if service.resources.gpu == Gpu::Required {
        settings.gpu = GpuChoice::On;
    }
    for (key, value) in &config {
        apply(&mut settings, key, value, service)?;
    }
    if settings.gpu == GpuChoice::Off {
        // A default of the author's is for those who enable one.
        if let Some(key) = asked.keys().find(|key| is_gpu_memory(service, key)) {
            return Err(no_gpu(service, key));
        }
        settings.gpu_memory = None;
    } else {
        settings.gpu_memory = settings.gpu_memory.or(service.resources.gpu_memory.map(|size| size.0));
    }
    settings.cpus = settings.cpus.or(service.resources.cpus);
    Ok((config, settings))
}

/// Takes what one value means: by the manifest's map, and for what every service has by itself.
fn apply(settings: &mut Settings, key: &str, value: &Value, service: &ServiceSection) -> Result<()> {
    let mapped = service.map.get(key);
    let is_own = schema::describes(service, key);
    let well_known = schema::is_common(service, key) && !is_own;
    let leads = |test: fn(&Destination) -> bool| mapped.is_some_and(test);
    if service.backend == Backend::External && key == schema::URLS {
        check_urls(value, service)?;
    }
    if is_gpu(service, key) {
        settings.gpu = gpu(key, value, service)?;
    }
    if leads(|to| to.limit == Some(Limit::Memory)) || (well_known && key == "memory") {
        settings.memory = Some(size(key, value)?);
    }
    if leads(|to| to.limit == Some(Limit::Cpus)) {
        let cpus = value.as_f64().filter(|cpus| *cpus > 0.0 && *cpus <= 4096.0);
        settings.cpus = Some(cpus.ok_or_else(|| wrong(key, value, "a number of processors, such as 2 or 0.5"))?);
    }
    if is_gpu_memory(service, key) {
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

/// Whether a key enables a GPU.
fn is_gpu(service: &ServiceSection, key: &str) -> bool {
    service.map.get(key).is_some_and(|to| to.gpu) || is_common_one(service, key, "enableGPU")
}

/// Whether a key says how much memory of the GPU there must be.
fn is_gpu_memory(service: &ServiceSection, key: &str) -> bool {
    let admitted = service.map.get(key).and_then(|to| to.admission);
    admitted == Some(Admission::GpuMemory) || is_common_one(service, key, "gpuMemory")
}

fn is_common_one(service: &ServiceSection, key: &str, name: &str) -> bool {
    key == name && schema::is_common(service, key) && !schema::describes(service, key)
}

/// Where the service does not work without a GPU, there is no choice.
fn gpu(key: &str, value: &Value, service: &ServiceSection) -> Result<GpuChoice> {
    let choice = match value {
        Value::Bool(true) => GpuChoice::On,
        Value::Bool(false) => GpuChoice::Off,
        Value::String(text) if text == "auto" => GpuChoice::Auto,
        _ => return Err(wrong(key, value, "true, false or \"auto\"")),
    };
    match (service.resources.gpu, choice) {
        (Gpu::Required, GpuChoice::Off) => {
            let name = &service.name;
            let reason = format!(
                "it is false, and `resources.gpu` of service `{name}` is \"required\": it does not work without"
            );
            Err(fault(key, reason).hinted(format!("leave out `{key}`, or use a service that needs no GPU")))
        }
        (Gpu::Required, _) => Ok(GpuChoice::On),
        (_, choice) => Ok(choice),
    }
}

/// Says that there is no GPU whose memory could be counted.
fn no_gpu(service: &ServiceSection, key: &str) -> Error {
    let enables = service.map.iter().find(|(_, to)| to.gpu).map_or("enableGPU", |(key, _)| key);
    let reason = format!("it asks for memory of a GPU, and `{enables}` gives service `{}` none", service.name);
    fault(key, reason).hinted(format!("set `{enables}` to true or \"auto\", or leave out `{key}`"))
}

/// Checks that each URL is one of an endpoint.
fn check_urls(urls: &Value, service: &ServiceSection) -> Result<()> {
    let table = urls.as_object().ok_or_else(|| wrong(schema::URLS, urls, "a table of URLs by endpoint"))?;
    for (name, url) in table {
        let key = format!("{}.{}", schema::URLS, name.escape_debug());
        if !service.endpoints.contains_key(name) {
            let known: Vec<_> = service.endpoints.keys().map(|name| format!("`{name}`")).collect();
            let reason = format!("service `{}` has no such endpoint", service.name);
            return Err(fault(&key, reason).hinted(format!("it has {}", known.join(", "))));
        }
        if !url.is_string() {
            return Err(wrong(&key, url, "a URL, such as \"http://127.0.0.1:8080\""));
        }
    }
    Ok(())
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
