//! What a statement costs before it is run.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::DIALECT;
use crate::QueryError;
use crate::limits::{OPERATORS_MAX, PARENTHESES_NESTED_MAX, SQL_BYTES_MAX, TOKENS_MAX, UNIONS_MAX};

/// Refuses what is too long to be parsed and planned safely. The tokenizer loops, so this is safe
/// for any text.
pub(super) fn check(sql: &str) -> Result<(), QueryError> {
    within("bytes", sql.len(), SQL_BYTES_MAX)?;
    let tokens = Tokenizer::new(&DIALECT, sql)
        .tokenize()
        .map_err(|error| QueryError::Invalid(error.to_string()))?;
    let (mut all, mut operators, mut unions) = (0, 0, 0);
    let (mut depth, mut deepest) = (0_usize, 0);
    for token in &tokens {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
        match weigh(token) {
            Weight::None => continue,
            Weight::Token => {}
            Weight::Operator => operators += 1,
            Weight::Union => unions += 1,
        }
        all += 1;
    }
    within("tokens", all, TOKENS_MAX)?;
    within("operators", operators, OPERATORS_MAX)?;
    within("unions", unions, UNIONS_MAX)?;
    within("parentheses inside one another", deepest, PARENTHESES_NESTED_MAX)
}

pub(super) fn within(what: &str, count: usize, max: usize) -> Result<(), QueryError> {
    if count <= max {
        return Ok(());
    }
    Err(QueryError::Refused(format!("the query has {count} {what}, and {max} is the limit")))
}

enum Weight {
    None,
    Token,
    Operator,
    Union,
}

/// Whatever may stand between two expressions in a chain is an operator, whether the grammar knows
/// it or not: a new one must not slip by.
fn weigh(token: &Token) -> Weight {
    match token {
        Token::Whitespace(_) | Token::EOF => Weight::None,
        Token::Word(word) => match word.keyword {
            Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS => Weight::Union,
            Keyword::AND
            | Keyword::OR
            | Keyword::XOR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::NOTNULL
            | Keyword::IN
            | Keyword::BETWEEN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::RLIKE
            | Keyword::REGEXP
            | Keyword::OVERLAPS
            | Keyword::COLLATE
            | Keyword::DIV
            | Keyword::AT => Weight::Operator,
            _ => Weight::Token,
        },
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::Placeholder(_)
        | Token::Comma
        | Token::Period
        | Token::SemiColon
        | Token::LParen
        | Token::RParen
        | Token::RBracket => Weight::Token,
        _ => Weight::Operator,
    }
}
