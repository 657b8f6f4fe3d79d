import type uPlot from 'uplot';
import type { Aligned } from './align.ts';
import { type ChartTheme, lineColor } from './theme.ts';
import type { ChartLevel, ChartRegion, Tone } from './types.ts';
import { statusError, statusWarning } from './types.ts';

const toneColor = (theme: ChartTheme, tone: Tone) => theme[tone];

function clipToPlot(plot: uPlot, draw: (ctx: CanvasRenderingContext2D) => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx);
  ctx.restore();
}

/** Where a region lies in the plot, in canvas pixels; null: out of sight. */
function spanOf(plot: uPlot, region: ChartRegion): { left: number; width: number } | null {
  const { left, width } = plot.bbox;
  const start = plot.valToPos(region.from, 'x', true);
  const end = region.to === null ? left + width : plot.valToPos(region.to, 'x', true);
  return end < left || start > left + width ? null : { left: start, width: Math.max(2 * devicePixelRatio, end - start) };
}

/** Shaded stretches behind the lines. */
export function drawRegions(plot: uPlot, regions: readonly ChartRegion[], theme: ChartTheme): void {
  if (regions.length === 0) return;
  const { top, height } = plot.bbox;
  clipToPlot(plot, (ctx) => {
    for (const region of regions) {
      const span = spanOf(plot, region);
      if (span === null) continue;
      const color = toneColor(theme, region.tone);
      ctx.fillStyle = `${color}1f`;
      ctx.fillRect(span.left, top, span.width, height);
      ctx.fillStyle = `${color}cc`;
      ctx.fillRect(span.left, top, span.width, 2 * devicePixelRatio);
    }
  });
}

/** The names of the stretches over the lines, where there is room. */
export function drawRegionNames(plot: uPlot, regions: readonly ChartRegion[], theme: ChartTheme): void {
  const ratio = devicePixelRatio;
  const { left, top, width } = plot.bbox;
  clipToPlot(plot, (ctx) => {
    ctx.font = `${11 * ratio}px ${theme.font}`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'left';
    let free = Number.NEGATIVE_INFINITY;
    for (const region of regions) {
      const span = spanOf(plot, region);
      if (span === null || region.label === '') continue;
      const start = Math.max(span.left, left);
      const text = ctx.measureText(region.label).width;
      if (text + 12 * ratio > Math.min(span.left + span.width, left + width) - start || start < free) continue;
      ctx.fillStyle = `${theme.surface}d9`;
      ctx.fillRect(start + 3 * ratio, top + 4 * ratio, text + 6 * ratio, 15 * ratio);
      ctx.fillStyle = toneColor(theme, region.tone);
      ctx.fillText(region.label, start + 6 * ratio, top + 6 * ratio);
      free = start + text + 12 * ratio;
    }
  });
}

/** Levels as dashed steps: each holds until the next one. */
export function drawLevels(plot: uPlot, levels: readonly ChartLevel[], theme: ChartTheme, scaleOf: (level: ChartLevel) => string): void {
  if (levels.length === 0) return;
  const { bbox } = plot;
  const ratio = devicePixelRatio;
  clipToPlot(plot, (ctx) => {
    ctx.lineWidth = 1.25 * ratio;
    for (const level of levels) {
      const scale = scaleOf(level);
      ctx.strokeStyle = level.color === undefined ? toneColor(theme, level.tone) : lineColor(theme, level.color);
      ctx.setLineDash(level.tone === 'error' ? [7 * ratio, 4 * ratio] : [2 * ratio, 4 * ratio]);
      ctx.beginPath();
      level.steps.forEach((step, index) => {
        const next = level.steps[index + 1];
        const left = Math.max(bbox.left, plot.valToPos(step.time, 'x', true));
        const right = next === undefined ? bbox.left + bbox.width : Math.min(bbox.left + bbox.width, plot.valToPos(next.time, 'x', true));
        if (right <= left) return;
        const y = plot.valToPos(step.value, scale, true);
        if (!Number.isFinite(y)) return;
        ctx.moveTo(left, y);
        ctx.lineTo(right, y);
      });
      ctx.stroke();
    }
  });
}

/** Points on the line where a row was a warning or an error. */
export function drawStatus(plot: uPlot, aligned: Aligned, shown: (line: number) => string | null, theme: ChartTheme): void {
  const ratio = devicePixelRatio;
  clipToPlot(plot, (ctx) => {
    aligned.lines.forEach(({ status, values }, index) => {
      const scale = shown(index);
      if (status === undefined || scale === null) return;
      for (const [wanted, color] of [
        [statusWarning, theme.warn],
        [statusError, theme.error],
      ] as const) {
        ctx.fillStyle = color;
        ctx.beginPath();
        for (let x = 0; x < status.length; x++) {
          const value = values[x];
          if (status[x] !== wanted || value === null || value === undefined) continue;
          const left = plot.valToPos(aligned.times[x], 'x', true);
          const top = plot.valToPos(value, scale, true);
          ctx.moveTo(left + 2.5 * ratio, top);
          ctx.arc(left, top, 2.5 * ratio, 0, 2 * Math.PI);
        }
        ctx.fill();
      }
    });
  });
}

/** The zone in the corner beneath the axis of values, so that no chart shows a time without it. */
export function drawZone(plot: uPlot, label: string, theme: ChartTheme): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px ${theme.font}`;
  ctx.fillStyle = theme.quiet;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'top';
  ctx.fillText(label, bbox.left - 8 * ratio, bbox.top + bbox.height + 7 * ratio);
  ctx.restore();
}

/** The units above their axes. */
export function drawUnits(plot: uPlot, units: readonly string[], theme: ChartTheme): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px ${theme.font}`;
  ctx.fillStyle = theme.quiet;
  ctx.textBaseline = 'bottom';
  units.forEach((unit, index) => {
    const left = index % 2 === 0;
    ctx.textAlign = left ? 'right' : 'left';
    ctx.fillText(unit, left ? bbox.left - 6 * ratio : bbox.left + bbox.width + 6 * ratio, bbox.top - 8 * ratio);
  });
  ctx.restore();
}
