import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board, type Placed } from '../board.ts';
import { busy, flow, fullestDisk, loadPerCore, state } from '../monitoring-flux.ts';
import { figure, series, steps } from '../panels.ts';
import { hostVariable } from '../variables.ts';

const store = 'monitoring';
const what = '${__field.labels.what}';
const fullness = steps('green', [80, 'orange'], [90, 'red']);

/** The machine that all of it runs on, as Telegraf sees it. */
export function hostBoard(): Dashboard {
  return board({
    uid: 'sluice-host',
    title: 'Host',
    description:
      'Processor, memory, disks and network of the machine, and how Telegraf itself does. In a container, network and processes are those of the container.',
    stores: [store],
    variables: [hostVariable()],
    sections: [
      { title: 'Now', panels: now() },
      { title: 'Processor and memory', panels: processor() },
      { title: 'Disks and network', panels: transfers() },
      { title: 'System', panels: system() },
      { title: 'Telegraf', panels: telegraf() },
    ],
  });
}

const now = (): Placed[] => [
  figure({
    title: 'CPU busy',
    description: 'Share of the time that the cores are at work. Above 90 % for long: everything waits for its turn.',
    query: busy('together'),
    unit: 'percent',
    store,
    spark: true,
    decimals: 0,
    thresholds: steps('green', [75, 'orange'], [90, 'red']),
  }),
  figure({
    title: 'Load for each core',
    description: 'Programs that run or want to, by core, over the last minute. Above 1 there is more to do than can be done.',
    query: loadPerCore,
    unit: 'short',
    store,
    spark: true,
    decimals: 2,
    thresholds: steps('green', [1, 'orange'], [2, 'red']),
  }),
  figure({
    title: 'Memory in use',
    description: 'Share that programs hold; files in the cache, which can go at once, do not count.',
    query: state('mem', ['used_percent']),
    unit: 'percent',
    store,
    spark: true,
    decimals: 0,
    thresholds: fullness,
  }),
  figure({
    title: 'Swap in use',
    description: 'Share of the memory that lies on the disk. None is best: what lies there is slow.',
    query: state('swap', ['used_percent']),
    unit: 'percent',
    store,
    decimals: 0,
    thresholds: steps('green', [20, 'orange'], [60, 'red']),
  }),
  figure({
    title: 'Fullest disk',
    description: 'How full the disk with the least room is. Full disks stop InfluxDB and Kafka: make room, or keep less (retention).',
    query: fullestDisk,
    unit: 'percent',
    store,
    decimals: 0,
    thresholds: fullness,
  }),
  figure({
    title: 'Up for',
    description: 'Time since the machine was started.',
    query: state('system', ['uptime'], { fn: 'last' }),
    unit: 'dtdurations',
    store,
  }),
];

const processor = (): Placed[] => [
  series({
    title: 'CPU by what it does',
    description:
      'Of all cores together. user: programs. system: the kernel for them. iowait: idle because the disk is slow. steal: other machines on the same hardware.',
    query: state('cpu', ['usage_user', 'usage_system', 'usage_iowait', 'usage_nice', 'usage_irq', 'usage_softirq', 'usage_steal'], {
      where: ' and r.cpu == "cpu-total"',
    }),
    unit: 'percent',
    store,
    name: what,
    looks: [
      ['user', 'blue'],
      ['system', 'orange'],
      ['iowait', 'red'],
      ['nice', 'green'],
      ['irq', 'purple'],
      ['softirq', 'yellow'],
      ['steal', '#808080'],
    ].map(([name, colour]) => ({ name: `usage_${name}`, title: name, colour })),
    style: 'area',
    stacked: true,
    min: 0,
    max: 100,
    width: 12,
  }),
  series({
    title: 'CPU by core',
    description: 'Share of the time that each core is at work. One at 100 % and the others idle: one program is as fast as it gets.',
    query: busy('each'),
    unit: 'percent',
    store,
    name: '${__field.labels.cpu}',
    min: 0,
    max: 100,
    width: 12,
  }),
  series({
    title: 'Load',
    description: 'Programs that run or want to, over 1, 5 and 15 minutes, with the number of cores.',
    query: state('system', ['load1', 'load5', 'load15', 'n_cpus']),
    unit: 'short',
    store,
    name: what,
    looks: [{ name: 'n_cpus', title: 'cores', dashed: true, colour: '#808080' }],
    min: 0,
    width: 8,
  }),
  series({
    title: 'Memory',
    description: 'What programs hold, what could be had at once, and files in the cache. Little available: programs are ended by the system.',
    query: state('mem', ['total', 'used', 'available', 'cached']),
    unit: 'bytes',
    store,
    name: what,
    looks: [
      { name: 'total', dashed: true, colour: '#808080' },
      { name: 'used', colour: 'orange' },
      { name: 'available', colour: 'green' },
      { name: 'cached', colour: 'blue' },
    ],
    min: 0,
    width: 8,
  }),
  series({
    title: 'Swapped',
    description: 'Bytes a second from and to the disk for want of memory. Other than 0 for long: give it more, or run less on it.',
    query: flow('swap', ['in', 'out']),
    unit: 'Bps',
    store,
    name: what,
    min: 0,
    width: 8,
  }),
];

