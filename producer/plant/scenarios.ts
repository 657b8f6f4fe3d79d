import type { AttackPart } from './attack.ts';

/** What an attack that is drawn may be: sizes (in normal ranges of the tag) and lengths (seconds) from between two bounds. */
export interface Scenario {
  /** A draw takes from as many groups as it can. */
  readonly group: 'constant' | 'drift' | 'held' | 'forced' | 'stuck' | 'several' | 'stealthy' | 'spare';
  readonly parts: readonly ScenarioPart[];
  readonly length: readonly [shortest: number, longest: number];
  readonly stealthy?: true;
  readonly effect: string;
}

export type ScenarioPart = Omit<AttackPart, 'size'> & { readonly size?: readonly [number, number] };

const short = [240, 360] as const;
const usual = [300, 420] as const;
const long = [360, 540] as const;

/**
 * After the kinds of SWaT's published list of attacks: single sensors and actuators, several of a stage, several stages,
 * and ones that are meant not to be seen.
 *
 * Source: Goh, Adepu, Junejo and Mathur 2016, doi:10.1007/978-3-319-71368-7_8, table 3.
 */
export const scenarios: readonly Scenario[] = [
  {
    group: 'constant',
    parts: [{ tag: 'LIT101', kind: 'constant', size: [-1.2, -1] }],
    length: usual,
    effect: 'T101 seems low: MV101 opens and stays open, the tank fills beyond its set point.',
  },
  {
    group: 'constant',
    parts: [{ tag: 'DPIT301', kind: 'constant', size: [1.65, 2] }],
    length: usual,
    effect: 'The filter seems clogged: it is washed again and again, and P301 hardly runs.',
  },
  {
    group: 'constant',
    parts: [{ tag: 'AIT202', kind: 'constant', size: [-9, -7] }],
    length: long,
    effect: 'The water seems acid: P203 doses nothing, and the pH after it (AIT501) rises slowly.',
  },
  {
    group: 'constant',
    parts: [{ tag: 'FIT401', kind: 'constant', size: [-13.5, -12.5] }],
    length: short,
    effect: 'The feed seems to fail: UV401 and P501 stop, and the pressures of reverse osmosis fall.',
  },
  {
    group: 'constant',
    parts: [{ tag: 'LIT301', kind: 'constant', size: [1.1, 1.4] }],
    length: usual,
    effect: 'T301 seems full: P101 stops and MV201 closes, the tank runs low.',
  },
  {
    group: 'constant',
    parts: [{ tag: 'AIT504', kind: 'constant', size: [8, 16] }],
    length: short,
    effect: 'The permeate seems salty; no controller uses it, so nothing else changes.',
  },
  {
    group: 'drift',
    parts: [{ tag: 'LIT101', kind: 'ramp', size: [2.2, 3] }],
    length: long,
    effect: 'T101 seems to fill faster than it does: MV101 closes too early, the tank runs low.',
  },
  {
    group: 'drift',
    parts: [{ tag: 'LIT401', kind: 'ramp', size: [-3.2, -2.4] }],
    length: long,
    effect: 'T401 seems to run low: P301 goes on filtering, the tank fills beyond its set point.',
  },
  {
    group: 'drift',
    parts: [{ tag: 'FIT201', kind: 'scale', size: [0.5, 0.9] }],
    length: usual,
    effect: 'The flow into T301 seems greater than it is; level and flow no longer agree.',
  },
  {
    group: 'drift',
    parts: [{ tag: 'LIT301', kind: 'offset', size: [-2, -1.4] }],
    length: long,
    effect: 'T301 seems lower than it is: P101 runs on, the tank fills beyond its set point.',
  },
  {
    group: 'drift',
    parts: [{ tag: 'PIT501', kind: 'offset', size: [2, 4] }],
    length: usual,
    effect: 'The pressure before the membranes seems higher; no controller uses it, so nothing else changes.',
  },
  {
    group: 'held',
    parts: [{ tag: 'LIT401', kind: 'frozen' }],
    length: long,
    effect: 'The level of T401 stands still while water flows in and out; P301 does not follow it.',
  },
  {
    group: 'held',
    parts: [{ tag: 'DPIT301', kind: 'frozen' }],
    length: long,
    effect: 'The differential pressure stands still while P301 starts and stops; nothing else changes.',
  },
  {
    group: 'held',
    parts: [
      { tag: 'LIT301', kind: 'replay' },
      { tag: 'FIT301', kind: 'replay' },
    ],
    length: long,
    effect: 'Level and flow of the minutes before come again; they do not agree with P101 and P301.',
  },
  {
    group: 'forced',
    parts: [{ tag: 'MV101', kind: 'force', to: 2 }],
    length: long,
    effect: 'T101 fills beyond its set point.',
  },
  {
    group: 'forced',
    parts: [{ tag: 'P301', kind: 'force', to: 1 }],
    length: short,
    effect: 'Nothing is filtered: FIT301 and DPIT301 fall to zero, T401 runs low.',
  },
  {
    group: 'forced',
    parts: [{ tag: 'P501', kind: 'force', to: 1 }],
    length: short,
    effect: 'Reverse osmosis stops: flows and pressures of P5 fall, T401 fills.',
  },
  {
    group: 'forced',
    parts: [{ tag: 'UV401', kind: 'force', to: 1 }],
    length: usual,
    effect: 'Chlorine is no longer broken down: the redox potentials AIT402 and AIT502 rise.',
  },
  {
    group: 'forced',
    parts: [{ tag: 'P203', kind: 'force', to: 1 }],
    length: long,
    effect: 'No acid is dosed: AIT202 rises above its set point.',
  },
  {
    group: 'forced',
    parts: [{ tag: 'P205', kind: 'force', to: 1 }],
    length: usual,
    effect: 'No chlorine is dosed: AIT203 falls below its set point.',
  },
  {
    group: 'forced',
    parts: [{ tag: 'MV301', kind: 'force', to: 1 }],
    length: long,
    effect: 'The filter is not washed: P602 does not start, FIT601 stays at zero and DPIT301 rises.',
  },
  {
    group: 'stuck',
    parts: [{ tag: 'MV101', kind: 'stuck' }],
    length: long,
    effect: 'MV101 reports moving and lets half of the flow through; the level of T101 does not follow the set points.',
  },
  {
    group: 'stuck',
    parts: [{ tag: 'MV302', kind: 'stuck' }],
    length: short,
    effect: 'MV302 reports moving, P301 waits for it: nothing is filtered, T401 runs low.',
  },
  {
    group: 'several',
    parts: [
      { tag: 'P101', kind: 'force', to: 2 },
      { tag: 'MV101', kind: 'force', to: 2 },
      { tag: 'MV201', kind: 'force', to: 2 },
      { tag: 'LIT301', kind: 'constant', size: [-0.43, -0.4] },
      { tag: 'P301', kind: 'force', to: 1 },
    ],
    length: usual,
    effect: 'T301 fills unseen while nothing leaves it, and T401 runs low.',
  },
  {
    group: 'several',
    parts: [
      { tag: 'MV101', kind: 'force', to: 2 },
      { tag: 'LIT101', kind: 'replay' },
    ],
    length: long,
    effect: 'T101 overfills behind a level that was recorded before.',
  },
  {
    group: 'several',
    parts: [
      { tag: 'P203', kind: 'force', to: 1 },
      { tag: 'AIT202', kind: 'frozen' },
    ],
    length: long,
    effect: 'No acid is dosed behind a pH reading that stands still; the one after it (AIT501) rises.',
  },
  {
    group: 'several',
    parts: [
      { tag: 'UV401', kind: 'force', to: 1 },
      { tag: 'P501', kind: 'force', to: 1 },
      { tag: 'FIT401', kind: 'constant', size: [-0.1, 0.1] },
    ],
    length: usual,
    effect: 'Reverse osmosis stops while its feed reads as ever.',
  },
  {
    group: 'stealthy',
    parts: [{ tag: 'LIT401', kind: 'offset', size: [-0.7, -0.5] }],
    length: long,
    stealthy: true,
    effect: 'T401 seems lower than it is, within what is usual; more is filtered than is needed.',
  },
  {
    group: 'stealthy',
    parts: [{ tag: 'LIT101', kind: 'offset', size: [0.45, 0.65] }],
    length: long,
    stealthy: true,
    effect: 'T101 seems fuller than it is, within what is usual; MV101 closes too early.',
  },
  {
    group: 'stealthy',
    parts: [{ tag: 'DPIT301', kind: 'scale', size: [-0.25, -0.15] }],
    length: usual,
    stealthy: true,
    effect: 'The filter seems cleaner than it is, within what is usual; nothing else changes.',
  },
  {
    group: 'stealthy',
    parts: [{ tag: 'AIT202', kind: 'constant', size: [-0.2, 0.2] }],
    length: usual,
    stealthy: true,
    effect: 'The pH stands still within what is usual; P203 doses ever more or ever less.',
  },
  {
    group: 'stealthy',
    parts: [{ tag: 'FIT502', kind: 'offset', size: [-0.6, -0.4] }],
    length: usual,
    stealthy: true,
    effect: 'Less permeate seems to flow, within what is usual: feed, permeate and reject no longer add up.',
  },
  {
    group: 'stealthy',
    parts: [{ tag: 'PIT501', kind: 'offset', size: [0.4, 0.6] }],
    length: usual,
    stealthy: true,
    effect: 'The pressure before the membranes seems higher, within what is usual, and no longer fits the flow through them.',
  },
  {
    group: 'spare',
    parts: [{ tag: 'P102', kind: 'spare' }],
    length: short,
    effect: 'The spare feed pump reports running; nothing else changes.',
  },
  {
    group: 'spare',
    parts: [{ tag: 'P302', kind: 'spare' }],
    length: short,
    effect: 'The spare filter pump reports running; nothing else changes.',
  },
  {
    group: 'spare',
    parts: [{ tag: 'P402', kind: 'spare' }],
    length: short,
    effect: 'The spare booster pump reports running; nothing else changes.',
  },
];
