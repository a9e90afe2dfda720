//! A fill is counted once: each rule with the logs that made it.

use super::check;

const PLACED: &str = "0 placed order_placed market=BTC side=buy price=0.51 size=25 fair=0.53\n";

#[track_caller]
fn placed(text: &str, want: &str) {
    check(&format!("{PLACED}{text}"), want);
}

#[test]
fn partial_fills_add_up() {
    placed(
        "1 fill fill_received at=0.51 n=10
         2 fill fill_received at=0.51 n=15",
        "filled 25/25 avg=0.51
         1s 10 @0.51
         2s 15 @0.51",
    );
}

#[test]
fn a_line_that_is_there_twice_is_one() {
    placed(
        "1 fill fill n=10 at=0.5
         1 fill fill n=10 at=0.5",
        "partial 10/25 avg=0.5
         1s 10 @0.5",
    );
}

#[test]
fn a_trade_id_counts_once() {
    placed(
        "1 fill fill id=t1 n=10 at=0.5
         9 fill fill id=t1 n=10 at=0.5 fee=0.1
         9 fill trade_fill id=t2 n=10 at=0.5",
        "partial 20/25 avg=0.5 fee=0.1
         1s 10 @0.5 id=t1 fee=0.1
         9s 10 @0.5 id=t2",
    );
}

#[test]
fn a_fill_told_by_two_words_is_one_fill() {
    placed(
        "1.00 fill fill n=10 at=0.5
         1.05 fill order_filled n=10 at=0.5 fee=0.2
         2.00 fill fill n=15 at=0.51
         2.05 fill order_filled n=15 at=0.51",
        "filled 25/25 avg=0.506 fee=0.2
         1s 10 @0.5 fee=0.2
         2s 15 @0.51",
    );
}

#[test]
fn each_fill_is_told_again_once_by_each_word() {
    placed(
        "1.0 fill fill n=5 at=0.5
         1.1 fill fill n=5 at=0.5
         1.2 fill trade n=5 at=0.5
         1.3 fill trade n=5 at=0.5
         1.4 fill execution n=5 at=0.5",
        "partial 10/25 avg=0.5
         1s 5 @0.5
         1.1s 5 @0.5",
    );
}

#[test]
fn the_last_part_of_an_order_may_be_as_large_as_the_one_before() {
    check(
        "0 placed order_placed size=20
         1 fill fill_partial n=10 at=0.5
         2 fill fill_full n=10 at=0.5",
        "filled 20/20 avg=0.5
         1s 10 @0.5
         2s 10 @0.5",
    );
}

#[test]
fn what_is_more_than_was_ordered_was_told_before_however_long_ago() {
    placed(
        "1 fill fill n=25 at=0.5
         3600 fill trade n=25 at=0.5",
        "filled 25/25 avg=0.5
         1s 25 @0.5",
    );
}

#[test]
fn one_word_may_fill_more_than_was_ordered() {
    placed(
        "1 fill fill n=20 at=0.5
         2 fill fill n=20 at=0.5",
        "filled 40/25 avg=0.5
         1s 20 @0.5
         2s 20 @0.5",
    );
}

#[test]
fn the_venues_id_may_come_later() {
    check(
        "1 fill fill n=10 at=0.5
         1.2 fill trade_fill id=t1 n=10 at=0.5 fee=0.1 liquidity=maker
         1.9 fill execution id=t1 n=10",
        "partial 10/null avg=0.5 fee=0.1
         1s 10 @0.5 id=t1 fee=0.1",
    );
}

#[test]
fn two_ids_are_two_fills() {
    check(
        "1 fill fill id=t1 n=10 at=0.5
         1.2 fill trade_fill id=t2 n=10 at=0.5",
        "partial 20/null avg=0.5
         1s 10 @0.5 id=t1
         1.2s 10 @0.5 id=t2",
    );
}

#[test]
fn running_totals_count_what_they_add() {
    placed(
        "1 fill order_update total=10 at=0.5
         2 fill order_update total=10 at=0.5
         3 fill order_update total=25 at=0.51",
        "filled 25/25 avg=0.506
         1s 10 @0.5
         3s 15 @0.51",
    );
}

