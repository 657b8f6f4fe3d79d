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

/** Shaded stretches behind the lines, with their names on top where there is room. */
export function drawRegions(plot: uPlot, regions: readonly ChartRegion[], theme: ChartTheme, named = true): void {
  if (regions.length === 0) return;
  const { bbox } = plot;
  const ratio = devicePixelRatio;
  clipToPlot(plot, (ctx) => {
    ctx.font = `${11 * ratio}px ${theme.font}`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'left';
    let free = Number.NEGATIVE_INFINITY;
    for (const region of regions) {
      const start = plot.valToPos(region.from, 'x', true);
      const end = region.to === null ? bbox.left + bbox.width : plot.valToPos(region.to, 'x', true);
      if (end < bbox.left || start > bbox.left + bbox.width) continue;
      const color = toneColor(theme, region.tone);
      const width = Math.max(2 * ratio, end - start);
      ctx.fillStyle = `${color}24`;
      ctx.fillRect(start, bbox.top, width, bbox.height);
      ctx.fillStyle = `${color}cc`;
      ctx.fillRect(start, bbox.top, width, 2 * ratio);
      if (!named) continue;
      const visible = Math.max(start, bbox.left);
      const room = Math.min(start + width, bbox.left + bbox.width) - visible;
      const text = ctx.measureText(region.label).width;
      if (text + 10 * ratio < room && visible > free) {
        ctx.fillStyle = theme.text;
        ctx.fillText(region.label, visible + 5 * ratio, bbox.top + 5 * ratio);
        free = visible + text + 10 * ratio;
      }
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
