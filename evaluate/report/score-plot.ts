import type { FileEvaluation, LabelledEvent, MethodEvaluation } from '../evaluation.ts';
import { type Html, html, named, type Part } from './html.ts';
import { amountText, percentText, ratio } from './number-text.ts';
import { timeOfRow, timeTicks } from './time-axis.ts';

/** The page is not wider than this many points. */
const mostPoints = 1200;
/** Pixels, and units in which curves are written. */
const height = 72;
const units = 200;
/** An event is drawn at least this part of the width wide, and numbered where the last number is this far away. */
const leastEvent = 0.002;
const leastLabel = 0.028;
const leastNarrowLabel = 0.08;

/**
 * Scores of all methods over time, one below the other on the same axes: events shaded and numbered, the error level
 * drawn. The curves stretch with the page, the writing does not. Baselines have no score worth looking at.
 */
export function scorePlots(file: FileEvaluation, label: string): Html {
  const methods = file.methods.filter((method) => method.kind !== 'baseline');
  const courses = methods.map(({ course }) => thinned(course.largest));
  const scale = scaleOf(courses.flat());
  const ticks = timeTicks(file);
  const rowsAPoint = methods.length === 0 ? 1 : methods[0].course.step * Math.ceil(methods[0].course.largest.length / mostPoints);
  return html`<figure class="plots" aria-label="${label}">
<figcaption>Calibrated score of each method over time (each point is the largest of ${rowsAPoint === 1 ? 'one row' : `${rowsAPoint} rows`}). Shaded and numbered: labelled
events. Dashed line at 1: the error level. Filled: above it. The scale is compressed above 1 (inverse hyperbolic sine) and the same for all methods.</figcaption>
${file.events.length > 0 ? html`<div class="lane strip" aria-hidden="true"><div></div><svg class="ys" height="16"></svg><svg class="plot" width="100%" height="16">${eventNumbers(file)}</svg></div>` : undefined}
${methods.map((method, m) => lane(file, method, courses[m], scale))}
<div class="lane axis" aria-hidden="true"><div></div><svg class="ys" height="32"></svg><svg class="plot" width="100%" height="32">${ticks.map(
    ({ at, label: text, date }, t) => {
      const anchor = at < 0.06 ? 'start' : at > 0.94 ? 'end' : 'middle';
      const x = `${(at * 100).toFixed(2)}%`;
      const second = date === undefined ? undefined : html`<text x="${x}" y="28" text-anchor="${anchor}">${date}</text>`;
      return html`<g${t % 2 === 1 ? html` class="odd"` : undefined}><line x1="${x}" x2="${x}" y1="0" y2="5"/><text x="${x}" y="16" text-anchor="${anchor}">${text}</text>${second}</g>`;
    },
  )}</svg></div>
</figure>`;
}

interface Scale {
  y(score: number): number;
  readonly marks: readonly number[];
}

function lane(file: FileEvaluation, method: MethodEvaluation, course: readonly number[], scale: Scale): Html {
  const width = Math.max(1, course.length - 1);
  const found = method.events.filter((event) => event.found).length;
  const level = scale.y(1);
  return html`<div class="lane"><div class="what"><strong>${named(method.name)}</strong><span>AUC-PR ${ratio(method.aucPr)}</span><span>${found} of ${file.events.length} events</span></div>
<svg class="ys" height="${height}" aria-hidden="true">${scale.marks.map((mark) => html`<text x="100%" dx="-4" y="${((scale.y(mark) / units) * height + 4).toFixed(1)}" text-anchor="end">${mark < 1000 ? mark : `${mark / 1000}k`}</text>`)}</svg>
<svg class="plot" width="100%" height="${height}" viewBox="0 0 ${width} ${units}" preserveAspectRatio="none" role="img" aria-label="${described(file, method, found)}"><path class="event" d="${shades(file, width)}"/><path class="zero" d="M0 ${scale.y(0)}h${width}"/><path class="over" d="${above(course, scale, level)}"/><path class="curve" d="${curve(course, scale)}"/><path class="level" d="M0 ${level}h${width}"/></svg></div>
`;
}

