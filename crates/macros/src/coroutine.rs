//! What a function under `#[corio::coroutine]` must be, and what becomes of it.
//!
//! ```text
//! async fn f(a: A, (b, _): B) -> R {      #[track_caller]
//!     body                                fn f(a: A, argument1: B) -> impl Future<Output = R> {
//! }                                ──▶        let coroutine = Coroutine::new(
//!                                                 &"f",
//!                                                 Location::caller(),
//!                                                 async move {
//!                                                     let a = a;
//!                                                     let argument1 = argument1;
//!                                                     let (b, _) = argument1;
//!                                                     body
//!                                                 },
//!                                             );
//!                                             (&Returns::<R>::NEW).wrap(coroutine)
//!                                         }
//! ```
//!
//! The last line is the coroutine itself unless `R` is a `Result`: then it is a future that a spawn sees
//! fail. Which it is the compiler finds, who knows what `io::Result<()>` stands for.
//!
//! All arguments are moved into the future, also those that the body does not use, as an `async fn` does:
//! they live until it ends. Where something is wrong the function is left as it was, so that its callers
//! are not complained about as well.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    AttrStyle, Attribute as Attr, Error, FnArg, GenericArgument, ItemFn, Pat, PathArguments,
    ReturnType, Signature, Type, TypeParamBound,
};

use crate::args::{self, Args, Attribute};

const NAME: &str = "#[corio::coroutine]";

/// The function that takes the place of `item`, or the errors and `item`.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let (args, errors) = Args::read(Attribute::Coroutine, arguments);
    let errors = errors.map(Error::into_compile_error);
    match parse(item.clone()) {
        Ok((function, future)) => {
            let function = wrap(&args, function, future);
            quote! { #errors #function }
        }
        Err(error) => {
            let error = error.into_compile_error();
            quote! { #errors #error #item }
        }
    }
}

/// Which futures it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Makes {
    /// Its body is the future's.
    Body,
    /// Its body returns one.
    Returned,
}

fn parse(item: TokenStream) -> syn::Result<(ItemFn, Makes)> {
    let function: ItemFn = syn::parse2(item).map_err(|error| {
        Error::new(error.span(), format!("{NAME} belongs on a function with a body ({error})"))
    })?;
    let Signature { abi, asyncness, constness, output, fn_token, .. } = &function.sig;
    if let Some(odd) = abi.as_ref().map(ToTokens::to_token_stream) {
        let message = format!("{NAME} asks its function where it was called: remove `{odd}`");
        return Err(Error::new_spanned(odd, message));
    }
    if let Some(odd) = constness {
        let message = format!("{NAME} asks its function where it was called: remove `const`");
        return Err(Error::new_spanned(odd, message));
    }
    match (asyncness.is_some(), output) {
        (true, ReturnType::Type(_, ty)) if matches!(**ty, Type::Never(_)) => {
            Err(Error::new_spanned(
                ty,
                format!("{NAME} cannot name the output `!`: write `-> std::convert::Infallible`"),
            ))
        }
        (true, _) => Ok((function, Makes::Body)),
        (false, ReturnType::Type(_, ty)) if is_future(ty) => Ok((function, Makes::Returned)),
        (false, _) => Err(Error::new_spanned(
            fn_token,
            format!(
                "{NAME} belongs on a function that makes a future: write `async` before `fn`, or \
                 return `impl Future`"
            ),
        )),
    }
}

/// Whether it is `impl Future`.
fn is_future(ty: &Type) -> bool {
    let Type::ImplTrait(ty) = ty else { return false };
    ty.bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            bound.path.segments.last().is_some_and(|last| last.ident == "Future")
        }
        _ => false,
    })
}

