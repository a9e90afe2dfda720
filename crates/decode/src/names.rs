//! Everybody's names for the canonical columns.
//!
//! A synonym is taken only where it cannot mean anything else: a field that keeps a column of its
//! own is right, a wrong value in a canonical column costs money.

use fillwatch_model::{Kind, canonical};

use crate::mapping::Unit;

/// What a field is to the line it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Ts,
    /// A field that names the event and nothing else.
    Event,
    /// A field that may: `type` is an order's type as often.
    EventMaybe,
    Level,
    Bot,
    Side,
    /// A field that names a side in some logs.
    SideMaybe,
    /// What is done to the outcome that the side names.
    Action,
    /// HTTP status or the state of an order.
    Status,
    /// Not null where something went wrong.
    Exception,
    /// How much of an order is filled so far, or left.
    Cumulative,
    /// A value for the canonical column of this number.
    Column(usize),
    /// A sign of what the line is about.
    Sign(Sign),
}

/// Fields that, together, tell a line's kind when no word does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sign {
    EntryPrice,
    ExitPrice,
    Account,
    Balance,
    Alive,
    Pnl,
    Resources,
    Bid,
    Ask,
    Endpoint,
    Fee,
}

/// One name for a role.
#[derive(Debug)]
pub(crate) struct Synonym {
    /// Squashed: lower-case letters and digits only.
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Lower comes first where a line has several.
    pub(crate) rank: u8,
    /// The kinds of line in which the name means that.
    pub(crate) kinds: Kinds,
    pub(crate) unit: Unit,
    /// The field keeps its own column beside the canonical one.
    pub(crate) keeps_own: bool,
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) const ALL: Kinds = Kinds(u32::MAX);
    const FILL: Kinds = Kinds::of(&[Kind::Fill]);
    const TRADE: Kinds = Kinds::of(&[Kind::TradeClosed]);
    const DEAL: Kinds = Kinds::of(&[Kind::Fill, Kind::TradeClosed]);
    const ORDER: Kinds = Kinds::of(&[
        Kind::OrderPlaced,
        Kind::OrderAcked,
        Kind::OrderRejected,
        Kind::OrderCancelled,
        Kind::OrderExpired,
    ]);
    const TRADING: Kinds = Kinds::of(&[
        Kind::OrderPlaced,
        Kind::OrderAcked,
        Kind::OrderRejected,
        Kind::OrderCancelled,
        Kind::OrderExpired,
        Kind::Fill,
        Kind::TradeClosed,
    ]);
    const ACCOUNT: Kinds = Kinds::of(&[Kind::Equity]);
    const MONEY: Kinds = Kinds::of(&[Kind::Pnl, Kind::TradeClosed, Kind::Fill]);
    const PNL: Kinds = Kinds::of(&[Kind::Pnl]);
    const API: Kinds = Kinds::of(&[Kind::ApiCall]);
    const STATE: Kinds = Kinds::of(&[Kind::Equity, Kind::Heartbeat, Kind::System, Kind::Pnl]);

    const fn of(kinds: &[Kind]) -> Kinds {
        let (mut set, mut at) = (0, 0);
        while at < kinds.len() {
            set |= 1 << kinds[at] as u32;
            at += 1;
        }
        Kinds(set)
    }

    const fn not(self) -> Kinds {
        Kinds(!self.0)
    }

    pub(crate) fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }
}

/// The roles of a field whose squashed name is `name`.
pub(crate) fn roles(name: &str) -> impl Iterator<Item = &'static Synonym> {
    SYNONYMS.iter().filter(move |synonym| synonym.name == name)
}

/// Whether objects of this name merely wrap a line's fields.
pub(crate) fn is_wrapper(squashed: &str) -> bool {
    matches!(
        squashed,
        "fields"
            | "recordextra"
            | "extra"
            | "data"
            | "payload"
            | "order"
            | "mdc"
            | "context"
            | "ctx"
            | "attributes"
            | "details"
            | "body"
    )
}

/// Whether an object of this name is a fill: what it says of its order and its market is the line's.
pub(crate) fn is_deal(squashed: &str) -> bool {
    matches!(squashed, "fill" | "trade" | "execution" | "exec")
}

