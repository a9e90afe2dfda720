//! The lives of orders and the fills in them, put together from the lines the plain way: all in
//! memory, all at once.

use std::collections::{BTreeMap, BTreeSet};

use super::raw::{Line, What};

/// An order, as of the last line given.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) bot: String,
    pub(super) id: String,
    pub(super) strategy: Option<String>,
    pub(super) market: Option<String>,
    pub(super) side: Option<String>,
    pub(super) sign: Option<f64>,
    pub(super) price: Option<f64>,
    pub(super) size: Option<f64>,
    pub(super) fair: Option<f64>,
    pub(super) placed_at: Option<i64>,
    pub(super) acked_at: Option<i64>,
    pub(super) placement_latency_ms: Option<f64>,
    pub(super) rejected: Option<Line>,
    pub(super) withdrawn: Option<(i64, What)>,
    pub(super) fills: Vec<Filled>,
    pub(super) last_at: i64,
}

/// Time, price, size and fee of a fill.
pub(super) type Filled = (i64, Option<f64>, Option<f64>, Option<f64>);

/// An execution, with what its line lacks from its order.
#[derive(Clone, Debug)]
pub(super) struct Fill {
    pub(super) at: i64,
    pub(super) bot: String,
    pub(super) strategy: Option<String>,
    pub(super) market: Option<String>,
    pub(super) order: String,
    pub(super) trade: Option<String>,
    pub(super) side: Option<String>,
    pub(super) sign: Option<f64>,
    pub(super) price: Option<f64>,
    pub(super) size: Option<f64>,
    pub(super) order_price: Option<f64>,
    pub(super) order_fair: Option<f64>,
    pub(super) order_size: Option<f64>,
    pub(super) fair: Option<f64>,
    pub(super) fee: Option<f64>,
    pub(super) latency_ms: Option<f64>,
    pub(super) placed_at: Option<i64>,
}

impl Fill {
    /// Positive: more than fair was paid.
    pub(super) fn slippage(&self) -> Option<f64> {
        Some((self.price? - self.fair?) * self.sign?)
    }

    pub(super) fn expected_edge(&self) -> Option<f64> {
        Some((self.order_fair? - self.order_price?) * self.sign?)
    }

    pub(super) fn edge(&self) -> Option<f64> {
        Some(-self.slippage()? * self.size?)
    }

    /// The contract's order of fills: by time, and of two at one time by their ids. Fills of one
    /// order without ids of their own stay as they were logged.
    fn rank(&self) -> (i64, usize, &str, Option<usize>, Option<&str>) {
        let trade = self.trade.as_deref();
        (self.at, self.order.len(), &self.order, trade.map(str::len), trade)
    }
}

impl Order {
    pub(super) fn filled_size(&self) -> f64 {
        self.fills.iter().filter_map(|(_, _, size, _)| *size).sum()
    }

    /// What was filled up to and at `at`.
    pub(super) fn filled_by(&self, at: i64) -> f64 {
        let early = self.fills.iter().filter(|(when, ..)| *when <= at);
        early.filter_map(|(_, _, size, _)| *size).sum()
    }

    /// When the fill came that completed it.
    pub(super) fn completed_at(&self) -> Option<i64> {
        let size = self.size?;
        let mut left = size;
        self.fills.iter().find_map(|(at, _, filled, _)| {
            left -= filled.unwrap_or(0.0);
            (left <= size * 1e-9).then_some(*at)
        })
    }

    pub(super) fn status(&self) -> &'static str {
        if self.completed_at().is_some() {
            return "filled";
        }
        match (&self.rejected, self.withdrawn, self.fills.is_empty()) {
            (Some(_), ..) => "rejected",
            (None, Some((_, What::Expired)), _) => "expired",
            (None, Some(_), _) => "cancelled",
            (None, None, true) => "open",
            (None, None, false) => "partial",
        }
    }

    pub(super) fn is_over(&self) -> bool {
        !matches!(self.status(), "open" | "partial")
    }

    pub(super) fn closed_at(&self) -> Option<i64> {
        let completed = self.completed_at();
        completed.or(self.rejected.as_ref().map(|line| line.at)).or(self.withdrawn.map(|w| w.0))
    }
}

