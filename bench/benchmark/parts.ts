import type { Needs } from '../../test/stack/servers.ts';
import { atLeast, atMost, type Figure } from './result.ts';

/** What one process measures. */
interface Part {
  readonly what: string;
  readonly script: string;
  readonly args: (options: { requirePeers: boolean; memoryRows: number; profiles: string }) => readonly string[];
  /** Real servers, without which it is left out. */
  readonly needs?: Needs;
  /** It is the profile that counts, not what the script says: of the script itself, or of a process whose profile it puts into the folder `profiles`. */
  readonly profiled?: 'itself' | 'other';
  // What a script prints is its own affair: each part knows its script.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly figures: (printed: any) => readonly Figure[];
}

export type PartName =
  | 'kernels'
  | 'detectors'
  | 'pipeline'
  | 'workbook'
  | 'encoding'
  | 'kafka-influx'
  | 'memory'
  | 'history'
  | 'start-up'
  | 'profile'
  | 'profile-kafka';

const pipelineFile = 'pipelines/swat.yaml';

export const parts: Readonly<Record<PartName, Part>> = {
  kernels: {
    what: 'the innermost parts of detectors on one thread, by processor time, beside the same in plain TypeScript',
    script: 'kernels.js',
    args: () => [],
    figures: kernelFigures,
  },
  detectors: {
    what: 'each detector on one thread: 2,000 training rows of 51 columns, batches of 500 and row by row, beside scikit-learn and river, and every fifth row explained',
    script: 'detectors.js',
    args: ({ requirePeers }) => ['--json', ...(requirePeers ? ['--require-peers'] : [])],
    figures: detectorFigures,
  },
  pipeline: {
    what: `csv of 200,000 rows through the whole ${pipelineFile} into DuckDB`,
    script: 'pipeline.js',
    args: () => ['200000', 'csv'],
    figures: pipelineFigures,
  },
  workbook: {
    what: `xlsx of 50,000 rows through the whole ${pipelineFile} into DuckDB, beside the reader alone`,
    script: 'pipeline.js',
    args: () => ['50000', 'xlsx'],
    figures: ({ rowsPerSecond, readerRowsPerSecond }) => [
      {
        ...{ id: 'workbook/xlsx', label: 'xlsx to DuckDB', unit: 'rows/s', value: rowsPerSecond },
        peer: { name: 'the reader alone', value: readerRowsPerSecond },
        target: atLeast(0.9, rowsPerSecond / readerRowsPerSecond, "0.9x the reader's own"),
      },
    ],
  },
  encoding: {
    what: "what rows cost between Kafka and InfluxDB besides detecting, by processor time on one thread, beside JSON.parse and the Point of InfluxDB's client",
    script: 'encoding.js',
    args: () => [],
    figures: encodingFigures,
  },
  'kafka-influx': {
    what: 'Kafka through the whole pipelines/swat-kafka.yaml into InfluxDB, 100,000 rows; at 1,000 rows/s offered, from append to query',
    script: 'kafka-influx.js',
    args: () => ['100000', '30'],
    needs: { kafka: 'own', influx: 'own' },
    figures: kafkaFigures,
  },
  memory: {
    what: `a long csv through \`sluice run ${pipelineFile}\``,
    script: 'memory.js',
    args: ({ memoryRows }) => [String(memoryRows)],
    figures: memoryFigures,
  },
  history: {
    what: 'rows with nine verdicts each into a DuckDB store that holds 50 million verdicts, beside an empty one, in turns',
    script: 'history.js',
    args: () => ['50000000', '7'],
    figures: historyFigures,
  },
  'start-up': {
    what: 'median of 5: the help, and a run of the sample until its first verdict',
    script: 'start-up.js',
    args: () => [],
    figures: ({ helpMs, firstVerdictMs }) => [
      { id: 'start-up/help', label: './sluice --help', unit: 'ms', value: helpMs, target: atMost(150, helpMs, '150 ms') },
      {
        ...{ id: 'start-up/first-verdict', label: `./sluice run ${pipelineFile} to the first verdict`, unit: 'ms', value: firstVerdictMs },
        target: atMost(2000, firstVerdictMs, '2,000 ms'),
      },
    ],
  },
  profile: {
    what: 'where the time of csv to DuckDB goes: a CPU profile over 100,000 rows',
    script: 'pipeline.js',
    args: () => ['100000', 'csv'],
    profiled: 'itself',
    figures: () => [],
  },
  'profile-kafka': {
    what: 'where the time of Kafka to InfluxDB goes: a CPU profile of `sluice process pipelines/swat-kafka.yaml` over 100,000 rows',
    script: 'kafka-influx.js',
    args: ({ profiles }) => ['100000', '0', profiles],
    needs: { kafka: 'own', influx: 'own' },
    profiled: 'other',
    figures: () => [],
  },
};

