//! The fields of one source: a number for each path ever seen in it, and what is known of it.

use std::cell::Cell;

use fillwatch_model::limits::OBJECT_KEYS_MAX;
use fillwatch_model::{CANONICAL, ColumnId, ColumnType};
use hashbrown::HashMap;

use crate::mapping::{FieldRule, Mapping};
use crate::names::{self, Role, Synonym};
use crate::text;
use crate::words::squash;

/// The number of a path within its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FieldId(u32);

impl FieldId {
    /// The line's own object.
    pub(crate) const ROOT: FieldId = FieldId(0);
}

/// What is known of a field.
#[derive(Debug)]
pub(crate) struct Field {
    /// The path as JSON text: keys as the log escapes them, joined with `.`.
    pub(crate) path: Box<[u8]>,
    /// The name of the column it has if it has one of its own.
    pub(crate) column: Box<str>,
    /// Names of ids are text whatever they look like.
    pub(crate) is_id: bool,
    /// Names of integers that outgrow floats.
    pub(crate) is_counter: bool,
    /// What it may be, by its name without wrappers.
    pub(crate) synonyms: Vec<&'static Synonym>,
    /// What the user says it is.
    pub(crate) rule: Option<FieldRule>,
    /// How many wrappers its path goes through.
    pub(crate) wrappers: u8,
    /// One of them is `order`: a price in it is what was asked, not what was paid.
    pub(crate) in_order: bool,
    /// Its own column, once it has had a value.
    pub(crate) own: Cell<Own>,
    children: HashMap<Box<[u8]>, FieldId>,
    /// Keyed by data: no longer taken apart.
    collapsed: bool,
    is_wrapper: bool,
}

/// The state of a field's own column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// It never had a value.
    Unseen,
    Column(ColumnId, ColumnType),
    /// The table has no room for it.
    NoRoom,
}

/// All paths of one source.
#[derive(Debug)]
pub(crate) struct Paths {
    fields: Vec<Field>,
    rules: Vec<FieldRule>,
    collapses: u32,
}

/// The outcome of looking up a key in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Child {
    Known(FieldId),
    /// The line has more fields than anyone names; this one stays JSON.
    NoRoom,
    /// Its object turned out to be keyed by data just now: read the line again.
    Collapsed,
}

/// Paths of one source. Past this, what is new stays JSON: whatever writes so many names writes
/// data into them.
const PATHS_MAX: usize = 8192;

/// A longer key is no name.
const KEY_BYTES_MAX: usize = 512;

/// Children of an object that only wraps the fields of many kinds of line.
const WRAPPED_KEYS_MAX: usize = 1024;

impl Paths {
    pub(crate) fn new(mapping: &Mapping) -> Paths {
        let root = Field {
            path: Box::default(),
            column: Box::default(),
            is_id: false,
            is_counter: false,
            synonyms: Vec::new(),
            rule: None,
            wrappers: 0,
            in_order: false,
            own: Cell::new(Own::Unseen),
            children: HashMap::new(),
            collapsed: false,
            is_wrapper: true,
        };
        Paths { fields: vec![root], rules: mapping.fields.clone(), collapses: 0 }
    }

    pub(crate) fn field(&self, id: FieldId) -> &Field {
        &self.fields[id.0 as usize]
    }

    /// How many objects have turned out to be keyed by data.
    pub(crate) fn collapses(&self) -> u32 {
        self.collapses
    }

    /// Whether the object at this path stays JSON.
    pub(crate) fn is_collapsed(&self, id: FieldId) -> bool {
        self.field(id).collapsed
    }

    /// The field under `key` (as written, without quotes) in the object at `parent`.
    pub(crate) fn child(&mut self, parent: FieldId, key: &[u8]) -> Child {
        let object = &self.fields[parent.0 as usize];
        if let Some(child) = object.children.get(key) {
            return Child::Known(*child);
        }
        let room = if object.is_wrapper { WRAPPED_KEYS_MAX } else { OBJECT_KEYS_MAX };
        let full = object.children.len() >= room || self.fields.len() >= PATHS_MAX;
        if full || key.len() > KEY_BYTES_MAX {
            if parent == FieldId::ROOT {
                return Child::NoRoom;
            }
            self.fields[parent.0 as usize].collapsed = true;
            self.collapses += 1;
            return Child::Collapsed;
        }
        let child = FieldId(self.fields.len() as u32);
        let field = self.describe(parent, key);
        self.fields.push(field);
        self.fields[parent.0 as usize].children.insert(key.into(), child);
        Child::Known(child)
    }