impl Synonym {
    /// Whether a field keeps its meaning in an object that is a fill: it says whose or of what the
    /// fill is, or is one that only fills have. A `status` in there is not the line's.
    pub(crate) fn is_of_deals(&self) -> bool {
        const SHARED: [usize; 6] = [
            canonical("order_id"),
            canonical("trade_id"),
            canonical("market"),
            canonical("strategy"),
            canonical("fair"),
            canonical("fee"),
        ];
        match self.role {
            Role::Side => true,
            Role::Column(column) if SHARED.contains(&column) => true,
            Role::Column(_) => self.kinds == Kinds::FILL || self.kinds == Kinds::DEAL,
            _ => false,
        }
    }
}

const fn synonym(name: &'static str, role: Role, rank: u8, kinds: Kinds) -> Synonym {
    Synonym { name, role, rank, kinds, unit: Unit::AsIs, keeps_own: false }
}

const fn everywhere(name: &'static str, role: Role, rank: u8) -> Synonym {
    synonym(name, role, rank, Kinds::ALL)
}

const fn column(name: &'static str, column: &str, rank: u8, kinds: Kinds) -> Synonym {
    synonym(name, Role::Column(canonical(column)), rank, kinds)
}

const fn any(name: &'static str, of: &str, rank: u8) -> Synonym {
    column(name, of, rank, Kinds::ALL)
}

/// A synonym whose field is also of interest by itself.
const fn also(name: &'static str, of: &str, rank: u8, kinds: Kinds) -> Synonym {
    Synonym { keeps_own: true, ..column(name, of, rank, kinds) }
}

/// A synonym in another unit; the field keeps its own column, with the log's number.
const fn in_unit(name: &'static str, of: &str, rank: u8, kinds: Kinds, unit: Unit) -> Synonym {
    Synonym { unit, ..also(name, of, rank, kinds) }
}

const fn sign(name: &'static str, sign: Sign) -> Synonym {
    everywhere(name, Role::Sign(sign), 0)
}

