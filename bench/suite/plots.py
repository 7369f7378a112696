"""Plots of the results as SVG without background, in colours that read on light and on dark pages."""
from suite.tables_steps import NAMES, by_bot, held, rows_of

INK, FAINT, OURS, OTHERS, LIMIT = "#7a828c", "#7a828c44", "#2f81f7", "#a2793f", "#7a828c66"


def canvas(columns, height):
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.family": "sans-serif", "font.size": 10,
                         "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": FAINT, "xtick.color": INK,
                         "ytick.color": INK, "axes.titlecolor": INK, "axes.titlesize": 9.5, "axes.axisbelow": True,
                         "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(1, columns, figsize=(10, height), layout="constrained")
    return figure, [axes] if columns == 1 else list(axes)


def save(figure, path):
    import matplotlib.pyplot as plt
    figure.savefig(path, transparent=True, metadata={"Date": None})
    plt.close(figure)


def bars(axis, title, values, names, notes=None):
    """`values` by bot; None: no bar, but its note."""
    bots = list(values)[::-1]
    colour = {"troupe": OURS, "null": LIMIT}
    longest = max(v for v in values.values() if v is not None)
    axis.barh([names[b] for b in bots], [values[b] or 0 for b in bots], color=[colour.get(b, OTHERS) for b in bots])
    for place, bot in enumerate(bots):
        text = (notes or {}).get(bot) or f" {values[bot]:.3g}" if (values[bot] or 0) < 1000 else f" {values[bot]:,.0f}"
        axis.text(values[bot] or 0, place, text.replace(",", " "), va="center")
    axis.set_xlim(0, longest * 1.25)
    axis.set_title(title, loc="left")
    axis.tick_params(length=0)
    axis.xaxis.set_visible(False)
    axis.spines["bottom"].set_visible(False)


def frameworks(r, path):
    closed, fixed = by_bot(r, "closed loop"), by_bot(r, "fixed rate")
    fixed = {b: fixed.get(b, {"steps_per_s": 0}) for b in closed}
    names = {b: NAMES[b].replace("*", "") for b in NAMES}
    bots = sorted(closed, key=lambda b: -closed[b]["steps_per_s"])
    figure, (rate, cpu, wait) = canvas(3, 0.5 + 0.42 * len(bots))
    bars(rate, "steps/s, closed loop (more is better)", {b: closed[b]["steps_per_s"] for b in bots}, names)
    bars(cpu, "CPU s per 1000 steps (less is better)", {b: closed[b]["cpu_s_per_1000_steps"] for b in bots}, names)
    kept = {b: held(fixed[b], r["rate"]) for b in bots}
    bars(wait, f"p99 ms at {r['rate']:g} steps/s (less is better)",
         {b: fixed[b]["edit_p99_ms"] if kept[b] else None for b in bots}, names,
         {b: " rate not held" for b in bots if not kept[b]})
    for axis in (cpu, wait):
        axis.set_yticklabels([])
    save(figure, path)


def line(axis, title, xs, ys, label, colour):
    axis.plot(range(len(xs)), ys, marker="o", color=colour, label=label)
    axis.set_xticks(range(len(xs)), [str(x) for x in xs])
    axis.set_ylim(0, max(axis.get_ylim()[1], 1.1 * max(ys)))
    axis.set_title(title, loc="left")
    axis.grid(axis="y", color=INK, alpha=0.25)


def scaling(r, path):
    figure, (threads, senders) = canvas(2, 2.6)
    found = rows_of(r, "scheduler threads")
    line(threads, "steps/s over scheduler threads", [x["threads"] for x in found], [x["steps_per_s"] for x in found],
         "", OURS)
    for what, label, colour in (("senders", "no delay", OURS), ("senders over a network", "network of 10 ms", OTHERS)):
        found = rows_of(r, what)
        line(senders, "steps/s over connections to Telegram", [x["senders"] for x in found], [x["steps_per_s"] for x in found],
             label, colour)
    senders.legend(frameon=False)
    save(figure, path)


def ledger(r, path):
    figure, axes = canvas(1, 2.6)
    ways = list(dict.fromkeys(x["what"] for x in r["rows"]))
    sizes = list(dict.fromkeys(x["requesters"] for x in r["rows"]))
    colours = (OURS, "#77a8ea", OTHERS, LIMIT)
    for i, way in enumerate(ways):
        rates = [next(x["operations_per_s"] for x in r["rows"] if (x["what"], x["requesters"]) == (way, s))
                 for s in sizes]
        axes[0].bar([p + 0.2 * i for p in range(len(sizes))], rates, 0.18, label=way, color=colours[i % 4])
    axes[0].set_xticks([p + 0.3 for p in range(len(sizes))], [f"{s} requesters" for s in sizes])
    axes[0].set_title("durable orders/s (more is better)", loc="left")
    axes[0].grid(axis="y", color=INK, alpha=0.25)
    axes[0].legend(frameon=False)
    save(figure, path)


PLOTS = {"frameworks": ("frameworks", frameworks), "scaling": ("steps", scaling), "ledger": ("ledger", ledger)}
