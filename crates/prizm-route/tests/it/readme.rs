//! The tables of the README are those of the code, and what it gives as examples can be read.

use std::collections::BTreeSet;

use prizm_route::{Blame, Class, Closes, Code, Criteria, Failure, Latitude, Unit, action};

const README: &str = include_str!("../../README.md");
const CRITERIA: &str = include_str!("../../src/criteria.rs");
const ACTION: &str = include_str!("../../src/action.rs");

/// The first cells of the table below a heading, in their order.
fn named_below(heading: &str) -> Vec<&'static str> {
    let (_, section) = README.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

#[test]
fn it_has_all_criteria_and_their_defaults() {
    let (_, fields) = CRITERIA.split_once("pub struct Criteria {").unwrap();
    let fields = fields.split("\n}").next().unwrap().lines();
    let fields = fields.filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next());
    let mut fields: Vec<_> = fields.filter(|field| *field != "latitude").collect();
    fields.extend(["fallback_on", "allow_duplicate_charge"]);
    assert_eq!(named_below("Criteria"), fields);

    let defaults = serde_json::to_value(Criteria::default()).unwrap();
    for (name, value) in defaults.as_object().unwrap() {
        let row = README.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap();
        assert_eq!(row.split(" | ").nth(2).unwrap(), format!("`{value}`"), "{row}");
    }
}

#[test]
fn its_examples_of_criteria_can_be_read() {
    let mut read = 0;
    for (line, name) in README.lines().filter_map(|line| Some((line, line.strip_prefix("| `")?.split('`').next()?))) {
        let values = line.split('`').skip(1).step_by(2).filter(|code| code.starts_with(['"', '[', '{']));
        for value in values {
            let is_criterion = named_below("Criteria").contains(&name);
            let name = if is_criterion { name } else { "optimize" };
            let criteria = format!("{{\"{name}\": {value}}}");
            if let Err(error) = serde_json::from_str::<Criteria>(&criteria) {
                panic!("{criteria}: {error}");
            }
            read += 1;
        }
    }
    assert!(read > 20, "{read}");
}

#[test]
fn it_has_all_reasons_in_their_order() {
    let codes: Vec<_> = Code::all().iter().map(|code| code.as_str()).collect();
    assert_eq!(named_below("Why not"), codes);
    let gates: Vec<_> = Code::all().iter().filter(|code| code.is_gate()).map(|code| code.as_str()).collect();
    assert_eq!(named_below("Gates"), gates);
}

#[test]
fn it_says_what_is_done_about_every_class_of_failures() {
    let names =
        ACTION.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \"")?.1.split('"').next());
    let names: BTreeSet<_> = names.collect();
    assert_eq!(names, named_below("What is done about a failure").into_iter().collect());
    for name in names {
        let class: Class = serde_json::from_str(&format!("\"{name}\"")).unwrap();
        assert_eq!(class.as_str(), name);
        let row = row(class);
        assert!(README.lines().any(|line| line == row), "{row}");
    }
}

fn row(class: Class) -> String {
    let of = |failure: &Failure, latitude: &Latitude| action(failure, latitude);
    let plain = Failure::new(class);
    let allowed = Latitude { fallback_on: vec![class], ..Latitude::default() };
    let usual = of(&plain, &Latitude::default());
    let another = match () {
        () if usual.falls_back => "yes",
        () if of(&plain, &allowed).falls_back => "with `fallback_on`",
        () if of(&Failure { idempotent: true, ..plain }, &Latitude::default()).falls_back => "see below",
        () => "no",
    };
    let again = if usual.retries == 0 { "no".to_owned() } else { format!("{}×", usual.retries) };
    let fault = match class.blame() {
        Blame::None => "no",
        Blame::Half => "half",
        Blame::Full => "yes",
    };
    let closes = match class.closes() {
        Closes::Nothing => "–",
        Closes::Breaker => "`gate.breaker`",
        Closes::Config => "`gate.config`",
        Closes::Rate => "`gate.rate`",
        Closes::Process => "`gate.process`",
    };
    format!("| `{}` | {again} | {another} | {fault} | {closes} |", class.as_str())
}

#[test]
fn it_names_all_units() {
    let names =
        ["call", "image", "megapixel", "input_megapixel", "second", "video_second", "audio_second", "input_char"];
    let more = ["input_token", "output_token", "token", "step", "gpu_second"];
    for name in names.into_iter().chain(more) {
        assert!(!Unit::named(name, &prizm_protocol::Capability::TEXT_TO_VIDEO).is_empty(), "{name}");
        assert!(README.contains(&format!("`{name}`")), "{name}");
    }
}
