import { signal } from '@preact/signals';

/** Colors of charts, as the page's tokens say them now. All of them are #rrggbb, so that a part of them can be had by two more digits. */
export interface ChartTheme {
  lines: string[];
  text: string;
  quiet: string;
  grid: string;
  surface: string;
  ok: string;
  error: string;
  warn: string;
  info: string;
  font: string;
}

/** Counts the changes of the theme: who draws by the tokens reads it and so draws again. */
export const themeChanges = signal(0);

let cached: ChartTheme | undefined;

function changed() {
  cached = undefined;
  themeChanges.value += 1;
}

if (typeof document !== 'undefined') {
  new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
}

/** A canvas knows no custom properties and no light-dark(): an element is asked what becomes of them. */
function readTheme(): ChartTheme {
  const probe = document.body.appendChild(document.createElement('i'));
  const color = (token: string) => {
    probe.style.color = `var(${token})`;
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
    return `#${[red, green, blue].map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
  };
  const theme = {
    lines: [1, 2, 3, 4, 5, 6].map((place) => color(`--line-${place}`)),
    text: color('--text'),
    quiet: color('--text-3'),
    grid: color('--grid'),
    surface: color('--surface'),
    ok: color('--ok'),
    error: color('--error'),
    warn: color('--warning'),
    info: color('--accent'),
    font: getComputedStyle(probe).fontFamily,
  };
  probe.remove();
  return theme;
}

export function chartTheme(): ChartTheme {
  cached ??= readTheme();
  return cached;
}

/** The color of a line by its place, from 0 on; the palette begins anew after the last. */
export const lineColor = (theme: ChartTheme, place: number): string => theme.lines[place % theme.lines.length];
