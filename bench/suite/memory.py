"""What a user costs in memory: bench_start over files with few and many users, of whom 1000 become active."""
import json
import subprocess
import sys

from suite.parts import PROGRAMS

FULL = {"users": (10_000, 50_000, 500_000), "touched": 1000}
TINY = {"users": (100, 1000), "touched": 50}


def one(users, touched, folder):
    words = [PROGRAMS + "start", "--users", str(users), "--open", "0", "--touched", str(touched), "--quiet-s", "0",
             "--dir", folder]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    row = json.loads(done.stdout)
    print(f"  {users:8} users known, {row['touched']} active: {row['resident_mb']:.1f} MB, then "
          f"{row['resident_mb_busy']:.1f} MB", file=sys.stderr)
    return {"users": users, **{k: row[k] for k in ("touched", "touched_answered", "resident_mb", "resident_mb_busy",
                                                   "audited_s", "first_answer_s")}}


def measure(tiny, folder):
    size = TINY if tiny else FULL
    rows = [one(users, size["touched"], folder) for users in size["users"]]
    few, many = rows[0], rows[-1]
    return {"bench": "memory", "rows": rows,
            "bytes_per_known_user": (many["resident_mb"] - few["resident_mb"]) * 2**20 / (many["users"] - few["users"]),
            "kb_per_session": sum(r["resident_mb_busy"] - r["resident_mb"] for r in rows) * 1024
            / sum(r["touched"] for r in rows)}
