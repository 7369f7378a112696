"""Tables of the other results."""
from suite.markdown import GOALS_HEAD, goal, n, table


def ledger(r):
    rows = [[str(x["requesters"]), x["what"], n(x["operations_per_s"]), n(x["p50_ms"]), n(x["p99_ms"]), n(x["cpu_us"]),
             n(x["ratio_to_bare_group_commit"])] for x in r["rows"]]
    text = table(("N", "way", "orders/s", "p50 ms", "p99 ms", "CPU µs per order", "of bare group commit"), rows)
    many = [x for x in r["rows"] if x["what"] == "ledger actor"]
    goals = [goal(f"ledger actor, {x['requesters']} requesters: share of bare SQLite's orders/s",
                  x["ratio_to_bare_group_commit"], 0.8, at_least=True) for x in many if x["requesters"] >= 1000]
    goals += [goal("ledger actor, 1 requester: mean time of an order, of a bare commit's",
                   1 / x["ratio_to_bare_group_commit"], 1.3) for x in many if x["requesters"] == 1]
    goals += [goal(f"ledger actor, {x['requesters']} requesters: p99", x["p99_ms"], 25, "ms") for x in many]
    return text + "\n\n" + table(GOALS_HEAD, goals)


def updates(r):
    return table(("", ""), [["messages answered, of those written", f"{n(r['answered'])} of {n(r['expected'])}"],
                            ["updates/s", n(r["updates_per_s"])],
                            ["seconds in all; to write them (users' side)",
                             f"{n(r['seconds'])}; {n(r['inject_seconds'])}"],
                            ["share of the time that writing took alone (limit)",
                             n(r["inject_seconds"] / r["seconds"])],
                            ["engine's CPU ms per 1000 updates", n(r["engine_cpu_ms_per_1000"])],
                            ["cores the engine kept busy", n(r["engine_cores_busy"])],
                            ["resident MB before; after", f"{n(r['resident_mb_before'])}; {n(r['resident_mb'])}"]])


def start(r):
    return table(("", ""), [["audited, all invariants, s", n(r["audited_s"])],
                            ["bare SQLite reads the same rows once (limit), s", n(r["raw_scan_s"])],
                            ["audit / limit", n(r["audited_s"] / r["raw_scan_s"])],
                            ["open jobs adopted and the first user answered after, s", n(r["first_answer_s"])],
                            ["resident MB then", n(r["resident_mb"])],
                            ["users who then wrote; all answered after, s", f"{n(r['touched'])}; {n(r['touched_s'])}"],
                            ["resident MB then", n(r["resident_mb_busy"])],
                            ["resident MB, their sessions asleep", n(r["resident_mb_asleep"])]])


def memory(r):
    rows = [[n(x["users"]), n(x["audited_s"]), n(x["first_answer_s"]), n(x["resident_mb"]), n(x["touched"]),
             n(x["resident_mb_busy"])] for x in r["rows"]]
    text = table(("users known", "audited, s", "first answer, s", "resident MB", "then active", "resident MB"), rows)
    return (text + f"\n\nA known user costs {n(max(0, r['bytes_per_known_user']))} bytes of memory, a user whose "
            f"session is awake {n(r['kb_per_session'])} KB.")


def generation(r):
    s, p = r["storm"], r["presses"]
    rows = [goal(f"storm of {n(s['orders'])} orders, {n(s['jobs'])} videos: accepted, the last", s["accepted_s"]["max"],
                 10, "s"),
            goal("submits, share of what the provider permits", s["share_of_permitted"], 0.98, at_least=True),
            goal("submits that were too fast, as the provider counts", s["too_fast_at_provider"], 0),
            goal("videos not delivered", s["jobs"] - s["delivered"], 0),
            goal("submit to video sent, the slowest", s["submit_to_sent_s"]["max"], 1.05 * s["provider_s"], "s"),
            goal("all sent, of the best possible", s["all_sent_s"] / s["best_possible_s"], 1.05),
            goal("newcomer's video submitted, of the last of all", s["newcomer_submitted_s"] / s["submits_took_s"], 0.5),
            goal("broken rules of the simulation", s["broken_rules"], 0),
            goal("a menu meanwhile: press to toast, p99", p["toast_ms"]["p99"], 100, "ms"),
            goal("a menu meanwhile: press to screen, p99", p["screen_ms"]["p99"], 100, "ms"),
            goal("presses without an answer", p["unanswered"], 0),
            goal("a menu meanwhile: limits broken, as the sandbox counts", p["sandbox_violations"], 0)]
    for name, title in (("polls", ""), ("polls_restarted", ", after a restart")):
        q = r[name]
        rows.append(goal(f"{n(q['jobs'])} jobs in flight{title}: latest poll", q["late_s"]["max"], 1, "s"))
        rows.append(goal(f"{n(q['jobs'])} jobs in flight{title}: due and not polled", q["not_polled_though_due"], 0))
    text = table(GOALS_HEAD, rows)
    more = [["twenty blocking workers instead of the engine: share of the permitted submits",
             n(r["naive"]["share_of_permitted"])],
            ["the storm simulated in, s; CPU s", f"{n(s['wall_s'])}; {n(s['cpu_s'])}"],
            ["resident MB: storm (with the simulated world); menu; polls; polls after a restart",
             "; ".join(n(r[k]["resident_mb"]) for k in ("storm", "presses", "polls", "polls_restarted"))],
            ["CPU s per 1000 polls; after a restart",
             "; ".join(n(r[k]["cpu_s_per_1000_polls"]) for k in ("polls", "polls_restarted"))]]
    return text + "\n\n" + table(("", ""), more)


