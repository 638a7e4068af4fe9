//! What the integration tests stand on: a laboratory for one test, servers on loopback that misbehave
//! as they are told, waits with deadlines, and a view of the machine's processes. Linux only: it reads
//! `/proc`.

mod cli;
mod engine;
mod git_server;
mod installed;
mod keyring;
mod lab;
mod loopback;
mod npm_registry;
mod processes;
mod proxy;
mod talk;
mod vendor;
mod wait;

pub use cli::{Ended, Home, Running, holds, keys, program};
pub use engine::{Engine, IMAGE};
pub use git_server::{BASE, Entry, GitServer, Lie, ObjectFormat, Repository, add_bomb, lfs_pointer};
pub use keyring::Desktop;
pub use lab::{Lab, ask, picture, quiet, said, timing};
pub use loopback::{Fault, Part, Request, Rule};
pub use npm_registry::{Archive, Header, NpmRegistry};
pub use processes::{Processes, descriptors, resident, threads};
pub use proxy::Proxy;
pub use talk::{Talk, event};
pub use vendor::Vendor;
pub use wait::{eventually, within};
