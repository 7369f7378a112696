"""Tables of Markdown, numbers as people read them, and blocks of a file that are written anew."""
import re

MET, MISSED = "met", "**missed**"


def table(head, rows):
    """The first column to the left, the others to the right. A row may be shorter than the head."""
    lines = ["| " + " | ".join(head) + " |", "|:---|" + "---:|" * (len(head) - 1)]
    for row in rows:
        lines.append("| " + " | ".join([*row, *[""] * (len(head) - len(row))]) + " |")
    return "\n".join(lines)


def n(value, unit=""):
    """Three digits that say something; thousands apart."""
    if value is None:
        return "-"
    a = abs(value)
    if value == int(value) and a < 1000:
        text = str(int(value))
    elif a >= 1000:
        text = f"{value:,.0f}".replace(",", " ")
    elif a >= 100:
        text = f"{value:.0f}"
    elif a >= 10:
        text = f"{value:.1f}"
    elif a >= 1:
        text = f"{value:.2f}"
    else:
        text = f"{value:.3g}"
    return text + (" " + unit if unit else "")


def goal(what, measured, target, unit="", at_least=False, shown=None):
    """What, measured, target, ratio of both, verdict. A target of 0 has no ratio."""
    good = measured >= target if at_least else measured <= target
    sign = "≥" if at_least else "≤"
    aim = "0" if target == 0 else f"{sign} {n(target, unit)}"
    ratio = n(measured / target) if target else "-"
    return [what, shown or n(measured, unit), aim, ratio, MET if good else MISSED]


GOALS_HEAD = ("what is measured", "measured", "target", "measured / target", "")


def replace_block(text, name, body):
    """Between <!-- results: name --> and <!-- end -->. @returns the text, and whether there is such a block"""
    block = re.compile(rf"(<!-- results: {re.escape(name)} -->\n).*?(<!-- end -->)", re.S)
    changed, count = block.subn(lambda m: m[1] + "\n" + body + "\n\n" + m[2], text)
    return changed, count == 1
