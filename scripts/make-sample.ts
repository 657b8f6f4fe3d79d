/**
 * Writes data/swat-sample.xlsx: four hours of a SWaT-like plant at 1 Hz in the layout of SWaT's 2015 workbooks, labels
 * included. SWaT itself may not be redistributed; this is a small physical model of it, seeded, so that the same file
 * comes out on every machine.
 *
 * The sample keeps the model it was first made with, which is simpler than that of producer/plant/: its rows are what tests
 * and documents speak of. The layout of the workbook is shared.
 *
 * The tanks follow their mass balance; valves and pumps follow the PLC's hysteresis on what the PLC *sees*. An attack
 * changes what is seen or what an actuator does, and the plant reacts.
 *
 *   npm run sample [-- <file>]
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { XlsxStreamWriter } from 'hucre/xlsx';
import { makeRandom, type Random } from '../core/random.ts';
import { workbookHead, workbookTime } from '../producer/plant/recording-file.ts';
import { plantTags } from '../producer/plant/tags.ts';

/** One row: the tags in SWaT's order, rounded like the historian's. */
export interface SampleRow {
  /** ` 28/12/2015 10:00:00 AM` */
  readonly time: string;
  readonly values: readonly number[];
  readonly label: 'Normal' | 'Attack' | 'A ttack';
}

type Values = Record<string, number>;

/** SWaT's 51 tags, in its order. */
export const sampleTags: readonly string[] = plantTags;

export interface Attack {
  /** Data row, 0-based, and length in rows (seconds). */
  readonly from: number;
  readonly rows: number;
  readonly what: string;
  /** Changes what the PLC and the historian see of the sensors; `t` = seconds into the attack, `held` = readings just before it. */
  spoof?(seen: Values, t: number, held: Values): void;
  /** Overrides the PLC's commands: 1 off or closed, 2 on or open. */
  force?: Values;
  /** A further pump is shown running without any effect on the water. */
  spare?: string;
}

/** Kinds of the published SWaT list; each begins from normal operation and leaves the plant time to recover. */
export const sampleAttacks: readonly Attack[] = [
  { from: 4200, rows: 180, what: 'DPIT301 spoofed to 45 kPa: backwash again and again', spoof: (seen) => put(seen, 'DPIT301', 45) },
  {
    from: 5100,
    rows: 240,
    what: 'LIT101 drifts up by 1 mm/s: inflow stops, tank T101 runs low',
    spoof: (seen, t, held) => put(seen, 'LIT101', held.LIT101 + t),
  },
  { from: 6200, rows: 120, what: 'spare pump P102 turned on: shows in no other tag', spare: 'P102' },
  { from: 7000, rows: 200, what: 'AIT202 spoofed to pH 6: acid dosing stops', spoof: (seen) => put(seen, 'AIT202', 6) },
  { from: 8000, rows: 260, what: 'MV101 forced open: tank T101 overflows', force: { MV101: 2 } },
  { from: 9300, rows: 150, what: 'FIT401 spoofed to 0.5 m3/h: UV and reverse osmosis shut down', spoof: (seen) => put(seen, 'FIT401', 0.5) },
  {
    from: 10300,
    rows: 240,
    what: 'several stages at once: P101 and MV101 forced on, LIT301 spoofed to 801 mm, P301 forced off',
    spoof: (seen) => put(seen, 'LIT301', 801),
    force: { P101: 2, MV101: 2, MV201: 2, P301: 1 },
  },
  {
    from: 11700,
    rows: 300,
    what: 'stealthy: LIT401 follows the real level but loses 0.25 mm/s, inside its normal range',
    spoof: (seen, t) => put(seen, 'LIT401', Math.max(seen.LIT401 - 0.25 * t, 790)),
  },
  { from: 12900, rows: 240, what: 'P301 forced off: inflow of tank T401 stops', force: { P301: 1 } },
];

const put = (values: Values, tag: string, value: number): void => {
  values[tag] = value;
};

/** First-order noise with standard deviation 1 and correlation time `tau` seconds. */
function makeDrift(random: Random, tau: number): () => number {
  const keep = Math.exp(-1 / tau);
  const push = Math.sqrt(1 - keep * keep);
  let value = random.normal();
  return () => {
    value = keep * value + push * random.normal();
    return value;
  };
}

const towards = (value: number, target: number, tau: number): number => value + (target - value) / tau;
/** mm of level per second for 1 m3/h into a tank of the given area in m2. */
const rise = (area: number): number => 1000 / 3600 / area;
/** On below `low`, off above `high`, otherwise as it was. */
const hysteresis = (on: boolean, value: number, low: number, high: number): boolean => (value < low ? true : value > high ? false : on);