#[test]
fn a_mean_price_so_far_is_not_the_price_of_the_last_fill() {
    // 10 × 0.40 = 4; 20 × 0.45 = 9, so 5 for the second ten; 25 × 0.48 = 12, so 3 for the last five.
    placed(
        "1 fill order_update total=10 mean=0.40
         2 fill order_update total=20 mean=0.45
         3 fill order_update total=20 mean=0.45
         4 fill order_update total=25 mean=0.48",
        "filled 25/25 avg=0.48
         1s 10 @0.4
         2s 10 @0.5
         4s 5 @0.6",
    );
    // After a fill whose price nobody told, it says nothing of the next.
    placed(
        "1 fill order_update total=10
         2 fill order_update total=25 mean=0.45",
        "filled 25/25 avg=null
         1s 10 @null
         2s 15 @null",
    );
    // The one fill that there is has the mean of all.
    placed(
        "1 fill order_update total=25
         2 fill order_state total=25 mean=0.45",
        "filled 25/25 avg=0.45
         1s 25 @0.45",
    );
}

#[test]
fn a_late_total_does_not_fill_more_than_was_ordered() {
    placed(
        "1 fill fill total=15 at=0.5
         2 fill fill total=10 at=0.4
         3 fill fill total=25 at=0.6",
        "filled 25/25 avg=0.46
         1s 15 @0.5
         2s 10 @0.4",
    );
    // A mean price that comes with it is not taken for one of all fills.
    placed(
        "1 fill fill total=15 mean=0.5 id=t2
         2 fill fill total=10 mean=0.4 id=t1",
        "filled 25/25 avg=0.46
         1s 15 @0.5 id=t2
         2s 10 @0.4 id=t1",
    );
}

#[test]
fn what_remains_is_a_running_total() {
    placed(
        "1 fill order_update left=15 at=0.5
         2 fill order_update left=0 at=0.51",
        "filled 25/25 avg=0.506
         1s 10 @0.5
         2s 15 @0.51",
    );
}

#[test]
fn running_totals_beside_fills_in_either_order() {
    let want = "filled 25/25 avg=0.506 fee=0.5
         1s 10 @0.5 fee=0.2
         2s 15 @0.51 fee=0.3";
    placed(
        "1.00 fill fill n=10 at=0.5 fee=0.2
         1.01 fill order_update total=10 at=0.5
         2.00 fill fill n=15 at=0.51 fee=0.3
         2.01 fill order_update total=25 at=0.506",
        want,
    );
    // The average is not the price of the second fill.
    placed(
        "1.00 fill order_update total=10 at=0.5
         1.01 fill fill n=10 at=0.5 fee=0.2
         2.00 fill order_update total=25 at=0.506
         2.01 fill fill n=15 at=0.51 fee=0.3",
        want,
    );
    placed(
        "1.00 fill fill n=10 at=0.5
         1.01 fill order_update total=10 at=0.5 fee=0.2
         2.00 fill fill n=15 at=0.51
         2.01 fill order_update total=25 at=0.506 fee=0.3",
        want,
    );
}

#[test]
fn a_total_may_be_told_in_pieces_afterwards() {
    for ids in [["", ""], ["id=t1", "id=t2"]] {
        let text = format!(
            "1.0 fill order_filled n=25 at=0.506
             1.1 fill fill n=10 at=0.5 fee=0.2 {}
             1.2 fill fill n=15 at=0.51 fee=0.3 {}",
            ids[0], ids[1]
        );
        placed(&text, "filled 25/25 avg=0.506 fee=0.5\n 1s 25 @0.506 fee=0.5");
    }
    check(
        "1.0 fill order_update total=25 at=0.506
         1.1 fill fill n=10 at=0.5 fee=0.2
         1.2 fill fill n=15 at=0.51 fee=0.3",
        "partial 25/null avg=0.506 fee=0.5
         1s 25 @0.506 fee=0.5",
    );
}

