//! One look at one snapshot.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SQLOptions;
use datafusion::sql::parser::Statement;
use fillwatch_model::Micros;

use crate::alerts::Alerts;
use crate::answer::{Answer, Bounds};
use crate::book::{Book, Span};
use crate::close::Closes;
use crate::error::{list, nearest};
use crate::header::Reads;
use crate::question::{Parameters, Question};
use crate::reference::{self, Reference};
use crate::relation::{BASE, Relation, RelationKind};
use crate::scope::{Scope, at_once};
use crate::views::{View, Views};
use crate::window::Window;
use crate::{QueryError, guard, json, late, limits, relation, settings};

/// What a session is over.
#[derive(Clone)]
pub struct Tables {
    /// Every event there is.
    pub events: Arc<dyn TableProvider>,
    /// Lines that are not events.
    pub quarantine: Arc<dyn TableProvider>,
    /// The log files.
    pub sources: Arc<dyn TableProvider>,
    /// The fields of the log lines.
    pub fields: Arc<dyn TableProvider>,
    /// What carried views go on from.
    pub closes: Closes,
    /// What there is to ask about alerts.
    pub alerts: Alerts,
    /// The user's own tables.
    pub reference: Vec<Reference>,
}

/// How a session runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time it is, as `$now` where the window has no end.
    pub now: Micros,
    /// The views.
    pub views: Arc<Views>,
    /// Memory that one query's joins, sorts and groups may take; it does not spill to disk.
    pub memory_bytes: usize,
    /// How long one query may take. A join looks at no clock while it runs, so a deadline that must
    /// hold is one that ends the process.
    pub timeout: Option<Duration>,
    /// How many threads one query may keep busy.
    pub partitions: usize,
}

impl Options {
    /// The defaults, at the time `now`, with the views that ship.
    pub fn at(now: Micros) -> Result<Options, QueryError> {
        Ok(Options {
            now,
            views: Arc::new(Views::shipped()?),
            memory_bytes: limits::MEMORY_BYTES,
            timeout: None,
            partitions: std::thread::available_parallelism().map_or(1, usize::from),
        })
    }
}

/// One look at one snapshot, through one window.
pub struct Session {
    windowed: Scope,
    carried: Scope,
    options: Options,
    reference: Vec<Reference>,
    /// Whether a close is made of it.
    is_close: bool,
    /// Held while a view is planned, so that two queries do not both add it.
    planning: Mutex<()>,
    /// The books that are kept, and whether of everything.
    books: Mutex<Vec<Book>>,
    /// The plans of questions, where it is moved from one moment to the next.
    plans: Mutex<HashMap<(u64, usize), Arc<dyn ExecutionPlan>>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("window", &self.windowed.window).finish_non_exhaustive()
    }
}

impl Session {
    /// A session over `tables` that sees the events in `window`.
    pub fn new(tables: Tables, window: Window, options: Options) -> Result<Session, QueryError> {
        let context = settings::engine(options.memory_bytes, options.partitions)
            .map_err(|error| QueryError::invalid(&error))?;
        let beside = settings::beside(&context).map_err(|error| QueryError::invalid(&error))?;
        let carried = Scope::carried(beside, &tables, window)?;
        let windowed = Scope::windowed(context, &tables, window)?;
        let reference = tables.reference;
        for scope in [&windowed, &carried] {
            reference::register(&reference, &options.views, &scope.context)?;
        }
        let planning = Mutex::new(());
        Ok(Session {
            windowed,
            carried,
            options,
            reference,
            is_close: false,
            planning,
            books: Mutex::default(),
            plans: Mutex::default(),
        })
    }

    /// A session that is asked the same questions at one moment after the other: each is planned
    /// once. `window` has both ends.
    ///
    /// # Errors
    /// If a table cannot be registered.
    pub fn standing(
        tables: &Tables,
        window: Window,
        options: Options,
    ) -> Result<Session, QueryError> {
        let context = settings::engine(options.memory_bytes, options.partitions)
            .map_err(|error| QueryError::invalid(&error))?;
        let beside = settings::beside(&context).map_err(|error| QueryError::invalid(&error))?;
        let carried = Scope::standing(&beside, tables, window, true)?;
        let windowed = Scope::standing(&context, tables, window, false)?;
        let reference = tables.reference.clone();
        for scope in [&windowed, &carried] {
            reference::register(&reference, &options.views, &scope.context)?;
        }
        Ok(Session {
            windowed,
            carried,
            options,
            reference,
            is_close: false,
            planning: Mutex::new(()),
            books: Mutex::default(),
            plans: Mutex::default(),
        })
    }

