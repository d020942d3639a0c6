//! Mistakes around `#[corio::main]`, each alone, so that each is told alone.

mod not_async {
    #[corio::main]
    fn main() {}
}

mod with_arguments {
    #[corio::main]
    async fn main(count: usize) {}
}

mod tokio_s_argument {
    #[corio::main(worker_threads = 4)]
    async fn main() {}
}

mod an_argument_of_tests {
    #[corio::main(virtual_time)]
    async fn main() {}
}

mod two_mistakes_at_once {
    #[corio::main(debug = 1, speed = "high")]
    async fn main() {}
}

fn main() {}
