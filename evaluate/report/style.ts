/**
 * The page's one style sheet. Colours are named once per scheme; writing on its ground, and curves on what is shaded, hold
 * a contrast of 4.5 to 1 (WCAG 2.2, 1.4.3). Whatever a colour says is also said by a dash, a fill, a number or a word.
 */
export const style = `
:root { color-scheme: light dark; --ground: #ffffff; --panel: #f5f7f9; --text: #17202a; --quiet: #51606f; --rule: #d3dae1; --link: #0b57a4;
  --curve: #1c5aa6; --over: #b3261e; --event: #f7e3b5; --edge: #7d5600; --good: #11663a; --bad: #a02018; }
@media (prefers-color-scheme: dark) { :root { --ground: #11161c; --panel: #1a2129; --text: #e7ecf2; --quiet: #a5b2c0; --rule: #36414d; --link: #8cc1ff;
  --curve: #84bbff; --over: #ff9d92; --event: #453715; --edge: #e3b450; --good: #7bd69d; --bad: #ff9d92; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
main, header { max-width: 84rem; margin: 0 auto; padding: 0 2rem; }
header { padding-top: 2.2rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .6rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 2.8rem 0 .6rem; padding-top: 1.1rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.08rem; margin: 2.4rem 0 .4rem; }
h4 { font-size: .95rem; margin: 1.6rem 0 .3rem; }
p { margin: .4rem 0 .8rem; max-width: 52rem; }
a { color: var(--link); }
.lead { font-size: 1.05rem; }
.quiet, figcaption, caption { color: var(--quiet); }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .6rem 0 1rem; }
dl.facts dt { color: var(--quiet); } dl.facts dd { margin: 0; }
ul.notes { margin: .3rem 0 1rem; padding-left: 1.2rem; max-width: 52rem; }
nav ul { list-style: none; margin: .6rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
.scroll { position: relative; overflow-x: auto; margin: .8rem 0 1.4rem; border: 1px solid var(--rule); border-radius: 6px; max-width: 100%; width: fit-content; }
.scroll:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: separate; border-spacing: 0; font-size: .87rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; padding: .55rem .8rem; font-size: .87rem; border-bottom: 1px solid var(--rule); }
caption span { position: sticky; left: .8rem; display: inline-block; max-width: min(60rem, calc(100vw - 5rem)); }
th, td { padding: .34rem .8rem; text-align: right; vertical-align: baseline; white-space: nowrap; border-bottom: 1px solid var(--rule); }
tbody:last-child tr:last-child > * { border-bottom: 0; }
thead th { color: var(--quiet); font-weight: 600; background: var(--panel); vertical-align: bottom; white-space: normal; min-width: 4.6rem; }
thead th.wide { min-width: 9rem; }
table.figures thead th { white-space: nowrap; min-width: 0; } table.figures thead th.long { white-space: normal; min-width: 5.2rem; }
th[scope=row], thead th:first-child { text-align: left; position: sticky; left: 0; background: var(--ground); border-right: 1px solid var(--rule); }
th[scope=row] bdi { display: block; width: max-content; max-width: 18rem; white-space: normal; overflow-wrap: anywhere; }
th[scope=row] { font-weight: 600; } thead th:first-child { background: var(--panel); }
th[scope=rowgroup] { text-align: left; background: var(--panel); color: var(--quiet); font-weight: 600; padding-top: .55rem; }
th[scope=rowgroup] span { position: sticky; left: .8rem; }
td.best { font-weight: 700; } td.aside, th.aside { color: var(--quiet); font-style: italic; font-weight: 400; }
th.aside { font-weight: 600; }
table.events td, table.events thead th { text-align: left; } table.events td { vertical-align: top; } table.events th[scope=row] { vertical-align: top; }
table.events thead th:first-child { min-width: 2.6rem; }
table.events td.words { white-space: normal; min-width: 13rem; max-width: 22rem; } table.events td.tags { white-space: normal; min-width: 6.5rem; }
table.events td.outcome { white-space: normal; min-width: 10.5rem; }
.found { color: var(--good); font-weight: 600; } .missed { color: var(--bad); font-weight: 600; }
.outcome small { display: block; color: var(--quiet); font-size: .94em; } .outcome small strong { color: var(--text); }
.none { color: var(--quiet); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
details { margin: .2rem 0 1rem; } summary { cursor: pointer; color: var(--link); padding: .2rem 0; }
figure.plots { margin: 1rem 0 1.6rem; } figcaption { font-size: .87rem; margin-bottom: .7rem; max-width: 60rem; }
.lane { display: grid; grid-template-columns: 9.5rem 2.2rem minmax(0, 1fr); margin-bottom: 7px; break-inside: avoid; }
.lane.strip { margin-bottom: 0; }
.lane .what { font-size: .8rem; line-height: 1.45; padding: .2rem .6rem 0 0; color: var(--quiet); font-variant-numeric: tabular-nums; }
.lane .what strong { display: block; font-size: .87rem; color: var(--text); } .lane .what span { display: block; } .lane .what span.none { display: inline; }
svg { display: block; overflow: visible; } svg.ys { width: 100%; }
svg text { font-size: 11px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
svg.plot path { vector-effect: non-scaling-stroke; fill: none; }
.lane > svg[role=img] { background: var(--panel); overflow: hidden; }
path.event { fill: var(--event) !important; stroke: var(--edge); stroke-width: .7; stroke-opacity: .55; }
path.zero { stroke: var(--rule); } path.level { stroke: var(--text); stroke-width: 1; stroke-dasharray: 5 4; }
path.curve { stroke: var(--curve); stroke-width: 1.2; stroke-linejoin: round; stroke-linecap: round; }
path.over { fill: var(--over) !important; fill-opacity: .5; }
.strip svg text { fill: var(--edge); font-weight: 600; } .axis line { stroke: var(--quiet); }
dl.terms { max-width: 56rem; } dl.terms dt { font-weight: 600; margin-top: .7rem; } dl.terms dd { margin: 0; }
footer { margin: 3rem 0 2rem; color: var(--quiet); font-size: .87rem; }
@media (max-width: 46rem) {
  main, header { padding: 0 1rem; } header { padding-top: 1.4rem; } h1 { font-size: 1.4rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: .45rem; }
  .lane { grid-template-columns: 2.2rem minmax(0, 1fr); } .lane .what { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 0 .7rem; padding-left: 2.2rem; }
  .lane.strip > div, .lane.axis > div { display: none; } .axis .odd { display: none; }
  th, td { padding: .32rem .6rem; } th[scope=row] bdi { max-width: 8rem; }
  .dense { display: none; }
}
@page { size: A4 landscape; margin: 12mm; }
@media print {
  :root { color-scheme: light; --ground: #ffffff; --panel: #f5f7f9; --text: #000000; --quiet: #414b55; --rule: #b9c2cb; --link: #000000;
    --curve: #1c5aa6; --over: #b3261e; --event: #f7e3b5; --edge: #7d5600; --good: #11663a; --bad: #a02018; }
  html { font-size: 10px; } body { font-size: 10px; print-color-adjust: exact; -webkit-print-color-adjust: exact; } main, header { padding: 0; max-width: none; }
  .scroll { overflow: visible; border: 0; width: auto; } table { width: 100%; font-size: 8px; } th, td, .lane { break-inside: avoid; }
  th, td { padding: 1.5px 4px; white-space: normal; } th[scope=row], thead th:first-child { position: static; } th[scope=row] bdi { max-width: 14rem; }
  thead th, thead th.wide, table.figures thead th.long, table.events td.words, table.events td.tags, table.events td.outcome { min-width: 0; max-width: none; } caption { padding-left: 0; } caption span { max-width: none; position: static; }
  nav { display: none; } details::details-content { content-visibility: visible; block-size: auto; } summary { list-style: none; }
  h2, h3, h4, caption, figcaption { break-after: avoid; } tr { break-inside: avoid; } h2 { margin-top: 1.6rem; }
}
`;
