//! What a job is given: a model, a capability, its inputs and options.

use std::fs;
use std::path::{Path, PathBuf};

use prizm_protocol::MediaKind;
use serde_json::{Map, Value, json};

use crate::declared::{self, Declared, Model};
use crate::media::sample::{self, Sample};
use crate::{Error, Plan};

/// The option by which a provider lets its jobs take long. One that has it is examined more sharply:
/// what must hold while a job runs can then be seen.
pub(crate) const DELAY: &str = "delayMs";

/// A kind of job that the plugin says it does.
#[derive(Clone, Debug)]
pub(crate) struct JobSpec {
    pub(crate) model: String,
    pub(crate) capability: String,
    pub(crate) takes: Option<MediaKind>,
    pub(crate) gives: Option<MediaKind>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) options: Map<String, Value>,
    pub(crate) schema: Option<Value>,
    /// It costs nothing to do it often.
    pub(crate) is_free: bool,
}

/// An input of a job.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) role: Option<String>,
    pub(crate) is_required: bool,
    pub(crate) sample: Sample,
    /// The user gave no other.
    pub(crate) is_sample: bool,
}

/// Why no job can be made, and what would help.
pub(crate) type Lack = String;

impl JobSpec {
    /// Makes a job of a model's capability.
    pub(crate) fn new(
        declared: &Declared,
        model: Model<'_>,
        capability: &str,
        given: &Given<'_>,
    ) -> Result<Self, Lack> {
        let known = declared::capability(capability);
        let schema = model.options().find(|(name, _)| *name == capability).map(|(_, schema)| schema.clone());
        let inputs = inputs(model, capability, given)?;
        let options = options(schema.as_ref(), &given.plan.options)?;
        Ok(Self {
            model: model.id().unwrap_or_default().to_owned(),
            capability: capability.to_owned(),
            takes: known.as_ref().and_then(prizm_protocol::Capability::input),
            gives: known.as_ref().and_then(prizm_protocol::Capability::output),
            inputs,
            options,
            schema,
            is_free: model.is_free() || declared.is_local(),
        })
    }

    /// Returns whether every medium is text, so that a host gives it no directory.
    pub(crate) fn is_text_only(&self) -> bool {
        self.gives == Some(MediaKind::Text) && self.inputs.iter().all(|input| input.sample.kind == MediaKind::Text)
    }

    /// Returns how much work it is, by what goes in and comes out.
    pub(crate) fn weight(&self) -> u32 {
        let weight = |kind: MediaKind| match kind {
            MediaKind::Text => 0,
            MediaKind::Image => 1,
            MediaKind::Audio => 2,
            MediaKind::ThreeD => 3,
            _ => 4,
        };
        self.inputs.iter().map(|input| input.sample.kind).chain(self.gives).map(weight).sum()
    }

    /// Returns the options with which a job takes about so long, if the plugin has such an option.
    pub(crate) fn delayed(&self, millis: u64) -> Option<Map<String, Value>> {
        let (_, schema) = declared::properties(self.schema.as_ref()).find(|(name, _)| *name == DELAY)?;
        let most = schema.get("maximum").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let mut options = self.options.clone();
        options.insert(DELAY.to_owned(), millis.min(most).into());
        Some(options)
    }

    /// Makes the parameters of `transform`, and with `directory` its files.
    pub(crate) fn params(&self, job_id: &str, directory: Option<&Path>) -> Result<Value, Error> {
        let mut media = Vec::new();
        for (index, input) in self.inputs.iter().enumerate() {
            let mut medium = place(&input.sample, &format!("input-{}", index + 1), directory)?;
            if let Some(role) = &input.role {
                medium["role"] = json!(role);
            }
            media.push(medium);
        }
        let mut params = json!({"model": self.model, "capability": self.capability, "inputs": media,
                                "options": self.options, "jobId": job_id});
        if let Some(directory) = directory {
            params["jobDir"] = json!(directory);
        }
        Ok(params)
    }
}

