"""Names the callers in what `longwire-micro --stacks` writes, and counts those that are alike."""

import bisect
import collections
import re
import subprocess
import sys

program = sys.argv[1]
callers_shown = 9


def lines_of(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.splitlines()


functions = []
for line in lines_of("nm", program):
    words = line.split(" ", 2)
    if len(words) == 3 and words[0] and words[1] in "tTwW":
        functions.append((int(words[0], 16), words[2]))
functions.sort()


def name(caller):
    module, plus, offset = caller.rpartition("+")
    if not plus or not module.endswith("longwire-micro"):
        return caller
    index = bisect.bisect(functions, (int(offset, 16), "~")) - 1
    return functions[index][1] if index >= 0 else caller


stacks = collections.Counter()
for line in sys.stdin:
    size, *callers = line.split()
    stacks[size, tuple(name(caller) for caller in callers)] += 1

mangled = sorted({caller for _, callers in stacks for caller in callers})
plain = dict(zip(mangled, lines_of("swift", "demangle", "--simplified", "--compact", text="\n".join(mangled) + "\n")))
of_the_runtime = re.compile(r"^(malloc|calloc|realloc|keep|note|_?swift_|swift::|.*libswift|.*libc\.)")
prefixes = re.compile(
    r"^((function signature specialization|generic specialization|specialized|merged|partial apply|protocol witness)"
    r"( <[^>]*>)?( (of|for))? ?)+")

for (size, callers), count in stacks.most_common():
    shown = []
    for caller in (plain[caller] for caller in callers):
        if of_the_runtime.match(caller) and not shown:
            continue
        caller = prefixes.sub("", caller)[:110]
        if not shown or shown[-1] != caller:
            shown.append(caller)
    print(f"{count} × {size} bytes")
    for caller in shown[:callers_shown]:
        print(f"    {caller}")
print(f"{sum(stacks.values())} in all")
