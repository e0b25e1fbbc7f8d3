"""What Longwire is to reach beside its peers, and whether it does."""

from results import short


class Goal:
    def __init__(self, what, against, wish, value, met, spread=None):
        self.what, self.against, self.wish, self.value, self.met, self.spread = what, against, wish, value, met, spread

    @property
    def row(self):
        value = short(self.value) if self.value is not None else "not measured"
        if self.spread:
            value += f" ({short(self.spread[0])} to {short(self.spread[1])})"
        verdict = "–" if self.value is None or self.met is None else "**met**" if self.met else "not met"
        return f"| {self.what} | {self.against} | {self.wish} | {value} | {verdict} |"


def goals(results):
    found = []

    def beside(what, way, other, name, figure, at_most=None, at_least=None):
        ratio = results.ratio(way, other, figure)
        wish = f"at most {at_most}" if at_most else f"at least {at_least}" if at_least else "reported"
        met = None
        if ratio and (at_most or at_least):
            met = ratio[0] <= at_most if at_most else ratio[0] >= at_least
        found.append(Goal(what, name, wish, ratio and ratio[0], met, ratio and ratio[1:]))

    def alone(what, value, wish, met):
        found.append(Goal(what, "–", wish, value, met if value is not None else None))

    trips = [("trip-1", "1 session"), ("trip-1-pinned", "1 session, all on one core"), ("trip-64", "64 sessions"),
             ("trip-500", "500 sessions")]
    for percentile in ("p50", "p99"):
        for figure, name in trips:
            beside(f"round trip {percentile}, {name}", "longwire", "least", "least FastCGI", f"{figure}.{percentile}", 1.1)
    for figure, name in trips:
        beside(f"round trip p50, {name}", "longwire", "uwebsockets", "uWebSockets", f"{figure}.p50")
    for figure, name in trips:
        beside(f"round trip p50, {name}, over `websocket`", "longwire-websocket", "uwebsockets", "uWebSockets",
               f"{figure}.p50", 1.1)
    beside("messages a second", "longwire", "least", "least FastCGI", "rate.rate", at_least=0.9)
    beside("messages a second", "longwire", "gorilla", "gorilla", "rate.rate", at_least=7)
    beside("application's CPU a message, one at a time", "longwire", "libfcgi", "libfcgi", "trip-64.application", 0.6)
    beside("application's CPU a message, pipelined", "longwire", "libfcgi", "libfcgi", "rate.application", 0.6)
    for way, name, most in (("longwire", "inline servlet", 4), ("longwire-task", "asynchronous servlet", 6)):
        for count in ("1000", "5000"):
            idle = results.median(way, f"idle.application{count}")
            alone(f"KiB of an idle session of {int(count):,}, {name}", idle, f"at most {most}",
                  idle is not None and idle <= most)
    beside("openings a second", "longwire", "uwebsockets", "uWebSockets", "open.rate", at_least=1.0)
    for figure, name in (("bulk-up", "bulk up"), ("bulk-down", "bulk down"), ("bulk", "bulk both ways at once")):
        beside(name, "longwire", "least", "least FastCGI", f"{figure}.bytes", at_least=0.95)
        beside(f"{name}, over TCP", "longwire-tcp", "least-tcp", "least FastCGI, TCP", f"{figure}.bytes", at_least=0.95)
    beside("fan-out, deliveries a second", "longwire", "uwebsockets", "uWebSockets", "fan.rate", at_least=1.0)
    beside("fan-out, deliveries a second, of the least FastCGI", "least", "uwebsockets", "uWebSockets", "fan.rate")
    sizes = ["10", "100", "1000", "8000"]
    for way, name in (("longwire", "its own at 10"), ("least", "least FastCGI, for comparison"),
                      ("uwebsockets", "uWebSockets, for comparison")):
        costs = [results.median(way, f"grow-{size}.application") for size in sizes]
        if None in costs:
            continue
        worst = max(costs) / costs[0]
        found.append(Goal("application's CPU a message as 10 sessions grow to 8,000, at worst", name,
                          "at most 1.2" if way == "longwire" else "reported", worst,
                          worst <= 1.2 if way == "longwire" else None))
    cold = results.median("longwire", "cold.answered")
    alone("ms from the start of `longwired` to the first message that came back", cold, "at most 50",
          cold is not None and cold <= 50)
    return found
