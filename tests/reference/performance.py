#!/usr/bin/env python3
"""Figures of published libraries for the performance views, on a small series of its own.

Shares nothing with fillwatch. Writes performance.json beside itself:

    periods_per_year  8760: the equity below is hourly
    equity            [[seconds since 1970, value], …], what one bot logs without a strategy
    daily             the same, one value a day at 23:59 UTC, of another bot
    trades            closed trades in the purpleflea guide's shape, each as it would be logged
    expected          by view, then by who says so; null is "cannot be said". Within 1e-9 of one another:
        performance          quantstats, empyrical, and trade statistics by quantstats from Σ net PnL
        return_zscores       [ts, n, mean, sd, zscore, direction] of each return that has one
        return_iqr           [ts, n, q1, median, q3, is_outlier] of each that has one, by numpy
        regime_change        [ts, recent_sd, baseline_sd, regime_change] of each that has one
        rolling_sharpe_30d   [date, n, sharpe] of each day with 20 returns or more
        round_trips          [id, gross_pnl, slippage_cost, net_pnl, held_s] of each trade
        attribution          {dimension: {value: [trades, gross_pnl, fee, net_pnl, wins]}}
        fee_drag             by strategy
    versions          of the libraries

Remake it, which must change nothing:

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install -r tests/reference/requirements.txt
    /tmp/reference/bin/python tests/reference/performance.py

where quantstats and empyrical disagree, the script stops.
"""

import datetime
import importlib.metadata
import json
import math
import random
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import empyrical
import numpy as np
import pandas as pd
import quantstats.stats as quantstats

HOUR = 3_600
START = 1_772_323_200  # 2026-03-01T00:00:00Z, a Sunday
HOURLY = 24 * 365
WINDOW, MIN_SAMPLES, RECENT = 100, 20, 20


def hourly_equity():
    """Nine days: calm, then a jump up, a crash, and twice the swing."""
    rng = random.Random(7)
    values = [10_000.0]
    for hour in range(1, 9 * 24):
        swing = 0.002 if hour < 140 else 0.004
        change = rng.gauss(0.0002, swing)
        change = {60: 0.011, 121: -0.031, 122: 0.0}.get(hour, change)
        values.append(round(values[-1] * (1 + change), 2))
    return [[START + hour * HOUR, value] for hour, value in enumerate(values)]


def daily_equity():
    rng = random.Random(11)
    values = [50_000.0]
    for _ in range(44):
        values.append(round(values[-1] * (1 + rng.gauss(0.001, 0.012)), 2))
    return [[START + day * 86_400 + 86_340, value] for day, value in enumerate(values)]


def closed_trades():
    rng = random.Random(3)
    entry_prices = {"BTC": 97_120.0, "ETH": 3_050.2, "SOL": 142.6}
    trades = []
    for number in range(40):
        asset = rng.choice(sorted(entry_prices))
        entry_ts = START + number * 19_000 + rng.randrange(0, 9_000)
        entry = round(entry_prices[asset] * (1 + rng.gauss(0, 0.01)), 2)
        trades.append({
            "id": f"t-{number:02}",
            "strategy": rng.choice(["breakout", "casino_edge", "momentum"]),
            "asset": asset,
            "side": rng.choice(["buy", "sell"]),
            "size": round(rng.uniform(0.05, 2.0) * (0.02 if asset == "BTC" else 1), 4),
            "entry_price": entry,
            "exit_price": round(entry * (1 + rng.gauss(0.001, 0.01)), 2),
            "entry_ts": entry_ts,
            "exit_ts": entry_ts + rng.randrange(30, 20_000) + 0.25,
            "fees": round(rng.uniform(0.05, 0.8), 4),
            "slippage": round(rng.uniform(-0.2, 0.4), 4),
        })
    return trades


def returns_of(equity):
    values = pd.Series(
        [value for _, value in equity],
        index=pd.to_datetime([ts for ts, _ in equity], unit="s"),
    )
    return values.pct_change().dropna()


def agree(what, one, other):
    if not math.isclose(one, other, rel_tol=1e-9):
        raise SystemExit(f"{what}: quantstats says {one}, empyrical {other}")


def performance(equity, net_pnls):
    returns = returns_of(equity)
    ours = {
        "quantstats": {
            "sharpe": quantstats.sharpe(returns, periods=HOURLY),
            "sortino": quantstats.sortino(returns, periods=HOURLY),
            "max_drawdown": -quantstats.max_drawdown(returns),
            "annual_return": quantstats.cagr(returns, periods=HOURLY),
            "calmar": quantstats.calmar(returns, prepare_returns=False, periods=HOURLY),
        },
        "empyrical": {
            "sharpe": empyrical.sharpe_ratio(returns, annualization=HOURLY),
            "sortino": empyrical.sortino_ratio(returns, annualization=HOURLY),
            "max_drawdown": -empyrical.max_drawdown(returns),
            "annual_return": empyrical.annual_return(returns, annualization=HOURLY),
            "calmar": empyrical.calmar_ratio(returns, annualization=HOURLY),
        },
    }
    for name, value in ours["quantstats"].items():
        agree(name, value, ours["empyrical"][name])
    pnls = pd.Series(net_pnls)
    ours["trades"] = {
        "n_trades": len(pnls),
        "win_rate": quantstats.win_rate(pnls, prepare_returns=False),
        "profit_factor": quantstats.profit_factor(pnls, prepare_returns=False),
        "gross_profit": pnls[pnls > 0].sum(),
        "gross_loss": -pnls[pnls < 0].sum(),
        "expectancy": pnls.mean(),
    }
    ours["n_returns"] = len(returns)
    return ours


