//! The golden messages are what the schemas describe.

use std::collections::BTreeSet;

use crate::documents::{compile, directory_of, examples, names_in, schema, schemas};

/// The schema that has no examples of its own: its are those of its three parts.
const FRAME: &str = "frame";

#[test]
fn every_type_with_examples_has_a_schema_and_the_reverse() {
    let described: BTreeSet<_> = schemas().into_keys().filter(|name| name != FRAME).collect();
    let described: BTreeSet<_> = described.iter().map(|name| directory_of(name)).collect();
    let shown: BTreeSet<_> = names_in("examples").into_iter().collect();
    assert_eq!(described, shown, "protocol/schema/1.0 and protocol/examples");
}

#[test]
fn every_example_is_valid_unless_its_name_says_that_a_reader_does_not_check_it() {
    let mut wrong = Vec::new();
    for (name, schema) in schemas().into_iter().filter(|(name, _)| name != FRAME) {
        let directory = directory_of(&name);
        let validator = compile(&schema);
        for (example, value) in examples(&directory) {
            let is_unchecked = example.starts_with("unchecked");
            match validator.validate(&value) {
                Err(error) if !is_unchecked => {
                    wrong.push(format!("{directory}/{example}.json, at `{}`: {error}", error.instance_path()));
                }
                Ok(()) if is_unchecked => wrong.push(format!("{directory}/{example}.json: it breaks no rule")),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "what a reader must take and no writer may write is called unchecked-…: {wrong:#?}");
}

#[test]
fn every_message_is_a_frame() {
    let frame = compile(&schema(FRAME));
    for directory in ["Request", "Notification", "Response"] {
        for (example, value) in examples(directory) {
            let outcome = frame.validate(&value);
            assert!(outcome.is_ok(), "protocol/examples/{directory}/{example}.json: {outcome:?}");
        }
    }
}