/** Ratios to scikit-learn in batches that are asked for. */
const asked: Readonly<Record<string, number>> = { 'isolation-forest': 2, 'one-class-svm': 1, lof: 0.6, 'k-means': 0.3, mahalanobis: 0.3 };

interface Speed {
  readonly detector: string;
  readonly batchRowsPerSecond: number;
  readonly singleRowsPerSecond: number;
  /** Not of peers. */
  readonly explainedRowsPerSecond?: number;
  readonly madeWith?: string;
}

interface DetectorsPrinted {
  readonly results: readonly { rows: string; detectors: readonly { own: Speed; peer?: Speed }[] }[];
}

function detectorFigures({ results }: DetectorsPrinted): Figure[] {
  return results.flatMap(({ rows, detectors }) =>
    detectors.flatMap(({ own, peer }) => {
      const [batch, single] = [own.batchRowsPerSecond, own.singleRowsPerSecond];
      const name = peer?.madeWith?.split(',')[0];
      const beside = (value: number | undefined) => (name === undefined || value === undefined ? {} : { peer: { name, value } });
      return [
        {
          ...{ id: `detectors/${rows}/${own.detector}/batch`, label: `${own.detector}, ${rows} rows, batches of 500`, unit: 'rows/s' as const, value: batch },
          ...beside(peer?.batchRowsPerSecond),
          ...batchTarget(own.detector, batch, peer),
        },
        {
          ...{ id: `detectors/${rows}/${own.detector}/single`, label: `${own.detector}, ${rows} rows, row by row`, unit: 'rows/s' as const, value: single },
          ...beside(peer?.singleRowsPerSecond),
          target: atLeast(0.5, single / batch, '0.5x in batches'),
        },
        ...explainedFigure(rows, own),
      ];
    }),
  );
}

function explainedFigure(rows: string, { detector, explainedRowsPerSecond: value }: Speed): Figure[] {
  if (value === undefined) return [];
  return [{ id: `detectors/${rows}/${detector}/explained`, label: `${detector}, ${rows} rows, explained`, unit: 'rows/s', value }];
}

function batchTarget(detector: string, batch: number, peer: Speed | undefined): Pick<Figure, 'target'> {
  if (peer === undefined) return {};
  if (detector === 'random-cut-forest') return { target: atLeast(2, batch / peer.batchRowsPerSecond, "2x river's half-space trees") };
  const least = asked[detector];
  return least === undefined ? {} : { target: atLeast(least, batch / peer.batchRowsPerSecond, `${least}x scikit-learn`) };
}

interface KernelsPrinted {
  readonly results: readonly { readonly family: string; readonly kernel: string; readonly rowsPerSecond: number; readonly plainRowsPerSecond: number }[];
}

function kernelFigures({ results }: KernelsPrinted): Figure[] {
  return results.map(({ family, kernel, rowsPerSecond: value, plainRowsPerSecond }) => ({
    ...{ id: `kernels/${family}/${kernel}`, label: `${kernel}, ${family} rows`, unit: 'rows/s', value },
    peer: { name: 'plain TypeScript', value: plainRowsPerSecond },
  }));
}

interface PipelinePrinted {
  readonly rowsPerSecond: number;
  readonly secondsPerStage: Readonly<Record<string, number>>;
  readonly peakRssMb: number;
}

function pipelineFigures({ rowsPerSecond, secondsPerStage, peakRssMb }: PipelinePrinted): Figure[] {
  const stages = Object.entries(secondsPerStage).map(([stage, value]) => ({
    id: `pipeline/csv/${stage}`,
    label: `of it: ${stage}`,
    unit: 's' as const,
    value,
  }));
  return [
    { id: 'pipeline/csv', label: 'csv to DuckDB', unit: 'rows/s', value: rowsPerSecond, target: atLeast(15_000, rowsPerSecond, '15,000 (goal 20,000)') },
    ...stages,
    { id: 'pipeline/csv/rss', label: 'peak memory', unit: 'MB', value: peakRssMb },
  ];
}

interface EncodingPrinted {
  readonly decode: { readonly rowsPerSecond: number; readonly jsonParseRowsPerSecond: number };
  readonly lines: LinesPrinted;
  readonly linesAndVerdicts: LinesPrinted;
  readonly gzip: readonly { level: number; msPerMb: number; share: number }[];
}

interface LinesPrinted {
  readonly rowsPerSecond: number;
  readonly bytesPerRow: number;
  readonly pointRowsPerSecond: number;
}

