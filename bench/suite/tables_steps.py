"""Engine against frameworks: tables of results/frameworks.json and results/steps.json."""
from suite.markdown import GOALS_HEAD, goal, n, table

NAMES = {"troupe": "**Troupe**", "grammy": "grammY + runner (Node)", "telegraf": "telegraf (Node)",
         "ptb": "python-telegram-bot 13", "null": "null bot (limit)"}
SCRIPTED = ("grammy", "telegraf", "ptb")


def rows_of(r, what):
    return [row for row in r["rows"] if row["what"] == what]


def by_bot(r, what):
    return {row["bot"]: row for row in rows_of(r, what)}


def one(r, what):
    return rows_of(r, what)[0]


def fastest_script(r):
    """The closed-loop row of the fastest scripting framework; None when none was measured."""
    rows = [row for row in rows_of(r, "closed loop") if row["bot"] in SCRIPTED]
    return max(rows, key=lambda row: row["steps_per_s"], default=None)


def held(row, rate):
    """Whether the rate was kept up. A press for which nobody was free is not a step, so that it counts here too."""
    return row["steps_per_s"] >= 0.98 * rate


def waits(row, rate=None):
    if row is None:
        return "-"
    rate = rate or row["asked_rate"]
    text = f"{n(row['edit_p50_ms'])} / {n(row['edit_p99_ms'])}"
    return text if held(row, rate) else f"not held ({n(row['steps_per_s'])}/s)"


def frameworks(r):
    closed, fixed, half = (by_bot(r, w) for w in ("closed loop", "fixed rate", "half of its own closed loop"))
    best, limit = fastest_script(r), closed["null"]["steps_per_s"]
    base = best["steps_per_s"] if best else None
    rows = []
    for bot in sorted(closed, key=lambda b: -closed[b]["steps_per_s"]):
        c = closed[bot]
        rows.append([NAMES[bot], f"{n(c['steps_per_s'])} ({n(c['slowest_run_per_s'])}–{n(c['fastest_run_per_s'])})",
                     n(c["steps_per_s"] / base) + " ×" if base else "-", n(c["steps_per_s"] / limit),
                     n(c["cpu_s_per_1000_steps"]), n(c["resident_mb"]), waits(fixed.get(bot), r["rate"]),
                     waits(half.get(bot))])
    c = next(iter(closed.values()))
    text = table(("bot", "steps/s, closed loop (slowest–fastest run)", "of the fastest framework", "of the limit",
                  "CPU s per 1000 steps", "resident MB", f"p50 / p99 ms at {n(r['rate'])} steps/s",
                  "p50 / p99 ms at half its own closed loop"), rows)
    f = next(iter(fixed.values()))
    text += (f"\n\n{c['users']} people; a step is press → toast and edit, with one durable write. Closed loop: medians "
             f"of {c['repetitions']} runs of {n(r['seconds'])} s each, bot by bot in turn; at a rate: medians of "
             f"{f['repetitions']} runs. Waits are press to edit. The null bot writes nothing and knows no screens: it is "
             "a raw HTTP client of the same calls, and shows that the load generator is faster than all bots.")
    for bot, why in r.get("skipped", {}).items():
        text += f"\n\nNot measured: {NAMES[bot]}: {why}."
    return text


