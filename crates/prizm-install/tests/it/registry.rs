//! A registry of npm packages on this machine, for packages that nobody would publish.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

/// A running registry. It remembers what it was asked for.
pub struct Registry {
    pub url: String,
    pub asked: Arc<Mutex<Vec<String>>>,
    integrity: BTreeMap<String, String>,
}

impl Registry {
    /// Serves packages: each has a `package.json` and other files.
    pub fn serve(packages: &[(Value, &[(&str, &str)])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (mut answers, mut integrity) = (BTreeMap::new(), BTreeMap::new());
        for (package, files) in packages {
            let (name, version) = (package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
            let archive = archive(package, files);
            let hash = base64::engine::general_purpose::STANDARD.encode(Sha512::digest(&archive));
            let path = format!("/{name}/-/{}-{version}.tgz", name.rsplit('/').next().unwrap());
            let mut about = package.clone();
            about["dist"] = json!({"tarball": format!("{url}{path}"), "integrity": format!("sha512-{hash}")});
            let document = json!({"name": name, "dist-tags": {"latest": version}, "versions": {version: about}});
            integrity.insert(name.to_owned(), format!("sha512-{hash}"));
            answers.insert(format!("/{name}"), document.to_string().into_bytes());
            answers.insert(path, archive);
        }
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, seen) = (Arc::new(answers), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, seen) = (Arc::clone(&answers), Arc::clone(&seen));
                // A client that goes away is not this test's concern.
                std::thread::spawn(move || answer(stream, &answers, &seen).unwrap_or_default());
            }
        });
        Self { url, asked, integrity }
    }

    /// Returns the entry of a lock file for a package.
    pub fn locked(&self, name: &str) -> Value {
        json!({"version": "1.0.0", "integrity": self.integrity[name]})
    }

    /// Tells whether anything of a package was asked for.
    pub fn was_asked_for(&self, part: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|path| path.contains(part))
    }
}

fn answer(
    mut stream: TcpStream,
    answers: &BTreeMap<String, Vec<u8>>,
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = first.split(' ').nth(1).unwrap_or_default().replace("%2f", "/");
    seen.lock().unwrap().push(path.clone());
    let (status, body) = match answers.get(&path) {
        Some(body) => ("200 OK", &**body),
        None => ("404 Not Found", &b"{\"error\": \"not found\"}"[..]),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    )?;
    stream.write_all(body)
}

fn archive(package: &Value, files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let text = package.to_string();
    for (name, text) in [("package.json", &*text)].iter().chain(files) {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, format!("package/{name}"), text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}
