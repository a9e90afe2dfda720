//! What an order is, and where the next one of the same id begins.

use super::{EVER, check, line, lines};
use crate::order::{OVER_FOR, Order, SILENT_FOR, StateError, Status, fold, fold_unidentified};

fn one(text: &str) -> Order<'_> {
    let mut folded = fold(None, &mut lines(text), EVER);
    assert_eq!(folded.orders.len(), 1, "{folded:#?}");
    folded.orders.remove(0)
}

#[test]
fn an_order_from_its_placement_to_its_last_fill() {
    let text =
        "10.0 placed order_placed strategy=mm market=BTC side=yes price=0.51 size=25 fair=0.5345
        10.2 acked order_acked
        10.9 fill fill_received at=0.51 n=10
        75.0 fill fill_received at=0.52 n=15";
    let order = one(text);
    assert_eq!(order.placement_latency_ms(), Some(200.0));
    assert_eq!(order.time_to_fill_ms(), Some(65_000.0));
    assert_eq!(order.first_fill_at, Some(10_900_000));
    assert_eq!(order.last_fill_at, Some(75_000_000));
    assert_eq!(order.closed_at(), Some(75_000_000));
    assert_eq!(order.filled_within(), Some([10.0, 10.0, 10.0, 25.0]));
    assert_eq!(order.status(), Some(Status::Filled));
    assert_eq!(order.sign(), Some(1.0));

    let fill = &fold(None, &mut lines(text), EVER).fills[1];
    assert_eq!(fill.market.as_deref(), Some("BTC"));
    assert_eq!((fill.fill_number, fill.cumulative), (2, 25.0));
    assert!((fill.slippage().unwrap() - (0.52 - 0.5345)).abs() < 1e-12);
    assert!((fill.slippage_bps().unwrap() - (0.52 - 0.5345) / 0.5345 * 1e4).abs() < 1e-9);
    assert!((fill.edge().unwrap() - 0.0145 * 15.0).abs() < 1e-12);
    assert!((fill.expected_edge().unwrap() - 0.0245).abs() < 1e-12);
    assert_eq!(fill.since_placed_ms(), Some(65_000.0));
}

#[test]
fn what_the_line_says_of_latency_comes_before_what_the_clocks_say() {
    let latency = |text: &str| one(text).placement_latency_ms();
    assert_eq!(latency("0 placed x \n 0.2 acked x latency=35"), Some(35.0));
    assert_eq!(latency("0 placed x \n 0.2 rejected x latency=41"), Some(41.0));
    assert_eq!(latency("0 placed x \n 0.2 rejected x"), Some(200.0));
    assert_eq!(latency("0 placed x latency=12 \n 0.2 fill x"), Some(12.0));
    assert_eq!(latency("0 placed x \n 0.2 fill x"), None);
    assert_eq!(latency("1 placed x \n 0.5 acked x"), Some(-500.0));
}

