import { useState } from 'preact/hooks';
import { type Range, spanText } from '../range.ts';
import { fromField, type Instant, iso, toField, zone, zoneLabel } from '../time.ts';
import { Button } from './button.tsx';
import { Input } from './field.tsx';
import { Segments } from './segments.tsx';

interface RangePickerProps {
  readonly range: Range;
  readonly onChange: (range: Partial<Range>) => void;
  /** Times of the oldest and newest row there are. */
  readonly first?: Instant | null | undefined;
  readonly newest?: Instant | null | undefined;
  /** Spans before the newest row; an empty one is everything. */
  readonly presets?: readonly string[];
}

const usual = ['5m', '15m', '1h', '6h', '24h', '7d', ''];
const between = 'between';

/** The last so long before the newest row, or from one date and time to another by the chosen zone's clock. */
export function RangePicker({ range, onChange, first, newest, presets = usual }: RangePickerProps) {
  const fixed = range.from !== '' || range.to !== '';
  const [open, setOpen] = useState(fixed);
  const options = [
    ...[...new Set(fixed ? presets : [...presets, range.last])].map((last) => ({
      value: last,
      label: last === '' ? 'All' : spanText(last),
      title: last === '' ? 'Every row there is' : `The last ${spanText(last)} before the newest row`,
    })),
    { value: between, label: 'From … to', title: 'Between two dates and times' },
  ];
  return (
    <div class="range">
      <Segments
        label="Range"
        value={open || fixed ? between : range.last}
        options={options}
        onChange={(value) => {
          setOpen(value === between);
          if (value !== between) onChange({ last: value });
        }}
      />
      {open || fixed ? <Bounds key={`${range.from} ${range.to} ${zone.value}`} range={range} first={first} newest={newest} onChange={onChange} /> : null}
    </div>
  );
}

function Bounds({ range, first, newest, onChange }: Pick<RangePickerProps, 'range' | 'first' | 'newest' | 'onChange'>) {
  const [from, setFrom] = useState(range.from === '' ? (first == null ? '' : toField(first)) : toField(range.from));
  const [to, setTo] = useState(range.to === '' ? (newest == null ? '' : toField(newest)) : toField(range.to));
  const start = fromField(from);
  const end = fromField(to);
  const error = start !== undefined && end !== undefined && start >= end ? 'The end has to be after the start.' : undefined;
  const label = zoneLabel(start ?? newest ?? Date.now());
  return (
    <form
      class="range-fields"
      onSubmit={(event) => {
        event.preventDefault();
        if (error === undefined) onChange({ from: start === undefined ? '' : iso(start), to: end === undefined ? '' : iso(end) });
      }}
    >
      <Input type="datetime-local" step="1" label={`From · ${label}`} value={from} onInput={setFrom} />
      <Input type="datetime-local" step="1" label={`To · ${label}`} value={to} onInput={setTo} error={error} />
      <Button type="submit" kind="primary" disabled={error !== undefined}>
        Show
      </Button>
    </form>
  );
}