    fn describe(&self, parent: FieldId, key: &[u8]) -> Field {
        let above = self.field(parent);
        let path = dotted(&above.path, key);
        let name = plain(&path);
        // The wrappers' names are prefixes of the path, so what is left of it is the bare name.
        let wrapped = if above.is_wrapper { plain(key) } else { self.bare_name(parent, key) };
        let squashed = squash(&wrapped);
        let in_order = above.in_order || last_key(&above.path).eq_ignore_ascii_case(b"order");
        let (synonyms, in_deal) = synonyms(&squashed, &wrapped, &name, in_order);
        let is_wrapper =
            names::is_wrapper(&squash(&name)) || (above.is_wrapper && names::is_wrapper(&squashed));
        Field {
            column: column_name(&name).into(),
            is_id: is_id(&name),
            is_counter: is_counter(&name),
            synonyms,
            rule: self.rules.iter().find(|rule| rule.path == name).cloned(),
            wrappers: above.wrappers
                + u8::from(above.is_wrapper && parent != FieldId::ROOT)
                + u8::from(in_deal),
            in_order,
            own: Cell::new(Own::Unseen),
            children: HashMap::new(),
            collapsed: false,
            is_wrapper,
            path: path.into(),
        }
    }

    /// The path of `key` below the innermost wrapper.
    fn bare_name(&self, parent: FieldId, key: &[u8]) -> String {
        let path = &self.field(parent).path;
        let wrapper = self
            .fields
            .iter()
            .filter(|field| field.is_wrapper && !field.path.is_empty())
            .filter(|field| {
                path.starts_with(&field.path) && path.get(field.path.len()) == Some(&b'.')
            })
            .map(|field| field.path.len() + 1)
            .max();
        plain(&dotted(&path[wrapper.unwrap_or(0)..], key))
    }
}

/// What a field may be, and whether it is that as part of an object that is a fill. `wrapped` is its
/// path below the innermost wrapper, `squashed` the same without punctuation.
fn synonyms(
    squashed: &str,
    wrapped: &str,
    name: &str,
    in_order: bool,
) -> (Vec<&'static Synonym>, bool) {
    let mut found: Vec<_> = names::roles(squashed).collect();
    if in_order {
        // `order.id` is an order's, wherever the order stands.
        found.extend(names::roles(&format!("order{squashed}")));
    }
    // `fill.price` is a name of its own, `fill.order_id` is what the fill says of its order.
    if found.is_empty()
        && let Some((object, key)) = wrapped.split_once('.')
        && names::is_deal(&squash(object))
    {
        found = names::roles(&squash(key)).filter(|synonym| synonym.is_of_deals()).collect();
        if !found.is_empty() {
            return (found, true);
        }
    }
    if found.is_empty() {
        found = names::roles(&squash(name)).collect();
    }
    (found, false)
}

fn dotted(path: &[u8], key: &[u8]) -> Vec<u8> {
    if path.is_empty() { key.to_vec() } else { [path, b".", key].concat() }
}

fn last_key(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'.').next().unwrap_or_default()
}

/// A key or path out of its escapes.
fn plain(escaped: &[u8]) -> String {
    let mut plain = Vec::with_capacity(escaped.len());
    text::unescape(escaped, &mut plain);
    String::from_utf8_lossy(&plain).into_owned()
}

/// The column of a path: lower case, and nothing in it that SQL would want quoted, as far as the
/// log's language allows.
fn column_name(path: &str) -> String {
    let path = path.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let mut name = String::with_capacity(path.len());
    for character in path.chars() {
        if character.is_ascii_alphanumeric() || (!character.is_ascii() && character.is_alphabetic())
        {
            name.extend(character.to_lowercase());
        } else {
            name.push('_');
        }
    }
    if name.is_empty() {
        name.push('_');
    }
    if is_reserved(&name) {
        name.push('_');
    }
    name
}