#[test]
fn the_placement_knows_best() {
    let order = one("0.0 acked order_acked market=BTC price=0.5 strategy=a
         0.1 placed order_placed side=buy price=0.51 size=10
         0.2 fill order_filled side=sell size=99 fair=0.6 at=0.5");
    assert_eq!(order.market.as_deref(), Some("BTC"));
    assert_eq!(order.strategy.as_deref(), Some("a"));
    assert_eq!(order.side.as_deref(), Some("buy"));
    assert_eq!((order.price, order.size, order.fair), (Some(0.51), Some(10.0), Some(0.6)));
}

#[test]
fn status_is_what_became_of_it() {
    let status = |text: &str| one(text).status().unwrap().as_str();
    assert_eq!(status("0 placed x size=10"), "open");
    assert_eq!(status("0 placed x size=10 \n 1 fill x n=5"), "partial");
    assert_eq!(status("0 placed x size=10 \n 1 fill x n=5 \n 2 cancelled x"), "cancelled");
    assert_eq!(status("0 placed x size=10 \n 1 expired x \n 2 cancelled x"), "expired");
    assert_eq!(status("0 placed x size=10 \n 1 rejected x code=400"), "rejected");
    assert_eq!(status("1 fill order_filled n=10"), "filled");
    assert_eq!(status("1 fill fill n=10"), "partial");
    assert_eq!(status("1 fill fill n=10 left=0"), "filled");
    assert_eq!(status("0 placed x size=10 \n 1 cancelled x \n 2 fill x n=10"), "filled");
}

#[test]
fn a_rejection_says_why() {
    let order = one("0 placed x \n 1 rejected x code=400 message=insufficient_balance");
    assert_eq!(order.reject_code, Some(400));
    assert_eq!(order.reject_reason.as_deref(), Some("insufficient_balance"));
    assert_eq!(order.closed_at(), Some(1_000_000));
}

#[test]
fn an_id_comes_again_when_its_order_is_over() {
    check(
        "0 placed order_placed market=BTC side=buy price=0.5 size=10
         1 fill fill n=10 at=0.5
         60 placed order_placed market=BTC side=buy price=0.6 size=20
         61 fill fill n=20 at=0.6",
        "filled 10/10 avg=0.5
         1s 10 @0.5
         filled 20/20 avg=0.6
         61s 20 @0.6",
    );
    check(
        "0 placed order_placed size=10
         1 rejected order_rejected code=429
         1.1 placed order_placed size=10
         2 fill fill n=10 at=0.5",
        "rejected 0/10
         filled 10/10 avg=0.5
         2s 10 @0.5",
    );
}

#[test]
fn a_placement_may_be_told_by_several_words() {
    check(
        "0.00 placed order_submit market=BTC side=buy price=0.5 size=10
         0.01 fill filled at=0.5
         0.02 placed grid_order market=BTC side=buy
         0.03 acked order_acked",
        "filled 10/10 avg=0.5
         0.01s 10 @0.5",
    );
}

#[test]
fn an_open_order_is_what_it_is() {
    let started = |next: &str| {
        let text = format!("0 placed x market=BTC side=buy price=0.5 size=10\n{next}");
        fold(None, &mut lines(&text), EVER).orders.len()
    };
    assert_eq!(started("60 placed x market=BTC side=buy price=0.5 size=10"), 1);
    assert_eq!(started("60 placed x"), 1);
    assert_eq!(started("4 placed y price=0.51"), 1);
    assert_eq!(started("60 placed x price=0.51"), 2);
    assert_eq!(started("60 placed x market=ETH"), 2);
    assert_eq!(started("1 placed x side=sell"), 2);
    assert_eq!(started("1 placed x side=BUY"), 1);
}

#[test]
fn what_is_long_over_is_another_order() {
    let orders = |text: &str| fold(None, &mut lines(text), EVER).orders.len();
    let day = OVER_FOR / 1_000_000;
    let month = SILENT_FOR / 1_000_000;
    assert_eq!(orders(&format!("0 cancelled x \n {day} fill x n=1")), 1);
    assert_eq!(orders(&format!("0 cancelled x \n {day}.000001 fill x n=1")), 2);
    assert_eq!(orders(&format!("0 placed x \n {month} fill x n=1")), 1);
    assert_eq!(orders(&format!("0 placed x \n {month}.000001 fill x n=1")), 2);

    assert!(one("0 cancelled x").keep(OVER_FOR));
    assert!(!one("0 cancelled x").keep(OVER_FOR + 1));
    assert!(one("0 placed x").keep(SILENT_FOR));
    assert!(!one("0 placed x").keep(SILENT_FOR + 1));
}

#[test]
fn an_order_whose_id_is_taken_is_over() {
    let folded = |text: &str| {
        let orders = fold(None, &mut lines(text), EVER).orders;
        orders.iter().map(|order| order.as_of(EVER - 1)).collect::<Vec<_>>()
    };
    let (cancelled, expired) = (Some(Status::Cancelled), Some(Status::Expired));
    let ends = folded(
        "0 placed x price=0.5 size=10
         1 fill fill n=4 at=0.5
         600 placed x price=0.52 size=10",
    );
    assert_eq!(ends[0], (cancelled, Some(600_000_000)));
    // It had ended before, whatever became of its id.
    let ends = folded("0 placed x \n 5 expired x \n 600 placed x");
    assert_eq!(ends[0], (expired, Some(5_000_000)));
    // Nothing was heard of it for so long that it was over before that.
    let ends = folded(&format!("0 placed x \n {} placed x", SILENT_FOR / 1_000_000 + 9));
    assert_eq!(ends[0], (expired, Some(SILENT_FOR)));
}

#[test]
fn an_order_of_which_nothing_is_heard_expires() {
    let order = one("0 placed x size=10 \n 5 fill fill n=4 at=0.5");
    let silent = 5_000_000 + SILENT_FOR;
    assert_eq!(order.as_of(silent), (Some(Status::Partial), None));
    assert_eq!(order.as_of(silent + 1), (Some(Status::Expired), Some(silent)));
    // What is over stays what it is.
    let order = one("0 cancelled x");
    assert_eq!(order.as_of(silent + 1), (Some(Status::Cancelled), Some(0)));
    // Of an order that no id names nothing can be known, however long it is.
    let folded = fold_unidentified(None, &mut lines("0 placed x"), EVER);
    assert_eq!(folded.orders[0].as_of(silent + 1), (None, None));
}

#[test]
fn a_state_is_short_and_reads_back() {
    let order = one("0 placed order_placed market=BTC side=buy price=0.1 size=0.3 fair=0.11
         1 fill fill n=0.1 at=0.1 id=t1 fee=0.01");
    let text = order.to_json();
    assert_eq!(
        text,
        r#"[2,{"t0":0,"t1":1000000,"tp":0,"tf":1000000,"tl":1000000,"m":"BTC","d":"buy","p":"0.1","s":"0.3","v":"0.11","n":1,"q":"0.1","h":["0.1","0.1","0.1","0.1"],"f":"0.01","x":"0.010000000000000002","y":"0.1","pw":"order_placed","pf":59,"w":["fill"],"l":[{"n":1,"t":1000000,"p":"0.1","s":"0.1","f":"0.01","i":"t1","w":0,"m":1}],"i":["t1"]}]"#
    );
    assert_eq!(Order::from_json(&text).unwrap(), order);
}

#[test]
fn a_state_that_is_none_says_so() {
    let error = |text: &str| Order::from_json(text).unwrap_err();
    assert!(matches!(error("[1,{}]"), StateError::Version(1)));
    let text = error("[2,{\"t0\":0,\"t1\":0,\"x\":\"NaN\"}]").to_string();
    assert!(
        text.starts_with("the state of an order does not read: `NaN` is not a number"),
        "{text}"
    );
    error("");
}

#[test]
fn fills_without_an_order_stand_for_themselves() {
    let mut told = lines(
        "1 fill fill side=buy at=0.5 n=10
         1 fill order_filled side=buy at=0.5 n=10
         2 fill fill side=sell at=0.6 n=10 id=a
         3 fill trade at=0.6 id=a fee=0.1
         90000 fill fill side=sell at=0.6 n=10 id=a
         4 placed order_placed size=10
         5 rejected order_rejected code=400
         6 cancelled order_cancelled",
    );
    let folded = fold_unidentified(None, &mut told, EVER);
    let fills: Vec<_> =
        folded.fills.iter().map(|fill| (fill.ts, fill.sign, fill.fill_size, fill.fee)).collect();
    assert_eq!(
        fills,
        [
            (1_000_000, Some(1.0), Some(10.0), None),
            (2_000_000, Some(-1.0), Some(10.0), Some(0.1)),
            (90_000_000_000, Some(-1.0), Some(10.0), None),
        ]
    );
    let statuses: Vec<_> = folded.orders.iter().map(Order::status).collect();
    assert_eq!(statuses, [None, Some(Status::Rejected)]);
}

#[test]
fn one_trade_id_in_two_markets_is_two_fills() {
    let mut told = lines(
        "1 fill fill market=BTC side=buy at=100 n=1 id=1
         2 fill trade market=ETH side=sell at=50 n=2 id=1
         3 fill order_filled market=ETH at=50 n=2 id=1 fee=0.1
         4 fill order_filled market=btc at=100 id=1 fee=0.2",
    );
    let folded = fold_unidentified(None, &mut told, EVER);
    let fills: Vec<_> = folded
        .fills
        .iter()
        .map(|fill| (fill.market.as_deref(), fill.fill_size, fill.fee))
        .collect();
    assert_eq!(fills, [(Some("BTC"), Some(1.0), Some(0.2)), (Some("ETH"), Some(2.0), Some(0.1))]);
}

#[test]
fn a_fill_that_is_told_again_across_a_cut_is_given_anew() {
    let early = fold(None, &mut lines("0 fill x n=1 at=0.5 \n 9 fill x n=2"), 10_000_000);
    let pending: Vec<_> = early.fills.iter().map(|fill| fill.pending).collect();
    assert_eq!(pending, [false, true]);
    let state = Order::from_json(&early.orders[0].to_json()).unwrap();
    let mut late = lines("11 fill y n=2 at=0.6 fee=0.1 \n 11 placed z market=M side=buy");
    let late = fold(Some(state), &mut late, EVER);
    let [fill] = &late.fills[..] else { panic!("{late:#?}") };
    assert_eq!((fill.ts, fill.fill_number, fill.fill_size), (9_000_000, 2, Some(2.0)));
    assert_eq!((fill.fill_price, fill.fee, fill.sign), (Some(0.6), Some(0.1), Some(1.0)));
    assert_eq!((fill.market.as_deref(), late.amended.len()), (Some("M"), 0));
}

#[test]
fn a_trade_that_is_told_again_across_a_cut_is_one() {
    let early =
        "86395 fill x n=1 at=0.5 id=t1 \n 86399 fill x n=2 at=0.5 \n 86399 fill x n=3 id=t2";
    let early = fold_unidentified(None, &mut lines(early), 86_400_000_000);
    let pending: Vec<_> = early.fills.iter().map(|fill| fill.pending).collect();
    assert_eq!(pending, [true, true, false]);
    let state = Order::from_json(&early.carried.unwrap().to_json()).unwrap();
    let late = "86401 fill y n=3 at=0.6 id=t2 \n 86401 fill x n=4 at=0.5 id=t3";
    let late = fold_unidentified(Some(state), &mut lines(late), EVER);
    let fills: Vec<_> = late.fills.iter().map(|fill| (fill.fill_size, fill.fill_price)).collect();
    assert_eq!(fills, [(Some(1.0), Some(0.5)), (Some(3.0), Some(0.6)), (Some(4.0), Some(0.5))]);
}

#[test]
fn a_line_at_the_end_is_not_before_it() {
    let folded = fold(None, &mut vec![line("0 placed x"), line("1 cancelled x")], 1_000_000);
    assert_eq!(folded.orders[0].status(), Some(Status::Open));
}
