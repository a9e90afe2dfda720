//! One bot: its state, its agenda, and the loop that takes the next thing from it.
//!
//! A bot is a small discrete-event simulation of its own, with its own random streams and its own
//! agenda. Nothing outside touches it, which is why an incident that strikes another bot, or that
//! strikes this one later, leaves its bytes until then as they are.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use crate::account::Account;
use crate::calendar::{DAY, Micros, micros};
use crate::happening::{Fill, Happening, Order};
use crate::incident::{Incident, IncidentKind};
use crate::market::Market;
use crate::profile::Profile;
use crate::rng::{self, Rng};

/// Something on the agenda.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// The process starts.
    Start,
    /// The nth timer is due.
    Tick(usize),
    /// Consider trading.
    Decide,
    /// The venue answers the order of this number.
    Answer(u64),
    /// The market may fill it.
    Match(u64),
    /// The bot hears of a fill.
    Hear(Fill),
    /// It has rested long enough.
    Withdraw(u64),
    /// The socket is back.
    Reconnected,
    /// The watchdog looks at the socket.
    Watch {
        since: Micros,
    },
    /// A day ends.
    Midnight,
    /// The nth incident begins, goes on, ends.
    Strike(usize),
    Drift(usize),
    Gap(usize),
    Relief(usize),
}

impl Act {
    /// Whether it happens to the bot, and so also to a dead one.
    fn is_of_the_world(self) -> bool {
        matches!(self, Act::Strike(_) | Act::Drift(_) | Act::Gap(_) | Act::Relief(_))
    }
}

/// An act and when it is due; of two at the same time, the one noted first.
#[derive(Debug)]
struct Task {
    at: Micros,
    sequence: u64,
    act: Act,
}

impl Ord for Task {
    // Reversed, since the heap gives its greatest.
    fn cmp(&self, other: &Task) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Task {
    fn partial_cmp(&self, other: &Task) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Task) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Task {}

/// An incident of this bot, in absolute time, and when it first changed anything.
#[derive(Clone, Debug)]
pub(crate) struct Strike {
    pub(crate) kind: IncidentKind,
    pub(crate) at: Micros,
    pub(crate) until: Micros,
    pub(crate) first_affected: Option<Micros>,
    /// Which way it moves each market: against what the bot holds as it begins.
    pub(crate) against: Vec<f64>,
}

/// The bot's own record of its equity.
#[derive(Debug, Default)]
pub(crate) struct Curve {
    pub(crate) peak: i64,
    pub(crate) max_drawdown: f64,
    /// The last marks, oldest first.
    pub(crate) marks: VecDeque<i64>,
}

/// Streams of chance, one for each purpose.
#[derive(Debug)]
pub(crate) struct Streams {
    pub(crate) desk: Rng,
    pub(crate) venue: Rng,
    pub(crate) model: Rng,
    pub(crate) host: Rng,
}

/// A bot.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) name: String,
    pub(crate) profile: &'static Profile,
    /// Makes its ids its own.
    pub(crate) key: u64,
    pub(crate) now: Micros,
    pub(crate) born: Micros,
    pub(crate) markets: Vec<Market>,
    /// The model's value of each market in hundredths of a tick, its error, and when it was made.
    pub(crate) fair: Vec<i64>,
    pub(crate) fair_error: Vec<f64>,
    pub(crate) account: Account,
    /// Resting or on their way.
    pub(crate) orders: BTreeMap<u64, Order>,
    /// Size on its way in each market: sells, buys.
    pub(crate) exposed: Vec<[i64; 2]>,
    pub(crate) curve: Curve,
    pub(crate) recent: VecDeque<(Micros, Fill)>,
    pub(crate) day_open: DayOpen,
    pub(crate) last_action: Micros,
    pub(crate) last_latency: Micros,
    pub(crate) faults: VecDeque<Micros>,
    pub(crate) dead: bool,
    pub(crate) halted: bool,
    /// How much faster than its natural pace it trades.
    pub(crate) haste: f64,
    pub(crate) streams: Streams,
    pub(crate) strikes: Vec<Strike>,
    pub(crate) outbox: VecDeque<Happening>,
    agenda: BinaryHeap<Task>,
    sequence: u64,
    pub(crate) orders_made: u64,
    pub(crate) fills_made: u64,
}

