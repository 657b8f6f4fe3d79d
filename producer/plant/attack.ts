import type { PlantTag } from './tags.ts';

/**
 * What is done to one tag. Of a sensor, what the controllers and the historian see: `constant` reads the middle of the
 * normal range and `size` away from it; `ramp` moves away from the true reading evenly, by `size` at the end; `offset` is
 * `size` away from it; `scale` multiplies it, so that the middle of the range is `size` away; `frozen` holds the reading of
 * the row before; `replay` repeats what was read `ago` seconds earlier. Of an actuator: `force` overrides the controller's
 * command, `stuck` stops a valve half way. `spare` turns on a pump in reserve.
 */
export const partKinds = ['constant', 'ramp', 'offset', 'scale', 'frozen', 'replay', 'force', 'stuck', 'spare'] as const;
export type PartKind = (typeof partKinds)[number];

/** Kinds whose size is told. */
export const sizedKinds: readonly PartKind[] = ['constant', 'ramp', 'offset', 'scale'];

export interface AttackPart {
  readonly tag: PlantTag;
  readonly kind: PartKind;
  /** In lengths of the tag's normal range, 5th to 95th percentile; only of the sized kinds. */
  readonly size?: number;
  /** `force`: 1 off or closed, 2 on or open. */
  readonly to?: 1 | 2;
  /** `replay`: seconds. */
  readonly ago?: number;
}

/** Data alone: where an attack lies in a recording and what it does. */
export interface Attack {
  /** Seconds from the first row, and how long. */
  readonly start: number;
  readonly length: number;
  readonly parts: readonly AttackPart[];
  /** The tags that are spoofed never read outside their normal range, unless they were outside it anyway. */
  readonly stealthy: boolean;
  /** What is to be expected of the plant, a sentence. */
  readonly effect: string;
}

/**
 * The kind of an attack: that of its parts, or `several` where they differ or tags of several kinds are at it.
 * @example
 * const part = { tag: 'LIT101' as const, kind: 'ramp' as const, size: 0.5 };
 * kindOf({ start: 0, length: 60, parts: [part], stealthy: false, effect: '' }); // "ramp"
 */
export function kindOf({ parts }: Attack): PartKind | 'several' {
  return parts.every(({ kind }) => kind === parts[0].kind) ? parts[0].kind : 'several';
}

/** The size that is farthest from 0, in normal ranges of its tag; undefined where no part has one. */
export function sizeOf({ parts }: Attack): number | undefined {
  const sizes = parts.flatMap(({ size }) => (size === undefined ? [] : [size]));
  return sizes.length === 0 ? undefined : sizes.reduce((most, size) => (Math.abs(size) > Math.abs(most) ? size : most));
}
