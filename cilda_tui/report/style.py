"""The page's one style sheet, and the policy that lets a browser take this one and nothing else."""

from __future__ import annotations

import base64
import hashlib

from cilda_tui.report.colours import DAY, NIGHT, variables

_DASHES = ("none", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4", "10 3 3 3", "6 2 2 2 2 2", "3 6", "8 6", "5 5")
"""A line's strokes: the twelve lines of a chart differ in them, whatever colours a reader sees."""

_SHADES = 8

_SHEET = """
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--ground);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
h1,h2,h3,h4,p,li,dt,dd,th,td,summary,figcaption,bdi,pre,code,small,strong{unicode-bidi:isolate}
h1{font-size:1.5rem;line-height:1.25;margin:.2rem 0}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-top:.5rem;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:1.2rem 0 .4rem}
p{margin:.4rem 0}
a{color:var(--line0)}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;margin:.8rem 0 0;padding:0}
code,pre{font-family:ui-monospace,"Cascadia Mono",Menlo,Consolas,"Noto Sans Mono",monospace;font-size:.88em}
pre{overflow-x:auto;background:var(--raised);padding:.6rem;white-space:pre}
small{font-size:.82em;color:var(--quiet)}
.lead{font-size:1.05rem}
.aside{color:var(--quiet);font-size:.85rem}
.badge{display:inline-block;border:1.5px solid;border-radius:1em;padding:0 .6em;font-weight:600;font-size:.9rem}
.level{font-weight:600;white-space:nowrap;font-size:.9em}
.good{color:var(--good)}.warning{color:var(--warning)}.error{color:var(--error)}.info{color:var(--quiet)}
.tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin:.8rem 0}
.tiles>div{background:var(--raised);border-radius:.4rem;padding:.5rem .9rem;min-width:8rem;flex:0 1 auto}
.tiles span{display:block;font-size:.8rem;color:var(--quiet)}
.tiles strong{font-size:1.35rem;line-height:1.3}
.facts{display:grid;grid-template-columns:minmax(6rem,max-content) minmax(0,1fr);gap:.15rem 1rem;margin:.6rem 0}
.facts dt{color:var(--quiet)}.facts dd{margin:0}
.missing{border-left:4px solid var(--warning);background:var(--raised);padding:.3rem .9rem;margin:.8rem 0}
.missing ul{margin:.2rem 0;padding-left:1.2rem}
.scrolling{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;margin:.5rem 0;font-size:.88rem}
th,td{padding:.15rem .7rem .15rem 0;text-align:left;vertical-align:top;font-weight:400}
thead th{color:var(--quiet);font-size:.85em;border-bottom:1px solid var(--rule);white-space:nowrap}
.figures td{font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap}
.figures thead th:not(:first-child){text-align:right}
.figures th[scope=row]{min-width:6rem}
.figures td.words,.figures thead th.words{text-align:left}
.figures td.bars{text-align:left;width:90px}
.texts td,.texts th[scope=row]{min-width:5rem;max-width:34rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1.2rem 1.6rem}
figure{margin:.6rem 0;min-width:0;break-inside:avoid}
.charts figure{margin:0;max-width:36rem}
figcaption{font-weight:600;font-size:.92rem}
svg{display:block;max-width:100%}
svg.chart,svg.parts{width:100%;height:auto}
svg.sample,svg.bar{display:inline-block;vertical-align:baseline}
svg.sample{max-width:none}
svg text{font-size:11px;fill:var(--quiet);font-family:inherit;direction:ltr}
.grid{stroke:var(--rule);stroke-width:.7}
.axis{stroke:var(--quiet);stroke-width:1}
.seam{stroke:var(--quiet);stroke-width:1;stroke-dasharray:1 3}
line.reference{stroke:var(--text);stroke-width:1;stroke-dasharray:8 4}
text.reference{fill:var(--text)}
.line{fill:none;stroke-width:1.7;stroke-linejoin:round}
.band{opacity:.17}
.hint{fill:var(--text);fill-opacity:0}
.hint:hover{fill-opacity:.08}
.ground{fill:var(--rule)}.rest{fill:var(--quiet)}
.part{stroke:var(--ground);stroke-width:1.5}
svg text.letter{fill:var(--ground);font-weight:700;font-size:13px}
.keys{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;list-style:none;padding:0;margin:.3rem 0;font-size:.88rem}
.legend{width:100%;font-size:.82rem;margin:.1rem 0 0}
.matrix td,.matrix th{padding:.2rem .5rem;border:1px solid var(--rule)}
details{margin:.5rem 0}
summary{cursor:pointer;padding:.2rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr));gap:.8rem}
.card{background:var(--raised);border-radius:.4rem;padding:.4rem .9rem .6rem;break-inside:avoid;min-width:0}
.pair{display:grid;grid-template-columns:2.6rem minmax(0,1fr);gap:.2rem .4rem;margin:.3rem 0}
.pair{max-height:24rem;overflow-y:auto}
.pair dt{color:var(--quiet);font-size:.85rem}.pair dd{margin:0}
.was{text-decoration:line-through;text-decoration-thickness:1.5px;color:var(--line1);font-weight:600}
.is{text-decoration:underline double;text-underline-offset:2px;color:var(--line0);font-weight:700}
.answers{width:100%;font-variant-numeric:tabular-nums}
.answers td{white-space:nowrap}
.answers svg.bar{width:56px;height:8px}
.said{display:flex;flex-wrap:wrap;gap:.1rem 1rem;font-size:.88rem}
footer{margin:3rem 0 1rem;border-top:1px solid var(--rule);color:var(--quiet);font-size:.82rem}
@media (max-width:40rem){
body{padding:.7rem;font-size:14px}
.facts{grid-template-columns:minmax(0,1fr);gap:0}.facts dd{margin:0 0 .4rem}
.answers svg.bar{display:block}
svg.chart text{font-size:13px}
}
@media print{
body{max-width:none;padding:0;font-size:10pt}
nav{display:none}
details::details-content{content-visibility:visible;block-size:auto;height:auto}
summary{list-style:none}
.scrolling,.pair{overflow:visible;max-height:none}
.charts{grid-template-columns:1fr 1fr}
.hint{display:none}
h2,h3{break-after:avoid}
tr,.card,.tiles>div{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
"""


def sheet() -> str:
    """The style sheet. By night it is dark, but never on paper."""
    rules = [
        f":root{{{variables(DAY)}}}",
        f"@media screen and (prefers-color-scheme:dark){{:root{{{variables(NIGHT)}}}}}",
    ]
    for place in range(len(DAY.lines)):
        rules += [f".stroke{place}{{stroke:var(--line{place})}}", f".fill{place}{{fill:var(--line{place})}}"]
    rules += [f".dash{place}{{stroke-dasharray:{dash}}}" for place, dash in enumerate(_DASHES)]
    for shade in range(1, _SHADES + 1):
        part = round(60 * shade / _SHADES)
        rules.append(f".shade{shade}{{background:color-mix(in srgb,var(--line0) {part}%,var(--ground))}}")
    return "\n".join([*rules, _SHEET.strip()])


def policy(style: str) -> str:
    """What a browser may do with the page: show it in this style. No script, no connection, no other resource."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