function described(file: FileEvaluation, { name, course, own }: MethodEvaluation, found: number): string {
  let peak = -1;
  let over = 0;
  course.largest.forEach((score, point) => {
    if (score >= 1) over++;
    if (Number.isFinite(score) && !(score <= course.largest[peak])) peak = point;
  });
  const time = peak < 0 ? undefined : timeOfRow(file, Math.min(file.rows - 1, peak * course.step));
  const highest = peak < 0 ? 'no score' : `highest ${amountText(course.largest[peak])}${time === undefined ? '' : ` near ${time}`}`;
  const share = percentText(course.largest.length === 0 ? Number.NaN : over / course.largest.length);
  return `${name}, calibrated score over time: ${highest}; at or above the error level in ${share} of the points; ${found} of ${file.events.length} events found, recall ${amountText(own.recall)}, precision ${amountText(own.precision)}.`;
}

function eventNumbers(file: FileEvaluation): Part[] {
  const labels: Part[] = [];
  let last = Number.NEGATIVE_INFINITY;
  let lastNarrow = Number.NEGATIVE_INFINITY;
  file.events.forEach((event, e) => {
    const middle = centre(event, file.rows);
    if (middle - last < leastLabel) return;
    last = middle;
    const dense = middle - lastNarrow < leastNarrowLabel;
    if (!dense) lastNarrow = middle;
    labels.push(html`<text${dense ? html` class="dense"` : undefined} x="${(middle * 100).toFixed(2)}%" y="12" text-anchor="middle">${e + 1}</text>`);
  });
  return labels;
}

function centre({ from, to }: LabelledEvent, rows: number): number {
  return (from + to) / 2 / Math.max(1, rows);
}

function shades(file: FileEvaluation, width: number): string {
  const rows = Math.max(1, file.rows);
  const place = (share: number): number => Number((share * width).toFixed(1));
  return file.events
    .map((event) => {
      const half = Math.max(leastEvent, (event.to - event.from) / rows) / 2;
      const from = place(Math.max(0, centre(event, rows) - half));
      const to = place(Math.min(1, centre(event, rows) + half));
      return `M${from} 0V${units}H${to}V0z`;
    })
    .join('');
}

/** One step a point to the right; a point without a score interrupts. */
function curve(course: readonly number[], { y }: Scale): string {
  let path = '';
  let last: number | undefined;
  course.forEach((score, point) => {
    if (!Number.isFinite(score)) {
      last = undefined;
      return;
    }
    const next = y(score);
    // A line to the right by nothing is a dot, so that a point between two gaps shows.
    path += last === undefined ? `M${point} ${next}h0` : last === next ? 'h1' : `l1 ${next - last}`;
    last = next;
  });
  return path;
}

/** Between the curve and the error level, wherever the curve is above. */
function above(course: readonly number[], { y }: Scale, level: number): string {
  let path = '';
  let inside = false;
  course.forEach((score, point) => {
    if (!(score >= 1)) {
      if (inside) path += `V${level}z`;
      inside = false;
      return;
    }
    path += inside ? `L${point} ${y(score)}` : `M${point} ${level}V${y(score)}`;
    inside = true;
  });
  return inside ? `${path}V${level}z` : path;
}

/** Largest of each stretch, as many stretches as can be seen. */
function thinned(largest: readonly number[]): number[] {
  const step = Math.ceil(largest.length / mostPoints);
  if (step <= 1) return [...largest];
  const out: number[] = [];
  for (let from = 0; from < largest.length; from += step) {
    let most = Number.NaN;
    for (let i = from; i < Math.min(from + step, largest.length); i++) if (!(largest[i] <= most) && Number.isFinite(largest[i])) most = largest[i];
    out.push(most);
  }
  return out;
}

function scaleOf(scores: readonly number[]): Scale {
  let top = 1.5;
  let bottom = 0;
  for (const score of scores) {
    if (!Number.isFinite(score)) continue;
    if (score > top) top = score;
    if (score < bottom) bottom = Math.max(-1, score);
  }
  const [high, low] = [Math.asinh(top), Math.asinh(bottom)];
  const y = (score: number): number => Math.round(((high - Math.asinh(Math.max(bottom, score))) / (high - low)) * (units - 10)) + 5;
  const marks = [0, 1];
  for (let decade = 1; decade * 3 <= top; decade *= 10) marks.push(3 * decade, 10 * decade);
  return {
    y,
    marks: spaced(
      marks.filter((mark) => mark <= top),
      y,
    ),
  };
}

/** Marks that do not touch: 0 and 1 stay. */
function spaced(marks: readonly number[], y: (score: number) => number): number[] {
  const kept = marks.slice(0, 2);
  for (const mark of marks.slice(2)) if (y(kept[kept.length - 1]) - y(mark) >= (units * 13) / height) kept.push(mark);
  return kept;
}
