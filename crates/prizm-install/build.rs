//! Tells the crate for which machine it is compiled: the lock keeps what was built under that name.

fn main() {
    let target = std::env::var("TARGET").unwrap_or_else(|_| "unknown".to_owned());
    println!("cargo:rustc-env=PRIZM_TARGET={target}");
    println!("cargo:rerun-if-changed=build.rs");
}