    /// Moves a standing session to another moment. Says whether it can: where tables have other
    /// columns, or are others of the user's, a new session is needed.
    ///
    /// # Errors
    /// If a table cannot be read.
    pub fn move_to(&mut self, tables: &Tables, window: Window) -> Result<bool, QueryError> {
        let same = |(a, b): (&Reference, &Reference)| match (&a.table, &b.table) {
            (Ok(a_table), Ok(b_table)) => a.name == b.name && Arc::ptr_eq(a_table, b_table),
            (Err(_), Err(_)) => a.name == b.name,
            _ => false,
        };
        if tables.reference.len() != self.reference.len()
            || !tables.reference.iter().zip(&self.reference).all(same)
        {
            return Ok(false);
        }
        if !self.windowed.move_to(tables, window, false)?
            || !self.carried.move_to(tables, window, true)?
        {
            return Ok(false);
        }
        let to = window.to.unwrap_or(Micros::MAX);
        let span = Span { to, as_of: to, is_close: false };
        let books = self.books.get_mut().unwrap_or_else(PoisonError::into_inner);
        books.iter().for_each(|book| book.begin(span));
        Ok(true)
    }

    /// Answers a question at the moment a standing session was moved to last. `id` and `part` tell
    /// the question and its parameters from all others.
    ///
    /// # Errors
    /// What is wrong with it, this says; what goes wrong later, the stream.
    pub async fn ask_again(
        &self,
        (id, part): (u64, usize),
        question: &Question,
        parameters: &Parameters,
        timeout: Option<Duration>,
    ) -> Result<Answer, QueryError> {
        let bounds = Bounds::start(self.options.memory_bytes, timeout.or(self.options.timeout));
        let context = &self.windowed.context;
        let start = async {
            let known = self.plans().get(&(id, part)).cloned();
            let plan = match known {
                Some(plan) => reset_plan_states(plan).map_err(|error| bounds.failed(&error))?,
                None => {
                    let plan = self.plan_question(question, parameters)?;
                    let plan = context.state().create_physical_plan(&plan).await;
                    plan.map_err(|error| QueryError::invalid(&error))?
                }
            };
            self.plans().insert((id, part), Arc::clone(&plan));
            execute_stream(plan, context.task_ctx()).map_err(|error| bounds.failed(&error))
        };
        let rows = bounds.hold(start).await?;
        Ok(bounds.answer(rows))
    }

    fn plans(&self) -> MutexGuard<'_, HashMap<(u64, usize), Arc<dyn ExecutionPlan>>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same to make a close at the end of its window.
    #[must_use]
    pub(crate) fn closing(self) -> Session {
        Session { is_close: true, ..self }
    }

    /// Answers one query. What is wrong with it, this says; what goes wrong later, the stream.
    pub async fn query(&self, sql: &str) -> Result<Answer, QueryError> {
        let bounds = Bounds::start(self.options.memory_bytes, self.options.timeout);
        let start = async {
            let plan = self.plan(&self.windowed, guard::parse(sql)?)?;
            let frame = self.windowed.context.execute_logical_plan(plan).await;
            let frame = frame.map_err(|error| QueryError::invalid(&error))?;
            frame.execute_stream().await.map_err(|error| bounds.failed(&error))
        };
        let rows = bounds.hold(start).await.map_err(|error| error.of_query(sql))?;
        Ok(bounds.answer(rows))
    }

    /// Answers a question that was parsed before, with these values of its parameters.
    ///
    /// # Errors
    /// What is wrong with it, this says; what goes wrong later, the stream.
    pub async fn ask(
        &self,
        question: &Question,
        parameters: &Parameters,
        timeout: Option<Duration>,
    ) -> Result<Answer, QueryError> {
        let bounds = Bounds::start(self.options.memory_bytes, timeout.or(self.options.timeout));
        let start = async {
            let plan = self.plan_question(question, parameters)?;
            let frame = self.windowed.context.execute_logical_plan(plan).await;
            let frame = frame.map_err(|error| QueryError::invalid(&error))?;
            frame.execute_stream().await.map_err(|error| bounds.failed(&error))
        };
        let rows = bounds.hold(start).await?;
        Ok(bounds.answer(rows))
    }