static SYNONYMS: &[Synonym] = &[
    // When.
    everywhere("timestamp", Role::Ts, 0),
    everywhere("ts", Role::Ts, 1),
    everywhere("time", Role::Ts, 2),
    everywhere("datetime", Role::Ts, 3),
    everywhere("asctime", Role::Ts, 4),
    everywhere("recordtimetimestamp", Role::Ts, 4),
    everywhere("t", Role::Ts, 5),
    everywhere("@t", Role::Ts, 5),
    everywhere("at", Role::Ts, 6),
    everywhere("dt", Role::Ts, 6),
    everywhere("tsns", Role::Ts, 7),
    everywhere("tsus", Role::Ts, 8),
    everywhere("tsms", Role::Ts, 9),
    everywhere("timestampns", Role::Ts, 7),
    everywhere("timestampus", Role::Ts, 8),
    everywhere("timestampms", Role::Ts, 9),
    everywhere("timens", Role::Ts, 7),
    everywhere("timems", Role::Ts, 9),
    everywhere("epoch", Role::Ts, 10),
    everywhere("epochms", Role::Ts, 10),
    everywhere("eventtime", Role::Ts, 11),
    everywhere("eventts", Role::Ts, 11),
    everywhere("loggedat", Role::Ts, 12),
    everywhere("tswall", Role::Ts, 13),
    everywhere("tslocal", Role::Ts, 13),
    everywhere("createdat", Role::Ts, 14),
    everywhere("date", Role::Ts, 15),
    everywhere("localrecvns", Role::Ts, 16),
    synonym("filledat", Role::Ts, 13, Kinds::FILL),
    synonym("exitts", Role::Ts, 17, Kinds::TRADE),
    synonym("exittime", Role::Ts, 17, Kinds::TRADE),
    synonym("closedat", Role::Ts, 17, Kinds::TRADE),
    synonym("entryts", Role::Ts, 18, Kinds::TRADE),
    synonym("entrytime", Role::Ts, 18, Kinds::TRADE),
    // What.
    everywhere("event", Role::Event, 0),
    everywhere("eventtype", Role::Event, 1),
    everywhere("eventname", Role::Event, 2),
    everywhere("kind", Role::EventMaybe, 0),
    everywhere("type", Role::EventMaybe, 1),
    everywhere("action", Role::EventMaybe, 2),
    everywhere("status", Role::Status, 0),
    everywhere("orderstatus", Role::Status, 1),
    everywhere("state", Role::Status, 2),
    everywhere("exception", Role::Exception, 0),
    everywhere("excinfo", Role::Exception, 0),
    everywhere("stacktrace", Role::Exception, 0),
    everywhere("throwable", Role::Exception, 0),
    everywhere("recordexception", Role::Exception, 0),
    everywhere("traceback", Role::Exception, 0),
    everywhere("@x", Role::Exception, 1),
    any("message", "message", 0),
    any("msg", "message", 1),
    any("recordmessage", "message", 2),
    any("@m", "message", 3),
    any("@mt", "message", 4),
    everywhere("level", Role::Level, 0),
    everywhere("levelname", Role::Level, 1),
    everywhere("loglevel", Role::Level, 2),
    everywhere("severity", Role::Level, 3),
    everywhere("recordlevelname", Role::Level, 4),
    everywhere("lvl", Role::Level, 5),
    everywhere("@l", Role::Level, 6),
    any("logger", "logger", 0),
    any("loggername", "logger", 1),
    any("loglogger", "logger", 2),
    any("recordname", "logger", 3),
    any("target", "logger", 4),
    any("name", "logger", 5),
    // Whose.
    everywhere("bot", Role::Bot, 0),
    everywhere("botid", Role::Bot, 1),
    everywhere("botname", Role::Bot, 1),
    everywhere("agentid", Role::Bot, 2),
    everywhere("traderid", Role::Bot, 2),
    everywhere("instance", Role::Bot, 3),
    everywhere("instanceid", Role::Bot, 3),
    everywhere("service", Role::Bot, 4),
    everywhere("servicename", Role::Bot, 4),
    everywhere("app", Role::Bot, 5),
    everywhere("appname", Role::Bot, 5),
    any("strategy", "strategy", 0),
    any("strategyname", "strategy", 1),
    any("strategyid", "strategy", 2),
    any("strategytag", "strategy", 3),
    any("runid", "run_id", 0),
    // Of what.
    any("market", "market", 0),
    any("marketticker", "market", 1),
    any("symbol", "market", 2),
    any("ticker", "market", 3),
    any("instrument", "market", 4),
    any("tradingpair", "market", 5),
    any("pair", "market", 6),
    any("marketid", "market", 7),
    any("marketslug", "market", 8),
    any("slug", "market", 9),
    any("productid", "market", 10),
    any("instrumentid", "market", 10),
    any("coin", "market", 11),
    any("asset", "market", 12),
    any("conditionid", "market", 13),
    any("tokenid", "market", 14),
    everywhere("side", Role::Side, 0),
    everywhere("orderside", Role::Side, 1),
    synonym("tradetype", Role::SideMaybe, 0, Kinds::ALL),
    synonym("direction", Role::SideMaybe, 1, Kinds::ALL),
    synonym("positionside", Role::SideMaybe, 3, Kinds::ALL),
    synonym("action", Role::Action, 0, Kinds::TRADING),
    synonym("action", Role::SideMaybe, 2, Kinds::ALL),
    any("orderid", "order_id", 0),
    any("oid", "order_id", 1),
    any("exchangeorderid", "order_id", 2),
    any("venueorderid", "order_id", 2),
    any("brokerorderid", "order_id", 2),
    any("clientorderid", "order_id", 3),
    any("clordid", "order_id", 3),
    column("id", "order_id", 4, Kinds::ORDER),
    any("tradeid", "trade_id", 0),
    any("exchangetradeid", "trade_id", 1),
    any("tid", "trade_id", 2),
    any("execid", "trade_id", 3),
    any("executionid", "trade_id", 3),
    any("fillid", "trade_id", 4),
    column("id", "trade_id", 5, Kinds::TRADE),
    // How much of it filled: an increment of this fill, never a running total.
    column("fillprice", "fill_price", 0, Kinds::ALL),
    column("lastfillprice", "fill_price", 1, Kinds::FILL),
    column("lastpx", "fill_price", 2, Kinds::FILL),
    column("execprice", "fill_price", 3, Kinds::FILL),
    column("executionprice", "fill_price", 3, Kinds::FILL),
    column("executedprice", "fill_price", 3, Kinds::FILL),
    // Means, of this fill or of all so far: whoever has to know looks at the field itself.
    also("avgfillprice", "fill_price", 4, Kinds::FILL),
    also("avgfill", "fill_price", 4, Kinds::FILL),
    also("averageprice", "fill_price", 5, Kinds::FILL),
    also("avgprice", "fill_price", 5, Kinds::FILL),
    also("filledavgprice", "fill_price", 5, Kinds::FILL),
    also("average", "fill_price", 6, Kinds::FILL),
    column("price", "fill_price", 9, Kinds::FILL),
    column("px", "fill_price", 10, Kinds::FILL),
    in_unit("fillpricecents", "fill_price", 6, Kinds::ALL, Unit::Cents),
    in_unit("actualfillpricecents", "fill_price", 6, Kinds::ALL, Unit::Cents),
    column("fillsize", "fill_size", 0, Kinds::ALL),
    column("fillqty", "fill_size", 1, Kinds::ALL),
    column("fillquantity", "fill_size", 1, Kinds::ALL),
    column("fillcount", "fill_size", 2, Kinds::FILL),
    column("lastqty", "fill_size", 3, Kinds::FILL),
    column("lastfillqty", "fill_size", 3, Kinds::FILL),
    column("execqty", "fill_size", 3, Kinds::FILL),
    column("size", "fill_size", 20, Kinds::FILL),
    column("qty", "fill_size", 21, Kinds::FILL),
    column("quantity", "fill_size", 22, Kinds::FILL),
    column("shares", "fill_size", 23, Kinds::FILL),
    column("contracts", "fill_size", 24, Kinds::FILL),
    column("amount", "fill_size", 25, Kinds::FILL),
    column("count", "fill_size", 26, Kinds::FILL),
    everywhere("executedqty", Role::Cumulative, 0),
    everywhere("filledqty", Role::Cumulative, 0),
    everywhere("filledsize", Role::Cumulative, 0),
    everywhere("filledamount", Role::Cumulative, 0),
    everywhere("filled", Role::Cumulative, 0),
    everywhere("cumqty", Role::Cumulative, 0),
    everywhere("cumulativefillcount", Role::Cumulative, 0),
    everywhere("cumulativeqty", Role::Cumulative, 0),
    everywhere("remaining", Role::Cumulative, 0),
    everywhere("remainingqty", Role::Cumulative, 0),
    everywhere("remainingsize", Role::Cumulative, 0),
    everywhere("remainingcount", Role::Cumulative, 0),
    everywhere("leavesqty", Role::Cumulative, 0),
    // How much was asked.
    any("price", "price", 0),
    column("limitprice", "price", 1, Kinds::TRADING),
    column("orderprice", "price", 2, Kinds::TRADING),
    column("px", "price", 3, Kinds::TRADING),
    in_unit("pricecents", "price", 4, Kinds::ALL, Unit::Cents),
    any("size", "size", 0),
    any("qty", "size", 1),
    any("quantity", "size", 2),
    column("ordersize", "size", 3, Kinds::TRADING),
    column("orderqty", "size", 3, Kinds::TRADING),
    column("origqty", "size", 3, Kinds::TRADING),
    column("shares", "size", 4, Kinds::TRADING),
    column("contracts", "size", 5, Kinds::TRADING),
    column("amount", "size", 6, Kinds::TRADING),
    column("count", "size", 7, Kinds::ORDER),
    // Against what.
    any("modelfair", "fair", 0),
    any("modelfairvalue", "fair", 0),
    any("fair", "fair", 1),
    any("fairvalue", "fair", 2),
    any("fairprice", "fair", 3),
    any("modelprice", "fair", 4),
    any("theo", "fair", 5),
    any("theoprice", "fair", 5),
    any("theoreticalprice", "fair", 5),
    in_unit("faircents", "fair", 6, Kinds::ALL, Unit::Cents),
    in_unit("modelfaircents", "fair", 6, Kinds::ALL, Unit::Cents),
    any("mid", "mid", 0),
    any("midprice", "mid", 1),
    any("midpoint", "mid", 2),
    // Money.
    column("fee", "fee", 0, Kinds::ALL),
    column("fees", "fee", 1, Kinds::DEAL),
    column("commission", "fee", 2, Kinds::DEAL),
    column("feeusd", "fee", 3, Kinds::DEAL),
    column("feesusd", "fee", 3, Kinds::DEAL),
    column("feetotal", "fee", 4, Kinds::DEAL),
    column("feestotal", "fee", 4, Kinds::DEAL),
    column("totalfees", "fee", 4, Kinds::TRADE),
    column("paidfee", "fee", 5, Kinds::DEAL),
    in_unit("feecents", "fee", 6, Kinds::DEAL, Unit::Cents),
    in_unit("feespaidcents", "fee", 6, Kinds::DEAL, Unit::Cents),
    any("pnl", "pnl", 0),
    column("pnlusd", "pnl", 1, Kinds::MONEY),
    column("netpnl", "pnl", 2, Kinds::MONEY),
    column("netpnlusd", "pnl", 2, Kinds::MONEY),
    also("realizedpnl", "pnl", 3, Kinds::MONEY),
    also("realisedpnl", "pnl", 3, Kinds::MONEY),
    also("realizedpnlusd", "pnl", 3, Kinds::MONEY),
    column("profitusd", "pnl", 4, Kinds::TRADE),
    also("dailypnl", "pnl", 5, Kinds::PNL),
    in_unit("pnlcents", "pnl", 6, Kinds::MONEY, Unit::Cents),
    any("equity", "equity", 0),
    column("portfoliovalue", "equity", 1, Kinds::TRADING.not()),
    column("accountvalue", "equity", 2, Kinds::TRADING.not()),
    column("totalequity", "equity", 2, Kinds::TRADING.not()),
    column("netliquidation", "equity", 2, Kinds::TRADING.not()),
    column("nav", "equity", 3, Kinds::TRADING.not()),
    column("navusd", "equity", 3, Kinds::TRADING.not()),
    also("balance", "equity", 4, Kinds::ACCOUNT),
    also("bankroll", "equity", 5, Kinds::ACCOUNT),
    // How fast, and how it went.
    any("latencyms", "latency_ms", 0),
    in_unit("latencyus", "latency_ms", 1, Kinds::ALL, Unit::Microseconds),
    in_unit("latus", "latency_ms", 1, Kinds::ALL, Unit::Microseconds),
    in_unit("latencyns", "latency_ms", 1, Kinds::ALL, Unit::Nanoseconds),
    in_unit("latencyseconds", "latency_ms", 1, Kinds::ALL, Unit::Seconds),
    in_unit("latencysec", "latency_ms", 1, Kinds::ALL, Unit::Seconds),
    in_unit("latencys", "latency_ms", 1, Kinds::ALL, Unit::Seconds),
    also("apilatencyms", "latency_ms", 2, Kinds::STATE),
    also("apilatencyms", "latency_ms", 2, Kinds::API),
    also("durationms", "latency_ms", 3, Kinds::API),
    also("elapsedms", "latency_ms", 3, Kinds::API),
    also("responsetimems", "latency_ms", 3, Kinds::API),
    also("rttms", "latency_ms", 4, Kinds::API),
    in_unit("durationseconds", "latency_ms", 5, Kinds::API, Unit::Seconds),
    also("ordertofillms", "latency_ms", 3, Kinds::FILL),
    also("filllatencyms", "latency_ms", 2, Kinds::FILL),
    also("submitlatencyms", "latency_ms", 3, Kinds::ORDER),
    also("acklatencyms", "latency_ms", 2, Kinds::ORDER),
    any("statuscode", "status_code", 0),
    any("httpstatus", "status_code", 1),
    any("httpstatuscode", "status_code", 1),
    any("httpresponsestatuscode", "status_code", 1),
    any("httpcode", "status_code", 2),
    any("responsecode", "status_code", 3),
    // Signs of what a line is, when no word says so.
    sign("entryprice", Sign::EntryPrice),
    sign("exitprice", Sign::ExitPrice),
    sign("equity", Sign::Account),
    sign("portfoliovalue", Sign::Account),
    sign("accountvalue", Sign::Account),
    sign("nav", Sign::Account),
    sign("balance", Sign::Balance),
    sign("alive", Sign::Alive),
    sign("uptimesecs", Sign::Alive),
    sign("uptimeseconds", Sign::Alive),
    sign("uptimes", Sign::Alive),
    sign("uptimemin", Sign::Alive),
    sign("uptimems", Sign::Alive),
    sign("dailypnl", Sign::Pnl),
    sign("totalpnl", Sign::Pnl),
    sign("realizedpnl", Sign::Pnl),
    sign("pnl", Sign::Pnl),
    sign("cpupct", Sign::Resources),
    sign("cpupercent", Sign::Resources),
    sign("cpuusage", Sign::Resources),
    sign("memorymb", Sign::Resources),
    sign("mempct", Sign::Resources),
    sign("memorypercent", Sign::Resources),
    sign("bid", Sign::Bid),
    sign("bestbid", Sign::Bid),
    sign("ask", Sign::Ask),
    sign("bestask", Sign::Ask),
    sign("endpoint", Sign::Endpoint),
    sign("url", Sign::Endpoint),
    sign("fee", Sign::Fee),
    sign("fees", Sign::Fee),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synonyms_are_squashed_already() {
        for synonym in SYNONYMS {
            assert_eq!(crate::words::squash(synonym.name), synonym.name);
        }
    }

    #[test]
    fn kinds_fit_their_set() {
        assert!(Kind::ALL.len() <= 32);
        assert!(Kinds::ALL.has(Kind::Log) && !Kinds::FILL.has(Kind::Log));
    }
}
