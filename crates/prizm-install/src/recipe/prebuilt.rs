//! The recipe of executables that their author built: each has its sha256 in the manifest.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use prizm_protocol::Prebuilt;
use sha2::{Digest as _, Sha256};

use crate::error::quoted;
use crate::install::TARGET;
use crate::manifest::Described;
use crate::{Error, ErrorKind, fetch};

use super::site::hex;
use super::{Recipe, Site};

/// Returns what the manifest has for this kind of machine. A manifest that has something for others
/// only is an error.
pub(super) fn of(manifest: Option<&Described>) -> Result<Option<&Prebuilt>, Error> {
    let Some(manifest) = manifest.filter(|manifest| !manifest.prebuilt().is_empty()) else { return Ok(None) };
    manifest.prebuilt().get(TARGET).map(Some).ok_or_else(|| {
        let targets: Vec<_> = manifest.prebuilt().keys().map(|target| format!("`{target}`")).collect();
        let message = format!("`{}` is not built for `{TARGET}`, only for {}", manifest.id(), targets.join(", "));
        Error::new(ErrorKind::Build, message).with_hint("ask its author for one, or build it from its source")
    })
}

/// Takes the executable: from the source's own files, or downloaded.
pub(super) async fn build(site: &Site<'_>, prebuilt: &Prebuilt) -> Result<Recipe, Error> {
    let mut recipe = Recipe::new("prebuilt/1");
    let path = match (&prebuilt.url, &prebuilt.path) {
        (Some(url), None) => download(site, url).await?,
        (None, Some(path)) => inside(site.root, path)?,
        _ => {
            return Err(Error::new(
                ErrorKind::Manifest,
                format!("`[prebuilt.{TARGET}]` has not one of `url` and `path`"),
            )
            .with_hint("write where the executable is: `url = \"https://…\"`, or `path = \"bin/provider\"`"));
        }
    };
    check_hash(&path, &prebuilt.sha256)?;
    check_machine(&path)?;
    let mode = fs::set_permissions(&path, fs::Permissions::from_mode(0o755));
    mode.map_err(|error| {
        Error::new(ErrorKind::Store, format!("{} cannot be made executable: {error}", quoted(&path)))
    })?;
    recipe.argv = match site.run_command()? {
        Some(argv) => argv,
        None => {
            let relative = path.strip_prefix(site.root).unwrap_or(&path);
            vec![Path::new(".").join(relative).into()]
        }
    };
    Ok(recipe)
}

async fn download(site: &Site<'_>, url: &str) -> Result<PathBuf, Error> {
    let path = site.root.join(".prizm/bin/provider");
    fetch::download(url, &path, site.fetch, site.reporter).await?;
    Ok(path)
}

fn inside(root: &Path, path: &str) -> Result<PathBuf, Error> {
    let found = root.join(path).canonicalize().ok();
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    match found {
        Some(found) if found.starts_with(&root) && found.is_file() => Ok(found),
        _ => {
            let message =
                format!("`[prebuilt.{TARGET}]` names `{}`, which is no file of the source", path.escape_debug());
            Err(Error::new(ErrorKind::Manifest, message).with_hint("its author must correct `path` in `prizm.toml`"))
        }
    }
}

fn check_hash(path: &Path, promised: &str) -> Result<(), Error> {
    let hash = || -> std::io::Result<String> {
        let mut hasher = Sha256::new();
        std::io::copy(&mut fs::File::open(path)?, &mut hasher)?;
        Ok(hex(&hasher.finalize()))
    };
    let now =
        hash().map_err(|error| Error::new(ErrorKind::Store, format!("{} cannot be read: {error}", quoted(path))))?;
    if now.eq_ignore_ascii_case(promised) {
        return Ok(());
    }
    let message = format!(
        "the prebuilt executable is not what the manifest promises: {} was, and {now} came",
        promised.escape_debug()
    );
    Err(Error::new(ErrorKind::Mismatch, message)
        .with_hint("somebody changed it, or its author forgot to: find out which before you use it"))
}

/// Machines by the number that ELF gives them.
const MACHINES: &[(u16, &str)] = &[(3, "x86"), (40, "arm"), (62, "x86_64"), (183, "aarch64"), (243, "riscv64")];

/// Checks that an ELF file is for this kind of machine; scripts and other formats are for the kernel to tell.
fn check_machine(path: &Path) -> Result<(), Error> {
    let Some(number) = elf_machine(path) else { return Ok(()) };
    let name = MACHINES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name);
    if name.is_none_or(|name| name == std::env::consts::ARCH) {
        return Ok(());
    }
    let message = format!(
        "the prebuilt executable is for {}, and this machine is {}",
        name.unwrap_or("another machine"),
        std::env::consts::ARCH
    );
    Err(Error::new(ErrorKind::Build, message).with_hint("its author must correct `[prebuilt]` in `prizm.toml`"))
}

/// Reads the machine's number from an ELF file of little endian.
fn elf_machine(path: &Path) -> Option<u16> {
    let mut head = [0; 20];
    fs::File::open(path).ok()?.read_exact(&mut head).ok()?;
    head.starts_with(b"\x7fELF\x02\x01").then(|| u16::from_le_bytes([head[18], head[19]]))
}

/// Refuses an executable of a stranger's source of which nobody has said what it should be.
pub(super) fn refuse_unverified(site: &Site<'_>, argv: &[OsString]) -> Result<(), Error> {
    let Some(program) = argv.first().map(Path::new).filter(|program| program.components().count() > 1) else {
        return Ok(());
    };
    if program.is_absolute() || elf_machine(&site.root.join(program)).is_none() {
        return Ok(());
    }
    let message = format!("{} is a compiled executable, and the manifest has no hash of it", quoted(program));
    Err(Error::new(ErrorKind::Policy, message)
        .with_hint(format!("its author must write `[prebuilt.{TARGET}]` with `path` and `sha256` into `prizm.toml`")))
}