/// Puts a sample where a job finds it: into the message, or into `in/`.
pub(crate) fn place(sample: &Sample, stem: &str, directory: Option<&Path>) -> Result<Value, Error> {
    if let (MediaKind::Text, Ok(text)) = (sample.kind, std::str::from_utf8(&sample.bytes)) {
        return Ok(json!({"kind": "text", "mime": sample.mime, "text": text}));
    }
    let path = format!("in/{stem}.{}", sample.extension);
    if let Some(directory) = directory {
        let file = directory.join(&path);
        let written = fs::write(&file, &sample.bytes)
            .and_then(|()| fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o444)));
        written.map_err(|error| Error::Machine(format!("cannot write `{}`: {error}", file.display())))?;
    }
    Ok(json!({"kind": sample.kind, "mime": sample.mime, "path": path, "name": format!("{stem}.{}", sample.extension)}))
}

/// What the user gave for jobs.
pub(crate) struct Given<'a> {
    pub(crate) plan: &'a Plan,
    files: Vec<(String, Sample)>,
}

impl<'a> Given<'a> {
    /// Reads the user's files.
    pub(crate) fn new(plan: &'a Plan) -> Result<Self, Error> {
        let read = |(role, path): (&String, &PathBuf)| Ok((role.clone(), Sample::read(path)?));
        let files = plan.inputs.iter().map(|(role, path)| read((role, path))).collect::<Result<_, Error>>()?;
        Ok(Self { plan, files })
    }

    fn file(&self, role: Option<&str>, kind: MediaKind) -> Option<Sample> {
        let role = role.unwrap_or_default();
        self.files.iter().find(|(of, sample)| of == role && sample.kind == kind).map(|(_, sample)| sample.clone())
    }
}

fn inputs(model: Model<'_>, capability: &str, given: &Given<'_>) -> Result<Vec<Input>, Lack> {
    let slots = model.inputs().find(|(name, _)| *name == capability).and_then(|(_, slots)| slots.as_array());
    let Some(slots) = slots else {
        let kind = declared::capability(capability).and_then(|known| known.input()).unwrap_or(MediaKind::Text);
        return Ok(vec![input(None, kind, true, model, given)?]);
    };
    let mut inputs = Vec::new();
    for slot in slots {
        let role = slot.get("role").and_then(Value::as_str).map(str::to_owned);
        let is_required = slot.get("required").and_then(Value::as_bool).unwrap_or(true);
        let kind = slot.get("kind").and_then(Value::as_str).unwrap_or_default();
        let Some(kind) = MediaKind::ALL.into_iter().find(|known| known.as_str() == kind) else {
            if is_required {
                return Err(format!("`{capability}` needs an input of the unknown kind `{kind}`"));
            }
            continue;
        };
        // An optional input with a role is given only where the user gives it.
        if is_required || role.is_none() || given.file(role.as_deref(), kind).is_some() {
            inputs.push(input(role, kind, is_required, model, given)?);
        }
    }
    Ok(inputs)
}

fn input(
    role: Option<String>,
    kind: MediaKind,
    is_required: bool,
    model: Model<'_>,
    given: &Given<'_>,
) -> Result<Input, Lack> {
    let formats = model.input_formats();
    let fits = |sample: &Sample| match &formats {
        // Formats of other kinds say nothing about this input.
        Some(formats) if formats.iter().any(|format| is_of(format, kind)) => formats.contains(&&*sample.mime),
        _ => true,
    };
    let own = given.file(role.as_deref(), kind);
    let is_sample = own.is_none();
    let sample = own.or_else(|| sample::of(kind).into_iter().find(fits));
    let flag = role.as_deref().map(|role| format!("{role}=")).unwrap_or_default();
    let lack = || {
        let formats = formats.clone().unwrap_or_default().join(", ");
        format!("the model `{}` reads {formats}, and no sample is one; give it with `--input {flag}FILE`", model.name())
    };
    sample.map(|sample| Input { role, is_required, sample, is_sample }).ok_or_else(lack)
}

fn is_of(mime: &str, kind: MediaKind) -> bool {
    mime.split('/').next() == Some(if kind == MediaKind::ThreeD { "model" } else { kind.as_str() })
}

