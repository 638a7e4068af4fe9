//! The registry: who is known, who is asked, and when a process starts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use prizm_registry::{
    Bundled, Capability, Config, Criteria, ErrorKind, PluginCommand, Provider, ProviderId, Registry, RegistryBuilder,
    Status, Timing,
};
use prizm_tests::{Home, Lab, eventually, timing, within};
use tracing_subscriber::fmt::MakeWriter;

/// What the hostile provider has.
pub const TEXT: Capability = Capability::TEXT_TO_TEXT;

/// Starts making a registry with a home of the test's own and patience for a busy machine.
pub fn builder(lab: &Lab) -> RegistryBuilder {
    Registry::builder().home(lab.file("home")).config(Config::default()).timing(timing())
}

/// Makes a registry that knows one hostile provider, which has not been asked yet.
pub fn registry(lab: &Lab, line: &str) -> Registry {
    let registry = builder(lab).build().unwrap();
    registry.register("hostile", lab.hostile(line)).unwrap();
    registry
}

/// Returns the provider of such a registry, asked.
pub async fn provider(registry: &Registry) -> Provider {
    within(60, "the provider", registry.get_provider("hostile")).await.unwrap()
}

/// Asks a provider's model that repeats text.
pub async fn say(provider: &Provider, text: &str) -> String {
    let answer = within(60, "an answer", provider.model("echo").unwrap().transform(text).into_future()).await.unwrap();
    answer.as_text().unwrap().to_owned()
}

/// Shuts a registry down and waits until none of its processes is left.
pub async fn close(lab: &Lab, registry: &Registry) {
    within(30, "shutdown", registry.shutdown()).await;
    lab.processes().gone_within(5).await;
}

#[tokio::test]
async fn a_process_starts_when_it_is_needed_and_once() {
    let lab = crate::lab();
    let registry = registry(&lab, "counts-starts");
    let known = registry.providers();
    assert_eq!((known.len(), known[0].id().as_str(), known[0].status()), (1, "hostile", Status::Unknown));
    assert!(known[0].info().is_none() && known[0].models().is_empty());
    let error = known[0].model("echo").unwrap_err();
    assert!(error.hint().unwrap().contains("load it first"), "{error:?}");
    assert_eq!(known[0].model_for(&TEXT).unwrap_err().hint(), error.hint(), "as for a model by name");
    let stats = registry.stats();
    assert_eq!((stats.total_providers, stats.available_providers, stats.running_providers), (1, 0, 0));
    assert!(!lab.file("file").exists(), "nothing has been started");

    let provider = provider(&registry).await;
    assert_eq!((provider.status(), say(&provider, "déjà vu").await.as_str()), (Status::Running, "déjà vu"));
    let again = registry.get_provider("hostile").await.unwrap();
    assert_eq!((say(&again, "again").await.as_str(), again.stats().starts), ("again", 1));
    let stats = registry.stats();
    assert_eq!((stats.available_providers, stats.running_providers, stats.models), (1, 1, 2));
    assert_eq!(stats.by_capability[&TEXT], 1);

    close(&lab, &registry).await;
    assert_eq!((provider.status(), registry.stats().running_providers), (Status::Available, 0));
    assert_eq!(say(&provider, "and again").await, "and again", "it can be used after a shutdown");
    assert_eq!(provider.stats().starts, 2);
    close(&lab, &registry).await;
}

/// Where a test's log goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_second_registration_warns_and_overwrites() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let lab = crate::lab();
    let registry = registry(&lab, "good");
    let first = provider(&registry).await;
    assert_eq!(say(&first, "first").await, "first");
    assert!(log.0.lock().unwrap().is_empty(), "nothing was overwritten yet");

    registry.register("hostile", lab.hostile("records-configure")).unwrap();
    let warning = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(warning.lines().count(), 1, "{warning}");
    for part in ["WARN", "hostile", "already registered; overwriting"] {
        assert!(warning.contains(part), "{warning}");
    }
    assert_eq!(registry.providers().len(), 1);
    let second = provider(&registry).await;
    assert!(say(&second, "second").await.contains("\"config\""), "the second command answers");
    assert_eq!(say(&first, "first").await, "first", "who holds the first keeps it");
    // The first is still in our hand, but the registry started it, and ends it.
    close(&lab, &registry).await;
    drop((first, second));
}