/// The books as the day began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DayOpen {
    pub(crate) equity: i64,
    pub(crate) trips: u64,
}

/// What a bot is made from.
pub(crate) struct Birth<'a> {
    pub(crate) name: &'a str,
    pub(crate) profile: &'static Profile,
    pub(crate) seed: u64,
    pub(crate) start: Micros,
    pub(crate) haste: f64,
}

impl Bot {
    pub(crate) fn new(birth: &Birth<'_>, incidents: &[Incident]) -> Bot {
        let Birth { name, profile, seed, start, haste } = *birth;
        let stream = |purpose| Rng::new(seed, &["bot", name, purpose]);
        let markets: Vec<Market> =
            profile.instruments.iter().map(|i| Market::new(i, seed, start)).collect();
        let account = Account::new(profile.instruments, profile.capital);
        let capital = account.capital;
        let mut bot = Bot {
            name: name.to_owned(),
            profile,
            key: rng::key(seed, &["ids", name]),
            now: start,
            born: start,
            fair: markets.iter().map(Market::mid).collect(),
            fair_error: vec![0.0; markets.len()],
            exposed: vec![[0; 2]; markets.len()],
            markets,
            account,
            orders: BTreeMap::new(),
            curve: Curve { peak: capital, ..Curve::default() },
            recent: VecDeque::new(),
            day_open: DayOpen { equity: capital, trips: 0 },
            last_action: start,
            last_latency: micros(profile.order.median_ms / 1e3),
            faults: VecDeque::new(),
            dead: false,
            halted: false,
            haste,
            streams: Streams {
                desk: stream("desk"),
                venue: stream("venue"),
                model: stream("model"),
                host: stream("host"),
            },
            strikes: Vec::new(),
            outbox: VecDeque::new(),
            agenda: BinaryHeap::new(),
            sequence: 0,
            orders_made: 0,
            fills_made: 0,
        };
        bot.note(start, Act::Start);
        bot.expect(incidents.iter().filter(|incident| incident.bot == name), start);
        bot
    }

