"""The measurements: how each is called, in full and tiny, and what its result must hold to be believed.

A check looks at fields and at what may not be wrong on any machine (nothing lost, nothing out of order), never at
times: those are for people and for bench/compare."""

PROGRAMS = "build/release/bench/bench_"


class Bad(Exception):
    """A result that cannot be true, or lacks what it should have."""


def at(result, path):
    """The value at "a.b.c". Raises Bad when it is not there."""
    value = result
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise Bad(f"{path} is missing")
        value = value[name]
    return value


def number(result, path, low=0, high=float("inf")):
    value = at(result, path)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise Bad(f"{path} is {value!r}, and should be a number from {low:g} to {high:g}")
    return value


def positive(result, *paths):
    for path in paths:
        if number(result, path) == 0:
            raise Bad(f"{path} is 0")


def same(result, path, wanted):
    if at(result, path) != wanted:
        raise Bad(f"{path} is {at(result, path)!r}, and should be {wanted!r}")


def check_ledger(r):
    rows = at(r, "rows")
    if len(rows) < 4:
        raise Bad("less than one block of the table")
    for row in rows:
        positive(row, "operations", "operations_per_s", "p50_ms", "p99_ms", "cpu_us", "ratio_to_bare_group_commit")
        same(row, "audit", "clean")


def check_updates(r):
    positive(r, "answered", "updates_per_s", "engine_cpu_ms_per_1000", "resident_mb")
    same(r, "answered", at(r, "expected"))


def check_start(r):
    positive(r, "audited_s", "raw_scan_s", "first_answer_s", "resident_mb", "resident_mb_busy", "touched_s")
    number(r, "touched_answered", low=at(r, "touched"))


def check_memory(r):
    rows = at(r, "rows")
    if len(rows) < 2:
        raise Bad("a growth needs two sizes")
    for row in rows:
        positive(row, "users", "resident_mb", "resident_mb_busy")
        number(row, "touched_answered", low=at(row, "touched"))
    at(r, "bytes_per_known_user")
    at(r, "kb_per_session")


def check_generation(r):
    positive(r, "storm.delivered", "storm.submits", "storm.accepted_s.p99", "storm.resident_mb",
             "naive.submits_per_s", "presses.presses", "presses.screen_ms.p99", "presses.toast_ms.p99",
             "polls.polls", "polls.cpu_s_per_1000_polls", "polls_restarted.polls")
    same(r, "storm.delivered", at(r, "storm.jobs"))
    number(r, "storm.share_of_permitted", 0, 1.01)
    for path in ("storm.broken_rules", "storm.too_fast_at_provider", "presses.unanswered"):
        same(r, path, 0)


def check_broadcast(r):
    positive(r, "free.sent", "paid.sent", "kills.sent", "free.cpu_s_per_1000", "store.take_50_and_note_50_ms.p99",
             "store.statistics_ms.p50")
    number(r, "paid.live_edit_ms.p99")
    for part in ("free", "paid"):
        same(r, f"{part}.sent", at(r, f"{part}.recipients"))
        for what in ("repeats", "unknown"):
            same(r, f"{part}.{what}", 0)
    same(r, "free.violations", 0)  # in real time a machine that stalls may bring two calls closer together
    number(r, "paid.cpu_s_per_1000")
    same(r, "kills.repeats", 0)
    same(r, "kills.audit_faults", 0)
    same(r, "kills.state", "done")
    if at(r, "kills.sent") + at(r, "kills.unknown") != at(r, "kills.recipients"):
        raise Bad("of the killed broadcast's recipients some are neither sent nor unknown")


def check_step_row(row):
    if at(row, "bot") == "sqlite":
        return positive(row, "one_a_commit_per_s", "all_users_a_commit_per_s")
    same(row, "greeted", at(row, "users"))
    positive(row, "ended", "resident_mb")
    for what in ("steps", "steps_per_s", "edit_p50_ms", "edit_p99_ms", "toast_p50_ms", "cpu_s_per_1000_steps"):
        number(row, what)  # on a busy machine no step may end within a tiny run's moment
    for what in ("wrong", "out_of_order", "lost_edits", "lost_toasts"):
        same(row, what, 0)


def check_kinds(r, *wanted):
    rows = at(r, "rows")
    for row in rows:
        check_step_row(row)
    for kind in wanted:
        if all(row["what"] != kind for row in rows):
            raise Bad(f"no row is \"{kind}\"")
    return rows


def check_steps(r):
    rows = check_kinds(r, "network", "held over a network", "flood", "idle", "scheduler threads", "senders",
                       "senders over a network")
    number(next(row for row in rows if row["what"] == "idle"), "idle_core_percent")


def check_frameworks(r):
    rows = check_kinds(r, "raw SQLite", "closed loop", "fixed rate", "half of its own closed loop")
    bots = {row["bot"] for row in rows if row["what"] == "closed loop"}
    for bot in ("troupe", "null"):
        if bot not in bots:
            raise Bad(f"{bot} was not measured")


def check_simulate(r):
    positive(r, "seeds", "days", "events")
    same(r, "broken_rules", 0)


# name: (arguments in full, arguments of a tiny run, check). None: several calls, see steps.py and memory.py.
PARTS = {
    "frameworks": (None, None, check_frameworks),
    "steps": (None, None, check_steps),
    "updates": ([], ["--users", "5", "--messages", "3"], check_updates),
    "ledger": (["--seconds", "2"], ["--seconds", "0.1", "--requesters", "64"], check_ledger),
    "start": ([], ["--users", "2000", "--open", "20", "--touched", "50", "--quiet-s", "0"], check_start),
    "memory": (None, None, check_memory),
    "generation": ([], ["--users", "20", "--provider-s", "30", "--naive-ms", "2", "--press-users", "5", "--presses",
                        "10", "--press-seconds", "1", "--jobs", "100", "--seconds", "2", "--poll-every-s", "1",
                        "--settle-s", "1"],
                   check_generation),
    "broadcast": ([], ["--recipients", "600", "--kill-recipients", "200", "--kills", "1"], check_broadcast),
    "simulate": (["--days", "7", "--users", "20", "--seconds", "20", "--json"],
                 ["--days", "1", "--users", "5", "--json"], check_simulate),
}
