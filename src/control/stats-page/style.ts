/**
 * The look of the page. Colours are paired for a contrast of at least 4.5:1 in both schemes (WCAG 2.2, 1.4.3); below
 * 76 em a row becomes a card, and each figure carries the title of its column.
 */
export const STYLE = `:root {
  color-scheme: light dark;
  --back: #fff; --text: #17202a; --faint: #566270; --line: #d5dbe1; --head: #eef1f4; --link: #0b57b0;
  --up: #116b2d; --up-back: #dff3e4; --down: #a50e1d; --down-back: #fde3e5; --falling: #854600; --falling-back: #ffeccd;
  --rising: #6a4a00; --rising-back: #fff3bf; --drain: #0b4f9c; --drain-back: #dcebfb; --maint: #6d3a8a; --maint-back: #f0e3f7;
  --plain: #4b5560; --plain-back: #eceff2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12161b; --text: #e6eaee; --faint: #a3aebb; --line: #313a44; --head: #1d242c; --link: #8ec1ff;
    --up: #7fe09a; --up-back: #12351e; --down: #ff9aa3; --down-back: #4a1319; --falling: #ffc477; --falling-back: #44290a;
    --rising: #f4d96b; --rising-back: #3c3208; --drain: #98c8ff; --drain-back: #11304f; --maint: #dcb4f2; --maint-back: #3a2149;
    --plain: #b6c0ca; --plain-back: #262e37;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 1rem 2rem; max-width: 120rem; background: var(--back); color: var(--text);
  font: 15px/1.4 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
h1 { margin: .8rem 0 .2rem; font-size: 1.4rem; }
h2 { margin: 1.5rem 0 .35rem; font-size: 1.15rem; scroll-margin-top: .5rem; }
h2 a, th a { color: inherit; text-decoration: none; }
h2 a:hover, th a:hover { text-decoration: underline; }
small { color: var(--faint); font-size: .82rem; font-weight: normal; }
.hidden, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip:focus { position: fixed; top: .5rem; left: .5rem; padding: .5rem 1rem; background: var(--back); z-index: 3; }
.about { color: var(--faint); margin: 0; }
h2 .about { font-size: .95rem; font-weight: normal; }
.attention.told li { margin: .2rem 0; }
.process { margin: .2rem 0; color: var(--faint); }
.process span:not(:last-child)::after { content: " · "; }
.verdict { margin: .6rem 0; padding: .6rem .9rem; border-radius: .4rem; font-size: 1.2rem; font-weight: 600; }
.outcome, .pause:not(:empty) { margin: .6rem 0; padding: .4rem .9rem; border-left: .3rem solid var(--drain); background: var(--drain-back); }
.outcome.good { border-color: var(--up); background: var(--up-back); }
.outcome.bad { border-color: var(--down); background: var(--down-back); }
nav ul, footer ul { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: .3rem 0; padding: 0; list-style: none; }
nav { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem 1.4rem; margin: .4rem 0; }
.attention { display: flex; flex-wrap: wrap; gap: .35rem 1.4rem; margin: .5rem 0; padding: 0; list-style: none; }
.attention.told { display: block; }
.attention li { overflow-wrap: anywhere; }
.contents { width: 100%; padding: .5rem 0; border-top: 1px solid var(--line); }
.contents a { text-decoration: none; }
footer h2 { display: inline; font-size: 1rem; }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .6rem; color: var(--faint); }
.state, .verdict { border: 1px solid currentcolor; }
.state { display: inline-block; padding: 0 .5em; border-radius: 1em; font-weight: 600; white-space: nowrap; }
.since { white-space: nowrap; }
.state.up, .verdict.up { color: var(--up); background: var(--up-back); }
.state.down, .verdict.down { color: var(--down); background: var(--down-back); }
.state.falling, .verdict.falling { color: var(--falling); background: var(--falling-back); }
.state.rising { color: var(--rising); background: var(--rising-back); }
.state.drain { color: var(--drain); background: var(--drain-back); }
.state.maint { color: var(--maint); background: var(--maint-back); }
.state.plain { color: var(--plain); background: var(--plain-back); }
.sign.up { color: var(--up); } .sign.down { color: var(--down); } .sign.falling { color: var(--falling); }
.sign.rising { color: var(--rising); } .sign.drain { color: var(--drain); } .sign.maint { color: var(--maint); }
table { width: 100%; border-collapse: collapse; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--head); text-align: left; font-size: .85rem; box-shadow: 0 1px 0 var(--line); }
td { font-size: .93rem; }
th, td { padding: .35rem .4rem; vertical-align: top; text-align: left; }
tbody tr { border-bottom: 1px solid var(--line); }
tbody th { min-width: 9rem; max-width: 16rem; overflow-wrap: anywhere; box-shadow: inset .25rem 0 0 transparent; }
td small { display: block; }
td .of, .line small { display: inline; }
.zero { color: var(--faint); font-weight: normal; }
tbody th small { display: block; }
td[data-title=State] { min-width: 11rem; }
td[data-title=Check] { min-width: 9rem; }
td .why { max-width: 26rem; overflow-wrap: anywhere; }
.line { display: block; }
td[data-title=Responses] .line { display: inline-block; margin-right: .7em; }
td:not([data-title=Trouble]) .line, .check { white-space: nowrap; }
.check { font-weight: 600; margin-right: .4em; }
.flaps { display: block; color: var(--falling); font-size: .85rem; }
.bad, .c5xx { color: var(--down); font-weight: 600; }
.vip, .trouble { display: block; max-width: 34rem; overflow-wrap: anywhere; }
.vip small { display: inline; }
td[data-title=Problems] small { max-width: 34rem; }
.side { background: var(--head); }
tr.down th, tr.rising th { box-shadow: inset .25rem 0 0 var(--down); }
tr.falling th { box-shadow: inset .25rem 0 0 var(--falling); }
tr:target th { outline: 2px solid var(--link); }
.pick label { display: block; padding: .1rem .3rem; }
input[type=checkbox] { width: 1.15rem; height: 1.15rem; margin: 0; }
.act { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; padding: .5rem; background: var(--head); border-top: 1px solid var(--line); }
section:has(input:checked) .act { position: sticky; bottom: 0; }
button, select, input { font: inherit; padding: .2rem .6rem; }
@media (max-width: 76em) {
  body { padding: 0 .6rem 2rem; }
  thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  table, tbody, tr, th, td { display: block; max-width: none; }
  tbody tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); margin: .5rem 0; border: 1px solid var(--line); border-radius: .4rem; overflow: hidden; }
  tbody th { grid-column: 1 / -1; max-width: none; font-size: 1.05rem; background: var(--head); }
  tbody tr { position: relative; }
  .pick { position: absolute; top: 0; right: 0; }
  td:empty { display: none; }
  td[data-title]::before { content: attr(data-title); display: block; color: var(--faint); font-size: .75rem; }
  td[data-title=State], td[data-title=Check] { grid-column: span 2; }
  td[data-title=Problems] { grid-column: 1 / -1; }
}
@media print { .act, nav, .pick { display: none; } thead th { position: static; } }
@media (forced-colors: active) { .state, .verdict { border: 2px solid; } }
`;
