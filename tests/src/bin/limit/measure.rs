//! The host, and the measurements.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::marker::PhantomData;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::PLUGIN;
use crate::figures::{memory, processor, reset_peak, rounded, summary};
use crate::plugin::BLOCK;
use crate::settings::{Mode, Settings};
use crate::wire::{Bytes, Wire};

/// A plugin that runs, and the two pipes.
struct Plugin<W> {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: Vec<u8>,
    out: Vec<u8>,
    id: u64,
    wire: PhantomData<W>,
}

impl<W: Wire> Plugin<W> {
    /// Starts one and exchanges a first word with it, as the handshake of a real one.
    fn start(mode: Mode) -> io::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "what is measured is a child with nothing around it")]
        let mut command = Command::new(std::env::current_exe()?);
        command.args([PLUGIN, mode.name()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the plugin has no pipes"));
        };
        let output = BufReader::with_capacity(BLOCK, output);
        let mut plugin = Self { child, input, output, line: Vec::new(), out: Vec::new(), id: 0, wire: PhantomData };
        plugin.echo()?;
        Ok(plugin)
    }

    fn echo(&mut self) -> io::Result<()> {
        self.call();
        self.send()?;
        self.heard()
    }

    fn call(&mut self) {
        self.id += 1;
        W::call(&mut self.out, self.id);
    }

    fn send(&mut self) -> io::Result<()> {
        self.input.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Waits for a line.
    fn receive(&mut self) -> io::Result<()> {
        self.line.clear();
        match self.output.read_until(b'\n', &mut self.line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Waits for an answer.
    fn heard(&mut self) -> io::Result<()> {
        self.receive()?;
        match W::is_answer(&self.line)? {
            true => Ok(()),
            false => Err(io::Error::other("the plugin said something else")),
        }
    }

    /// Keeps so many calls under way for some seconds: what was answered is asked again when nothing more is there to
    /// read. Returns how many were answered, and in how many seconds.
    fn window(&mut self, inflight: usize, seconds: f64) -> io::Result<(f64, f64)> {
        let began = Instant::now();
        (0..inflight).for_each(|_| self.call());
        self.send()?;
        let (mut answered, mut open) = (0_u64, inflight);
        while open > 0 {
            self.heard()?;
            answered += 1;
            open -= 1;
            self.call();
            if self.output.buffer().is_empty() {
                let again = inflight - open;
                if began.elapsed().as_secs_f64() < seconds {
                    self.send()?;
                    open += again;
                } else {
                    self.out.clear();
                }
            }
        }
        Ok((answered as f64, began.elapsed().as_secs_f64()))
    }

    fn end(self) -> io::Result<()> {
        let Self { mut child, input, .. } = self;
        drop(input);
        child.wait().map(drop)
    }
}

fn own() -> u32 {
    std::process::id()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Small calls, in whatever they are written.
pub fn calls<W: Wire>(settings: &Settings) -> io::Result<Map<String, Value>> {
    let mut figures = Map::from_iter([("peer".to_owned(), Value::from(settings.peer.clone()))]);
    let mut put = |name: &str, value: Value| drop(figures.insert(name.to_owned(), value));
    if settings.has("cold") {
        put("cold_ms", cold::<W>(settings)?);
    }
    if settings.has("seq") {
        put("seq_us", one_by_one::<W>(settings)?);
    }
    if settings.has("tput") {
        put("tput", at_once::<W>(settings)?);
    }
    if settings.has("crash") {
        put("crash_us", crash::<W>(settings)?);
    }
    Ok(figures)
}

/// From nothing to the first answer.
fn cold<W: Wire>(settings: &Settings) -> io::Result<Value> {
    let mut samples = Vec::new();
    // The first one warms the page cache.
    for round in 0..=settings.cold_n {
        let began = Instant::now();
        let mut plugin = Plugin::<W>::start(settings.mode)?;
        plugin.echo()?;
        if round > 0 {
            samples.push(began.elapsed().as_secs_f64() * 1e3);
        }
        plugin.end()?;
    }
    Ok(Value::Object(summary(samples)))
}

/// A caller who waits for each answer.
fn one_by_one<W: Wire>(settings: &Settings) -> io::Result<Value> {
    let mut plugin = Plugin::<W>::start(settings.mode)?;
    for _ in 0..(settings.seq_n / 10).max(50) {
        plugin.echo()?;
    }
    let before = processor(own()) + processor(plugin.child.id());
    let mut samples = Vec::with_capacity(settings.seq_n);
    for _ in 0..settings.seq_n {
        let began = Instant::now();
        plugin.echo()?;
        samples.push(micros(began.elapsed()));
    }
    let spent = processor(own()) + processor(plugin.child.id()) - before;
    let mut figures = summary(samples);
    figures.insert("cpu_us_per_call".to_owned(), json!(rounded(spent * 1e6 / settings.seq_n.max(1) as f64)));
    plugin.end()?;
    Ok(Value::Object(figures))
}

/// As many calls under way as there are callers elsewhere.
fn at_once<W: Wire>(settings: &Settings) -> io::Result<Value> {
    let mut plugin = Plugin::<W>::start(settings.mode)?;
    plugin.window(settings.inflight, (settings.tput_secs / 5.0).max(0.2))?;
    let before = processor(own()) + processor(plugin.child.id());
    let (calls, seconds) = plugin.window(settings.inflight, settings.tput_secs)?;
    let spent = processor(own()) + processor(plugin.child.id()) - before;
    plugin.end()?;
    Ok(json!({
        "calls_s": rounded(calls / seconds), "inflight": settings.inflight, "secs": rounded(seconds),
        "cpu_us_per_call": rounded(spent * 1e6 / calls.max(1.0)),
    }))
}

/// From the kill to the end of the pipe.
fn crash<W: Wire>(settings: &Settings) -> io::Result<Value> {
    let mut samples = Vec::new();
    for _ in 0..settings.crash_n {
        let mut plugin = Plugin::<W>::start(settings.mode)?;
        let pid = libc::pid_t::try_from(plugin.child.id()).map_err(io::Error::other)?;
        W::hang(&mut plugin.out, 0);
        plugin.send()?;
        let killer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(40));
            let killed = Instant::now();
            // SAFETY: a signal to a child that has not been waited for.
            unsafe { libc::kill(pid, libc::SIGKILL) };
            killed
        });
        let failed = plugin.receive().is_err();
        let at = Instant::now();
        let killed = killer.join().map_err(|_| io::Error::other("the plugin could not be killed"))?;
        if !failed {
            return Err(io::Error::other("a plugin that was killed answered"));
        }
        samples.push(micros(at - killed));
        plugin.end()?;
    }
    Ok(Value::Object(summary(samples)))
}

