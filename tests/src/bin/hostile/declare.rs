//! Declarations that are wrong.

use serde_json::{Value, json};

use crate::mode::{Deed, Mode};

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("wrong-version", "Chooses protocol 9.0, which nobody offered.")
        .declare(|declaration| declaration["protocolVersion"] = json!("9.0")),
    Mode::new("no-capabilities", "Declares an empty list of capabilities.").declare(|declaration| {
        declaration["capabilities"] = json!([]);
        declaration["models"] = json!([]);
    }),
    Mode::new("unknown-capability", "Declares `text-to-smell`, with a model for it that gives text.")
        .declare(|declaration| add_capability(declaration, "text-to-smell"))
        .asked(|_, request| {
            if request.params["model"] == "extra" {
                request.params["model"] = json!("echo");
                request.params["capability"] = json!("text-to-text");
            }
            Deed::Nothing
        }),
    Mode::new("capability-drift", "Declares image-to-image as well, with a model for it, which no manifest names.")
        .declare(|declaration| add_capability(declaration, "image-to-image")),
    Mode::new("capability-without-model", "Declares text-to-audio, without a model for it.")
        .declare(|declaration| push(&mut declaration["capabilities"], json!("text-to-audio"))),
    Mode::new("model-outside-capabilities", "Has a model with video-to-video, which the provider does not declare.")
        .declare(|declaration| push(&mut declaration["models"][0]["capabilities"], json!("video-to-video"))),
    Mode::new("id-differs", "Calls itself `hostile-twin`.")
        .declare(|declaration| declaration["provider"]["id"] = json!("hostile-twin")),
    Mode::new("duplicate-models", "Declares the model `echo` twice.").declare(|declaration| {
        let echo = declaration["models"][0].clone();
        push(&mut declaration["models"], echo);
    }),
    Mode::new("bad-model-id", "Declares a model whose id holds a line feed.")
        .declare(|declaration| declaration["models"][0]["id"] = json!("echo\nnot")),
    Mode::new("bad-limits", "Declares that it takes 0 transforms at once.")
        .declare(|declaration| declaration["limits"]["maxInFlight"] = json!(0)),
    Mode::new("bad-schema", "Describes options by a schema whose `type` is no type.").declare(|declaration| {
        declaration["models"][0]["options"]["text-to-text"] = json!({"type": "nonsense", "properties": 7});
    }),
    Mode::new("malformed-declaration", "Declares capabilities as a string and the version as a number.").declare(
        |declaration| {
            declaration["capabilities"] = json!("text-to-text");
            declaration["protocolVersion"] = json!(1.0);
        },
    ),
    Mode::new("malformed-model", "Describes a model by a number.")
        .declare(|declaration| declaration["models"][0]["description"] = json!(7)),
    Mode::new("bad-id", "Has an id with a capital and a space.")
        .declare(|declaration| declaration["provider"]["id"] = json!("Hostile Twin")),
    Mode::new("bad-version", "Has the version `one`, which is no semantic version.")
        .declare(|declaration| declaration["provider"]["version"] = json!("one")),
    Mode::new("capability-twice", "Declares text-to-text twice.")
        .declare(|declaration| push(&mut declaration["capabilities"], json!("text-to-text"))),
    Mode::new("options-of-no-capability", "Describes options of a capability that the model lacks.")
        .declare(|declaration| declaration["models"][0]["options"]["text-to-3d"] = json!({"type": "object"})),
    Mode::new("bad-price", "Asks `a little` in a currency that is none.").declare(|declaration| {
        declaration["models"][1]["pricing"] = json!([{"unit": "image", "amount": "a little", "currency": "coins"}]);
    }),
    Mode::new("limit-too-large", "Declares that it takes 1025 transforms at once, which it does.")
        .prepare(|session| session.limit = 1025)
        .declare(|declaration| declaration["limits"]["maxInFlight"] = json!(1025)),
    Mode::new("bad-config-schema", "Describes its settings by a schema whose `type` is no type.")
        .declare(|declaration| declaration["configSchema"]["type"] = json!("nonsense")),
    Mode::new("shown-secret", "Has a setting `password` that it does not mark as a secret.").declare(|declaration| {
        declaration["configSchema"]["properties"]["password"] = json!({"type": "string"});
    }),
    Mode::new("no-type", "Does not say whether it is local.").declare(|declaration| {
        if let Some(provider) = declaration["provider"].as_object_mut() {
            provider.remove("type");
        }
    }),
    Mode::new("unpriced-model", "Does not say what its first model costs.").declare(|declaration| {
        if let Some(model) = declaration["models"][0].as_object_mut() {
            model.remove("isFree");
        }
    }),
    Mode::new("undescribed-option", "Does not describe the option `delayMs`.").declare(|declaration| {
        let options = &mut declaration["models"][0]["options"]["text-to-text"];
        options["properties"]["delayMs"] = json!({"type": "integer", "minimum": 0, "default": 0});
    }),
    Mode::new("bad-hints", "Is of quality 9, has a feature with a space, and works in a region that is none.").declare(
        |declaration| {
            declaration["models"][0]["quality"] = json!(9);
            declaration["models"][0]["features"] = json!(["negative prompt"]);
            declaration["dataPolicy"] = json!({"regions": ["The Moon"]});
        },
    ),
    Mode::new("many-violations", "Breaks many rules of a declaration at once.").declare(many_violations),
];

fn push(list: &mut Value, item: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}

fn add_capability(declaration: &mut Value, capability: &str) {
    push(&mut declaration["capabilities"], json!(capability));
    push(&mut declaration["models"], json!({"id": "extra", "capabilities": [capability], "isFree": true}));
}

fn many_violations(declaration: &mut Value) {
    *declaration = json!({
        "protocolVersion": "9.0",
        "provider": {"id": "Hostile Twin", "version": "one"},
        "capabilities": ["text-to-text", "text-to-smell", "text-to-audio"],
        "models": [
            {"id": "echo", "capabilities": ["text-to-text", "video-to-video"]},
            {"id": "echo", "capabilities": ["text-to-text"]},
            {"id": "", "capabilities": []},
        ],
        "limits": {"maxInFlight": 0},
    });
}