const transfers = (): Placed[] => [
  series({
    title: 'Disks, how full',
    description: 'By where each is mounted. From 90 % on there is an alert.',
    query: state('disk', ['used_percent'], { by: ['path'], fn: 'max' }),
    unit: 'percent',
    store,
    name: '${__field.labels.path}',
    thresholds: steps('transparent', [90, 'red']),
    thresholdLines: true,
    min: 0,
    max: 100,
    width: 8,
  }),
  series({
    title: 'Read and written',
    description: 'Bytes a second, by disk.',
    query: flow('diskio', ['read_bytes', 'write_bytes'], ['name']),
    unit: 'Bps',
    store,
    name: '${__field.labels.name} ${__field.labels.what}',
    min: 0,
    width: 8,
  }),
  series({
    title: 'Disks at work',
    description: 'Share of the time that each disk had something to do. At 100 % for long it holds everything up, commits above all.',
    query: `${flow('diskio', ['io_time'], ['name'])}
  |> map(fn: (r) => ({r with _value: r._value / 1000.0}))`,
    unit: 'percentunit',
    store,
    name: '${__field.labels.name}',
    min: 0,
    max: 1,
    width: 8,
  }),
  series({
    title: 'Network',
    description: 'Bytes a second received and sent, by interface.',
    query: flow('net', ['bytes_recv', 'bytes_sent'], ['interface'], ' and r.interface != "all"'),
    unit: 'Bps',
    store,
    name: '${__field.labels.interface} ${__field.labels.what}',
    min: 0,
    width: 12,
  }),
  series({
    title: 'Network, errors and drops',
    description: 'Packets a second that were damaged or not taken, by interface. Other than 0 for long: a cable, a driver, or too much at once.',
    query: flow('net', ['err_in', 'err_out', 'drop_in', 'drop_out'], ['interface'], ' and r.interface != "all"'),
    unit: 'pps',
    store,
    name: '${__field.labels.interface} ${__field.labels.what}',
    min: 0,
    width: 12,
  }),
];

const system = (): Placed[] => [
  series({
    title: 'Programs, by state',
    description: 'How many run, sleep, wait for a disk (blocked) or have ended without being fetched (zombies). Many blocked: a disk hangs.',
    query: state('processes', ['running', 'sleeping', 'blocked', 'zombies', 'stopped'], { fn: 'max' }),
    unit: 'short',
    store,
    name: what,
    min: 0,
    decimals: 0,
    width: 8,
  }),
  series({
    title: 'Kernel',
    description: 'Changes from program to program, and interrupts, a second. Many more than usual with the same work: programs are in each other’s way.',
    query: flow('kernel', ['context_switches', 'interrupts']),
    unit: 'ops',
    store,
    name: what,
    looks: [{ name: 'context_switches', title: 'context switches' }],
    min: 0,
    width: 8,
  }),
  series({
    title: 'Programs started',
    description: 'A second. Many for long: something is started again and again.',
    query: flow('kernel', ['processes_forked']),
    unit: 'suffix: /s',
    store,
    name: 'started',
    min: 0,
    width: 8,
  }),
];

const telegraf = (): Placed[] => [
  series({
    title: 'Gathered and written',
    description: 'Lines a second that Telegraf collects and InfluxDB takes. Written less than gathered for long: InfluxDB is away or the token is wrong.',
    query: flow('internal_agent', ['metrics_gathered', 'metrics_written']),
    unit: 'suffix: lines/s',
    store,
    name: what,
    looks: [
      { name: 'metrics_gathered', title: 'gathered' },
      { name: 'metrics_written', title: 'written' },
    ],
    min: 0,
    width: 8,
  }),
  series({
    title: 'Dropped, refused, failed',
    description: 'Lines a second lost for want of room or refused, and collections that failed: a process that does not answer fails at each.',
    query: flow('internal_agent', ['metrics_dropped', 'metrics_rejected', 'gather_errors']),
    unit: 'suffix: /s',
    store,
    name: what,
    looks: [
      { name: 'metrics_dropped', title: 'dropped' },
      { name: 'metrics_rejected', title: 'refused' },
      { name: 'gather_errors', title: 'failed collections' },
    ],
    min: 0,
    width: 8,
  }),
  series({
    title: 'Lines that wait',
    description: 'Lines that are not written yet, and for how many there is room: beyond that the oldest are dropped.',
    query: state('internal_write', ['buffer_size', 'buffer_limit'], { fn: 'max', where: ' and r.output == "influxdb_v2"' }),
    unit: 'short',
    store,
    name: what,
    looks: [
      { name: 'buffer_size', title: 'waiting' },
      { name: 'buffer_limit', title: 'room', dashed: true, colour: '#808080' },
    ],
    min: 0,
    width: 8,
  }),
];
