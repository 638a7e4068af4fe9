//! A provider that does what its input says.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use prizm_plugin::{
    Charged, Configuration, Context, Declaration, Error, ErrorKind, Estimate, EstimateRequest, Media, Model, Progress,
    Provider, Request, Response, Startup,
};
use tokio::time::sleep;

/// What the lab did, for the test to see.
#[derive(Default)]
pub struct Seen {
    pub begun: AtomicUsize,
    pub dropped: AtomicUsize,
    pub chunks: AtomicUsize,
    /// Jobs that block a thread until the gate opens.
    pub blocked: AtomicUsize,
    pub shut_down: AtomicBool,
    gate: Mutex<bool>,
    gate_moved: Condvar,
}

impl Seen {
    /// Lets work go on that blocks a thread.
    pub fn open_gate(&self) {
        *self.gate.lock().unwrap() = true;
        self.gate_moved.notify_all();
    }

    fn pass_gate(&self) {
        let gate = self.gate.lock().unwrap();
        let patience = Duration::from_secs(20);
        let (_gate, late) = self.gate_moved.wait_timeout_while(gate, patience, |open| !*open).unwrap();
        assert!(!late.timed_out(), "the gate was never opened");
    }

    pub fn count(&self, what: &AtomicUsize) -> usize {
        what.load(Ordering::SeqCst)
    }
}

pub struct Lab {
    pub seen: Arc<Seen>,
    pub max_in_flight: u32,
    pub needs_configuration: bool,
}

impl Lab {
    pub fn new(max_in_flight: u32) -> (Self, Arc<Seen>) {
        let seen = Arc::new(Seen::default());
        (Self { seen: seen.clone(), max_in_flight, needs_configuration: false }, seen)
    }
}

struct CountDrop<'a>(&'a Seen);

impl Drop for CountDrop<'_> {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        panic!("dropped badly");
    }
}

impl Provider for Lab {
    fn declare(&self) -> Declaration {
        Declaration::new("lab", "1.0.0")
            .model(Model::new("lab", ["text-to-text", "x-test/files"]))
            .model(Model::new("labrador", ["image-to-text"]))
            .max_in_flight(self.max_in_flight)
    }

    fn needs_configuration(&self) -> bool {
        self.needs_configuration
    }

    async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
        let _counted = CountDrop(&self.seen);
        self.seen.begun.fetch_add(1, Ordering::SeqCst);
        if request.capability.as_str() == "x-test/files" {
            return files(&request, cx).await;
        }
        let text = request.text()?.to_owned();
        let (what, number) = text.split_once(' ').unwrap_or((&text, "0"));
        let number: u64 = number.parse().unwrap_or(0);
        match what {
            "sleep" => sleep(Duration::from_millis(number)).await,
            "wait" => {
                cx.cancelled().await;
                return Err(Error::cancelled());
            }
            "finish-anyway" => cx.cancelled().await,
            "fail-after-cancel" => {
                cx.cancelled().await;
                return Err(Error::new(ErrorKind::UpstreamError, "the child was killed"));
            }
            "io-error-after-cancel" => {
                cx.cancelled().await;
                return Err(std::io::Error::other("the pipe broke").into());
            }
            "panic-after-cancel" => {
                cx.cancelled().await;
                panic!("at the worst time");
            }
            "ignore" => std::future::pending().await,
            "ignore-and-panic-on-drop" => {
                let _bomb = PanicOnDrop;
                std::future::pending().await
            }
            "panic" => panic!("the lab blew up at {number}"),
            "panic-later" => {
                sleep(Duration::from_millis(1)).await;
                panic!("later");
            }
            "block" => return self.block(cx).await,
            "block-panic" => cx.blocking(|_| -> Result<(), Error> { panic!("on a thread") }).await?,
            "huge" => return Ok(Media::text("x".repeat(number as usize)).into()),
            "chunks" => self.chunks(number, cx).await,
            "accept-and-fail" => {
                cx.accepted("remote-7", Charged::Yes);
                cx.accepted("remote-8", Charged::No);
                return Err(Error::new(ErrorKind::UpstreamError, "it broke"));
            }
            "accept-and-huge" => {
                cx.accepted("remote-7", Charged::Yes);
                return Err(Error::internal("y".repeat(number as usize)));
            }
            "option" => return Ok(Media::text(request.option_or("steps", 7u8)?.to_string()).into()),
            "deadline" => {
                let left = cx.deadline().map(|at| at - tokio::time::Instant::now().into_std());
                return Ok(Media::text(format!("{} {left:?}", cx.job_id())).into());
            }
            other => progress(other, number, cx).await,
        }
        Ok(Media::text(text).into())
    }

    async fn estimate(&self, request: EstimateRequest, cx: &Context) -> Result<Estimate, Error> {
        assert!(cx.job_dir().is_err(), "there are no files");
        let width = request.input().and_then(|facts| facts.meta.as_ref()?.get("width")?.as_u64());
        let mask = request.input_with_role("mask").map_or(0, |_| 1);
        let steps = request.option_or("steps", 7u64)?;
        Ok(Estimate { time_ms: Some(width.unwrap_or(0) * steps + mask), ..Estimate::default() })
    }

    async fn configure(&self, configuration: Configuration, startup: &Startup) -> Result<(), Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Settings {
            #[serde(rename = "apiKey")]
            _api_key: u32,
        }
        startup.stage("loading", Some(0.5));
        startup.stage("loading", Some(0.6));
        startup.stage("warming", None);
        configuration.parse::<Settings>().map(|_| ())
    }

    async fn models(&self) -> Result<Vec<Model>, Error> {
        Ok(vec![Model::new("lab-2", ["text-to-text"])])
    }

    async fn shutdown(&self) {
        self.seen.shut_down.store(true, Ordering::SeqCst);
    }
}

