//! Source to tokens, after the lexis of the CEL language definition
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>).

use crate::error::RuleError;
use crate::syntax::Span;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    /// Without its sign: `-9223372036854775808` is a minus and a number that has no positive counterpart.
    Int(u64),
    Text(String),
    /// A literal of CEL that rules do not have: why not.
    Refused(&'static str),
    Symbol(&'static str),
    End,
}

const SYMBOLS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]",
    "{", "}",
];

pub(super) const FLOATING: &str = "floating point is refused: amounts are integers in minor units, \
                                   and a share is percent(amount, pct) or floor_div(amount, n)";
const UNSIGNED: &str = "unsigned integers are refused: write the number without u";
const BYTES: &str = "bytes are refused: write a string";

/// All tokens with their places, the last one [`Token::End`], or the first error: after it nothing can be trusted.
pub(super) fn tokens(source: &str) -> Result<Vec<(Token, Span)>, RuleError> {
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let start = lexer.at;
        let token = lexer.token()?;
        let end = token == Token::End;
        tokens.push((token, Span { start, end: lexer.at }));
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.skip(next.len_utf8());
        Some(next)
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.source.len());
    }

    /// Takes the longest prefix of characters that belong.
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let taken = rest
            .get(..rest.find(|c| !belongs(c)).unwrap_or(rest.len()))
            .unwrap_or_default();
        self.skip(taken.len());
        taken
    }

    fn skip_blank(&mut self) {
        loop {
            self.take(|c| matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{c}'));
            if !self.rest().starts_with("//") {
                return;
            }
            self.take(|c| c != '\n');
        }
    }

    fn token(&mut self) -> Result<Token, RuleError> {
        let Some(first) = self.peek() else {
            return Ok(Token::End);
        };
        let second = self.rest().chars().nth(1);
        if first.is_ascii_digit() || (first == '.' && second.is_some_and(|c| c.is_ascii_digit())) {
            return self.number();
        }
        if let Some(token) = self.prefixed_text()? {
            return Ok(token);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return Ok(Token::Name(
                self.take(|c| c.is_ascii_alphanumeric() || c == '_').to_owned(),
            ));
        }
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol)) {
            self.skip(symbol.len());
            return Ok(Token::Symbol(symbol));
        }
        let start = self.at;
        self.skip(first.len_utf8());
        Err(self.error(start, &format!("unexpected character {first:?}")))
    }

    fn number(&mut self) -> Result<Token, RuleError> {
        let start = self.at;
        let (digits, radix) = if self.rest().starts_with("0x") || self.rest().starts_with("0X") {
            self.skip(2);
            (self.take(|c| c.is_ascii_hexdigit()), 16)
        } else {
            (self.take(|c| c.is_ascii_digit()), 10)
        };
        let fraction = self
            .rest()
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if radix == 10 && (fraction || self.rest().starts_with(['e', 'E'])) {
            self.take(|c| c.is_ascii_digit() || c == '.');
            if self.rest().starts_with(['e', 'E']) {
                self.skip(1);
                self.take(|c| matches!(c, '+' | '-') || c.is_ascii_digit());
            }
            return Ok(Token::Refused(FLOATING));
        }
        match self.take(|c| c.is_ascii_alphanumeric() || c == '_') {
            "" => u64::from_str_radix(digits, radix)
                .map(Token::Int)
                .map_err(|_| self.error(start, "expected a whole number of at most 9223372036854775807")),
            "u" | "U" => Ok(Token::Refused(UNSIGNED)),
            _ => Err(self.error(start, "malformed number")),
        }
    }

    /// A string literal, with the prefixes of CEL: `r` keeps backslashes, `b` would be bytes.
    fn prefixed_text(&mut self) -> Result<Option<Token>, RuleError> {
        let prefix: String = self
            .rest()
            .chars()
            .take_while(|c| matches!(c, 'r' | 'R' | 'b' | 'B'))
            .take(2)
            .collect();
        let Some(quote) = self.rest().get(prefix.len()..).and_then(|rest| rest.chars().next()) else {
            return Ok(None);
        };
        if !matches!(quote, '"' | '\'') {
            return Ok(None);
        }
        let start = self.at;
        self.skip(prefix.len());
        let raw = prefix.contains(['r', 'R']);
        let text = self.quoted(quote, raw, start)?;
        Ok(Some(if prefix.contains(['b', 'B']) {
            Token::Refused(BYTES)
        } else {
            Token::Text(text)
        }))
    }

    fn quoted(&mut self, quote: char, raw: bool, start: usize) -> Result<String, RuleError> {
        let triple = String::from(quote).repeat(3);
        let closing = if self.rest().starts_with(&triple) {
            triple
        } else {
            String::from(quote)
        };
        self.skip(closing.len());
        let mut text = String::new();
        while !self.rest().starts_with(&closing) {
            match self.next() {
                None => return Err(self.error(start, "this string is not closed")),
                Some('\n') if closing.len() == 1 => return Err(self.error(start, "this string is not closed")),
                Some('\\') if !raw => text.push(self.escape()?),
                Some(other) => text.push(other),
            }
        }
        self.skip(closing.len());
        Ok(text)
    }

    fn escape(&mut self) -> Result<char, RuleError> {
        let start = self.at.saturating_sub(1);
        let code = match self.next() {
            Some(same @ ('\\' | '"' | '\'' | '`' | '?')) => return Ok(same),
            Some('a') => 0x07,
            Some('b') => 0x08,
            Some('t') => 0x09,
            Some('n') => 0x0a,
            Some('v') => 0x0b,
            Some('f') => 0x0c,
            Some('r') => 0x0d,
            Some('x' | 'X') => self.code(2, 16, start)?,
            Some('u') => self.code(4, 16, start)?,
            Some('U') => self.code(8, 16, start)?,
            Some(first @ '0'..='3') => {
                self.at = self.at.saturating_sub(first.len_utf8());
                self.code(3, 8, start)?
            }
            _ => return Err(self.error(start, "unknown escape in a string")),
        };
        char::from_u32(code).ok_or_else(|| self.error(start, "this escape is not a character"))
    }

    fn code(&mut self, digits: usize, radix: u32, start: usize) -> Result<u32, RuleError> {
        let text = self
            .rest()
            .get(..digits)
            .filter(|text| text.chars().all(|c| c.is_digit(radix)));
        let code = text.and_then(|text| u32::from_str_radix(text, radix).ok());
        self.skip(digits);
        code.ok_or_else(|| self.error(start, &format!("expected {digits} digits after this escape")))
    }

    fn error(&self, start: usize, message: &str) -> RuleError {
        RuleError::new(self.source, Span { start, end: self.at }, message)
    }
}
