//! What a user says about a source that its lines do not.

use chrono_tz::Tz;
use fillwatch_model::Kind;

/// How the lines of one source are read, where the built-in reading is not enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The bot of all lines.
    pub bot: Option<String>,
    /// The zone of times that name none.
    pub timezone: Tz,
    /// The kind of all lines.
    pub kind: Option<Kind>,
    /// Fields with a column of the user's choice.
    pub fields: Vec<FieldRule>,
}

impl Default for Mapping {
    fn default() -> Mapping {
        Mapping { bot: None, timezone: Tz::UTC, kind: None, fields: Vec::new() }
    }
}

/// A field and the column it goes to; it comes before every built-in synonym of that column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// The column.
    pub column: String,
    /// The field: its keys from the outermost in, joined with `.`, as the log writes them.
    pub path: String,
    /// The unit that the field has in the log.
    pub unit: Unit,
}

/// The unit of a field in the log. Columns hold money in the account's currency, ratios as such
/// and durations in milliseconds; a field in another unit keeps a column of its own beside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// The column's own.
    #[default]
    AsIs,
    /// Hundredths of the currency.
    Cents,
    /// Hundredths.
    Percent,
    /// Ten-thousandths.
    BasisPoints,
    /// Billionths of a second.
    Nanoseconds,
    /// Millionths of a second.
    Microseconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// All of them, with the names they have in a configuration.
    pub const NAMES: [(&'static str, Unit); 8] = [
        ("as_is", Unit::AsIs),
        ("cents", Unit::Cents),
        ("percent", Unit::Percent),
        ("bps", Unit::BasisPoints),
        ("ns", Unit::Nanoseconds),
        ("us", Unit::Microseconds),
        ("ms", Unit::Milliseconds),
        ("s", Unit::Seconds),
    ];

    /// The value in the column's unit.
    pub(crate) fn convert(self, value: f64) -> f64 {
        // Division by a power of ten rounds correctly, multiplication by its inverse does not.
        match self {
            Unit::AsIs | Unit::Milliseconds => value,
            Unit::Cents | Unit::Percent => value / 1e2,
            Unit::BasisPoints => value / 1e4,
            Unit::Nanoseconds => value / 1e6,
            Unit::Microseconds => value / 1e3,
            Unit::Seconds => value * 1e3,
        }
    }

    /// Whether a value changes on its way into the column.
    pub(crate) fn converts(self) -> bool {
        !matches!(self, Unit::AsIs | Unit::Milliseconds)
    }
}
