"""The same bot in Troupe and in the frameworks: all rows of bench_steps, put together.

Repetitions go bot by bot, so that a slow moment of the machine meets all of them; what counts is the median."""
import json
import pathlib
import statistics
import subprocess
import sys

BINARY = "build/release/bench/bench_steps"
FRAMEWORKS, SOURCES = pathlib.Path("build/frameworks"), pathlib.Path("bench/frameworks")
FIGURES = ("steps_per_s", "edit_p50_ms", "edit_p99_ms", "toast_p50_ms", "toast_p99_ms", "cpu_s_per_1000_steps",
           "resident_mb")
COUNTS = ("steps", "ended", "wrong", "out_of_order", "unfinished", "lost_edits", "lost_toasts", "starved")

FULL = {"repetitions": 5, "seconds": 3, "fixed_repetitions": 3, "users": 64, "rate": 250, "network_users": 400,
        "near_rate": 100, "network_rate": 1700, "network_seconds": 10, "settle_s": 40, "idle_s": 60, "threads": (1, 2, 4),
        "senders": (1, 4, 16, 64, 256), "sweep_repetitions": 2, "warm_up_s": 1, "patience_s": 30}
TINY = {"repetitions": 1, "seconds": 0.2, "fixed_repetitions": 1, "users": 8, "rate": 50, "network_users": 16,
        "near_rate": 30, "network_rate": 50, "network_seconds": 0.3, "settle_s": 0, "idle_s": 0.2, "threads": (2,),
        "senders": (4,), "sweep_repetitions": 1, "warm_up_s": 0, "patience_s": 2}


def missing_for(bot):
    """Why this bot cannot run here; "" when it can."""
    if bot in ("grammy", "telegraf"):
        if not (FRAMEWORKS / "node_modules" / bot).is_dir():
            return f"{FRAMEWORKS}/node_modules has no {bot}; bench/run installs it"
        if not list((FRAMEWORKS / "node_modules" / "better-sqlite3").glob("build/Release/*.node")):
            return f"{FRAMEWORKS}/node_modules/better-sqlite3 is not built; bench/run builds it"
    if bot == "ptb":
        asked = subprocess.run(["/usr/bin/python3", "-W", "ignore", "-c", "import telegram.ext"], capture_output=True)
        if asked.returncode:
            return "the package python3-python-telegram-bot is missing; bench/run installs it"
    return ""


