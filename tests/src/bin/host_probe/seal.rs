//! Whether a signal is sent at all: under a seal, the system call for it ends the process by SIGSYS.

use prizm_host::{Plugin, PluginSpec};
use prizm_tests::{ask, eventually, quiet};
use serde_json::{Value, json};

use crate::ask::report;

/// Ends a plugin whose process has died: its number may be anybody's by now.
pub fn signal_none(spec: PluginSpec) -> Value {
    let (report, plugin) = crate::run_here(async {
        let plugin = Plugin::new(spec);
        let result = plugin.transform(ask("hello"), quiet).await;
        eventually("the host has seen it die", || plugin.stats().pid.is_none().then_some(())).await;
        seal();
        plugin.stop().await;
        plugin.shutdown().await;
        (report(&result), plugin)
    });
    drop(plugin);
    report
}

/// Ends a plugin that lives, which takes a signal.
pub fn signal_one(spec: PluginSpec) -> Value {
    crate::run_here(async {
        let plugin = Plugin::new(spec);
        let result = plugin.start().await.map(drop);
        seal();
        drop(plugin);
        json!({"started": result.is_ok()})
    })
}

/// Forbids this thread every system call that sends a signal to a process or a group.
fn seal() {
    let sends = [libc::SYS_kill, libc::SYS_pidfd_send_signal, libc::SYS_rt_sigqueueinfo];
    let load = filter(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0);
    let jump = |(index, number): (usize, &i64)| {
        // To the last instruction where it is the number, else to the next.
        let to_end = u8::try_from(sends.len() - index).unwrap_or(u8::MAX);
        filter(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, u32::try_from(*number).unwrap_or(u32::MAX), to_end)
    };
    let mut program = vec![load];
    program.extend(sends.iter().enumerate().map(jump));
    program.push(filter(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0));
    program.push(filter(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_KILL_PROCESS, 0));
    let length = u16::try_from(program.len()).unwrap_or(u16::MAX);
    let program = libc::sock_fprog { len: length, filter: program.as_mut_ptr() };
    // SAFETY: the program and its instructions live through the calls, which copy them.
    let sealed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    assert!(sealed, "the seal does not hold: {}", std::io::Error::last_os_error());
}

fn filter(code: u32, k: u32, jt: u8) -> libc::sock_filter {
    libc::sock_filter { code: u16::try_from(code).unwrap_or(u16::MAX), jt, jf: 0, k }
}
