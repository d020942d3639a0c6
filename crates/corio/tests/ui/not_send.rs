//! What stays on its thread says so at compile time.

use std::rc::Rc;

fn main() {
    corio::run(async {
        let text = Rc::new(String::new());
        corio::spawn(async move { text.len() });
    });
}
