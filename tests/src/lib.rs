//! What the integration tests stand on: a laboratory for one test, waits with deadlines, and a view
//! of the machine's processes. Linux only: it reads `/proc`.

mod cli;
mod lab;
mod processes;
mod wait;

pub use cli::{Ended, Home, Running, keys, program};
pub use lab::{Lab, ask, picture, quiet, said, timing};
pub use processes::{Processes, descriptors, resident, threads};
pub use wait::{eventually, within};