#[test]
fn a_summary_at_the_end_is_no_fill() {
    let told = "1 fill fill n=10 at=0.5
         2 fill fill n=15 at=0.51
         2.1 fill order_filled n=25 at=0.506 fee=0.5";
    let fills = "1s 10 @0.5
         2s 15 @0.51 fee=0.5";
    placed(told, &format!("filled 25/25 avg=0.506 fee=0.5\n{fills}"));
    check(told, &format!("partial 25/null avg=0.506 fee=0.5\n{fills}"));
}

#[test]
fn a_summary_counts_what_was_not_told() {
    placed(
        "1 fill fill n=10 at=0.5
         2 fill order_filled n=25 at=0.506",
        "filled 25/25 avg=0.5036
         1s 10 @0.5
         2s 15 @0.506",
    );
}

#[test]
fn a_line_without_size_fills_what_is_left() {
    placed("1 fill filled at=0.5", "filled 25/25 avg=0.5\n 1s 25 @0.5");
    placed(
        "1 fill fill n=10 at=0.5
         2 fill order_filled at=0.51
         2 fill trade at=0.51 fee=0.1",
        "filled 25/25 avg=0.506 fee=0.1
         1s 10 @0.5
         2s 15 @0.51 fee=0.1",
    );
}

#[test]
fn a_size_that_nobody_says_is_null() {
    check("1 fill filled at=0.5", "filled 0/null avg=null\n 1s null @0.5");
    check("1 fill partial_fill at=0.5", "partial 0/null avg=null\n 1s null @0.5");
    check(
        "1 fill filled at=0.5
         2 fill fill n=10 at=0.5",
        "filled 10/null avg=0.5
         1s 10 @0.5",
    );
    check(
        "1 fill fill at=0.5
         2 fill order_update total=10",
        "filled 10/null avg=0.5
         1s 10 @0.5",
    );
}

#[test]
fn a_clock_that_is_slow_places_after_the_fill() {
    check(
        "0.000 fill filled at=0.5
         0.003 placed order_placed side=sell size=25 price=0.5",
        "filled 25/25 avg=0.5
         0s 25 @0.5",
    );
}

#[test]
fn a_cancel_may_tell_what_was_filled() {
    placed(
        "1 fill fill n=5 at=0.5
         9 cancelled order_cancelled total=10 left=0",
        "cancelled 10/25 avg=0.5
         1s 5 @0.5
         9s 5 @null",
    );
    placed("9 cancelled order_cancelled total=0 left=0", "cancelled 0/25");
}

#[test]
fn nothing_is_no_fill_and_no_price() {
    placed("1 fill fill n=0 at=0.5", "open 0/25");
    placed("1 fill fill n=10 at=0", "partial 10/25 avg=null\n 1s 10 @null");
    placed("1 fill fill n=10 at=-0.5", "partial 10/25 avg=-0.5\n 1s 10 @-0.5");
    placed("1 fill fill n=-10 at=0.5", "partial 10/25 avg=0.5\n 1s 10 @0.5");
}

#[test]
fn binary_fractions_stay_among_us() {
    check(
        "0 placed order_placed size=0.3
         1 fill fill n=0.1 at=0.5
         2 fill filled at=0.5",
        "filled 0.3/0.3 avg=0.5
         1s 0.1 @0.5
         2s 0.2 @0.5",
    );
    check(
        "0 placed order_placed size=0.3
         1 fill fill n=0.1 at=0.5
         2 fill fill n=0.2 at=0.5",
        "filled 0.3/0.3 avg=0.5
         1s 0.1 @0.5
         2s 0.2 @0.5",
    );
}

#[test]
fn a_size_in_another_unit_does_not_hide_fills() {
    check(
        "0 placed order_placed size=25
         1 fill fill n=50 at=0.5
         2 fill fill n=50 at=0.5
         9 fill trade n=50 at=0.5",
        "filled 150/25 avg=0.5
         1s 50 @0.5
         2s 50 @0.5
         9s 50 @0.5",
    );
}

