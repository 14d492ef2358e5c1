//! The collector's process, and what its API says.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The most that an answer may have here.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

pub(crate) struct Collector {
    pub(crate) process: Child,
    pub(crate) address: String,
}

impl Collector {
    pub(crate) fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let store = format!("sqlite:{}", folder.join("events.sqlite").display());
        Self::of(command(&["--listen", "127.0.0.1:0", "--store", &store]).args(arguments))
    }

    /// The process that a command starts.
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the collector starts");
        let stdout = process.stdout.take().expect("its output is ours");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let address = line.trim().strip_prefix("listening on http://").expect("it listens");
        let address = address.to_owned();
        Self { process, address }
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let url = format!("http://{}/api/{path}", self.address);
        let mut answer = ureq::get(&url).call().expect("an answer");
        answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_json().expect("JSON")
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shopbell-collector"));
    command.args(arguments).env("RUST_LOG", "off");
    command
}
