//! Every output on the page is compared with what a program prints.

use corio_planted_tests::{PAGE, blocks};

#[test]
fn every_output_of_the_page_belongs_to_one_program() {
    let outputs = blocks("text", PAGE);
    let named: Vec<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
    let programs = blocks("rust", PAGE);
    for name in &named {
        let ends = format!("program.prints(\"{name}\");");
        let count = programs.iter().filter(|(_, code)| code.contains(&ends)).count();
        assert_eq!(count, 1, "programs that print {name:?}");
    }
    assert!(!programs.is_empty());
}
