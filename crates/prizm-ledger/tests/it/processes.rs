//! Several processes, and some that are killed. Linux only: the test binary starts itself.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use prizm_ledger::{BudgetTerms, Ledger, LedgerError, Left};

use crate::Home;
use crate::learned::count;

const TERMS: BudgetTerms<'_> = BudgetTerms { id: "shared", limit: 1_000, per: None };

/// The path of the ledger, in the environment of a process that is another user of it.
const PATH: &str = "PRIZM_TEST_LEDGER";

/// Returns a command that runs one of these tests.
fn itself(test: &str) -> Command {
    // By this name also a user may start it who cannot reach its directory.
    #[expect(clippy::disallowed_methods, reason = "the test binary starts itself")]
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", test, "--nocapture"]);
    command
}

/// Returns a command that runs one of these tests as a user who is not root.
pub fn unprivileged(test: &str) -> Command {
    let mut command = itself(test);
    if rustix::process::geteuid().is_root() {
        std::os::unix::process::CommandExt::uid(&mut command, 65534);
        std::os::unix::process::CommandExt::gid(&mut command, 65534);
    }
    command
}

/// Waits for a test that runs in a process of its own.
pub fn passed(command: &mut Command) {
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}\n{stderr}");
}

/// Another process, which does the part of its test that it is for.
struct Other(Child);

impl Other {
    fn start(test: &str, home: &Home) -> Self {
        let mut command = itself(test);
        command.env(PATH, home.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Returns the next number that it says.
    fn says(&mut self) -> i64 {
        let stdout = BufReader::with_capacity(1, self.0.stdout.as_mut().unwrap());
        let said = |line: String| line.split_once("says ")?.1.parse().ok();
        stdout.lines().find_map(|line| said(line.unwrap())).unwrap()
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Does the part of the other process, where this is one.
fn is_other(part: impl FnOnce(&Ledger)) -> bool {
    let Some(path) = std::env::var_os(PATH) else { return false };
    part(&Ledger::open(Path::new(&path)).unwrap());
    true
}

#[test]
fn the_lease_of_a_process_that_was_killed_ends() {
    let reserves = |ledger: &Ledger| {
        println!("says {}", ledger.reserve(&TERMS, 900, 1_000, 500).unwrap().id);
        // It is killed before this ends.
        let _ = std::io::stdin().read(&mut [0]);
    };
    if is_other(reserves) {
        return;
    }
    let home = Home::new();
    let ledger = home.open();
    let mut other = Other::start("processes::the_lease_of_a_process_that_was_killed_ends", &home);
    let id = other.says();
    assert_eq!(ledger.left(&TERMS, 1_100).unwrap(), Left { left: 100, spent: 0, reserved: 900 });
    other.kill();
    let error = ledger.reserve(&TERMS, 200, 1_499, 500).unwrap_err();
    assert!(matches!(error, LedgerError::Exhausted { left: 100, next: Some(1_500), .. }), "{error:?}");
    let reserved = ledger.reserve(&TERMS, 200, 1_500, 500).unwrap();
    ledger.release(reserved.id).unwrap();
    ledger.settle(id, 850, 1_600).unwrap();
    assert_eq!(ledger.left(&TERMS, 1_700).unwrap(), Left { left: 150, spent: 850, reserved: 0 });
}

#[test]
fn processes_never_overspend() {
    let spends = |ledger: &Ledger| {
        let mut spent = 0;
        while let Ok(reserved) = ledger.reserve(&TERMS, 7, 10, 1_000_000) {
            ledger.settle(reserved.id, 5, 20).unwrap();
            spent += 5;
        }
        println!("says {spent}");
    };
    if is_other(spends) {
        return;
    }
    let home = Home::new();
    let others: Vec<_> = (0..4).map(|_| Other::start("processes::processes_never_overspend", &home)).collect();
    let spent: i64 = others
        .into_iter()
        .map(|mut other| {
            let spent = other.says();
            assert!(other.0.wait().unwrap().success());
            spent
        })
        .sum();
    let left = home.open().left(&TERMS, 30).unwrap();
    assert_eq!((left.spent, left.reserved), (u64::try_from(spent).unwrap(), 0));
    assert!(left.left < 7, "{left:?}");
}

#[test]
fn processes_begin_a_corrupt_file_anew_once() {
    let learns = |ledger: &Ledger| {
        (0..20).for_each(|now| count(ledger, "k", now));
        println!("says 20");
    };
    if is_other(learns) {
        return;
    }
    let home = Home::new();
    for _ in 0..5 {
        std::fs::write(home.path(), "no ledger ".repeat(1_000)).unwrap();
        let start = || Other::start("processes::processes_begin_a_corrupt_file_anew_once", &home);
        for mut other in std::array::from_fn::<_, 6, _>(|_| start()) {
            assert!(other.says() == 20 && other.0.wait().unwrap().success());
        }
        assert_eq!(home.open().learned().unwrap(), [("k".to_owned(), "120".to_owned())]);
    }
}

#[test]
fn a_process_that_is_killed_while_it_writes_loses_nothing() {
    let learns = |ledger: &Ledger| {
        for n in 1.. {
            count(ledger, "k", n);
            println!("says {n}");
        }
    };
    if is_other(learns) {
        return;
    }
    let home = Home::new();
    for round in 1..=3 {
        let mut other = Other::start("processes::a_process_that_is_killed_while_it_writes_loses_nothing", &home);
        while other.says() < 50 {}
        other.kill();
        let learned = home.open().learned().unwrap();
        assert!(learned[0].1.parse::<u64>().unwrap() >= round * 50, "{learned:?}");
    }
    assert_eq!(home.files(), ["ledger.db"]);
}
