//! The orphan guard: kills every plugin's process group when the host is gone, however it went.
//!
//! A small `/bin/sh` reads the other end of a close-on-exec socket that only the host holds. The
//! host's death, `kill -9` included, closes it; the guard then kills the groups that it was told of.
//! Being a program of its own, it works inside anything that links this library, and it spares
//! nothing that the parent-death signal would: grandchildren die with their group.
//!
//! A plugin registers *itself* before it executes anything, so no moment exists in which it runs unknown.
//! It is unregistered only while its process is still unreaped, so no group id is ever stale.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::net::{SendFlags, send};

const SCRIPT: &str = r#"
trap '' HUP INT QUIT PIPE TERM
groups=' '
while IFS= read -r line; do
    group=${line#?}
    case $line in
        +*) groups="$groups$group " ;;
        -*) case $groups in *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;; esac ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group" || kill -s KILL "$group"; done 2>/dev/null
"#;

static GUARD: Mutex<Guard> = Mutex::new(Guard { running: None, groups: BTreeSet::new() });

struct Guard {
    running: Option<(Arc<UnixStream>, Child)>,
    groups: BTreeSet<u32>,
}

/// Returns what leads to the guard, which is started where it does not run.
pub(super) fn guard() -> io::Result<Arc<UnixStream>> {
    lock().socket()
}

/// Registers the process group of the caller, a child that has not executed yet. It neither allocates nor locks.
pub(super) fn register(guard: &UnixStream) -> io::Result<()> {
    tell(guard, b'+', std::process::id())
}

/// Takes that back, in a child that could not execute: it is reaped before anybody could.
pub(super) fn withdraw(guard: &UnixStream) {
    // Where the guard is gone there is nothing to take back.
    let _ = tell(guard, b'-', std::process::id());
}

/// Notes a group that registered itself, so that a guard that was killed can be replaced.
pub(super) fn note(group: u32) {
    lock().groups.insert(group);
}

/// Forgets a group. Its leader must not have been reaped yet.
pub(super) fn forget(group: u32) {
    let mut guard = lock();
    guard.groups.remove(&group);
    if let Some((socket, _)) = &guard.running {
        // A guard that is gone has nothing to forget.
        let _ = tell(socket, b'-', group);
    }
}

fn lock() -> std::sync::MutexGuard<'static, Guard> {
    GUARD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Guard {
    fn socket(&mut self) -> io::Result<Arc<UnixStream>> {
        if let Some((socket, child)) = &mut self.running {
            if matches!(child.try_wait(), Ok(None)) {
                return Ok(Arc::clone(socket));
            }
            tracing::warn!("the orphan guard was killed; starting another");
        }
        let (ours, theirs) = UnixStream::pair()?;
        #[expect(clippy::disallowed_methods, reason = "the guard is no plugin: it must outlive the host")]
        let child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "prizm-guard"])
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("cannot start the orphan guard `/bin/sh`: {error}"))
            })?;
        let socket = Arc::new(ours);
        for group in &self.groups {
            tell(&socket, b'+', *group)?;
        }
        self.running = Some((Arc::clone(&socket), child));
        Ok(socket)
    }
}

/// Writes one line without allocating: a child that has not executed yet does it, too.
fn tell(socket: &UnixStream, sign: u8, group: u32) -> io::Result<()> {
    let mut line = [0_u8; 16];
    let mut rest = &mut line[..];
    rest.write_all(&[sign])?;
    writeln!(rest, "{group}")?;
    let unused = rest.len();
    let used = line.len() - unused;
    send(socket.as_fd(), &line[..used], SendFlags::NOSIGNAL)?;
    Ok(())
}