/// Columns that say what we know of a line, not what the line says.
pub(crate) fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 10] = [
        "ts",
        "date",
        "bot",
        "kind",
        "ts_inferred",
        "attrs",
        "file",
        "file_id",
        "offset",
        "ingested_at",
    ];
    debug_assert!(RESERVED.iter().all(|name| CANONICAL.iter().any(|(known, _)| known == name)));
    RESERVED.contains(&name)
}

fn is_id(name: &str) -> bool {
    let key = name.rsplit('.').next().unwrap_or(name);
    if key.eq_ignore_ascii_case("id") || key.to_ascii_lowercase().ends_with("_id") {
        return true;
    }
    let before = key.strip_suffix("Id").or_else(|| key.strip_suffix("ID"));
    before.is_some_and(|rest| rest.ends_with(|c: char| c.is_lowercase() || c.is_ascii_digit()))
}

fn is_counter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["_ns", "_us", "_seq"].iter().any(|suffix| name.ends_with(suffix))
}

impl Field {
    pub(crate) fn has_role(&self, role: Role) -> bool {
        self.synonyms.iter().any(|synonym| synonym.role == role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_columns() {
        let check = |path, expected: &str| assert_eq!(column_name(path), expected, "{path}");
        check("log.level", "log_level");
        check("@timestamp", "timestamp");
        check("orderId", "orderid");
        check("P&L (USD)", "p_l__usd");
        check("größe", "größe");
        check("", "_");
        check("file", "file_");
    }

    #[test]
    fn ids_are_known_by_their_names() {
        for name in ["id", "order_id", "tokenId", "orderID", "event.id", "ID", "TOKEN_ID"] {
            assert!(is_id(name), "{name}");
        }
        for name in ["paid", "bid", "GRID", "Id_count", "valid", "idx"] {
            assert!(!is_id(name), "{name}");
        }
    }

    #[test]
    fn wrappers_do_not_hide_what_a_field_is() {
        let mut paths = Paths::new(&Mapping::default());
        let at = |paths: &mut Paths, keys: &[&str]| {
            let mut id = FieldId::ROOT;
            for key in keys {
                match paths.child(id, key.as_bytes()) {
                    Child::Known(child) => id = child,
                    other => panic!("{other:?}"),
                }
            }
            let field = paths.field(id);
            let roles: Vec<_> = field.synonyms.iter().map(|s| s.name).collect();
            format!("{} {roles:?} {}", field.column, field.in_order)
        };
        assert_eq!(at(&mut paths, &["fields", "message"]), r#"fields_message ["message"] false"#);
        assert_eq!(
            at(&mut paths, &["record", "extra", "order_id"]),
            r#"record_extra_order_id ["orderid"] false"#
        );
        assert_eq!(at(&mut paths, &["data", "order", "mid"]), r#"data_order_mid ["mid"] true"#);
        assert_eq!(
            at(&mut paths, &["data", "order", "id"]),
            r#"data_order_id ["id", "id", "orderid"] true"#
        );
        assert_eq!(
            at(&mut paths, &["record", "time", "timestamp"]),
            r#"record_time_timestamp ["recordtimetimestamp"] false"#
        );
        assert_eq!(at(&mut paths, &["book", "mid"]), "book_mid [] false");
        assert_eq!(at(&mut paths, &["fill", "price"]), r#"fill_price ["fillprice"] false"#);
        assert_eq!(at(&mut paths, &["fill", "order_id"]), r#"fill_order_id ["orderid"] false"#);
        assert_eq!(
            at(&mut paths, &["data", "fill", "symbol"]),
            r#"data_fill_symbol ["symbol"] false"#
        );
        assert_eq!(at(&mut paths, &["fill", "status"]), "fill_status [] false");
    }

    #[test]
    fn an_object_keyed_by_data_collapses() {
        let mut paths = Paths::new(&Mapping::default());
        let Child::Known(positions) = paths.child(FieldId::ROOT, b"positions") else { panic!() };
        for ticker in 0..OBJECT_KEYS_MAX {
            let key = format!("T{ticker}");
            assert!(matches!(paths.child(positions, key.as_bytes()), Child::Known(_)));
        }
        assert_eq!(paths.child(positions, b"one more"), Child::Collapsed);
        assert!(paths.is_collapsed(positions));
    }
}
