//! A link checker: reads the pages of a site, follows their links, and reports those that are broken.
//!
//! ```sh
//! python3 -m http.server 8000 &
//! cargo run --release -p corio --example link_checker -- http://127.0.0.1:8000/
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `options` | what the command line says |
//! | `crawl` | which pages are checked, how many at a time, how long |
//! | `check` | one page: redirects, and what is wrong with it |
//! | `http` | one request and its answer |
//! | `url` | addresses of pages |
//! | `html` | the links of a page |
//! | `report` | what has been found |
//!
//! Only `main`, `crawl`, `check` and `http` know corio; the rest is plain code with tests of its own.

#![expect(unreachable_pub, reason = "in a program, `pub` says what a module offers the others")]

mod options;

mod crawl;

mod check;

mod http;

mod url;

mod html;

mod report;

use std::process::ExitCode;

use options::Options;

#[corio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("link_checker: {error}\n\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    match crawl::run(options).await {
        Ok(report) => {
            print!("{report}");
            if report.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("link_checker: {error}");
            ExitCode::from(2)
        }
    }
}
