//! How much memory libgit2 may take at once. A few bytes of a pack can say that they unpack to
//! gigabytes, and libgit2 believes them.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Once;

/// What libgit2 may take at once, however little a source may be: for its own tables.
const LEAST: usize = 16 * 1024 * 1024;

thread_local! {
    /// The most that is given at once to whoever works on this thread.
    static MOST: Cell<usize> = const { Cell::new(usize::MAX) };
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Bounds libgit2 on this thread until it is dropped.
pub(super) struct Bound(());

impl Bound {
    /// Lets libgit2 take memory for objects of so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        register();
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        // An object is kept with its header or an end.
        MOST.set(bytes.max(LEAST).saturating_add(4096));
        REFUSED.set(false);
        Self(())
    }

    /// Tells whether libgit2 wanted more.
    pub(super) fn was_reached(&self) -> bool {
        REFUSED.get()
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        MOST.set(usize::MAX);
    }
}

/// libgit2's `git_allocator` (`git2/sys/alloc.h`).
#[repr(C)]
struct Allocator {
    malloc: extern "C" fn(usize, *const c_char, c_int) -> *mut c_void,
    realloc: unsafe extern "C" fn(*mut c_void, usize, *const c_char, c_int) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
}

fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut allocator = Allocator { malloc, realloc, free: libc::free };
        let option = libgit2_sys::GIT_OPT_SET_ALLOCATOR as c_int;
        // SAFETY: libgit2 copies the three functions. What it has allocated before came from the C
        // library's functions, as what comes from these does, so each may free what is the other's, and
        // another thread that is at work meanwhile may use any mix of them.
        let set = unsafe { libgit2_sys::git_libgit2_opts(option, &raw mut allocator) };
        debug_assert_eq!(set, 0, "libgit2 knows the option");
    });
}

/// Tells whether this thread may have so much at once.
fn is_admitted(size: usize) -> bool {
    let admitted = size <= MOST.get();
    if !admitted {
        REFUSED.set(true);
    }
    admitted
}

extern "C" fn malloc(size: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    // SAFETY: `malloc` takes any size.
    if is_admitted(size) { unsafe { libc::malloc(size) } } else { std::ptr::null_mut() }
}

unsafe extern "C" fn realloc(old: *mut c_void, size: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    // SAFETY: libgit2 gives what it got from these functions, or null; a refusal leaves it as it is.
    if is_admitted(size) { unsafe { libc::realloc(old, size) } } else { std::ptr::null_mut() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_too_much_is_refused_and_only_while_it_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(directory.path()).unwrap();
        let large = repository.blob(&vec![0; LEAST + 8192]).unwrap();
        let small = repository.blob(&vec![0; LEAST]).unwrap();
        {
            let bound = Bound::new(1);
            assert_eq!(repository.find_blob(small).unwrap().size(), LEAST);
            assert!(!bound.was_reached());
            assert!(repository.find_blob(large).is_err());
            assert!(bound.was_reached());
        }
        assert_eq!(repository.find_blob(large).unwrap().size(), LEAST + 8192);
    }
}
