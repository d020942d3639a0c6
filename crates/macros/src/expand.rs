//! What the function under `#[corio::main]` or `#[corio::test]` must be, and what becomes of it.
//!
//! Where something is wrong, the errors come together with a stand-in for the function, so that the
//! compiler adds no complaint of its own (a missing or asynchronous `main`).

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{AttrStyle, Error, ItemFn, Signature};

use crate::args::{self, Args, Attribute};

/// The function that takes the place of `item`, or the errors.
pub(crate) fn expand(
    attribute: Attribute,
    arguments: TokenStream,
    item: TokenStream,
) -> TokenStream {
    let (args, errors) = Args::read(attribute, arguments);
    let errors = errors.map(Error::into_compile_error);
    let function = match parse_function(attribute, item) {
        Ok(function) => function,
        Err(error) => {
            let error = error.into_compile_error();
            let stand_in = match attribute {
                Attribute::Main => quote! { fn main() {} },
                Attribute::Test | Attribute::Coroutine => TokenStream::new(),
            };
            return quote! { #errors #error #stand_in };
        }
    };
    let function = wrap(attribute, &args, function);
    quote! { #errors #function }
}

fn parse_function(attribute: Attribute, item: TokenStream) -> syn::Result<ItemFn> {
    let name = attribute.name();
    let function: ItemFn = syn::parse2(item).map_err(|error| {
        Error::new(error.span(), format!("{name} belongs on an `async fn` with a body ({error})"))
    })?;
    check_signature(attribute, &function.sig)?;
    if attribute == Attribute::Test {
        for attr in &function.attrs {
            if attr.path().is_ident("test") {
                return Err(Error::new_spanned(
                    attr,
                    "this makes the test run twice: remove it, #[corio::test] makes a test by \
                     itself",
                ));
            }
        }
    }
    Ok(function)
}

fn check_signature(attribute: Attribute, signature: &Signature) -> syn::Result<()> {
    let name = attribute.name();
    if let Some(receiver) = signature.receiver() {
        return Err(Error::new_spanned(
            receiver,
            format!("{name} belongs on a free function: move it out of the `impl` block"),
        ));
    }
    if signature.asyncness.is_none() {
        return Err(Error::new_spanned(
            signature.fn_token,
            format!("{name} runs an `async fn`: write `async` before `fn`, or remove {name}"),
        ));
    }
    if !signature.inputs.is_empty() {
        let remedy = match attribute {
            Attribute::Main => "read the program's arguments from `std::env::args()`",
            Attribute::Test | Attribute::Coroutine => {
                "a test takes none; call a function with arguments from it"
            }
        };
        return Err(Error::new_spanned(
            &signature.inputs,
            format!("{name} has no arguments to give: {remedy}"),
        ));
    }
    let generics = &signature.generics;
    if !generics.params.is_empty() || generics.where_clause.is_some() {
        let culprit = match &generics.where_clause {
            Some(clause) if generics.params.is_empty() => clause.to_token_stream(),
            _ => generics.to_token_stream(),
        };
        return Err(Error::new_spanned(
            culprit,
            format!("{name} cannot choose types: call a generic function from a plain one"),
        ));
    }
    let odd = signature
        .unsafety
        .map(|token| token.to_token_stream())
        .or_else(|| signature.constness.map(|token| token.to_token_stream()))
        .or_else(|| signature.abi.as_ref().map(ToTokens::to_token_stream));
    match odd {
        Some(odd) => {
            Err(Error::new_spanned(&odd, format!("{name} makes a plain function: remove `{odd}`")))
        }
        None => Ok(()),
    }
}

fn wrap(attribute: Attribute, args: &Args, function: ItemFn) -> TokenStream {
    let ItemFn { attrs, vis, sig, block } = function;
    let (outer, inner): (Vec<_>, Vec<_>) =
        attrs.into_iter().partition(|attr| matches!(attr.style, AttrStyle::Outer));
    let Signature { ident, output, .. } = &sig;
    let statements = &block.stmts;

    let test = (attribute == Attribute::Test).then(|| quote! { #[::core::prelude::v1::test] });
    let corio = args.corio.clone().unwrap_or_else(args::facade);
    let debug = args.debug.or((attribute == Attribute::Test).then_some(true));
    let debug = debug.map(|on| quote! { .debug(#on) });
    let thread_name = args.thread_name.as_ref().map(|name| quote! { .thread_name(#name) });
    let clock = args.virtual_time.then(|| quote! { .clock(#corio::Clock::virtual_time()) });
    quote! {
        #(#outer)*
        #test
        #vis fn #ident() #output {
            #sig {
                #(#inner)*
                #(#statements)*
            }
            #corio::Builder::new() #debug #thread_name #clock .run(#ident())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> TokenStream {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[track_caller]
    fn check(attribute: Attribute, arguments: &str, item: &str, expected: &str) {
        let expansion = expand(attribute, tokens(arguments), tokens(item));
        // Tokens from a parser and tokens from text are spaced differently.
        let plain = |tokens: TokenStream| tokens.to_string().replace(' ', "");
        assert_eq!(plain(expansion), plain(tokens(expected)));
    }

    #[test]
    fn main_runs_the_original_inside() {
        check(
            Attribute::Main,
            "",
            "/// Says hello.
             pub(crate) async fn main() -> io::Result<()> { #![expect(unused)] hello().await?; Ok(()) }",
            "/// Says hello.
             pub(crate) fn main() -> io::Result<()> {
                 async fn main() -> io::Result<()> { #![expect(unused)] hello().await?; Ok(()) }
                 ::corio::Builder::new().run(main())
             }",
        );
        check(
            Attribute::Main,
            r#"thread_name = "kv", debug = false, crate = "other::corio", flavor = "current_thread","#,
            "async fn main() {}",
            r#"fn main() {
                 async fn main() {}
                 other::corio::Builder::new().debug(false).thread_name("kv").run(main())
             }"#,
        );
    }

    #[test]
    fn test_turns_debug_mode_on_and_keeps_attributes() {
        check(
            Attribute::Test,
            "",
            "#[should_panic] #[ignore = \"slow\"] async fn t() { work().await }",
            "#[should_panic] #[ignore = \"slow\"] #[::core::prelude::v1::test] fn t() {
                 async fn t() { work().await }
                 ::corio::Builder::new().debug(true).run(t())
             }",
        );
        for paused in ["virtual_time", "virtual_time = true", "start_paused", "start_paused = true"]
        {
            check(
                Attribute::Test,
                &format!("crate = crate::facade, {paused}"),
                "async fn t() {}",
                "#[::core::prelude::v1::test] fn t() {
                     async fn t() {}
                     crate::facade::Builder::new().debug(true)
                         .clock(crate::facade::Clock::virtual_time()).run(t())
                 }",
            );
        }
        check(
            Attribute::Test,
            "virtual_time = false, debug = false",
            "async fn t() {}",
            "#[::core::prelude::v1::test] fn t() {
                 async fn t() {}
                 ::corio::Builder::new().debug(false).run(t())
             }",
        );
    }

    /// Each error's culprit and words, in order.
    fn errors(attribute: Attribute, arguments: &str, item: &str) -> Vec<(String, String)> {
        let (_, errors) = Args::read(attribute, tokens(arguments));
        let function = parse_function(attribute, tokens(item)).err();
        let place =
            |error: Error| (error.span().source_text().unwrap_or_default(), error.to_string());
        errors.into_iter().chain(function).flatten().map(place).collect()
    }

    #[test]
    fn each_mistake_is_named_at_its_culprit_with_its_remedy() {
        use Attribute::{Main, Test};
        let ok = "async fn f() {}";
        // attribute, arguments, item, culprit, part of the message
        let table = [
            (Main, "debug", ok, "debug", "write `debug = true` or `debug = false`"),
            (Main, "debug = 1", ok, "1", "write `debug = true` or `debug = false`"),
            (Main, "thread_name = kv", ok, "kv", "write a string: `thread_name = \"server\"`"),
            (Main, "crate = 7", ok, "7", "`crate = ::corio`"),
            (Main, "crate = \"a b\"", ok, "\"a b\"", "`crate = ::corio`"),
            (Main, "crate", ok, "crate", "`crate = ::corio`"),
            (Main, "flavor = \"multi_thread\"", ok, "\"multi_thread\"", "one loop"),
            (Main, "worker_threads = 4", ok, "worker_threads", "remove it"),
            (Main, "virtual_time", ok, "virtual_time", "belongs to #[corio::test]"),
            (Main, "start_paused = true", ok, "start_paused", "belongs to #[corio::test]"),
            (Main, "threads = 2", ok, "threads", "knows no argument `threads`; it takes `debug ="),
            (Test, "paused", ok, "paused", "it takes `virtual_time`"),
            (Test, "virtual_time = 3", ok, "3", "write `virtual_time = true`"),
            (Test, "debug = true, debug = true", ok, "debug", "twice"),
            (Main, "", "fn main() {}", "fn", "write `async` before `fn`, or remove #[corio::main]"),
            (Test, "", "async fn f(&self) {}", "&self", "move it out of the `impl` block"),
            (Main, "", "async fn main(a: u8, b: u8) {}", "a: u8, b: u8", "std::env::args()"),
            (Test, "", "async fn f(a: u8) {}", "a: u8", "a test takes none"),
            (Test, "", "async fn f<T>() {}", "<T>", "call a generic function"),
            (
                Test,
                "",
                "async fn f() where u8: Copy {}",
                "where u8: Copy",
                "call a generic function",
            ),
            (Main, "", "async unsafe fn main() {}", "unsafe", "remove `unsafe`"),
            (Main, "", "async extern \"C\" fn main() {}", "extern \"C\"", "remove `extern \"C\"`"),
            (Test, "", "#[test] async fn f() {}", "#[test]", "run twice"),
            (Main, "", "struct Main;", "struct", "belongs on an `async fn`"),
        ];
        for (attribute, arguments, item, culprit, message) in table {
            let errors = errors(attribute, arguments, item);
            assert_eq!(errors.len(), 1, "({arguments}) {item}: {errors:#?}");
            assert_eq!(errors[0].0, culprit, "({arguments}) {item}: {errors:#?}");
            assert!(errors[0].1.contains(message), "({arguments}) {item}: {errors:#?}");
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let errors = errors(Attribute::Test, "debug = 1, speed = 2", "fn f() {}");
        let culprits: Vec<&str> = errors.iter().map(|(culprit, _)| culprit.as_str()).collect();
        assert_eq!(culprits, ["1", "speed", "fn"]);
    }

    #[test]
    fn an_error_leaves_a_function_behind() {
        let bad_argument = expand(Attribute::Main, tokens("debug"), tokens("async fn main() {}"));
        assert!(bad_argument.to_string().contains("compile_error"));
        assert!(bad_argument.to_string().contains("run (main ())"), "{bad_argument}");
        let bad_function = expand(Attribute::Main, tokens(""), tokens("fn main(a: u8) {}"));
        assert!(bad_function.to_string().ends_with("fn main () { }"), "{bad_function}");
    }
}
