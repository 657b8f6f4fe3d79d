import type { Random } from '../../core/random.ts';
import type { AnomalyShape, SimulatedAnomaly } from '../../core/simulator.ts';

/** One value under an anomaly. */
interface Place {
  /** The item's own value. */
  readonly value: number;
  /** The item's value before the anomaly; its own where there was none. */
  readonly held: number;
  /** Number of the value within the anomaly, from 0. */
  readonly at: number;
  readonly length: number;
  readonly size: number;
  readonly random: Random;
}

interface Shape {
  /** What it does, for people. */
  readonly summary: string;
  readonly apply: (place: Place) => number;
}

/** Every shape, in the order in which they are offered. A negative size turns it around. */
export const anomalyShapes: Readonly<Record<AnomalyShape, Shape>> = {
  spike: {
    summary: 'rises to `size` in the middle and falls back; of length 1 a single value',
    apply: ({ value, at, length, size }) => value + (size * Math.min(at + 1, length - at)) / Math.ceil(length / 2),
  },
  step: { summary: 'lies `size` higher all the time', apply: ({ value, size }) => value + size },
  ramp: { summary: 'rises evenly to `size`, then is over', apply: ({ value, at, length, size }) => value + (size * (at + 1)) / length },
  drop: { summary: 'falls by `size` at once and recovers evenly', apply: ({ value, at, length, size }) => value - size * (1 - at / length) },
  stuck: { summary: 'stays at the value before it, `size` beside it; the size may be left out', apply: ({ held, size }) => held + size },
  noise: { summary: 'adds noise with a standard deviation of `size`', apply: ({ value, size, random }) => value + size * random.normal() },
};

/** An anomaly that is laid over values one after the other. */
export class Overlay {
  readonly length: number;
  readonly #anomaly: SimulatedAnomaly;
  readonly #random: Random;
  #at = 0;
  #held: number | undefined;

  /** @param random of the anomaly alone: the item's own values are the same with and without it */
  constructor(anomaly: SimulatedAnomaly, random: Random) {
    this.#anomaly = anomaly;
    this.#random = random;
    this.length = 'deltas' in anomaly ? anomaly.deltas.length : anomaly.length;
  }

  /** Values that it is still to be laid over. */
  get left(): number {
    return this.length - this.#at;
  }

  /** @param previous the item's last value as it was sent */
  next(value: number, previous: number | undefined): number {
    const at = this.#at++;
    if ('deltas' in this.#anomaly) return value + this.#anomaly.deltas[at];
    this.#held ??= previous ?? value;
    const { shape, size, length } = this.#anomaly;
    return anomalyShapes[shape].apply({ value, held: this.#held, at, length, size, random: this.#random });
  }
}
