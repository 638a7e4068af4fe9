//! Jobs that must be refused.

use prizm_protocol::{Capability, MediaKind};
use serde_json::{Map, Value, json};

use super::Scenario;
use crate::declared;
use crate::job::{JobSpec, place};
use crate::media::sample;
use crate::session::Session;
use crate::stage::Stage;
use crate::verdict::Stop;

pub(super) const CHECKS: &[Scenario] = &[
    Scenario { rules: &["TR-3"], title: "an unknown model", play: unknown_model },
    Scenario { rules: &["TR-4"], title: "a capability that the model lacks", play: other_capability },
    Scenario { rules: &["TR-5"], title: "parameters of the wrong type", play: wrong_types },
    Scenario { rules: &["TR-6"], title: "options that the schema refuses", play: wrong_options },
    Scenario { rules: &["TR-7"], title: "a job without its input", play: no_input },
    Scenario { rules: &["TR-8"], title: "an input of another kind", play: other_kind },
    Scenario { rules: &["MD-8"], title: "an input file that is missing", play: missing_file },
    Scenario { rules: &["MD-9"], title: "an input's path that leaves `jobDir`", play: outside },
];

const INVALID_PARAMS: i64 = -32602;
const INVALID_MEDIA: i64 = 1203;

fn unknown_model(stage: &Stage<'_>) -> Result<(), Stop> {
    const MODEL: &str = "conformance-no-such-model";
    let tried = stage.facts().job()?;
    let mut session = Session::ready(stage, "an unknown model")?;
    let done = session.odd_job(&tried.spec, "TR-3", |params| params["model"] = json!(MODEL))?;
    super::refused(&mut session, &done.answer, "TR-3", &[1006], &format!("a job of the model `{MODEL}`"))?;
    super::named(&mut session, &done.answer, MODEL);
    session.finish()
}

fn other_capability(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let declared = &stage.facts().declared;
    let own = declared.model(&tried.spec.model).map(|model| model.capabilities()).unwrap_or_default();
    let standard: Vec<_> = Capability::standard().collect();
    let others = declared.capabilities().into_iter().chain(standard.iter().map(Capability::as_str));
    let Some(other) = others.into_iter().find(|name| !own.contains(name)) else {
        return Err(Stop::Inapplicable("the model has every capability".to_owned()));
    };
    let mut session = Session::ready(stage, "a capability that the model lacks")?;
    let done = session.odd_job(&tried.spec, "TR-4", |params| params["capability"] = json!(other))?;
    let what = format!("`{other}` of the model `{}`, which lacks it,", tried.spec.model);
    super::refused(&mut session, &done.answer, "TR-4", &[1003], &what)?;
    super::named(&mut session, &done.answer, other);
    session.finish()
}

fn wrong_types(stage: &Stage<'_>) -> Result<(), Stop> {
    let tried = stage.facts().job()?;
    let mut session = Session::ready(stage, "parameters of the wrong type")?;
    for (name, value) in [("model", json!(7)), ("capability", json!(["a", "list"])), ("options", json!(["a", "list"]))]
    {
        let done = session.odd_job(&tried.spec, "TR-5", |params| params[name] = value.clone())?;
        let what = format!("a job whose `{name}` is {value}");
        super::refused(&mut session, &done.answer, "TR-5", &[INVALID_PARAMS], &what)?;
    }
    session.finish()
}

/// Options that a schema refuses, if it can refuse any.
fn refusable(spec: &JobSpec) -> Option<Map<String, Value>> {
    let schema = spec.schema.as_ref()?;
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    let validator = options.build(schema).ok()?;
    let unknown = ("conformanceNoSuchOption".to_owned(), json!(1));
    let wrong = |name: &str| {
        let values = [json!({"conformance": 1}), json!("text"), json!(-1), json!(1e300)];
        values.into_iter().map(|value| (name.to_owned(), value)).collect::<Vec<_>>()
    };
    let typed = declared::properties(Some(schema)).flat_map(|(name, _)| wrong(name));
    typed.chain([unknown]).find_map(|(name, value)| {
        let mut options = spec.options.clone();
        options.insert(name, value);
        (!validator.is_valid(&Value::Object(options.clone()))).then_some(options)
    })
}

fn wrong_options(stage: &Stage<'_>) -> Result<(), Stop> {
    let none = "no job of it has options that its schema could refuse";
    let tried = stage.facts().job_that(|spec| refusable(spec).is_some(), none)?;
    let options = refusable(&tried.spec).unwrap_or_default();
    let mut session = Session::ready(stage, "options that the schema refuses")?;
    let what = format!("a job with the options {}", Value::Object(options.clone()));
    let done = session.odd_job(&tried.spec, "TR-6", |params| params["options"] = json!(options))?;
    super::refused(&mut session, &done.answer, "TR-6", &[INVALID_PARAMS], &what)?;
    session.finish()
}

