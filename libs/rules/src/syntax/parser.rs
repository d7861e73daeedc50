//! Tokens to a tree, by recursive descent over the grammar of the CEL language definition
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>), whose precedences are the functions below.

use crate::error::RuleError;
use crate::limits::{DEPTH_MAX, NODES_MAX};
use crate::syntax::lexer::{Token, tokens};
use crate::syntax::{Expr, ExprKind, Name, Operator, Span};

/// Words that CEL keeps for itself.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

const RELATIONS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];
const SUMS: [(&str, Operator); 2] = [("+", Operator::Add), ("-", Operator::Subtract)];
const PRODUCTS: [(&str, Operator); 3] = [
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Remainder),
];

/// Reads a whole rule. A mistake of syntax is reported alone: what follows it would only be guessed at.
pub(crate) fn parse(source: &str) -> Result<Expr, RuleError> {
    let tokens = tokens(source)?;
    let mut parser = Parser {
        source,
        tokens,
        at: 0,
        nesting: 0,
        nodes: 0,
    };
    let expr = parser.expression()?;
    match parser.token() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected("an operator or the end of the rule")),
    }
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<(Token, Span)>,
    at: usize,
    nesting: usize,
    nodes: usize,
}

type Parsed = Result<Expr, RuleError>;

impl Parser<'_> {
    fn expression(&mut self) -> Parsed {
        self.nesting = self.nesting.saturating_add(1);
        if self.nesting > DEPTH_MAX {
            return Err(self.error(
                self.span(),
                &format!("the rule is nested deeper than {DEPTH_MAX} levels"),
            ));
        }
        let condition = self.any()?;
        let expr = if self.accept("?") {
            let then = self.any()?;
            self.expect(":")?;
            let otherwise = self.expression()?;
            let span = condition.span.to(otherwise.span);
            self.node(span, ExprKind::Conditional(Box::new([condition, then, otherwise])))?
        } else {
            condition
        };
        self.nesting = self.nesting.saturating_sub(1);
        Ok(expr)
    }

    fn any(&mut self) -> Parsed {
        self.terms("||", Self::all, ExprKind::Or)
    }

    fn all(&mut self) -> Parsed {
        self.terms("&&", Self::relation, ExprKind::And)
    }

    /// One node for a whole chain, so that a long list of alternatives is not a deep tree.
    fn terms(&mut self, symbol: &str, term: fn(&mut Self) -> Parsed, make: fn(Vec<Expr>) -> ExprKind) -> Parsed {
        let first = term(self)?;
        let mut span = first.span;
        let mut terms = vec![first];
        while self.accept(symbol) {
            let next = term(self)?;
            span = span.to(next.span);
            terms.push(next);
        }
        match <[Expr; 1]>::try_from(terms) {
            Ok([only]) => Ok(only),
            Err(terms) => self.node(span, make(terms)),
        }
    }

    fn relation(&mut self) -> Parsed {
        let mut left = self.sum()?;
        loop {
            let operator = if self.accept_word("in") {
                Some(Operator::In)
            } else {
                self.accept_one_of(&RELATIONS)
            };
            let Some(operator) = operator else { return Ok(left) };
            let right = self.sum()?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        while let Some(operator) = self.accept_one_of(&SUMS) {
            let right = self.product()?;
            left = self.binary(operator, left, right)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.unary()?;
        while let Some(operator) = self.accept_one_of(&PRODUCTS) {
            let right = self.unary()?;
            left = self.binary(operator, left, right)?;
        }
        Ok(left)
    }

    fn binary(&mut self, operator: Operator, left: Expr, right: Expr) -> Parsed {
        let span = left.span.to(right.span);
        self.node(span, ExprKind::Binary(operator, Box::new([left, right])))
    }

    /// Signs are gathered before the operand is read, so that many of them do not nest the reader.
    fn unary(&mut self) -> Parsed {
        let mut signs = Vec::new();
        let symbol = if matches!(self.token(), Token::Symbol("!")) {
            "!"
        } else {
            "-"
        };
        while matches!(self.token(), Token::Symbol(found) if *found == symbol) {
            signs.push(self.span());
            self.advance();
        }
        if symbol == "-"
            && let (Token::Int(magnitude), Some(sign)) = (self.token().clone(), signs.last().copied())
            && let Some(negative) = 0_i64.checked_sub_unsigned(magnitude)
        {
            signs.pop();
            let span = sign.to(self.span());
            self.advance();
            let literal = self.node(span, ExprKind::Int(negative))?;
            let operand = self.members(literal)?;
            return self.signed(signs, symbol, operand);
        }
        let primary = self.primary()?;
        let operand = self.members(primary)?;
        self.signed(signs, symbol, operand)
    }

    fn signed(&mut self, signs: Vec<Span>, symbol: &str, operand: Expr) -> Parsed {
        let make = if symbol == "!" { ExprKind::Not } else { ExprKind::Negate };
        signs.into_iter().rev().try_fold(operand, |inner, sign| {
            let span = sign.to(inner.span);
            self.node(span, make(Box::new(inner)))
        })
    }

    /// What hangs behind a value: fields, methods, indexes.
    fn members(&mut self, mut operand: Expr) -> Parsed {
        loop {
            if self.accept(".") {
                let name = self.name("the name of a field or function")?;
                let span = operand.span.to(name.span);
                operand = if self.accept("(") {
                    let (args, end) = self.list(")")?;
                    self.node(span.to(end), ExprKind::Call(Some(Box::new(operand)), name, args))?
                } else {
                    self.node(span, ExprKind::Select(Box::new(operand), name))?
                };
            } else if self.accept("[") {
                let index = self.expression()?;
                let end = self.expect("]")?;
                let span = operand.span.to(end);
                operand = self.node(span, ExprKind::Index(Box::new([operand, index])))?;
            } else {
                return Ok(operand);
            }
        }
    }

    fn primary(&mut self) -> Parsed {
        let span = self.span();
        let kind = match self.token().clone() {
            Token::Text(text) => ExprKind::Text(text),
            Token::Refused(why) => ExprKind::Refused(why),
            Token::Int(magnitude) => ExprKind::Int(
                i64::try_from(magnitude)
                    .map_err(|_| self.error(span, "expected a whole number of at most 9223372036854775807"))?,
            ),
            Token::Name(word) if word == "true" || word == "false" => ExprKind::Bool(word == "true"),
            Token::Name(word) if word == "null" => {
                ExprKind::Refused("null is refused: ask with has(x) whether a field is there")
            }
            Token::Symbol("(") => return self.nested(),
            Token::Symbol("[") => {
                self.advance();
                let (items, end) = self.list("]")?;
                return self.node(span.to(end), ExprKind::List(items));
            }
            Token::Name(_) => return self.name_or_call(),
            Token::Symbol(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.advance();
        self.node(span, kind)
    }

    fn nested(&mut self) -> Parsed {
        let start = self.expect("(")?;
        let inner = self.expression()?;
        let end = self.expect(")")?;
        Ok(Expr {
            span: start.to(end),
            ..inner
        })
    }

    fn name_or_call(&mut self) -> Parsed {
        let name = self.name("a value")?;
        if self.accept("(") {
            let (args, end) = self.list(")")?;
            return self.node(name.span.to(end), ExprKind::Call(None, name, args));
        }
        self.node(name.span, ExprKind::Name(name.text))
    }

    /// Expressions between commas up to `closing`, whose place is returned. A comma may follow the last.
    fn list(&mut self, closing: &str) -> Result<(Vec<Expr>, Span), RuleError> {
        let mut items = Vec::new();
        loop {
            let end = self.span();
            if self.accept(closing) {
                return Ok((items, end));
            }
            items.push(self.expression()?);
            if !self.accept(",") {
                let end = self.expect(closing)?;
                return Ok((items, end));
            }
        }
    }

    fn name(&mut self, wanted: &str) -> Result<Name, RuleError> {
        let span = self.span();
        let Token::Name(text) = self.token().clone() else {
            return Err(self.unexpected(wanted));
        };
        if RESERVED.contains(&text.as_str()) {
            return Err(self.error(span, &format!("`{text}` is a reserved word: expected {wanted}")));
        }
        self.advance();
        Ok(Name { span, text })
    }

    fn node(&mut self, span: Span, kind: ExprKind) -> Parsed {
        self.nodes = self.nodes.saturating_add(1);
        let depth = kind
            .children()
            .iter()
            .map(|child| child.depth)
            .max()
            .unwrap_or(0)
            .saturating_add(1);
        if self.nodes > NODES_MAX {
            return Err(self.error(span, &format!("the rule has more than {NODES_MAX} parts")));
        }
        if depth > DEPTH_MAX {
            return Err(self.error(span, &format!("the rule is nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(Expr { span, depth, kind })
    }

    fn token(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(token, _)| token)
    }

    fn span(&self) -> Span {
        let end = self.source.len();
        self.tokens
            .get(self.at)
            .map_or(Span { start: end, end }, |(_, span)| *span)
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = matches!(self.token(), Token::Symbol(found) if *found == symbol);
        if found {
            self.advance();
        }
        found
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = matches!(self.token(), Token::Name(found) if found == word);
        if found {
            self.advance();
        }
        found
    }

    fn accept_one_of(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        operators
            .iter()
            .find(|(symbol, _)| self.accept(symbol))
            .map(|(_, operator)| *operator)
    }

    fn expect(&mut self, symbol: &str) -> Result<Span, RuleError> {
        let span = self.span();
        if self.accept(symbol) {
            Ok(span)
        } else {
            Err(self.unexpected(&format!("`{symbol}`")))
        }
    }

    fn unexpected(&self, wanted: &str) -> RuleError {
        let span = self.span();
        let found = match self.token() {
            Token::End => "the rule ends here".to_owned(),
            Token::Symbol("{") => "maps and messages cannot be written in a rule".to_owned(),
            _ => format!("unexpected `{}`", span.text(self.source)),
        };
        self.error(span, &format!("{found}: expected {wanted}"))
    }

    fn error(&self, span: Span, message: &str) -> RuleError {
        RuleError::new(self.source, span, message)
    }
}