    /// Names and types of the columns that a question's answer has.
    ///
    /// # Errors
    /// If it cannot be planned.
    pub fn columns_of(
        &self,
        question: &Question,
        parameters: &Parameters,
    ) -> Result<Vec<(String, String)>, QueryError> {
        let plan = self.plan_question(question, parameters)?;
        Ok(relation::columns(plan.schema().as_arrow()))
    }

    fn plan_question(
        &self,
        question: &Question,
        parameters: &Parameters,
    ) -> Result<LogicalPlan, QueryError> {
        for name in &question.reads {
            if !self.provide_optional(question, name)? {
                self.provide(&self.windowed, name)?;
            }
        }
        let mut statement = question.statement.clone();
        let plan = self.plan_bound(&self.windowed, &mut statement, parameters)?;
        json::materialised(plan).map_err(|error| QueryError::invalid(&error))
    }

    /// Whether `name` is one of the tables that the question can do without, and the user has none
    /// of that name: then it is empty.
    fn provide_optional(&self, question: &Question, name: &str) -> Result<bool, QueryError> {
        let Some((_, table)) = question.optional.iter().find(|(optional, _)| optional == name)
        else {
            return Ok(false);
        };
        reference::check(&self.reference, name)?;
        let _planning = self.planning.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.windowed.has(name)? {
            self.windowed.register(name, Arc::clone(table) as Arc<dyn TableProvider>)?;
        }
        Ok(true)
    }

    /// Answers one part of a close.
    pub(crate) async fn carried_query(&self, part: &str, sql: &str) -> Result<Answer, QueryError> {
        let file = Path::new("sql/closes").join(format!("{part}.sql"));
        let bounds = Bounds::start(self.options.memory_bytes, self.options.timeout);
        let start = async {
            let view = View::new(file, sql)?;
            for name in view.reads.iter().filter(|read| !guard::is_table_function(read)) {
                self.provide(&self.carried, name)?;
            }
            let plan = self.plan_view(&self.carried, &view)?;
            let plan = json::materialised(plan).map_err(|error| QueryError::invalid(&error))?;
            let frame = self.carried.context.execute_logical_plan(plan).await;
            let frame = frame.map_err(|error| QueryError::invalid(&error))?;
            frame.execute_stream().await.map_err(|error| bounds.failed(&error))
        };
        let rows = bounds.hold(start).await.map_err(|error| error.of_query(sql))?;
        Ok(bounds.answer(rows))
    }

    /// The tables and the views, tables first.
    pub fn relations(&self) -> Vec<Relation> {
        let tables = BASE.iter().map(|(name, doc)| (*name, RelationKind::Table, *doc));
        let docs: Vec<String> = self.reference.iter().map(Reference::doc).collect();
        let reference = self.reference.iter().zip(&docs);
        let tables = tables.chain(
            reference.map(|(table, doc)| (table.name.as_str(), RelationKind::Table, doc.as_str())),
        );
        let views = self.options.views.names().map(|name| {
            let doc = self.options.views.get(name).map_or("", |view| &view.doc);
            (name, RelationKind::View, doc)
        });
        let relation = |(name, kind, doc): (&str, RelationKind, &str)| {
            let (columns, broken) = match self.columns(name) {
                Ok(columns) => (columns, None),
                Err(error) => (Vec::new(), Some(error.to_string())),
            };
            Relation { name: name.to_owned(), kind, doc: doc.to_owned(), columns, broken }
        };
        tables.chain(views).map(relation).collect()
    }

    fn columns(&self, name: &str) -> Result<Vec<(String, String)>, QueryError> {
        self.provide(&self.windowed, name)?;
        Ok(relation::columns(&self.windowed.table(name)?.schema()))
    }