#[tokio::test]
async fn questions_about_frozen_declarations_start_nothing() {
    const MANIFEST: &str = "[provider]\nid = \"hostile\"\nname = \"Hostile\"\nversion = \"1.0.0\"\ntype = \"local\"\n\
                            protocol = \"1.0\"\ncapabilities = [\"text-to-text\", \"text-to-image\"]";
    let lab = crate::lab();
    let bundled = |stamp: &str| Bundled::command(MANIFEST, lab.hostile("counts-starts"), stamp).unwrap();
    let starts = || std::fs::read_to_string(lab.file("file")).unwrap_or_default().lines().count();
    let first = builder(&lab).bundled(bundled("1")).build().unwrap();
    first.initialize().await.unwrap();
    assert_eq!(starts(), 1, "nobody knows yet what it declares");
    close(&lab, &first).await;

    let second = Arc::new(builder(&lab).bundled(bundled("1")).build().unwrap());
    let asked = (0..64).map(|_| {
        let registry = Arc::clone(&second);
        tokio::spawn(async move { registry.get_provider("hostile").await.unwrap().models().len() })
    });
    assert!(join_all(asked).await.into_iter().all(|models| models.unwrap() == 2));
    let stats = second.initialize().await.unwrap();
    assert_eq!((stats.available_providers, stats.running_providers), (1, 0));
    assert_eq!(second.available_providers(), ["hostile".parse::<ProviderId>().unwrap()]);
    assert_eq!(second.providers_by_capability(&TEXT).len(), 1);
    assert!(second.providers_by_capability(&Capability::VIDEO_TO_VIDEO).is_empty());
    let best = second.find_best_provider(&TEXT, &Criteria::default()).unwrap();
    assert_eq!((best.id().as_str(), best.status(), best.stats().pid), ("hostile", Status::Available, None));
    assert_eq!(second.decide(&TEXT, &Criteria::default()).unwrap().plan, ["hostile/echo"]);
    assert_eq!((starts(), lab.processes().running("hostile").len()), (1, 0));
    assert_eq!(say(&best, "now").await, "now");
    assert_eq!((starts(), second.stats().running_providers), (2, 1));
    close(&lab, &second).await;

    let changed = builder(&lab).bundled(bundled("2")).build().unwrap();
    changed.initialize().await.unwrap();
    assert_eq!(starts(), 3, "what changed is asked anew");
    close(&lab, &changed).await;
}

#[tokio::test]
async fn one_that_is_broken_leaves_the_others_available() {
    let lab = crate::lab();
    let registry = registry(&lab, "good");
    registry.register("missing", PluginCommand::new(lab.file("no-such-program"))).unwrap();
    registry.register("dying", lab.hostile("exit-3-with-stderr")).unwrap();
    registry.register("lying", lab.hostile("no-capabilities")).unwrap();
    let stats = within(60, "initialize", registry.initialize()).await.unwrap();
    assert_eq!((stats.total_providers, stats.available_providers, stats.models), (4, 1, 2));
    assert_eq!(registry.available_providers(), ["hostile".parse::<ProviderId>().unwrap()]);
    for (id, stage) in [("missing", "spawn"), ("dying", "handshake"), ("lying", "validate")] {
        let broken = registry.providers().into_iter().find(|provider| provider.id() == id).unwrap();
        let failure = broken.failure().unwrap();
        assert_eq!((failure.kind(), failure.stage()), (ErrorKind::Plugin, Some(stage)), "{failure:?}");
        assert_eq!(broken.status(), Status::Unavailable, "{id}");
    }
    assert_eq!(say(&provider(&registry).await, "alive").await, "alive");
    let error = registry.find_best_provider(&Capability::VIDEO_TO_TEXT, &Criteria::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoneQualifies);
    close(&lab, &registry).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_who_ask_at_once_start_it_once() {
    let home = Home::new();
    let url = home.hostile("counts-starts");
    let registry = Registry::builder().home(home.path()).timing(timing()).build().unwrap();
    let asked = (0..64).map(|number| {
        let (registry, url) = (registry.clone(), url.clone());
        tokio::spawn(async move { say(&registry.get_provider(&url).await.unwrap(), &number.to_string()).await })
    });
    let answers = within(60, "64 answers", join_all(asked)).await;
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), number.to_string());
    }
    assert_eq!(home.pids().len(), 2, "it is tried once, and started once");
    within(30, "shutdown", registry.shutdown()).await;
    home.processes().gone_within(5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_fails_is_not_repeated_for_each_who_waits() {
    let home = Home::new();
    let manifest = "[provider]\nid = \"wreck\"\nname = \"Wreck\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
                    capabilities = [\"text-to-text\"]\n[build]\ncommand = [\"sh\", \"build.sh\"]";
    let witness = home.path().join("built");
    let build =
        format!("echo built >> '{}'\necho 'no rule to make the weights' >&2\nsleep 0.3\nexit 1\n", witness.display());
    let url = home.provider("wreck", &[("prizm.toml", manifest), ("build.sh", &build)]);
    let registry = Registry::builder().home(home.path()).build().unwrap();
    let asked = (0..16).map(|_| {
        let (registry, url) = (registry.clone(), url.clone());
        tokio::spawn(async move { registry.get_provider(&url).await.unwrap_err() })
    });
    for error in within(60, "16 failures", join_all(asked)).await {
        let error = error.unwrap();
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Build, Some("build")), "{error:?}");
        assert!(error.stderr().iter().any(|line| line.contains("no rule to make the weights")), "{error:?}");
    }
    let built = || std::fs::read_to_string(&witness).unwrap().lines().count();
    assert_eq!(built(), 1);
    assert!(registry.get_provider(&url).await.is_err(), "who asks later has it tried again");
    assert_eq!(built(), 2);
    assert!(home.staged().is_empty(), "{:?}", home.staged());
}

