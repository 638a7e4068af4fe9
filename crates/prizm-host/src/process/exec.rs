//! Executing what was asked for, or nothing.
//!
//! The standard library executes by `execvp`, which hands to `/bin/sh` whatever the kernel refuses: a
//! binary for another machine, a script without `#!`. A plugin is never run by a shell that nobody
//! asked for, so the program is executed one step before.

use std::ffi::{CString, OsStr, c_char};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr::null;

use super::guard::Registration;

/// Makes `command`, whose program is a path and whose environment is its own, fail with the kernel's
/// error where the kernel does not execute it.
pub(super) fn without_shell(command: &mut Command, registration: Registration) -> io::Result<()> {
    let program = CString::new(command.get_program().as_bytes())?;
    let argv = std::iter::once(command.get_program()).chain(command.get_args());
    let argv = Strings::new(argv.map(|arg| arg.as_bytes().to_vec()))?;
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let environment =
        Strings::new(variables.map(|(name, value)| [name, OsStr::new("="), value].map(OsStr::as_bytes).concat()))?;
    let execute = move || {
        // SAFETY: the strings end in NUL and the lists in null, and both live through the call.
        unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), environment.as_ptr()) };
        let refused = io::Error::last_os_error();
        registration.withdraw();
        Err(refused)
    };
    // SAFETY: between fork and exec only `execve`, `getpid` and `send` are called; nothing allocates or locks.
    unsafe { command.pre_exec(execute) };
    Ok(())
}

/// Strings as the kernel takes them: a list of pointers that ends in null.
struct Strings {
    list: Vec<*const c_char>,
    _owned: Vec<CString>,
}

// SAFETY: the pointers are to strings on the heap that the value owns and nobody changes.
unsafe impl Send for Strings {}
// SAFETY: as above.
unsafe impl Sync for Strings {}

impl Strings {
    fn new(strings: impl Iterator<Item = Vec<u8>>) -> io::Result<Self> {
        let owned = strings.map(CString::new).collect::<Result<Vec<_>, _>>()?;
        let list = owned.iter().map(|string| string.as_ptr()).chain([null()]).collect();
        Ok(Self { list, _owned: owned })
    }

    fn as_ptr(&self) -> *const *const c_char {
        self.list.as_ptr()
    }
}
