"""Reads what scripts/bench measured: a line a value, with round, way, figure and number, and a tab between."""

import statistics

# Every way in the order of the page: its name there, and what it is.
WAYS = {
    "longwire": ("Longwire", "`echo`, FastCGI over a unix socket"),
    "longwire-tcp": ("Longwire, TCP", "the same over TCP"),
    "longwire-task": ("Longwire, task", "an asynchronous servlet that echoes, over a unix socket"),
    "longwire-websocket": ("Longwire, WebSocket", "the same session over `websocket` and a unix socket"),
    "least": ("least FastCGI", "the bound of the path: an echo in C, no protocol above FastCGI"),
    "least-tcp": ("least FastCGI, TCP", "the same over TCP"),
    "libfcgi": ("libfcgi", "a thread for each transaction"),
    "uwebsockets": ("uWebSockets", "C interface, no compression"),
    "gorilla": ("gorilla", "Go"),
    "libwebsockets": ("libwebsockets", "C"),
    "socket.io": ("socket.io", "python-socketio, aiohttp, uvloop"),
    "tcp": ("TCP", "an echo in C behind nginx's module stream"),
    "tcp-direct": ("TCP past nginx", "the same echo with nothing between"),
}


class Results:
    def __init__(self, path):
        self.values, self.load = {}, []
        with open(path) as file:
            for line in file:
                turn, way, figure, number = line.rstrip("\n").split("\t")
                if figure == "load":
                    self.load.append(float(number))
                else:
                    self.values.setdefault((way, figure), {})[int(turn)] = float(number)
        self.ways = [way for way in WAYS if any(key[0] == way for key in self.values)]

    def median(self, way, figure):
        found = self.values.get((way, figure))
        return statistics.median(found.values()) if found else None

    def ratio(self, way, other, figure):
        """The median of what each round gave for one beside the other, and the least and greatest of it."""
        ours, theirs = self.values.get((way, figure), {}), self.values.get((other, figure), {})
        found = [ours[turn] / theirs[turn] for turn in ours if theirs.get(turn)]
        return (statistics.median(found), min(found), max(found)) if found else None


def short(number):
    """Three digits that count, or all before the point, with a word for thousands and millions."""
    if number is None:
        return "–"
    for limit, unit in ((999_500, " M"), (9_995, " k")):
        if number >= limit:
            return short(number / (1e6 if unit == " M" else 1e3)) + unit
    digits = 0 if number >= 99.95 else 1 if number >= 9.995 else 2
    return f"{number:.{digits}f}"