/// The options that a job needs: what the user gave, and for the rest what the schema says.
fn options(schema: Option<&Value>, given: &Map<String, Value>) -> Result<Map<String, Value>, Lack> {
    let mut options = Map::new();
    let known: Vec<_> = declared::properties(schema).collect();
    for (name, value) in given {
        let refused = schema.and_then(|schema| schema.get("additionalProperties")) == Some(&Value::Bool(false));
        if !refused || known.iter().any(|(known, _)| known == name) {
            options.insert(name.clone(), value.clone());
        }
    }
    for name in declared::required(schema) {
        let described = known.iter().find(|(known, _)| *known == name).map(|(_, schema)| *schema);
        if options.contains_key(name) {
            continue;
        }
        let value = described.and_then(example).ok_or_else(|| {
            format!("the option `{name}` is required and has no default; give it with `--option {name}=VALUE`")
        })?;
        options.insert(name.to_owned(), value);
    }
    Ok(options)
}

fn example(schema: &Value) -> Option<Value> {
    let first = |key: &str| schema.get(key)?.as_array()?.first().cloned();
    schema
        .get("default")
        .or_else(|| schema.get("const"))
        .cloned()
        .or_else(|| first("examples"))
        .or_else(|| first("enum"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(model: Value) -> Declared {
        Declared::new(json!({"provider": {"type": "local"}, "models": [model]}))
    }

    fn spec(model: Value, capability: &str, plan: &Plan) -> Result<JobSpec, Lack> {
        let declared = declared(model);
        JobSpec::new(&declared, declared.models().next().unwrap(), capability, &Given::new(plan).unwrap())
    }

    #[test]
    fn inputs_follow_the_slots_and_the_formats() {
        let model = json!({"id": "m", "inputFormats": ["image/jpeg", "audio/mpeg"], "inputs": {"image-to-video": [
            {"kind": "image"}, {"role": "audio", "kind": "audio"}, {"role": "mask", "kind": "image", "required": false}]}});
        let spec = spec(model, "image-to-video", &Plan::default()).unwrap();
        let mimes: Vec<_> = spec.inputs.iter().map(|input| (input.role.as_deref(), &*input.sample.mime)).collect();
        assert_eq!(mimes, [(None, "image/jpeg"), (Some("audio"), "audio/mpeg")]);
        assert!(!spec.is_text_only());
        let params = spec.params("j", None).unwrap();
        assert_eq!(params["inputs"][1]["path"], "in/input-2.mp3");
    }

    #[test]
    fn required_options_come_from_the_user_or_the_schema() {
        let schema = json!({"type": "object", "required": ["seed", "style"],
            "properties": {"seed": {"type": "integer"}, "style": {"enum": ["oil", "ink"]}}});
        let model = json!({"id": "m", "options": {"text-to-text": schema}});
        let lack = spec(model.clone(), "text-to-text", &Plan::default()).unwrap_err();
        assert!(lack.contains("--option seed=VALUE"), "{lack}");
        let plan = Plan { options: Map::from_iter([("seed".to_owned(), json!(7))]), ..Plan::default() };
        let spec = spec(model, "text-to-text", &plan).unwrap();
        assert_eq!(Value::Object(spec.options), json!({"seed": 7, "style": "oil"}));
        assert_eq!(spec.gives, Some(MediaKind::Text));
    }

    #[test]
    fn a_format_that_no_sample_has_is_named() {
        let lack = spec(json!({"id": "m", "inputFormats": ["image/x-raw"]}), "image-to-text", &Plan::default());
        assert!(lack.unwrap_err().contains("--input FILE"));
    }

    #[test]
    fn a_delay_is_kept_within_the_schema() {
        let schema = json!({"properties": {"delayMs": {"type": "integer", "maximum": 500}}});
        let spec =
            spec(json!({"id": "m", "options": {"text-to-text": schema}}), "text-to-text", &Plan::default()).unwrap();
        assert_eq!(spec.delayed(9000).unwrap()["delayMs"], 500);
        assert!(spec.options.is_empty());
    }
}