    /// The plan of a statement that passed the guard.
    fn plan(&self, scope: &Scope, mut statement: Statement) -> Result<LogicalPlan, QueryError> {
        for name in guard::reads(&statement)? {
            self.provide(scope, &name)?;
        }
        let plan = self.plan_over_known(scope, &mut statement)?;
        json::materialised(plan).map_err(|error| QueryError::invalid(&error))
    }

    fn plan_over_known(
        &self,
        scope: &Scope,
        statement: &mut Statement,
    ) -> Result<LogicalPlan, QueryError> {
        self.plan_bound(scope, statement, &Parameters::new())
    }

    fn plan_bound(
        &self,
        scope: &Scope,
        statement: &mut Statement,
        parameters: &Parameters,
    ) -> Result<LogicalPlan, QueryError> {
        guard::bind(statement, &|name| {
            let own = || parameters.get(name.trim_start_matches('$')).cloned();
            scope.parameter(name, self.options.now).or_else(own)
        })?;
        let mut plan = at_once(scope.context.state().statement_to_plan(statement.clone()))?;
        if scope.is_standing() {
            plan = late::with_placeholders(plan).map_err(|error| QueryError::invalid(&error))?;
        }
        let read_only = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        read_only.verify_plan(&plan).map_err(|error| QueryError::invalid(&error))?;
        Ok(plan)
    }

    /// Sees to it that the table or view `name` can be planned with. A view is planned when it is
    /// first asked for, after those it reads.
    fn provide(&self, scope: &Scope, name: &str) -> Result<(), QueryError> {
        if guard::is_table_function(name) {
            return Ok(());
        }
        let _planning = self.planning.lock().unwrap_or_else(PoisonError::into_inner);
        self.provide_locked(scope, name)
    }

    fn provide_locked(&self, scope: &Scope, name: &str) -> Result<(), QueryError> {
        if scope.has(name)? {
            return Ok(());
        }
        if matches!(name, "order_book" | "executions") {
            let lines = self.plan_view(scope, Book::lines()?)?;
            let carried = self.plan_view(scope, Book::carried()?)?;
            let to = scope.window.to;
            let span = Span {
                to: to.unwrap_or(Micros::MAX),
                as_of: to.unwrap_or(self.options.now),
                is_close: self.is_close,
            };
            let book = Book::new(lines, carried, span);
            scope.register("order_book", book.orders())?;
            scope.register("executions", book.fills())?;
            self.books.lock().unwrap_or_else(PoisonError::into_inner).push(book);
            return Ok(());
        }
        let Some(view) = self.options.views.get(name) else {
            reference::check(&self.reference, name)?;
            return Err(self.no_relation(name));
        };
        // A carried view says the same to whoever reads it.
        if view.header.reads == Some(Reads::Carried)
            && !std::ptr::eq(scope, &raw const self.carried)
        {
            self.provide_locked(&self.carried, name)?;
            return scope.register(name, self.carried.table(name)?);
        }
        for read in view.reads.iter().filter(|read| !guard::is_table_function(read)) {
            self.provide_locked(scope, read)?;
        }
        let plan = self.plan_view(scope, view).map_err(|error| error.in_view(view.file.clone()))?;
        scope.register(name, Arc::new(ViewTable::new(plan, None)))
    }

    fn plan_view(&self, scope: &Scope, view: &View) -> Result<LogicalPlan, QueryError> {
        let mut statement = view.statement.clone();
        let mut fault = None;
        guard::rename(&mut statement, &mut |table| {
            let named = scope.with_fields(table, &view.name(), &view.header.fields);
            named.unwrap_or_else(|error| {
                fault = Some(error);
                None
            })
        });
        match fault {
            Some(error) => Err(error),
            None => self.plan_over_known(scope, &mut statement),
        }
    }

    fn no_relation(&self, name: &str) -> QueryError {
        let reference = self.reference.iter().map(|table| table.name.as_str());
        let names = BASE.iter().map(|(base, _)| *base).chain(reference);
        let names: Vec<&str> = names.chain(self.options.views.names()).collect();
        let near = nearest(name, &names);
        let offer = if near.is_empty() {
            format!("`fillwatch sql '\\d'` lists all {}", names.len())
        } else {
            format!("did you mean {}?", list(&near))
        };
        QueryError::Invalid(format!("no table or view `{name}`; {offer}"))
    }
}