/// Orders and fills of lines, which are in order of time. A line that is there twice is there once.
pub(super) struct Lives {
    pub(super) orders: Vec<Order>,
    /// In the contract's order.
    pub(super) fills: Vec<Fill>,
}

impl Lives {
    pub(super) fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Lives {
        let mut seen = BTreeSet::new();
        let mut orders: BTreeMap<(String, String), Order> = BTreeMap::new();
        let mut executed: Vec<&Line> = Vec::new();
        let mut told = Vec::new();
        for line in lines {
            if is_about_an_order(line.what) && seen.insert((&line.bot, &line.text)) {
                told.push(line);
            }
        }
        for line in told {
            let Some(id) = line.order.clone() else { continue };
            let order = orders
                .entry((line.bot.clone(), id.clone()))
                .or_insert_with(|| Order::named(&line.bot, id));
            order.hear(line);
            if line.what == What::Filled {
                executed.push(line);
            }
        }
        let fills = executed.iter().map(|line| {
            let key = (line.bot.clone(), line.order.clone().unwrap());
            fill(line, &orders[&key])
        });
        let mut fills: Vec<Fill> = fills.collect();
        fills.sort_by(|a, b| a.rank().cmp(&b.rank()));
        Lives { orders: orders.into_values().collect(), fills }
    }
}

fn is_about_an_order(what: What) -> bool {
    matches!(
        what,
        What::Placed
            | What::Acked
            | What::Rejected
            | What::Cancelled
            | What::Expired
            | What::Filled
    )
}

fn fill(line: &Line, order: &Order) -> Fill {
    Fill {
        at: line.at,
        bot: line.bot.clone(),
        strategy: line.strategy.clone().or(order.strategy.clone()),
        market: line.market.clone().or(order.market.clone()),
        order: order.id.clone(),
        trade: line.trade.clone(),
        side: side(line).or(order.side.clone()),
        sign: line.sign.or(order.sign),
        price: line.fill_price,
        // A log that says no more than that the order was filled means all of it.
        size: line.fill_size.or(order.size),
        order_price: order.price,
        order_fair: order.fair,
        order_size: order.size,
        fair: line.fair.or(order.fair),
        fee: line.fee,
        latency_ms: line.latency_ms,
        placed_at: order.placed_at,
    }
}

fn side(line: &Line) -> Option<String> {
    line.string("side").map(str::to_ascii_lowercase)
}

impl Order {
    fn named(bot: &str, id: String) -> Order {
        Order {
            bot: bot.to_owned(),
            id,
            strategy: None,
            market: None,
            side: None,
            sign: None,
            price: None,
            size: None,
            fair: None,
            placed_at: None,
            acked_at: None,
            placement_latency_ms: None,
            rejected: None,
            withdrawn: None,
            fills: Vec::new(),
            last_at: i64::MIN,
        }
    }

    fn hear(&mut self, line: &Line) {
        self.last_at = self.last_at.max(line.at);
        self.strategy = self.strategy.take().or(line.strategy.clone());
        self.market = self.market.take().or(line.market.clone());
        self.side = self.side.take().or(side(line));
        self.sign = self.sign.or(line.sign);
        match line.what {
            What::Placed => {
                self.placed_at = self.placed_at.or(Some(line.at));
                self.price = self.price.or(line.price);
                self.size = self.size.or(line.size);
                self.fair = self.fair.or(line.fair);
            }
            What::Acked => {
                self.acked_at = self.acked_at.or(Some(line.at));
                self.answered(line);
            }
            What::Rejected => {
                self.rejected = self.rejected.take().or(Some(line.clone()));
                self.answered(line);
            }
            What::Cancelled | What::Expired => {
                self.withdrawn = self.withdrawn.or(Some((line.at, line.what)));
            }
            What::Filled => {
                let size = line.fill_size.or(self.size);
                self.fills.push((line.at, line.fill_price, size, line.fee));
            }
            _ => {}
        }
    }

    fn answered(&mut self, line: &Line) {
        let between = self.placed_at.map(|placed| (line.at - placed) as f64 / 1e3);
        self.placement_latency_ms = self.placement_latency_ms.or(line.latency_ms).or(between);
    }
}
