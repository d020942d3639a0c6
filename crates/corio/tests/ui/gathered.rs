//! Futures where handles of tasks are wanted.

async fn number() -> u32 {
    1
}

fn main() {
    corio::run(async {
        corio::gather([number(), number()]);
        corio::gather((number(), async { "text" }));
        corio::try_gather([corio::spawn(number())]);
        corio::shield(number());
    });
}
