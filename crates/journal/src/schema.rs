//! The tables.

/// Times are microseconds since 1970, UTC.
pub(crate) const SCHEMA: &str = "
    -- How far each rule is, and how its evaluations go.
    create table if not exists rule_state (
        rule        text    not null primary key,
        severity    text    not null,
        every       text    not null,
        cursor      integer,
        outcome     text    not null,
        since       integer,
        error       text,
        rows        integer not null,
        last_ok     integer,
        last_rows   integer,
        evaluations integer not null,
        errors      integer not null,
        took_us     integer not null,
        late_us     integer not null
    ) strict, without rowid;
    -- The alerts that are pending, fire, or fired within the hour. `machine` is whose they are: the
    -- rule's own, or the one that says that it fails.
    create table if not exists alert_state (
        rule         text    not null,
        machine      text    not null,
        severity     text    not null,
        id           text    not null,
        key          text    not null,
        phase        text    not null,
        since        integer not null,
        fired_at     integer,
        absent_since integer,
        episode      text    not null,
        value        real,
        peak         real,
        peak_at      integer,
        fired        text    not null,
        says         text,
        summary      text    not null,
        description  text    not null,
        labels       text    not null,
        runbook      text    not null,
        row          text    not null,
        primary key (rule, machine, severity, id)
    ) strict, without rowid;
    -- Every turn that an alert took.
    create table if not exists transition (
        seq             integer primary key autoincrement,
        told_at         integer not null,
        rule            text    not null,
        severity        text    not null,
        turn            text    not null,
        at              integer not null,
        since           integer not null,
        key             text    not null,
        bot             text,
        episode         text    not null,
        value           real,
        peak            real,
        peak_at         integer,
        fired_within_1h integer not null,
        belated         text,
        summary         text    not null,
        description     text    not null,
        labels          text    not null,
        runbook         text    not null,
        row             text    not null,
        -- What it was computed from, to compute it again.
        window_from     integer not null,
        params          text    not null,
        revision        text    not null,
        version         integer,
        -- As it is delivered.
        body            text    not null
    ) strict;
    create index if not exists transition_by_episode on transition (episode);
    create index if not exists transition_by_time on transition (at);
    -- The time that an alert fired.
    create table if not exists episode (
        episode     text    not null primary key,
        rule        text    not null,
        severity    text    not null,
        key         text    not null,
        since       integer not null,
        fired_at    integer not null,
        resolved_at integer,
        peak        real,
        peak_at     integer,
        summary     text    not null,
        belated     text
    ) strict, without rowid;
    -- Evaluations that ended alike one after the other are one row.
    create table if not exists evaluation (
        rule       text    not null,
        first_tick integer not null,
        last_tick  integer not null,
        ticks      integer not null,
        outcome    text    not null,
        error      text,
        rows_max   integer not null,
        took_us    integer not null,
        primary key (rule, first_tick)
    ) strict, without rowid;
    -- The text of a rule, as it was when it said something.
    create table if not exists revision (
        revision text not null primary key,
        rule     text not null,
        text     text not null
    ) strict, without rowid;
    -- What is to be delivered: a transition, or a digest of several that are told together.
    create table if not exists outbox (
        seq        integer primary key autoincrement,
        queued_at  integer not null,
        kind       text    not null,
        transition integer,
        episode    text,
        body       text    not null
    ) strict;
    -- Since when each declared bot is expected.
    create table if not exists expected_bot (
        bot   text    not null primary key,
        since integer not null
    ) strict, without rowid;
";
