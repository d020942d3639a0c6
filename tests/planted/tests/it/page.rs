//! Every output on the page is compared with what a program prints.

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