impl Lab {
    async fn block(&self, cx: &Context) -> Result<Response, Error> {
        let seen = self.seen.clone();
        let done = cx.blocking(move |cx| {
            seen.blocked.fetch_add(1, Ordering::SeqCst);
            seen.pass_gate();
            // Past a cancellation or the answer this must say nothing.
            cx.progress(0.9, "late");
            seen.chunks.fetch_add(1, Ordering::SeqCst);
            cx.checkpoint()?;
            Ok("unblocked")
        });
        Ok(Media::text(done.await?).into())
    }

    async fn chunks(&self, number: u64, cx: &Context) {
        for chunk in 0..number {
            cx.chunk_text(&format!("{chunk} {}", "c".repeat(64 * 1024))).await;
            self.seen.chunks.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn progress(what: &str, number: u64, cx: &Context) {
    match what {
        "progress-wild" => {
            for fraction in [0.5, 0.25, f64::NAN, 7.0, -1.0] {
                cx.progress(fraction, "wild");
                sleep(Duration::from_millis(150)).await;
            }
        }
        "progress-burst" => {
            for step in 0..number {
                cx.progress(step as f64 / number as f64, "burst");
                sleep(Duration::from_millis(1)).await;
            }
        }
        "progress-then-sleep" => {
            cx.progress(0.1, "first");
            cx.report(Progress {
                fraction: Some(0.2),
                message: Some("held back".into()),
                eta: Some(Duration::from_secs(5)),
                ..Progress::default()
            });
            sleep(Duration::from_millis(number)).await;
        }
        "progress-at-once" => {
            for step in 0..1000 {
                cx.progress(f64::from(step) / 1000.0, "at once");
            }
        }
        _ => {}
    }
}

async fn files(request: &Request, cx: &Context) -> Result<Response, Error> {
    let bytes = cx.read_input(request.input()?).await?;
    let name = request.option_or("name", "copy.bin".to_owned())?;
    let output = cx.output_file(prizm_plugin::MediaKind::Image, "image/png", &name, bytes).await?;
    let elsewhere = cx.output(output.kind, "image/png", "/etc/passwd");
    assert!(elsewhere.is_err(), "{elsewhere:?}");
    cx.chunk_file(cx.create_output(&name)?).await?;
    Ok(output.into())
}
