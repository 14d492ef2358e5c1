//! The collector under load: its process, and clients of it.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use ureq::Agent;

pub(crate) const TOKEN: &str = "the token of a load test";
/// Longest answer.
const ANSWER_BYTES_MAX: u64 = 1 << 28;

pub(crate) struct Collector {
    process: Child,
    pub(crate) address: String,
}

impl Collector {
    /// Starts the binary on a store.
    pub(crate) fn start(binary: &Path, store: &str) -> Result<Self> {
        let mut process = Command::new(binary)
            .args(["--listen", "127.0.0.1:0", "--token", TOKEN, "--store", store])
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", binary.display()))?;
        let stdout = process.stdout.take().context("it has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("listening on http://") else { bail!("it does not listen") };
        Ok(Self { process, address: address.to_owned() })
    }

    /// Ends it as an operator does, and waits.
    pub(crate) fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        let status = self.process.wait()?;
        if !status.success() {
            bail!("the collector ended with {status}");
        }
        Ok(())
    }

    /// The most memory that it had, in bytes, where the system tells.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
    }

    pub(crate) fn client(&self) -> Client {
        let agent =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_mins(1))).build();
        Client { agent: agent.into(), url: format!("http://{}", self.address) }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
}

impl Client {
    /// Posts a body; with the token, for what is of old. Returns the status.
    pub(crate) fn post(&self, body: &[u8], has_token: bool) -> Result<u16> {
        let mut request = self.agent.post(format!("{}/collect", self.url)).content_type("text/plain;charset=UTF-8");
        if has_token {
            request = request.header("authorization", format!("Bearer {TOKEN}"));
        }
        let mut answer = request.send(body)?;
        let status = answer.status().as_u16();
        answer.body_mut().read_to_vec()?;
        Ok(status)
    }

    /// Asks the API, with a tag that is known; returns the answer and its tag.
    pub(crate) fn get(&self, path: &str, known: &str) -> Result<(Option<Value>, String)> {
        let request =
            self.agent.get(format!("{}/api/{path}", self.url)).header("authorization", format!("Bearer {TOKEN}"));
        let mut answer = request.header("if-none-match", known).call()?;
        let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
        match answer.status().as_u16() {
            304 => Ok((None, tag)),
            200 => {
                let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
                Ok((Some(serde_json::from_slice(&body)?), tag))
            }
            status => bail!("{path} is answered with {status}"),
        }
    }
}
