"""Makes the page and the picture of what scripts/bench measured.

    performance.py RESULTS PAGE PICTURE rounds=5 seconds=1 note=…
"""

import os
import statistics
import sys

sys.dont_write_bytecode = True
from goals import goals  # noqa: E402
from picture import picture  # noqa: E402
from results import WAYS, Results, short  # noqa: E402

READING = """\
How to read it: `make bench` made this page. One driver in C, which is nobody's client, measured all of them, behind
one nginx with one worker where nothing else is said; driver, nginx and applications share the processors. Every byte
that comes back is compared with what was sent. Longwire runs with everything on that it promises: numbers,
acknowledgements, credit, resuming. [Performance](../performance.md) says what the figures mean and how to get them.

- *Round trip*: one message of 64 bytes under way in each session; half took less, and 99 of 100. *One core*: driver,
  nginx and application pinned to the same one.
- *Messages*: 64 sessions with 32 messages of 64 bytes under way in each; there and back, a second.
- *CPU*: of a message there and back; with one under way in each of 64 sessions, then with 32.
- *Idle*: what a session takes that is open and silent, after one message; of 1,000 and of 5,000.
- *Openings*: sessions opened, used for one message and closed in good order, 16 at a time.
- *Bulk*: messages of 16 KiB, one session, 12 under way (6 upwards where nothing acknowledges what was read, which keeps
  nginx from stalling: least FastCGI over its unix socket, libfcgi). There and back, bytes each way; *up*, each answered
  with its last 8 bytes; *down*, each asked for with 8 bytes. The last two with servlets made for it, where there are.
- *Fan-out*: one message of 64 bytes to 1,000 sessions in a room, again when all have it; deliveries a second.
- *Cold*: from the start of the program to the first message that came back.
"""


def rounds(words):
    return "One round" if words["rounds"] == "1" else f"Medians of {words['rounds']} rounds"


def pair(one, other, scale=1.0):
    if one is None and other is None:
        return "–"
    return " / ".join(short(value / scale) if value is not None else "–" for value in (one, other))


def table(results):
    columns = ["way", "", "round trip, 1 session: p50 / p99", "one core", "64 sessions", "500 sessions", "messages",
               "CPU of the application", "CPU of nginx", "idle: application", "idle: nginx", "openings",
               "bulk: both ways / up / down",
               "fan-out", "cold"]
    rows = ["| " + " | ".join(columns) + " |", "|---|---|" + "---:|" * (len(columns) - 2),
            "| | | µs | µs | ms | ms | a second | µs | µs | KiB | KiB | a second | MB/s | a second | ms |"]
    for way in results.ways:
        def get(figure):
            return results.median(way, figure)  # noqa: B023

        def trip(figure, scale=1.0):
            return pair(get(f"{figure}.p50"), get(f"{figure}.p99"), scale)  # noqa: B023
        bulk = [get(f"{figure}.bytes") for figure in ("bulk", "bulk-up", "bulk-down")]
        cells = [WAYS[way][0], WAYS[way][1], trip("trip-1"), trip("trip-1-pinned"), trip("trip-64", 1e3),
                 trip("trip-500", 1e3), short(get("rate.rate")),
                 pair(get("trip-64.application"), get("rate.application")),
                 "–" if way == "tcp-direct" else pair(get("trip-64.nginx"), get("rate.nginx")),
                 pair(get("idle.application1000"), get("idle.application5000")),
                 pair(get("idle.nginx1000"), get("idle.nginx5000")), short(get("open.rate")),
                 " / ".join(short(rate and rate / 1e6) for rate in bulk) if any(bulk) else "–", short(get("fan.rate")), short(get("cold.answered"))]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def growth(results):
    rows = []
    for way in results.ways:
        costs = [results.median(way, f"grow-{size}.application") for size in ("10", "100", "1000", "8000")]
        if None not in costs:
            rows.append(f"| {WAYS[way][0]} | " + " | ".join(short(cost) for cost in costs) + " |")
    if not rows:
        return []
    return ["", "CPU of the application, in µs a message, as sessions grow. Ten messages are under way in all; a session",
            "sends sixteen one after the other, then it is the next one's turn:", "",
            "| open sessions | 10 | 100 | 1,000 | 8,000 |", "|---|---:|---:|---:|---:|"] + rows


def main():
    path, page, drawing = sys.argv[1:4]
    words = dict(word.split("=", 1) for word in sys.argv[4:])
    results = Results(path)
    lines = ["# Performance, measured", ""]
    load = ""
    if results.load:
        load = (f" Other programs took {statistics.median(results.load):.0f} % of the processors meanwhile (median; from "
                f"{min(results.load):.0f} to {max(results.load):.0f} %).")
    lines += [f"{words['note']}. {rounds(words)} of {words['seconds']} s, all ways in turn in each; memory "
              f"once, by itself.{load}", ""]
    if results.load and statistics.median(results.load) > 10:
        lines += ["**The machine was busy: these figures only show that everything works.**", ""]
    lines += [f"![Longwire beside its peers, in six figures.]({os.path.relpath(drawing, os.path.dirname(page) or '.')})", ""]
    lines += table(results) + growth(results)
    lines += ["", "## Goals", "", "A goal beside a peer is the median of the ratios of each round; in brackets the least and the",
              "greatest of them. Of times and costs less is better.", "",
              "| figure of Longwire | beside | goal | measured | |", "|---|---|---|---:|---|"]
    lines += [goal.row for goal in goals(results)] + ["", READING.rstrip()]
    with open(page, "w") as file:
        file.write("\n".join(lines) + "\n")
    with open(drawing, "w") as file:
        file.write(picture(results))


main()
