//! What does nothing by itself.
#![deny(unused_must_use)]

#[corio::coroutine]
async fn save() {}

fn main() {
    corio::Builder::new();
    corio::run(async {
        corio::sleep(std::time::Duration::ZERO);
        corio::yield_now();
        save();
        corio::spawn(async {});
        corio::task::Builder::new().name("never spawned");
    });
}
