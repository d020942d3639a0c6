//! redis-benchmark: every request answered, alone and pipelined.

use std::time::Duration;

use super::Server;
use crate::Fail;
use crate::shell;

/// What is asked; each of these is a test of its own on redis-benchmark's side.
const TESTS: &str = "ping,set,get,lpush,lpop,lrange,incr";

/// Requests of a test, and connections they come over.
const REQUESTS: &str = "20000";
const CONNECTIONS: &str = "50";

/// For all tests together: some 250,000 requests, most of them at well over 10,000 a second.
const TIME_MAX: Duration = Duration::from_secs(120);

/// Runs the tests without and with pipelining.
///
/// # Errors
/// A request is not answered, answered with an error, or the whole takes too long.
pub(super) fn check(server: &Server) -> Result<(), Fail> {
    for pipeline in ["1", "16"] {
        let mut client = shell::program("redis-benchmark");
        client.args(["-h", &server.address.ip().to_string()]);
        client.args(["-p", &server.address.port().to_string()]);
        client.args(["-t", TESTS, "-n", REQUESTS, "-c", CONNECTIONS, "-P", pipeline]);
        client.args(["-q", "-e"]);
        eprintln!("$ {}", shell::describe(&client));
        let said = shell::output_within(&mut client, TIME_MAX)?;
        let rates = rates(&said.stdout);
        for rate in &rates {
            eprintln!("  {rate}");
        }
        let complaint = said.stdout.lines().chain(said.stderr.lines()).find(|line| complains(line));
        if let Some(complaint) = complaint {
            return Err(format!("redis-benchmark: {}", complaint.trim()).into());
        }
        // `ping` is two tests and `lrange` five.
        let wanted = TESTS.split(',').count();
        if !said.status.success() || rates.len() < wanted {
            let text = format!("{} of {wanted} tests, {}", rates.len(), said.status);
            return Err(format!("redis-benchmark: {text}: {}", said.stderr.trim()).into());
        }
    }
    Ok(())
}

/// The lines with results; what it draws while it runs ends in a carriage return.
fn rates(stdout: &str) -> Vec<&str> {
    let lines = stdout.split(['\n', '\r']).map(str::trim);
    lines.filter(|line| line.contains("requests per second")).collect()
}

fn complains(line: &str) -> bool {
    // A server without Redis' settings is none of redis-benchmark's business, but it says so.
    let about_settings = line.contains("CONFIG");
    !about_settings && (line.contains("Error") || line.contains("-ERR") || line.contains("ERR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_and_complaints_are_told_apart() {
        let stdout = "SET: rps=0.0\rSET: 10.00 requests per second, p50=1 msec\n\n";
        assert_eq!(rates(stdout), ["SET: 10.00 requests per second, p50=1 msec"]);
        assert!(complains("Error from server: ERR unknown"));
        assert!(!complains("WARNING: Could not fetch server CONFIG"));
    }
}
