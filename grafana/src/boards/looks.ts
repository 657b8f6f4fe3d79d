import { type FieldLook, steps, valued } from '../panels.ts';

// How columns and series that come up on several boards look.

export const timeLook = (name: string, title: string): FieldLook => ({ name, title, unit: 'dateTimeAsIso', width: 170 });

/** Series of tags are called by tag and unit: each unit has an axis of its own, others share one without a unit. */
export const unitLooks: readonly FieldLook[] = [
  { pattern: '/ mm$/', unit: 'lengthmm' },
  { pattern: '/ m3.h$/', unit: 'suffix: m³/h' },
  { pattern: '/ kPa$/', unit: 'pressurekpa' },
  { pattern: '/ bar$/', unit: 'pressurebar' },
  { pattern: '/ uS.cm$/', unit: 'suffix: µS/cm' },
  { pattern: '/ mV$/', unit: 'suffix: mV' },
  { pattern: '/ pH$/', unit: 'suffix: pH' },
  { pattern: '/ ppm$/', unit: 'ppm' },
  { pattern: '/ (°C|degC)$/', unit: 'celsius' },
  { pattern: '/ %$/', unit: 'percent' },
];

export const levelLooks: readonly FieldLook[] = [
  { name: 'score', colour: 'blue' },
  { name: 'warn', colour: 'orange', dashed: true, title: 'warning from' },
  { name: 'error', colour: 'red', dashed: true, title: 'error from' },
];

/** A field by its name alone is what is shown of it, shortened by its unit: in links times are numbers. */
export const around = 'from=${__data.fields.from.numeric}&to=${__data.fields.to.numeric}';

/** An incident's start leads to the time around it, on the same or another board. */
export function incidentLooks(board: string): readonly FieldLook[] {
  const url = `/d/${board}?${around}&\${__all_variables}`;
  return [
    { ...timeLook('start', 'start'), link: { title: 'The time around this incident', url } },
    { name: 'state', width: 80, mappings: valued({ open: ['open', 'red'], closed: ['closed', 'green'] }) },
    { name: 'length', unit: 's', width: 90, decimals: 1 },
    {
      name: 'detector',
      width: 140,
      link: {
        title: 'What this detector says',
        url: `/d/sluice-method?var-detector=\${__value.raw}&${around}&\${stream:queryparam}`,
      },
    },
    { name: 'tags', title: 'top tags' },
    { name: 'causes', title: 'by', width: 200 },
    { name: 'score', title: 'peak score', width: 100, decimals: 3 },
    { name: 'rows', width: 70 },
    timeLook('peak', 'peak at'),
    { name: 'id', width: 150 },
    { name: 'from', hidden: true },
    { name: 'to', hidden: true },
  ];
}

export const countLooks: readonly FieldLook[] = [
  {
    name: 'detector',
    width: 140,
    link: { title: 'What this detector says', url: '/d/sluice-method?var-detector=${__value.raw}&${__url_time_range}&${stream:queryparam}' },
  },
  { name: 'error', colour: 'red' },
  { name: 'warning', colour: 'orange' },
  { name: 'flagged', unit: 'percentunit', decimals: 2 },
];

export const shareLooks: readonly FieldLook[] = [1, 2, 3].flatMap((n) => [
  { name: `tag${n}`, title: n === 1 ? 'tag' : `tag ${n}`, width: 90 },
  { name: `share${n}`, title: n === 1 ? 'share' : `share ${n}`, unit: 'percentunit', decimals: 0, width: 75 },
]);

/** Valves and pumps of SWaT: 1 is closed or off, 2 open or running; a valve on its way is 0. */
export const switchValues = valued({ '0': ['moving', 'yellow'], '1': ['closed, off', '#808080'], '2': ['open, running', 'blue'] });

export const noneOrSome = steps('green', [1, 'red']);
