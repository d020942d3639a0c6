//! Every output on the page is compared with what a program prints.

use std::process::Command;

use corio_planted_tests::{PAGE, blocks};

#[test]
fn every_output_of_the_page_belongs_to_one_program() {
    let outputs = blocks("text", PAGE);
    let named: Vec<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
    let programs = blocks("rust", PAGE);
    for name in &named {
        let prints = format!("program.prints(\"{name}\");");
        let shows = format!(", \"{name}\"");
        let is_of = |code: &str| {
            let mut asked = code.lines().filter(|line| line.contains("program.is_asked("));
            code.contains(&prints) || asked.any(|line| line.contains(&shows))
        };
        let count = programs.iter().filter(|(_, code)| is_of(code)).count();
        assert_eq!(count, 1, "programs that print {name:?}");
    }
    assert!(!programs.is_empty());
}

/// A program that begins to listen and compares nothing would go unnoticed.
#[test]
fn every_program_that_listens_is_judged() {
    for (_, code) in blocks("rust", PAGE).iter().filter(|(_, code)| code.contains("Program::begin"))
    {
        let judged = ["program.prints(", "program.is_silent()", "program.is_asked(", "assert"];
        assert!(judged.iter().any(|word| code.contains(word)), "{code}");
    }
}

/// Says to the next test that it is its own child.
const STACK: &str = "CORIO_PLANTED_STACK";

/// The programs of the page are compiled without places; this one, which is the same, has them.
#[test]
fn the_stack_on_the_page_is_that_of_its_program() {
    if std::env::var_os(STACK).is_none() {
        let name = "page::the_stack_on_the_page_is_that_of_its_program";
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", name, "--nocapture"]).env(STACK, "1");
        let output = child.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        return assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    }
    assert!(main(), "the places are not known");
}

/// As if it were a program: its frames are named by it.
fn main() -> bool {
    include!("programs/blocks.in")
}

#[test]
fn the_program_with_the_stack_is_that_of_the_page() {
    let own = include_str!("programs/blocks.in");
    let own = own.strip_prefix("{\n").and_then(|own| own.strip_suffix("\n}\n")).unwrap();
    let programs = blocks("rust", PAGE);
    let is_it = |code: &&String| code.contains("program.prints(\"blocking\");");
    let of_page = programs.iter().map(|(_, code)| code).find(is_it).unwrap();
    let shown = |line: &str| {
        let line = line.strip_prefix("# ").unwrap_or(line);
        line.replace("\"stack\");", "\"stack\")")
    };
    assert_eq!(of_page.lines().map(shown).collect::<Vec<_>>().join("\n"), own);
}
