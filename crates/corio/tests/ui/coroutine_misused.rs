//! Mistakes around `#[corio::coroutine]`, each alone.

#[corio::coroutine]
fn not_async() {}

#[corio::coroutine]
async fn never() -> ! {
    std::process::exit(0)
}

#[corio::coroutine(debug = true)]
async fn with_an_argument_of_others() {}

#[corio::coroutine]
struct NoFunction;

trait Saves {
    #[corio::coroutine]
    async fn save(&self);
}

/// Its own mistakes are told as an `async fn`'s are.
#[corio::coroutine]
async fn wrong_type() -> u8 {
    "text"
}

#[corio::coroutine]
async fn not_send() {
    let text = std::rc::Rc::new(1);
    corio::yield_now().await;
    drop(text);
}

fn main() {
    corio::run(async {
        corio::spawn(not_send()).await.unwrap();
    });
}