/// A large file to the plugin and another back, by files in memory whose names go through the pipe.
pub fn files(settings: &Settings) -> io::Result<Map<String, Value>> {
    let mut figures = Map::from_iter([("peer".to_owned(), Value::from(settings.peer.clone()))]);
    if !settings.has("bulk") {
        return Ok(figures);
    }
    let directory = tempfile::tempdir_in("/dev/shm")?;
    let mut plugin = Plugin::<Bytes>::start(settings.mode)?;
    let path = directory.path().join("given");
    let data: Vec<u8> =
        std::iter::repeat_with(|| fastrand::u64(..).to_le_bytes()).take(settings.bulk_mib << 17).flatten().collect();
    reset_peak();
    let base = memory(own(), "VmRSS:");
    let mut seconds = Vec::new();
    for _ in 0..settings.bulk_reps.max(1) {
        let began = Instant::now();
        fs::write(&path, &data)?;
        plugin.out.extend_from_slice(format!("{}\n", path.display()).as_bytes());
        plugin.send()?;
        plugin.receive()?;
        let back = str::from_utf8(plugin.line.trim_ascii_end()).map_err(io::Error::other)?;
        let bytes = fs::read(back)?;
        seconds.push(began.elapsed().as_secs_f64());
        if bytes != data {
            return Err(io::Error::other("what came back is not what was given"));
        }
        fs::remove_file(back)?;
        fs::remove_file(&path)?;
    }
    let (peak, theirs) = (memory(own(), "VmHWM:"), memory(plugin.child.id(), "VmHWM:"));
    plugin.end()?;
    seconds.sort_by(f64::total_cmp);
    let rate = |seconds: f64| rounded(2.0 * data.len() as f64 / seconds / 1e6);
    let bulk = json!({
        "mb_s": rate(seconds[seconds.len() / 2]), "best_mb_s": rate(seconds[0]), "reps": seconds.len(),
        "host_base_rss_mib": rounded(base / 1024.0), "host_peak_rss_mib": rounded(peak / 1024.0),
        "plugin_peak_rss_mib": rounded(theirs / 1024.0),
    });
    figures.insert("bulk".to_owned(), bulk);
    Ok(figures)
}