fn no_input(stage: &Stage<'_>) -> Result<(), Stop> {
    let needs = |spec: &JobSpec| spec.inputs.iter().any(|input| input.is_required);
    let tried = stage.facts().job_that(needs, "no job of it needs an input")?;
    let mut session = Session::ready(stage, "a job without its input")?;
    let done = session.odd_job(&tried.spec, "TR-7", |params| params["inputs"] = json!([]))?;
    super::refused(&mut session, &done.answer, "TR-7", &[INVALID_MEDIA, INVALID_PARAMS], "a job without an input")?;
    session.finish()
}

fn other_kind(stage: &Stage<'_>) -> Result<(), Stop> {
    let has_input = |spec: &JobSpec| spec.inputs.iter().any(|input| input.is_required);
    let tried = stage.facts().job_that(has_input, "no job of it needs an input")?;
    let takes: Vec<_> = tried.spec.inputs.iter().map(|input| input.sample.kind).collect();
    let kinds = [MediaKind::Text, MediaKind::Image, MediaKind::Audio, MediaKind::Video, MediaKind::ThreeD];
    let Some(kind) = kinds.into_iter().find(|kind| !takes.contains(kind)) else {
        return Err(Stop::Inapplicable("it takes every kind of medium".to_owned()));
    };
    let mut session = Session::ready(stage, "an input of another kind")?;
    let (mut params, directory) = session.prepare(&tried.spec, true)?;
    let Some(other) = sample::of(kind).into_iter().next() else { return Ok(()) };
    params["inputs"] = json!([place(&other, "other", directory.as_deref())?]);
    let mut running = session.send_job(&tried.spec, params, directory.as_deref());
    running.ask = running.ask.or("TR-8");
    let done = session.finish_job(running)?;
    let what = format!("a job of `{}` with an input of the kind {kind}", tried.spec.capability);
    super::refused(&mut session, &done.answer, "TR-8", &[INVALID_MEDIA, INVALID_PARAMS], &what)?;
    session.finish()
}

/// A job whose first file is at another path.
fn at_path(stage: &Stage<'_>, title: &str, path: &str, rule: &'static str, codes: &[i64]) -> Result<(), Stop> {
    let has_file = |spec: &JobSpec| spec.inputs.iter().any(|input| input.sample.kind != MediaKind::Text);
    let tried = stage.facts().job_that(has_file, "no job of it takes a file")?;
    let mut session = Session::ready(stage, title)?;
    let (mut params, directory) = session.prepare(&tried.spec, true)?;
    let inputs = params["inputs"].as_array_mut();
    let Some(file) = inputs.and_then(|inputs| inputs.iter_mut().find(|input| input["path"].is_string())) else {
        return Ok(());
    };
    let own = file["path"].as_str().unwrap_or_default().to_owned();
    let moved = path.replace('*', own.rsplit('.').next().unwrap_or("bin"));
    file["path"] = json!(moved);
    if let Some(directory) = &directory {
        let (from, to) = (directory.join(&own), directory.join(&moved));
        // Where it leads out of the directory a file is there, and could be read.
        let done = if moved.starts_with("in/") { std::fs::remove_file(from) } else { std::fs::rename(from, to) };
        done.map_err(|error| Stop::machine(format!("cannot move an input: {error}")))?;
    }
    let mut running = session.send_job(&tried.spec, params, directory.as_deref());
    running.ask = running.ask.or(rule);
    let done = session.finish_job(running)?;
    super::refused(&mut session, &done.answer, rule, codes, &format!("a job whose input is `{moved}`"))?;
    session.finish()
}

fn missing_file(stage: &Stage<'_>) -> Result<(), Stop> {
    at_path(stage, "an input file that is missing", "in/missing.*", "MD-8", &[INVALID_MEDIA])
}

fn outside(stage: &Stage<'_>) -> Result<(), Stop> {
    at_path(stage, "an input's path that leaves `jobDir`", "../outside.*", "MD-9", &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(schema: Value) -> JobSpec {
        JobSpec {
            model: "m".to_owned(),
            capability: "text-to-text".to_owned(),
            takes: Some(MediaKind::Text),
            gives: Some(MediaKind::Text),
            inputs: Vec::new(),
            options: Map::new(),
            schema: Some(schema),
            is_free: true,
        }
    }

    #[test]
    fn options_are_made_that_a_schema_refuses() {
        let typed = spec(json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}));
        assert_eq!(refusable(&typed).unwrap()["a"], json!({"conformance": 1}));
        let closed = spec(json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}));
        assert!(refusable(&closed).unwrap().contains_key("conformanceNoSuchOption"));
        assert_eq!(refusable(&spec(json!({"type": "object"}))), None);
    }
}