/** The PLCs: commands from what is seen, with their own memory. */
function makeControl() {
  let fill = true;
  let feed = true;
  let filter = true;
  let acid = false;
  let salt = false;
  let chlorine = false;
  let filtered = 0;
  let washing = 0;
  return (seen: Values, state: Values): Values => {
    fill = hysteresis(fill, seen.LIT101, 500, 800);
    feed = hysteresis(feed, seen.LIT301, 800, 1000);
    filter = hysteresis(filter, seen.LIT401, 800, 1000);
    acid = !hysteresis(!acid, seen.AIT202, 6.95, 7.05);
    salt = hysteresis(salt, seen.AIT201, 250, 262);
    chlorine = hysteresis(chlorine, seen.AIT203, 420, 450);
    filtered += state.P301 === 2 ? 1 : 0;
    if (washing > 0) washing -= 1;
    else if (filtered >= 500 || seen.DPIT301 > 40) {
      washing = 60;
      filtered = 0;
    }
    const wash = washing > 0;
    const flush = washing > 0 && washing <= 15;
    const pump1 = feed && state.MV201 === 2 && seen.LIT101 > 250;
    const osmosis = seen.FIT401 > 0.7;
    const on = (yes: boolean): number => (yes ? 2 : 1);
    return {
      MV101: on(fill),
      MV201: on(feed),
      P101: on(pump1),
      P201: on(pump1 && salt),
      P203: on(pump1 && acid),
      P205: on(pump1 && chlorine),
      MV301: on(wash && !flush),
      MV302: on(filter && !wash),
      MV303: on(wash),
      MV304: on(flush),
      P301: on(filter && !wash && state.MV302 === 2 && seen.LIT301 > 250),
      P401: on(seen.LIT401 > 250),
      UV401: on(osmosis),
      P501: on(osmosis),
      P602: on(wash && !flush && state.MV301 === 2),
    };
  };
}

/** Water, chemistry and the historian's readings, one second a step. */
function makePlant(random: Random) {
  const drift = (purpose: string, tau: number) => makeDrift(random.fork(purpose), tau);
  const supply = drift('supply', 120);
  const raw = { salt: drift('salt', 200), acidity: drift('acidity', 150), orp: drift('orp', 180) };
  const speed = drift('speed', 90);
  const slow = new Map(sampleTags.filter((tag) => tag.startsWith('AIT')).map((tag) => [tag, drift(tag, 120)]));
  const noise = random.fork('noise');
  const valve: Values = { MV101: 1, MV201: 1, MV301: 0, MV302: 1, MV303: 0, MV304: 0 };
  const flow: Values = { FIT101: 4.5, FIT201: 2.4, FIT301: 2.05, FIT401: 1.66, FIT601: 0, osmosis: 1 };
  const level: Values = { LIT101: 620, LIT301: 880, LIT401: 860 };
  const water: Values = { salt: 256, ph: 7, orp: 435, mixed: 435, fouling: 0.3 };

  return (command: Values): { state: Values; readings: Values } => {
    const state: Values = Object.fromEntries(sampleTags.filter((tag) => /^(MV|P\d|UV)/.test(tag)).map((tag) => [tag, command[tag] ?? 1]));
    for (const name of Object.keys(valve)) {
      valve[name] = Math.min(1, Math.max(0, valve[name] + (command[name] === 2 ? 0.125 : -0.125)));
      state[name] = valve[name] === 1 ? 2 : valve[name] === 0 ? 1 : 0;
    }
    const on = (tag: string): number => (state[tag] === 2 ? 1 : 0);
    const pressure = 1 + 0.004 * speed();

    flow.FIT101 = towards(flow.FIT101, valve.MV101 * (4.5 + 0.05 * supply()), 2);
    flow.FIT201 = towards(flow.FIT201, on('P101') * valve.MV201 * (level.LIT101 > 20 ? 2.42 : 0), 2);
    flow.FIT301 = towards(flow.FIT301, on('P301') * valve.MV302 * (2.15 - 0.12 * water.fouling), 2);
    flow.FIT401 = towards(flow.FIT401, on('P401') * (level.LIT401 > 20 ? 1.66 * pressure : 0), 3);
    flow.osmosis = towards(flow.osmosis, on('P501') * (flow.FIT401 / 1.66), 6);
    flow.FIT601 = towards(flow.FIT601, on('P602') * valve.MV301 * 1.8, 2);

    level.LIT101 = Math.min(1150, Math.max(0, level.LIT101 + rise(0.6) * (flow.FIT101 - flow.FIT201)));
    level.LIT301 = Math.min(1200, Math.max(0, level.LIT301 + rise(0.35) * (flow.FIT201 - flow.FIT301)));
    level.LIT401 = Math.min(1200, Math.max(0, level.LIT401 + rise(0.35) * (flow.FIT301 - flow.FIT401)));

    const moving = flow.FIT201 / 2.42;
    water.salt += moving * ((244 + 3 * raw.salt() - water.salt) / 200 + 0.15 * on('P201'));
    water.ph += moving * ((8.4 + 0.05 * raw.acidity() - water.ph) / 500 - 0.006 * on('P203'));
    water.orp += moving * ((395 + 6 * raw.orp() - water.orp) / 250 + 0.3 * on('P205'));
    water.mixed = towards(water.mixed, water.orp, 300);
    water.fouling = on('P602') ? towards(water.fouling, 0, 15) : water.fouling + on('P301') / 500;

    const { osmosis } = flow;
    const wander = (tag: string): number => slow.get(tag)?.() ?? 0;
    const exact: Values = {
      ...level,
      FIT101: flow.FIT101,
      FIT201: flow.FIT201,
      FIT301: flow.FIT301,
      FIT401: flow.FIT401,
      FIT601: flow.FIT601,
      AIT201: water.salt + 0.4 * wander('AIT201'),
      AIT202: water.ph + 0.01 * wander('AIT202'),
      AIT203: water.orp + 0.8 * wander('AIT203'),
      DPIT301: 0.8 * valve.MV302 + (flow.FIT301 / 2.05) ** 2 * (13 + 5 * water.fouling) + 8 * (flow.FIT601 / 1.8) ** 2,
      AIT401: 148.3 + 0.3 * wander('AIT401'),
      AIT402: 0.42 * water.mixed - 12 * on('UV401') * osmosis + 0.8 * wander('AIT402'),
      AIT501: 7.32 + 0.25 * (water.ph - 7) + 0.01 * wander('AIT501'),
      AIT502: 0.45 * water.mixed - 4 + 0.8 * wander('AIT502'),
      AIT503: 1.02 * water.salt + 2.5 - 3 * (osmosis - 1) + 0.5 * wander('AIT503'),
      AIT504: 0.05 * water.salt + 2.6 + 9 * (1 - osmosis) + 0.15 * wander('AIT504'),
      FIT501: 1.665 * osmosis,
      FIT502: 1.35 * osmosis,
      FIT503: 0.61 * osmosis,
      FIT504: 0.312 * osmosis,
      PIT501: 8 + 254 * osmosis ** 2,
      PIT502: 0.4 + 1 * osmosis,
      PIT503: 5 + 178 * osmosis ** 2,
    };
    const readings: Values = {};
    for (const [tag, value] of Object.entries(exact)) readings[tag] = read(tag, value, noise.normal());
    return { state, readings };
  };
}