#[test]
fn a_summary_of_an_order_that_nobody_placed() {
    check(
        "1.2 fill fill n=1 at=0.5
         2.0 fill order_filled n=2 at=0.505
         2.2 fill fill n=1 at=0.51",
        "filled 2/null avg=0.505
         1.2s 1 @0.5
         2s 1 @0.51",
    );
    check(
        "1.0 fill order_filled n=2 at=0.505
         1.2 fill fill n=1 at=0.5 fee=0.1
         1.3 fill fill n=1 at=0.51 fee=0.1",
        "filled 2/null avg=0.505 fee=0.2
         1s 2 @0.505 fee=0.2",
    );
    check(
        "1 fill fill_partial n=10 at=0.5
         2 fill fill_full n=15 at=0.5",
        "filled 25/null avg=0.5
         1s 10 @0.5
         2s 15 @0.5",
    );
}

#[test]
fn one_trade_id_in_two_markets_of_one_order_is_two_fills() {
    check(
        "1 fill fill market=BTC side=buy at=100 n=1 id=1
         7200 fill fill market=ETH side=sell at=50 n=2 id=1
         7201 fill trade market=ETH side=sell at=50 n=2 id=1 fee=0.1
         7202 fill trade market=BTC side=buy at=100 n=1 id=1 fee=0.2",
        "partial 3/null avg=66.66666666666667 fee=0.30000000000000004
         1s 1 @100 id=1 fee=0.2
         7200s 2 @50 id=1 fee=0.1",
    );
    // The same market in other letters, a side in other words, and lines that do not say.
    placed(
        "1 fill fill market=BTC-USD side=buy at=0.5 n=10 id=1
         2 fill trade market=btcusd side=yes at=0.5 n=10 id=1
         3 fill order_filled at=0.5 n=10 id=1",
        "partial 10/25 avg=0.5
         1s 10 @0.5 id=1",
    );
}

#[test]
fn a_total_that_does_not_rise_is_the_fill_s_own_size() {
    // By another trade id.
    placed(
        "1 fill fill total=10 at=1.0 id=t1
         2 fill fill total=10 at=1.1 id=t2
         3 fill fill total=5 at=1.2 id=t3",
        "filled 25/25 avg=1.08
         1s 10 @1 id=t1
         2s 10 @1.1 id=t2
         3s 5 @1.2 id=t3",
    );
    // It falls; from then on it is known what the word means.
    check(
        "0 placed order_placed size=45
         1 fill fill total=10 at=0.5
         2 fill fill total=5 at=0.5
         3 fill fill total=20 at=0.5
         4 fill fill total=10 at=0.5
         4 fill trade n=10 at=0.5 fee=0.1",
        "filled 45/45 avg=0.5 fee=0.1
         1s 10 @0.5 fee=0.1
         2s 5 @0.5
         3s 20 @0.5
         4s 10 @0.5",
    );
}

#[test]
fn a_total_that_does_not_rise_may_be_told_again() {
    // Without trade ids it is the same fill.
    placed(
        "1 fill fill total=10 at=0.5
         60 fill fill total=10 at=0.5",
        "partial 10/25 avg=0.5
         1s 10 @0.5",
    );
    // By the same trade id, or the first that says it.
    placed(
        "1 fill fill n=10 at=0.5
         2 fill trade total=10 at=0.5 id=t1
         3 fill trade total=10 at=0.5 id=t1",
        "partial 10/25 avg=0.5
         1s 10 @0.5 id=t1",
    );
    // Another word that is behind, and one of which there was not that much left.
    placed(
        "1 fill fill n=10 at=0.5
         2 fill fill n=15 at=0.5
         9 fill order_update total=20",
        "filled 25/25 avg=0.5
         1s 10 @0.5
         2s 15 @0.5",
    );
    placed(
        "1 fill order_update total=10 at=0.5
         2 fill order_update total=25 at=0.5
         3 fill order_update total=10 at=0.5",
        "filled 25/25 avg=0.5
         1s 10 @0.5
         2s 15 @0.5",
    );
}
