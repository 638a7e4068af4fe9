//! `git http-backend`, as a web server runs it.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::command::{environment, exec_path};
use crate::loopback::Answer;

/// What `git http-backend` is asked.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) mime: &'a str,
    /// The version of the protocol that the client would like.
    pub(crate) protocol: &'a str,
    pub(crate) body: &'a [u8],
}

/// Lets it answer for the repositories below `root`.
pub(crate) async fn backend(root: &Path, call: &Call<'_>) -> io::Result<Answer> {
    let mut command = Command::new(exec_path().join("git-http-backend"));
    command.env_clear().envs(environment());
    command.env("GIT_PROJECT_ROOT", root).env("GIT_HTTP_EXPORT_ALL", "1").env("REMOTE_ADDR", "127.0.0.1");
    command.env("REQUEST_METHOD", call.method).env("PATH_INFO", call.path).env("QUERY_STRING", call.query);
    command.env("CONTENT_TYPE", call.mime).env("CONTENT_LENGTH", call.body.len().to_string());
    command.env("GIT_PROTOCOL", call.protocol);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let (output, said) = Backend(command.spawn()?).run(call.body).await?;
    Ok(answer(&output).unwrap_or_else(|| Answer::new(500, "text/plain", [output, said].concat())))
}

/// The process, with whatever it starts.
struct Backend(Child);

impl Backend {
    /// Returns what it wrote to stdout and stderr.
    async fn run(mut self, body: &[u8]) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let pipes = (self.0.stdin.take(), self.0.stdout.take(), self.0.stderr.take());
        let (Some(mut stdin), Some(mut stdout), Some(mut stderr)) = pipes else {
            return Err(io::Error::other("a pipe is missing"));
        };
        let (mut output, mut said) = (Vec::new(), Vec::new());
        let write = async {
            // It need not want all of it.
            let _ = stdin.write_all(body).await;
            drop(stdin);
        };
        let (read, heard, ()) = tokio::join!(stdout.read_to_end(&mut output), stderr.read_to_end(&mut said), write);
        read?;
        heard?;
        self.0.wait().await?;
        Ok((output, said))
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let Some(group) = self.0.id().and_then(|id| i32::try_from(id).ok()) else { return };
        // SAFETY: `kill` takes numbers; the group is that of an unreaped child.
        unsafe { libc::kill(-group, libc::SIGKILL) };
        while let Ok(None) = self.0.try_wait() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Splits the headers from the body. What has none is no answer.
fn answer(output: &[u8]) -> Option<Answer> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (mut status, mut headers) = (200, Vec::new());
    for line in std::str::from_utf8(&output[..end]).ok()?.split("\r\n") {
        let (name, value) = line.split_once(": ")?;
        match name {
            "Status" => status = value.get(..3)?.parse().ok()?,
            _ => headers.push((name.to_ascii_lowercase(), value.to_owned())),
        }
    }
    let mut answer = Answer::new(status, "", &output[end + 4..]);
    answer.headers = headers;
    Some(answer)
}
