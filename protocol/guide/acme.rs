//! Acme pretends to paint on a server far away. `plugins/README.md` quotes it for what the reference provider has no
//! use for: prices, settings with a secret, a service, a job that was accepted, named errors.

use std::process::ExitCode;
use std::time::Duration;

use prizm_plugin::serde_json::{Value, json};
use prizm_plugin::{
    Charged, Configuration, Context, Decimal, Declaration, Error, ErrorKind, Estimate, EstimateRequest, Location,
    MediaKind, Model, Price, Provider, Request, Response, Startup, Usage, serve,
};
use serde::Deserialize;
use tokio::sync::Mutex;

#[derive(Default)]
struct Acme {
    account: Mutex<Option<Account>>,
}

/// With which key to paint, and where.
#[derive(Clone)]
struct Account {
    key: String,
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    api_key: Option<String>,
    base_url: Option<String>,
}

fn painter() -> Model {
    let options = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "width": {"type": "integer", "minimum": 16, "maximum": 4096, "default": 512, "description": "Pixels"},
            "colour": {"enum": ["black", "red"], "default": "black", "description": "Of the paint"},
        },
    });
    Model {
        description: Some("Paints what a text says".to_owned()),
        options: [("text-to-image".to_owned(), options)].into(),
        pricing: vec![Price {
            capability: None,
            unit: "image".to_owned(),
            amount: "0.04".to_owned(),
            currency: "USD".to_owned(),
        }],
        output_formats: Some(vec!["image/svg+xml".to_owned()]),
        ..Model::new("painter", ["text-to-image"])
    }
}

fn settings() -> Value {
    json!({
        "type": "object",
        "properties": {
            "apiKey": {"type": "string", "writeOnly": true, "description": "The key of your account"},
            "baseUrl": {"type": "string", "description": "Where Acme is, where no service runs it"},
        },
    })
}

fn cost() -> Option<Decimal> {
    "0.04".parse().ok()
}

impl Provider for Acme {
    fn declare(&self) -> Declaration {
        Declaration::new("acme", "1.0.0")
            .name("Acme")
            .location(Location::Remote)
            .model(painter())
            .config_schema(settings())
            .max_in_flight(4)
    }

    fn needs_configuration(&self) -> bool {
        true
    }

    async fn configure(&self, configuration: Configuration, startup: &Startup) -> Result<(), Error> {
        let settings: Settings = configuration.parse()?;
        let Some(key) = settings.api_key else {
            return Err(Error::new(ErrorKind::NotConfigured, "the setting `apiKey` is missing"));
        };
        let address = match settings.base_url {
            Some(url) => url,
            None => configuration.endpoint("backend", "http")?.to_owned(),
        };
        startup.stage("logging in", Some(0.5));
        *self.account.lock().await = Some(Account { key, address });
        Ok(())
    }

    async fn estimate(&self, _request: EstimateRequest, _cx: &Context) -> Result<Estimate, Error> {
        Ok(Estimate { cost: cost(), currency: Some("USD".to_owned()), time_ms: Some(200) })
    }

    async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
        let width = request.option_or("width", 512u32)?;
        let colour = request.option_or("colour", "black".to_owned())?;
        let text = request.text()?;
        if text.contains("forbidden") {
            return Err(Error::new(ErrorKind::ContentRejected, "Acme paints nothing that is forbidden"));
        }
        if text.contains("busy") {
            let error = Error::new(ErrorKind::RateLimited, "the account may have 10 paintings a minute");
            return Err(error.retry_after(Duration::from_secs(6)));
        }
        let Some(account) = self.account.lock().await.clone() else {
            return Err(Error::new(ErrorKind::NotConfigured, "the setting `apiKey` is missing"));
        };
        if account.key == "revoked" {
            return Err(Error::new(ErrorKind::UpstreamError, "Acme does not know the key").retryable(false));
        }
        cx.accepted(&format!("acme-{}", cx.job_id()), Charged::Yes);
        for step in 1..=4 {
            cx.progress(f64::from(step) / 4.0, "painting");
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
                () = cx.cancelled() => return Err(Error::cancelled()),
            }
        }
        let painting = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{width}\">\
             <rect width=\"100%\" height=\"100%\" fill=\"{colour}\"/></svg>\n"
        );
        let image = cx.output_file(MediaKind::Image, "image/svg+xml", "painting.svg", painting).await?;
        let usage = Usage { cost: cost(), currency: Some("USD".to_owned()), ..Usage::default() };
        Ok(Response::from(image).usage(usage).meta("paintedAt", account.address))
    }
}

fn main() -> ExitCode {
    serve(Acme::default())
}
