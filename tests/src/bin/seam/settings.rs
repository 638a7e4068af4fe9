//! What is measured, and how often: the words that other hosts of the benchmark take, too.

use std::str::FromStr;

use prizm_registry::PluginCommand;

/// What is measured, and how often.
pub struct Settings {
    pub metrics: Vec<String>,
    pub peer: String,
    /// `ct` for one thread, `mt` for many.
    pub runtime: String,
    /// The plugin's program and its arguments; by default the one that is built beside this program.
    plugin: Vec<String>,
    pub cold_n: usize,
    pub seq_n: usize,
    pub tput_secs: f64,
    pub inflight: usize,
    pub bulk_mib: usize,
    pub bulk_reps: usize,
    pub idle_n: usize,
    pub crash_n: usize,
    pub growth: Growth,
    pub query: Query,
    pub build_reps: usize,
}

/// How far what grows grows.
pub struct Growth {
    pub plugins: usize,
    pub inflight: usize,
    pub media_mib: usize,
    pub loads: usize,
}

/// The registry that is asked, and how often.
pub struct Query {
    pub rounds: usize,
    pub providers: usize,
    /// Models of each provider.
    pub models: usize,
    /// Over how many capabilities these are spread.
    pub capabilities: usize,
}

impl Settings {
    /// Reads `--name value` pairs; names that are not known are left to other hosts.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut all = Self::default();
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{name}` has no value"))?;
            all.set(&name, value)?;
        }
        if all.plugin.is_empty() {
            let own = std::env::current_exe().map_err(|error| format!("this program's path is not known: {error}"))?;
            all.plugin.push(own.with_file_name("seam_plugin").to_string_lossy().into_owned());
        }
        Ok(all)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "--metrics" => self.metrics = value.split(',').map(str::to_owned).collect(),
            "--peer" => self.peer = value,
            "--rt" => self.runtime = value,
            "--plugin" => {
                let words = shlex::split(&value).filter(|words| !words.is_empty());
                self.plugin =
                    words.ok_or_else(|| format!("`--plugin {value}`: expected a command as a shell reads it"))?;
            }
            "--tput-secs" => self.tput_secs = number(name, &value)?,
            _ => {
                if let Some(count) = self.count(name) {
                    *count = number(name, &value)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the count that a word sets.
    fn count(&mut self, name: &str) -> Option<&mut usize> {
        Some(match name {
            "--cold-n" => &mut self.cold_n,
            "--seq-n" => &mut self.seq_n,
            "--inflight" => &mut self.inflight,
            "--bulk-mib" => &mut self.bulk_mib,
            "--bulk-reps" => &mut self.bulk_reps,
            "--idle-n" => &mut self.idle_n,
            "--crash-n" => &mut self.crash_n,
            "--grow-to" => &mut self.growth.plugins,
            "--inflight-to" => &mut self.growth.inflight,
            "--media-to" => &mut self.growth.media_mib,
            "--loads-to" => &mut self.growth.loads,
            "--query-n" => &mut self.query.rounds,
            "--query-providers" => &mut self.query.providers,
            "--query-models" => &mut self.query.models,
            "--query-capabilities" => &mut self.query.capabilities,
            "--build-reps" => &mut self.build_reps,
            _ => return None,
        })
    }

    /// Returns the command that starts the plugin, which declares the id that is its last argument.
    pub fn plugin(&self, id: &str) -> PluginCommand {
        PluginCommand::new(&self.plugin[0]).args(&self.plugin[1..]).arg(id)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            metrics: ["idle", "cold", "seq", "tput", "crash", "bulk"].map(str::to_owned).to_vec(),
            peer: "prizm".to_owned(),
            runtime: "mt".to_owned(),
            plugin: Vec::new(),
            cold_n: 30,
            seq_n: 10_000,
            tput_secs: 2.0,
            inflight: 64,
            bulk_mib: 64,
            bulk_reps: 3,
            idle_n: 50,
            crash_n: 10,
            growth: Growth { plugins: 500, inflight: 256, media_mib: 1024, loads: 64 },
            query: Query { rounds: 100, providers: 1000, models: 100, capabilities: 15 },
            build_reps: 2,
        }
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("`{name} {value}`: expected a number"))
}