def call(folder, **options):
    """One run of bench_steps. Raises RuntimeError with what it said when it failed."""
    # Node looks for modules beside the script; Python's are the system's, and nothing is installed for it.
    scripts = SOURCES if options.get("bot") == "ptb" else FRAMEWORKS
    words = [BINARY, "--frameworks", str(scripts.resolve()), "--dir", folder]
    for name, value in options.items():
        words += ["--" + name.replace("_", "-"), str(value)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
    return json.loads(done.stdout)


def middle(what, runs, **more):
    """One row of several runs: medians, the extremes of the rate, and the sums of what was wrong."""
    row = {"what": what, "bot": runs[0]["bot"], "users": runs[0]["users"], "greeted": runs[0]["greeted"],
           "repetitions": len(runs)}
    row.update(more)
    for name in FIGURES:
        row[name] = statistics.median(r[name] for r in runs)
    for name in COUNTS:
        row[name] = sum(r[name] for r in runs)
    rates = [r["steps_per_s"] for r in runs]
    row["slowest_run_per_s"], row["fastest_run_per_s"] = min(rates), max(rates)
    print(f"  {what:28} {row['bot']:9} {row['steps_per_s']:8.0f} steps/s  edit p50 {row['edit_p50_ms']:7.1f} ms  "
          f"p99 {row['edit_p99_ms']:7.1f} ms  CPU {row['cpu_s_per_1000_steps']:.3f} s per 1000  "
          f"{row['resident_mb']:.0f} MB", file=sys.stderr)
    return row


def rounds(times, cases, folder):
    """Each case once, then each again, and so on. @returns the runs of each case"""
    runs = {name: [] for name in cases}
    for _ in range(times):
        for name, options in cases.items():
            runs[name].append(call(folder, **options))
    return runs


def against_frameworks(size, bots, at_rates, folder):
    usual = {"users": size["users"], "seconds": size["seconds"], "warm_up_s": size["warm_up_s"]}
    closed = {b: middle("closed loop", r) for b, r in
              rounds(size["repetitions"], {b: {"bot": b, **usual} for b in bots}, folder).items()}
    yield from closed.values()
    fixed = {b: {"bot": b, "rate": size["rate"], **usual} for b in at_rates}
    for b, runs in rounds(size["fixed_repetitions"], fixed, folder).items():
        yield middle("fixed rate", runs, rate=size["rate"])
    half = {b: {"bot": b, "rate": round(closed[b]["steps_per_s"] / 2, 1), **usual} for b in at_rates}
    for b, runs in rounds(size["fixed_repetitions"], half, folder).items():
        yield middle("half of its own closed loop", runs, asked_rate=half[b]["rate"])


def of_the_engine(size, folder):
    usual = {"bot": "troupe", "warm_up_s": size["warm_up_s"]}
    far = {**usual, "latency_ms": 50, "seconds": size["network_seconds"]}
    yield middle("network", [call(folder, users=size["users"], rate=size["near_rate"], **far)],
                 latency_ms=50, rate=size["near_rate"])
    yield middle("held over a network",
                 [call(folder, users=size["network_users"], rate=size["network_rate"], senders=256, **far)],
                 latency_ms=50, rate=size["network_rate"], senders=256)
    yield middle("flood", [call(folder, users=size["users"], seconds=2 * size["seconds"], flood_every=50,
                                patience_s=size["patience_s"], **usual)],
                 flood_every=50)
    idle = call(folder, users=size["users"], seconds=size["seconds"], settle_s=size["settle_s"], idle_s=size["idle_s"],
                **usual)
    yield middle("idle", [idle], idle_s=size["idle_s"], settle_s=size["settle_s"],
                 idle_core_percent=idle["idle_core_percent"])


def sweep(what, name, values, size, folder, **more):
    cases = {v: {"bot": "troupe", "users": size["users"], "seconds": size["seconds"], "warm_up_s": size["warm_up_s"],
                 name: v, **more} for v in values}
    for v, runs in rounds(size["sweep_repetitions"], cases, folder).items():
        yield middle(what, runs, **{name: v}, **more)


def bots_here():
    """Who can run here, and why the others cannot."""
    why = {bot: missing_for(bot) for bot in ("grammy", "telegraf", "ptb")}
    skipped = {bot: reason for bot, reason in why.items() if reason}
    for bot, reason in skipped.items():
        print(f"  skipped: {bot}: {reason}", file=sys.stderr)
    return ["troupe", *(bot for bot in why if bot not in skipped), "null"], skipped


def measure_frameworks(tiny, folder):
    size = TINY if tiny else FULL
    bots, skipped = bots_here()
    raw = call(folder, bot="sqlite", users=size["users"], seconds=size["seconds"])
    raw.pop("bench")
    rows = [{"what": "raw SQLite", **raw}]
    rows += against_frameworks(size, bots, ["troupe", "null"] if tiny else bots, folder)
    return {"bench": "frameworks", "seconds": size["seconds"], "rate": size["rate"], "skipped": skipped, "rows": rows}


def measure_engine(tiny, folder):
    size = TINY if tiny else FULL
    rows = list(of_the_engine(size, folder))
    rows += sweep("scheduler threads", "threads", size["threads"], size, folder)
    rows += sweep("senders", "senders", size["senders"], size, folder)
    rows += sweep("senders over a network", "senders", size["senders"], size, folder, latency_ms=10)
    return {"bench": "steps", "seconds": size["seconds"], "rows": rows}