function encodingFigures({ decode, lines, linesAndVerdicts, gzip }: EncodingPrinted): Figure[] {
  const written = (id: string, label: string, { rowsPerSecond, bytesPerRow, pointRowsPerSecond }: LinesPrinted): Figure => ({
    ...{ id: `encoding/${id}`, label: `${label}, ${bytesPerRow} bytes a row`, unit: 'rows/s', value: rowsPerSecond },
    peer: { name: 'Point', value: pointRowsPerSecond },
  });
  return [
    {
      ...{ id: 'encoding/decode', label: 'messages of Kafka to rows', unit: 'rows/s', value: decode.rowsPerSecond },
      peer: { name: 'JSON.parse', value: decode.jsonParseRowsPerSecond },
    },
    written('lines', 'rows to line protocol', lines),
    written('lines-verdicts', 'rows with nine verdicts to line protocol', linesAndVerdicts),
    ...gzip.map(({ level, msPerMb, share }) => ({
      ...{ id: `encoding/gzip-${level}`, unit: 'ms/MB' as const, value: msPerMb },
      label: `lines by gzip at level ${level}, to ${(share * 100).toFixed(1)} % of their size`,
    })),
  ];
}

interface KafkaPrinted {
  readonly produce: { rowsPerSecond: number };
  readonly withoutDetectors: { rowsPerSecond: number };
  readonly withDetectors: { rowsPerSecond: number; peakRssMb: number };
  readonly appendToQueryable: { p50Ms: number; p99Ms: number; secondHalfP99Ms: number };
}

function kafkaFigures({ produce, withoutDetectors, withDetectors, appendToQueryable: { p50Ms, p99Ms, secondHalfP99Ms } }: KafkaPrinted): Figure[] {
  const { rowsPerSecond, peakRssMb } = withDetectors;
  return [
    { id: 'kafka-influx/produce', label: 'csv to Kafka', unit: 'rows/s', value: produce.rowsPerSecond },
    {
      ...{ id: 'kafka-influx/process', label: 'Kafka to InfluxDB, all detectors', unit: 'rows/s', value: rowsPerSecond },
      peer: { name: 'the rows alone', value: withoutDetectors.rowsPerSecond },
      target: atLeast(8000, rowsPerSecond, '8,000 (goal 14,000)'),
    },
    { id: 'kafka-influx/rss', label: 'peak memory of `process`', unit: 'MB', value: peakRssMb },
    { id: 'kafka-influx/p50', label: 'append to query, half of the rows', unit: 'ms', value: p50Ms },
    { id: 'kafka-influx/p99', label: 'append to query, 99 % of the rows', unit: 'ms', value: p99Ms, target: atMost(150, p99Ms, '150 ms') },
    { id: 'kafka-influx/settled-p99', label: 'the same of the second half, after the backlog of the fit', unit: 'ms', value: secondHalfP99Ms },
  ];
}

interface HistoryPrinted {
  readonly verdicts: number;
  readonly long: { readonly rowsPerSecond: number; readonly cpuMicrosPerRow: number };
  readonly empty: { readonly rowsPerSecond: number; readonly cpuMicrosPerRow: number };
  readonly ratio: number;
}

/** The ratio is that of rounds that followed each other: the median of these tells more than the ratio of the medians. */
function historyFigures({ verdicts, long, empty, ratio }: HistoryPrinted): Figure[] {
  return [
    {
      ...{ id: 'history/ingest', label: `rows into a store of ${verdicts.toLocaleString('en-US')} verdicts`, unit: 'rows/s', value: long.rowsPerSecond },
      peer: { name: 'an empty store', value: empty.rowsPerSecond },
      target: atLeast(0.9, ratio, '0.9x an empty store, round by round'),
    },
    {
      ...{ id: 'history/processor', label: 'the same by a second of processor time', unit: 'rows/s', value: Math.round(1e6 / long.cpuMicrosPerRow) },
      peer: { name: 'an empty store', value: Math.round(1e6 / empty.cpuMicrosPerRow) },
    },
  ];
}

/** Targets speak of 10 M rows: a shorter run can only miss them. */
function memoryFigures({ rows, peakRssMb, slopeMbPerMillionRows: slope }: { rows: number; peakRssMb: number; slopeMbPerMillionRows: number }): Figure[] {
  const whole = rows >= 10_000_000;
  const target = (most: number, value: number, text: string) => {
    const { met, ...rest } = atMost(most, value, text);
    return whole || !met ? { ...rest, met } : rest;
  };
  return [
    {
      id: 'memory/peak',
      label: `peak of ${rows.toLocaleString('en-US')} rows`,
      unit: 'MB',
      value: peakRssMb,
      target: target(450, peakRssMb, '450 MB over 10 M rows'),
    },
    {
      ...{ id: 'memory/slope', label: 'slope over the last 90 %', unit: 'MB per million rows', value: slope },
      target: target(1, slope, '1 (no slope) over the last 9 M of 10 M rows'),
    },
  ];
}
