//! The shapes of a source's lines.
//!
//! The lines of one source repeat a few sequences of keys. What stands between their values (keys,
//! punctuation, white space) is remembered as a tree of literals: where a line follows the tree,
//! keys are compared, not read, and the fields of all its values are known in advance. Where it
//! does not, the general walk reads it, and the tree learns the way it took.

use hashbrown::HashMap;

use crate::paths::{FieldId, Paths};
use crate::plan::{Facts, Plan, PlanKey};
use crate::scan::{self, Token, Value};
use crate::walk::{Walked, stays_json};

/// One sequence of fields.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) fields: Box<[FieldId]>,
    pub(crate) facts: Facts,
    /// What to do with the values, for each kind of line that came in this shape.
    pub(crate) plans: Vec<(PlanKey, Plan)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShapeId(u32);

/// All shapes of a source.
#[derive(Debug)]
pub(crate) struct Shapes {
    nodes: Vec<Node>,
    shapes: Vec<Shape>,
    by_fields: HashMap<Box<[FieldId]>, ShapeId>,
    /// Fields of all shapes together.
    fields: usize,
}

/// A value, and what may come after it.
#[derive(Debug)]
struct Node {
    field: FieldId,
    depth: u8,
    /// The longest first, for one may begin another.
    edges: Vec<Edge>,
}

#[derive(Debug)]
struct Edge {
    literal: Box<[u8]>,
    to: Target,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Value(u32),
    End(ShapeId),
}

/// Past any of these a source does not repeat itself; its shapes are forgotten and learnt anew.
const NODES_MAX: usize = 16 << 10;
const SHAPES_MAX: usize = 2048;
const FIELDS_MAX: usize = 128 << 10;
/// A longer line is not worth a branch of the tree.
const LINE_FIELDS_MAX: usize = 2048;
const EDGES_MAX: usize = 64;
const LITERAL_BYTES_MAX: usize = 4096;

impl Shapes {
    pub(crate) fn new() -> Shapes {
        let root = Node { field: FieldId::ROOT, depth: 0, edges: Vec::new() };
        Shapes { nodes: vec![root], shapes: Vec::new(), by_fields: HashMap::new(), fields: 0 }
    }

    pub(crate) fn shape(&mut self, id: ShapeId) -> &mut Shape {
        &mut self.shapes[id.0 as usize]
    }

    /// Whether it is time to forget everything.
    pub(crate) fn is_full(&self) -> bool {
        self.nodes.len() > NODES_MAX || self.shapes.len() > SHAPES_MAX || self.fields > FIELDS_MAX
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.iter()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Shapes::new();
    }

    /// Reads the object at `at` along the tree: its shape, its values into `tokens`, its end.
    #[inline]
    pub(crate) fn follow(
        &self,
        line: &[u8],
        mut at: usize,
        paths: &Paths,
        tokens: &mut Vec<Token>,
    ) -> Option<(ShapeId, usize)> {
        let mut node = &self.nodes[0];
        loop {
            let rest = line.get(at..)?;
            let edge = node.edges.iter().find(|edge| begins_with(rest, &edge.literal))?;
            at += edge.literal.len();
            match edge.to {
                Target::End(shape) => return Some((shape, at)),
                Target::Value(to) => node = &self.nodes[to as usize],
            }
            if let Some(token) = scan::common_value(line, at) {
                at = token.end as usize;
                tokens.push(token);
                continue;
            }
            let token = rare_value(line, at, node, paths)?;
            at = token.end as usize;
            tokens.push(token);
        }
    }

    /// Remembers the way the walk took from `start` to `end`.
    pub(crate) fn learn(
        &mut self,
        line: &[u8],
        start: usize,
        end: usize,
        walked: &Walked,
        paths: &Paths,
    ) -> ShapeId {
        let shape = self.shape_of(&walked.fields, paths);
        // Keys that have no room as fields are in the literals, and every line has others.
        if walked.fields.len() > LINE_FIELDS_MAX || !walked.unnamed.is_empty() {
            return shape;
        }
        let mut node = 0;
        let mut at = start;
        for ((token, field), depth) in walked.tokens.iter().zip(&walked.fields).zip(&walked.depths)
        {
            let literal = &line[at..token.start as usize];
            match self.step(node, literal, *field, *depth) {
                Some(next) => node = next,
                None => return shape,
            }
            at = token.end as usize;
        }
        self.connect(node, &line[at..end], Target::End(shape));
        shape
    }

    fn shape_of(&mut self, fields: &[FieldId], paths: &Paths) -> ShapeId {
        if let Some(known) = self.by_fields.get(fields) {
            return *known;
        }
        let id = ShapeId(self.shapes.len() as u32);
        self.fields += fields.len();
        let facts = Facts::of(fields, paths);
        self.shapes.push(Shape { fields: fields.into(), facts, plans: Vec::new() });
        self.by_fields.insert(fields.into(), id);
        id
    }

    fn step(&mut self, node: usize, literal: &[u8], field: FieldId, depth: u8) -> Option<usize> {
        let edges = &self.nodes[node].edges;
        if let Some(edge) = edges.iter().find(|edge| *edge.literal == *literal)
            && let Target::Value(to) = edge.to
        {
            return Some(to as usize);
        }
        let to = self.nodes.len();
        if !self.connect(node, literal, Target::Value(to as u32)) {
            return None;
        }
        self.nodes.push(Node { field, depth, edges: Vec::new() });
        Some(to)
    }

    fn connect(&mut self, node: usize, literal: &[u8], to: Target) -> bool {
        let edges = &mut self.nodes[node].edges;
        if edges.len() >= EDGES_MAX || literal.len() > LITERAL_BYTES_MAX {
            return false;
        }
        if edges.iter().any(|edge| *edge.literal == *literal) {
            return false;
        }
        let at = edges.partition_point(|edge| edge.literal.len() >= literal.len());
        edges.insert(at, Edge { literal: literal.into(), to });
        true
    }
}

/// `text.starts_with(literal)`, without the call that costs more than comparing a few words.
#[inline(always)]
fn begins_with(text: &[u8], literal: &[u8]) -> bool {
    let Some(text) = text.get(..literal.len()) else { return false };
    let (text_words, text_rest) = text.as_chunks::<8>();
    let (words, rest) = literal.as_chunks::<8>();
    let same =
        |pair: (&[u8; 8], &[u8; 8])| u64::from_ne_bytes(*pair.0) == u64::from_ne_bytes(*pair.1);
    text_words.iter().zip(words).all(same) && text_rest.iter().zip(rest).all(|(a, b)| a == b)
}

fn rare_value(line: &[u8], at: usize, node: &Node, paths: &Paths) -> Option<Token> {
    let token = scan::value(line, at, usize::from(node.depth) + 1).ok()?;
    let is_object = token.value() == Value::Json && line[at] == b'{';
    (!is_object || stays_json(line, at, node.field, paths)).then_some(token)
}