fn wrap(args: &Args, function: ItemFn, makes: Makes) -> TokenStream {
    let ItemFn { attrs, vis, mut sig, block } = function;
    let (outer, inner): (Vec<_>, Vec<_>) =
        attrs.into_iter().partition(|attr| matches!(attr.style, AttrStyle::Outer));
    let tracks = !outer.iter().any(|attr| attr.path().is_ident("track_caller"));
    let track_caller = tracks.then(|| quote! { #[track_caller] });
    let corio = args.corio.clone().unwrap_or_else(args::facade);
    let name = sig.ident.unraw().to_string();
    let statements = &block.stmts;
    let output = output_of(&sig.output, makes);
    let future = match makes {
        Makes::Body => {
            sig.asyncness = None;
            sig.output = syn::parse_quote! { -> impl ::core::future::Future<Output = #output> };
            let returns = returns(&output);
            let arguments = arguments(&mut sig);
            quote! { async move { #returns #arguments #(#statements)* } }
        }
        // A `return` is the closure's, and what it returns is wrapped like the rest.
        Makes::Returned if contains(block.to_token_stream(), "return") => {
            quote! { (move || { #(#statements)* })() }
        }
        Makes::Returned => quote! { { #(#statements)* } },
    };
    let coroutine = quote! {
        #corio::__coroutine::Coroutine::new(&#name, ::core::panic::Location::caller(), #future)
    };
    let coroutine = match is_unit(&output) || contains(output.clone(), "impl") {
        true => coroutine,
        // Outside of what looks for the traits, lest the body finds their methods.
        false => quote! {
            let coroutine = #coroutine;
            {
                #[allow(unused_imports)]
                use #corio::__coroutine::{ReturnsAny as _, ReturnsResult as _};
                (&#corio::__coroutine::Returns::<#output>::NEW).wrap(coroutine)
            }
        },
    };
    quote! {
        #(#outer)*
        #track_caller
        #vis #sig {
            #(#inner)*
            #coroutine
        }
    }
}

/// What its future returns; nothing if that has no name.
fn output_of(output: &ReturnType, makes: Makes) -> TokenStream {
    match (output, makes) {
        (ReturnType::Default, _) => quote! { () },
        (ReturnType::Type(_, ty), Makes::Body) => ty.to_token_stream(),
        (ReturnType::Type(_, ty), Makes::Returned) => named_output(ty).unwrap_or_default(),
    }
}

/// `T` of `impl Future<Output = T>`.
fn named_output(ty: &Type) -> Option<TokenStream> {
    let Type::ImplTrait(ty) = ty else { return None };
    let arguments = ty.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            let last = bound.path.segments.last().filter(|last| last.ident == "Future")?;
            match &last.arguments {
                PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
                _ => None,
            }
        }
        _ => None,
    })?;
    arguments.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(bound) if bound.ident == "Output" => {
            Some(bound.ty.to_token_stream())
        }
        _ => None,
    })
}

/// Whether there is nothing to be asked of it: it is `()`, or has no name.
fn is_unit(output: &TokenStream) -> bool {
    output.is_empty() || output.to_string() == "()"
}

/// Says what the body returns, before its first `?` or `return` is looked at: the block of a function has
/// its type from the signature, that of a future has not. It is never run.
fn returns(output: &TokenStream) -> TokenStream {
    if contains(output.clone(), "impl") {
        // It cannot be named here, and is as the body has it.
        return TokenStream::new();
    }
    // Where it stands is what the compiler names as the reason, if the body has another type.
    let returns = quote_spanned! { output.span() => return output; };
    quote! {
        #[allow(
            unreachable_code,
            clippy::diverging_sub_expression,
            clippy::empty_loop,
            clippy::let_unit_value,
            clippy::needless_return,
            clippy::let_with_type_underscore
        )]
        if false {
            let output: #output = loop {};
            #returns
        }
    }
}

fn contains(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => contains(group.stream(), word),
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// What moves the arguments into the future; those with patterns are given names in `sig`.
fn arguments(sig: &mut Signature) -> TokenStream {
    let mut moves = TokenStream::new();
    for (at, argument) in sig.inputs.iter_mut().enumerate() {
        match argument {
            FnArg::Receiver(receiver) => {
                // Named, and so captured, whether the body needs it or not.
                let this = receiver.self_token;
                moves.extend(quote! { let _ = &#this; });
            }
            FnArg::Typed(argument) => {
                let attrs = &argument.attrs;
                moves.extend(take(at, attrs, &mut argument.pat));
            }
        }
    }
    moves
}

fn take(at: usize, attrs: &[Attr], pat: &mut Pat) -> TokenStream {
    if let Pat::Ident(name) = pat
        && name.by_ref.is_none()
        && name.subpat.is_none()
    {
        let mutability = name.mutability.take();
        let ident = &name.ident;
        return quote! { #(#attrs)* let #mutability #ident = #ident; };
    }
    let ident: Ident = format_ident!("argument{at}", span = Span::mixed_site());
    let name: Pat = syn::parse_quote! { #ident };
    let pat = std::mem::replace(pat, name);
    quote! { #(#attrs)* let #ident = #ident; #(#attrs)* let #pat = #ident; }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> TokenStream {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn plain(tokens: TokenStream) -> String {
        let returns = returns(&quote! { u8 }).to_string();
        tokens.to_string().replace(&returns, "").replace(' ', "")
    }

    #[track_caller]
    fn check(arguments: &str, item: &str, expected: &str) {
        assert_eq!(plain(expand(tokens(arguments), tokens(item))), plain(tokens(expected)));
    }

    #[test]
    fn the_body_becomes_the_future_s() {
        check(
            "",
            "/// Adds.
             pub(crate) async fn r#fn<T: Copy>(&self, mut a: T, (b, _): (T, T)) -> u8 where T: Ord {
                 #![expect(unused)] self.add(a, b).await
             }",
            "/// Adds.
             #[track_caller]
             pub(crate) fn r#fn<T: Copy>(&self, a: T, argument2: (T, T))
                 -> impl ::core::future::Future<Output = u8> where T: Ord {
                 #![expect(unused)]
                 let coroutine = ::corio::__coroutine::Coroutine::new(
                     &\"fn\", ::core::panic::Location::caller(),
                     async move {
                         let _ = &self;
                         let mut a = a;
                         let argument2 = argument2;
                         let (b, _) = argument2;
                         self.add(a, b).await
                     }
                 );
                 {
                     #[allow(unused_imports)]
                     use ::corio::__coroutine::{ReturnsAny as _, ReturnsResult as _};
                     (&::corio::__coroutine::Returns::<u8>::NEW).wrap(coroutine)
                 }
             }",
        );
    }

    /// What returns nothing, or has no name, cannot fail; of all else the compiler knows.
    #[test]
    fn whether_it_returns_a_result_is_asked_where_it_may() {
        // item, what is asked
        let table = [
            ("async fn f() {}", None),
            ("async fn f() -> () {}", None),
            ("async fn f() -> impl Clone { 1 }", None),
            ("async fn f() -> Vec<impl Clone> { g() }", None),
            ("async fn f() -> io::Result<()> { g() }", Some("io::Result<()>")),
            ("fn f() -> impl Send + Future<Output = Answer> { g() }", Some("Answer")),
            ("fn f() -> impl Future<Output = impl Clone> { g() }", None),
            ("fn f() -> impl Future { g() }", None),
        ];
        for (item, asked) in table {
            let expansion = plain(expand(TokenStream::new(), tokens(item)));
            let asks = asked.map(|output| format!("Returns::<{output}>::NEW).wrap(coroutine)"));
            match asks {
                Some(asks) => assert!(expansion.contains(&asks), "{item}: {expansion}"),
                None => assert!(!expansion.contains("Returns"), "{item}: {expansion}"),
            }
        }
    }

    #[test]
    fn a_future_that_is_returned_is_wrapped() {
        check(
            "crate = other::corio",
            "#[track_caller] fn f() -> impl Future<Output = u8> + Send { async { 1 } }",
            "#[track_caller] fn f() -> impl Future<Output = u8> + Send {
                 let coroutine = other::corio::__coroutine::Coroutine::new(
                     &\"f\", ::core::panic::Location::caller(), { async { 1 } }
                 );
                 {
                     #[allow(unused_imports)]
                     use other::corio::__coroutine::{ReturnsAny as _, ReturnsResult as _};
                     (&other::corio::__coroutine::Returns::<u8>::NEW).wrap(coroutine)
                 }
             }",
        );
        let early = expand(
            TokenStream::new(),
            tokens("fn f(a: u8) -> impl core::future::Future { if a > 1 { return g(a); } g(1) }"),
        );
        assert!(plain(early).contains("(move||{ifa>1{returng(a);}g(1)})()"));
    }

    #[test]
    fn each_mistake_is_named_at_its_culprit_with_its_remedy() {
        // arguments, item, culprit, part of the message
        let table = [
            ("", "fn f() {}", "fn", "write `async` before `fn`, or return `impl Future`"),
            ("", "fn f() -> impl Clone { 1 }", "fn", "write `async` before `fn`"),
            ("", "async fn f() -> ! { loop {} }", "!", "std::convert::Infallible"),
            ("", "async extern \"C\" fn f() {}", "extern \"C\"", "remove `extern \"C\"`"),
            ("", "const fn f() -> impl Future { g() }", "const", "remove `const`"),
            ("", "async fn f();", ";", "with a body"),
            ("", "struct F;", "struct", "with a body"),
        ];
        for (arguments, item, culprit, message) in table {
            let error = parse(tokens(item)).map(|_| ()).expect_err(item);
            let at = error.span().source_text().unwrap_or_default();
            assert_eq!(at, culprit, "({arguments}) {item}: {error}");
            assert!(error.to_string().contains(message), "({arguments}) {item}: {error}");
            let expansion = plain(expand(tokens(arguments), tokens(item)));
            assert!(expansion.ends_with(&plain(tokens(item))), "{expansion}");
        }
        let (_, error) = Args::read(Attribute::Coroutine, tokens("debug = true"));
        let error = error.expect("no such argument");
        assert_eq!(
            error.to_string(),
            "#[corio::coroutine] knows no argument `debug`; it takes `crate = path`"
        );
    }
}
