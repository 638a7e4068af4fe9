//! The forms of strings in the schemas are those that the parsers of this crate take.

use prizm_protocol::{Capability, Decimal, ModelId, ProtocolVersion, ProviderId};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::documents::{compile, schema};

/// A form of strings: its name among those that a declaration uses, its schema and its parser.
struct Form {
    name: &'static str,
    validator: jsonschema::Validator,
    parses: Parses,
}

type Parses = fn(&str) -> bool;

fn forms() -> Vec<Form> {
    let declaration = schema("declaration");
    let parsers: [(&'static str, Parses); 6] = [
        ("Capability", |text| text.parse::<Capability>().is_ok()),
        ("Decimal", |text| text.parse::<Decimal>().is_ok()),
        ("ModelId", |text| text.parse::<ModelId>().is_ok()),
        ("ProtocolVersion", |text| text.parse::<ProtocolVersion>().is_ok()),
        ("ProviderId", |text| text.parse::<ProviderId>().is_ok()),
        ("SemVer", |text| semver::Version::parse(text).is_ok()),
    ];
    let form = |(name, parses)| {
        let wrapped = json!({"$ref": format!("#/$defs/{name}"), "$defs": declaration["$defs"]});
        Form { name, validator: compile(&wrapped), parses }
    };
    parsers.into_iter().map(form).collect()
}

fn agree(forms: &[Form], text: &str) {
    for form in forms {
        let (schema, parser) = (form.validator.is_valid(&json!(text)), (form.parses)(text));
        assert_eq!(schema, parser, "the schema `{}` and its parser differ on {text:?}", form.name);
    }
}

#[test]
fn the_ends_of_every_form_are_the_same() {
    let forms = forms();
    let lengths = [1, 40, 41, 63, 64, 65, 127, 128, 129, 255, 256, 257];
    for length in lengths {
        agree(&forms, &"a".repeat(length));
        agree(&forms, &"1".repeat(length.min(60)));
        agree(&forms, &format!("x-{}/a", "a".repeat(length)));
        agree(&forms, &"模".repeat(length));
    }
    let words = [
        "",
        "-",
        "-a",
        "a-",
        "a-b",
        "A",
        "é",
        "a b",
        "a\u{a0}b",
        "a\u{3000}",
        "a\tb",
        "a\n",
        "a\u{0}",
        "a\u{7f}",
        "a\u{85}",
        "a\u{9f}",
        "a\u{200b}",
        "a\u{200f}",
        "a\u{202e}",
        "a\u{2066}",
        "a\u{2069}",
        "\u{feff}",
        "a\u{ad}",
        "a\u{180e}b",
        "0",
        "00.10",
        ".5",
        "1.",
        "1e3",
        "+1",
        "1.0",
        "01.0",
        "1.00",
        "1.0.0",
        "1.0.0-rc.1+b.7",
        "1.0.0-",
        "1.0.0-01",
        "1.0.0-0a",
        "1.0.0+",
        "1.0.0+é",
        "v1.0.0",
        "text-to-image",
        "text-to-smell",
        "x-a/b",
        "x-a/b/c",
        "x-/",
        "X-a/b",
        "m/x:v2",
    ];
    words.iter().for_each(|word| agree(&forms, word));
    assert!(!forms[0].validator.is_valid(&Value::Null));
}

proptest! {
    #[test]
    fn any_short_text_is_taken_by_both_or_neither(text in "[-x/.+ a-cA0-2é\u{200b}\u{a0}\n]{0,9}") {
        thread_local!(static FORMS: Vec<Form> = forms());
        FORMS.with(|forms| agree(forms, &text));
    }
}