#[tokio::test]
async fn names_that_lead_nowhere_are_told_apart() {
    let lab = crate::lab();
    let registry = registry(&lab, "good");
    for (name, kind, says, hint) in [
        ("hostil", ErrorKind::NotFound, "there is no provider `hostil`", "did you mean `hostile`?"),
        ("file:///no/such/directory", ErrorKind::NotFound, "`/no/such/directory` does not exist", "check the path"),
        ("github:acme/sd", ErrorKind::Policy, "`github:acme/sd`", "allow = [\"github:acme/sd\"]"),
        ("svn://acme/sd", ErrorKind::Identifier, "`svn://acme/sd`", "github:OWNER/REPO@REF"),
        ("Bad Id", ErrorKind::Identifier, "Bad Id", ""),
        ("", ErrorKind::Identifier, "", ""),
    ] {
        let error = registry.get_provider(name).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error:?}");
        assert!(error.to_string().contains(says), "{name}: {error:?}");
        assert!(error.hint().unwrap().contains(hint), "{name}: {error:?}");
    }
    assert_eq!(registry.register("Bad Id", lab.hostile("good")).unwrap_err().kind(), ErrorKind::Identifier);
    assert!(lab.processes().running("hostile").is_empty(), "nothing was started");
}

#[tokio::test]
async fn a_provider_that_may_be_idle_for_ever_is_supervised_all_the_same() {
    let lab = crate::lab();
    let timing = Timing { cancel_grace: Duration::from_millis(100), ..timing() };
    let registry = builder(&lab).timing(timing).idle_stop(Duration::MAX).build().unwrap();
    registry.register("hostile", lab.hostile("ignore-cancel")).unwrap();
    let provider = provider(&registry).await;
    let pid = provider.stats().pid.unwrap();
    let work = provider.model("echo").unwrap().transform("hello").into_future();
    assert!(tokio::time::timeout(Duration::from_millis(50), work).await.is_err(), "it never answers");
    eventually("it is stopped, because it ignores", || (provider.stats().pid != Some(pid)).then_some(())).await;
    close(&lab, &registry).await;
}

/// The registry of the whole process needs a process of its own: this test starts itself as one.
#[tokio::test]
async fn there_is_one_registry_for_the_whole_process() {
    const NAME: &str = "registry::there_is_one_registry_for_the_whole_process";
    if std::env::var_os("PRIZM_TEST_GLOBAL").is_none() {
        let home = Home::new();
        let mut command = home.command(&std::env::current_exe().unwrap());
        command.args([NAME, "--exact", "--nocapture"]).env("PRIZM_TEST_GLOBAL", "1");
        let ended = prizm_tests::Running::start(command).ended().await;
        assert!(ended.ok().contains("1 passed"), "{ended}");
        return;
    }
    let registry = Registry::global().unwrap();
    let home = std::env::var("PRIZM_HOME").unwrap();
    assert_eq!(registry.home().to_str(), Some(home.as_str()));
    assert!(std::fs::read_dir(&home).unwrap().next().is_none(), "nothing is written");
    registry.register("hostile", PluginCommand::new(crate::HOSTILE).args(["good", "--lifetime", "60"])).unwrap();
    let same = Registry::global().unwrap();
    assert_eq!(say(&provider(&same).await, "one").await, "one");
    assert_eq!(registry.stats().running_providers, 1);
    same.shutdown().await;
}
