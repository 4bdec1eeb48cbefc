export const STYLE = `
:root { color-scheme: light; --ink: #1d2129; --soft: #5c6470; --line: #e2e5ea; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 1200px; margin: 2rem auto; padding: 0 1.2rem; background: #fff; }
h1 { font-size: 1.9rem; margin: 0; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .3rem; }
.lead { color: var(--soft); margin-top: .2rem; }
.charts { display: flex; flex-wrap: wrap; gap: 1.2rem; margin: 1rem 0; }
figure { margin: 0; padding: .8rem; border: 1px solid var(--line); border-radius: 6px; flex: 0 1 562px; box-sizing: content-box; }
figcaption { font-weight: 600; margin-bottom: .2rem; }
.legend { margin: 0 0 .4rem; font-size: .85rem; }
.legend .swatch:not(:first-child) { margin-left: .9rem; }
.swatch { display: inline-block; width: .7rem; height: .7rem; border-radius: 2px; margin-right: .35rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
summary { cursor: pointer; color: var(--soft); font-size: .9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; }
.kept { color: #00734f; font-weight: 600; }
.missed { color: #b3261e; font-weight: 600; }
`
