"""Draws six figures as bars, in one SVG that can be read on light and on dark pages."""

from xml.sax.saxutils import escape

from results import WAYS, short

SHOWN = ["longwire", "longwire-websocket", "least", "uwebsockets", "libfcgi", "libwebsockets", "gorilla", "socket.io"]
# Title, whether less is better, the figures whose sum is a bar, and in how many of their units they are shown.
PANELS = [
    ("Round trip at 64 sessions, ms", True, ["trip-64.p50"], 1e3),
    ("Messages a second", False, ["rate.rate"], 1),
    ("CPU of the application a message, µs", True, ["trip-64.application"], 1),
    ("Idle session, application + nginx, KiB", True, ["idle.application5000", "idle.nginx5000"], 1),
    ("Openings a second", False, ["open.rate"], 1),
    ("Deliveries a second, to 1,000", False, ["fan.rate"], 1),
]
WIDTH, PANEL, LABEL, VALUE, ROW, BAR, TOP, GAP, MARGIN = 900, 424, 158, 82, 20, 12, 34, 22, 18
# A bar ends here, in times of Longwire's, and says so with its edge.
LONGEST = 4
STYLE = """
.back{fill:#ffffff;stroke:#d0d7de}.title{fill:#1f2328;font-weight:600}.note,.name,.value{fill:#57606a}
.own{fill:#0969da}.own2{fill:#80b4ef}.bound{fill:#6e7781}.bound2{fill:#a8b0b8}.peer{fill:#afb8c1}.peer2{fill:#d5dae0}
.strong{fill:#1f2328;font-weight:600}
@media (prefers-color-scheme: dark){
.back{fill:#0d1117;stroke:#30363d}.title,.strong{fill:#e6edf3}.note,.name,.value{fill:#9198a1}
.own{fill:#4493f8}.own2{fill:#22548f}.bound{fill:#848d97}.bound2{fill:#545c66}.peer{fill:#484f58}.peer2{fill:#30363d}}
"""


def values(results, figures, scale):
    if "idle.application5000" in figures and not any(key[1] == figures[0] for key in results.values):
        # A shorter run has fewer sessions.
        counts = sorted({int(key[1][16:]) for key in results.values if key[1].startswith("idle.application")})
        figures = [f"idle.{who}{counts[-1]}" for who in ("application", "nginx")] if counts else figures
    found = {}
    for way in SHOWN:
        parts = [results.median(way, figure) for figure in figures]
        if None not in parts:
            found[way] = [part / scale for part in parts]
    return found


def panel(results, x, y, title, is_less_better, figures, scale):
    found = values(results, figures, scale)
    note = "less is better" if is_less_better else "more is better"
    lines = [f'<text class="title" x="{x}" y="{y + 14}">{escape(title)}</text>',
             f'<text class="note" x="{x + PANEL - 6}" y="{y + 14}" text-anchor="end" font-size="11">{note}</text>']
    if not found:
        return lines
    greatest = max(sum(parts) for parts in found.values())
    if is_less_better and "longwire" in found:
        greatest = min(greatest, LONGEST * sum(found["longwire"]))
    room = PANEL - LABEL - VALUE
    for row, (way, parts) in enumerate(found.items()):
        top = y + TOP + row * ROW - 8
        kind = "own" if way.startswith("longwire") else "bound" if way == "least" else "peer"
        mark = "strong" if kind == "own" else "name"
        lines.append(f'<text class="{mark}" x="{x + LABEL - 8}" y="{top + 10}" text-anchor="end">{escape(WAYS[way][0])}</text>')
        at, whole = x + LABEL, sum(parts)
        is_cut = whole > greatest * 1.001
        for index, part in enumerate(parts):
            width = max(part / (whole if is_cut else greatest) * room, 1)
            style = kind if index == 0 else kind + "2"
            lines.append(f'<rect class="{style}" x="{at:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" rx="1.5"/>')
            at += width
        if is_cut:
            # Two cuts through the end of the bar.
            for shift in (16, 11):
                lines.append(f'<path class="back" stroke="none" d="M{at - shift:.1f} {top + BAR + 1}l4 -{BAR + 2}h2.5l-4 {BAR + 2}z"/>')
        text = short(whole) if len(parts) == 1 else " + ".join(short(part) for part in parts)
        lines.append(f'<text class="value" x="{at + 5:.1f}" y="{top + 10}">{text}</text>')
    return lines


def picture(results):
    rows = (len(PANELS) + 1) // 2
    height_of_panel = TOP + len(SHOWN) * ROW
    height = 2 * MARGIN + rows * height_of_panel + (rows - 1) * GAP
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
             'font-family="system-ui,-apple-system,\'Segoe UI\',\'DejaVu Sans\',sans-serif" font-size="12.5" role="img">',
             "<title>Longwire beside its peers, behind one nginx</title>", f"<style>{STYLE}</style>",
             f'<rect class="back" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>']
    for number, description in enumerate(PANELS):
        x = MARGIN + number % 2 * (PANEL + 16)
        y = MARGIN + number // 2 * (height_of_panel + GAP)
        lines += panel(results, x, y, *description)
    return "\n".join(lines + ["</svg>"]) + "\n"