def broadcast(r):
    f, p, k = r["free"], r["paid"], r["kills"]
    rows = []
    for q, title in ((f, "free, virtual clock"), (p, "paid, real time")):
        rows.append(goal(f"{title}, {n(q['permitted_per_s'])}/s: share of the permitted rate", q["share_of_permitted"],
                         0.98, at_least=True))
        rows.append(goal(f"{title}: sent twice, unknown, limits broken",
                         q["repeats"] + q["unknown"] + q["violations"], 0))
    rows.append(goal(f"press to new screen meanwhile ({n(p['latency_ms'])} ms are the network's), p99",
                     p["live_edit_ms"]["p99"], 100, "ms"))
    rows.append(goal(f"killed {n(k['kills'])} times: sent twice, faults in the audit",
                     k["repeats"] + k["audit_faults"], 0))
    per_death = k["unknown"] / max(1, k["kills"])
    more = [["recipients: free; paid; killed", "; ".join(n(q["recipients"]) for q in (f, p, k))],
            ["CPU s per 1000 messages: free (with the played world); paid",
             f"{n(f['cpu_s_per_1000'])}; {n(p['cpu_s_per_1000'])}"],
            ["resident MB at a tenth, at the end: free; paid",
             "; ".join(f"{n(q['mb_at_a_tenth'])}, {n(q['mb_at_the_end'])}" for q in (f, p))],
            ["unknown after a death, recipients", n(per_death)]]
    more += [[f"file: {title}, p50 / p99 ms", f"{n(r['store'][key]['p50'])} / {n(r['store'][key]['p99'])}"]
             for key, title in (("gather_1000_ms", "1000 recipients gathered"),
                                ("take_50_and_note_50_ms", "50 noted and 50 taken"), ("statistics_ms", "statistics"),
                                ("audience_ms", "how many an audience has"), ("user_card_ms", "a user's card"))]
    return table(GOALS_HEAD, rows) + "\n\n" + table(("", ""), more)


def profile(r):
    """The three lists side by side, shares in percent; the rest of each is left out."""
    lists = [[[name.replace("troupe::", "") if ours else name, f"{100 * share:.1f}"] for name, share in r[key].items()]
             for key, ours in (("for", False), ("in", False), ("our_functions_with_all_they_call", True))]
    rows = []
    for place in range(10):
        row = []
        for part in lists:
            row += part[place] if place < len(part) else ["", ""]
        rows.append([f"`{cell}`" if column == 4 and cell else cell for column, cell in enumerate(row)])
    head = ("done for", "%", "in the library, or the kernel called for", "%", "our function, with all it calls", "%")
    return (table(head, [row for row in rows if any(row)])
            + f"\n\n{n(r['samples'])} samples, {r['measured']['date']}, revision {r['measured']['revision']}.")


def simulate(r):
    return table(("", ""), [["seeds; virtual days; events", f"{n(r['seeds'])}; {n(r['days'])}; {n(r['events'])}"],
                            ["orders; delivered; purchases",
                             f"{n(r['orders'])}; {n(r['delivered'])}; {n(r['purchases'])}"],
                            ["crashes of the engine", n(r["crashes"])],
                            ["broken rules", n(r["broken_rules"])],
                            ["virtual days a second", n(r["days_per_s"])]])