/** What the transmitter reports and the historian keeps of it: noise in proportion to a flow, fixed for the rest, and so many decimals. */
function read(tag: string, value: number, normal: number): number {
  const kind = tag.replace(/\d+$/, '');
  if (kind === 'FIT') return round(value < 0.005 ? 0 : value * (1 + 0.003 * normal), 3);
  if (kind === 'AIT') return round(value + (tag === 'AIT202' || tag === 'AIT501' ? 0.002 : 0.05) * normal, tag === 'AIT202' || tag === 'AIT501' ? 3 : 2);
  const sigma = { LIT: 0.4, DPIT: 0.05, PIT: 0.15 }[kind] ?? 0;
  return round(Math.max(0, value + (tag === 'PIT502' ? 0.03 : sigma) * normal), 2);
}

const round = (value: number, decimals: number): number => Number(value.toFixed(decimals));

/** Of the first row, by a clock that shows Singapore's time. */
const start = Date.UTC(2015, 11, 28, 10);

/** The rows of the sample: seconds from 28 December 2015, 10:00 (Singapore). */
export function* sampleRows(seed = 2015, rows = 14_400, attacks = sampleAttacks): Generator<SampleRow> {
  const random = makeRandom(seed, 'swat-sample');
  const control = makeControl();
  const step = makePlant(random);
  let { state, readings } = step({ MV101: 2, MV201: 2, MV302: 2, P101: 2, P301: 2, P401: 2, P501: 2, UV401: 2 });
  // An hour's run-in, so that the first row is not a start-up.
  for (let row = -3600; row < 0; row++) ({ state, readings } = step(control(readings, state)));
  let held = readings;
  for (let row = 0; row < rows; row++) {
    const attack = attacks.find(({ from, rows: length }) => row >= from && row < from + length);
    const seen = { ...readings };
    if (!attack) held = seen;
    attack?.spoof?.(seen, row - attack.from, held);
    const command = { ...control(seen, state), ...attack?.force };
    const shown: Values = { ...state, ...seen, ...(attack?.spare ? { [attack.spare]: 2 } : {}) };
    const typo = attack !== undefined && row === attack.from + attack.rows - 1 && attack.spare !== undefined;
    yield {
      time: workbookTime(start + 1000 * row),
      values: sampleTags.map((tag) => round(shown[tag], 3)),
      label: typo ? 'A ttack' : attack ? 'Attack' : 'Normal',
    };
    ({ state, readings } = step(command));
  }
}

/** The bytes of the workbook. */
export async function sampleWorkbook(): Promise<Uint8Array> {
  const writer = new XlsxStreamWriter({ name: 'Combined Data' });
  for (const row of workbookHead()) writer.addRow(row);
  for (const { time, values, label } of sampleRows()) writer.addRow([time, ...values, label]);
  return writer.finish();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = process.argv[2] ?? 'data/swat-sample.xlsx';
  const bytes = await sampleWorkbook();
  writeFileSync(file, bytes);
  process.stdout.write(`${file}: ${bytes.length} bytes, ${sampleAttacks.length} attacks\n`);
}