    fn expect<'a>(&mut self, incidents: impl Iterator<Item = &'a Incident>, start: Micros) {
        for incident in incidents {
            let (at, until) = (start + incident.at, start + incident.until);
            let nth = self.strikes.len();
            let kind = incident.kind;
            self.strikes.push(Strike {
                kind,
                at,
                until,
                first_affected: None,
                against: Vec::new(),
            });
            self.note(at, Act::Strike(nth));
            self.note(until, Act::Relief(nth));
        }
    }

    /// Puts `act` on the agenda.
    pub(crate) fn note(&mut self, at: Micros, act: Act) {
        self.sequence += 1;
        self.agenda.push(Task { at, sequence: self.sequence, act });
    }

    /// Puts `act` on the agenda, `seconds` from now.
    pub(crate) fn later(&mut self, seconds: f64, act: Act) {
        // At least one microsecond, so that no act can keep the time from passing.
        self.note(self.now + micros(seconds).max(1), act);
    }

    /// When the next thing is due. There is always one: timers renew themselves.
    pub(crate) fn next_at(&self) -> Micros {
        if self.outbox.is_empty() {
            self.agenda.peek().map_or(self.now, |task| task.at)
        } else {
            self.now
        }
    }

    /// The next thing that happens, or that an act had no outcome.
    pub(crate) fn step(&mut self) -> Option<Happening> {
        if self.outbox.is_empty() {
            let task = self.agenda.pop()?;
            self.now = task.at;
            self.act(task.act);
        }
        let happening = self.outbox.pop_front()?;
        self.record(&happening);
        Some(happening)
    }

    fn act(&mut self, act: Act) {
        for market in &mut self.markets {
            market.advance(self.now);
        }
        match act {
            Act::Start => self.start(),
            Act::Tick(nth) => self.tick(nth),
            Act::Decide => self.decide(),
            Act::Answer(number) => self.answer(number),
            Act::Match(number) => self.match_order(number),
            Act::Hear(fill) => self.hear(fill),
            Act::Withdraw(number) => self.withdraw(number),
            Act::Reconnected => self.outbox.push_back(Happening::WsUp { again: true }),
            Act::Watch { since } => self.watch(since),
            Act::Midnight => self.midnight(),
            Act::Strike(nth) => self.strike(nth),
            Act::Drift(nth) => self.drift(nth),
            Act::Gap(nth) => self.gap(nth),
            Act::Relief(nth) => self.relieve(nth),
        }
    }

    /// Keeps the books. A fill's consequences are told right after it.
    fn record(&mut self, happening: &Happening) {
        let tally = &mut self.account.tally;
        match happening {
            Happening::Placed(_) => tally.orders += 1,
            Happening::Acked(..) => tally.acks += 1,
            Happening::Rejected(..) => tally.rejects += 1,
            Happening::Cancelled(_) => tally.cancels += 1,
            Happening::Expired(_) => tally.expiries += 1,
            Happening::Heartbeat => tally.heartbeats += 1,
            Happening::Breached { .. } => tally.breaches += 1,
            Happening::Failed(_) => tally.faults += 1,
            Happening::Called(call) => {
                tally.calls += 1;
                tally.calls_failed += u64::from(call.status >= 400);
                tally.calls_limited += u64::from(call.status == 429);
            }
            Happening::Filled(fill) => {
                if let Some(trip) = self.account.book(fill, self.now) {
                    self.outbox.push_front(Happening::Closed(trip));
                }
                self.outbox.push_front(Happening::Edge(*fill));
            }
            _ => {}
        }
    }

    /// Whether an incident of this kind is on. To ask is to be affected: the caller behaves
    /// otherwise because of the answer.
    pub(crate) fn struck(&mut self, kind: IncidentKind) -> bool {
        let now = self.now;
        let strike =
            self.strikes.iter_mut().find(|s| s.kind == kind && s.at <= now && now < s.until);
        if let Some(strike) = strike {
            strike.first_affected.get_or_insert(now);
            return true;
        }
        false
    }

    /// When the incident of this kind that is on ends.
    pub(crate) fn struck_until(&mut self, kind: IncidentKind) -> Option<Micros> {
        let now = self.now;
        self.struck(kind).then(|| {
            let on = self.strikes.iter().filter(|s| s.kind == kind && s.at <= now && now < s.until);
            on.map(|strike| strike.until).max().unwrap_or(now)
        })
    }

    fn start(&mut self) {
        self.dead = false;
        self.born = self.now;
        self.last_action = self.now;
        self.outbox.push_back(Happening::Started);
        self.outbox.push_back(Happening::WsUp { again: false });
        for nth in 0..self.profile.timers.len() {
            let wait = self.profile.timers[nth].seconds * self.streams.host.unit();
            self.later(wait, Act::Tick(nth));
        }
        let wait = self.profile.decide / self.haste * self.streams.desk.unit();
        self.later(wait, Act::Decide);
        self.note((self.now / DAY + 1) * DAY, Act::Midnight);
    }

    /// Forgets what was to be done: the process is gone. What the world does goes on. Returns when
    /// the first thing was due that now does not happen.
    pub(crate) fn die(&mut self) -> Option<Micros> {
        self.dead = true;
        self.orders.clear();
        self.exposed.fill([0; 2]);
        let agenda = std::mem::take(&mut self.agenda).into_vec();
        let (of_the_world, lost): (Vec<Task>, Vec<Task>) =
            agenda.into_iter().partition(|task| task.act.is_of_the_world());
        self.agenda = of_the_world.into();
        lost.iter().map(|task| task.at).min()
    }

    /// The strategy that trades `market`.
    pub(crate) fn strategy(&self, market: usize) -> &'static str {
        self.profile.strategies[market % self.profile.strategies.len()]
    }

    /// A number that makes an id of this bot's `n`th thing.
    pub(crate) fn id(&self, n: u64) -> u64 {
        rng::mix(self.key ^ n)
    }
}
