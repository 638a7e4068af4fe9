//! The guard of what was started: kills every group when the examination is gone, however it went.
//!
//! A small `/bin/sh` reads a pipe that only this process holds. Its death, `kill -9` included, closes
//! the pipe; the guard then kills the groups that it was told of, grandchildren with them.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

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

static GUARD: Mutex<Option<Child>> = Mutex::new(None);

/// Starts the guard where there is none.
pub(super) fn start() -> io::Result<()> {
    let mut guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner);
    if guard.is_none() {
        #[expect(clippy::disallowed_methods, reason = "the guard is no plugin: it must outlive this process")]
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "prizm-guard"]).env_clear().current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        *guard = Some(command.spawn()?);
    }
    Ok(())
}

/// Tells the guard of a group.
pub(super) fn watch(group: u32) {
    tell(&format!("+{group}\n"));
}

/// Makes the guard forget a group. Its leader must not have been reaped yet.
pub(super) fn forget(group: u32) {
    tell(&format!("-{group}\n"));
}

fn tell(line: &str) {
    let mut guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(stdin) = guard.as_mut().and_then(|child| child.stdin.as_mut()) {
        // Without a guard the end of each session still kills its group.
        let _ = stdin.write_all(line.as_bytes());
    }
}
