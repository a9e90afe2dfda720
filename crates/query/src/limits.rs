//! A bound on every query, with the reason.
//!
//! Most of these keep a statement from overflowing the stack of the thread that plans it, which
//! would abort the process: the parser bounds how deep expressions nest, but `1+1+1+…` is flat to
//! the parser and a tree two thousand levels deep to everything after it.

/// Bytes of one statement. The longest that ships is a tenth of it.
pub const SQL_BYTES_MAX: usize = 64 << 10;

/// Tokens of one statement, white space and comments not counted.
pub const TOKENS_MAX: usize = 2_000;

/// Operators of one statement. Chains of 1,000 have been seen to plan and chains of 2,000 to
/// overflow a stack of 2 MiB.
pub const OPERATORS_MAX: usize = 300;

/// `union`, `intersect` and `except` of one statement; each is a level, and plans nothing small.
pub const UNIONS_MAX: usize = 50;

/// Joins of one statement, commas in `from` among them. The ninth is a mistake or an attack.
pub const JOINS_MAX: usize = 8;

/// Tables that one statement reads when each name from `with` is put in full, as the planner does:
/// forty names that each read the one before twice are a plan of 2^40 scans.
pub const READS_MAX: usize = 100;

/// Sets that one `group by` stands for; every row is counted in each of them. `cube` of seven
/// columns is past it.
pub const GROUPINGS_MAX: usize = 64;

/// Parentheses one inside the other. The parser tries the argument of a call twice, and so takes
/// twice as long with each: a quarter of a second for 14, ten seconds for 20.
pub const PARENTHESES_NESTED_MAX: usize = 16;

/// Functions one inside the other, `->` and `->>` among them. Planning `->` takes twice as long
/// with each: two seconds for 16. `json_get(attrs, 'a', 'b', …)` is one.
pub const CALLS_NESTED_MAX: usize = 12;

/// Characters that `lpad` and `rpad` may make of one. Memory that a function asks for is not
/// counted by the memory limit, so what it asks for must be bounded by what it is given.
pub const PAD_MAX: u64 = 1_000;

/// Stack on which a query is planned, mapped only as far as it is used. The longest chain of
/// [`OPERATORS_MAX`] needs less than 8 MiB in a debug build.
pub(crate) const STACK_BYTES: usize = 32 << 20;

/// Memory of one query's joins, sorts and groups. What else it holds, the engine does not count.
pub const MEMORY_BYTES: usize = 2 << 30;

/// Bytes of a reference table's file. It is read whole, again whenever it changes, by every process
/// that asks: limits and names are kilobytes, and a table of millions of rows is no reference.
pub(crate) const REFERENCE_BYTES_MAX: u64 = 16 << 20;

/// Rows of a reference table; a Parquet file of few bytes may have any number.
pub(crate) const REFERENCE_ROWS_MAX: usize = 1_000_000;

/// Columns of a reference table. One with more is a matrix on its side.
pub(crate) const REFERENCE_COLUMNS_MAX: usize = 200;

/// Memory that the rows of a Parquet file may take, which may be thousands of times its size.
pub(crate) const REFERENCE_MEMORY_MAX: usize = 256 << 20;

/// Rows that a table on a terminal shows…
pub const TABLE_ROWS: usize = 1_000;

/// …and how many it counts past them before it says "more than".
pub const TABLE_ROWS_COUNTED: u64 = 1_000_000;

/// Characters of an error's message. Some of DataFusion's list every signature of a function.
pub(crate) const MESSAGE_CHARS_MAX: usize = 400;