def targets(r, engine):
    closed, half = by_bot(r, "closed loop"), by_bot(r, "half of its own closed loop")
    troupe, best = closed["troupe"], fastest_script(r)
    net, storm, flood, idle = (one(engine, w) for w in ("network", "held over a network", "flood", "idle"))
    rows = []
    if best:
        name = NAMES[best["bot"]]
        rows.append(goal(f"steps/s, closed loop, of the fastest framework ({name})",
                         troupe["steps_per_s"] / best["steps_per_s"], 3, "×", at_least=True))
        rows.append(goal(f"CPU per step, of {name}'s",
                         troupe["cpu_s_per_1000_steps"] / best["cpu_s_per_1000_steps"], 0.333))
    rows.append(goal("CPU per 1000 steps", troupe["cpu_s_per_1000_steps"], 0.05, "s"))
    rows.append(goal("p99, press to edit, at half of the closed loop", half["troupe"]["edit_p99_ms"], 20, "ms"))
    fastest = max(row["steps_per_s"] for bot, row in closed.items() if bot != "null")
    rows.append(goal("load generator with the null bot, of the fastest bot", closed["null"]["steps_per_s"] / fastest,
                     1, "×", at_least=True))
    ms = net["latency_ms"]
    rows.append(goal(f"network of {ms} ms: press to edit, p50, in round trips", net["edit_p50_ms"] / ms, 1.6))
    rows.append(goal(f"network of {ms} ms: edit after toast, p50, in round trips",
                     abs(net["edit_p50_ms"] - net["toast_p50_ms"]) / ms, 0.1))
    rows.append(goal(f"held over long polling with {storm['latency_ms']} ms, steps/s", storm["steps_per_s"],
                     0.99 * storm["rate"], at_least=True))
    every = flood["flood_every"]
    rows.append(goal(f"every {every}th call answered 429: edits lost", flood["lost_edits"], 0))
    rows.append(goal(f"every {every}th call answered 429: toasts lost", flood["lost_toasts"], 0))
    rows.append(goal(f"every {every}th call answered 429: wrong or out of order",
                     flood["wrong"] + flood["out_of_order"], 0))
    own = [row for row in r["rows"] + engine["rows"] if row["bot"] == "troupe"]
    everywhere = sum(row[k] for row in own for k in ("wrong", "out_of_order", "lost_edits"))
    steps = sum(row["steps"] for row in own)
    rows.append(goal(f"all rows together, {n(steps)} steps: edits lost, wrong, out of order", everywhere, 0))
    calm = f"idle for {n(idle['idle_s'])} s, from {n(idle['settle_s'])} s after a storm: share of a core"
    rows.append(goal(calm, idle["idle_core_percent"], 0.1, "%"))
    return table(GOALS_HEAD, rows)


def limits(r):
    closed, raw = by_bot(r, "closed loop"), one(r, "raw SQLite")
    engine = closed["troupe"]
    rows = []
    for what, limit in (("HTTP alone: null bot, raw client of the same calls", closed["null"]["steps_per_s"]),
                        ("SQLite alone: the step's row, one step a commit", raw["one_a_commit_per_s"]),
                        (f"SQLite alone: {raw['users']} steps a commit", raw["all_users_a_commit_per_s"])):
        rows.append([what, n(limit), n(engine["steps_per_s"]), n(engine["steps_per_s"] / limit)])
    cpu = closed["null"]["cpu_s_per_1000_steps"]
    rows.append(["CPU s per 1000 steps of the null bot", n(cpu), n(engine["cpu_s_per_1000_steps"]),
                 n(engine["cpu_s_per_1000_steps"] / cpu) if cpu else "-"])
    return table(("physical limit, steps/s", "limit", "Troupe", "Troupe / limit"), rows)


def scaling(r):
    text = []
    for what, name, title in (("scheduler threads", "threads", "scheduler threads"),
                              ("senders", "senders", "connections to Telegram, no network delay"),
                              ("senders over a network", "senders", "connections to Telegram, network of 10 ms")):
        found = rows_of(r, what)
        first = found[0]["steps_per_s"]
        rows = [[str(row[name]), n(row["steps_per_s"]), n(row["steps_per_s"] / first), n(row["cpu_s_per_1000_steps"]),
                 n(row["edit_p50_ms"]), n(row["edit_p99_ms"]), n(row["resident_mb"])] for row in found]
        text.append(table((title, "steps/s", "of the first row", "CPU s per 1000", "p50 ms", "p99 ms", "MB"), rows))
    return "\n\n".join(text)
