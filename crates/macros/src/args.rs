//! What stands in the parentheses of an attribute.
//!
//! Each argument is `name` or `name = value`. All of them are read before the first error is
//! reported, so that one build shows every mistake; each error stands at its culprit and says what
//! to write instead.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, Path, Token};

/// Which attribute it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// `#[corio::main]`
    Main,
    /// `#[corio::test]`
    Test,
    /// `#[corio::coroutine]`
    Coroutine,
}

impl Attribute {
    /// As the user writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Attribute::Main => "#[corio::main]",
            Attribute::Test => "#[corio::test]",
            Attribute::Coroutine => "#[corio::coroutine]",
        }
    }

    fn known(self) -> &'static str {
        match self {
            Attribute::Main => {
                "`debug = bool`, `thread_name = \"…\"`, `crate = path`, \
                 `flavor = \"current_thread\"`"
            }
            Attribute::Test => {
                "`virtual_time`, `start_paused = bool`, `debug = bool`, `thread_name = \"…\"`, \
                 `crate = path`, `flavor = \"current_thread\"`"
            }
            Attribute::Coroutine => "`crate = path`",
        }
    }
}

/// What the arguments ask for.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) debug: Option<bool>,
    pub(crate) thread_name: Option<LitStr>,
    pub(crate) corio: Option<Path>,
    pub(crate) virtual_time: bool,
}

/// One argument, not yet understood.
struct Argument {
    name: Ident,
    value: Option<Expr>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // `crate` is a keyword, and an argument all the same.
        let name = input.call(Ident::parse_any)?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Argument { name, value })
    }
}

impl Args {
    /// Reads `tokens`. With an error come the arguments that could be understood.
    pub(crate) fn read(attribute: Attribute, tokens: TokenStream) -> (Args, Option<Error>) {
        let mut args = Args::default();
        let arguments = match Punctuated::<Argument, Token![,]>::parse_terminated.parse2(tokens) {
            Ok(arguments) => arguments,
            Err(error) => return (args, Some(error)),
        };
        let mut errors: Option<Error> = None;
        let mut seen: Vec<&Ident> = Vec::new();
        for argument in &arguments {
            let result = if seen.contains(&&argument.name) {
                Err(Error::new(
                    argument.name.span(),
                    format!("`{}` stands here twice: remove one of them", argument.name),
                ))
            } else {
                args.take(attribute, argument)
            };
            seen.push(&argument.name);
            if let Err(error) = result {
                match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                }
            }
        }
        (args, errors)
    }

    fn take(&mut self, attribute: Attribute, argument: &Argument) -> syn::Result<()> {
        let name = argument.name.to_string();
        match (name.as_str(), attribute) {
            ("crate", _) => self.corio = Some(argument.path()?),
            (_, Attribute::Coroutine) => return Err(unknown(attribute, argument)),
            ("debug", _) => self.debug = Some(argument.boolean()?),
            ("thread_name", _) => self.thread_name = Some(argument.string("\"server\"")?),
            ("flavor", _) => argument.flavor()?,
            ("virtual_time" | "start_paused", Attribute::Test) => {
                // Alone it means yes.
                let on = argument.value.is_none() || argument.boolean()?;
                self.virtual_time |= on;
            }
            ("virtual_time" | "start_paused", Attribute::Main) => {
                return Err(Error::new(
                    argument.name.span(),
                    format!(
                        "`{name}` belongs to #[corio::test]: for a program on a virtual clock \
                         write `corio::Builder::new().clock(corio::Clock::virtual_time())`"
                    ),
                ));
            }
            ("worker_threads", _) => {
                return Err(Error::new(
                    argument.name.span(),
                    "`worker_threads`: corio runs one loop, on the calling thread; remove it",
                ));
            }
            _ => return Err(unknown(attribute, argument)),
        }
        Ok(())
    }
}

fn unknown(attribute: Attribute, argument: &Argument) -> Error {
    Error::new(
        argument.name.span(),
        format!(
            "{} knows no argument `{}`; it takes {}",
            attribute.name(),
            argument.name,
            attribute.known()
        ),
    )
}

impl Argument {
    /// Where the value stands, or the name if there is none.
    fn error(&self, message: String) -> Error {
        match &self.value {
            Some(value) => Error::new_spanned(value.to_token_stream(), message),
            None => Error::new(self.name.span(), message),
        }
    }

    fn literal(&self) -> Option<&Lit> {
        match &self.value {
            Some(Expr::Lit(ExprLit { lit, attrs })) if attrs.is_empty() => Some(lit),
            _ => None,
        }
    }

    fn boolean(&self) -> syn::Result<bool> {
        match self.literal() {
            Some(Lit::Bool(value)) => Ok(value.value),
            _ => {
                let name = &self.name;
                Err(self.error(format!("write `{name} = true` or `{name} = false`")))
            }
        }
    }

    fn string(&self, example: &str) -> syn::Result<LitStr> {
        match self.literal() {
            Some(Lit::Str(value)) => Ok(value.clone()),
            _ => Err(self.error(format!("write a string: `{} = {example}`", self.name))),
        }
    }

    fn path(&self) -> syn::Result<Path> {
        let path = match &self.value {
            Some(Expr::Path(value)) if value.qself.is_none() && value.attrs.is_empty() => {
                Some(value.path.clone())
            }
            _ => match self.literal() {
                Some(Lit::Str(value)) => value.parse_with(Path::parse_mod_style).ok(),
                _ => None,
            },
        };
        path.ok_or_else(|| {
            self.error("write the path of the corio crate: `crate = ::corio`".to_owned())
        })
    }

    fn flavor(&self) -> syn::Result<()> {
        let flavor = self.string("\"current_thread\"")?;
        if flavor.value() == "current_thread" {
            return Ok(());
        }
        Err(self.error(
            "the only flavor is \"current_thread\": corio runs one loop, on the calling thread"
                .to_owned(),
        ))
    }
}

/// The path of the facade where no argument says otherwise.
pub(crate) fn facade() -> Path {
    let segment = Ident::new("corio", Span::call_site());
    Path {
        leading_colon: Some(Token![::](Span::call_site())),
        segments: [segment].into_iter().map(syn::PathSegment::from).collect(),
    }
}
