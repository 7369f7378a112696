"""On what, and when, a result was measured."""
import datetime
import os
import pathlib
import platform
import subprocess


def line_of(path, key):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(":" if ":" in line else "=", 1)[1].strip().strip('"')
    return ""


def facts(took_s):
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return {"date": datetime.date.today().isoformat(), "revision": revision, "took": f"{took_s:.0f} s",
            "cores": f"{os.cpu_count()}", "cpu": line_of("/proc/cpuinfo", "model name"),
            "kernel": platform.release(), "system": line_of("/etc/os-release", "PRETTY_NAME="),
            "load": f"{os.getloadavg()[0]:.1f}"}