def last(values, at):
    """The deque of the guide's AnomalyDetector when the value at `at` has been appended."""
    return np.array(values[max(0, at + 1 - WINDOW) : at + 1])


def anomalies(equity):
    stamps = [ts for ts, _ in equity][1:]
    values = list(returns_of(equity))
    zscores, quartiles, regimes = [], [], []
    for at, (ts, value) in enumerate(zip(stamps, values)):
        held = last(values, at)
        if len(held) >= MIN_SAMPLES:
            baseline = held[:-1]
            mean, sd = baseline.mean(), baseline.std(ddof=1)
            if sd >= 1e-10:
                z = (value - mean) / sd
                direction = "loss" if z < 0 else "gain"
                zscores.append([ts, len(baseline), mean, sd, z, direction])
            q1, median, q3 = np.percentile(baseline, [25, 50, 75])
            reach = 1.5 * (q3 - q1)
            is_outlier = bool(value < q1 - reach or value > q3 + reach)
            quartiles.append([ts, len(baseline), q1, median, q3, is_outlier])
        if len(held) >= MIN_SAMPLES + RECENT:
            baseline_sd = held[:-RECENT].std(ddof=1)
            recent_sd = held[-RECENT:].std(ddof=1)
            score = abs(recent_sd - baseline_sd) / baseline_sd
            regimes.append([ts, recent_sd, baseline_sd, score])
    return zscores, quartiles, regimes


def rolling_sharpe(daily):
    returns = returns_of(daily)
    rows = []
    for at in range(19, len(returns)):
        month = returns.iloc[max(0, at - 29) : at + 1]
        sharpe = quantstats.sharpe(month, periods=365)
        agree("rolling sharpe", sharpe, empyrical.sharpe_ratio(month, annualization=365))
        rows.append([str(month.index[-1].date()), len(month), sharpe])
    return rows


def round_trip(trade):
    sign = 1 if trade["side"] == "buy" else -1
    gross = (trade["exit_price"] - trade["entry_price"]) * trade["size"] * sign
    cost = abs(trade["slippage"] * trade["size"])
    held_s = trade["exit_ts"] - trade["entry_ts"]
    return [trade["id"], gross, cost, gross - trade["fees"] - cost, held_s]


def attribution(trades, trips):
    def utc(trade):
        return datetime.datetime.fromtimestamp(trade["entry_ts"], datetime.timezone.utc)

    dimensions = {
        "strategy": lambda trade: trade["strategy"],
        "asset": lambda trade: trade["asset"],
        "hour": lambda trade: f"{utc(trade):%H}",
        "weekday": lambda trade: f"{utc(trade):%u %a}",
    }
    found = {}
    for dimension, value_of in dimensions.items():
        sums = {}
        for trade, (_, gross, _, net, _) in zip(trades, trips):
            row = sums.setdefault(value_of(trade), [0, 0.0, 0.0, 0.0, 0])
            for place, add in enumerate([1, gross, trade["fees"], net, int(net > 0)]):
                row[place] += add
        found[dimension] = dict(sorted(sums.items()))
    return found


def fee_drag(trades, trips):
    sums = {}
    for trade, (_, gross, _, _, _) in zip(trades, trips):
        row = sums.setdefault(trade["strategy"], [0.0, 0.0])
        row[0] += trade["fees"]
        row[1] += abs(gross)
    return {strategy: fees / moved for strategy, (fees, moved) in sorted(sums.items())}


def plain(value):
    """Without numpy's types, and NaN as null."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def lines(value, depth=0):
    """JSON with one row of a table on one line."""
    pad = "  " * depth
    is_row = lambda inner: not isinstance(inner, (dict, list)) or not any(
        isinstance(cell, (dict, list)) for cell in (inner.values() if isinstance(inner, dict) else inner)
    )
    if is_row(value) and (depth > 2 or not isinstance(value, dict)):
        return json.dumps(value)
    if isinstance(value, dict):
        rows = [f"{pad}  {json.dumps(key)}: {lines(inner, depth + 1)}" for key, inner in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{pad}}}"
    return "[\n" + ",\n".join(f"{pad}  {lines(inner, depth + 1)}" for inner in value) + f"\n{pad}]"


def main():
    equity, daily, trades = hourly_equity(), daily_equity(), closed_trades()
    trips = [round_trip(trade) for trade in trades]
    zscores, quartiles, regimes = anomalies(equity)
    libraries = ["quantstats", "empyrical-reloaded", "numpy", "pandas"]
    document = {
        "made_by": "tests/reference/performance.py, which says what is what and how to remake this",
        "versions": {name: importlib.metadata.version(name) for name in libraries},
        "periods_per_year": HOURLY,
        "equity": equity,
        "daily": daily,
        "trades": trades,
        "expected": {
            "performance": performance(equity, [net for _, _, _, net, _ in trips]),
            "return_zscores": zscores,
            "return_iqr": quartiles,
            "regime_change": regimes,
            "rolling_sharpe_30d": rolling_sharpe(daily),
            "round_trips": trips,
            "attribution": attribution(trades, trips),
            "fee_drag": fee_drag(trades, trips),
        },
    }
    text = lines(plain(document)) + "\n"
    json.loads(text)
    Path(__file__).with_suffix(".json").write_text(text)


if __name__ == "__main__":
    main()
